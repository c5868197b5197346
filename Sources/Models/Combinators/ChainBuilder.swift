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
  /// No parts.
  public static func buildBlock() -> [Layer] { [] }
  /// The first of the parts in a row.
  public static func buildPartialBlock(first: [Layer]) -> [Layer] { first }
  // One call with all of them would be one expression, which takes the compiler time that grows with the square of its length.
  /// The parts so far and the next.
  public static func buildPartialBlock(accumulated: consuming [Layer], next: [Layer]) -> [Layer] {
    accumulated.append(contentsOf: next)
    return accumulated
  }
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
