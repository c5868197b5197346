/// A kernel written as a closure on numbers: one fused, vectorised pass over memory, with its derivatives of every order.
///
///     let mish = Elementwise { x in x * tanh(log1p(exp(x))) }
///     let y = mish(x)
///     print(mish)                     // its formula, its derivative's, and what they cost
///
/// The closure runs once, on symbols, and is kept as a short program: common subexpressions are shared, constants folded. What overflows or cancels as
/// it is written is computed as the library does: `log(1 + exp(x))` as softplus, `exp(x) / (exp(x) + exp(y))` as sigmoid, `sqrt(x * x + y * y)` as
/// hypot, so that value and derivatives are finite wherever the function's are. Tensors' operators run one by one, and know of no such thing. It works for
/// float32 and float64, on tensors of any layout; tensors of different shapes broadcast together. Comparisons give 1 or 0, and
/// `select(mask, x, y)` chooses; a Swift `if` cannot look at an element.
///
/// Numbers that are trained follow the tensors, each under a name of its own. In a model they are its parameters:
///
///     let leaky = Elementwise(parameters: ["slope": 0.25]) { x, slope in select(x .> 0, x, slope * x) }
///     let channels = Elementwise(parameters: ["scale": Tensor.ones([16, 1, 1])]) { x, scale in scale * tanh(x) }
///
/// A closure that answers a constant gives it at every element; what it ignores has the gradient 0.
public struct Elementwise: Sendable {
  let program: Program
  /// The numbers of a program of the library's that takes some beside its tensors.
  package var numbers = SIMD4<Double>()
  /// How many tensors it takes.
  public let inputCount: Int
  /// The names of its own parameters, which follow the tensors among the closure's numbers.
  public let parameterNames: [String]
  /// Their values, in the same order.
  package var parameterValues: [Tensor]

  /// A function of one number.
  public init(_ f: (Symbol) -> Symbol) { self.init(1, [:]) { f($0[0]) } }

  /// A function of two numbers, the last of which may be a parameter.
  public init(parameters: KeyValuePairs<String, any ElementwiseParameter> = [:], _ f: (Symbol, Symbol) -> Symbol) {
    self.init(2, parameters) { f($0[0], $0[1]) }
  }

  /// A function of three numbers, the last of which may be parameters.
  public init(parameters: KeyValuePairs<String, any ElementwiseParameter> = [:], _ f: (Symbol, Symbol, Symbol) -> Symbol) {
    self.init(3, parameters) { f($0[0], $0[1], $0[2]) }
  }

  /// A function of four numbers, the last of which may be parameters.
  public init(parameters: KeyValuePairs<String, any ElementwiseParameter> = [:], _ f: (Symbol, Symbol, Symbol, Symbol) -> Symbol) {
    self.init(4, parameters) { f($0[0], $0[1], $0[2], $0[3]) }
  }

  private init(_ count: Int, _ parameters: KeyValuePairs<String, any ElementwiseParameter>, _ f: ([Symbol]) -> Symbol) {
    program = Program(f((0..<count).map { Symbol(.input($0)) }).node, inputCount: count)
    inputCount = Swift.max(1, count - parameters.count)
    parameterNames = parameters.map(\.key)
    parameterValues = parameters.map(\.value.initialParameter)
    if parameters.count >= count {
      fail(TensorError("Elementwise", "a function of \(count) numbers with \(parameters.count) parameters, which leave none for a tensor"))
    } else if Set(parameterNames).count < parameters.count {
      fail(TensorError("Elementwise", "parameters called \(parameterNames.joined(separator: ", ")); each needs a name of its own"))
    }
  }

  /// The function at every element.
  public func callAsFunction(_ x: consuming Tensor) -> Tensor {
    guard expects(1) else { return .placeholder }
    if parameterValues.isEmpty { return mapped("Elementwise", program, x) }
    return mapped("Elementwise", program, [x] + parameterValues)
  }

  /// The function at every pair of elements.
  public func callAsFunction(_ x: Tensor, _ y: Tensor) -> Tensor {
    guard expects(2) else { return .placeholder }
    if numbers != .zero { return mapped("Elementwise", program, x, y, numbers) }
    return parameterValues.isEmpty ? mapped("Elementwise", program, x, y) : mapped("Elementwise", program, [x, y] + parameterValues)
  }

  /// The function at every triple of elements.
  public func callAsFunction(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor {
    guard expects(3) else { return .placeholder }
    return parameterValues.isEmpty ? mapped("Elementwise", program, x, y, z) : mapped("Elementwise", program, [x, y, z] + parameterValues)
  }

  /// The function at every four elements.
  public func callAsFunction(_ x: Tensor, _ y: Tensor, _ z: Tensor, _ w: Tensor) -> Tensor {
    guard expects(4) else { return .placeholder }
    return mapped("Elementwise", program, [x, y, z, w])
  }

  /// Whether it takes so many tensors; a mistake if not.
  func expects(_ count: Int, _ label: StaticString = "Elementwise") -> Bool {
    // After a mistake in its making the program may want more operands than there are.
    if Context.current.hasFailed { return false }
    if count == inputCount && program.inputCount == count + parameterValues.count { return true }
    fail(TensorError("\(label)", "a function of \(inputCount) numbers, called with \(count) tensors"))
    return false
  }
}

/// What an ``Elementwise`` parameter begins with: a number, which becomes one float32, or a tensor that broadcasts with the inputs.
public protocol ElementwiseParameter: Sendable {
  /// The parameter before it is trained.
  var initialParameter: Tensor { get }
}

extension Double: ElementwiseParameter {
  /// One float32.
  public var initialParameter: Tensor { .full([], self) }
}

extension Int: ElementwiseParameter {
  /// One float32.
  public var initialParameter: Tensor { .full([], Double(self)) }
}

extension Tensor: ElementwiseParameter {
  /// The tensor itself.
  public var initialParameter: Tensor { self }
}
