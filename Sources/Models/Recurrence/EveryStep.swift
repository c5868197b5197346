import Tensors

// Layers that treat every step alike: what they do to a step they do to all steps of a sequence at once.

extension Dense: SequenceModel {
  /// All steps in one product.
  public func overTime(_ x: Tensor, lengths: [Int]?) -> Tensor { self(x) }
}

extension Perceptron: SequenceModel {
  /// All steps in one product.
  public func overTime(_ x: Tensor, lengths: [Int]?) -> Tensor { self(x) }
}

extension Embedding: SequenceModel {
  /// The rows of all steps' ids, [batch, time] to [batch, time, features].
  public func overTime(_ x: Tensor, lengths: [Int]?) -> Tensor { self(x) }
}

extension LayerNorm: SequenceModel {
  /// All steps in one pass.
  public func overTime(_ x: Tensor, lengths: [Int]?) -> Tensor { self(x) }
}

extension RMSNorm: SequenceModel {
  /// All steps in one pass.
  public func overTime(_ x: Tensor, lengths: [Int]?) -> Tensor { self(x) }
}

extension Dropout: SequenceModel {
  /// All steps in one pass: elements are dropped as likely as step by step, though not the same ones.
  public mutating func overTime(_ x: Tensor, lengths: [Int]?) -> Tensor { self(x) }
}

extension Elementwise: SequenceModel {
  /// The kernel on all steps at once.
  public func overTime(_ x: Tensor, lengths: [Int]?) -> Tensor { self(x) }
}
