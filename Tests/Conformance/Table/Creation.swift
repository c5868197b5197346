import Fluxion

extension Table {
  static let creation = Family("Creation") { rows in
    rows.add("zeros", "Tensor.zeros(shape, dtype)") { a in .zeros(Shape(try a.ints("size", at: 0)), try a.dtype() ?? .float32) }
    rows.add("ones", "Tensor.ones(shape, dtype)") { a in .ones(Shape(try a.ints("size", at: 0)), try a.dtype() ?? .float32) }
    rows.add("full", "Tensor.full(shape, value, dtype)") { a in
      let shape = Shape(try a.ints("size", at: 0))
      switch a.value("fill_value", at: 1) {
      case .bool(let value): return .full(shape, value, try a.dtype() ?? .bool)
      // PyTorch takes any number for a bool.
      case .int(let value): return try a.dtype() == .bool ? .full(shape, value != 0, .bool) : .full(shape, value, try a.dtype() ?? .int64)
      case .complex: return try a.number("fill_value", at: 1, a.dtype() ?? .complex64).expanded(shape)
      default: return .full(shape, try a.double("fill_value", at: 1), try a.dtype() ?? .float32)
      }
    }
    rows.add("eye", "Tensor.eye(rows, columns, dtype)") { a in
      .eye(try a.int("n", at: 0), try a.optionalInt("m", at: 1), try a.dtype() ?? .float32)
    }
    rows.add("arange", "Tensor.arange(from: start, to: end, step: step, dtype)") { a in
      let dtype = try a.dtype()
      // One number is the end.
      let isEndAlone = !a.has("end", at: 1)
      let (start, end) = (try isEndAlone ? 0 : a.double("start", at: 0), try isEndAlone ? a.double("end", at: 0) : a.double("end", at: 1))
      let step = try a.double("step", at: 2, default: 1)
      let isWhole = [a.value("start", at: 0), a.value("end", at: 1), a.value("step", at: 2)].allSatisfy {
        if case .double = $0 { false } else { true }
      }
      if dtype?.isFloatingPoint ?? !isWhole { return .arange(from: start, to: end, step: step, dtype ?? .float32) }
      if isWhole { return Tensor.arange(from: Int(start), to: Int(end), step: Int(step)).cast(to: dtype ?? .int64) }
      // PyTorch counts with the fractions, and then steps without them.
      let count = Tensor.arange(from: start, to: end, step: step, .float64).elementCount
      return (Tensor.arange(count) * Int(step) + Int(start)).cast(to: dtype ?? .int64)
    }
    rows.add("linspace", "Tensor.linspace(from: start, to: end, count: count, dtype)", note: "PyTorch cuts the ends of integers first") {
      a in
      try a.equidistant { start, end, count, dtype in .linspace(from: start, to: end, count: count, dtype) }
    }
    rows.add("logspace", "pow(base, Tensor.linspace(from: start, to: end, count: count, dtype))") { a in
      let base = try a.double("base", at: 3, default: 10)
      return try a.equidistant { start, end, count, dtype in
        pow(base, Tensor.linspace(from: start, to: end, count: count, .float64)).cast(to: dtype)
      }
    }
    rows.add("tril_indices", "stack(Tensor.ones([rows, columns], .bool).lowerTriangle(diagonal: k).nonzero())") { a in
      stack(try a.square().lowerTriangle(diagonal: try a.int("offset", at: 2, default: 0)).nonzero()).cast(to: try a.dtype() ?? .int64)
    }
    rows.add("triu_indices", "stack(Tensor.ones([rows, columns], .bool).upperTriangle(diagonal: k).nonzero())") { a in
      stack(try a.square().upperTriangle(diagonal: try a.int("offset", at: 2, default: 0)).nonzero()).cast(to: try a.dtype() ?? .int64)
    }
  }
}

extension Arguments {
  /// The arguments of numbers at equal distances; the ends of integers are whole.
  fileprivate func equidistant(_ body: (Double, Double, Int, DType) -> Tensor) throws -> Tensor {
    let dtype = try dtype() ?? .float32
    let (start, end) = (try double("start", at: 0), try double("end", at: 1))
    let isFloat = dtype.isFloatingPoint
    return body(isFloat ? start : start.rounded(.towardZero), isFloat ? end : end.rounded(.towardZero), try int("steps", at: 2), dtype)
  }

  /// A matrix of true.
  fileprivate func square() throws -> Tensor { .ones([try int("row", at: 0), try int("col", at: 1)], .bool) }
}
