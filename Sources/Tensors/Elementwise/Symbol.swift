import CKernels
import RealModule

/// A number that stands for every element of a tensor while an ``Elementwise`` closure is being read.
///
/// It has the arithmetic of numbers, the functions that tensors have (`exp`, `tanh`, `relu`, …), and swift-numerics' `ElementaryFunctions`,
/// so that a function written generically for numbers becomes a kernel.
public struct Symbol: Sendable {
  let node: Expression

  init(_ node: Expression) { self.node = node }

  /// A constant.
  public init(_ value: Double) { node = .constant(value) }
}

/// A node of an element-wise expression.
///
/// Immutable; one node may be used in several places.
final class Expression: Sendable {
  enum Kind: Hashable, Sendable {
    case input(Int)
    /// A number given at each use of the program, such as leaky ReLU's slope.
    case scalar(Int)
    case constant(Double)
    /// An integer that no Double is: int64 tensors get it unrounded, so nothing is computed with it beforehand.
    case whole(Int64)
    case apply(UInt32)
  }

  let kind: Kind
  let arguments: [Expression]
  /// How many instructions follow one another at most: what walks down an expression takes so much of the stack.
  let depth: Int

  private init(_ kind: Kind, _ arguments: [Expression] = []) {
    self.kind = kind
    self.arguments = arguments
    depth = arguments.reduce(0) { Swift.max($0, $1.depth) } + 1
  }
  /// The deepest expression that a closure may make.
  fileprivate static let deepest = 10_000

  static func input(_ index: Int) -> Expression { Expression(.input(index)) }
  static func scalar(_ index: Int) -> Expression { Expression(.scalar(index)) }
  static func constant(_ value: Double) -> Expression { Expression(.constant(value)) }
  static func constant(_ value: Int) -> Expression {
    Int(exactly: Double(value)) == value ? constant(Double(value)) : Expression(.whole(Int64(value)))
  }

  /// Its parts, each after those that it is made of: by a stack of its own, since expressions may be deeper than the thread's allows for.
  var parts: [Expression] {
    var (order, open, seen) = ([Expression](), [(self, 0)], Set<ObjectIdentifier>())
    while let (x, next) = open.last {
      if next == 0 && seen.contains(ObjectIdentifier(x)) {
        open.removeLast()
      } else if next < x.arguments.count {
        open[open.count - 1].1 += 1
        if !seen.contains(ObjectIdentifier(x.arguments[next])) { open.append((x.arguments[next], 0)) }
      } else {
        seen.insert(ObjectIdentifier(x))
        order.append(x)
        open.removeLast()
      }
    }
    return order
  }

  var value: Double? {
    if case .constant(let value) = kind { return value }
    return nil
  }

  /// An instruction on expressions, simplified.
  static func apply(_ op: fx_op, _ x: Expression...) -> Expression { simplified(op, x) ?? Expression(.apply(op.rawValue), x) }

  /// An instruction on expressions, just as it is.
  static func exactly(_ op: UInt32, _ x: [Expression]) -> Expression { Expression(.apply(op), x) }

  /// An instruction on numbers, by the kernel itself.
  static func evaluate(_ op: fx_op, _ x: [Double]) -> Double {
    guard let kernel = fx_elementwise(Int32(op.rawValue), DType.float64.code) else { return .nan }
    let a = x.count > 0 ? x[0] : 0
    let b = x.count > 1 ? x[1] : 0
    let c = x.count > 2 ? x[2] : 0
    var result = 0.0
    withUnsafePointer(to: a) { a in
      withUnsafePointer(to: b) { b in withUnsafePointer(to: c) { c in kernel(1, a, b, c, &result) } }
    }
    return result
  }
}

// MARK: - Arithmetic

extension Symbol: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  /// A constant.
  public init(floatLiteral value: Double) { self.init(value) }
  /// A constant.
  public init(integerLiteral value: Int) { self.init(.constant(value)) }

  static func unary(_ op: fx_op, _ x: Symbol) -> Symbol { Symbol(.apply(op, x.node)).limited(x) }
  static func binary(_ op: fx_op, _ x: Symbol, _ y: Symbol) -> Symbol { Symbol(.apply(op, x.node, y.node)).limited(x) }

  /// Itself, or after a mistake `x`, if it is too deep.
  func limited(_ x: Symbol) -> Symbol {
    if node.depth <= Expression.deepest { return self }
    fail(
      TensorError(
        "Elementwise", "more than \(Expression.deepest) instructions follow one another; a sum of many terms can be added up in pairs"))
    return x.node.depth <= Expression.deepest ? x : Symbol(0)
  }

  /// The sum.
  public static func + (x: Symbol, y: Symbol) -> Symbol { binary(FX_ADD, x, y) }
  /// The difference.
  public static func - (x: Symbol, y: Symbol) -> Symbol { binary(FX_SUB, x, y) }
  /// The product.
  public static func * (x: Symbol, y: Symbol) -> Symbol { binary(FX_MUL, x, y) }
  /// The quotient.
  public static func / (x: Symbol, y: Symbol) -> Symbol { binary(FX_DIV, x, y) }
  /// The negative.
  public static prefix func - (x: Symbol) -> Symbol { unary(FX_NEG, x) }

  /// The remainder with the sign of y, x − y·⌊x/y⌋.
  public static func % (x: Symbol, y: Symbol) -> Symbol { binary(FX_REM, x, y) }
}

// Not `RealFunctions`: its `signGamma` answers a Swift value that depends on the element. And not `Numeric`, hence neither `AlgebraicField` nor
// `Real`: they want a magnitude that is `Comparable`, whose `<` answers a Bool, so that a closure that branches would compile.
extension Symbol: ElementaryFunctions {
  /// The constant 0.
  public static var zero: Symbol { Symbol(0) }
  /// x = x + y.
  public static func += (x: inout Symbol, y: Symbol) { x = x + y }
  /// x = x − y.
  public static func -= (x: inout Symbol, y: Symbol) { x = x - y }
  /// x = x · y.
  public static func *= (x: inout Symbol, y: Symbol) { x = x * y }
  /// x = x / y.
  public static func /= (x: inout Symbol, y: Symbol) { x = x / y }
  /// eˣ.
  public static func exp(_ x: Symbol) -> Symbol { unary(FX_EXP, x) }
  /// eˣ − 1.
  public static func expMinusOne(_ x: Symbol) -> Symbol { unary(FX_EXPM1, x) }
  /// The hyperbolic cosine.
  public static func cosh(_ x: Symbol) -> Symbol { unary(FX_COSH, x) }
  /// The hyperbolic sine.
  public static func sinh(_ x: Symbol) -> Symbol { unary(FX_SINH, x) }
  /// The hyperbolic tangent.
  public static func tanh(_ x: Symbol) -> Symbol { unary(FX_TANH, x) }
  /// The cosine.
  public static func cos(_ x: Symbol) -> Symbol { unary(FX_COS, x) }
  /// The sine.
  public static func sin(_ x: Symbol) -> Symbol { unary(FX_SIN, x) }
  /// The tangent.
  public static func tan(_ x: Symbol) -> Symbol { unary(FX_TAN, x) }
  /// The natural logarithm.
  public static func log(_ x: Symbol) -> Symbol { unary(FX_LOG, x) }
  /// log(1 + x).
  public static func log(onePlus x: Symbol) -> Symbol { unary(FX_LOG1P, x) }
  /// The inverse hyperbolic cosine.
  public static func acosh(_ x: Symbol) -> Symbol { unary(FX_ACOSH, x) }
  /// The inverse hyperbolic sine.
  public static func asinh(_ x: Symbol) -> Symbol { unary(FX_ASINH, x) }
  /// The inverse hyperbolic tangent.
  public static func atanh(_ x: Symbol) -> Symbol { unary(FX_ATANH, x) }
  /// The inverse cosine.
  public static func acos(_ x: Symbol) -> Symbol { unary(FX_ACOS, x) }
  /// The inverse sine.
  public static func asin(_ x: Symbol) -> Symbol { unary(FX_ASIN, x) }
  /// The inverse tangent.
  public static func atan(_ x: Symbol) -> Symbol { unary(FX_ATAN, x) }
  /// x to a power.
  public static func pow(_ x: Symbol, _ y: Symbol) -> Symbol { binary(FX_POW, x, y) }
  /// x to a power.
  public static func pow(_ x: Symbol, _ n: Int) -> Symbol { binary(FX_POW, x, Symbol(Double(n))) }
  /// √x.
  public static func sqrt(_ x: Symbol) -> Symbol { unary(FX_SQRT, x) }
  /// The n-th root, negative for a negative x.
  public static func root(_ x: Symbol, _ n: Int) -> Symbol {
    n == 2 ? sqrt(x) : unary(FX_SIGN, x) * binary(FX_POW, unary(FX_ABS, x), Symbol(1 / Double(n)))
  }
}
