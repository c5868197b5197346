import Fluxion
import Testing

// The code of Guides/PyTorch.md, compiled and run.

struct ConvNet: Model {
  var conv = Conv2D(1, 8, kernel: 3, padding: 1)
  var drop = Dropout(0.2)
  var out = Dense(8 * 14 * 14, 10)

  mutating func callAsFunction(_ x: Tensor) -> Tensor {
    let h = maxPool(relu(conv(x)), window: 2)
    return out(drop(h.flattened(from: 1)))
  }
}

struct Squares: Dataset {
  var count: Int { 64 }
  func batch(_ indices: [Int]) -> (Tensor, Tensor) {
    let x = Tensor(indices).cast(to: .float32).reshaped([-1, 1]) / 64
    return (x, x.squared)
  }
}

@Suite struct PyTorchGuideTests {
  private let images = withSeed(1) { Tensor.normal([32, 1, 28, 28]) }
  private let labels = Tensor((0..<32).map { $0 % 10 })

  @Test func trainingAndSaving() throws {
    let (train, test) = (TensorDataset(images, labels), TensorDataset(images, labels))
    try IDXFixture.withFolder { folder in
      var model = ConvNet()
      var optimizer = AdamW(learningRate: 1e-3)
      let loader = DataLoader(train, batchSize: 16, shuffle: true, seed: 1)
      for _ in 0..<2 {
        for (x, y) in loader {
          var (loss, slopes) = valueAndGradient(at: &model) { model in crossEntropy(model(x), y) }
          slopes.clipNorm(1)
          optimizer.update(&model, along: slopes)
          print(loss.item())
        }
      }
      let history = try model.fit(
        train, validation: test, loss: crossEntropy, optimizer: AdamW(), epochs: 2, batchSize: 16, metrics: [.accuracy],
        schedule: .oneCycle(peak: 1e-3), clip: .norm(1))
      #expect(history.epochs.count == 2)
      let classes = model.predict(images).argmax(axis: -1)
      let all = try model.predict(over: test, batchSize: 16)
      #expect(classes.shape == [32] && all.shape == [32, 10])
      try model.save(to: folder + "/net.safetensors")
      var twin = ConvNet()
      try twin.load(from: folder + "/net.safetensors")
      #expect(twin.predict(images).isClose(to: model.predict(images)))
      model.freeze(\.conv)
      optimizer.learningRate = 1e-4
      var groups = ParameterGroups(AdamW(learningRate: 1e-3)) { ParameterGroup("out", AdamW(learningRate: 1e-4)) }
      let slopes = gradient(at: &model) { model in crossEntropy(model(images), labels) }
      groups.update(&model, along: slopes)
      #expect(model.frozenParameterNames.count == 2)
    }
  }

  @Test func loading() throws {
    for (x, y) in DataLoader(Squares(), batchSize: 16, shuffle: true, workers: 2) {
      print(x.shape, y.shape)  // [16, 1] [16, 1]
      #expect(x.shape == [16, 1] && y.shape == [16, 1])
    }
  }

  @Test func gradients() {
    let net = withSeed(1) { ConvNet() }
    let slope = gradient(at: images) { x in net.predict(x).max(axis: -1).sum() }
    let penalty = gradient(at: images) { x in
      let inner = gradient(at: x) { x in net.predict(x).sum() }
      return (inner.norm() - 1).squared
    }
    #expect(slope.shape == images.shape && penalty.shape == images.shape)
    let x: Tensor = [-2, 0.5, 3]
    let rounded = customGradient(at: x) { x in
      round(x)
    } pullback: { x, y, dy in
      dy
    }
    #expect(rounded.scalars() == [-2, 0, 3] as [Float])
  }

  @Test func mixedLosses() {
    var model = Chain {
      Dense(4, 8, activation: relu); Dense(8, 3)
    }
    let (x, y) = (Tensor.ones([2, 4]), Tensor([0, 1], .int64))
    let (total, slopes, parts) = valueAndGradient(at: &model) { model in
      let logits = model(x)
      let (entropy, size) = (crossEntropy(logits, y), 1e-3 * logits.squared.mean())
      return (entropy + size, (entropy: entropy, size: size))
    }
    #expect(total.shape == [] && parts.entropy.shape == [] && slopes.parameters.count == 4)
    var optimizer = AdamW()
    let schedule = WarmUp(steps: 10, then: Cosine(from: 1e-3, to: 1e-5, steps: 90))
    for step in 0..<3 {
      optimizer.learningRate = schedule.rate(at: step)
      optimizer.update(&model, along: slopes)
    }
  }

  @Test func recurrent() {
    let cell = Chain {
      LSTM(8, 16); Dense(16, 4)
    }
    var every = cell.unrolled()  // [batch, time, 8] to [batch, time, 4]
    var last = cell.unrolled(outputs: .last)  // [batch, 4]
    let padded = Tensor.normal([3, 12, 8])
    let outputs = every(padded, lengths: [12, 7, 9])  // packed sequences
    var stepper = cell  // one step at a time, [batch, 8]
    let first = stepper.predictAndAdvance(padded[.all, 0])
    stepper.reset()
    #expect(outputs.shape == [3, 12, 4] && last(padded).shape == [3, 4] && first.shape == [3, 4])
  }
}
