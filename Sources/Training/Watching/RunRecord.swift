import Foundation

/// What a run's page shows, and keeps so that a run that goes on can continue it.
struct RunRecord: Codable, Sendable {
  enum State: String, Codable {
    case running
    case ended
    case failed
  }

  /// A figure of training and validation.
  struct Figure: Codable, Sendable {
    var name: String
    var training = Curve()
    var validation = Curve()
  }

  var state = State.running
  var model = ""
  var epochs = 0
  var batchesPerEpoch: Int?
  var epoch = 0
  var batch = 0
  var step = 0
  /// Seconds since 1970.
  var began = 0.0
  var updated = 0.0
  /// The steps that were made before.
  var stepsBefore = 0
  var batchLoss = Curve()
  var learningRate = Curve()
  var gradientNorm = Curve()
  var itemsPerSecond = Curve()
  var figures: [Figure] = []
  var remarks: [String] = []
  var error: String?

  /// A run that begins, or goes on with what the page of an earlier process has, or, without one, with what its checkpoint has.
  init(_ start: TrainingStart, earlier: RunRecord?, model: String, time: Double) {
    if start.stepsBefore > 0 {
      if let earlier { self = earlier } else { continueFrom(start) }
      cut(after: start.stepsBefore)
    }
    (state, error) = (.running, nil)
    (self.model, epochs, batchesPerEpoch) = (model, start.epochs, start.batchesPerEpoch)
    (began, updated, stepsBefore, step) = (time, time, start.stepsBefore, start.stepsBefore)
    epoch = start.history.epochs.count
    batch = 0
    remarks = start.history.remarks
  }

  mutating func add(_ batch: BatchFigures) {
    (step, epoch, self.batch) = (batch.step, batch.epoch, batch.batch)
    batchLoss.add(batch.loss, at: step)
    learningRate.add(batch.learningRate, at: step)
    if let norm = batch.gradientNorm { gradientNorm.add(norm, at: step) }
  }

  mutating func add(_ epoch: History.Epoch, throughput: Bool) {
    add(epoch.training, \.training, at: step)
    if let validation = epoch.validation { add(validation, \.validation, at: step) }
    if throughput { itemsPerSecond.add(epoch.itemsPerSecond, at: step) }
    self.epoch = epoch.number
  }

  mutating func add(_ means: Evaluation, _ part: WritableKeyPath<Figure, Curve>, at step: Int) {
    for figure in means.figures {
      let i = figures.firstIndex { $0.name == figure.name } ?? figures.endIndex
      if i == figures.endIndex { figures.append(Figure(name: figure.name)) }
      figures[i][keyPath: part].add(figure.value, at: step)
    }
  }

  private mutating func cut(after step: Int) {
    batchLoss.cut(after: step)
    learningRate.cut(after: step)
    gradientNorm.cut(after: step)
    itemsPerSecond.cut(after: step)
    for i in figures.indices {
      figures[i].training.cut(after: step)
      figures[i].validation.cut(after: step)
    }
  }

  private mutating func continueFrom(_ start: TrainingStart) {
    for (i, loss) in start.history.stepLosses.enumerated() { batchLoss.add(loss, at: i + 1) }
    let perEpoch = start.batchesPerEpoch ?? start.stepsBefore / max(start.history.epochs.count, 1)
    for epoch in start.history.epochs {
      step = epoch.number * perEpoch
      add(epoch, throughput: true)
    }
  }

  // MARK: In the page

  private static let (begin, end) = ("<script type=\"application/json\" id=\"run\">", "</script>")

  /// Itself, in an element that pages do not show.
  var element: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    // A less-than sign could end the element.
    let text = (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
    return Self.begin + text.replacing("<", with: "\\u003c") + Self.end
  }

  /// The one in a page; nil if there is no page, or none of this kind.
  init?(page path: String) {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8), let begin = text.range(of: Self.begin),
      let end = text.range(of: Self.end, range: begin.upperBound..<text.endIndex),
      let record = try? JSONDecoder().decode(RunRecord.self, from: Data(text[begin.upperBound..<end.lowerBound].utf8))
    else { return nil }
    self = record
  }
}
