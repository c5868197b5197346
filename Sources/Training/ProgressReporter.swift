#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How `fit` shows its progress on standard output.
public enum ProgressDisplay: Sendable {
  /// Not at all.
  case none
  /// A bar on a terminal, and a line for each epoch elsewhere.
  case automatic
}

/// Shows a training run as it goes.
struct ProgressReporter {
  private enum Style {
    case none
    case lines
    case bar
  }
  private let style: Style
  private let epochs: Int
  /// The batches of an epoch; nil where nobody knows.
  private let steps: Int?
  private let start = ContinuousClock.now
  private var epoch = 0
  private var epochStart = ContinuousClock.now
  /// The steps of the run, and the examples of this epoch, that an earlier process has gone through.
  private let stepsBefore: Int
  private var itemsBefore = 0
  private var nextUpdate = ContinuousClock.now
  private var isBarShown = false

  /// - Parameters:
  ///   - display: How it is shown.
  ///   - epochs: The epochs of the run.
  ///   - steps: The steps of an epoch.
  ///   - stepsBefore: How many steps of the run are done already.
  init(_ display: ProgressDisplay, epochs: Int, steps: Int?, stepsBefore: Int = 0) {
    self.epochs = epochs
    self.stepsBefore = stepsBefore
    self.steps = steps
    style =
      switch display {
      case .none: .none
      case .automatic: Terminal.isInteractive ? .bar : .lines
      }
  }

  /// An epoch, some of whose examples an earlier process may have gone through.
  mutating func begin(_ epoch: Int, itemsBefore: Int = 0) {
    self.epoch = epoch
    self.itemsBefore = itemsBefore
    epochStart = .now
  }

  /// After a step (counted from 1); shown ten times a second at most.
  mutating func update(_ step: Int, items: Int, _ mean: () -> Evaluation) {
    guard style == .bar else { return }
    let now = ContinuousClock.now
    guard now >= nextUpdate else { return }
    let figures = mean()
    // Metrics that look at all examples take their time: a twentieth of the run's at most.
    nextUpdate = now + max(.milliseconds(100), now.duration(to: .now) * 20)
    var (fraction, left) = (0.0, Double.infinity)
    if let steps {
      let (done, all) = ((Double(epoch) - 1) * Double(steps) + Double(step), Double(epochs) * Double(steps))
      fraction = Double(step) / Double(steps)
      left = start.duration(to: now).seconds / max(1, done - Double(stepsBefore)) * (all - done)
    }
    let line = ProgressLine(
      epoch: epoch, epochs: epochs, fraction: fraction, mean: figures,
      itemsPerSecond: Double(items - itemsBefore) / epochStart.duration(to: now).seconds, secondsLeft: left)
    write(Terminal.clearLine + line.text(columns: Terminal.columns))
    isBarShown = true
  }

  /// The epoch's line takes the bar's place.
  mutating func end(_ epoch: History.Epoch) {
    if style == .none { return }
    close()
    write(ProgressLine.summary(epoch, of: epochs) + "\n")
  }

  /// Takes the bar away, so that what is printed next has a line of its own.
  mutating func close() {
    if isBarShown { write(Terminal.clearLine) }
    isBarShown = false
  }

  private func write(_ text: String) {
    print(text, terminator: "")
    // All streams: naming `stdout` is not allowed in Swift 6, as it is a global variable in C.
    fflush(nil)
  }
}

private enum Terminal {
  static let clearLine = "\r\u{1B}[2K"

  static var isInteractive: Bool {
    isatty(STDOUT_FILENO) == 1 && getenv("TERM").map { String(cString: $0) } != "dumb"
  }

  static var columns: Int {
    var size = winsize()
    return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }
}
