/// Numbers as they are written in a program: one, or lists of equal lists; only literals have this type.
///
///     Tensor([0.1, 0.2])            // float32, as every literal
///     Tensor([3, 1, 4], .int64)     // a named dtype
///     let x: Tensor = [[1, 2], [3, 4]]
///
/// The dtype is float32, or bool where it is made of `true` and `false`. Integers take the dtype of what they stand beside:
/// `labels .== [1, 0]` compares int64 labels with int64 numbers, and where indices or class ids are expected they are int64.
/// A number that the dtype cannot hold is a mistake: 0.5 for int64, 2²⁴ + 1 where float32 was not asked for.
/// Variables and arrays of Swift keep their own type: `Tensor(x)` of an `x: [Double]` is float64.
///
/// A number by itself is no tensor: in `x + 1` the 1 takes the dtype of `x`.
public struct TensorLiteral: Sendable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral
{
  private var shape: Shape
  private var numbers: [Number]
  private var isBoolean = false

  /// A number.
  public init(floatLiteral value: Double) {
    shape = []
    numbers = [.real(value)]
  }

  /// An integer.
  public init(integerLiteral value: Int) {
    shape = []
    numbers = [.integer(Int64(value))]
  }

  /// True or false.
  public init(booleanLiteral value: Bool) {
    self.init(integerLiteral: value ? 1 : 0)
    isBoolean = true
  }

  /// A list of numbers, or of lists of one shape.
  public init(arrayLiteral elements: TensorLiteral...) { self.init(elements) }

  fileprivate init(_ elements: [TensorLiteral]) {
    let inner = elements.first?.shape ?? []
    shape = Shape([elements.count] + Array(inner))
    numbers = elements.flatMap(\.numbers)
    isBoolean = elements.first?.isBoolean ?? false
    if let odd = elements.first(where: { $0.shape != inner }) {
      fail(TensorError("Tensor", "a literal with parts of shapes \(inner) and \(odd.shape); all parts need one shape"))
      (shape, numbers) = ([0], [])
    } else if elements.contains(where: { $0.isBoolean != isBoolean && !$0.numbers.isEmpty }) {
      fail(TensorError("Tensor", "a literal of numbers and of true or false; one of the two would fit"))
      (shape, numbers) = ([0], [])
    }
  }

  /// The tensor, of a dtype or of the literals' own, in the literal's shape or in another one.
  fileprivate func tensor(_ dtype: DType? = nil, shape other: Shape? = nil) -> Tensor {
    if Context.current.hasFailed { return .placeholder }
    let isWhole = numbers.allSatisfy { if case .integer = $0 { true } else { false } }
    let target = dtype ?? (isBoolean ? .bool : .float32)
    return attempt("Tensor") { () throws(TensorError) in
      for number in numbers {
        try number.check(target, "Tensor", remedy: "the dtype .% would fit")
        if dtype == nil, target == .float32, case .integer(let value) = number, Int64(exactly: Float(value)) != value {
          throw TensorError("Tensor", "\(value) is no number of float32, which literals are; name the dtype: Tensor(…, .int64)")
        }
      }
      let shape = other ?? shape
      guard shape.elementCount == numbers.count, (try? shape.check("")) != nil else {
        throw TensorError("Tensor", "\(numbers.count) elements do not fill shape \(shape), which has \(shape.elementCount)")
      }
      let result = try Tensor(uninitialized: shape, target)
      let size = target.byteCount
      for (i, number) in numbers.enumerated() { number.fill(result.pointer + i * size, target, 1) }
      if dtype == nil && isWhole && !isBoolean { result.body.becomeIntegerLiteral() }
      return result
    } ?? .placeholder
  }
}

extension Tensor: ExpressibleByArrayLiteral {
  /// A literal in nested lists: `[[1, 2], [3, 4]]` is float32 of shape [2, 2]; see ``TensorLiteral``.
  public init(arrayLiteral elements: TensorLiteral...) { self = TensorLiteral(elements).tensor() }

  /// Numbers as they are written: float32, bool of `true` and `false`; see ``TensorLiteral``.
  public init(_ literal: TensorLiteral) { self = literal.tensor() }
  /// Numbers as they are written, of a dtype that holds them exactly, or of the nearest float32 or float64.
  public init(_ literal: TensorLiteral, _ dtype: DType) { self = literal.tensor(dtype) }
  /// Numbers as they are written, in row-major order.
  public init(_ literal: TensorLiteral, shape: Shape) { self = literal.tensor(shape: shape) }
  /// Numbers as they are written, in row-major order, of a dtype that holds them exactly, or of the nearest float32 or float64.
  public init(_ literal: TensorLiteral, shape: Shape, _ dtype: DType) { self = literal.tensor(dtype, shape: shape) }
}

// MARK: - Integers beside other dtypes

extension Tensor {
  /// Whether it is a literal of integers, or a view of one.
  var isIntegerLiteral: Bool { body.isIntegerLiteral }

  /// Where integers are needed: itself, or int64 if it is a literal of integers.
  package var integersOfLiteral: Tensor { isIntegerLiteral && dtype == .float32 ? cast(to: .int64) : self }
}

extension Operands {
  /// The operands with literals of integers in another dtype, for each that may be meant: that of the others, and int64.
  ///
  /// Called where a shape rule has refused them as they are: operands that fit cost nothing.
  @inline(never)
  func convertingLiterals() -> [Self] {
    guard (0..<count).contains(where: { operand($0).isIntegerLiteral }) else { return [] }
    let others = (0..<count).map { operand($0) }.filter { !$0.isIntegerLiteral }.map(\.dtype)
    var dtypes: [DType] = []
    for dtype in others + [.int64] where dtype != .float32 && dtype != .bool && !dtypes.contains(dtype) { dtypes.append(dtype) }
    return dtypes.map { dtype in mapOperands { $0.isIntegerLiteral ? $0.cast(to: dtype) : $0 } }
  }
}
