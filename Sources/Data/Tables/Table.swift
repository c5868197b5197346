import Tensors

/// Rows and named columns of numbers and texts, as a CSV file holds them.
///
///     let table = try Table(contentsOf: "houses.csv")
///     table.columnNames                                    // ["area", "rooms", "city", "price"]
///     table["price"].tensor()                              // float32 [rows], NaN where it is missing
///     let flats = table.filter { row in row["rooms"].number ?? 0 < 4 }
///     let x = table.select(["area", "rooms"]).tensor()     // float32 [rows, 2]
///
/// A table is a value. Columns hold integers, numbers or texts, and each place may be missing. ``TableEncoder`` turns a table into tensors for a model.
/// pandas: `DataFrame`.
public struct Table: Sendable, Equatable {
  /// The columns in order; all are equally long.
  public let columns: [Column]
  /// The number of rows.
  public let rowCount: Int
  private let positions: [String: Int]

  /// A table of columns; a mistake unless they are equally long and have different names.
  public init(_ columns: [Column]) {
    var positions: [String: Int] = [:]
    var problem: String?
    for (i, column) in columns.enumerated() {
      if column.count != columns[0].count {
        problem = "column \(readable(column.name)) has \(column.count) rows and column \(readable(columns[0].name)) \(columns[0].count)"
      }
      if positions.updateValue(i, forKey: column.name) != nil { problem = "two columns are called \(readable(column.name))" }
    }
    if let problem { fail(TensorError("Table", "\(problem); equally long columns of different names would fit")) }
    self.columns = problem == nil ? columns : []
    self.positions = problem == nil ? positions : [:]
    rowCount = self.columns.first?.count ?? 0
  }

  /// A table of rows, each a dictionary of values by column; what a row does not name is missing.
  ///
  ///     let request = Table(rows: [["area": 120.5, "rooms": 4, "city": "Bern"]])
  ///
  /// Columns are in the order of their names.
  public init(rows: [[String: Value]]) {
    let names = Set(rows.flatMap(\.keys)).sorted()
    self.init(names.map { name in Column(name, values: rows.map { $0[name] ?? .missing }) })
  }

  /// The columns' names in order.
  public var columnNames: [String] { columns.map(\.name) }

  /// The position of a column; nil, after a mistake, if there is none of that name.
  func position(of name: String, _ operation: String = "Table") -> Int? {
    if let position = positions[name] { return position }
    let known = columnNames.prefix(20).joined(separator: ", ") + (columns.count > 20 ? ", …" : "")
    fail(TensorError(operation, "no column is called \(readable(name)); there are \(columns.isEmpty ? "none" : known)"))
    return nil
  }

  /// Whether there is a column of a name.
  public func hasColumn(_ name: String) -> Bool { positions[name] != nil }

  /// The column of a name; a mistake if there is none.
  public subscript(name: String) -> Column { position(of: name).map { columns[$0] } ?? Column(name, numbers: []) }

  /// A row, counted from 0.
  public subscript(row: Int) -> Row {
    if !(0..<rowCount).contains(row) { fail(TensorError("Table", "row \(row) of \(rowCount)")) }
    return Row(table: self, index: row)
  }

  /// Some of the columns, in the order of `names`.
  public func select(_ names: [String]) -> Table {
    let found = names.compactMap { position(of: $0) }
    return found.count == names.count ? Table(found.map { columns[$0] }) : Table([])
  }

  /// All columns but some.
  public func dropping(_ names: [String]) -> Table {
    let dropped = Set(names.compactMap { position(of: $0) })
    return Table(columns.indices.filter { !dropped.contains($0) }.map { columns[$0] })
  }

  /// With a column added behind the others, or in the place of the one of its name.
  public func adding(_ column: Column) -> Table {
    var columns = columns
    if let position = positions[column.name] { columns[position] = column } else { columns.append(column) }
    return Table(columns)
  }

  /// The rows at some positions, in that order; a position may come again.
  public func rows(at indices: [Int]) -> Table {
    if let wrong = indices.first(where: { !(0..<rowCount).contains($0) }) {
      fail(TensorError("Table", "row \(wrong) of \(rowCount)"))
      return self
    }
    return Table(columns.map { $0.rows(at: indices) })
  }

  /// A stretch of the rows.
  public subscript(range: Range<Int>) -> Table {
    guard range.lowerBound >= 0 && range.upperBound <= rowCount else {
      fail(TensorError("Table", "rows \(range) of \(rowCount)"))
      return self
    }
    return rows(at: Array(range))
  }

  /// The rows for which a condition holds.
  public func filter(_ condition: (Row) throws -> Bool) rethrows -> Table {
    rows(at: try (0..<rowCount).filter { try condition(Row(table: self, index: $0)) })
  }

  /// The rows in which no column of `names` (all of them unless told) is missing.
  public func droppingMissing(in names: [String]? = nil) -> Table {
    let checked = (names ?? columnNames).compactMap { position(of: $0) }
    return rows(at: (0..<rowCount).filter { row in !checked.contains { columns[$0].isMissing(row) } })
  }

  /// The columns of numbers as a matrix: [rows, columns]; NaN where a number is missing.
  ///
  /// A mistake if a column is text.
  public func tensor(_ dtype: DType = .float32) -> Tensor {
    if columns.isEmpty { return .zeros([rowCount, 0], dtype) }
    return stack(columns.map { $0.tensor(dtype) }, axis: 1)
  }

  /// Whether names, kinds and all values are equal; what is missing equals what is missing.
  public static func == (a: Table, b: Table) -> Bool { a.columns == b.columns }
}

extension Table {
  /// One row of a table.
  public struct Row: Sendable {
    let table: Table
    /// Which one, counted from 0.
    public let index: Int

    /// The value in a column; a mistake if there is no such column.
    public subscript(name: String) -> Value {
      guard index >= 0, index < table.rowCount, let position = table.position(of: name) else { return .missing }
      return table.columns[position][index]
    }
  }

  /// What stands in a row and a column.
  public enum Value: Sendable, Equatable, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
    ExpressibleByNilLiteral, CustomStringConvertible
  {
    case integer(Int)
    case number(Double)
    case text(String)
    case missing

    /// An integer.
    public init(integerLiteral value: Int) { self = .integer(value) }
    /// A number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// A text.
    public init(stringLiteral value: String) { self = .text(value) }
    /// What is missing.
    public init(nilLiteral: ()) { self = .missing }

    /// The integer, or the number if it is one without a fraction; else nil.
    public var integer: Int? {
      switch self {
      case .integer(let value): value
      case .number(let value): Int(exactly: value)
      case .text, .missing: nil
      }
    }
    /// The number; nil for texts and what is missing.
    public var number: Double? {
      switch self {
      case .integer(let value): Double(value)
      case .number(let value): value
      case .text, .missing: nil
      }
    }
    /// As text: of a number without a fraction its digits alone; nil for what is missing.
    public var text: String? {
      switch self {
      case .integer(let value): "\(value)"
      case .number(let value): Int(exactly: value).map { "\($0)" } ?? "\(value)"
      case .text(let text): text
      case .missing: nil
      }
    }
    /// Whether nothing stands there.
    public var isMissing: Bool { self == .missing }
    /// The text, or `missing`.
    public var description: String { text ?? "missing" }
  }
}
