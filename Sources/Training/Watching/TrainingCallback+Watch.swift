import Data
import Foundation
import Models

extension TrainingCallback {
  /// Keeps a page in a directory, `index.html`, that shows a run while it goes on: open it in a browser, where it loads itself anew every two seconds.
  ///
  /// It has the curves of losses, metrics, learning rate, throughput and, where they are clipped, gradient norms; the time that is left; remarks, the error that ended
  /// the run, and the model. The page needs no server and no other files. It is written as a whole or not at all, once a second at most. A run that goes on
  /// continues the curves. What cannot be written throws ``DataError``.
  public static func watch(_ directory: String) -> TrainingCallback {
    let page = WatchedRun(directory: directory)
    return TrainingCallback { event, control in
      try page.write(event, remarks: { control.history.remarks }, model: { "\(control.model)" })
    }
  }
}

/// What `watch:` adds to a run's callbacks.
func watched<M>(_ directory: String?) -> [TrainingCallback<M>] { directory.map { [.watch($0)] } ?? [] }

/// A run whose page is written while it goes on.
final class WatchedRun {
  private let directory: String
  private let interval: Duration
  private var record: RunRecord?
  private var throughput = Throughput()
  private var nextUpdate = ContinuousClock.now
  /// Whether throughput was measured since the epoch began.
  private var isMeasured = false

  init(directory: String, interval: Duration = .seconds(1)) { (self.directory, self.interval) = (directory, interval) }

  private var path: String { directory + "/index.html" }

  func write(_ event: TrainingEvent, remarks: () -> [String], model: () -> String) throws(DataError) {
    switch event {
    case .runBegan(let start):
      try LogDirectory.make(directory)
      record = RunRecord(start, earlier: RunRecord(page: path), model: model(), time: Date().timeIntervalSince1970)
      try update(remarks())
    case .batchEnded(let figures):
      record?.add(figures)
      throughput.add(figures)
      // Reading a clock is all that most steps cost.
      if ContinuousClock.now >= nextUpdate {
        record?.itemsPerSecond.add(throughput.take(), at: figures.step)
        isMeasured = true
        try update(remarks())
      }
    case .validated(let validation): record?.add(validation.evaluation, \.validation, at: validation.step)
    case .epochEnded(let epoch):
      record?.add(epoch, throughput: !isMeasured)
      isMeasured = false
      if ContinuousClock.now >= nextUpdate { try update(remarks()) }
    case .runEnded(let history):
      record?.state = .ended
      try update(history.remarks)
    case .runFailed(let sentence, let history):
      record?.state = .failed
      record?.error = sentence
      try update(history.remarks)
    }
  }

  private func update(_ remarks: [String]) throws(DataError) {
    nextUpdate = .now + interval
    record?.updated = Date().timeIntervalSince1970
    record?.remarks = remarks
    guard let record else { return }
    let name = URL(fileURLWithPath: directory).standardizedFileURL.lastPathComponent
    do {
      // Renamed into its place, so that a browser never sees half of it; not flushed to the disk, which would hold up the run.
      try Data(RunPage(record: record, title: name).text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw DataError(file: path, message: "cannot be written: \(error.localizedDescription)")
    }
  }
}
