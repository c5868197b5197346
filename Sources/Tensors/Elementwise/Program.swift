import CKernels
import Synchronization

/// An element-wise expression as a short list of instructions over registers, each a block of elements.
///
/// Common subexpressions are computed once; what depends on no input is computed once a run; registers are reused as soon as their value is
/// not needed any more, so that all of them stay in the first-level cache.
final class Program: Sendable {
  struct Instruction {
    var op: UInt32
    var arguments: (Operand, Operand, Operand)
    /// The register the result goes to; -1 is the result of the program.
    var target: Int
  }

  enum Operand {
    case none
    case input(Int)
    case register(Int)
    /// A value that is the same for all elements.
    case uniform(Int)
  }

  /// A value that does not depend on the elements.
  enum Uniform {
    case constant(Double)
    /// One of the numbers that a use brings.
    case scalar(Int)
    /// What is made of such numbers.
    case expression(Expression)

    init(_ x: Expression) {
      switch x.kind {
      case .constant(let value): self = .constant(value)
      case .scalar(let index): self = .scalar(index)
      default: self = .expression(x)
      }
    }
  }

  let inputCount: Int
  let registerCount: Int
  let instructions: [Instruction]
  let uniforms: [Uniform]
  /// The only instruction's kernels by dtype if its operands are just the inputs in order: no blocks are needed then.
  let direct: [fx_kernel?]?
  /// Of a program whose only instruction takes the input and a number: its kernels by dtype, and whether the number comes first.
  let ofNumber: (kernels: [fx_kernel?], isFirst: Bool)?
  /// Of a program whose only instruction takes two or three inputs in order: its kernels by dtype for a single number in place of the first, and
  /// of all others.
  let ofRows: (left: [fx_kernel?], right: [fx_kernel?])?
  /// Kernels by dtype and instruction; nil for a dtype where an instruction has no meaning.
  let kernels: [[fx_kernel]?]
  let expression: Expression
  private let derivatives: Mutex<[Derivative?]?> = Mutex(nil)

  /// Whether the result is just the only input.
  var isCopy: Bool {
    if case .input(0) = expression.kind { return true }
    return false
  }

  /// How many elements an instruction handles at a time: 4 KB of float32.
  static let blockSize = 1024

  init(_ expression: Expression, inputCount: Int) {
    var compiler = Compiler()
    let root = compiler.intern(expression)
    compiler.emit(root)
    self.expression = expression
    self.inputCount = inputCount
    (instructions, registerCount, uniforms) = (compiler.instructions, compiler.registerCount, compiler.uniforms.map(Uniform.init))
    // Among integers a constant with a fraction would be a silent mistake.
    let isWhole = compiler.uniforms.allSatisfy { $0.value.map { $0 == $0.rounded() } ?? true }
    kernels = DType.allCases.map { dtype in
      if !isWhole && !dtype.isFloatingPoint { return nil }
      var list: [fx_kernel] = []
      for instruction in compiler.instructions {
        guard let kernel = fx_elementwise(Int32(instruction.op), dtype.code) else { return nil }
        list.append(kernel)
      }
      return list
    }
    var isDirect = instructions.count == 1
    if isDirect {
      let (a, b, c) = instructions[0].arguments
      for (i, operand) in [a, b, c].enumerated() {
        switch operand {
        case .none: break
        case .input(i): break
        default: isDirect = false
        }
      }
    }
    direct = isDirect ? kernels.map { $0?.first } : nil
    let op = Int32(instructions[0].op)
    func ofNumber(_ side: Int32) -> [fx_kernel?] { DType.allCases.map { fx_elementwise_number(op, $0.code, side) } }
    switch instructions.count == 1 ? instructions[0].arguments : (.none, .none, .none) {
    case (.input(0), .uniform(0), .none):
      self.ofNumber = (ofNumber(1), false)
      ofRows = nil
    case (.uniform(0), .input(0), .none):
      self.ofNumber = (ofNumber(0), true)
      ofRows = nil
    case (.input(0), .input(1), .none), (.input(0), .input(1), .input(2)):
      self.ofNumber = nil
      ofRows = (ofNumber(0), ofNumber(1))
    default:
      self.ofNumber = nil
      ofRows = nil
    }
  }

  // MARK: From closures on symbols

  static func unary(_ f: (Symbol) -> Symbol) -> Program { Program(f(Symbol(.input(0))).node, inputCount: 1) }
  static func binary(_ f: (Symbol, Symbol) -> Symbol) -> Program {
    Program(f(Symbol(.input(0)), Symbol(.input(1))).node, inputCount: 2)
  }
  static func ternary(_ f: (Symbol, Symbol, Symbol) -> Symbol) -> Program {
    Program(f(Symbol(.input(0)), Symbol(.input(1)), Symbol(.input(2))).node, inputCount: 3)
  }
  /// A program of one operand and a number that is given at each use.
  static func scalar(_ f: (Symbol, Symbol) -> Symbol) -> Program {
    Program(f(Symbol(.input(0)), Symbol(.scalar(0))).node, inputCount: 1)
  }

  /// The program of one operand and a number, as one of two operands: for numbers that no Double is.
  var ofTensors: Program {
    tensors.withLock { made in
      if made == nil { made = Program(Gradient.replacingScalar(with: inputCount, in: expression), inputCount: inputCount + 1) }
      return made!
    }
  }
  private let tensors: Mutex<Program?> = Mutex(nil)

  // MARK: Running

  /// Runs the instructions over a block of `count` elements of a dtype.
  @inline(__always)
  func run(_ code: Int, _ count: Int, _ block: Blocks.Block, into result: UnsafeMutableRawPointer) {
    kernels[code]!.withUnsafeBufferPointer { kernels in
      instructions.withUnsafeBufferPointer { instructions in
        for i in 0..<instructions.count {
          let target = instructions[i].target < 0 ? result : block.register(instructions[i].target)
          let (a, b, c) = instructions[i].arguments
          kernels[i](count, block[a] ?? result, block[b] ?? result, block[c] ?? result, target)
        }
      }
    }
  }

  // MARK: Derivatives

  /// The program of dx for one input, as a function of some of [inputs…, y, dy].
  struct Derivative {
    let program: Program
    /// Which of [inputs…, y, dy] the program's inputs are.
    let uses: [Int]
  }

  /// ∂/∂input as programs; nil where the derivative is zero everywhere.
  ///
  /// Made at the first use.
  func derivative(_ input: Int) -> Derivative? {
    derivatives.withLock { made in
      if made == nil { made = Gradient.derivatives(of: expression, inputCount: inputCount) }
      return made![input]
    }
  }

  /// The derivatives of a program that ends in a sum, whose value nobody kept: functions of some of [inputs…, dy at inputCount + 1].
  func derivativeUnderSum(_ input: Int) -> Derivative? {
    underSum.withLock { made in
      if made == nil { made = Gradient.derivatives(of: expression, inputCount: inputCount, seed: .input(inputCount + 1)) }
      return made![input]
    }
  }
  private let underSum: Mutex<[Derivative?]?> = Mutex(nil)

  /// Where a program's value is the extreme that it ends in, the last of [inputs…, extreme]: 1 there, else 0.
  var ties: Program {
    tying.withLock { made in
      if made == nil { made = Program(.apply(FX_EQ, expression, .input(inputCount)), inputCount: inputCount + 1) }
      return made!
    }
  }
  private let tying: Mutex<Program?> = Mutex(nil)

  /// The derivatives of a program that ends in an extreme: functions of some of [inputs…, extreme, dy], zero but where the extreme is.
  func derivativeUnderExtreme(_ input: Int) -> Derivative? {
    underExtreme.withLock { made in
      if made == nil {
        let seed = Expression.apply(FX_MUL, .apply(FX_EQ, expression, .input(inputCount)), .input(inputCount + 1))
        made = Gradient.derivatives(of: expression, inputCount: inputCount, seed: seed)
      }
      return made![input]
    }
  }
  private let underExtreme: Mutex<[Derivative?]?> = Mutex(nil)

  /// Whether some derivative reads an input, and whether some reads the result.
  var keeps: Keeps {
    let known = keeping.load(ordering: .relaxed)
    if known > 0 { return Keeps(rawValue: known - 1)! }
    let uses = (0..<inputCount).flatMap { derivative($0)?.uses ?? [] }
    let value: Keeps
    switch (uses.contains { $0 < inputCount }, uses.contains(inputCount)) {
    case (false, false): value = .nothing
    case (true, false): value = .inputs
    case (false, true): value = .output
    case (true, true): value = .both
    }
    keeping.store(value.rawValue + 1, ordering: .relaxed)
    return value
  }
  /// 1 more than what is kept, 0 until that is known.
  private let keeping = Atomic<UInt8>(0)
}

// MARK: - Expression to instructions

struct Compiler {
  struct Key: Hashable {
    let kind: Expression.Kind
    let arguments: [Int]
  }
  struct Value {
    let kind: Expression.Kind
    let arguments: [Int]
    let expression: Expression
    let isUniform: Bool
    var uses = 0
  }

  var values: [Value] = []
  var known: [Key: Int] = [:]
  var seen: [ObjectIdentifier: Int] = [:]
  var instructions: [Program.Instruction] = []
  var uniforms: [Expression] = []
  var registerCount = 0

  /// The number of an expression; equal expressions have one number.
  mutating func intern(_ x: Expression) -> Int {
    if let number = seen[ObjectIdentifier(x)] { return number }
    let arguments = x.arguments.map { intern($0) }
    let key = Key(kind: x.kind, arguments: isCommutative(x.kind) ? arguments.sorted() : arguments)
    let number: Int
    if let known = known[key] {
      number = known
    } else {
      number = values.count
      let isUniform: Bool
      if case .input = x.kind { isUniform = false } else { isUniform = arguments.allSatisfy { values[$0].isUniform } }
      values.append(Value(kind: x.kind, arguments: arguments, expression: x, isUniform: isUniform))
      known[key] = number
    }
    seen[ObjectIdentifier(x)] = number
    return number
  }

  /// Whether x ∘ y and y ∘ x are one value.
  private func isCommutative(_ kind: Expression.Kind) -> Bool {
    guard case .apply(let op) = kind else { return false }
    return [FX_ADD, FX_MUL, FX_EQ, FX_NE, FX_AND, FX_OR, FX_XOR].contains(fx_op(op))
  }

  /// The instruction of a value: its own, or the one that does what it and the mask that it chooses by do.
  private func lowered(_ i: Int) -> (op: UInt32, arguments: [Int])? {
    guard case .apply(let op) = values[i].kind else { return nil }
    let x = values[i].arguments
    // x ≤ 0 ? 0 : x
    if op == FX_SELECT.rawValue, values[x[0]].kind == .apply(FX_LE.rawValue), values[x[0]].arguments[0] == x[2],
      values[x[1]].expression.value == 0, values[values[x[0]].arguments[1]].expression.value == 0
    {
      return (FX_RELU.rawValue, [x[2]])
    }
    // Of half the time of the two, and right to more digits where eˣ is small.
    if op == FX_LOG1P.rawValue, values[x[0]].kind == .apply(FX_EXP.rawValue) { return (FX_LOG1P_EXP.rawValue, values[x[0]].arguments) }
    if op == FX_SELECT.rawValue { return leaky(x) ?? clamp(x) ?? (op, x) }
    return (op, x)
  }

  /// Leaky relu, x ≤ 0 ? slope·x : x.
  private func leaky(_ x: [Int]) -> (op: UInt32, arguments: [Int])? {
    let mask = values[x[0]]
    guard mask.kind == .apply(FX_LE.rawValue), mask.arguments[0] == x[2], values[mask.arguments[1]].expression.value == 0,
      values[x[1]].kind == .apply(FX_MUL.rawValue), let place = values[x[1]].arguments.firstIndex(of: x[2])
    else { return nil }
    return (FX_LEAKY_RELU.rawValue, [x[2], values[x[1]].arguments[1 - place]])
  }

  /// Bounds, x < lower ? min(lower, upper) : x > upper ? upper : x, or the same by ≤ and ≥ of two constants in order.
  private func clamp(_ x: [Int]) -> (op: UInt32, arguments: [Int])? {
    let (below, inner) = (values[x[0]], values[x[2]])
    guard inner.kind == .apply(FX_SELECT.rawValue), below.kind == .apply(FX_LT.rawValue) || below.kind == .apply(FX_LE.rawValue) else {
      return nil
    }
    let above = values[inner.arguments[0]]
    guard above.kind == .apply(FX_GT.rawValue) || above.kind == .apply(FX_GE.rawValue) else { return nil }
    let (lower, upper) = (below.arguments[1], inner.arguments[1])
    guard below.arguments[0] == inner.arguments[2], above.arguments == [inner.arguments[2], upper] else { return nil }
    let isLesser = values[x[1]].kind == .apply(FX_MIN.rawValue) && values[x[1]].arguments == [lower, upper]
    if !isLesser {
      guard x[1] == lower, let a = values[lower].expression.value, let b = values[upper].expression.value, a <= b else { return nil }
    }
    return (FX_CLAMP.rawValue, [below.arguments[0], lower, upper])
  }

  mutating func emit(_ root: Int) {
    // Interning numbered arguments before their users: numbers are an order of evaluation.
    var isNeeded = Array(repeating: false, count: values.count)
    isNeeded[root] = true
    for i in stride(from: root, through: 0, by: -1) where isNeeded[i] && !values[i].isUniform {
      for argument in lowered(i)?.arguments ?? [] {
        isNeeded[argument] = true
        values[argument].uses += 1
      }
    }
    var places = Array(repeating: Program.Operand.none, count: values.count)
    var free: [Int] = []
    for i in 0...root where isNeeded[i] {
      if values[i].isUniform {
        places[i] = .uniform(uniforms.count)
        uniforms.append(values[i].expression)
      } else if case .input(let index) = values[i].kind {
        places[i] = .input(index)
      } else if let (op, arguments) = lowered(i) {
        // A kernel may write over its operands, so their registers are free for the result.
        for argument in arguments {
          values[argument].uses -= 1
          if values[argument].uses == 0, case .register(let register) = places[argument] { free.append(register) }
        }
        var target = -1
        if i != root {
          target = free.popLast() ?? registerCount
          registerCount = Swift.max(registerCount, target + 1)
          places[i] = .register(target)
        }
        let operands = arguments.map { places[$0] } + [.none, .none]
        instructions.append(
          .init(op: op, arguments: (operands[0], operands[1], arguments.count > 2 ? operands[2] : .none), target: target))
      }
    }
    // An input or a constant by itself is copied.
    if instructions.isEmpty { instructions.append(.init(op: FX_COPY.rawValue, arguments: (places[root], .none, .none), target: -1)) }
  }
}
