import Fluxion
import Testing

@Suite struct FitTests {
  /// Two classes that a line parts.
  private static func points(_ count: Int, seed: UInt64 = 1) -> TensorDataset {
    var random = RandomStream(seed: seed)
    let x = Tensor.normal([count, 2], using: &random)
    return TensorDataset(x, (x[.all, 0] .> x[.all, 1]).cast(to: .int64))
  }

  private static func model() -> Chain {
    withSeed(2) {
      Chain {
        Dense(2, 8, activation: relu)
        Dense(8, 2)
      }
    }
  }

  @Test func learnsAndRemembersHow() throws {
    var model = Self.model()
    let (train, test) = Self.points(500).split(at: 400)
    var seen: [Int] = []
    let history = try model.fit(
      train, validation: test, loss: crossEntropy, optimizer: Adam(learningRate: 0.02), epochs: 5, batchSize: 30, seed: 1, progress: .none
    ) { epoch, model in
      seen.append(epoch.number)
      #expect(model.evaluate(test, loss: crossEntropy, metrics: [.accuracy]).isClose(to: epoch.validation))
    }
    #expect(seen == [1, 2, 3, 4, 5])
    #expect(history.stepLosses.count == 5 * 14)
    #expect(history.metricName == "accuracy")
    #expect(history.epochs.map(\.number) == seen)
    for (i, epoch) in history.epochs.enumerated() {
      // The last batch of an epoch has ten examples and counts as such.
      let losses = history.stepLosses[i * 14..<(i + 1) * 14]
      let mean = (losses.dropLast().reduce(0, +) * 30 + losses[i * 14 + 13] * 10) / 400
      #expect(abs(epoch.training.loss - mean) < 1e-12)
      #expect(epoch.seconds > 0 && epoch.itemsPerSecond > 0)
    }
    let last = try #require(history.epochs.last)
    #expect(try #require(last.training.metric) > 0.9)
    #expect(try #require(last.validation?.metric) > 0.9)
    #expect(last.training.loss < history.epochs[0].training.loss)
  }

  @Test func theSameSeedGivesTheSameBits() throws {
    func train(_ seed: UInt64) throws -> ([Double], [[Float]]) {
      var model = Self.model()
      let history = try model.fit(
        Self.points(100), loss: crossEntropy, optimizer: SGD(learningRate: 0.1), epochs: 2, batchSize: 16, seed: seed, progress: .none)
      return (history.stepLosses, model.parameters.map { $0.value.scalars(Float.self) })
    }
    let (losses, parameters) = try train(1)
    #expect(try train(1) == (losses, parameters))
    #expect(try train(2).0 != losses)
  }

  @Test func withoutClassIDsThereIsNoMetricUnlessOneIsGiven() throws {
    let data = TensorDataset(.ones([8, 2]), .zeros([8, 1]))
    var model = Chain { Dense(2, 1) }
    #expect(try model.fit(data, loss: mse, optimizer: SGD(learningRate: 0.1), epochs: 1, progress: .none).metricName == nil)
    let distance = MeanMetric("distance") { y, target in abs(y - target).mean().item() }
    let history = try model.fit(data, loss: mse, optimizer: SGD(learningRate: 0.1), epochs: 1, metrics: [distance], progress: .none)
    #expect(history.metricName == "distance" && history.epochs[0].training.metric != nil)
  }

  /// A model that counts its runs, so that the law covers state as well as parameters.
  private struct Counting: Model {
    var layer: Dense
    @Recurrent var runs: Tensor = [0]
    mutating func callAsFunction(_ x: Tensor) -> Tensor {
      runs = runs + 1
      return layer(x)
    }
  }

  @Test(arguments: [Double.nan, .infinity]) func stopsAtALossThatIsNotFinite(_ bad: Double) throws {
    // The 8th example, in the second batch of four, is bad.
    var rows = [Float](repeating: 0.5, count: 12)
    rows[7] = Float(bad)
    let data = TensorDataset(Tensor(rows, shape: [12, 1]), .zeros([12, 1]))
    let start = withSeed(3) { Counting(layer: Dense(1, 1)) }

    var expected = start
    try expected.fit(data[0..<4], loss: mse, optimizer: SGD(learningRate: 0.1), epochs: 1, batchSize: 4, shuffle: false, progress: .none)
    var model = start
    do {
      try model.fit(data, loss: mse, optimizer: SGD(learningRate: 0.1), epochs: 2, batchSize: 4, shuffle: false, progress: .none)
      Issue.record("no error")
    } catch TrainingError.nonFiniteLoss(let loss, let epoch, let step) {
      #expect(!loss.isFinite && epoch == 1 && step == 2)
    }
    #expect(model.parameters.map { $0.value.scalars(Float.self) } == expected.parameters.map { $0.value.scalars(Float.self) })
    #expect(model.runs.scalars(Float.self) == [1])
    #expect(model.parameters.map { $0.value.scalars(Float.self) } != start.parameters.map { $0.value.scalars(Float.self) })
    #expect(
      TrainingError.nonFiniteLoss(.nan, epoch: 3, step: 17).description
        == "fit: the loss is NaN at epoch 3, step 17; the model is as it was before that step")
  }

  @Test func mistakesAreThrownFromACheckedScopeAndChangeNothing() {
    var model = Self.model()
    let before = model.parameters.map { $0.value.scalars(Float.self) }
    let cases: [(TensorDataset, Int, String)] = [
      (TensorDataset(.zeros([4, 3]), Tensor([0, 1, 0, 1], .int64)), 1, "[4, 3]"),
      (Self.points(4)[0..<0], 1, "fit: no examples to train on"),
      (Self.points(4), -1, "fit: -1 epochs; 0 or more would fit"),
    ]
    for (data, epochs, part) in cases {
      #expect {
        try checked { try model.fit(data, loss: crossEntropy, optimizer: Adam(), epochs: epochs, progress: .none) }
      } throws: { "\($0)".contains(part) }
    }
    #expect(model.parameters.map { $0.value.scalars(Float.self) } == before)
  }

  @Test func metrics() throws {
    let outputs: Tensor = [[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]]
    #expect(accuracy(outputs, Tensor([1, 0, 0, 0], .int64)) == 0.75)
    #expect(accuracy(outputs, [[0, 1], [1, 0], [1, 0], [1, 0]]) == 0.75)
    let matrix = confusionMatrix(Tensor([1, 0, 1, 2], .int64), Tensor([1, 0, 0, 2], .int64), classes: 3)
    #expect(matrix.dtype == .int64 && matrix.scalars(Int.self) == [1, 1, 0, 0, 1, 0, 0, 0, 1])
    let bad: [(Tensor, Tensor)] = [
      (Tensor([3], .int64), Tensor([0], .int64)), (Tensor([0], .int64), Tensor([-1], .int64)),
      (Tensor([0, 1], .int64), Tensor([0], .int64)), ([0.5], Tensor([0], .int64)),
    ]
    for (predictions, labels) in bad {
      #expect(throws: TensorError.self) { try checked { confusionMatrix(predictions, labels, classes: 3) } }
    }
    #expect(throws: TensorError.self) { try checked { accuracy(outputs, Tensor([1, 0], .int64)) } }
  }
}

extension Evaluation {
  fileprivate func isClose(to other: Evaluation?) -> Bool { other.map { abs($0.loss - loss) < 1e-6 && $0.metric == metric } ?? false }
}
