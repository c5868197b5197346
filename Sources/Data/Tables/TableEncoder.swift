import Tensors

/// Turns tables into tensors, by what it has seen of the table that it was fitted on: categories, and what to put where a number is missing.
///
///     let encoder = TableEncoder(fitting: train, numbers: ["area", "rooms"], categories: ["city"], missing: .median)
///     let x = encoder.numbers(test)              // float32 [rows, 2]
///     let ids = encoder.ids(test)                // int64 [rows, 1], 0 for a city that train does not have
///     let all = encoder.features(test)           // float32 [rows, 2 + cities], the cities one-hot
///     try encoder.save(to: "encoder.json")
///     let y = model(encoder.features(["area": 120, "rooms": 4, "city": "Bern"]))
///
/// It is fitted on the training part and applied, as it is, to the others: nothing of a test part gets into it. Standardising numbers is left to ``Scaler``,
/// a layer of the model. scikit-learn: `ColumnTransformer` of `SimpleImputer`, `OrdinalEncoder` and `OneHotEncoder`.
public struct TableEncoder: Sendable, Equatable {
  /// What stands for a missing number.
  public enum Missing: Sendable, Equatable {
    /// The mean of those that are not missing.
    case mean
    /// The median of those: of an even number of them the mean of the two in the middle.
    case median
    /// One number for all columns.
    case constant(Double)
  }

  /// The columns of numbers, in the order of the result.
  public let numberColumns: [String]
  /// What stands for a missing number, for each of those columns: 0 where all of the fitted ones were missing.
  public let fillValues: [Double]
  /// The columns of categories, in the order of the result.
  public let categoryColumns: [String]
  /// Their ids, for each of those columns.
  public let categories: [CategoryEncoder]
  /// Whether each column of numbers has one behind them that is 1 where it was missing.
  public let addsMasks: Bool

  /// An encoder fitted on a table.
  ///
  /// - Parameters:
  ///   - numbers: Columns of numbers.
  ///   - categories: Columns whose different values are categories.
  ///   - missing: What stands for a missing number.
  ///   - addsMasks: Adds a column of 0 and 1 for each column of numbers, which tells where it was missing.
  ///   - minimumCount: How often a category has to come in order to have an id of its own.
  public init(
    fitting table: Table, numbers: [String] = [], categories: [String] = [], missing: Missing = .mean, addsMasks: Bool = false,
    minimumCount: Int = 1
  ) {
    numberColumns = numbers
    categoryColumns = categories
    self.addsMasks = addsMasks
    fillValues = numbers.map { name in
      let present = (table[name].doubles("TableEncoder") ?? []).filter { !$0.isNaN }
      return TableEncoder.fill(missing, present)
    }
    self.categories = categories.map { CategoryEncoder(fitting: table[$0], minimumCount: minimumCount) }
    if case .constant(let value) = missing { _ = Setting.finite.holds(value, "a constant for missing numbers", "TableEncoder") }
  }

  init(numbers: [(String, Double)], categories: [(String, CategoryEncoder)], addsMasks: Bool) {
    (numberColumns, fillValues) = (numbers.map(\.0), numbers.map(\.1))
    (categoryColumns, self.categories) = (categories.map(\.0), categories.map(\.1))
    self.addsMasks = addsMasks
  }

  private static func fill(_ missing: Missing, _ present: [Double]) -> Double {
    switch missing {
    case .constant(let value): return value.isFinite ? value : 0
    case .mean:
      if present.isEmpty { return 0 }
      let sum = present.reduce(0, +)
      // Of shares, where the sum of large numbers overflows.
      let mean = sum.isFinite ? sum / Double(present.count) : present.reduce(0) { $0 + $1 / Double(present.count) }
      return mean.isFinite ? mean : 0
    case .median:
      if present.isEmpty { return 0 }
      let sorted = present.sorted()
      let median = sorted[(sorted.count - 1) / 2] / 2 + sorted[sorted.count / 2] / 2
      return median.isFinite ? median : 0
    }
  }

  /// The number of ids of each column of categories, that of the unknown included: the sizes of embeddings.
  public var categoryCounts: [Int] { categories.map(\.count) }

  /// The names of the columns of ``features(_:_:)``: `area`, `area is missing`, `city = Bern`.
  public var featureNames: [String] {
    let masks = addsMasks ? numberColumns.map { "\($0) is missing" } : []
    return numberColumns + masks
      + zip(categoryColumns, categories).flatMap { name, encoder in encoder.vocabulary.map { "\(name) = \($0)" } }
  }

  /// The numbers, with masks behind them if there are any: [rows, columns].
  ///
  /// A mistake if a column is not there or holds texts.
  public func numbers(_ table: Table, _ dtype: DType = .float32) -> Tensor {
    var columns: [Tensor] = []
    var masks: [Tensor] = []
    for (name, value) in zip(numberColumns, fillValues) {
      let column = table[name]
      guard var list = column.doubles("TableEncoder") else { return .zeros([table.rowCount, 0], dtype) }
      for row in list.indices where list[row].isNaN { list[row] = value }
      columns.append(Tensor(list).cast(to: dtype))
      if addsMasks { masks.append(column.missingMask.cast(to: dtype)) }
    }
    return columns.isEmpty ? .zeros([table.rowCount, 0], dtype) : stack(columns + masks, axis: 1)
  }

  /// The ids of the categories, 0 for what is missing or unknown: int64 [rows, columns].
  public func ids(_ table: Table) -> Tensor {
    let columns = zip(categoryColumns, categories).map { name, encoder in encoder.ids(table[name]) }
    return columns.isEmpty ? .zeros([table.rowCount, 0], .int64) : stack(columns, axis: 1)
  }

  /// The numbers and masks, and behind them the categories one-hot: [rows, features].
  ///
  /// What is missing or unknown is 0 in all columns of its category.
  public func features(_ table: Table, _ dtype: DType = .float32) -> Tensor {
    var parts = [numbers(table, dtype)]
    for (name, encoder) in zip(categoryColumns, categories) {
      parts.append(encoder.ids(table[name]).oneHot(classes: encoder.count, dtype)[.all, 1...])
    }
    return concatenate(parts, axis: 1)
  }

  /// The numbers of one row, at serving: [1, columns].
  public func numbers(_ row: [String: Table.Value], _ dtype: DType = .float32) -> Tensor { numbers(table(row), dtype) }
  /// The ids of one row: int64 [1, columns].
  public func ids(_ row: [String: Table.Value]) -> Tensor { ids(table(row)) }
  /// The features of one row: [1, features].
  public func features(_ row: [String: Table.Value], _ dtype: DType = .float32) -> Tensor { features(table(row), dtype) }

  /// A row as a table; a column that it does not name is missing.
  private func table(_ row: [String: Table.Value]) -> Table {
    var row = row
    for name in numberColumns + categoryColumns where row[name] == nil { row[name] = .missing }
    return Table(rows: [row])
  }
}
