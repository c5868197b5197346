import Fluxion

extension Table {
  mutating func creation() {
    row("Tensor.uniform(_:in:_:using:)") { h in Tensor.uniform(h.shape(2, 3), in: h.interval(0, 1), using: &h.random) }
    row("Tensor.uniform(_:in:_:)") { h in Tensor.uniform(h.shape(2, 3), in: h.interval(0, 1), .float64) }
    row("Tensor.normal(_:mean:standardDeviation:_:using:)") { h in
      Tensor.normal(h.shape(2, 3), mean: h.d(0), standardDeviation: h.d(1), using: &h.random)
    }
    row("Tensor.normal(_:mean:standardDeviation:_:)") { h in Tensor.normal(h.shape(2, 3), mean: h.d(0), standardDeviation: h.d(1), .float64)
    }
    row("Tensor.bernoulli(_:probability:using:)") { h in Tensor.bernoulli(h.shape(2, 3), probability: h.d(0.5), using: &h.random) }
    row("Tensor.bernoulli(_:probability:)") { h in Tensor.bernoulli(h.shape(2, 3), probability: h.d(0.5)) }
    row("Tensor.permutation(_:using:)") { h in Tensor.permutation(h.i(5), using: &h.random) }
    row("Tensor.permutation(_:)") { h in Tensor.permutation(h.i(5)) }
    row("Tensor.categorical(logits:temperature:topK:topP:minP:using:)") { h in
      Tensor.categorical(logits: h.x, temperature: h.d(1), topK: h.i(2), topP: h.d(0.9), minP: h.d(0.1), using: &h.random)
    }
    row("Tensor.categorical(logits:temperature:topK:topP:minP:)") { h in
      Tensor.categorical(logits: h.x, temperature: h.d(1), topK: h.i(2), topP: h.d(0.9), minP: h.d(0.1))
    }
    row("Tensor.multinomial(_:count:replacement:using:)") { h in
      Tensor.multinomial(exp(h.x), count: h.i(2), replacement: true, using: &h.random)
    }
    row("Tensor.multinomial(_:count:replacement:)") { h in Tensor.multinomial(exp(h.x), count: h.i(2)) }
    row("seed(_:)") { h in
      seed(h.u(1))
      return Tensor.uniform([3])
    }
    row("Tensor.init(_:)") { h in [Tensor(h.d(2)), Tensor(h.i(2)), Tensor(Float(h.d(2)))] }
    row("Tensor.init(_:)") { h in [Tensor(h.list(1, 2)), Tensor([h.d(1), h.d(2)])] }
    row("Tensor.init(_:)") { h in [Tensor([h.list(1, 2)]), Tensor([[h.d(1), h.d(2)]])] }
    row("Tensor.init(_:shape:)") { h in Tensor([1, 2, 3, 4, 5, 6], shape: h.shape(2, 3)) }
    row("Tensor.zeros(_:_:)") { h in Tensor.zeros(h.shape(2, 3)) }
    row("Tensor.ones(_:_:)") { h in Tensor.ones(h.shape(2, 3), .float64) }
    row("Tensor.full(_:_:_:)") { h in Tensor.full(h.shape(2, 3), h.d(2)) }
    row("Tensor.full(_:_:_:)") { h in Tensor.full(h.shape(2, 3), h.i(2), .int64) }
    row("Tensor.full(_:_:_:)") { h in Tensor.full([2], h.i(2), .int32) }
    row("Tensor.full(_:_:_:)") { h in Tensor.full([2], h.d(2), .int64) }
    row("Tensor.full(_:_:_:)") { h in Tensor.full([2], h.d(2), .float16) }
    row("Tensor.full(_:_:_:)") { h in Tensor.full([2], h.i(2), .bfloat16) }
    row("Tensor.uniform(_:in:_:)") { h in Tensor.uniform(h.shape(2, 3), in: h.interval(0, 1), .float16) }
    row("Tensor.linspace(from:to:count:_:)") { h in Tensor.linspace(from: h.d(0), to: h.d(1), count: h.i(3), .bfloat16) }
    row("Tensor.arange(from:to:step:_:)") { h in Tensor.arange(from: h.d(0), to: h.d(3), step: h.d(1), .float16) }
    row("BFloat16.init(_:)") { h in Tensor([BFloat16(h.d(2))]) }
    row("BFloat16.init(_:)") { h in Tensor([BFloat16(Float(h.d(2)))]) }
    row("Tensor.eye(_:_:_:)") { h in Tensor.eye(h.i(2), h.i(3)) }
    row("Tensor.eye(_:_:_:)") { h in Tensor.eye(h.i(2)) }
    row("Tensor.arange(_:)") { h in Tensor.arange(h.i(4)) }
    row("Tensor.arange(from:to:step:)") { h in Tensor.arange(from: h.i(1), to: h.i(5), step: h.i(1)) }
    row("Tensor.arange(from:to:step:)") { h in Tensor.arange(from: h.i(5), to: h.i(1), step: h.i(-1)) }
    row("Tensor.arange(from:to:step:_:)") { h in Tensor.arange(from: h.d(0), to: h.d(3), step: h.d(1)) }
    row("Tensor.arange(from:to:step:_:)") { h in Tensor.arange(from: h.d(0), to: h.d(3), step: h.d(1), .int32) }
    row(
      "Tensor.window(_:count:isPeriodic:_:)", "SignalWindow.exponential(decay:center:)", "SignalWindow.gaussian(deviation:)",
      "SignalWindow.kaiser(beta:)", "SignalWindow.cosines(_:)"
    ) { h in
      [
        Tensor.window(.hann, count: h.i(4)), .window(.exponential(decay: h.d(2), center: h.d(1)), count: h.i(4)),
        .window(.gaussian(deviation: h.d(2)), count: 4), .window(.kaiser(beta: h.d(2)), count: 4),
        .window(.cosines([h.d(0.5), h.d(0.5)]), count: 4),
      ]
    }
    row("Tensor.linspace(from:to:count:_:)") { h in Tensor.linspace(from: h.d(0), to: h.d(3), count: h.i(4)) }
    row("Tensor.linspace(from:to:count:_:)") { h in Tensor.linspace(from: h.d(0), to: h.d(3), count: h.i(4), .int64) }
    row("TensorLiteral.init(floatLiteral:)") { h in TensorLiteral(floatLiteral: h.d(0.5)) }
    row("TensorLiteral.init(integerLiteral:)") { h in TensorLiteral(integerLiteral: h.i(1)) }
    row("Tensor.init(_:shape:)") { h in Tensor([1, 2, 3, 4, 5, 6] as [Int], shape: h.shape(2, 3)) }
    row("Tensor.init(_:shape:_:)") { h in Tensor([1, 2, 3, 4, 5, 6], shape: h.shape(2, 3), .int64) }
    row("Tensor.init(_:)") { h in
      [Tensor(TensorLiteral(integerLiteral: h.i(1))), Tensor(TensorLiteral(arrayLiteral: .init(floatLiteral: h.d(1)), 2))]
    }
    row("Tensor.init(arrayLiteral:)", "TensorLiteral.init(arrayLiteral:)") { h in Tensor(arrayLiteral: .init(integerLiteral: h.i(1)), 2.5) }
    row("Tensor.init(_:_:)") { h in Tensor(TensorLiteral(integerLiteral: h.i(1)), .int32) }
    row("Tensor.init(_:_:)") { h in [Tensor([h.d(2), 1], .int64), Tensor([h.i(2), 1], .int32)] }
    row("Shape.init(repeating:rank:)") { h in Tensor.zeros(Shape(repeating: h.i(2), rank: h.i(3))) }
    row("Shape.init(repeating:rank:)") { h in Shape(repeating: h.i(2), rank: h.i(3)).elementCount }
    row("Shape.init(_:)") { h in Shape(h.list(2, 3)).elementCount }
    row("Shape.init(_:)") { h in Shape(h.range(2, 5)) }
    row("Shape.init(arrayLiteral:)") { h in Shape(arrayLiteral: h.i(0), h.i(2), h.i(3), h.i(4), h.i(2)).elementCount }
    row("Shape.subscript(_:)") { h in ([2, 3] as Shape)[h.i(1)] }
    row("Shape.subscript(_:)") { h in
      var shape: Shape = [2, 3]
      shape[h.i(1)] = h.i(4)
      return [shape.elementCount, shape.hashValue]
    }
    row("Shape.subscript(_:)") { h in Array(([2, 3] as Shape)[h.i(1)...]) }
    row("Shape.subscript(_:)") { h in Array(([2, 3] as Shape)[h.range(0, 2)]) }
    row("Shape.subscript(_:)") { h in Array(([2, 3] as Shape)[..<h.i(1)]) }
    row("Shape.subscript(_:)") { h in Array(([2, 3] as Shape)[...h.i(1)]) }
    row("Shape.subscript(_:)") { h in Array(([2, 3] as Shape)[h.closed(0, 1)]) }
    row("Shape.==(_:_:)") { h in h.shape(2, 3) == h.shape(2, 3) }
  }
}
