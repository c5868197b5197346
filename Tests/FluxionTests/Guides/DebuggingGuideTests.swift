import Fluxion
import Testing

/// The code of Guides/Debugging.md, compiled and run.
@Suite struct DebuggingGuideTests {
  private let x = withSeed(1) { Tensor.normal([3, 4]) }
  private let y = Tensor([0, 1, 1], .int64)

  private struct Block: Model {
    var norm = LayerNorm(8), inner = Dense(8, 8)
    func callAsFunction(_ x: Tensor) -> Tensor { x + inner(norm(x)) }
  }

  @Test func sentences() {
    let net = Chain {
      Dense(4, 8); Block(); Dense(9, 2)
    }
    do {
      try checked { print(net.predict(x)) }
    } catch {
      print(error)  // linear: [3, 8] for a weight of shape [2, 9]: the last axis must be 9, in layers.2 (Dense)
      #expect("\(error)" == "linear: [3, 8] for a weight of shape [2, 9]: the last axis must be 9, in layers.2 (Dense)")
    }
  }

  @Test func notFinite() throws {
    var model = Chain {
      Dense(4, 8, activation: relu); { x in log(x) }; Dense(8, 2)
    }  // log(0) is -inf
    do {
      try model.fit(TensorDataset(x, y), loss: crossEntropy, optimizer: Adam(), epochs: 1)
    } catch {
      print(error)  // fit: the loss is NaN at epoch 1, step 1; the model is as it was before that step
      #expect("\(error)" == "fit: the loss is NaN at epoch 1, step 1; the model is as it was before that step")
    }

    var h = x
    for i in model.layers.indices {
      h = model.layers[i](h)
      if !h.isFinite.all().item(as: Bool.self) {
        print("layers.\(i) gives the first that is not finite")  // layers.1
        #expect(i == 1)
        break
      }
    }
    let watched = Chain {
      Dense(4, 8, activation: relu);
      { h in
        print(h.shape, h.min().item(), h.max().item(), h.isNaN.any().item(as: Bool.self))
        return h
      }
      Dense(8, 2)
    }
    #expect(watched.predict(x).shape == [3, 2])
  }

  @Test func gradients() throws {
    var model = Chain {
      Dense(4, 8, activation: relu); Dense(8, 2)
    }
    let slopes = gradient(at: &model) { model in crossEntropy(model(x), y) }
    for (name, value) in slopes.parameters { print(name, value.norm().item(), value.isFinite.all().item(as: Bool.self)) }
    try checkGradient(of: { x in (x.softmax(axis: -1) * x).sum(axis: -1) }, at: x.cast(to: .float64))
  }

  @Test func shapes() throws {
    var net = Chain {
      Conv2D(3, 8, kernel: 3, padding: 1); relu; MaxPool2D(2); Flatten(); Dense(2048, 10)
    }
    print(try net.outputShape(for: [1, 3, 32, 32]))  // [1, 10]
    print(try net.summary(for: [1, 3, 32, 32]))  // a row for each part
    #expect(try net.outputShape(for: [1, 3, 32, 32]) == [1, 10])
    #expect(net.predict(.zeros([1, 3, 32, 32])).shape == [1, 10])
    net.freeze(\.layers[0])
  }

  @Test func times() {
    var model = Chain {
      Dense(4, 8, activation: relu); Dense(8, 2)
    }
    let (slopes, times) = profile { gradient(at: &model) { model in crossEntropy(model(x), y) } }
    print(times)  // tables by operator and by model part
    #expect(slopes.parameters.count == 4 && "\(times)".contains("linear"))
  }
}
