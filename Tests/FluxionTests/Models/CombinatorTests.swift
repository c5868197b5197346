import Fluxion
import Testing

@Suite struct CombinatorTests {
  private let x = withSeed(1) { Tensor.normal([3, 4]) }

  @Test func parallelJoinsWhatItsBranchesGive() {
    let (a, b) = withSeed(2) { (Dense(4, 5), Dense(4, 5)) }
    for (join, expected) in [
      (Join.sum, a(x) + b(x)), (.mean, (a(x) + b(x)) * 0.5), (.product, a(x) * b(x)), (.maximum, maximum(a(x), b(x))),
      (.concatenation(), concatenate([a(x), b(x)], axis: -1)), (Join { $0[0] - $0[1] }, a(x) - b(x)),
    ] {
      var parallel = Parallel(join: join) {
        a; b
      }
      #expect(distance(parallel(x), expected) < 1e-6)
      #expect(parallel.parameters.map(\.name) == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"])
    }
    var each = Parallel(join: .sum) {
      a; b
    }
    #expect(distance(each([x, x * 2.0]), a(x) + b(x * 2.0)) < 1e-6)
    #expect { try checked { _ = each([x, x, x]) } } throws: {
      "\($0)" == "Parallel: 3 inputs for 2 branches; one input, or 2, would fit"
    }
    var branch = Branch {
      a; b
    }
    #expect(zip(branch(x), [a(x), b(x)]).allSatisfy { distance($0, $1) == 0 })
  }

  @Test func skipsAndResiduals() {
    let a = withSeed(2) { Dense(4, 4) }
    var skip = SkipConnection(join: Join { $0[0] - $0[1] }) { a }
    #expect(distance(skip(x), a(x) - x) == 0)
    var residual = Residual {
      a; tanh
    }
    #expect(distance(residual(x), x + tanh(a(x))) < 1e-6)
    #expect(residual.parameters.map(\.name) == ["layers.0.weight", "layers.0.bias"])
    var narrowing = Residual { Dense(4, 1) }
    #expect { try checked { _ = narrowing(x) } } throws: {
      "\($0)" == "Residual: parts that make [3, 1] of [3, 4]; parts that keep the shape would fit"
    }
  }

  @Test func maxoutAndRepeat() {
    var maxout = withSeed(3) { Maxout(3) { Dense(4, 2) } }
    let parts = (0..<3).map { maxout.layers[$0].as(Dense.self)! }
    #expect(distance(maxout(x), maximum(maximum(parts[0](x), parts[1](x)), parts[2](x))) == 0)
    #expect(distance(parts[0].weight, parts[1].weight) > 0)

    var own = withSeed(4) { Repeat(3) { Dense(4, 4, activation: tanh) } }
    #expect(own.parameterCount == 3 * 20)
    #expect(own.parameters[2].name == "layers.1.weight")
    let layers = own.layers.map { $0.as(Dense.self)! }
    #expect(distance(own(x), layers[2](layers[1](layers[0](x)))) == 0)
    var shared = withSeed(4) { Repeat(3, sharing: true) { Dense(4, 4, activation: tanh) } }
    #expect(shared.parameters.map(\.name) == ["weight", "bias"])
    #expect(distance(shared(x), layers[0](layers[0](layers[0](x)))) == 0)
    #expect(distance(Repeat(0) { Dense(4, 4) }.predict(x), x) == 0)
  }

  /// Splits, joins and cycles in an ordinary function, some parts waiting for their sizes.
  @Test func anyGraphIsAFunction() throws {
    struct Graph: Model {
      var left = Dense(6, activation: tanh), right = Dense(6), cell = ComposedRecurrent(Dense(3), outputs: 3), out = Dense(2)
      mutating func callAsFunction(_ x: Tensor) -> Tensor {
        let (a, b) = (left(x), right(x))
        for _ in 0..<3 { _ = cell(a * b) }
        return out(concatenate([a, cell(b)], axis: -1))
      }
    }
    var graph = Graph()
    #expect { try checked { _ = graph.predict(x) } } throws: {
      "\($0)" == "Dense: a size that follows from the input is open; give it, or make the chain Chain(input:), in left (Dense)"
    }
    try graph.adapt(toInput: [1, 4])
    #expect(graph.parameters.map(\.value.shape) == [[6, 4], [6], [6, 4], [6], [3, 9], [3], [2, 9], [2]])
    #expect(graph(x).shape == [3, 2])
    #expect(try Chain(input: [4]) { Graph() }.outputShape(for: [7, 4]) == [7, 2])
    // The same seed gives the same numbers, however often sizes were looked for.
    let one = try withSeed(5) { try Chain(input: [4]) { Dense(3) } }
    #expect(one.parameters[0].value.copyOfElements == withSeed(5) { Initializer.glorotUniform()([3, 4]) }.copyOfElements)
  }
}
