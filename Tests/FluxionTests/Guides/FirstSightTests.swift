import Fluxion
import Testing

// How Fluxion is meant to read: the snippets that its design began with, to the letter where they are code.

private struct Perceptron: Model {
  var layer: Dense
  init(_ inputs: Int, _ outputs: Int) { layer = Dense(inputs, outputs) }
  func callAsFunction(_ x: Tensor) -> Tensor { sigmoid(layer(x)) }
}

private struct Equation: Model {
  var wx: Tensor, wh: Tensor, b: Tensor
  @Recurrent var hidden: Tensor
  mutating func callAsFunction(_ x: Tensor) -> Tensor {
    hidden = σ(x • wx + hidden • wh + b)
    return hidden
  }
}

private struct SimpleRecurrent2<Layer: Model<Tensor, Tensor>>: Model {
  var layer: Layer
  @Recurrent var hidden: Tensor
  mutating func callAsFunction(_ x: Tensor) -> Tensor {
    hidden = σ(layer(concatenate([x, hidden], axis: -1)))
    return hidden
  }
}

@Suite struct FirstSightTests {
  private func digits(_ count: Int) -> TensorDataset {
    withSeed(1) { TensorDataset(.uniform([count, 784]), Tensor((0..<count).map { $0 % 10 })) }
  }

  @Test func chainsTrainByHandAndInOneCall() throws {
    var model = Chain {
      Dense(784, 128, activation: relu)
      Dense(128, 64, activation: relu)
      Dense(64, 10)
    }
    var inferred = try Chain(input: [784]) {
      Dense(128, activation: relu); Dense(64, activation: relu); Dense(10)
    }
    #expect(inferred.parameters.map(\.value.shape) == model.parameters.map(\.value.shape))
    #expect(inferred(.zeros([2, 784])).shape == [2, 10])
    let (digits, train, test) = (digits(128), digits(128), digits(64))

    var optimizer = Adam(learningRate: 1e-3)
    for (x, y) in DataLoader(digits, batchSize: 64, shuffle: true) {
      let (loss, gradient) = valueAndGradient(at: &model) { model in crossEntropy(model(x), y) }
      optimizer.update(&model, along: gradient)
      #expect(loss.item().isFinite)
      #expect(gradient.layers[0].parameters.map(\.value.shape) == [[128, 784], [128]])
    }
    let history = try model.fit(
      train, validation: test, loss: crossEntropy, optimizer: Adam(learningRate: 1e-3), epochs: 10, progress: .none)
    #expect(history.epochs.count == 10)

    let x = test.inputs
    var twin = model
    let answer = model.predict(x)
    twin.updateParameters { _, value in value *= 2 }
    #expect(distance(model.predict(x), answer) == 0)
  }

  @Test func recurrencesAreEquationsAndUnrolledByACall() {
    #expect(Perceptron(4, 2)(.zeros([3, 4])).shape == [3, 2])
    let equation = SimpleRecurrent(3, 4)
    var written = Equation(wx: equation.wx, wh: equation.wh, b: equation.b, hidden: .zeros([1, 4]))
    var ours = equation
    let x = withSeed(2) { Tensor.normal([2, 3]) }
    for _ in 0..<3 { #expect(distance(written(x), ours(x)) < 1e-6) }
    for var composed in [
      SimpleRecurrent2(layer: Chain { Dense(3 + 4, 4) }, hidden: .zeros([1, 4])),
      SimpleRecurrent2(
        layer: Chain {
          Dense(3 + 4, 4); Dropout(0.1)
        }, hidden: .zeros([1, 4])),
    ] {
      #expect(composed(x).shape == [2, 4])
    }
    var sequence = Chain {
      SimpleRecurrent(64, 128); Dense(128, 64)
    }.unrolled(steps: 50)
    #expect(sequence(.zeros([2, 50, 64])).shape == [2, 50, 64])
  }

  @Test func gradientsOfAnythingAndKernelsFromClosures() {
    let x: Tensor = [0.5, -1.5]
    let slope = gradient(at: x) { x in (x * x).sum() }
    let second = gradient(at: x) { x in gradient(at: x) { sin($0).sum() }.sum() }
    #expect(distance(slope, x * 2.0) < 1e-6 && distance(second, -sin(x)) < 1e-6)

    let mish = Elementwise { x in x * tanh(log1p(exp(x))) }
    var custom = Chain {
      Dense(64, 64); mish; { x in x.reshaped([-1, 8, 8]) }
    }
    #expect(custom(.zeros([2, 64])).shape == [2, 8, 8])
  }
}
