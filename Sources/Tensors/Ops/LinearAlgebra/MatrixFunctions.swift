/// x • x • … of square matrices [..., n, n], by repeated squaring; for a negative power of the inverse, for 0 the identity.
///
/// PyTorch: `linalg.matrix_power`.
public func matrixPower(_ x: Tensor, _ power: Int) -> Tensor {
  if Context.current.hasFailed { return .placeholder }
  if x.dtype.isHalf { return matrixPower(x.widened, power).cast(to: x.dtype) }
  guard x.rank >= 2, x.shape[-1] == x.shape[-2] else {
    fail(TensorError("matrixPower", "the matrices of \(x.shape) are not square; [..., n, n] would fit"))
    return .placeholder
  }
  if power == 0 { return Tensor.eye(x.shape[-1], nil, x.dtype).expanded(x.shape) }
  var square = power < 0 ? inverse(x) : x
  var rest = power.magnitude
  var result: Tensor?
  while true {
    if rest & 1 == 1 { result = result.map { $0 • square } ?? square }
    rest >>= 1
    if rest == 0 { return result ?? square }
    square = matmul(square, square)
  }
}
