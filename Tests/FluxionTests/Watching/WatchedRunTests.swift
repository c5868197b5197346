import Fluxion
import Foundation
import Testing

@testable import Training

/// Events as a run sends them, and what logs make of them.
struct MadeRun {
  var batches = 4
  var epochs = 3

  /// The events of the steps after `before` up to `last`; a loss that falls, and accuracies that follow from the epoch.
  func events(from before: Int = 0, to last: Int? = nil, history: History = History()) -> [TrainingEvent] {
    var events: [TrainingEvent] = [
      .runBegan(TrainingStart(epochs: epochs, batchesPerEpoch: batches, stepsBefore: before, history: history))
    ]
    let last = last ?? epochs * batches
    for step in stride(from: before + 1, through: last, by: 1) {
      let (epoch, batch) = ((step - 1) / batches + 1, (step - 1) % batches + 1)
      var mean = RunningMean()
      mean.add(1 / Double(step), count: 10)
      events.append(
        .batchEnded(
          BatchFigures(
            step: step, epoch: epoch, batch: batch, loss: 1 / Double(step), losses: [], learningRate: 0.1 / Double(epoch),
            gradientNorm: nil,
            items: 10, seconds: Double(batch) * 0.5, mean: mean, metrics: [])))
      if batch == batches { events.append(.epochEnded(figures(epoch))) }
    }
    if last == epochs * batches { events.append(.runEnded(history)) }
    return events
  }

  func figures(_ epoch: Int) -> History.Epoch {
    History.Epoch(
      number: epoch, training: Evaluation(loss: 1 / Double(epoch), metrics: [.init("accuracy", 0.25 * Double(epoch))]),
      validation: epoch == 1 ? nil : Evaluation(loss: 2 / Double(epoch), metrics: [.init("accuracy", 0.2 * Double(epoch))]),
      seconds: 2, itemsPerSecond: 20)
  }
}

@Suite struct WatchedRunTests {
  private func write(_ events: [TrainingEvent], _ folder: String, model: String = "Chain", remarks: [String] = []) throws {
    let run = WatchedRun(directory: folder, interval: .zero)
    for event in events { try run.write(event, remarks: { remarks }, model: { model }) }
  }

  private func page(_ folder: String) throws -> String { try String(contentsOfFile: folder + "/index.html", encoding: .utf8) }

  @Test func theLogHasALineForEachEpoch() throws {
    try IDXFixture.withFolder { folder in
      let path = folder + "/log.csv"
      func run(_ events: [TrainingEvent], _ interval: TrainingInterval = .epochs(1)) throws {
        let log = CSVLog(path: path, interval: interval)
        for event in events { try log.write(event, learningRate: 0.125) }
      }
      try run(MadeRun().events())
      let whole = """
        epoch,step,learning rate,items a second,loss,accuracy,validation loss,validation accuracy
        1,4,0.125,20,1,0.25,,
        2,8,0.125,20,0.5,0.5,1,0.4
        3,12,0.125,20,0.3333333333333333,0.75,0.6666666666666666,0.6000000000000001

        """
      #expect(try String(contentsOfFile: path, encoding: .utf8) == whole)

      // Killed in epoch 3, its last line cut off, and taken up from step 5: epoch 2 is made again.
      try run(MadeRun().events(to: 9))
      var text = try String(contentsOfFile: path, encoding: .utf8)
      text += "3,12,0.12"
      try text.write(toFile: path, atomically: false, encoding: .utf8)
      try run(MadeRun().events(from: 5))
      #expect(try String(contentsOfFile: path, encoding: .utf8) == whole)
      // Read by the library's own reader; blanks are missing values.
      let file = try CSVFile(path, missing: .nan)
      #expect(file.tensor.shape == [3, 8] && file.columnNames?.first == "epoch")

      // A run that begins takes its place.
      try run(MadeRun(batches: 2, epochs: 1).events(), .steps(2))
      #expect(
        try String(contentsOfFile: path, encoding: .utf8) == "epoch,step,learning rate,items a second,batch loss,loss\n1,2,0.1,20,0.5,0.5\n"
      )
    }
  }

  @Test func aLogThatCannotBeWrittenIsAnError() throws {
    let log = CSVLog(path: "/proc/nowhere/log.csv", interval: .epochs(1))
    #expect(throws: DataError.self) { for event in MadeRun().events() { try log.write(event, learningRate: 0) } }
    #expect(throws: DataError.self) { try self.write(MadeRun().events(), "/proc/nowhere") }
    #expect { try checked { TrainingCallback<Dense>.csvLog("x", every: .steps(0)) } } throws: {
      "\($0)" == "csvLog: a line every 0; 1 or more would fit"
    }
    #expect { try checked { TrainingCallback<Dense>.tensorBoard("x", every: 0) } } throws: {
      "\($0)" == "tensorBoard: every 0 steps; 1 or more would fit"
    }
  }

  @Test func thePageTellsHowItGoes() throws {
    try IDXFixture.withFolder { folder in
      let events = MadeRun().events()
      let folder = folder + "/a <run>"
      try write(Array(events.dropLast()), folder, model: "Chain { </script><b>&", remarks: ["a <damaged> file"])
      let running = try page(folder)
      #expect(running.contains("<meta http-equiv=\"refresh\" content=\"2\">") && running.contains(">running<"))
      #expect(running.contains("<span>epoch</span><b>3 / 3</b>") && running.contains("<span>validation accuracy</span><b>0.6000</b>"))
      #expect(running.contains("<li>a &lt;damaged&gt; file</li>") && running.contains("<h1>a &lt;run&gt;</h1>"))
      for title in ["Loss", "Accuracy", "Learning rate", "Items a second"] { #expect(running.contains(">\(title)</text>"), "\(title)") }
      // Nothing comes from elsewhere, and no text of the run is taken for the page's.
      for part in ["src=", "href=", "@import", "url(", "</script><b>"] { #expect(!running.contains(part), "\(part)") }
      #expect(running.split(separator: "http").count == 3, "the refresh and the namespace of SVG")

      try write(events, folder)
      let ended = try page(folder)
      #expect(!ended.contains("http-equiv") && ended.contains(">finished<") && ended.contains("width: 100.0%"))

      try write(events.dropLast() + [.runFailed("fit: the loss is NaN at epoch 3", History())], folder)
      let failed = try page(folder)
      #expect(!failed.contains("http-equiv") && failed.contains("<p class=\"error\">fit: the loss is NaN at epoch 3</p>"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["index.html"])
    }
  }

  @Test func aRunThatGoesOnContinuesTheCurves() throws {
    try IDXFixture.withFolder { folder in
      try write(MadeRun().events(), folder + "/whole")
      // Killed after step 10, and taken up from a checkpoint at step 8.
      try write(MadeRun().events(to: 10), folder + "/parts")
      try write(MadeRun().events(from: 8), folder + "/parts")
      let whole = try #require(RunRecord(page: folder + "/whole/index.html"))
      let parts = try #require(RunRecord(page: folder + "/parts/index.html"))
      #expect(whole.batchLoss.steps == Array(1...12) && parts.batchLoss == whole.batchLoss)
      #expect(parts.learningRate == whole.learningRate)
      #expect(parts.figures.map(\.name) == ["loss", "accuracy"] && parts.step == 12 && parts.state == .ended)
      for (a, b) in zip(whole.figures, parts.figures) { #expect(a.training == b.training && a.validation == b.validation) }

      // Without the page: from the checkpoint's history.
      var history = History()
      history.stepLosses = (1...8).map { 1 / Double($0) }
      history.epochs = [MadeRun().figures(1), MadeRun().figures(2)]
      try write(MadeRun().events(from: 8, history: history), folder + "/new")
      let new = try #require(RunRecord(page: folder + "/new/index.html"))
      #expect(new.batchLoss == whole.batchLoss && new.figures[0].training == whole.figures[0].training)
    }
  }

  /// A run of `fit` that is interrupted in its second epoch and goes on.
  @Test func fitLogsAndShowsARunThatGoesOn() throws {
    struct Interruption: Error {}
    let x = withSeed(1) { Tensor.normal([60, 2]) }
    let data = TensorDataset(x, (x[.all, 0] .> x[.all, 1]).cast(to: .int64))
    try IDXFixture.withFolder { folder in
      func run(interrupted: Bool) throws {
        var model = withSeed(2) { Dense(2, 2) }
        try model.fit(
          data, validation: data, loss: crossEntropy, optimizer: SGD(learningRate: 0.1), epochs: 3, batchSize: 20, seed: 1,
          checkpoints: folder + "/checkpoints", every: .steps(2), resume: true, progress: .none,
          callbacks: [
            .csvLog(folder + "/epochs.csv"), .csvLog(folder + "/steps.csv", every: .steps(1)), .tensorBoard(folder + "/board", every: 1),
            .afterBatch { batch, _ in if interrupted && batch.step == 5 { throw Interruption() } },
          ], watch: folder + "/page")
      }
      #expect(throws: Interruption.self) { try run(interrupted: true) }
      #expect(RunRecord(page: folder + "/page/index.html")?.state == .failed)
      // From the checkpoint at step 4.
      try run(interrupted: false)
      let page = try #require(RunRecord(page: folder + "/page/index.html"))
      #expect(page.state == .ended && page.batchLoss.steps == Array(1...9) && page.figures.map(\.name) == ["loss", "accuracy"])
      #expect(page.figures[0].training.steps == [3, 6, 9] && page.figures[0].validation.steps == [3, 6, 9])
      #expect(page.learningRate.high == [Double](repeating: 0.1, count: 9) && page.model.hasPrefix("Dense("))
      let (epochs, steps) = (try CSVFile(folder + "/epochs.csv"), try CSVFile(folder + "/steps.csv"))
      #expect(
        epochs.tensor[.all, 0].scalars(Float.self) == [1, 2, 3] && steps.tensor[.all, 1].scalars(Float.self) == (1...9).map(Float.init))
      #expect(
        epochs.columnNames == [
          "epoch", "step", "learning rate", "items a second", "loss", "accuracy", "validation loss", "validation accuracy",
        ])
      if Python.tensorBoard.isReady {
        let found = try TensorBoardTests.read(folder + "/board")
        #expect(found.scalars["batch/loss"]?.map(\.[0]) == (1...9).map(Double.init))
        #expect(found.scalars["validation/accuracy"]?.map(\.[0]) == [3, 6, 9])
        #expect(found.histograms["parameters/weight"]?.map(\.[0]) == [3, 6, 9] && found.texts["model"]?.isEmpty == false)
      }
    }
  }

  @Test func anErrorThatEndsTheRunIsOnThePage() throws {
    try IDXFixture.withFolder { folder in
      var model = withSeed(2) { Dense(2, 2) }
      let data = TensorDataset(Tensor.full([4, 2], Float.infinity), Tensor([0, 1, 0, 1], .int64))
      #expect(throws: TrainingError.self) {
        try model.fit(data, loss: crossEntropy, optimizer: SGD(learningRate: 0.1), epochs: 1, progress: .none, watch: folder)
      }
      let record = try #require(RunRecord(page: folder + "/index.html"))
      #expect(record.state == .failed && record.error?.hasPrefix("fit: the loss is") == true)
    }
  }

  @Test func longCurvesKeepTheirPeaks() {
    var curve = Curve()
    for step in 1...100_000 { curve.add(step == 61_234 ? 50 : step == 3 ? -50 : 1, at: step) }
    curve.add(.nan, at: 100_001)
    #expect(curve.steps.count <= 600 && curve.steps.count >= 300)
    #expect(curve.high.max() == 50 && curve.low.min() == -50 && curve.steps.last == 100_000)
    #expect(curve.steps == curve.steps.sorted())
    curve.cut(after: 50_000)
    #expect(curve.high.max() == 1 && curve.low.min() == -50)
    curve.add(7, at: 50_001)
    #expect(curve.last == 7 && curve.steps.last == 50_001)
  }
}
