import Tensors

/// How several answers become one: in ``Parallel``, ``SkipConnection`` and bidirectional models.
///
///     Parallel(join: .concatenation(axis: 1)) { … }
///     SkipConnection(join: Join { a in a[0] * sigmoid(a[1]) }) { … }
public struct Join: Sendable {
  private let body: @Sendable ([Tensor]) -> Tensor
  /// As it is written.
  let code: String
  /// Whether it may join the answers to all steps of sequences at once, [batch, time, …].
  let isPerStep: Bool

  /// A function of one's own.
  public init(_ body: @escaping @Sendable ([Tensor]) -> Tensor) { self.init(body, "Join { … }", isPerStep: false) }

  private init(_ body: @escaping @Sendable ([Tensor]) -> Tensor, _ code: String, isPerStep: Bool) {
    self.body = body
    self.code = code
    self.isPerStep = isPerStep
  }

  /// The answers' sum.
  public static let sum = Join({ answers in answers.dropFirst().reduce(answers[0]) { $0 + $1 } }, ".sum", isPerStep: true)
  /// The answers' mean.
  public static let mean = Join(
    { answers in answers.dropFirst().reduce(answers[0]) { $0 + $1 } * (1 / Double(answers.count)) }, ".mean", isPerStep: true)
  /// The answers' product, element by element.
  public static let product = Join({ answers in answers.dropFirst().reduce(answers[0]) { $0 * $1 } }, ".product", isPerStep: true)
  /// The larger of the answers, element by element.
  public static let maximum = Join(
    { answers in answers.dropFirst().reduce(answers[0]) { Tensors.maximum($0, $1) } }, ".maximum", isPerStep: true)
  /// The answers one after the other along an axis.
  public static func concatenation(axis: Int = -1) -> Join {
    Join(
      { answers in concatenate(answers, axis: axis) }, axis == -1 ? ".concatenation()" : ".concatenation(axis: \(axis))",
      isPerStep: axis < 0)
  }

  /// One answer from several.
  public func callAsFunction(_ answers: [Tensor]) -> Tensor { body(answers) }
}
