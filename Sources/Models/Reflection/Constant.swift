import Tensors

/// Marks a stored tensor or layer as no part of what is trained.
///
///     struct Whitened: Model {
///       @Constant var mean: Tensor
///       var dense: Dense
///       func callAsFunction(_ x: Tensor) -> Tensor { dense(x - mean) }
///     }
///
/// It has no name among the parameters: no gradient, no optimizer, no file has it, `reset()` and `freeze()` leave it alone. For a tensor that
/// runs change, or that is saved with the model, see ``Buffer``; for a layer that is trained later, `freeze`.
@propertyWrapper
public struct Constant<Value: Sendable>: ConstantValue {
  /// The value.
  public var wrappedValue: Value

  /// A constant.
  public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }
}

/// A ``Constant`` of any type.
protocol ConstantValue: Sendable {}
