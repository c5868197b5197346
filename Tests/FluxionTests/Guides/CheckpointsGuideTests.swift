import Fluxion
import Foundation
import Testing

/// The code of Guides/Checkpoints.md, compiled and run.
@Suite struct CheckpointsGuideTests {
  private static let train = TensorDataset(withSeed(1) { .normal([40, 784]) }, Tensor((0..<40).map { $0 % 10 }))

  @Test func savingAndLoading() throws {
    try IDXFixture.withFolder { (folder) throws in
      let path = folder + "/mlp.safetensors"
      var model = Chain {
        Dense(784, 128); BatchNorm(128); relu; Dense(128, 10)
      }
      try model.save(to: path, metadata: ["trained on": "MNIST"])
      try model.load(from: path)

      var twin = Chain {
        Dense(784, 128); BatchNorm(128); relu; Dense(128, 10)
      }
      try twin.load(from: InMemoryTensors(model.namedTensors()))
      #expect(same(twin.namedTensors(), model.namedTensors()))
    }
  }

  @Test func pyTorchsWeights() throws {
    let golden = try #require(Bundle.module.resourcePath) + "/Golden"
    let (lenetPath, lstmPath) = (golden + "/lenet.safetensors", golden + "/lstm.safetensors")
    var lenet = Chain {
      Conv2D(1, 3, kernel: 5, padding: 2); relu; MaxPool2D(2)
      Conv2D(3, 4, kernel: 5); relu; MaxPool2D(2)
      Flatten()
      Dense(36, 24); relu
      Dense(24, 16); relu
      Dense(16, 10)
    }
    try lenet.load(from: lenetPath)

    var reader = Chain {
      LSTM(8, 24, layers: 2).unrolled()
      Dense(24, 8)
    }
    try reader.load(from: lstmPath, renaming: ["lstm": "layers.0", "out": "layers.1"])
    try reader.load(
      from: lstmPath, renaming: Renaming { name in name.replacing("lstm.", with: "layers.0.").replacing("out.", with: "layers.1.") })
    let bias = try SafetensorsFile(lstmPath).tensor("out.bias")
    #expect(reader[parameter: "layers.1.bias"]?.copyOfElements == bias.copyOfElements)
  }

  @Test func fineTuning() throws {
    try IDXFixture.withFolder { (folder) throws in
      let path = folder + "/classifier.safetensors"
      struct Classifier: Model {
        var encoder = Chain {
          Dense(784, 64); BatchNorm(64); relu
        }
        var head: Dense
        init(classes: Int) { head = Dense(64, classes) }
        mutating func callAsFunction(_ x: Tensor) -> Tensor { head(encoder(x)) }
      }

      let trained = Classifier(classes: 10)
      try trained.save(to: path)

      var tuned = Classifier(classes: 3)
      try tuned.load(from: path, only: \.encoder)  // one part of a file of the whole
      tuned.freeze(\.encoder)

      let report = try tuned.load(from: path, strict: false, renaming: ["head": nil])  // all but one part
      print(report)  // 7 loaded; missing head.weight, head.bias
      #expect("\(report)" == "7 loaded; missing head.weight, head.bias")
      #expect(same(tuned.encoder.namedTensors(), trained.encoder.namedTensors()) && tuned.frozenParameterNames.count == 4)
    }
  }

  @Test func training() throws {
    let (train, test) = (Self.train, Self.train)
    try IDXFixture.withFolder { (folder) throws in
      let (directory, runPath) = (folder + "/run", folder + "/run.safetensors")
      for _ in 0..<2 {
        var digits = Chain {
          Dense(784, 32, activation: relu); Dropout(0.2); Dense(32, 10)
        }
        let history = try digits.fit(
          train, validation: test, loss: crossEntropy, optimizer: AdamW(learningRate: 1e-3), epochs: 3,
          earlyStopping: EarlyStopping(patience: 5, restoringBest: true), checkpoints: directory, every: .epochs(1), keep: 3, resume: true)
        #expect(history.epochs.count == 3)
        try digits.load(from: directory + "/best.safetensors")

        var run = TrainingState(digits, Adam(learningRate: 1e-3), seed: 7)
        if FileManager.default.fileExists(atPath: runPath) { try run.load(from: runPath) }
        let loader = DataLoader(train, batchSize: 16, shuffle: true, seed: run.seed)
        while run.epoch < 2 {
          for (x, y) in loader.pass(run.epoch, from: run.batch) {
            let (loss, gradient) = valueAndGradient(at: &run.model) { model in crossEntropy(model(x), y) }
            run.optimizer.update(&run.model, along: gradient)
            run.advance(loss: loss.item())
            if run.step.isMultiple(of: 5) { try run.save(to: runPath) }
          }
          run.endEpoch()
        }
        #expect(run.step == 6 && run.history.stepLosses.count == 6)
        struct Halving: Schedule {
          var rate: Double
          var best = Double.infinity
          func rate(at step: Int) -> Double { rate }
          mutating func observe(_ loss: Double) {
            if loss >= best { rate /= 2 }
            best = Swift.min(best, loss)
          }
        }
        run.schedule = Halving(rate: 1e-3)
      }
    }
  }
}
