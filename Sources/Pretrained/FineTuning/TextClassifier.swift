import Models
import Tensors

/// An encoder with a head that gives each text logits of some labels: what is trained to sort texts.
///
///     var classifier = TextClassifier(try BERT(from: folder), labels: 3, padding: 0)
///     classifier.freeze(\.encoder)                          // trains the head alone
///     try classifier.fit(train, …)                          // ids [batch, time] and labels [batch]
///
/// logits = W · mean of the vectors of the tokens that are no padding + b
public struct TextClassifier<Encoder: TextEncoder>: Model {
  /// The encoder.
  public var encoder: Encoder
  /// From the mean of the vectors to logits.
  public var head: Dense
  /// The id that is padding.
  public let padding: Int

  /// An encoder under a head of so many labels.
  public init(_ encoder: Encoder, labels: Int, padding: Int = 0) {
    self.encoder = encoder
    head = Dense(encoder.features, labels)
    self.padding = padding
  }

  /// ids [batch, time], padded, to logits [batch, labels].
  public func callAsFunction(_ ids: Tensor) -> Tensor {
    let mask = (ids .!= padding).cast(to: .int64)
    let x = encoder.encode(ids, mask: mask, typeIDs: nil).lastHiddenState
    if hasFailed { return x }
    return head(meanPooled(x, mask))
  }
}

/// The mean of the vectors [batch, time, features] where the mask [batch, time] is not 0; zeros where it is 0 everywhere.
func meanPooled(_ x: Tensor, _ mask: Tensor) -> Tensor {
  let weights = (mask .!= 0).cast(to: x.dtype).unsqueezed(axis: -1)
  return (x * weights).sum(axis: 1) / maximum(weights.sum(axis: 1), 1e-9)
}
