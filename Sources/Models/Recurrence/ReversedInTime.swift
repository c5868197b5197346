import Tensors

/// A model of sequences run from their last step to their first: y[:, t] answers x[:, t] knowing what comes after it.
///
/// Made by ``Model/reversedInTime()``. Shapes: [batch, time, …] to [batch, time, …].
public struct ReversedInTime<M: Model<Tensor, Tensor>>: Placed {
  /// The model of sequences.
  public var model: M
  /// Where in a model it stands.
  public var place = Place()

  /// The model's answers to the reversed sequences, reversed.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { (reversed: inout Self) in
      let lengths = SequenceLengths.current
      let y = reversed.model(x.reversedInTime(lengths: lengths))
      guard y.rank >= 2, y.shape[1] == x.shape[1] else {
        fail(
          TensorError(
            "reversedInTime", "the model gave \(y.shape) for \(x.shape); a model of [batch, time, …] to [batch, time, …] would fit"))
        return y
      }
      return y.reversedInTime(lengths: lengths)
    }
  }

  /// The model's own: reversing changes no name.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) { visitor.content(&model) }

  /// A reversed model has no steps to unroll: it is the unrolled model that is reversed.
  @available(*, unavailable, message: "reverse the unrolled model: .unrolled().reversedInTime()")
  public func unrolled(steps: Int? = nil) -> Unrolled<Self> { fatalError() }
}

extension ReversedInTime {
  /// As it is written.
  public var code: String { "\(model.code).reversedInTime()" }
}

extension Model where Input == Tensor, Output == Tensor {
  /// The model of sequences run from their last step to their first, its answers standing where their inputs stood.
  public func reversedInTime() -> ReversedInTime<Self> { ReversedInTime(model: self) }
}
