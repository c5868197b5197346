import Tensors

/// The different texts of a column, each with an id: what class ids and embeddings are made from.
///
///     let cities = CategoryEncoder(fitting: train["city"])
///     let ids = cities.ids(test["city"])                     // int64 [rows]
///     let city = Embedding(cities.count, 8)
///     let labels = CategoryEncoder(fitting: train["species"], hasUnknown: false)
///
/// The texts are in ascending order, so that the same column gives the same ids. With `hasUnknown` id 0 stands for what is missing and for texts that the
/// fitted column does not have, and the texts begin at 1; without it they begin at 0, and such a text is a mistake. Numbers count by their digits.
/// scikit-learn: `OrdinalEncoder`, `LabelEncoder`.
public struct CategoryEncoder: Sendable, Equatable {
  /// The texts in the order of their ids.
  public let vocabulary: [String]
  /// Whether id 0 stands for what is not among them.
  public let hasUnknown: Bool
  private let ids: [String: Int]

  /// An encoder of given texts, which have to differ.
  public init(vocabulary: [String], hasUnknown: Bool = true) {
    let first = hasUnknown ? 1 : 0
    var ids: [String: Int] = [:]
    for (i, text) in vocabulary.enumerated() {
      if ids.updateValue(i + first, forKey: text) != nil { fail(TensorError("CategoryEncoder", "\(readable(text)) is there twice")) }
    }
    (self.vocabulary, self.hasUnknown, self.ids) = (vocabulary, hasUnknown, ids)
  }

  /// An encoder of the texts that a column has at least `minimumCount` times.
  public init(fitting column: Table.Column, minimumCount: Int = 1, hasUnknown: Bool = true) {
    var counts: [String: Int] = [:]
    for text in column.texts { if let text { counts[text, default: 0] += 1 } }
    self.init(vocabulary: counts.filter { $0.value >= minimumCount }.keys.sorted(), hasUnknown: hasUnknown)
  }

  /// The number of ids, that of the unknown included: the size of an embedding, or of logits.
  public var count: Int { vocabulary.count + (hasUnknown ? 1 : 0) }

  /// The id of a text; nil, or 0 with `hasUnknown`, if there is none.
  public func id(_ text: String) -> Int? { ids[text] ?? (hasUnknown ? 0 : nil) }

  /// The text of an id; nil for the unknown, and for ids that are not there.
  public func text(_ id: Int) -> String? {
    let (position, isBelow) = id.subtractingReportingOverflow(hasUnknown ? 1 : 0)
    return !isBelow && vocabulary.indices.contains(position) ? vocabulary[position] : nil
  }

  /// The ids of a column: int64 [rows].
  public func ids(_ column: Table.Column) -> Tensor {
    var list = [Int](repeating: 0, count: column.count)
    for (row, text) in column.texts.enumerated() {
      if let id = text.map({ self.id($0) }) ?? (hasUnknown ? 0 : nil) {
        list[row] = id
      } else {
        let found =
          text.map { "\(readable($0)) in row \(row), which is none of the \(vocabulary.count) categories" } ?? "nothing in row \(row)"
        fail(TensorError("CategoryEncoder", "column \(readable(column.name)) has \(found); hasUnknown: true would give such rows the id 0"))
        break
      }
    }
    return Tensor(list)
  }

  /// Whether texts and ids are the same.
  public static func == (a: CategoryEncoder, b: CategoryEncoder) -> Bool { a.vocabulary == b.vocabulary && a.hasUnknown == b.hasUnknown }
}
