import Models
import Tensors

extension TrainingCallback {
  /// Writes what happens in a run into an event file for TensorBoard: `tensorboard --logdir runs`.
  ///
  /// By step: `batch/loss` and its parts, `batch/learning rate`, `batch/gradient norm`. By epoch: `training/loss`, `validation/loss` and the metrics, the examples a
  /// second, and the parameters' histograms. The model as it is written, and an error that ends the run, are texts. A run that goes on continues the curves.
  ///
  /// - Parameters:
  ///   - directory: Where the file goes; one that other runs have written to as well shows all of them as one.
  ///   - steps: Of how many steps one is written.
  ///   - histograms: Whether parameters are written.
  public static func tensorBoard(_ directory: String, every steps: Int = 10, histograms: Bool = true) -> TrainingCallback {
    if steps < 1 { fail(TensorError("tensorBoard", "every \(steps) steps; 1 or more would fit")) }
    let log = TensorBoardLog(directory: directory, interval: max(steps, 1))
    return TrainingCallback { event, control in
      try log.write(event)
      switch event {
      case .runBegan: try log.board?.text("model", "```\n\(control.model)\n```", step: log.step)
      case .epochEnded where histograms:
        for (name, value) in control.model.parameters { try log.board?.histogram("parameters/\(name)", value, step: log.step) }
      default: break
      }
    }
  }
}

/// A run's events as TensorBoard's.
private final class TensorBoardLog {
  let directory: String
  let interval: Int
  /// The last step that was made.
  private(set) var step = 0
  private(set) var board: TensorBoardWriter?

  init(directory: String, interval: Int) { (self.directory, self.interval) = (directory, interval) }

  func write(_ event: TrainingEvent) throws {
    switch event {
    case .runBegan(let start):
      step = start.stepsBefore
      board = try TensorBoardWriter(directory, resumingAt: step > 0 ? step + 1 : nil)
    case .batchEnded(let figures):
      step = figures.step
      guard step.isMultiple(of: interval) || step == 1, let board else { return }
      try board.scalar("batch/loss", figures.loss, step: step)
      for part in figures.losses { try board.scalar("batch/\(part.name)", part.value, step: step) }
      try board.scalar("batch/learning rate", figures.learningRate, step: step)
      if let norm = figures.gradientNorm { try board.scalar("batch/gradient norm", norm, step: step) }
    case .validated(let validation): try write("validation", validation.evaluation, step: validation.step)
    case .epochEnded(let epoch):
      try write("training", epoch.training, step: step)
      if let validation = epoch.validation { try write("validation", validation, step: step) }
      try board?.scalar("training/items a second", epoch.itemsPerSecond, step: step)
    case .runEnded: board = nil
    case .runFailed(let sentence, _):
      try board?.text("error", sentence, step: step)
      board = nil
    }
  }

  private func write(_ group: String, _ means: Evaluation, step: Int) throws {
    for figure in means.figures { try board?.scalar("\(group)/\(figure.name)", figure.value, step: step) }
  }
}

extension Evaluation {
  /// The loss, its parts and the metrics by name.
  var figures: [Figure] { [Figure("loss", loss)] + losses + metrics }
}
