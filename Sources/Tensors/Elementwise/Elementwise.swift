/// A kernel written as a closure on numbers: one fused, vectorised pass over memory, with its derivatives of every order.
///
///     let mish = Elementwise { x in x * tanh(log1p(exp(x))) }
///     let y = mish(x)
///
/// The closure runs once, on symbols, and is kept as a short program: common subexpressions are shared, constants folded. It works for
/// float32 and float64, on tensors of any layout. Comparisons give 1 or 0, and `where(mask, x, y)` chooses; a Swift `if` cannot look at an
/// element.
public struct Elementwise: Sendable {
  let program: Program
  /// How many tensors it takes.
  public let inputCount: Int

  /// A function of one number.
  public init(_ f: (Symbol) -> Symbol) {
    program = .unary(f)
    inputCount = 1
  }

  /// A function of two numbers; tensors broadcast together.
  public init(_ f: (Symbol, Symbol) -> Symbol) {
    program = .binary(f)
    inputCount = 2
  }

  /// A function of three numbers; tensors broadcast together.
  public init(_ f: (Symbol, Symbol, Symbol) -> Symbol) {
    program = .ternary(f)
    inputCount = 3
  }

  /// The function at every element.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard expects(1) else { return .placeholder }
    return mapped("Elementwise", program, x)
  }

  /// The function at every pair of elements.
  public func callAsFunction(_ x: Tensor, _ y: Tensor) -> Tensor {
    guard expects(2) else { return .placeholder }
    return mapped("Elementwise", program, x, y)
  }

  /// The function at every triple of elements.
  public func callAsFunction(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor {
    guard expects(3) else { return .placeholder }
    return mapped("Elementwise", program, x, y, z)
  }

  private func expects(_ count: Int) -> Bool {
    if count == inputCount { return true }
    fail(TensorError("Elementwise", "a function of \(inputCount) numbers, called with \(count) tensors"))
    return false
  }
}
