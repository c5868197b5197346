import Fluxion
import Testing

/// Gradient rules of one's own for several tensors, and as layers.
@Suite struct CustomGradientTests {
  @Test func rulesOfTwoTensors() throws {
    let (x, gate) = (Tensor([1.0, 2.0], .float64), Tensor([3.0, -1.0], .float64))
    @Sendable func half(_ x: Tensor, _ gate: Tensor) -> Tensor {
      customGradient(at: x, gate) { x, gate in
        x * gate
      } pullback: { x, gate, y, dy in
        (dy * gate, nil)
      }
    }
    let (byX, byGate) = gradient(at: x, gate) { x, gate in half(x, gate).sum() }
    #expect(distance(byX, gate) == 0 && distance(byGate, .zeros([2], .float64)) == 0)
    // Right rules, also in their second order: d/dx of ∂/∂gate.
    @Sendable func product(_ x: Tensor, _ gate: Tensor) -> Tensor {
      customGradient(at: x, gate) { x, gate in
        x * x * gate
      } pullback: { x, gate, y, dy in
        (dy * 2 * x * gate, dy * x * x)
      }
    }
    try checkGradient(of: { product($0[0], $0[1]) }, at: [x, gate])
    try checkGradient(of: { x in gradient(at: x) { x in product(x[0], x[1]).squared.sum() }[1] }, at: [x, gate])
    #expect(throws: GradientMismatch.self) { try checkGradient(of: { half($0[0], $0[1]) }, at: [x, gate]) }
    // One that is no variable, here of integers, asks for nothing.
    let picked = gradient(at: x) { x in
      customGradient(at: x, Tensor([1, 0], .int64)) { x, ids in
        x[ids]
      } pullback: { x, ids, y, dy in
        (dy[ids], nil)
      }.sum()
    }
    #expect(distance(picked, Tensor([1.0, 1.0], .float64)) == 0)
  }

  @Test func rulesOfLists() throws {
    let x = (0..<4).map { Tensor([Double($0) + 0.5, 1]) }
    @Sendable func product(_ x: [Tensor]) -> Tensor {
      customGradient(at: x) { (x: [Tensor]) in
        x.dropFirst().reduce(x[0], *)
      } pullback: { (x: [Tensor], y, dy) in
        x.map { dy * y / $0 }
      }
    }
    try checkGradient(of: product, at: x)
    try checkGradient(of: { x in gradient(at: x) { product($0).squared.sum() }[2] }, at: x)
    #expect {
      try checked {
        gradient(at: x) { x in
          customGradient(at: x) { (x: [Tensor]) in
            x[0] + x[1]
          } pullback: { (x: [Tensor], y, dy) in
            [dy, dy]
          }.sum()
        }
      }
    } throws: {
      "\($0)" == "customGradient: the pullback gave 2 gradients for 4 inputs"
    }
  }

  private static let binary = CustomGradient { x in
    sign(x)
  } pullback: { x, y, dy in
    dy * (abs(x) .<= 1).cast(to: dy.dtype)
  }

  @Test func straightThroughEstimators() throws {
    var model = withSeed(1) {
      Chain {
        Dense(2, 16)
        CustomGradient { x in
          sign(x)
        } pullback: { x, y, dy in
          dy
        }
        Dense(16, 1)
      }
    }
    #expect("\(model)".contains("CustomGradient { … }"))
    #expect(try model.outputShape(for: [3, 2]) == [3, 1])
    #expect(try model.summary(for: [3, 2]).parts[2].output == [3, 16])
    // Without the rule the first layer would learn nothing: sign is flat.
    let x: Tensor = [[0, 0], [0, 1], [1, 0], [1, 1]]
    let slopes = gradient(at: &model) { model in model(x).squared.sum() }
    #expect(abs(slopes[parameter: "layers.0.weight"]!).max().item() > 0)
    // The rule reads x where it clips: gradients stop where |x| > 1.
    let clipped = gradient(at: Tensor([-2.0, -0.5, 0.5, 2.0], .float64)) { x in
      (Self.binary(x) * Tensor([1.0, 2.0, 3.0, 4.0], .float64)).sum()
    }
    #expect(distance(clipped, Tensor([0.0, 2.0, 3.0, 0.0], .float64)) == 0)
    #expect(throws: GradientMismatch.self) { try checkGradient(of: { Self.binary($0) }, at: Tensor([0.5, 3], .float64)) }
  }

  @Test func clippedGradients() {
    let clip = CustomGradient { x in
      x
    } pullback: { x, y, dy in
      dy.clamped(min: -1.0, max: 1.0)
    }
    let weights = Tensor([-5.0, 0.25, 5.0], .float64)
    #expect(distance(gradient(at: .zeros([3], .float64)) { x in (clip(x) * weights).sum() }, Tensor([-1.0, 0.25, 1.0], .float64)) == 0)
    // Inside a model only what lies before it is clipped.
    var model = withSeed(2) {
      Chain {
        Dense(3, 3); clip; Dense(3, 1)
      }
    }
    let free = gradient(at: &model) { model in (model(.ones([1, 3])) * 1000.0).sum() }
    #expect(abs(free[parameter: "layers.0.bias"]!).max().item() <= 1)
    #expect(free[parameter: "layers.2.bias"]!.item() == 1000)
  }

  @Test func mistakesNameThePart() {
    var model = Chain {
      Dense(2, 3)
      CustomGradient { x in
        x.reshaped([7])
      } pullback: { x, y, dy in
        dy
      }
    }
    #expect { try model.outputShape(for: [1, 2]) } throws: {
      "\($0)".hasPrefix("reshaped: [1, 3] to [7]") && "\($0)".hasSuffix("in layers.1 (CustomGradient)")
    }
    model = Chain {
      Dense(2, 3)
      CustomGradient { x in
        x.sum()
      } pullback: { x, y, dy in
        dy
      }
    }
    #expect { try checked(&model) { model in gradient(at: &model) { $0(.ones([1, 2])) } } } throws: {
      "\($0)".hasPrefix("customGradient: the pullback gave float32 [] for an input of float32 [1, 3]")
    }
  }
}
