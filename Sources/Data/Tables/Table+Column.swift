import Tensors

extension Table {
  /// What a column holds.
  public enum Kind: String, Sendable, CaseIterable {
    /// Whole numbers of 64 bits.
    case integer
    /// Numbers of 64 bits.
    case number
    /// Texts, of which equal ones are stored once: categories, dates, sentences.
    case text
  }

  /// A column of a table: its name and a value, or nothing, for each row.
  public struct Column: Sendable, Equatable {
    enum Content: Sendable, Equatable {
      case integers([Int])
      case numbers([Double])
      /// Each row's place among the different texts.
      case texts([Int32], different: [String])
    }

    /// Its name.
    public var name: String
    let content: Content
    /// Whether a row is missing; without elements where none is.
    ///
    /// What stands at such a row is 0.
    let missing: [Bool]

    init(_ name: String, _ content: Content, missing: [Bool]) {
      (self.name, self.content) = (name, content)
      self.missing = missing.contains(true) ? missing : []
    }

    /// A column of integers; nil is missing.
    public init(_ name: String, integers: [Int?]) {
      self.init(name, .integers(integers.map { $0 ?? 0 }), missing: integers.map { $0 == nil })
    }

    /// A column of numbers; nil and NaN are missing.
    public init(_ name: String, numbers: [Double?]) {
      let missing = numbers.map { $0?.isNaN ?? true }
      self.init(name, .numbers(zip(numbers, missing).map { $1 ? 0 : $0 ?? 0 }), missing: missing)
    }

    /// A column of texts; nil is missing.
    public init(_ name: String, texts: [String?]) {
      var pool = TextPool()
      self.init(name, .texts(texts.map { $0.map { pool.code($0) } ?? 0 }, different: pool.texts), missing: texts.map { $0 == nil })
    }

    /// A column of values: of integers if all are, of numbers if all are numbers, else of texts.
    public init(_ name: String, values: [Value]) {
      let isText = values.contains { if case .text = $0 { true } else { false } }
      let isNumber = values.contains { if case .number = $0 { true } else { false } } || values.allSatisfy(\.isMissing)
      if isText {
        self.init(name, texts: values.map(\.text))
      } else if isNumber {
        self.init(name, numbers: values.map(\.number))
      } else {
        self.init(name, integers: values.map(\.integer))
      }
    }

    /// What it holds.
    public var kind: Kind {
      switch content {
      case .integers: .integer
      case .numbers: .number
      case .texts: .text
      }
    }

    /// The number of rows.
    public var count: Int {
      switch content {
      case .integers(let list): list.count
      case .numbers(let list): list.count
      case .texts(let list, _): list.count
      }
    }

    /// The number of rows that are missing.
    public var missingCount: Int { missing.reduce(0) { $0 + ($1 ? 1 : 0) } }

    /// Whether a row is missing.
    public func isMissing(_ row: Int) -> Bool { row >= 0 && row < missing.count && missing[row] }

    /// The value of a row.
    public subscript(row: Int) -> Value {
      guard row >= 0 && row < count else {
        fail(TensorError("Table", "row \(row) of \(count) in column \(readable(name))"))
        return .missing
      }
      if isMissing(row) { return .missing }
      return switch content {
      case .integers(let list): .integer(list[row])
      case .numbers(let list): .number(list[row])
      case .texts(let list, let different): .text(different[Int(list[row])])
      }
    }

    /// All values as texts, of numbers their digits; nil where they are missing.
    public var texts: [String?] { (0..<count).map { self[$0].text } }

    /// The rows at positions that exist.
    func rows(at indices: [Int]) -> Column {
      let missing = self.missing.isEmpty ? [] : indices.map { self.missing[$0] }
      return switch content {
      case .integers(let list): Column(name, .integers(indices.map { list[$0] }), missing: missing)
      case .numbers(let list): Column(name, .numbers(indices.map { list[$0] }), missing: missing)
      case .texts(let list, let different): Column(name, .texts(indices.map { list[$0] }, different: different), missing: missing)
      }
    }

    /// The numbers as Doubles, NaN where they are missing; nil, after a mistake, if they are texts.
    func doubles(_ operation: String) -> [Double]? {
      var list: [Double]
      switch content {
      case .integers(let integers): list = integers.map { Double($0) }
      case .numbers(let numbers): list = numbers
      case .texts:
        let row = (0..<count).first { !isMissing($0) }
        let example = row.map { ", \(readable(self[$0].description)) in row \($0)" } ?? ""
        fail(TensorError(operation, "column \(readable(name)) is text\(example); a column of numbers would fit"))
        return nil
      }
      for row in missing.indices where missing[row] { list[row] = .nan }
      return list
    }

    /// The numbers: [rows], NaN where they are missing.
    ///
    /// For an integer dtype, or bool, none may be missing or have a fraction. A mistake if the column is text: see ``CategoryEncoder``.
    public func tensor(_ dtype: DType = .float32) -> Tensor {
      if dtype == .int64, case .integers(let list) = content, missing.isEmpty { return Tensor(list) }
      guard let list = doubles("Table") else { return .zeros([count], dtype) }
      if !dtype.isFloatingPoint {
        let limit = dtype == .bool ? 0...1.0 : dtype == .int32 ? Double(Int32.min)...Double(Int32.max) : -0x1p63...0x1p63.nextDown
        if let row = list.firstIndex(where: { $0 != $0.rounded() || !limit.contains($0) }) {
          fail(TensorError("Table", "column \(readable(name)) has \(self[row]) in row \(row), which is no \(dtype)"))
          return .zeros([count], dtype)
        }
      }
      return Tensor(list).cast(to: dtype)
    }

    /// 1 where a row is missing, else 0: bool [rows].
    public var missingMask: Tensor { Tensor(missing.isEmpty ? [Bool](repeating: false, count: count) : missing) }

    /// Whether names, kinds and values are equal.
    public static func == (a: Column, b: Column) -> Bool {
      guard a.name == b.name, a.kind == b.kind, a.missing == b.missing, a.count == b.count else { return false }
      if case .texts(let x, let different) = a.content, case .texts(let y, let others) = b.content {
        // Codes are as the texts came.
        return x.indices.allSatisfy { a.isMissing($0) || different[Int(x[$0])] == others[Int(y[$0])] }
      }
      return a.content == b.content
    }
  }

  /// Texts, each stored once.
  struct TextPool {
    private(set) var texts: [String] = []
    private var codes: [String: Int32] = [:]

    mutating func code(_ text: String) -> Int32 {
      if let code = codes[text] { return code }
      let code = Int32(texts.count)
      texts.append(text)
      codes[text] = code
      return code
    }
  }
}

extension Table: CustomStringConvertible {
  /// The number of rows, and for each column its kind, what is missing and the first values.
  public var description: String {
    let width = Swift.min(30, columns.map(\.name.count).max() ?? 0)
    let lines = columns.prefix(100).map { column in
      let name = column.name.padded(to: width)
      let missing = column.missingCount > 0 ? ", \(column.missingCount) missing" : ""
      let first = (0..<Swift.min(5, rowCount)).map { readable(column[$0].description).dropFirst().dropLast() }
      return "  \(name)  \(column.kind.rawValue)\(missing): \(first.joined(separator: ", "))\(rowCount > 5 ? ", …" : "")"
    }
    let rest = columns.count > 100 ? ["  … and \(columns.count - 100) more"] : []
    let head = "\(rowCount) \(rowCount == 1 ? "row" : "rows"), \(columns.count) \(columns.count == 1 ? "column" : "columns")"
    return ([head] + lines + rest).joined(separator: "\n")
  }
}

extension String {
  /// With blanks behind it, up to a width.
  fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - count)) }
}
