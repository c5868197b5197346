import Tensors

/// Lists the parts of a chain or of another combinator; loops and conditions may stand among them.
@resultBuilder
public enum ChainBuilder {
  /// One part.
  public static func buildExpression<M: Model<Tensor, Tensor>>(_ model: M) -> [Layer] { [Layer(model)] }
  /// One part.
  public static func buildExpression(_ layer: Layer) -> [Layer] { [layer] }
  /// One part.
  public static func buildExpression(_ function: @escaping @Sendable (Tensor) -> Tensor) -> [Layer] { [Layer(function)] }
  /// Parts in a row.
  public static func buildBlock(_ parts: [Layer]...) -> [Layer] { parts.flatMap { $0 } }
  /// The parts of an `if`.
  public static func buildOptional(_ parts: [Layer]?) -> [Layer] { parts ?? [] }
  /// The parts of an `if` that holds.
  public static func buildEither(first parts: [Layer]) -> [Layer] { parts }
  /// The parts of an `else`.
  public static func buildEither(second parts: [Layer]) -> [Layer] { parts }
  /// The parts of a loop.
  public static func buildArray(_ parts: [[Layer]]) -> [Layer] { parts.flatMap { $0 } }
  /// The parts of an availability check.
  public static func buildLimitedAvailability(_ parts: [Layer]) -> [Layer] { parts }
}
