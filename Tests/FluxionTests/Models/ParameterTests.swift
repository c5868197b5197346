import Fluxion
import Testing

private struct Net: Model {
  var encoder = Dense(4, 3)
  var head = Dense(3, 2)
  func callAsFunction(_ x: Tensor) -> Tensor { head(encoder(x)) }
}

/// Parameters as values: frozen, averaged, told apart.
@Suite struct ParameterTests {
  private func elements(_ net: Net) -> [[Double]] { net.parameters.map(\.value.copyOfElements) }

  @Test func frozenPartsKeepTheirBits() {
    var net = withSeed(1) { Net() }
    let before = elements(net)
    net.freeze(\.encoder)
    net.freeze("head.bias")
    #expect(net.frozenParameterNames == ["encoder.weight", "encoder.bias", "head.bias"])
    #expect(net.parameterNames(at: \.head) == ["head.weight", "head.bias"])
    #expect(net.parameterNames(at: \.head.weight) == ["head.weight"])
    let x = withSeed(2) { Tensor.normal([5, 4]) }
    for var optimizer in [SGD(learningRate: 0.1, momentum: 0.9, weightDecay: 0.1), Adam(), AdamW()] as [any Optimizer] {
      var net = net
      var full = withSeed(1) { Net() }
      let whole = gradient(at: &full) { net in net(x).squared.mean() }
      for _ in 0..<3 {
        let gradient = gradient(at: &net) { net in net(x).squared.mean() }
        #expect(gradient.encoder.weight.copyOfElements.allSatisfy { $0 == 0 })
        optimizer.update(&net, along: gradient)
        // The thawed parameter's gradient is what it would be anyway.
        if elements(net)[2] == before[2] { #expect(distance(gradient.head.weight, whole.head.weight) == 0) }
      }
      let after = elements(net)
      #expect(after[0] == before[0] && after[1] == before[1] && after[3] == before[3])
      #expect(after[2] != before[2])
      net.thaw()
      #expect(net.frozenParameterNames == [])
    }
    // A copy is as frozen; what is computed from a frozen parameter is not.
    let twin = net
    #expect(twin.encoder.weight.isFrozen && !(twin.encoder.weight * 2.0).isFrozen)
  }

  @Test func unknownNamesAreRefused() {
    var net = Net()
    #expect { try checked { net.freeze("decoder") } } throws: {
      "\($0)"
        == "freeze: no parameter or part of Net is called decoder; it has encoder.weight, encoder.bias, head.weight, head.bias"
    }
    #expect { try checked { net.freeze(\.encoder.place) } } throws: { "\($0)".hasPrefix("freeze: the Place at ") }
  }

  @Test func modelsAddAndScale() {
    let (a, b) = (withSeed(1) { Net() }, withSeed(2) { Net() })
    let sum = a * 0.25 + 0.75 * b - b / 4
    for ((x, y), z) in zip(zip(a.parameters, b.parameters), sum.parameters) {
      #expect(distance(z.value, x.value * 0.25 + y.value * 0.5) < 1e-6)
      #expect(x.name == z.name)
    }
    var average = a
    average.move(toward: b, by: 0.1)
    #expect(zip(average.parameters, (a * 0.9 + b * 0.1).parameters).allSatisfy { distance($0.value, $1.value) < 1e-6 })
    #expect(abs(a.norm - a.parameters.reduce(0) { $0 + $1.value.copyOfElements.reduce(0) { $0 + $1 * $1 } }.squareRoot()) < 1e-6)
    #expect {
      try checked { _ = Chain { Dense(2, 3) } + Chain { Dense(2, 4) } }
    } throws: {
      "\($0)" == "+: models that differ: layers.0.weight is [3, 2] in one and [4, 2] in the other"
    }
  }

  /// One field used twice is one parameter, whose gradient is the sum of both uses'.
  @Test func tiedWeights() throws {
    struct Tied: Model {
      var weight: Tensor
      func callAsFunction(_ x: Tensor) -> Tensor { tanh(x • weight) • weight.transposed() }
    }
    var tied = withSeed(3) { Tied(weight: .normal([4, 3], .float64)) }
    let x = withSeed(4) { Tensor.normal([2, 4], .float64) }
    #expect(tied.parameterCount == 12)
    let gradient = gradient(at: &tied) { tied in tied(x).squared.sum() }
    let w = tied.weight
    let apart = Fluxion.gradient(at: w, w) { a, b in (tanh(x • a) • b.transposed()).squared.sum() }
    #expect(distance(gradient.weight, apart.0 + apart.1) < 1e-12)
  }
}
