import Fluxion
import Foundation
import Testing

/// The directory that `fit` keeps.
@Suite struct FitCheckpointTests {
  private static func data() -> TensorDataset {
    var random = RandomStream(seed: 1)
    let x = Tensor.normal([40, 2], using: &random)
    return TensorDataset(x, (x[.all, 0] .> x[.all, 1]).cast(to: .int64))
  }

  private static func model(_ seed: UInt64 = 2) -> Chain {
    withSeed(seed) {
      Chain {
        Dense(2, 4, activation: relu); Dense(4, 2)
      }
    }
  }

  private static func files(_ folder: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }

  private static func step(of path: String) throws -> Int? { try SafetensorsFile(path).metadata["step"].flatMap { Int($0) } }

  private static func numbered(_ steps: Int...) -> [String] {
    ["best.safetensors", "last.safetensors"] + steps.map { "step-" + String(String($0 + 100_000_000).dropFirst()) + ".safetensors" }
  }

  @Test func newestAndBestStay() throws {
    try IDXFixture.withFolder { (folder) throws in
      var model = Self.model()
      // The validation loss is best after the second epoch: the step size is then made too large.
      struct Wild: Schedule {
        func rate(at step: Int) -> Double { step < 10 ? 0.1 : 30 }
      }
      let history = try model.fit(
        Self.data(), validation: Self.data(), loss: crossEntropy, optimizer: SGD(learningRate: 1), epochs: 8, batchSize: 8, seed: 1,
        schedule: Wild(), checkpoints: folder + "/a/b", keep: 3, progress: .none)
      let losses = history.epochs.compactMap(\.validation?.loss)
      let best = try #require(losses.indices.min { losses[$0] < losses[$1] }) + 1
      try #require(best < 5)
      #expect(try Self.files(folder + "/a/b") == Self.numbered(best * 5, 30, 35, 40))
      #expect(try Self.step(of: folder + "/a/b/best.safetensors") == best * 5)
      #expect(try Self.step(of: folder + "/a/b/last.safetensors") == 40)

      // A checkpoint is a file of weights too.
      var other = Self.model(3)
      try other.load(from: folder + "/a/b/last.safetensors")
      #expect(same(other.parameters, model.parameters))
      try other.load(from: folder + "/a/b/best.safetensors")
      #expect(other.evaluate(Self.data(), loss: crossEntropy, batchSize: 8).loss == losses[best - 1])
    }
  }

  @Test func intervals() throws {
    let rows: [(TrainingInterval, Int, [String])] = [
      (.epochs(1), 100, Self.numbered(5, 10, 15)), (.epochs(2), 100, Self.numbered(5, 10, 15)), (.epochs(1), 1, Self.numbered(15)),
      (.steps(4), 100, Self.numbered(4, 5, 8, 10, 12, 15)), (.steps(100), 2, Self.numbered(10, 15)),
    ]
    for (interval, keep, expected) in rows {
      try IDXFixture.withFolder { (folder) throws in
        var model = Self.model()
        try model.fit(
          Self.data(), loss: crossEntropy, optimizer: Adam(learningRate: 0.01), epochs: 3, batchSize: 8, seed: 1, checkpoints: folder,
          every: interval, keep: keep, progress: .none)
        #expect(try Self.files(folder) == expected, "\(interval)")
      }
    }
  }

  @Test func moreEpochsGoOn() throws {
    try IDXFixture.withFolder { (folder) throws in
      func fit(_ model: inout Chain, _ epochs: Int, _ directory: String?, resume: Bool) throws -> History {
        try model.fit(
          Self.data(), loss: crossEntropy, optimizer: Adam(learningRate: 0.01), epochs: epochs, batchSize: 8, seed: 1,
          checkpoints: directory, resume: resume, progress: .none)
      }
      var whole = Self.model()
      let expected = try fit(&whole, 5, nil, resume: false)
      var model = Self.model()
      // There is nothing yet: it begins.
      #expect(try fit(&model, 2, folder, resume: true).epochs.count == 2)
      let history = try fit(&model, 5, folder, resume: true)
      #expect(history.stepLosses == expected.stepLosses && history.epochs.map(\.number) == [1, 2, 3, 4, 5])
      #expect(history.epochs.map(\.training) == expected.epochs.map(\.training))
      #expect(same(model.parameters, whole.parameters))
      // It is at its end.
      var again = Self.model(7)
      #expect(try fit(&again, 5, folder, resume: true).stepLosses == expected.stepLosses)
      #expect(same(again.parameters, whole.parameters))
      // It was killed after its last file, before that had its names.
      let files = try Self.files(folder)
      for name in ["last", "best"] { try FileManager.default.removeItem(atPath: "\(folder)/\(name).safetensors") }
      #expect(try fit(&again, 5, folder, resume: true).stepLosses == expected.stepLosses)
      #expect(try Self.files(folder) == files)
      // Only the last one was left.
      for file in try Self.files(folder) where file.hasPrefix("step") { try FileManager.default.removeItem(atPath: "\(folder)/\(file)") }
      again = Self.model(7)
      #expect(try fit(&again, 5, folder, resume: true).stepLosses == expected.stepLosses)
    }
  }

  // MARK: Early stopping

  @Test func patience() {
    let rows: [(EarlyStopping, [Double], Int?)] = [
      (EarlyStopping(patience: 2), [3, 2, 2.5, 2.1, 1], 4), (EarlyStopping(patience: 2), [3, 2, 2.5, 1.9, 1.95], nil),
      (EarlyStopping(patience: 1), [3, 3], 2), (EarlyStopping(patience: 1, minimumImprovement: 0.5), [3, 2.6, 1], 2),
      (EarlyStopping(patience: 1, minimumImprovement: 0.5), [3, 2.4, 1.8], nil),
      (EarlyStopping(on: .metric, patience: 1), [0.5, 0.6, 0.6], 3), (EarlyStopping(on: .lowestMetric, patience: 1), [0.5, 0.4, 0.6], 3),
      (EarlyStopping(patience: 2), [.nan, .nan], 2), (EarlyStopping(patience: 2), [.nan, 1, .nan, 0.5], nil),
      (EarlyStopping(patience: 1), [.infinity, 1, 0], nil),
    ]
    for (stopping, values, end) in rows {
      var stopping = stopping
      var over: Int?
      for (i, value) in values.enumerated() where over == nil {
        stopping.observe(value)
        if stopping.isOver { over = i + 1 }
      }
      #expect(over == end, "\(values)")
    }
  }

  @Test(arguments: [false, true]) func theBestModelComesBack(_ hasDirectory: Bool) throws {
    struct Wild: Schedule {
      func rate(at step: Int) -> Double { step < 10 ? 0.1 : 30 }
    }
    try IDXFixture.withFolder { (folder) throws in
      func fit(_ model: inout Chain, restoringBest: Bool, _ directory: String?) throws -> History {
        try model.fit(
          Self.data(), validation: Self.data(), loss: crossEntropy, optimizer: SGD(learningRate: 1), epochs: 20, batchSize: 8, seed: 1,
          schedule: Wild(), earlyStopping: EarlyStopping(patience: 3, restoringBest: restoringBest), checkpoints: directory, keep: 1,
          resume: directory != nil, progress: .none)
      }
      var best = Self.model()
      let history = try fit(&best, restoringBest: true, hasDirectory ? folder : nil)
      let losses = history.epochs.compactMap(\.validation?.loss)
      let least = try #require(losses.min())
      #expect(losses.count == losses.firstIndex(of: least)! + 4 && losses.count < 20)
      #expect(best.evaluate(Self.data(), loss: crossEntropy, batchSize: 8).loss == least)
      var last = Self.model()
      _ = try fit(&last, restoringBest: false, nil)
      #expect(last.evaluate(Self.data(), loss: crossEntropy, batchSize: 8).loss == losses.last)
      guard hasDirectory else { return }
      // Taken up after its end, in a process that has not seen the best model.
      var again = Self.model(5)
      #expect(try fit(&again, restoringBest: true, folder).epochs.count == losses.count)
      #expect(same(again.parameters, best.parameters))
    }
  }

  // MARK: Nothing broken is written

  @Test func noCheckpointOfABrokenModel() throws {
    try IDXFixture.withFolder { (folder) throws in
      var model = Self.model()
      let before = Self.data()
      var rows = before.inputs.scalars(Float.self)
      rows[70] = .infinity
      let data = TensorDataset(Tensor(rows, shape: [40, 2]), before.targets)
      #expect(throws: TrainingError.self) {
        try model.fit(
          data, loss: crossEntropy, optimizer: SGD(learningRate: 0.1), epochs: 1, batchSize: 8, shuffle: false, checkpoints: folder,
          every: .steps(1), keep: 10, progress: .none)
      }
      #expect(try Self.files(folder) == ["last.safetensors"] + Self.numbered(1, 2, 3, 4).dropFirst(2))
      var last = Self.model(9)
      try last.load(from: folder + "/last.safetensors")
      #expect(same(last.parameters, model.parameters))
    }
    // The loss was finite, and the step was not.
    try IDXFixture.withFolder { (folder) throws in
      var model = Self.model()
      #expect {
        try model.fit(
          Self.data(), loss: crossEntropy, optimizer: SGD(learningRate: 1e300), epochs: 1, batchSize: 40, checkpoints: folder,
          progress: .none)
      } throws: { "\($0)".contains("is not finite after 1 steps; no checkpoint was written of it") }
      #expect(try Self.files(folder) == [])
    }
  }

  @Test func whatOnEpochThrowsEndsItAfterTheCheckpoint() throws {
    struct Enough: Error {}
    try IDXFixture.withFolder { (folder) throws in
      var model = Self.model()
      #expect(throws: Enough.self) {
        try model.fit(
          Self.data(), loss: crossEntropy, optimizer: Adam(), epochs: 3, batchSize: 8, checkpoints: folder, progress: .none
        ) { epoch, _ in if epoch.number == 2 { throw Enough() } }
      }
      #expect(try Self.step(of: folder + "/last.safetensors") == 10)
    }
  }
}
