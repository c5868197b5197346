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
    case constant(Number)
    /// One of the numbers that a use brings.
    case scalar(Int)
    /// What is made of such numbers.
    case expression(Expression)

    init(_ x: Expression) {
      switch x.kind {
      case .constant(let value): self = .constant(.real(value))
      case .whole(let value): self = .constant(.integer(value))
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
  /// Of a program whose only instruction takes the input and a number or two: its kernels by dtype, and whether the number comes first.
  let ofNumber: (kernels: [fx_kernel?], isFirst: Bool)?
  /// Of a program whose only instruction takes two or three inputs in order: its kernels by dtype for a single number in place of the first, and
  /// of all others.
  let ofRows: (left: [fx_kernel?], right: [fx_kernel?])?
  /// Kernels by dtype and instruction; nil for a dtype where an instruction has no meaning.
  let kernels: [[fx_kernel]?]
  /// As it was written.
  let expression: Expression
  /// As it is computed.
  let computed: Expression
  /// Its derivatives for the inputs where they are told and do not follow from the expression.
  private let slopes: [Expression]?
  let isDerivative: Bool
  /// For complex operands, once it has been asked for.
  let complexes: Lock<ComplexProgram??> = Lock(nil)
  private let derivatives: Lock<[[Derivative?]?]> = Lock(Array(repeating: nil, count: 6))

  /// Whether the result is just the only input.
  var isCopy: Bool {
    if case .input(0) = computed.kind { return true }
    return false
  }

  /// How many elements an instruction handles at a time: 4 KB of float32.
  static let blockSize = 1024

  convenience init(_ expression: Expression, inputCount: Int, slopes: [Expression]? = nil, isDerivative: Bool = false) {
    var compiler = Compiler()
    compiler.one = compiler.intern(.constant(1))
    let computed = Rewriter.rewritten(expression, isDerivative: isDerivative)
    compiler.emit(compiler.intern(computed))
    self.init(
      expression, computed: computed, compiler.instructions, registerCount: compiler.registerCount,
      uniforms: compiler.uniforms.map(Uniform.init), inputCount: inputCount, slopes: slopes, isDerivative: isDerivative)
  }

  /// A program of these very instructions.
  init(
    _ expression: Expression, computed: Expression, _ instructions: [Instruction], registerCount: Int, uniforms: [Uniform], inputCount: Int,
    slopes: [Expression]? = nil, isDerivative: Bool = false
  ) {
    self.slopes = slopes
    self.isDerivative = isDerivative
    self.computed = computed
    self.expression = expression
    self.inputCount = inputCount
    (self.instructions, self.registerCount, self.uniforms) = (instructions, registerCount, uniforms)
    let constants = uniforms.compactMap { uniform -> Number? in if case .constant(let number) = uniform { number } else { nil } }
    kernels = DType.allCases.map { dtype in
      // Among integers a constant with a fraction, or beyond their range, would be a silent mistake.
      if !constants.allSatisfy({ $0.isValue(of: dtype) }) { return nil }
      var list: [fx_kernel] = []
      for instruction in instructions {
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
    case (.input(0), .uniform(0), .uniform(1)):
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

  /// The bytes from one register of `count` elements to the next: room for 8 bytes an element at least, in whole cache lines.
  @inline(__always)
  static func registerStride(_ count: Int, _ dtype: DType) -> Int { (count * Swift.max(8, dtype.byteCount) + 63) & ~63 }

  /// Whether a dtype can hold the numbers of a use: an integer that a program would round is a mistake.
  @inline(__always)
  static func admits(_ scalars: SIMD4<Double>, _ dtype: DType) -> Bool {
    dtype.isDifferentiable || scalars == .zero || (0..<4).allSatisfy { Number.real(scalars[$0]).isValue(of: dtype) }
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
      if made == nil {
        let binary = Gradient.replacingScalar(with: inputCount, in: expression)
        made = Program(binary, inputCount: inputCount + 1, isDerivative: isDerivative)
      }
      return made!
    }
  }
  private let tensors: Lock<Program?> = Lock(nil)

  /// The program for these scalars: by one that is 1 nothing is multiplied.
  func folded(_ scalars: SIMD4<Double>) -> Program {
    let ones = (0..<Program.seedScalar).reduce(0) { scalars[$1] == 1 ? $0 | 1 << $1 : $0 }
    if ones == 0 { return self }
    return foldings.withLock { made in
      if made[ones] == nil {
        made[ones] = Program(
          Gradient.replacingScalars({ ones >> $0 & 1 == 1 }, in: expression), inputCount: inputCount, isDerivative: isDerivative)
      }
      return made[ones]!
    }
  }
  private let foldings: Lock<[Int: Program]> = Lock([:])

  /// Tells it from programs that compute something else.
  func hash(into hasher: inout Hasher) {
    func combine(_ operand: Operand) {
      switch operand {
      case .none: hasher.combine(0)
      case .input(let i): hasher.combine(4 * i + 1)
      case .register(let i): hasher.combine(4 * i + 2)
      case .uniform(let i): hasher.combine(4 * i + 3)
      }
    }
    hasher.combine(inputCount)
    for instruction in instructions {
      hasher.combine(instruction.op)
      combine(instruction.arguments.0)
      combine(instruction.arguments.1)
      combine(instruction.arguments.2)
      hasher.combine(instruction.target)
    }
    for uniform in uniforms {
      switch uniform {
      case .constant(let number): hasher.combine("\(number)")
      case .scalar(let i): hasher.combine(i)
      case .expression(let x): hasher.combine(Formula(x, [], .mathematics).text)
      }
    }
  }

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

  /// What the gradient of a result is: a tensor, or one number for all elements, which is 1 more often than not.
  enum Seed: Int { case tensor, number, one }

  /// ∂/∂input as programs; nil where the derivative is zero everywhere.
  ///
  /// Made at the first use. A seed that is a number is the program's last scalar, 1 is left out. Where no result is at hand it is computed again.
  func derivative(_ input: Int, _ seed: Seed = .tensor, readsResult: Bool = true) -> Derivative? {
    derivatives.withLock { made in
      let kind = seed.rawValue * 2 + (readsResult ? 1 : 0)
      if made[kind] == nil {
        let dy: Expression =
          switch seed {
          case .tensor: .input(inputCount + 1)
          case .number: .scalar(Program.seedScalar)
          case .one: .constant(1)
          }
        made[kind] = Gradient.derivatives(of: computed, inputCount: inputCount, seed: dy, readsResult: readsResult, slopes: slopes)
      }
      return made[kind]![input]
    }
  }
  /// The scalar that is not a program's own.
  static let seedScalar = 3

  /// Where a program's value is the extreme that it ends in, the last of [inputs…, extreme]: 1 there, else 0.
  var ties: Program {
    tying.withLock { made in
      if made == nil { made = Program(.apply(FX_EQ, computed, .input(inputCount)), inputCount: inputCount + 1, isDerivative: isDerivative) }
      return made!
    }
  }
  private let tying: Lock<Program?> = Lock(nil)

  /// The derivatives of a program that ends in an extreme: functions of some of [inputs…, extreme, dy], zero but where the extreme is.
  func derivativeUnderExtreme(_ input: Int) -> Derivative? {
    underExtreme.withLock { made in
      if made == nil {
        let seed = Expression.apply(FX_MUL, .apply(FX_EQ, computed, .input(inputCount)), .input(inputCount + 1))
        made = Gradient.derivatives(of: computed, inputCount: inputCount, seed: seed, readsResult: false, slopes: slopes)
      }
      return made![input]
    }
  }
  private let underExtreme: Lock<[Derivative?]?> = Lock(nil)

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
