import Fluxion
import Testing

@testable import Tensors

/// What nests deep: descriptions take time that grows with the text, and what the stack could not hold is a mistake.
@Suite struct DepthTests {
  private static func nested(_ depth: Int) -> Chain {
    var chain = Chain { relu }
    for _ in 1..<depth { chain = Chain([Layer(chain)]) }
    return chain
  }

  @Test func aDeepModelRunsAndPrints() {
    var model = Self.nested(1000)
    #expect(model(Tensor([-1, 2] as [Float])).scalars(Float.self) == [0, 2])
    let clock = ContinuousClock()
    var text = ""
    let seconds = clock.measure { text = "\(model)" } / .seconds(1)
    let lines = text.split(separator: "\n")
    #expect(lines.count == 2001)
    #expect(lines[1000] == String(repeating: " ", count: 2000) + "relu")
    #expect(lines[1001] == String(repeating: " ", count: 1998) + "}")
    // It took 29 s when each level moved in all lines of those inside it.
    #expect(seconds < 10, "\(seconds) s")
  }

  @Test func deeperOnesAreMistakes() {
    let error = #expect(throws: TensorError.self) { try checked { Self.nested(5000) } }
    #expect(error.map { "\($0)" } == "Chain: models nest deeper than 1000 in one another")
  }

  @Test func instructionsInARowAreLimited() {
    let error = #expect(throws: TensorError.self) {
      try checked { Elementwise { x in (0..<20_000).reduce(x) { y, i in sin(y) + Symbol(Double(i)) } } }
    }
    #expect(error?.operation == "Elementwise" && error?.message.hasPrefix("more than 10000 instructions follow one another") == true)
    // As deep as may be, with derivatives.
    let deep = Elementwise { x in (0..<450).reduce(x) { y, _ in sin(y) + x } }
    let slope = gradient(at: Tensor([0.1, 0.2], .float64)) { x in gradient(at: x) { x in deep(x).sum() }.sum() }
    #expect(slope.isFinite.all().item() == 1)
  }

  @Test func scopesNestSoFar() throws {
    func nest(_ depth: Int) throws -> Int { try depth == 0 ? 0 : checked { try nest(depth - 1) + 1 } }
    #expect(try nest(1000) == 1000)
    let error = #expect(throws: TensorError.self) { try nest(20_000) }
    #expect(error.map { "\($0)" } == "checked: scopes nest deeper than 1000")
    #expect((Tensor.ones([2]) + 1).sum().item() == 4)
  }
}
