import Tensors

/// Bags of rows of a table, each bag reduced to one vector: what a text is to a model that minds no order.
///
/// PyTorch: `EmbeddingBag`.
///
/// Shapes: ids [bags, length] of int32 or int64 to [bags, features]; or a vector of ids that offsets cut into bags. An empty bag gives zeros.
public struct EmbeddingBag: Placed {
  /// [count, features].
  public var weight: Tensor
  /// What becomes of the rows in a bag.
  public let reduction: BagReduction
  /// An id that counts in no bag; its row begins as zeros and is not trained.
  public let padding: Int?
  /// Rows that are longer are shortened to this length for a call; the table itself stays as it is.
  public let maxNorm: Double?
  /// The p of that length, (Σ |x|ᵖ)^(1/p).
  public let order: Double
  /// Whether each row's gradient is divided by how often its id occurs in a call.
  public let scalesByFrequency: Bool
  /// Where in a model it stands.
  public var place = Place()

  /// A table of given sizes.
  ///
  /// It begins as normal numbers of deviation 1 unless told. A negative `padding` counts from the last row.
  public init(
    _ count: Int, _ features: Int, reduction: BagReduction = .mean, padding: Int? = nil, maxNorm: Double? = nil, order: Double = 2,
    scalesByFrequency: Bool = false, weight initializer: Initializer = .normal(standardDeviation: 1)
  ) {
    weight = initializer([count, features])
    self.reduction = reduction
    self.padding = checkedPadding("EmbeddingBag", padding, count: count)
    self.maxNorm = maxNorm
    self.order = order
    self.scalesByFrequency = scalesByFrequency
    weight = weight.withoutRow(self.padding)
  }

  /// Each row of ids as a bag.
  public func callAsFunction(_ ids: Tensor) -> Tensor { self(ids, offsets: nil) }

  /// Bags that begin where `offsets` say, ascending from 0 (with `includesEnd`, the last offset is where the last bag ends), or rows of ids.
  ///
  /// `weights` are factors of the rows, of the ids' shape; for sums.
  public func callAsFunction(_ ids: Tensor, offsets: Tensor?, weights: Tensor? = nil, includesEnd: Bool = false) -> Tensor {
    placed(on: ids) { layer in
      embeddingBag(
        ids, layer.weight, offsets: offsets, reduction: layer.reduction, weights: weights, paddingIndex: layer.padding,
        includesEnd: includesEnd, maxNorm: layer.maxNorm, order: layer.order, scalesByFrequency: layer.scalesByFrequency)
    }
  }
}

extension EmbeddingBag {
  /// As it is written: `EmbeddingBag(1000, 64, reduction: .sum)`.
  public var code: String {
    call(
      "EmbeddingBag", "\(weight.shape[0])", "\(weight.shape[1])", reduction == .mean ? nil : "reduction: .\(reduction)",
      padding.map { "padding: \($0)" }, maxNorm.map { "maxNorm: \($0)" }, order == 2 ? nil : "order: \(order)",
      scalesByFrequency ? "scalesByFrequency: true" : nil)
  }
}
