import Data
import Foundation
import Tensors

extension TrainingCallback {
  /// Writes a run's figures as a CSV file: a line for each epoch, or for every so many steps.
  ///
  ///     epoch,step,learning rate,items a second,loss,accuracy,validation loss,validation accuracy
  ///     1,54,0.001,41230.5,0.8312,0.744,0.4105,0.878
  ///
  /// A line is in the file as soon as its epoch, or step, is over. Its directory is made if there is none. A run that begins replaces the file; one that goes on continues it, after lines that the
  /// earlier process wrote beyond its last checkpoint are removed. Lines of steps have the step's loss and the epoch's means so far, and no validation. Numbers have the fewest digits
  /// that give them back exactly. A figure that is new in a line has a new last column. What cannot be written throws ``DataError``. Keras: `CSVLogger`.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - interval: How often there is a line.
  public static func csvLog(_ path: String, every interval: TrainingInterval = .epochs(1)) -> TrainingCallback {
    switch interval {
    case .epochs(let count), .steps(let count):
      if count < 1 { fail(TensorError("csvLog", "a line every \(count); 1 or more would fit")) }
    }
    let log = CSVLog(path: path, interval: interval)
    return TrainingCallback { event, control in try log.write(event, learningRate: control.learningRate) }
  }
}

/// A file of a run's figures, with a line for each moment.
final class CSVLog {
  private let path: String
  private let interval: TrainingInterval
  private var file: AppendedFile?
  private var columns: [String] = []
  private var step = 0
  private var throughput = Throughput()

  init(path: String, interval: TrainingInterval) { (self.path, self.interval) = (path, interval) }

  func write(_ event: TrainingEvent, learningRate: Double) throws(DataError) {
    switch (event, interval) {
    case (.runBegan(let start), _): try begin(stepsBefore: start.stepsBefore)
    case (.batchEnded(let figures), _):
      step = figures.step
      throughput.add(figures)
      guard case .steps(let count) = interval, step.isMultiple(of: count) else { return }
      var values = Self.head(figures.epoch, step, figures.learningRate, throughput.take())
      values.append(("batch loss", figures.loss))
      for part in figures.losses { values.append(("batch \(part.name)", part.value)) }
      values += figures.means.figures.map { ($0.name, $0.value) }
      try line(values)
    case (.epochEnded(let epoch), .epochs(let count)) where epoch.number.isMultiple(of: count):
      var values = Self.head(epoch.number, step, learningRate, epoch.itemsPerSecond)
      values += epoch.training.figures.map { ($0.name, $0.value) }
      values += (epoch.validation?.figures ?? []).map { ("validation \($0.name)", $0.value) }
      try line(values)
    default: break
    }
  }

  private static func head(_ epoch: Int, _ step: Int, _ learningRate: Double, _ itemsPerSecond: Double) -> [(String, Double)] {
    [("epoch", Double(epoch)), ("step", Double(step)), ("learning rate", learningRate), ("items a second", itemsPerSecond)]
  }

  private func begin(stepsBefore: Int) throws(DataError) {
    step = stepsBefore
    columns = []
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    try LogDirectory.make(folder)
    var kept: [String] = []
    if stepsBefore > 0 {
      kept = lines()
      columns = kept.first.map { Self.fields($0).map(String.init) } ?? []
      // One that was cut off is of a step that is made again, or has no number there.
      let rows = kept.dropFirst().filter { line in
        let fields = Self.fields(line)
        return fields.count == columns.count && (Int(fields[1]).map { $0 <= stepsBefore } ?? false)
      }
      kept = kept.prefix(1) + rows
    }
    try replace(kept)
  }

  private func line(_ values: [(name: String, value: Double)]) throws(DataError) {
    let named = values.map { (name: Self.field($0.name), text: Self.text($0.value)) }
    // Validation need not be there from the first epoch on.
    let missing = named.map(\.name).filter { !columns.contains($0) }
    if !missing.isEmpty {
      let rows = lines().dropFirst().map { $0 + String(repeating: ",", count: missing.count) }
      columns += missing
      try replace([columns.joined(separator: ",")] + rows)
    }
    let row = columns.map { column in named.first { $0.name == column }?.text ?? "" }
    try file?.write(Array((row.joined(separator: ",") + "\n").utf8))
  }

  // MARK: The file

  private func lines() -> [String] {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map(String.init)
  }

  private func replace(_ lines: [String]) throws(DataError) {
    file = nil
    try AtomicFile.write(to: path) { (file) throws(DataError) in try file.write(lines.map { $0 + "\n" }.joined()) }
    file = try AppendedFile(path)
  }

  private static func fields(_ line: String) -> [Substring] { line.split(separator: ",", omittingEmptySubsequences: false) }

  private static func text(_ value: Double) -> String { Int(exactly: value).map { "\($0)" } ?? "\(value)" }

  /// A name without what would end its field: lines are taken apart at commas when a run goes on.
  private static func field(_ name: String) -> String { String(name.map { ",\"\n\r".contains($0) ? " " : $0 }) }
}

/// Examples a second between two moments of a run, without validation.
struct Throughput {
  private var items = 0
  private var elapsed = 0.0
  private var epoch = 0
  private var seconds = 0.0

  mutating func add(_ figures: BatchFigures) {
    // Those of an epoch that an earlier process began have its seconds, too: the first of them does not count.
    let isCounted = epoch != 0 || figures.batch == 1
    if isCounted {
      items += figures.items
      elapsed += figures.seconds - (figures.epoch == epoch ? seconds : 0)
    }
    (epoch, seconds) = (figures.epoch, figures.seconds)
  }

  /// The rate since it was asked for last; 0 before anything was counted.
  mutating func take() -> Double {
    defer { (items, elapsed) = (0, 0) }
    return elapsed > 0 ? Double(items) / elapsed : 0
  }
}
