import Tensors

extension OperatorTable {
  /// Products of matrices and tensors.
  static let products: [Operator] = [
    .one("MatMul", [1, 9, 13], "`x • y`") { call in
      let (x, y) = (try call.tensor(0), try call.tensor(1))
      return try call.product(x, y).wrapped(to: try call.type(0))
    },
    .one("Gemm", [1, 6, 7, 9, 11, 13], "`alpha * (a • b) + beta * c`") { call in
      var (a, b) = (try call.tensor(0), try call.tensor(1))
      let (alpha, beta) = (try call.attributes.float("alpha", 1), try call.attributes.float("beta", 1))
      if try call.attributes.flag("transA") { a = a.transposed(0, 1) }
      let isTransposed = try call.attributes.flag("transB")
      let c = try call.optional(2)
      if a.rank != 2 || b.rank != 2 { throw ONNXError.field("inputs", "\(a.shape) and \(b.shape); matrices would fit") }
      // What most layers are: one call with the bias in the same pass.
      if isTransposed, alpha == 1, beta == 1, a.dtype.isFloatingPoint {
        if c == nil || c?.shape == [b.shape[0]] { return linear(a, weight: b, bias: c) }
      }
      if isTransposed { b = b.transposed(0, 1) }
      var y = try call.product(a, b)
      if alpha != 1 { y = y.dtype.isFloatingPoint ? y * alpha : (y.cast(to: .float64) * alpha).cast(to: y.dtype) }
      guard let c, beta != 0 else { return y }
      if beta == 1 { return y + c }
      return y + (c.dtype.isFloatingPoint ? c * beta : (c.cast(to: .float64) * beta).cast(to: c.dtype))
    },
    .one("Einsum", [12, 28], "`einsum(equation, operands)`") { call in
      guard let equation = try call.attributes.string("equation") else { throw ONNXError.field("attribute equation", "is missing") }
      return einsum(equation.filter { $0 != " " }, try call.all())
    },
    .one("Det", [11, 22], "`determinant(x)`") { call in determinant(try call.tensor(0)) },
    Operator("MatMulInteger", [10], "`(x - zeroX) • (y - zeroY)` in int32") { call in
      let x = try call.shifted(0, zero: 2, isRow: true)
      let y = try call.shifted(1, zero: 3, isRow: false)
      return [.tensor(TypedTensor(try call.product(x, y), .int32))]
    },
  ]
}

extension Call {
  /// The product of matrices, also of integers.
  func product(_ x: Tensor, _ y: Tensor) throws(ONNXError) -> Tensor {
    if x.dtype.isFloatingPoint && y.dtype.isFloatingPoint { return matmul(x, y) }
    // Sums of products of small integers are exact in float64 up to 2⁵³.
    return matmul(x.cast(to: .float64), y.cast(to: .float64)).cast(to: x.dtype)
  }

  /// Small integers less their zero point: one for all, or one for each row or column.
  func shifted(_ i: Int, zero: Int, isRow: Bool) throws(ONNXError) -> Tensor {
    let x = try tensor(i)
    guard has(zero) else { return x }
    let point = try tensor(zero)
    if point.elementCount == 1 { return x - point.reshaped([]) }
    if point.rank == 1 && isRow { return x - point.reshaped([point.elementCount, 1]) }
    return x - point
  }
}
