import Tensors

/// Some of a data set's examples, by their positions.
///
///     let (train, test) = …                     // digits.split(into: [0.8, 0.2], seed: 1)
///     let few = Subset(digits, Array(0..<100))
///
/// PyTorch: `Subset`.
public struct Subset<D: Dataset>: Dataset {
  /// The whole.
  public let data: D
  /// The positions of its examples in the whole.
  public let indices: [Int]

  /// The examples at some positions, which may come again; a mistake if one is not there.
  public init(_ data: D, _ indices: [Int]) {
    let wrong = indices.first { $0 < 0 || $0 >= data.count }
    if let wrong { fail(TensorError("Subset", "example \(wrong) of \(data.count)")) }
    self.data = data
    self.indices = wrong == nil ? indices : []
  }

  /// The number of examples.
  public var count: Int { indices.count }

  /// The whole's examples at the positions that these stand for.
  public func batch(_ indices: [Int]) throws -> D.Element {
    var positions = indices
    for i in positions.indices {
      guard self.indices.indices.contains(positions[i]) else { throw TensorError("Subset", "example \(positions[i]) of \(count)") }
      positions[i] = self.indices[positions[i]]
    }
    return try data.batch(positions)
  }
}

extension Dataset {
  /// The examples at some positions.
  public func subset(_ indices: [Int]) -> Subset<Self> { Subset(self, indices) }

  /// Parts at random, whose sizes are shares of the whole: `let parts = digits.split(into: [0.8, 0.2], seed: 1)`.
  ///
  /// PyTorch: `random_split`.
  public func split(into fractions: [Double], seed: UInt64? = nil) -> [Subset<Self>] {
    Splits.random(Swift.max(0, count), into: fractions, seed: seed).map { subset($0) }
  }

  /// Parts with the same shares of each class: `digits.split(into: [0.8, 0.2], stratifiedBy: digits.targets)`.
  ///
  /// - Parameter classes: The class of each example, int64 [count].
  public func split(into fractions: [Double], stratifiedBy classes: Tensor, seed: UInt64? = nil) -> [Subset<Self>] {
    guard let list = listOfIDs(classes, count: count, "split") else { return fractions.map { _ in subset([]) } }
    return Splits.stratified(by: list, into: fractions, seed: seed).map { subset($0) }
  }

  /// Parts that no group is in two of.
  ///
  /// - Parameter groups: The group of each example, int64 [count].
  public func split(into fractions: [Double], groupedBy groups: Tensor, seed: UInt64? = nil) -> [Subset<Self>] {
    guard let list = listOfIDs(groups, count: count, "split") else { return fractions.map { _ in subset([]) } }
    return Splits.grouped(by: list, into: fractions, seed: seed).map { subset($0) }
  }

  /// k pairs of what is to train on and what is held out, each example held out once.
  public func folds(_ k: Int, shuffle: Bool = true, seed: UInt64? = nil) -> [(train: Subset<Self>, validation: Subset<Self>)] {
    Splits.folds(k, of: Swift.max(0, count), shuffle: shuffle, seed: seed).map { (subset($0.train), subset($0.validation)) }
  }

  /// The same with equal numbers of each class in each fold.
  public func folds(_ k: Int, stratifiedBy classes: Tensor, seed: UInt64? = nil) -> [(train: Subset<Self>, validation: Subset<Self>)] {
    guard let list = listOfIDs(classes, count: count, "folds") else {
      return Splits.emptyFolds(k).map { _ in (subset([]), subset([])) }
    }
    return Splits.stratifiedFolds(k, by: list, seed: seed).map { (subset($0.train), subset($0.validation)) }
  }

  /// The same with no group in two folds.
  public func folds(_ k: Int, groupedBy groups: Tensor) -> [(train: Subset<Self>, validation: Subset<Self>)] {
    guard let list = listOfIDs(groups, count: count, "folds") else {
      return Splits.emptyFolds(k).map { _ in (subset([]), subset([])) }
    }
    return Splits.groupedFolds(k, by: list).map { (subset($0.train), subset($0.validation)) }
  }
}

extension Table {
  /// Parts at random, whose sizes are shares of the rows: `let parts = table.split(into: [0.8, 0.2], seed: 1)`.
  public func split(into fractions: [Double], seed: UInt64? = nil) -> [Table] {
    Splits.random(rowCount, into: fractions, seed: seed).map { rows(at: $0) }
  }

  /// Parts with the same shares of each value of a column.
  public func split(into fractions: [Double], stratifiedBy column: String, seed: UInt64? = nil) -> [Table] {
    Splits.stratified(by: ids(of: column), into: fractions, seed: seed).map { rows(at: $0) }
  }

  /// Parts that no value of a column is in two of.
  public func split(into fractions: [Double], groupedBy column: String, seed: UInt64? = nil) -> [Table] {
    Splits.grouped(by: ids(of: column), into: fractions, seed: seed).map { rows(at: $0) }
  }

  /// k pairs of what is to train on and what is held out, each row held out once.
  public func folds(_ k: Int, shuffle: Bool = true, seed: UInt64? = nil) -> [(train: Table, validation: Table)] {
    Splits.folds(k, of: rowCount, shuffle: shuffle, seed: seed).map { (rows(at: $0.train), rows(at: $0.validation)) }
  }

  /// The same with equal numbers of each value of a column in each fold.
  public func folds(_ k: Int, stratifiedBy column: String, seed: UInt64? = nil) -> [(train: Table, validation: Table)] {
    Splits.stratifiedFolds(k, by: ids(of: column), seed: seed).map { (rows(at: $0.train), rows(at: $0.validation)) }
  }

  /// An id for each row's value of a column, the same for the same values; 0 for what is missing.
  private func ids(of column: String) -> [Int] {
    let column = self[column]
    let encoder = CategoryEncoder(fitting: column)
    return column.texts.map { $0.flatMap { encoder.id($0) } ?? 0 }
  }
}
