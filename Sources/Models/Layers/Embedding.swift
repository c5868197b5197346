import Tensors

/// A table of vectors that are looked up by number: what words, characters and other symbols are to a model.
///
/// PyTorch: `Embedding`.
///
/// Shapes: ids [...] of int32 or int64 to [..., features].
public struct Embedding: Placed {
  /// [count, features].
  public var weight: Tensor
  /// An id whose row begins as zeros and is not trained, such as what fills up short sequences.
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
    _ count: Int, _ features: Int, padding: Int? = nil, maxNorm: Double? = nil, order: Double = 2, scalesByFrequency: Bool = false,
    weight initializer: Initializer = .normal(standardDeviation: 1)
  ) {
    weight = initializer([count, features])
    self.padding = checkedPadding("Embedding", padding, count: count)
    self.maxNorm = maxNorm
    self.order = order
    self.scalesByFrequency = scalesByFrequency
    weight = weight.withoutRow(self.padding)
  }

  /// A table of given vectors, [count, features]; a padding row stays as it is given.
  public init(weight: Tensor, padding: Int? = nil, maxNorm: Double? = nil, order: Double = 2, scalesByFrequency: Bool = false) {
    self.weight = weight
    self.padding = weight.rank == 2 ? checkedPadding("Embedding", padding, count: weight.shape[0]) : nil
    self.maxNorm = maxNorm
    self.order = order
    self.scalesByFrequency = scalesByFrequency
  }

  /// The rows of some ids.
  public func callAsFunction(_ ids: Tensor) -> Tensor {
    placed(on: ids) { layer in
      embedding(
        ids, layer.weight, paddingIndex: layer.padding, maxNorm: layer.maxNorm, order: layer.order,
        scalesByFrequency: layer.scalesByFrequency)
    }
  }

  /// x • weightᵀ: how well each row fits x, [..., features] to [..., count].
  ///
  /// The logits of a language model whose first and last layer share one table (Press and Wolf 2017).
  public func logits(_ x: Tensor) -> Tensor { linear(x, weight: weight) }
}

extension Embedding {
  /// As it is written: `Embedding(65, 128)`.
  public var code: String {
    call(
      "Embedding", "\(weight.shape[0])", "\(weight.shape[1])", padding.map { "padding: \($0)" }, maxNorm.map { "maxNorm: \($0)" },
      order == 2 ? nil : "order: \(order)", scalesByFrequency ? "scalesByFrequency: true" : nil)
  }
}

/// The row that is padding, counted from the first; nil after a mistake.
func checkedPadding(_ layer: String, _ padding: Int?, count: Int) -> Int? {
  guard let padding else { return nil }
  // Of a table whose size is a mistake no row is looked for.
  if count < 0 { return nil }
  if (-count..<count).contains(padding) { return padding < 0 ? padding + count : padding }
  fail(TensorError(layer, "row \(padding) as padding of a table with \(count) rows; \(-count) to \(count - 1) would fit"))
  return nil
}

extension Tensor {
  /// The same with a row of zeros.
  func withoutRow(_ row: Int?) -> Tensor {
    guard let row else { return self }
    return select((Tensor.arange(shape[0]) .== row).unsqueezed(axis: 1), 0, self)
  }
}
