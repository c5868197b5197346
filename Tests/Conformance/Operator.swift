import Fluxion

/// A row of the table: an operator of PyTorch's, and how Fluxion says it.
public struct Operator: Sendable {
  /// PyTorch's name, as its test data spell it.
  public let name: String
  /// Fluxion's call, for the guide.
  public let fluxion: String
  /// What else a reader of the guide should know.
  public var note = ""
  /// Why the operator is not there; nil if it is.
  public var missing: String?
  /// Factorisations and iterative functions: tolerances are 1,000 times as wide.
  var isLoose = false
  /// Why results are not quite PyTorch's, on purpose, and how far from them they may be; such cases count as not passed.
  var differs: (reason: String, within: Double)?
  /// What PyTorch leaves open, such as which of equal elements it takes; a case whose results are as good as PyTorch's by ``compared`` and yet
  /// others counts as not passed for this reason.
  var open: String?
  var call: @Sendable (Arguments) throws -> [Tensor]
  /// For results that are unique only up to signs or rotations: ours in the form of theirs where signs will do, before gradients are
  /// taken, and what is compared in place of the results.
  var align: (@Sendable (Arguments, _ ours: [Tensor], _ theirs: [Tensor]) throws -> [Tensor])?
  var compared: (@Sendable (Arguments, [Tensor]) throws -> [Tensor])?

  /// One operator of PyTorch's that is several calls here: 16-bit operands are cast to float32 before them, and results back, so that both round once.
  var fused: Operator {
    with { row in
      row.call = { [call] arguments in
        func isHalf(_ x: Tensor) -> Bool { x.dtype == .float16 || x.dtype == .bfloat16 }
        guard let dtype = arguments.tensors.values.first(where: isHalf)?.dtype else { return try call(arguments) }
        let wide = arguments.tensors.mapValues { isHalf($0) ? $0.cast(to: .float32) : $0 }
        let results = try call(Arguments(positional: arguments.positional, keywords: arguments.keywords, tensors: wide))
        return results.map { $0.dtype == .float32 ? $0.cast(to: dtype) : $0 }
      }
    }
  }

  func with(_ change: (inout Operator) -> Void) -> Operator {
    var row = self
    change(&row)
    return row
  }
}

/// The table that maps PyTorch's names and arguments to Fluxion's calls.
public enum Table {
  /// Functions of a sum and a product.
  private static let fused: Set = [
    "addbmm", "addcdiv", "addcmul", "addmm", "addmm.decomposed", "addmv", "addr", "baddbmm",
  ]

  /// All rows, in the order of their names.
  public static let operators: [Operator] = families.flatMap(\.rows).sorted { $0.name < $1.name }.map {
    fused.contains($0.name) ? $0.fused : $0
  }

  /// The row of a name.
  static let byName = Dictionary(uniqueKeysWithValues: operators.map { ($0.name, $0) })

  /// A group of operators that the guide shows together.
  public struct Family: Sendable {
    /// Its headline.
    public let title: String
    /// Its operators.
    public let rows: [Operator]

    /// A list that is written row by row: each is then an expression of its own to the compiler.
    init(_ title: String, _ fill: (inout Rows) -> Void) {
      var list = Rows()
      fill(&list)
      self.title = title
      rows = list.rows
    }
  }

  struct Rows {
    var rows: [Operator] = []

    /// An operator with one result.
    mutating func add(_ name: String, _ fluxion: String, note: String = "", _ call: @escaping @Sendable (Arguments) throws -> Tensor) {
      rows.append(Operator(name: name, fluxion: fluxion, note: note, call: { [try call($0)] }))
    }

    /// An operator with several results.
    mutating func add(
      _ name: String, _ fluxion: String, note: String = "", results call: @escaping @Sendable (Arguments) throws -> [Tensor]
    ) {
      rows.append(Operator(name: name, fluxion: fluxion, note: note, call: call))
    }

    /// An operator that Fluxion does not have.
    mutating func missing(_ name: String, because reason: String) {
      rows.append(Operator(name: name, fluxion: "", missing: reason, call: { _ in throw Refusal(reason) }))
    }

    /// Changes the row that was added last.
    mutating func change(_ change: (inout Operator) -> Void) { change(&rows[rows.count - 1]) }
  }
}
