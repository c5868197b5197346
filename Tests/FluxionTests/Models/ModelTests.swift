import Fluxion
import Foundation
import Testing

/// A model with everything that reflection must find, and what it must leave alone.
private struct Zoo: Model {
  var weight: Tensor = [[1, 2]]
  @Constant var constant: Tensor = [9]
  var dense = Dense(2, 3)
  var maybe: Dense? = Dense(3, 1)
  var nothing: Dense?
  var list = [Dense(1, 1), Dense(1, 2)]
  var tensors: [Tensor] = [[1], [2]]
  var generic = Holder(inner: Dense(2, 2))
  var chain = Chain {
    Dense(2, 2); { x in x }; Dense(2, 1, hasBias: false)
  }
  var name = "zoo"
  var size = 3
  @Recurrent var hidden: Tensor = [[0]]

  mutating func callAsFunction(_ x: Tensor) -> Tensor {
    hidden = hidden + x.sum()
    return x
  }
}

private struct Holder<Inner: Model<Tensor, Tensor>>: Model {
  var inner: Inner
  mutating func callAsFunction(_ x: Tensor) -> Tensor { inner(x) }
}

@Suite struct ModelTests {
  @Test func parameterNamesAreAsPyTorchWritesThem() {
    #expect(
      Zoo().parameters.map(\.name) == [
        "weight", "dense.weight", "dense.bias", "maybe.weight", "maybe.bias", "list.0.weight", "list.0.bias", "list.1.weight",
        "list.1.bias",
        "tensors.0", "tensors.1", "generic.inner.weight", "generic.inner.bias", "chain.layers.0.weight", "chain.layers.0.bias",
        "chain.layers.2.weight",
      ])
    #expect(Zoo().parameterCount == 2 + 9 + 4 + 2 + 4 + 2 + 6 + 6 + 2)
    #expect(Zoo()[parameter: "list.1.weight"]?.shape == [2, 1])
  }

  @Test func everyParameterCanBeChangedThroughReflection() {
    var zoo = Zoo()
    zoo.updateParameters { _, value in value = .full(value.shape, 5) }
    #expect(zoo.parameters.allSatisfy { $0.value.scalars(Float.self).allSatisfy { $0 == 5 } })
    #expect(zoo.constant.item() == 9)
    #expect(zoo.maybe?.weight[0, 0].item() == 5)
  }

  @Test func copiesAreIndependent() {
    var zoo = withSeed(3) { Zoo() }
    let twin = zoo
    let before = twin.parameters.map { $0.value.scalars(Float.self) }
    zoo.updateParameters { _, value in value += 1 }
    zoo.weight[0, 0].fill(with: 42)
    _ = zoo([1])
    #expect(twin.parameters.map { $0.value.scalars(Float.self) } == before)
    #expect(twin.hidden.item() == 0)
    #expect(zoo.hidden.item() == 1)
  }

  @Test func gradientsHaveTheModelsShapeAndNames() {
    var zoo = withSeed(3) { Zoo() }
    let (value, gradient, seen) = valueAndGradient(at: &zoo) { zoo in
      let y = zoo.generic(zoo.weight) * 3.0
      return (y.sum(), y.shape)
    }
    #expect(seen == [1, 2])
    #expect(gradient.parameters.map(\.name) == zoo.parameters.map(\.name))
    #expect(zip(gradient.parameters, zoo.parameters).allSatisfy { $0.value.shape == $1.value.shape })
    #expect(gradient.generic.inner.bias!.scalars(Float.self) == [3, 3])
    #expect(gradient.dense.weight.scalars(Float.self).allSatisfy { $0 == 0 })
    #expect(value.shape == [])
    // After the call the parameters are constants again.
    let constant = Fluxion.gradient(at: Tensor([1.0], .float64)) { x in (x * zoo.weight.cast(to: .float64).sum()).sum() }
    #expect(constant.item() == 3)
  }

  @Test func gradientsOfModelsNest() throws {
    // The gradient of the squared norm of a gradient: for y = w·x², ∂/∂w (2wx²·x²)… with loss (wx)², d/dw = 2wx², its square's d/dw = 8wx⁴.
    struct Scale: Model {
      var w: Tensor
      func callAsFunction(_ x: Tensor) -> Tensor { w * x }
    }
    var model = Scale(w: Tensor([3.0], .float64))
    let outer = gradient(at: &model) { model in
      let inner = gradient(at: &model) { model in model(Tensor([2.0], .float64)).squared.sum() }
      return inner.w.squared.sum()
    }
    #expect(outer.w.item() == 8 * 3 * 16)
  }

  @Test func chainsTakeLoopsConditionsFunctionsAndSlices() throws {
    let deep = true
    var chain = withSeed(5) {
      Chain {
        Dense(4, 8, activation: relu)
        for _ in 0..<2 { Dense(8, 8, activation: tanh) }
        if deep { Dense(8, 8) } else { Dropout(0.5) }
        sigmoid; { x in x.reshaped([-1, 2, 4]) }
        Elementwise { x in x * tanh(log1p(exp(x))) }
      }
    }
    #expect(chain.layers.count == 7)
    #expect(chain(.zeros([3, 4])).shape == [3, 2, 4])
    var head = chain[0..<2]
    #expect(head(.zeros([3, 4])).shape == [3, 8])
    #expect(try chain.outputShape(for: [5, 4]) == [5, 2, 4])
    #expect(chain.layers[0].as(Dense.self)?.weight.shape == [8, 4])
  }

  @Test func sizesOfInputsAreInferred() throws {
    let chain = try Chain(input: [784]) {
      Dense(128, activation: relu); Dense(64, activation: relu); Dense(10)
    }
    #expect(chain.parameters.map(\.value.shape) == [[128, 784], [128], [64, 128], [64], [10, 64], [10]])
    #expect(chain.parameters[0].value.variance().item() > 0)
    #expect {
      try Chain(input: [784]) {
        Dense(128); Dense(10, 4)
      }
    } throws: {
      "\($0)" == "linear: [2, 128] for a weight of shape [4, 10]: the last axis must be 10, in layers.1 (Dense)"
    }
  }

  @Test func mistakesNameThePart() {
    var chain = Chain {
      Dense(4, 8);
      Chain {
        Dense(8, 8); Dense(9, 1)
      }
    }
    #expect { try checked(&chain) { _ = $0(.zeros([3, 4])) } } throws: {
      "\($0)" == "linear: [3, 8] for a weight of shape [1, 9]: the last axis must be 9, in layers.1.layers.1 (Dense)"
    }
    #expect { try chain.outputShape(for: [3, 4]) } throws: { "\($0)".hasSuffix("in layers.1.layers.1 (Dense)") }
  }

  /// Two parts of a struct of one's own, and parameters of its own, that do not fit.
  @Test func mistakesNameThePartOfAStruct() {
    struct Inner: Model {
      var head = Dense(9, 1)
      var factor: Tensor = [1, 2]
      var usesFactor = false
      func callAsFunction(_ x: Tensor) -> Tensor { usesFactor ? x * factor : head(x) }
    }
    struct Net: Model {
      var encoder = Dense(4, 8)
      var inner = Inner()
      func callAsFunction(_ x: Tensor) -> Tensor { inner(encoder(x)) }
    }
    let head = "linear: [3, 8] for a weight of shape [1, 9]: the last axis must be 9, in inner.head (Dense)"
    let factor = "*: [3, 8] and [2] do not broadcast: axis -1 is 8 in one and 2 in the other, equal sizes or 1 would fit, in inner (Inner)"
    for usesFactor in [false, true] {
      var net = Net()
      net.inner.usesFactor = usesFactor
      let sentence = usesFactor ? factor : head
      #expect { try net.outputShape(for: [3, 4]) } throws: { "\($0)" == sentence }
      #expect { try checked { _ = net.predict(.zeros([3, 4])) } } throws: { "\($0)" == sentence }
      #expect { try checked { _ = gradient(at: &net) { net in net(.zeros([3, 4])).sum() } } } throws: { "\($0)" == sentence }
      var chain = Chain {
        Dense(4, 4); net
      }
      #expect { try checked { _ = chain.predict(.zeros([3, 4])) } } throws: {
        "\($0)" == sentence.replacingOccurrences(of: "in inner", with: "in layers.1.inner")
      }
      #expect { try checked { _ = gradient(at: &chain) { chain in chain(.zeros([3, 4])).sum() } } } throws: {
        "\($0)" == sentence.replacingOccurrences(of: "in inner", with: "in layers.1.inner")
      }
    }
  }

  @Test func outputShapeIsTheShapeOfTheOutput() throws {
    let models: [any Model<Tensor, Tensor>] = [
      Chain {
        Dense(6, 4, activation: gelu); Dropout(0.3); Perceptron(4, 2)
      },
      SimpleRecurrent(6, 4), ComposedRecurrent(Dense(10, 4), outputs: 4),
      Chain { { x in x.softmax().sum(axis: -1, keepDims: true) } },
    ]
    for model in models {
      var model = model
      #expect(try model.outputShape(for: [5, 6]) == model(.zeros([5, 6])).shape)
    }
  }
}
