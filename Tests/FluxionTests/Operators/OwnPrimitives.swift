import Autodiff
import Fluxion

// Operators as a user writes them: with what `import Fluxion` gives. The guide to custom layers has one more, `MovingAverage`.

/// The distances Σ |aᵢ − bⱼ|³ of the rows of two matrices: [n, k] and [m, k] to [n, m].
struct CubicDistances: Primitive {
  var name: String { "cubicDistances" }

  func result(_ x: Pair) throws(TensorError) -> Signature {
    guard x.a.rank == 2 && x.b.rank == 2 && x.a.shape[1] == x.b.shape[1] else {
      throw TensorError("", "[n, k] and [m, k] would fit, not \(x.a.shape) and \(x.b.shape)")
    }
    guard x.a.dtype == x.b.dtype && x.a.dtype.isFloatingPoint else { throw TensorError("", "of \(x.a.dtype) and \(x.b.dtype)") }
    return Signature([x.a.shape[0], x.b.shape[0]], x.a.dtype)
  }

  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    result.dtype == .float32 ? try distances(x, result, Float.self) : try distances(x, result, Double.self)
  }

  private func distances<S: Scalar & BinaryFloatingPoint>(_ x: Pair, _ result: Signature, _ type: S.Type) throws(TensorError) -> Tensor {
    let (rows, columns, width) = (x.a.shape[0], x.b.shape[0], x.a.shape[1])
    return try result.filled(S.self, from: x) { a, b, y in
      inParallel(rows, grain: max(1, (1 << 15) / max(1, columns * width))) { range in
        for row in range {
          for column in 0..<columns {
            var sum: S = 0
            for i in 0..<width {
              let difference = abs(a[row * width + i] - b[column * width + i])
              sum += difference * difference * difference
            }
            y[row * columns + column] = sum
          }
        }
      }
    }
  }

  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let difference = x.a.unsqueezed(axis: 1) - x.b.unsqueezed(axis: 0)
    let slopes = dy.unsqueezed(axis: -1) * (difference * abs(difference) * 3)
    return [needs[0] ? slopes.sum(axis: 1) : nil, needs[1] ? -slopes.sum(axis: 0) : nil]
  }

  func multiplyAdds(_ x: Pair, _ result: Signature) -> Int { 3 * result.shape.elementCount * x.a.shape[1] }
}

/// Where a mask is true a, else b; the mask has no gradient.
struct Choice: Primitive {
  var name: String { "choice" }
  func result(_ x: Triple) throws(TensorError) -> Signature {
    if x.a.dtype != .bool { throw TensorError("", "by a mask of \(x.a.dtype); bool would fit") }
    return Signature(x.b.shape, x.b.dtype)
  }
  func evaluate(_ x: Triple, _ result: Signature) throws(TensorError) -> Tensor {
    // Operands of two dtypes.
    try x.a.withElements(Bool.self) { (mask) throws(TensorError) in
      try result.filled(Double.self, from: Pair(x.b, x.c)) { b, c, y in
        for i in y.indices { y[i] = mask[i] ? b[i] : c[i] }
      }
    }
  }
  func gradient(_ x: Triple, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let mask = x.a.cast(to: dy.dtype)
    return [nil, dy * mask, dy * (1 - mask)]
  }
}

/// The largest of several tensors at each place, whose gradient goes where the result says it came from.
struct Largest: Primitive {
  var name: String { "largest" }
  var keeps: Keeps { .both }
  func result(_ x: [Tensor]) throws(TensorError) -> Signature {
    guard let first = x.first else { throw TensorError("", "of no tensors; one or more would fit") }
    return Signature(first.shape, first.dtype)
  }
  func evaluate(_ x: [Tensor], _ result: Signature) throws(TensorError) -> Tensor {
    try result.filled(Double.self, from: x) { x, y in
      for i in y.indices { y[i] = x.map { $0[i] }.max()! }
    }
  }
  func gradient(_ x: [Tensor], _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    x.map { x in dy * (x .== y).cast(to: dy.dtype) }
  }
}

/// An operator that does one thing wrong.
struct Wrong: Primitive {
  enum Mistake: CaseIterable {
    case kernelShape, kernelDType, filledDType, readDType, negativeShape, kernelThrows, slopeShape, slopeDType, slopeCount, keptNothing
  }
  var mistake: Mistake
  var name: String { "wrong" }
  var keeps: Keeps { mistake == .keptNothing ? .nothing : .both }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    mistake == .negativeShape ? Signature([-1], x.dtype) : Signature(x.shape, x.dtype)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    switch mistake {
    case .kernelShape: return x.sum()
    case .kernelDType: return x.detached.cast(to: .float64)
    case .filledDType: return try result.filled(Double.self) { y in y.initialize(repeating: 1) }
    case .readDType: return try result.filled(Int.self, from: x) { x, y in y[0] = x[0] }
    case .kernelThrows: throw TensorError("", "no convergence in 10 steps")
    default: return try result.filled(Float.self, from: x) { x, y in for i in x.indices { y[i] = 2 * x[i] } }
    }
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    switch mistake {
    case .slopeShape: [dy.sum()]
    case .slopeDType: [dy.cast(to: .float64)]
    case .slopeCount: [dy, dy]
    case .keptNothing: [dy * x]
    default: [2 * dy]
    }
  }

  var sentence: String {
    switch mistake {
    case .kernelShape: "wrong: the kernel gave float32 [], the shape rule had told float32 [2]"
    case .kernelDType: "wrong: the kernel gave float64 [2], the shape rule had told float32 [2]"
    case .filledDType: "wrong: the kernel fills in elements of type Double, the shape rule told float32"
    case .readDType: "wrong: the kernel reads elements of type Int, input 0 is float32"
    case .negativeShape: "wrong: shape [-1] has a negative size"
    case .kernelThrows: "wrong: no convergence in 10 steps"
    case .slopeShape: "wrong: the gradient rule gave float32 [] for an input of float32 [2]"
    case .slopeDType: "wrong: the gradient rule gave float64 [2] for an input of float32 [2]"
    case .slopeCount: "wrong: the gradient rule gave 2 gradients for 1 inputs"
    case .keptNothing:
      "*: [2] has a shape but no elements: it comes from a run on shapes alone, or from after a mistake in a checked scope,"
        + " or a gradient rule reads what its keeps leaves out"
    }
  }

  /// Its mistakes, for the table of errors.
  static var errors: [ErrorRow] {
    Mistake.allCases.map { mistake in
      let wrong = Wrong(mistake: mistake)
      return ErrorRow(wrong.sentence) { _ = Autodiff.gradient(at: Tensor.ones([2])) { x in wrong(x).sum() } }
    }
  }
}
