import Tensors

/// Parts whose answer is joined with their input: join([answer, input]).
///
///     SkipConnection(join: .concatenation(axis: 1)) { Conv2D(8, 8, kernel: 3, padding: .same); relu }
///
/// Parameters are called as in a chain of the parts. Flux: `SkipConnection`.
public struct SkipConnection: Placed, SequenceModel {
  /// What the input passes through on the other way.
  public var chain: Chain
  /// How answer and input, in this order, become one.
  public let join: Join
  /// Where in a model it stands.
  public var place = Place()

  /// The parts that `content` lists.
  public init(join: Join, @ChainBuilder _ content: () -> [Layer]) {
    chain = Chain(content())
    self.join = join
  }

  /// The chain's answer and x, joined.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { (skip: inout Self) in skip.join([skip.chain(x), x]) }
  }

  /// The same over whole sequences.
  public mutating func overTime(_ x: Tensor, lengths: [Int]?) -> Tensor {
    if !join.isPerStep { return runStepByStep(&self, x, lengths: lengths) }
    return placed(on: x) { (skip: inout Self) in skip.join([skip.chain.overTime(x, lengths: lengths), x]) }
  }

  /// The chain's own: the way around it has no name.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) { visitor.content(&chain) }

  /// As it is written.
  public var code: String { block("SkipConnection(join: \(join.code))", of: chain.layers) }
}

/// Parts whose answer is added to their input: x + f(x) (He, Zhang, Ren and Sun 2016).
///
///     Residual { LayerNorm(64); Dense(64, 64, activation: gelu) }
///
/// Parameters are called as in a chain of the parts.
public struct Residual: Placed, SequenceModel {
  /// What is added to the input.
  public var chain: Chain
  /// Where in a model it stands.
  public var place = Place()

  /// The parts that `content` lists.
  public init(@ChainBuilder _ content: () -> [Layer]) { chain = Chain(content()) }

  /// x and the chain's answer, added.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { (residual: inout Self) in residual.sum(x, residual.chain(x)) }
  }

  /// The same over whole sequences.
  public mutating func overTime(_ x: Tensor, lengths: [Int]?) -> Tensor {
    placed(on: x) { (residual: inout Self) in residual.sum(x, residual.chain.overTime(x, lengths: lengths)) }
  }

  private func sum(_ x: Tensor, _ y: Tensor) -> Tensor {
    // Broadcasting would hide that the parts change the shape.
    if x.shape != y.shape && !hasFailed {
      fail(TensorError("Residual", "parts that make \(y.shape) of \(x.shape); parts that keep the shape would fit"))
    }
    return x + y
  }

  /// The chain's own: the way around it has no name.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) { visitor.content(&chain) }

  /// As it is written.
  public var code: String { block("Residual", of: chain.layers) }
}
