import Fluxion
import Foundation
import Testing

/// Checkpoints and files of weights that are not what they should be: one sentence each, and nothing is changed.
@Suite struct CheckpointMistakeTests {
  private typealias Run = TrainingState<Chain, AdamW>

  private static func run(_ seed: UInt64 = 1) -> Run {
    let model = withSeed(seed) {
      Chain {
        Dense(2, 3); BatchNorm(3); Dropout(0.5)
      }
    }
    return TrainingState(model, AdamW(learningRate: 0.1), schedule: Constant(), earlyStopping: EarlyStopping(patience: 2), seed: 1)
  }

  private struct Constant: Schedule {
    var rate = 0.5
    func rate(at step: Int) -> Double { rate }
  }

  /// A run after three steps.
  private static func trained() -> Run {
    var run = run()
    for _ in 0..<3 {
      let (loss, gradient) = valueAndGradient(at: &run.model) { model in model(withSeed(3) { .normal([4, 2]) }).squared.sum() }
      run.optimizer.update(&run.model, along: gradient)
      run.advance(loss: loss.item())
    }
    return run
  }

  /// All that a run has, as text.
  private static func contents<M, O>(_ run: TrainingState<M, O>) -> [String] {
    var (copy, visitor) = (run, StateVisitor())
    copy.visitState(&visitor)
    return visitor.values.map { "\($0.key): \($0.value)" }.sorted() + visitor.tensors.map { "\($0.name) \($0.value.copyOfElements)" }
  }

  private static func refuses<M, O>(_ path: String, _ run: TrainingState<M, O>, _ part: String) {
    var run = run
    withSeed(6) {
      let before = contents(run)
      #expect { try run.load(from: path) } throws: { error in
        let sentence = "\(error)"
        if !part.isEmpty && !sentence.contains(part) { Issue.record("\(sentence) instead of \(part)") }
        return !sentence.contains("\n") && sentence.hasPrefix(path)
      }
      // The stream in force is in it, too.
      #expect(contents(run) == before)
    }
  }

  private static let lies: [([String: String?], String)] = [
    (["step": "-1"], "step is -1; 0 or more would fit"),
    (["step": "9223372036854775807"], "step is 9223372036854775807, which nothing counts to"),
    (["batch": "x"], "batch is \"x\", which is no Int"),
    (["epoch": nil], "missing epoch"),
    (["seed": "-1"], "seed is \"-1\", which is no UInt64"),
    (["random.position": ""], "random.position is \"\", which is no UInt64"),
    (["optimizer.learningRate": "fast"], "optimizer.learningRate is \"fast\", which is no Double"),
    (["optimizer.state.names.count": "-1"], "names.count is -1 and not a number of names that there are"),
    (["optimizer.state.names.count": "1000000000"], "names.count is 1000000000 and not a number of names that there are"),
    (
      ["optimizer.state.names.count": "3"],
      "names is layers.0.weight, layers.0.bias, layers.1.weight, and not the model's parameters"
    ),
    (["optimizer.state.names.0": "layers.9.weight"], "and not the model's parameters"),
    (["optimizer.state.names.0": "layers.0.bias"], "and not the model's parameters"),
    (["optimizer.state.layers.0.bias.steps": "-3"], "optimizer.state.layers.0.bias.steps is -3; 0 or more would fit"),
    (["optimizer.state.layers.0.bias.slots.count": "1"], "unexpected optimizer.state.layers.0.bias.slots.1"),
    (["optimizer.state.layers.0.bias.slots.count": "3"], "missing optimizer.state.layers.0.bias.slots.2"),
    (["checkpoint.optimizer": "Adam"], "optimizer: Adam, and that of this run is AdamW"),
    (["checkpoint.schedule": nil], "schedule: none, and that of this run is Constant"),
    (["checkpoint.format": "7"], "format: 7, and that of this run is 2"),
    (["checkpoint.format": nil], "no checkpoint of a training run; weights alone are for the model's own load(from:)"),
    (["earlyStopping.best.count": "2"], "missing earlyStopping.best"),
    (["model.layers.2.random.seed": nil], "missing model.layers.2.random.seed"),
  ]

  @Test func metadataThatLies() throws {
    try IDXFixture.withFolder { (folder) throws in
      let path = folder + "/run.safetensors"
      try Self.trained().save(to: path)
      let file = try SafetensorsFile(path)
      let tensors = try file.names.map { (name: $0, value: try file.tensor($0)) }
      for (changes, part) in Self.lies {
        var metadata = file.metadata
        for (name, value) in changes {
          #expect(metadata[name] != nil, "\(name)")
          metadata[name] = value
        }
        try SafetensorsFile.write(tensors, metadata: metadata, to: path)
        Self.refuses(path, Self.run(2), part)
      }
    }
  }

  @Test func tensorsThatDoNotFit() throws {
    let rows: [(String, Tensor?, String)] = [
      ("model.layers.0.weight", nil, "missing model.layers.0.weight"),
      ("model.layers.0.weight", .zeros([2, 3]), "model.layers.0.weight is float32 [2, 3] and not float32 [3, 2]"),
      ("model.layers.0.weight", .zeros([3, 2], .float64), "model.layers.0.weight is float64 [3, 2] and not float32 [3, 2]"),
      ("model.layers.1.running_mean", .zeros([4]), "model.layers.1.running_mean is float32 [4] and not float32 [3]"),
      ("optimizer.state.layers.0.bias.slots.1", nil, "missing optimizer.state.layers.0.bias.slots.1"),
      ("optimizer.state.layers.0.bias.slots.1", .zeros([4]), "slots.1 is float32 [4] and not float32 [3]"),
      ("history.stepLosses", .zeros([3]), "history.stepLosses is float32 [3]; float64 with one axis would fit"),
      ("history.epochs", .zeros([7], .float64), "history.epochs is 7 numbers; 5 for each epoch would fit"),
      ("model.layers.9.weight", .zeros([1]), "unexpected model.layers.9.weight"),
    ]
    try IDXFixture.withFolder { (folder) throws in
      let path = folder + "/run.safetensors"
      try Self.trained().save(to: path)
      let file = try SafetensorsFile(path)
      let all = try file.names.map { (name: $0, value: try file.tensor($0)) }
      for (name, value, part) in rows {
        let tensors = all.filter { $0.name != name } + (value.map { [(name: name, value: $0)] } ?? [])
        try SafetensorsFile.write(tensors, metadata: file.metadata, to: path)
        Self.refuses(path, Self.run(2), part)
      }
    }
  }

  @Test func filesThatAreNone() throws {
    try IDXFixture.withFolder { (folder) throws in
      let path = folder + "/run.safetensors"
      try Self.trained().save(to: path)
      let whole = try Array(Data(contentsOf: URL(fileURLWithPath: path)))
      var model = Self.run(2).model
      let before = model.namedTensors()
      for count in stride(from: 0, to: whole.count, by: 37) {
        try IDXFixture.write(Array(whole[..<count]), path)
        Self.refuses(path, Self.run(2), "")
        #expect(throws: DataError.self) { try model.load(from: path) }
      }
      Self.refuses(folder, Self.run(2), "")
      Self.refuses(folder + "/none", Self.run(2), "")
      for place in [folder, folder + "/none"] { #expect(throws: DataError.self) { try model.load(from: place) } }
      #expect(same(model.namedTensors(), before))
      #expect { try model.save(to: folder) } throws: { "\($0)" == "\(folder): cannot be written: Is a directory" }
      #expect { try model.save(to: folder + "/none/x") } throws: { "\($0)".contains("cannot be written: No such file or directory") }
      #expect { try model.save(to: "/proc/x") } throws: { "\($0)".contains("/proc/x: cannot be written") }
    }
  }

  /// Another kind of model or optimizer.
  @Test func otherRuns() throws {
    try IDXFixture.withFolder { (folder) throws in
      let path = folder + "/run.safetensors"
      let trained = Self.trained()
      try trained.save(to: path)
      Self.refuses(path, TrainingState(trained.model, SGD(learningRate: 1)), "early stopping: EarlyStopping, and that of this run is none")
      Self.refuses(
        path, TrainingState(trained.model, SGD(learningRate: 1), schedule: Constant(), earlyStopping: EarlyStopping(patience: 1)),
        "optimizer: AdamW, and that of this run is SGD")
      let other = Chain { Dense(2, 3) }
      Self.refuses(
        path, TrainingState(other, AdamW(), schedule: Constant(), earlyStopping: EarlyStopping(patience: 1)),
        "unexpected model.layers.1.weight, model.layers.1.bias, ")
      try trained.model.save(to: path)
      Self.refuses(path, Self.run(2), "no checkpoint of a training run")
    }
  }

  // MARK: fit

  private static func fit(
    _ directory: String?, count: Int = 8, batchSize: Int = 4, shuffle: Bool = true, every: TrainingInterval = .epochs(1), keep: Int = 3,
    resume: Bool, stopping: EarlyStopping? = nil
  ) throws {
    var model = withSeed(1) { Chain { Dense(2, 1) } }
    let before = model.parameters
    do {
      try model.fit(
        TensorDataset(.ones([count, 2]), .zeros([count, 1])), loss: mse, optimizer: SGD(learningRate: 0.1), epochs: 1, batchSize: batchSize,
        shuffle: shuffle, earlyStopping: stopping, checkpoints: directory, every: every, keep: keep, resume: resume, progress: .none)
    } catch {
      #expect(same(model.parameters, before))
      throw error
    }
  }

  @Test func directories() throws {
    try IDXFixture.withFolder { (folder) throws in
      try IDXFixture.write([1], folder + "/file")
      func refuses(_ part: String, _ body: () throws -> Void) {
        #expect { try body() } throws: { error in
          if !"\(error)".contains(part) { Issue.record("\(error) instead of \(part)") }
          return true
        }
      }
      refuses("\(folder)/file: is no directory, which checkpoints want") { try Self.fit(folder + "/file", resume: true) }
      refuses("\(folder)/file/x: cannot be made a directory") { try Self.fit(folder + "/file/x", resume: true) }
      refuses("/proc/x: cannot be made a directory") { try Self.fit("/proc/x", resume: true) }
      try Self.fit(folder + "/run", resume: false)
      refuses("\(folder)/run: has checkpoints of an earlier run; resume: true goes on with it, another directory begins anew") {
        try Self.fit(folder + "/run", resume: false)
      }
      let file = folder + "/run/step-00000002.safetensors"
      let wanted = "batches of 4 of 8 examples, shuffled; this run has batches of"
      refuses("\(file): order: \(wanted) 2 of 8 examples, shuffled") { try Self.fit(folder + "/run", batchSize: 2, resume: true) }
      refuses("\(file): order: \(wanted) 4 of 9 examples, shuffled") { try Self.fit(folder + "/run", count: 9, resume: true) }
      refuses("\(file): order: \(wanted) 4 of 8 examples, in order") { try Self.fit(folder + "/run", shuffle: false, resume: true) }

      let whole = try SafetensorsFile(file)
      let tensors = try whole.names.map { (name: $0, value: try whole.tensor($0)) }
      for (name, lie) in [
        ("step", "3"), ("epoch", "1000000000"), ("batch", "1"), ("mean.count", "7"), ("mean.count", "-1"), ("bestStep", "9"),
        ("epoch", "4611686018427387904"),
      ] {
        try SafetensorsFile.write(tensors, metadata: whole.metadata.merging([name: lie]) { $1 }, to: file)
        refuses("do not belong together") { try Self.fit(folder + "/run", resume: true) }
      }
      try IDXFixture.write([1, 2, 3], file)
      refuses("\(file): header length at offset 0: the file ends after 3 bytes") { try Self.fit(folder + "/run", resume: true) }
      refuses("fit: 0 checkpoints to keep; 1 or more would fit") { try checked { try Self.fit(folder + "/x", keep: 0, resume: true) } }
      refuses("fit: a checkpoint every 0; 1 or more would fit") {
        try checked { try Self.fit(folder + "/x", every: .steps(0), resume: true) }
      }
      refuses("fit: a run to resume, and no directory of checkpoints") { try checked { try Self.fit(nil, resume: true) } }
      refuses("fit: early stopping on a metric, and there is none; metrics: […] would fit") {
        try checked { try Self.fit(nil, resume: false, stopping: EarlyStopping(on: .metric, patience: 1)) }
      }
      refuses("EarlyStopping: a patience of 0 epochs; 1 or more would fit") { try checked { _ = EarlyStopping(patience: 0) } }
      refuses("EarlyStopping: a minimum improvement of -1.0; 0 or more would fit") {
        try checked { _ = EarlyStopping(patience: 1, minimumImprovement: -1) }
      }
      refuses("DataLoader: a pass from batch -1 on; 0 or more would fit") {
        try checked { _ = DataLoader(TensorDataset(.ones([2, 1]), .ones([2, 1])), batchSize: 1).pass(0, from: -1) }
      }
    }
  }
}
