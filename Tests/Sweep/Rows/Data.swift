import Fluxion
import Foundation

extension Table {
  private static let examples = TensorDataset(Tensor.ones([6, 3]), Tensor.ones([6, 2]))

  mutating func data() {
    row("DataLoader.init(_:batchSize:shuffle:seed:dropLast:prefetch:workers:)") { h in
      let loader = DataLoader(Table.examples, batchSize: h.i(4), shuffle: true, seed: h.u(1), workers: h.i(2))
      return [loader.batchCount, Array(loader).count]
    }
    row("DataLoader.init(_:batchSize:shuffle:seed:dropLast:prefetch:workers:)") { h in
      let loader = DataLoader(Table.examples, batchSize: h.i(4), dropLast: true)
      return [loader.batchCount, Array(loader).count]
    }
    row("DataLoader.pass(_:from:)") { h in
      Array(DataLoader(Table.examples, batchSize: 4, shuffle: true, seed: 1).pass(h.i(1), from: h.i(0))).count
    }
    row("Dataset.batch(_:)") { h in
      let data = Odd(count: h.i(3))
      let loader = DataLoader(data, batchSize: h.i(2))
      return [loader.batchCount, Array(loader.prefix(3)).count]
    }
    row("TensorDataset.batch(_:)") { h in Table.examples.batch(h.list(1, 2)) }
    row("TensorDataset.subscript(_:)") { h in Table.examples[h.range(0, 2)].inputs }
    row("TensorDataset.split(at:)") { h in Table.examples.split(at: h.i(2)).0.inputs }
    row(
      "CSVFile.init(bytes:name:dtype:separator:hasHeader:missing:maximumBytes:)",
      "CSVFile.init(_:dtype:separator:hasHeader:missing:maximumBytes:)"
    ) { h in
      try CSVFile(bytes: Array("1,2\n3,\n".utf8), dtype: .float64, hasHeader: false, missing: h.d(0), maximumBytes: h.i(1 << 20)).tensor
    }
    row("NPYFile.init(bytes:name:maximumBytes:)", "NPYFile.init(_:maximumBytes:)") { h in
      let header = Array("{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }".utf8) + [10]
      return try NPYFile(bytes: [0x93] + "NUMPY".utf8 + [1, 0, UInt8(header.count), 0] + header + [7, 8], maximumBytes: h.i(1 << 20)).tensor
    }
    row("NPZFile.init(bytes:name:maximumBytes:)", "NPZFile.init(_:maximumBytes:)") { h in
      // An archive of nothing: its directory's end.
      try NPZFile(bytes: [0x50, 0x4B, 5, 6] + Array(repeating: 0, count: 18), maximumBytes: h.i(1 << 20)).names.count
    }
    row("IDXFile.init(bytes:name:maximumBytes:)", "IDXFile.init(_:maximumBytes:)") { h in
      try IDXFile(bytes: [0, 0, 8, 1, 0, 0, 0, 2, 7, 8], maximumBytes: h.i(1 << 20)).shape.count
    }
    row("EarlyStopping.init(on:patience:minimumImprovement:restoringBest:)", "EarlyStopping.observe(_:)") { h in
      var stopping = EarlyStopping(patience: h.i(1), minimumImprovement: h.d(0))
      for _ in 0..<3 { stopping.observe(h.d(1)) }
      return stopping.isOver
    }
    row("TrainingState.init(_:_:schedule:earlyStopping:seed:)", "TrainingState.seed", "TrainingState.advance(loss:)") { h in
      var state = TrainingState(Dense(3, 2), SGD(learningRate: 0.1), schedule: Cosine(from: 0.1, steps: 3), seed: h.u(1))
      state.seed = h.u(2)
      state.advance(loss: h.d(0.5))
      state.advance()
      return state.optimizer.learningRate
    }
    row("LossScale.init(_:doublingEvery:)") { h in
      var (scale, layer) = (LossScale(h.d(4), doublingEvery: h.i(2)), Dense(3, 2))
      let model = layer
      for _ in 0..<3 { _ = scale.unscale(&layer, of: model) }
      return scale.value
    }
    row(
      "Model.fit(_:validation:loss:optimizer:epochs:batchSize:shuffle:seed:metrics:schedule:clip:accumulate:earlyStopping:checkpoints:every:keep:resume:strict:validateEvery:progress:callbacks:watch:precision:compiled:across:onEpoch:)"
    ) { h in
      var layer = Dense(3, 2)
      // Epochs without end are what was asked for: a loss that is no number ends them.
      let history = try layer.fit(
        Table.examples, validation: Table.examples, loss: { y, target in mse(y, target) * (Table.isEndless(h) ? Double.nan : 1.0) },
        optimizer: SGD(learningRate: 0.1), epochs: h.i(2), batchSize: h.i(4), seed: h.u(1), progress: .none)
      return history.epochs.count
    }
    row(
      "TrainingInterval.epochs(_:)", "TrainingInterval.steps(_:)"
    ) { h in
      let folder = NSTemporaryDirectory() + "sweep-\(ProcessInfo.processInfo.processIdentifier)-\(UInt64.random(in: 0 ... .max))"
      defer { try? FileManager.default.removeItem(atPath: folder) }
      var layer = Dense(3, 2)
      let keep = h.i(2)
      for (name, interval) in [("a", TrainingInterval.epochs(h.i(1))), ("b", .steps(h.i(1)))] {
        try layer.fit(
          Table.examples, loss: mse, optimizer: SGD(learningRate: 0.1), epochs: 2, batchSize: 4, checkpoints: "\(folder)/\(name)",
          every: interval, keep: keep, progress: .none)
      }
      return layer(h.x)
    }
    row("Model.evaluate(_:loss:metrics:batchSize:)") { h in Dense(3, 2).evaluate(Table.examples, loss: mse, batchSize: h.i(4)).loss }
  }

  mutating func trainer() {
    let kept = "every:keep:resume:strict:validateEvery:progress:callbacks:watch:precision:compiled:across:step:)"
    row(
      "Trainer.fit(_:epochs:batchSize:shuffle:seed:validation:metrics:schedule:clip:accumulate:earlyStopping:checkpoints:\(kept)",
      "GradientClipping.norm(_:)", "GradientClipping.value(_:)", "TrainingInterval.epochs(_:)", "TrainingInterval.steps(_:)"
    ) { h in
      var trainer = Trainer(Dense(3, 2), optimizer: SGD(learningRate: 0.1))
      let clip = GradientClipping.norm(h.d(1))
      let stop = Table.isEndless(h)
      try trainer.fit(
        Table.examples, epochs: h.i(2), batchSize: h.i(4), seed: h.u(1), validation: Table.examples, clip: clip, accumulate: h.i(2),
        validateEvery: .steps(h.i(1)), progress: .none
      ) { model, batch in mse(model(batch.0), batch.1) * (stop ? Double.nan : 1) }
      return try trainer.fit(
        Table.examples, epochs: 2, clip: .value(h.d(1)), validateEvery: .epochs(h.i(1)), progress: .none
      ) { model, batch in mse(model(batch.0), batch.1) }.epochs.count
    }
    let ready = "Trainer.fit(_:epochs:validation:metrics:schedule:clip:accumulate:earlyStopping:checkpoints:\(kept)"
    row(ready, ready, "DataLoader.seeded(_:)") { h in
      var trainer = Trainer(Dense(3, 2), optimizer: SGD(learningRate: 0.1))
      let stop = Table.isEndless(h)
      let loader = DataLoader(Table.examples, batchSize: 2, shuffle: true, seed: 1).seeded(h.u(2))
      try trainer.fit(loader, epochs: h.i(2), progress: .none) { model, batch in mse(model(batch.0), batch.1) * (stop ? Double.nan : 1) }
      return try trainer.fit(Array(loader), epochs: h.i(2), accumulate: h.i(1), progress: .none) { model, batch in
        mse(model(batch.0), batch.1) * (stop ? Double.nan : 1)
      }.stepLosses.count
    }
    row("Trainer.evaluate(_:batchSize:metrics:step:)") { h in
      let trainer = Trainer(Dense(3, 2), optimizer: SGD(learningRate: 0.1))
      return trainer.evaluate(Table.examples, batchSize: h.i(4)) { model, batch in mse(model(batch.0), batch.1) }.loss
    }
    row("Trainer.learningRateFinder(_:from:to:steps:step:)") { h in
      let trainer = Trainer(Dense(3, 2), optimizer: SGD(learningRate: 0.1))
      return try trainer.learningRateFinder(
        DataLoader(Table.examples, batchSize: 4, seed: 1), from: h.d(1e-3), to: h.d(1), steps: Table.isEndless(h) ? 5 : h.i(5)
      ) { model, batch in mse(model(batch.0), batch.1) }.svg()
    }
    row("Model.learningRateFinder(_:loss:optimizer:from:to:steps:batchSize:seed:)") { h in
      try Dense(3, 2).learningRateFinder(
        Table.examples, loss: mse, optimizer: SGD(learningRate: 0.1), from: h.d(1e-3), to: h.d(1), steps: Table.isEndless(h) ? 5 : h.i(5),
        batchSize: h.i(4), seed: h.u(1)
      ).suggestion ?? 0
    }
    row("LearningRateCurve.init(rates:losses:)") { h in
      let curve = LearningRateCurve(rates: [h.d(0.1), h.d(1)], losses: [h.d(2), h.d(1)])
      return [curve.svg(), "\(curve.suggestion ?? 0)"]
    }
    row("Model.predict(over:batchSize:)", "Model.predict(over:batchSize:)", "Model.predict(over:batchSize:_:)") { h in
      let layer = Dense(3, 2)
      return [
        try layer.predict(over: Table.examples, batchSize: h.i(4)), layer.predict(over: Tensor.ones([5, 3]), batchSize: h.i(2)),
        try layer.predict(over: Table.examples, batchSize: h.i(3)) { $0.0 },
      ]
    }
    row(
      "Evaluation.init(loss:losses:metrics:)", "Evaluation.Figure.init(_:_:)", "History.append(step:)",
      "History.Epoch.init(number:training:validation:seconds:itemsPerSecond:)",
      "History.Validation.init(step:evaluation:)"
    ) { h in
      var history = History()
      let figures = Evaluation(loss: h.d(1), losses: [.init("a", h.d(1))], metrics: [.init("b", h.d(1))])
      history.append(step: h.d(1))
      history.append(epoch: History.Epoch(number: h.i(1), training: figures, validation: figures, seconds: h.d(1), itemsPerSecond: h.d(1)))
      return [history.svg(title: "x"), "\(History.Validation(step: h.i(1), evaluation: figures).step)"]
    }
    row("TrainingControl.learningRate") { h in
      var trainer = Trainer(Dense(3, 2), optimizer: SGD(learningRate: 0.1))
      let rate = h.d(0.1)
      return try trainer.fit(
        Table.examples, epochs: 1, progress: .none, callbacks: [.afterBatch { _, run in run.learningRate = rate }]
      ) { model, batch in mse(model(batch.0), batch.1) }.epochs.count
    }
    row("BestModel.observe(_:_:)") { h in
      var best = BestModel<Dense>()
      return best.observe(h.d(1), Dense(1, 1))
    }
    row("TrainingProgress.init(epochs:batches:display:)", "TrainingProgress.begin(_:)", "TrainingProgress.update(_:items:metrics:)") { h in
      var progress = TrainingProgress(epochs: h.i(2), batches: h.i(3), display: .none)
      progress.begin(h.i(1))
      let items = h.i(4)
      for _ in 0..<2 { progress.update(Tensor.ones([]), items: items) }
      return progress.end().training.loss
    }
    row("Accuracy.init(_:top:)", "Metric.top(_:)") { h in
      var metrics: [any Metric] = [Accuracy(top: h.i(2)), .top(h.i(2))]
      for i in metrics.indices { metrics[i].add(Tensor.ones([2, 3]), Tensor([0, 2], .int64)) }
      return metrics.map(\.value)
    }
    row("metrics of class ids") { h in
      var (accuracy, f1, matrix) = (Accuracy(), F1(), ConfusionMatrix())
      let (a, b) = (Tensor([h.i(1), h.i(0)]), Tensor([h.i(0), h.i(1)]))
      accuracy.add(a, b, weights: Tensor([h.d(1), h.d(2)]))
      f1.add(a, b)
      matrix.add(a, b)
      return [accuracy.value, f1.value, matrix.counts.sum().item()]
    }
    row("F1.init(_:_:beta:)", "Metric.f1(_:_:beta:)") { h in
      var metric: any Metric = .f1(.macro, beta: h.d(1))
      metric.add(Tensor.ones([2, 3]), Tensor([0, 2], .int64))
      return [metric.value, F1(beta: h.d(1)).value]
    }
    row("Perplexity.init(_:ignoring:)") { h in
      var metric = Perplexity(ignoring: h.i(1))
      metric.add(Tensor.ones([2, 3]), Tensor([0, 2], .int64))
      return metric.value
    }
    row(
      "LBFGS.init(learningRate:history:iterations:evaluations:gradientTolerance:changeTolerance:)", "LBFGS.learningRate"
    ) { h in
      var optimizer = LBFGS(
        learningRate: h.d(1), history: h.i(3), iterations: h.i(3), evaluations: h.i(4), gradientTolerance: h.d(1e-7),
        changeTolerance: h.d(1e-9))
      optimizer.learningRate = h.d(1)
      var layer = Dense(2, 1)
      return optimizer.step(&layer) { model in mse(model(.ones([3, 2])), .zeros([3, 1])) }
    }
    row(
      "RunExtent.init(steps:stepsPerEpoch:)", "Schedule.oneCycle(peak:warmUp:initialDivisor:finalDivisor:curve:hasThreePhases:)",
      "Schedule.cosine(from:to:warmUp:)", "Schedule.linear(from:to:warmUp:)", "Schedule.polynomial(from:to:power:warmUp:)",
      "RunSchedule.rate(at:)"
    ) { h in
      let run = RunExtent(steps: h.i(10), stepsPerEpoch: h.i(2))
      let schedules: [any Schedule] = [
        .oneCycle(peak: h.d(0.1), warmUp: h.d(0.3), initialDivisor: h.d(25), finalDivisor: h.d(100)),
        .cosine(from: h.d(0.1), to: h.d(0.01), warmUp: h.d(0.1)), .linear(from: h.d(0.1), to: h.d(0.01), warmUp: h.d(0.1)),
        .polynomial(from: h.d(0.1), to: h.d(0.01), power: h.d(2), warmUp: h.d(0.1)), .perEpoch(ConstantRate(0.1)),
      ]
      return schedules.map { $0.fitted(to: run).rate(at: h.i(3)) }
    }
  }

  /// With a folder of its own.
  static func inFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = NSTemporaryDirectory() + "sweep-\(ProcessInfo.processInfo.processIdentifier)-\(UInt64.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }

  /// Writes a file into a folder, which is made.
  static func write(_ bytes: [UInt8], to name: String, in folder: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(filePath: folder + "/" + name))
  }

  private static func isEndless(_ h: Hostile) -> Bool {
    if case .integer(_, let value) = h.attack { return value > 1000 }
    return false
  }
}

/// A data set that says of itself what it likes.
private struct Odd: Dataset {
  let count: Int
  func batch(_ indices: [Int]) -> Int { indices.count }
}
