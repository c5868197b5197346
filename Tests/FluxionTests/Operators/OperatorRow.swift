import Tensors
import Testing

/// A row of the operator table: all there is to know of an operator to test it.
struct OperatorRow: Sendable, CustomTestStringConvertible {
  /// What is known of an operator's gradient.
  enum Slope: Sendable, Equatable {
    /// Checked against differences for these inputs.
    case inputs([Int])
    /// Zero everywhere.
    case flat
    /// None: the result is of integers or bools, or there are no inputs.
    case none
  }

  /// Operands and the result that they must give in both float dtypes; where `slopes` is given, also the gradients of the result's sum.
  struct Special: Sendable {
    var inputs: [Grid]
    var result: Grid
    var slopes: [Grid] = []

    /// `0 1 = 1 | 0 1; nan 0 = nan`: operands, result and, behind a bar, the gradient for each operand.
    static func list(_ text: String) -> [Special] {
      func numbers(_ text: Substring) -> [Grid] { text.split(separator: " ").map { Grid(Double($0)!) } }
      return text.split(separator: ";").map { line in
        let sides = line.split(separator: "=")
        let results = sides[1].split(separator: "|")
        return Special(inputs: numbers(sides[0]), result: numbers(results[0])[0], slopes: results.count > 1 ? numbers(results[1]) : [])
      }
    }
  }

  var name: String
  /// The declarations it tests, as ``Declarations`` writes them.
  var covers: [String]
  /// The operands' shapes, one list for each case; the first is the sample that gradients are checked at.
  var cases: [[[Int]]]
  /// One for each operand.
  var domains: [Domain]
  var dtypes: [DType] = [.float32, .float64]
  var resultDType: @Sendable (DType) -> DType = { $0 }
  var slope: Slope
  /// Elements are only moved or compared: the result has the very bits of the reference.
  var isExact = false
  /// Its gradient is summed up from several operators' in an order that f(x) + f(x) changes: twice it is, but for the last bit.
  var isComposite = false
  /// Whether the elements of one operand may all be equal.
  var takesEqualElements = true
  /// Whether the result's shape follows from the operands' shapes alone.
  var hasKnownShape = true
  var specials: [Special] = []
  var apply: @Sendable ([Tensor], DType) -> Tensor
  var reference: @Sendable ([Grid], DType) -> Grid

  var testDescription: String { name }

  /// The inputs that gradients are checked for.
  var slopedInputs: [Int] { if case .inputs(let inputs) = slope { inputs } else { [] } }

  /// The operands of a case, as a layout can hold them.
  func operands(_ shapes: [[Int]], _ dtype: DType, _ layout: OperatorLayout = .contiguous) -> [Grid] {
    var random = SplitMix(name + "\(shapes)")
    return zip(shapes, domains).map { layout.fitting($1.draw($0, dtype, using: &random)) }
  }

  var layouts: [OperatorLayout] {
    if domains.isEmpty { return [.contiguous] }
    return OperatorLayout.allCases.filter { takesEqualElements || $0 != .expanded && $0 != .filled }
  }
}

extension OperatorRow {
  /// Whether operands are there for the bounds of blocks (1,024) and of what a thread does alone (32,768).
  static func isLarge(_ shapes: [[Int]]) -> Bool { shapes.contains { $0.reduce(1, *) > 1024 } }

  /// Large operands lie contiguous and in one other layout, which is another one in each row.
  var layoutOfLargeOperands: OperatorLayout { layouts[name.utf8.reduce(0) { $0 &+ Int($1) } % layouts.count] }
}

// MARK: - Kinds of rows

extension OperatorRow {
  static let floats: [DType] = [.float32, .float64]
  static let numbers: [DType] = [.float32, .float64, .int32, .int64]
  /// All but 16-bit floats, which ``HalfTableTests`` is for.
  static let all: [DType] = [.float32, .float64, .int32, .int64, .bool]

  /// Shapes for an operator that works element by element: any rank, size 1, empty, beyond a block (1,024) and beyond what one thread does
  /// alone (32,768).
  static let unaryCases: [[[Int]]] = [[[2, 3, 4]], [[1, 1, 1]], [[]], [[0, 3]], [[1500]], [[185, 180]]]
  static let binaryCases: [[[Int]]] = [
    [[2, 3, 4], [2, 3, 4]], [[2, 3, 4], [3, 1]], [[3, 1], [2, 1, 4]], [[1, 1, 1], [1]], [[], [2]], [[0, 3], [1, 3]],
    [[2, 1, 2, 1, 2, 1, 2, 3], [1, 2, 1, 2, 1, 2, 1, 3]], [[1500], [1500]], [[185, 180], [180]],
  ]
  /// The same for operators with axes as attributes, which want three axes.
  static let threeAxes: [[[Int]]] = [[[2, 3, 4]], [[1, 1, 1]], [[2, 0, 4]], [[10, 11, 12]], [[32, 33, 34]]]

  /// A function of one number.
  static func unary(
    _ name: String, _ covers: String..., domain: Domain = .any, dtypes: [DType] = floats, slope: Slope = .inputs([0]),
    specials: String = "",
    _ apply: @escaping @Sendable (Tensor) -> Tensor, integers: (@Sendable (Double) -> Double)? = nil,
    reference: @escaping @Sendable (Double) -> Double
  ) -> OperatorRow {
    OperatorRow(
      name: name, covers: covers, cases: unaryCases, domains: [domain], dtypes: dtypes, slope: slope, specials: Special.list(specials),
      apply: { x, _ in apply(x[0]) },
      reference: { x, dtype in x[0].map(dtype.isFloatingPoint ? reference : integers ?? reference) })
  }

  /// A function of two numbers; operands broadcast together.
  static func binary(
    _ name: String, _ covers: String..., domains: [Domain] = [.any, .any], dtypes: [DType] = floats, slope: Slope = .inputs([0, 1]),
    specials: String = "", _ apply: @escaping @Sendable (Tensor, Tensor) -> Tensor,
    integers: (@Sendable (Double, Double) -> Double)? = nil, reference: @escaping @Sendable (Double, Double) -> Double
  ) -> OperatorRow {
    OperatorRow(
      name: name, covers: covers, cases: binaryCases, domains: domains, dtypes: dtypes, slope: slope, specials: Special.list(specials),
      apply: { x, _ in apply(x[0], x[1]) },
      reference: { x, dtype in
        let function = dtype.isFloatingPoint ? reference : integers ?? reference
        return .zip(x[0], x[1], function)
      })
  }

  /// Any function of tensors.
  static func general(
    _ name: String, _ covers: [String], cases: [[[Int]]], domains: [Domain]? = nil, dtypes: [DType] = floats,
    slope: Slope? = nil, _ apply: @escaping @Sendable ([Tensor]) -> Tensor, reference: @escaping @Sendable ([Grid]) -> Grid
  ) -> OperatorRow {
    OperatorRow(
      name: name, covers: covers, cases: cases, domains: domains ?? cases[0].map { _ in .any }, dtypes: dtypes,
      slope: slope ?? .inputs(Array(cases[0].indices)), apply: { x, _ in apply(x) }, reference: { x, _ in reference(x) })
  }

  /// A row with some of its properties changed.
  func with(_ change: (inout OperatorRow) -> Void) -> OperatorRow {
    var row = self
    change(&row)
    return row
  }

  /// Elements are only moved: the very bits, and no dtype is different from others.
  func moving(_ dtypes: [DType] = OperatorRow.all) -> OperatorRow {
    with {
      $0.isExact = true
      $0.dtypes = dtypes
    }
  }

  /// The result has one dtype, whatever the operand's.
  func giving(_ dtype: DType) -> OperatorRow {
    with {
      $0.resultDType = { _ in dtype }
      $0.isExact = !dtype.isFloatingPoint
      if !dtype.isFloatingPoint { $0.slope = .none }
    }
  }
}
