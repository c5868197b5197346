/// A primitive that takes complex numbers: by operators on their real and imaginary parts, or by a kernel of its own.
///
/// What merely moves elements needs none of it (``HalfPrimitive``). Gradients come by those of the operators: dL/da + i·dL/db, PyTorch's convention.
protocol ComplexForm<Inputs>: Primitive {
  /// The result for operands of which one at least is complex; nil where the primitive's own kernel and rule take them.
  func onComplex(_ x: Inputs) throws(TensorError) -> Tensor?
}

/// A primitive whose result's parts are what it gives for the operand's parts.
protocol LinearForm: ComplexForm where Inputs == Tensor, Self: Primitive {}

extension LinearForm {
  func onComplex(_ x: Tensor) throws(TensorError) -> Tensor? { x.onParts { self($0) } }
}

extension Tensor {
  /// What an operator gives that treats real and imaginary parts alike.
  func onParts(_ operation: (Tensor) -> Tensor) -> Tensor { complex(operation(real), operation(imag)) }

  /// What an operator gives that is linear in each of two complex operands, as a product is.
  func onParts(_ other: Tensor, _ operation: (Tensor, Tensor) -> Tensor) -> Tensor {
    let ((a, b), (c, d)) = ((real, imag), (other.real, other.imag))
    return complex(operation(a, c) - operation(b, d), operation(a, d) + operation(b, c))
  }
}

/// Operands of which one is complex must have one dtype.
func checkOneDType(_ x: Tensor...) throws(TensorError) { try checkOneDType(x) }
func checkOneDType(_ x: [Tensor]) throws(TensorError) {
  for other in x where other.dtype != x[0].dtype { throw mixedDTypes(x[0].dtype, other.dtype) }
}
