import Fluxion
import Foundation
import Testing
import Training

/// Models and batches of any kind.
@Suite struct TrainerTests {
  /// Two inputs, two outputs.
  private struct TwoHeaded: Model {
    var first = Dense(2, 4, activation: { tanh($0) })
    var second = Dense(3, 4)
    var sign = Dense(4, 2)
    var size = Dense(4, 1)
    func callAsFunction(_ input: (Tensor, Tensor)) -> (Tensor, Tensor) {
      let h = first(input.0) + second(input.1)
      return (sign(h), size(h))
    }
  }

  private struct Batch: Sendable {
    var left: Tensor
    var right: Tensor
    var label: Tensor
    var amount: Tensor
  }

  private struct Pictures: Dataset {
    let left: Tensor
    let right: Tensor
    init(_ count: Int, seed: UInt64) {
      var random = RandomStream(seed: seed)
      left = .normal([count, 2], using: &random)
      right = .normal([count, 3], using: &random)
    }
    var count: Int { left.shape[0] }
    func batch(_ indices: [Int]) -> Batch {
      let rows = Tensor(indices)
      let (l, r) = (left.take(rows), right.take(rows))
      return Batch(left: l, right: r, label: (l[.all, 0] .> r[.all, 0]).cast(to: .int64), amount: l.sum(axis: 1, keepDims: true))
    }
  }

  private static func model(_ seed: UInt64 = 1) -> TwoHeaded { withSeed(seed) { TwoHeaded() } }

  private static func losses(_ model: inout TwoHeaded, _ batch: Batch) -> Losses {
    let (sign, size) = model((batch.left, batch.right))
    let (a, b) = (crossEntropy(sign, batch.label), mse(size, batch.amount))
    return Losses(total: a + b, ["sign": a, "size": b], outputs: sign, targets: batch.label)
  }

  @Test func tuplesStructsAndSeveralLosses() throws {
    var trainer = Trainer(Self.model(), optimizer: Adam(learningRate: 0.02))
    let test = Pictures(50, seed: 2)
    let history = try trainer.fit(
      Pictures(200, seed: 1), epochs: 8, batchSize: 20, seed: 1, validation: test, metrics: [.accuracy, .f1(.macro), .auc],
      schedule: .oneCycle(peak: 0.05), clip: .norm(5), progress: .none
    ) { model, batch in
      let (sign, size) = model((batch.left, batch.right))
      let (a, b) = (crossEntropy(sign, batch.label), mse(size, batch.amount))
      return Losses(total: a + b, ["sign": a, "size": b], outputs: sign, targets: batch.label)
    }
    let last = try #require(history.epochs.last)
    #expect(history.epochs.count == 8 && history.stepLosses.count == 80 && history.remarks == [])
    for figures in [last.training, try #require(last.validation)] {
      #expect(figures.losses.map(\.name) == ["sign", "size"] && figures.metrics.map(\.name) == ["accuracy", "f1 macro", "auc"])
      #expect(abs(figures.loss - figures.losses[0].value - figures.losses[1].value) < 1e-5)
      let (accuracy, auc, size) = (figures["accuracy"] ?? 0, figures["auc"] ?? 0, figures["size"] ?? 9)
      #expect(accuracy > 0.9 && auc > 0.95 && size < 0.2, "\(figures)")
    }
    let again = trainer.evaluate(test, metrics: [.accuracy, .f1(.macro), .auc], step: { model, batch in Self.losses(&model, batch) })
    #expect(abs(again.loss - (last.validation?.loss ?? 0)) < 1e-6 && again.metrics == last.validation?.metrics)
    #expect(history.svg(title: "two").contains("F1 macro"))
    // Answers to all, batch by batch.
    let (sign, size) = try trainer.model.predict(over: test, batchSize: 7) { batch in (batch.left, batch.right) }
    #expect(sign.shape == [50, 2] && size.shape == [50, 1])
    let whole = trainer.model.predict((test.left, test.right))
    #expect(abs(whole.0 - sign).max().item() < 1e-5 && abs(whole.1 - size).max().item() < 1e-5)
  }

  /// One mechanism: the same bits as the fit of pairs.
  @Test func isTheFitOfPairs() throws {
    let data = withSeed(1) { TensorDataset(.normal([50, 2]), .normal([50, 1])) }
    let start = withSeed(2) {
      Chain {
        Dense(2, 8, activation: relu); Dropout(0.3); Dense(8, 1)
      }
    }
    var model = start
    let expected = try model.fit(
      data, validation: data, loss: mse, optimizer: Adam(learningRate: 0.01), epochs: 3, batchSize: 16, seed: 3, clip: .value(0.1),
      progress: .none)
    var trainer = Trainer(start, optimizer: Adam(learningRate: 0.01))
    let history = try trainer.fit(data, epochs: 3, batchSize: 16, seed: 3, validation: data, clip: .value(0.1), progress: .none) {
      model, batch in
      mse(model(batch.0), batch.1)
    }
    #expect(history.stepLosses == expected.stepLosses && same(trainer.model.parameters, model.parameters))
    #expect(history.epochs.map(\.validation) == expected.epochs.map(\.validation))
    // A loader, and batches that are ready, in the same order.
    let loader = DataLoader(data, batchSize: 16, shuffle: true, seed: 3)
    trainer = Trainer(start, optimizer: Adam(learningRate: 0.01))
    let second = try trainer.fit(loader, epochs: 3, clip: .value(0.1), progress: .none) { model, batch in mse(model(batch.0), batch.1) }
    #expect(second.stepLosses == expected.stepLosses)
    trainer = Trainer(start, optimizer: Adam(learningRate: 0.01))
    let third = try trainer.fit(Array(loader.pass(0)), epochs: 1, clip: .value(0.1), progress: .none) { model, batch in
      mse(model(batch.0), batch.1)
    }
    #expect(third.stepLosses == Array(expected.stepLosses.prefix(4)))
    // Batches that the step makes by itself.
    var point = Trainer(withSeed(4) { Dense(1, 1) }, optimizer: SGD(learningRate: 0.1))
    let fourth = try point.fit(0..<50, epochs: 2, progress: .none) { model, i in mse(model(.ones([4, 1])), .ones([4, 1]) * Double(i % 2)) }
    #expect(fourth.stepLosses.count == 100)
  }

  /// The gradients of parts of a batch make the step of the whole batch, also where the last one has fewer examples.
  @Test func accumulation() throws {
    let data = withSeed(1) { TensorDataset(.normal([22, 3], .float64), .normal([22, 2], .float64)) }
    var start = withSeed(2) {
      Chain {
        Dense(3, 4, activation: { tanh($0) }); Dense(4, 2)
      }
    }
    start.updateParameters { _, value in value = value.cast(to: .float64) }
    start.freeze("layers.0.bias")
    func fit(_ batchSize: Int, _ accumulate: Int) throws -> (Chain, History) {
      var model = start
      let history = try model.fit(
        data, loss: mse, optimizer: AdamW(learningRate: 0.05), epochs: 3, batchSize: batchSize, shuffle: false,
        schedule: .cosine(from: 0.05),
        clip: .norm(0.5), accumulate: accumulate, progress: .none)
      return (model, history)
    }
    // 8, 8, 6 examples; 4, 4 | 4, 4 | 4, 2.
    let (expected, _) = try fit(8, 1)
    let (model, history) = try fit(4, 2)
    #expect(history.stepLosses.count == 18 && history.remarks == [])
    for (a, b) in zip(model.parameters, expected.parameters) { #expect(abs(a.value - b.value).max().item() < 1e-12, "\(a.name)") }
    #expect(same([("b", model[parameter: "layers.0.bias"]!)], [("b", start[parameter: "layers.0.bias"]!)]))
    #expect { try checked { _ = try fit(4, 0) } } throws: { "\($0)" == "fit: gradients of 0 batches accumulated; 1 or more would fit" }
  }

  @Test func schedulesOfTheRunsLength() throws {
    let data = withSeed(1) { TensorDataset(.normal([20, 2]), .normal([20, 1])) }
    func rates(_ schedule: (any Schedule)?, epochs: Int = 3, accumulate: Int = 1) throws -> (rates: [Double], remarks: [String]) {
      var model = withSeed(2) { Chain { Dense(2, 1) } }
      var rates: [Double] = []
      let history = try model.fit(
        data, loss: mse, optimizer: SGD(learningRate: 0.01), epochs: epochs, batchSize: 5, schedule: schedule, accumulate: accumulate,
        progress: .none, callbacks: [.afterBatch { batch, _ in rates.append(batch.learningRate) }])
      return (rates, history.remarks)
    }
    func list(_ schedule: any Schedule, _ count: Int) -> [Double] { (0..<count).map { schedule.rate(at: $0) } }
    let rows: [(any Schedule, any Schedule)] = [
      (.oneCycle(peak: 0.1), OneCycle(peak: 0.1, steps: 12)), (.cosine(from: 0.1, to: 0.01), Cosine(from: 0.1, to: 0.01, steps: 12)),
      (.cosine(from: 0.1, warmUp: 0.25), WarmUp(steps: 3, then: Cosine(from: 0.1, steps: 9))),
      (.linear(from: 0.1, to: 0.02), Polynomial(from: 0.1, to: 0.02, steps: 12)),
      (.polynomial(from: 0.1, power: 2), Polynomial(from: 0.1, steps: 12, power: 2)),
      (.perEpoch(StepDecay(from: 0.1, by: 0.5, every: 1)), StepDecay(from: 0.1, by: 0.5, every: 4)),
      (WarmUp(steps: 2, then: .cosine(from: 0.1)), WarmUp(steps: 2, then: Cosine(from: 0.1, steps: 10))),
      (
        ConstantRate(0.1).then(.linear(from: 0.1), from: 4).scaled(by: 0.5),
        ConstantRate(0.05).then(Polynomial(from: 0.05, steps: 8), from: 4)
      ),
    ]
    for (i, (schedule, expected)) in rows.enumerated() {
      let (rates, remarks) = try rates(schedule)
      #expect(zip(rates, list(expected, 12)).allSatisfy { abs($0 - $1) < 1e-15 } && rates.count == 12, "row \(i): \(rates)")
      #expect(remarks == [])
    }
    // Steps are those of the optimizer: 2 an epoch of 4 batches.
    let half = try rates(.linear(from: 0.6), accumulate: 2).rates
    #expect(zip([1, 3, 5, 7, 9, 11].map { half[$0] }, [0.6, 0.5, 0.4, 0.3, 0.2, 0.1]).allSatisfy { abs($0 - $1) < 1e-12 }, "\(half)")
    // One whose own number of steps is another one.
    #expect(
      try rates(Cosine(from: 0.1, steps: 10)).remarks.contains {
        $0.hasPrefix("the schedule ends after 10 of the run's 12 steps, and its rate then stays; ")
      })
    #expect(
      try rates(Cosine(from: 0.1, steps: 50)).remarks.contains {
        $0.hasPrefix("the schedule has 50 steps, and the run ends after 12 of them; ")
      })
    for fitting in [Cosine(from: 0.1, steps: 12), Cosine(from: 0.1, steps: 11)] { #expect(try rates(fitting).remarks == []) }
    for endless: any Schedule in [StepDecay(from: 0.1, every: 3), Polynomial(from: 0, to: 0.1, steps: 3)] {
      #expect(try rates(endless).remarks == [])
    }
    #expect { try checked { _ = RunSchedule { _ in ConstantRate(1) }.rate(at: 0) } } throws: {
      "\($0)".contains("a rate before the run's length is known")
    }
    #expect {
      try checked {
        var trainer = Trainer(withSeed(1) { Dense(1, 1) }, optimizer: SGD(learningRate: 0.1))
        try trainer.fit(sequence(first: 0) { $0 < 3 ? $0 + 1 : nil }, epochs: 1, schedule: .cosine(from: 1), progress: .none) { model, _ in
          model(.ones([1, 1])).sum()
        }
      }
    } throws: { "\($0)".contains("the data do not tell how many batches they have") }
  }

  @Test func callbacks() throws {
    let data = withSeed(1) { TensorDataset(.normal([20, 2]), .normal([20, 1])) }
    func run(_ callbacks: [TrainingCallback<Chain>], schedule: (any Schedule)? = nil) throws -> (Chain, History) {
      var model = withSeed(2) { Chain { Dense(2, 1) } }
      let history = try model.fit(
        data, validation: data, loss: mse, optimizer: SGD(learningRate: 0.01), epochs: 3, batchSize: 5, schedule: schedule, clip: .norm(1),
        validateEvery: .steps(3), progress: .none, callbacks: callbacks)
      return (model, history)
    }
    var events: [String] = []
    let all = TrainingCallback<Chain> { event, run in
      switch event {
      case .runBegan(let start): events.append("began \(start.epochs) \(start.batchesPerEpoch ?? -1)")
      case .batchEnded(let batch):
        #expect(batch.items == 5 && batch.gradientNorm ?? -1 > 0 && batch.means.loss.isFinite && run.history.stepLosses.count == batch.step)
        events.append("\(batch.epoch).\(batch.batch)")
      case .validated(let validation): events.append("validated \(validation.step)")
      case .epochEnded(let epoch):
        #expect(run.model.parameterCount == 3)
        events.append("epoch \(epoch.number)")
      case .runEnded(let history): events.append("ended \(history.epochs.count)")
      case .runFailed(let sentence, _): events.append("failed: \(sentence)")
      }
    }
    let (_, history) = try run([all])
    #expect(
      events == [
        "began 3 4", "1.1", "1.2", "1.3", "validated 3", "1.4", "epoch 1", "2.1", "2.2", "validated 6", "2.3", "2.4", "epoch 2", "3.1",
        "validated 9", "3.2", "3.3", "3.4", "validated 12", "epoch 3", "ended 3",
      ])
    #expect(history.validations.map(\.step) == [3, 6, 9, 12])
    #expect(history.epochs.map(\.validation) == [0, 1, 3].map { history.validations[$0].evaluation })
    // The end of a run, in the middle of an epoch and at its end.
    #expect(try run([.afterBatch { batch, run in if batch.step == 6 { run.stop() } }]).1.stepLosses.count == 6)
    let stopped = try run([.afterEpoch { epoch, run in if epoch.number == 2 { run.stop() } }]).1
    #expect(stopped.stepLosses.count == 8 && stopped.epochs.count == 2)
    // The learning rate.
    var seen: [Double] = []
    _ = try run([
      .afterBatch { batch, run in
        seen.append(batch.learningRate)
        run.learningRate /= 2
      }
    ])
    #expect(Array(seen.prefix(3)) == [0.01, 0.005, 0.0025])
    #expect {
      try checked { _ = try run([.afterBatch { _, run in run.learningRate = 1 }], schedule: .cosine(from: 0.1)) }
    } throws: { "\($0)".contains("the run has a schedule, which sets it") }
    // What it throws ends the run.
    struct Enough: Error {}
    events = []
    #expect(throws: Enough.self) { try run([all, .afterBatch { batch, _ in if batch.step == 2 { throw Enough() } }]) }
    #expect(events.last == "failed: Enough()")
  }

  /// Validation every second epoch: what is looked at is looked at then.
  @Test func validationEverySecondEpoch() throws {
    let data = withSeed(1) { TensorDataset(.normal([20, 2]), .normal([20, 1])) }
    var model = withSeed(2) { Chain { Dense(2, 1) } }
    let history = try model.fit(
      data, validation: data, loss: mse, optimizer: SGD(learningRate: 0), epochs: 5, batchSize: 5,
      earlyStopping: EarlyStopping(patience: 2),
      validateEvery: .epochs(2), progress: .none)
    // 2 is the first, 4 and 5 are no better.
    #expect(history.epochs.map { $0.validation != nil } == [false, true, false, true, true])
    #expect {
      try checked { try model.fit(data, loss: mse, optimizer: SGD(learningRate: 0), epochs: 1, validateEvery: .steps(0), progress: .none) }
    } throws: { "\($0)" == "fit: a validation every 0; 1 or more would fit" }
  }

  /// A step that throws, and one whose loss is not finite, leave the model as it was.
  @Test func stepsThatFail() throws {
    struct Stop: Error {}
    let start = withSeed(1) { Dense(2, 1) }
    var trainer = Trainer(start, optimizer: SGD(learningRate: 0.1))
    #expect(throws: Stop.self) {
      try trainer.fit(0..<3, epochs: 1, progress: .none) { model, _ -> Tensor in
        _ = model(.ones([1, 2]))
        throw Stop()
      }
    }
    #expect(throws: TrainingError.self) {
      try trainer.fit(0..<3, epochs: 1, progress: .none) { model, _ in model(.ones([1, 2])).sum() * Double.nan }
    }
    #expect(same(trainer.model.parameters, start.parameters))
    let rows: [(String, () throws -> Void)] = [
      ("fit: no batches to train on", { try trainer.fit([Int](), epochs: 1, progress: .none) { model, _ in model(.ones([1, 2])).sum() } }),
      (
        "fit: metrics, and the step gives nothing that they look at; Losses(total: loss, outputs: y, targets: t) would fit",
        {
          try trainer.fit(0..<2, epochs: 1, metrics: [.mae], progress: .none) { model, _ in model(.ones([1, 2])).sum() }
        }
      ),
      (
        "fit: two metrics are called mae; each needs a name of its own",
        {
          try trainer.fit(0..<2, epochs: 1, metrics: [.mae, .mae], progress: .none) { model, _ in model(.ones([1, 2])).sum() }
        }
      ),
      (
        "fit: gradients clipped at -1.0; a finite number, 0 or more, would fit",
        {
          try trainer.fit(0..<2, epochs: 1, clip: .norm(-1), progress: .none) { model, _ in model(.ones([1, 2])).sum() }
        }
      ),
    ]
    for (sentence, body) in rows { #expect { try checked { try body() } } throws: { "\($0)" == sentence } }
  }

  /// Killed anywhere, a run of several losses, metrics and accumulation goes on to the same end.
  @Test func resumes() throws {
    try IDXFixture.withFolder { (folder) throws in
      func fit(_ directory: String, stopAt step: Int? = nil) throws -> (TwoHeaded, History) {
        var trainer = Trainer(Self.model(), optimizer: AdamW(learningRate: 0.02))
        var history = History()
        do {
          history = try trainer.fit(
            Pictures(50, seed: 1), epochs: 3, batchSize: 6, seed: 4, validation: Pictures(20, seed: 2), metrics: [.accuracy, .auc, .f1()],
            schedule: .oneCycle(peak: 0.05), accumulate: 2, checkpoints: directory, every: .steps(1), keep: 100, resume: true,
            validateEvery: .steps(4), progress: .none,
            callbacks: [.afterBatch { batch, _ in if batch.step == step { throw CancellationError() } }]
          ) { model, batch in Self.losses(&model, batch) }
        } catch is CancellationError {}
        return (trainer.model, history)
      }
      let (whole, expected) = try fit(folder + "/whole")
      for step in [1, 2, 7, 8, 9, 10, 13, 20, 26] {
        _ = try fit(folder + "/\(step)", stopAt: step)
        let (model, history) = try fit(folder + "/\(step)")
        #expect(same(model.parameters, whole.parameters), "from step \(step)")
        #expect(history.stepLosses == expected.stepLosses && history.validations == expected.validations, "from step \(step)")
        #expect(history.epochs.map(\.training) == expected.epochs.map(\.training), "from step \(step)")
      }
      // Other metrics than those that were written.
      var trainer = Trainer(Self.model(), optimizer: AdamW(learningRate: 0.02))
      #expect {
        try trainer.fit(
          Pictures(50, seed: 1), epochs: 3, batchSize: 6, metrics: [.accuracy], schedule: .oneCycle(peak: 0.05),
          checkpoints: folder + "/whole",
          resume: true, progress: .none
        ) { model, batch in Self.losses(&model, batch) }
      } throws: { "\($0)".contains("metricNames is accuracy, auc, f1 macro, and this run has accuracy") }
    }
  }

  /// The parts alone, in a loop of one's own.
  @Test func partsAlone() {
    var history = History()
    var (best, stopping) = (BestModel<Dense>(), EarlyStopping(patience: 2))
    var model = withSeed(1) { Dense(1, 1) }
    var progress = TrainingProgress(epochs: 4, batches: 2, display: .none)
    var metric = Accuracy()
    for (epoch, loss) in [3.0, 1, 2, .nan].enumerated() {
      progress.begin(epoch + 1)
      model.updateParameters { _, value in value = value * 0 + Double(epoch) }
      metric.reset()
      for (part, items) in [(loss, 3), (loss + 4, 1)] {
        metric.add(Tensor([1], .int64), Tensor([1], .int64))
        progress.update(Losses(total: Tensor(part), ["half": Tensor(part / 2)]), items: items, metrics: [metric])
        history.append(step: part)
      }
      let figures = progress.end(metrics: [metric])
      history.append(epoch: figures)
      best.observe(figures.training.loss, model)
      stopping.observe(figures.training.loss)
    }
    #expect(history.epochs[0].training == Evaluation(loss: 4, losses: [.init("half", 2)], metrics: [.init("accuracy", 1)]))
    #expect(history.metricName == "accuracy" && history.epochs.count == 4 && history.stepLosses.count == 8 && stopping.isOver)
    #expect(best.kept?.figure == 2 && best.kept?.model.weight.item() == 1)
    #expect(history.svg(title: "parts").contains("Half"))
  }

  // MARK: Answers

  @Test func answersInBatches() throws {
    let model = withSeed(1) {
      Chain {
        Dense(3, 2); BatchNorm(2)
      }
    }
    let x = withSeed(2) { Tensor.normal([23, 3]) }
    let expected = model.predict(x)
    for batchSize in [1, 5, 23, 64] {
      #expect(abs(model.predict(over: x, batchSize: batchSize) - expected).max().item() < 1e-6)
      #expect(try abs(model.predict(over: TensorDataset(x, .zeros([23])), batchSize: batchSize) - expected).max().item() < 1e-6)
    }
    #expect(model.predict(over: x[0..<0]).shape == [0, 2])
    #expect(try model.predict(over: TensorDataset(x[0..<0], .zeros([0]))).shape == [0, 2])
    // Hidden values go on while streaming, and training's layers are at rest.
    var reader = withSeed(3) {
      Chain {
        GRU(3, 4); Dropout(0.5); Dense(4, 2)
      }
    }
    let steps = withSeed(4) { Tensor.normal([2, 6, 3]) }
    let whole = reader.unrolled().predict(steps)
    for t in 0..<6 {
      let answer = reader.predictAndAdvance(steps[.all, t])
      #expect(abs(answer - whole[.all, t]).max().item() < 1e-5, "step \(t)")
    }
    #expect(abs(reader.predict(steps[.all, 0]) - whole[.all, 0]).max().item() > 1e-4)
    reader.reset()
    #expect(abs(reader.predict(steps[.all, 0]) - whole[.all, 0]).max().item() < 1e-5)
  }

  /// What comes from outside and is no number is refused where that is asked for.
  @Test func numbersFromOutside() throws {
    let model = withSeed(1) { Chain { Dense(2, 2) } }
    #expect(try checked { model.predict(.ones([1, 2]), requiresFinite: true) }.shape == [1, 2])
    for (bad, text) in [(Float.nan, "nan"), (.infinity, "inf"), (-.infinity, "-inf")] {
      let x = Tensor([1, 2, 3, bad] as [Float], shape: [2, 2])
      #expect { try checked { _ = model.predict(x, requiresFinite: true) } } throws: {
        "\($0)" == "predict: the input is \(text) at [1, 1]; finite numbers would fit"
      }
      #expect(model.predict(x, requiresFinite: false).shape == [2, 2])
      // In a tuple.
      #expect { try checked { _ = Self.model().predict((x, .ones([2, 3])), requiresFinite: true) } } throws: {
        "\($0)".contains("at [1, 1]")
      }
    }
    var broken = model
    broken.updateParameters { _, value in value = value / 0.0 }
    #expect { try checked { _ = broken.predict(.ones([1, 2]), requiresFinite: true) } } throws: { "\($0)".contains("the answer is ") }
  }

  /// Probabilities outside 0 to 1 are refused by every layer that has one.
  @Test func probabilities() {
    let layers: [(String, (Double) -> Void)] = [
      ("Dropout", { _ = Dropout($0) }), ("AlphaDropout", { _ = AlphaDropout($0) }), ("ChannelDropout", { _ = ChannelDropout($0) }),
      ("DropPath", { _ = DropPath($0) }), ("LSTM", { _ = LSTM(2, 3, layers: 2, dropout: $0) }),
      ("GRU", { _ = GRU(2, 3, layers: 2, dropout: $0) }),
      ("MultiHeadAttention", { _ = MultiHeadAttention(4, heads: 2, dropout: $0) }),
      ("TransformerEncoderBlock", { _ = TransformerEncoderBlock(4, heads: 2, dropout: $0) }),
      ("TransformerDecoderBlock", { _ = TransformerDecoderBlock(4, heads: 2, dropout: $0) }),
      (
        "dropout",
        { p in
          var random = RandomStream(seed: 1)
          _ = Tensor.ones([2]).dropout(probability: p, using: &random)
        }
      ),
      ("labelSmoothing", { _ = crossEntropy(.ones([1, 2]), Tensor([0], .int64), labelSmoothing: $0, reduction: .mean) }),
    ]
    for (name, make) in layers {
      for p in [-0.1, 1.5, .nan, .infinity] {
        #expect { try checked { make(p) } } throws: { error in
          if !"\(error)".contains("0 to 1 would fit") { Issue.record("\(name): \(error)") }
          return true
        }
      }
      #expect(throws: Never.self) { try checked { make(0.5) } }
    }
  }
}
