import Autodiff
import Tensors

/// A function with a gradient rule of its own, as a layer.
///
///     Chain {
///       Dense(784, 64)
///       CustomGradient { x in sign(x) } pullback: { x, y, dy in dy }   // a straight-through estimator
///       Dense(64, 10)
///     }
///
/// The rule gets x, y = f(x) and dy and gives dx of x's shape: `customGradient(at:_:pullback:)` as a part of a model.
public struct CustomGradient: Placed {
  let function: @Sendable (Tensor) -> Tensor
  let pullback: @Sendable (Tensor, Tensor, Tensor) -> Tensor
  /// Where in a model it stands.
  public var place = Place()

  /// A function and its rule.
  public init(
    _ function: @escaping @Sendable (_ x: Tensor) -> Tensor,
    pullback: @escaping @Sendable (_ x: Tensor, _ y: Tensor, _ dy: Tensor) -> Tensor
  ) {
    self.function = function
    self.pullback = pullback
  }

  /// The function of x.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { layer in customGradient(at: x, layer.function, pullback: layer.pullback) }
  }

  /// It has no parameters.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {}
}

extension CustomGradient {
  /// As it is written, but for the functions.
  public var code: String { "CustomGradient { … }" }
}
