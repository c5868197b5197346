import Fluxion
import Foundation
import Testing

/// Ten steps are five steps, a checkpoint, a new start, and five steps: to the bit.
@Suite struct ResumeLawTests {
  /// Everything that has a memory: running statistics, hidden values from call to call, a dropout's stream and the stream in force.
  struct Reader: Model {
    var normal = BatchNorm(4)
    var encoder = Chain {
      GRU(4, 5); Dropout(0.3)
    }.unrolled(stateful: true)
    var out = Dense(5, 2)

    mutating func callAsFunction(_ x: Tensor) -> Tensor {
      let noise = currentMode == .training ? Tensor.normal(x.shape, x.dtype) * 0.1 : .zeros(x.shape, x.dtype)
      let rows = normal((x + noise).reshaped([-1, 4])).reshaped(x.shape)
      return out(encoder(rows)[.all, -1])
    }
  }

  /// Long enough in the making that batches are prepared ahead, and with random numbers of its own.
  struct Noisy: Dataset {
    let dtype: DType
    let count = 24
    func batch(_ indices: [Int]) -> (Tensor, Tensor) {
      usleep(60)
      let x =
        stack(indices.map { i in withSeed(UInt64(i)) { Tensor.normal([3, 4], dtype) } }) + Tensor.normal([indices.count, 3, 4], dtype)
      return (x, Tensor(indices.map { $0 % 2 }))
    }
  }

  private static func model(_ dtype: DType, _ seed: UInt64) -> Reader {
    var model = withSeed(seed) { Reader() }
    model.castParameters(to: dtype)
    return model
  }

  /// Steps of a loop written by hand, through passes of six batches, from wherever the run is.
  private static func steps<O: Optimizer>(_ count: Int, _ run: inout TrainingState<Reader, O>, _ dtype: DType) {
    let loader = DataLoader(Noisy(dtype: dtype), batchSize: 4, shuffle: true, seed: run.seed)
    let end = run.step + count
    while run.step < end {
      for (x, y) in loader.pass(run.epoch, from: run.batch) {
        if run.step == end { return }
        let (loss, gradient) = valueAndGradient(at: &run.model) { model in crossEntropy(model(x), y) }
        if let schedule = run.schedule { run.optimizer.learningRate = schedule.rate(at: run.step) }
        run.optimizer.update(&run.model, along: gradient)
        run.advance(loss: loss.item())
      }
      run.schedule?.observe(run.history.stepLosses.last ?? 0)
      run.endEpoch()
    }
  }

  @Test(arguments: resumeList, [DType.float32, .float64])
  func stepsAreTheSame(_ row: ResumeRow, _ dtype: DType) throws {
    func check<O: Optimizer>(_ optimizer: O) throws {
      try IDXFixture.withFolder { (folder) throws in
        // Amid a pass; for one of them also between two, after the first step, and before it.
        for (first, rest) in row.name == "AdamW" ? [(5, 5), (6, 4), (1, 9), (0, 10)] : [(5, 5)] {
          let path = folder + "/run.safetensors"
          var model = Self.model(dtype, 1)
          model.freeze("out.bias")
          var whole = TrainingState(model, optimizer, schedule: row.schedule?(), seed: 3)
          var half = whole
          withSeed(4) { Self.steps(first + rest, &whole, dtype) }
          try withSeed(4) {
            Self.steps(first, &half, dtype)
            try half.save(to: path)
          }
          // Another start altogether: other weights, rates, orders, streams.
          guard var other = row.optimizer() as? O else {
            Issue.record("another type")
            return
          }
          other.learningRate *= 3
          var resumed = TrainingState(Self.model(dtype, 2), other, schedule: row.schedule?(), seed: 9)
          try withSeed(5) {
            try resumed.load(from: path)
            Self.steps(rest, &resumed, dtype)
          }
          #expect(same(resumed.model.namedTensors(includingState: true), whole.model.namedTensors(includingState: true)))
          #expect(resumed.history.stepLosses == whole.history.stepLosses && resumed.history.stepLosses.count == 10)
          #expect(resumed.optimizer.learningRate == whole.optimizer.learningRate)
          #expect((resumed.epoch, resumed.batch, resumed.step) == (whole.epoch, whole.batch, whole.step))
          #expect(resumed.model.frozenParameterNames == ["out.bias"])
        }
      }
    }
    try check(row.optimizer())
  }

  /// A run of `fit` that is taken up at any of its steps ends as it would have ended.
  @Test func everyCheckpointOfFitLeadsToTheSameEnd() throws {
    struct Result: Equatable {
      var tensors: [String]
      var losses: [Double]
      var figures: [Evaluation?]
    }
    func fit(_ directory: String, _ seed: UInt64, stopping: EarlyStopping? = nil, resume: Bool) throws -> Result {
      try withSeed(seed) {
        var model = Self.model(.float32, seed)
        let history = try model.fit(
          Noisy(dtype: .float32), validation: Noisy(dtype: .float32), loss: crossEntropy, optimizer: AdamW(learningRate: 0.03), epochs: 4,
          batchSize: 6, schedule: resumeList.last?.schedule?(), earlyStopping: stopping, checkpoints: directory, every: .steps(1),
          keep: 1000,
          resume: resume, progress: .none)
        #expect(history.metricName == "accuracy")
        return Result(
          tensors: model.namedTensors(includingState: true).map { "\($0.name) \($0.value.copyOfElements)" }, losses: history.stepLosses,
          figures: history.epochs.flatMap { [$0.training, $0.validation] })
      }
    }
    for stopping in [nil, EarlyStopping(on: .metric, patience: 1, restoringBest: true)] {
      try IDXFixture.withFolder { (folder) throws in
        let whole = try fit(folder + "/whole", 1, stopping: stopping, resume: false)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder + "/whole").filter { $0.hasPrefix("step") }.sorted()
        #expect(files.count == whole.losses.count && files.count.isMultiple(of: 4))
        for i in files.indices {
          let directory = folder + "/\(i)"
          try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
          for file in files[...i] { try FileManager.default.copyItem(atPath: "\(folder)/whole/\(file)", toPath: "\(directory)/\(file)") }
          // The seed was the other run's: it is in the checkpoint.
          let resumed = try fit(directory, 2, stopping: stopping, resume: true)
          #expect(resumed.losses == whole.losses, "from \(files[i])")
          #expect(resumed.figures == whole.figures, "from \(files[i])")
          #expect(resumed.tensors == whole.tensors, "from \(files[i])")
        }
      }
    }
  }
}
