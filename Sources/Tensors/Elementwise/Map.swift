import CKernels

/// The element-wise primitive: a program run over operands of one shape and dtype, in one pass over memory.
struct Map<X: Operands>: Primitive {
  typealias Inputs = X

  let program: Program
  /// The values of the program's scalars.
  var scalars = SIMD4<Double>()
  let label: StaticString

  var name: String { "\(label)" }
  var keeps: Keeps { program.keeps }

  @inline(__always)
  func result(_ x: X) throws(TensorError) -> Signature {
    let shape = x.shape(0)
    let dtype = x.dtype(0)
    for i in 1..<Swift.max(1, x.count) {
      if x.dtype(i) != dtype { throw mixedDTypes(dtype, x.dtype(i)) }
      if x.shape(i) != shape { throw mistake("operands of shapes \(shape) and \(x.shape(i))") }
    }
    if program.kernels[Int(dtype.rawValue)] == nil { throw unsupported(dtype) }
    return Signature(shape, dtype)
  }

  @inline(never)
  private func unsupported(_ dtype: DType) -> TensorError {
    let fitting = DType.allCases.filter { program.kernels[Int($0.rawValue)] != nil }.map(\.description).joined(separator: ", ")
    return mistake("not defined for \(dtype), only for \(fitting); convert with .cast(to:)")
  }

  @inline(__always)
  func evaluate(_ x: X, _ result: Signature) -> Tensor {
    let y = Tensor(uninitialized: result.shape, result.dtype)
    let n = result.shape.elementCount
    if n == 0 { return y }
    let code = Int(result.dtype.rawValue)
    var isFlat = true
    for i in 0..<x.count where !x.isContiguous(i) { isFlat = false }
    if isFlat, let kernel = program.direct?[code] {
      let size = result.dtype.byteCount
      let a = x.pointer(0)
      let b = x.count > 1 ? x.pointer(1) : a
      let c = x.count > 2 ? x.pointer(2) : a
      let out = y.pointer
      if n <= Blocks.grain {
        kernel(n, a, b, c, out)
      } else {
        parallel(n, grain: Blocks.grain) { range in
          let at = range.lowerBound &* size
          kernel(range.count, a + at, b + at, c + at, out + at)
        }
      }
    } else if isFlat && n <= Program.blockSize {
      runBlock(x, y, n, code)
    } else {
      runBlocks(x, y, n, code)
    }
    return y
  }

  /// All in one block, which lies in order: no cutting, no gathering.
  @inline(never)
  private func runBlock(_ x: X, _ y: Tensor, _ n: Int, _ code: Int) {
    let stride = (n * 8 + 63) & ~63
    let scratch = Context.current.scratch((program.uniforms.count + program.registerCount) * stride)
    let registers = scratch + program.uniforms.count * stride
    for (i, uniform) in program.uniforms.enumerated() { fill(scratch + i * stride, value(of: uniform), y.dtype, n) }
    let out = y.pointer
    @inline(__always) func place(_ operand: Program.Operand) -> UnsafeMutableRawPointer {
      switch operand {
      case .none: out
      case .input(let i): x.pointer(i)
      case .register(let i): registers + i * stride
      case .uniform(let i): scratch + i * stride
      }
    }
    program.kernels[code]!.withUnsafeBufferPointer { kernels in
      program.instructions.withUnsafeBufferPointer { instructions in
        for i in 0..<instructions.count {
          let (a, b, c) = instructions[i].arguments
          let target = instructions[i].target
          kernels[i](n, place(a), place(b), place(c), target < 0 ? out : registers + target * stride)
        }
      }
    }
  }

  @inline(never)
  private func runBlocks(_ x: X, _ y: Tensor, _ n: Int, _ code: Int) {
    let uniforms = program.uniforms.map { value(of: $0) }
    let blocks = Blocks(
      (0..<x.count).map { x.operand($0) }, uniforms: uniforms, registers: program.registerCount, dtype: y.dtype, count: n)
    let out = y.pointer
    let size = y.dtype.byteCount
    program.kernels[code]!.withUnsafeBufferPointer { kernels in
      program.instructions.withUnsafeBufferPointer { instructions in
        blocks.run { start, count, block in
          let result = out + start &* size
          for i in 0..<instructions.count {
            let target = instructions[i].target < 0 ? result : block.register(instructions[i].target)
            let (a, b, c) = instructions[i].arguments
            kernels[i](count, block[a] ?? result, block[b] ?? result, block[c] ?? result, target)
          }
        }
      }
    }
  }

  /// The value of an expression without inputs, at the scalars of this use.
  private func value(of x: Expression) -> Double {
    switch x.kind {
    case .constant(let value): value
    case .scalar(let index): scalars[index]
    case .input: .nan
    case .apply(let op): Expression.evaluate(fx_op(op), x.arguments.map { value(of: $0) })
    }
  }

  func gradient(_ x: X, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    (0..<x.count).map { i in
      guard needs[i], let derivative = program.derivative(i) else { return nil }
      func operand(_ use: Int) -> Tensor { use < x.count ? x.operand(use) : use == x.count ? y : dy }
      let uses = derivative.uses
      let program = derivative.program
      switch uses.count {
      case 1:
        if program.isCopy { return operand(uses[0]) }
        return Map<Tensor>(program: program, scalars: scalars, label: label)(operand(uses[0]))
      case 2: return Map<Pair>(program: program, scalars: scalars, label: label)(Pair(operand(uses[0]), operand(uses[1])))
      case 3:
        return Map<Triple>(program: program, scalars: scalars, label: label)(
          Triple(operand(uses[0]), operand(uses[1]), operand(uses[2])))
      default: return Map<[Tensor]>(program: program, scalars: scalars, label: label)(uses.map(operand))
      }
    }
  }
}

func mixedDTypes(_ a: DType, _ b: DType) -> TensorError {
  mistake("operands of dtypes \(a) and \(b); convert one with .cast(to: .\(a)) or .cast(to: .\(b))")
}

// MARK: - Blocks

/// Operands cut into blocks of consecutive elements. A contiguous operand is read where it lies, any other is gathered into a block first.
struct Blocks {
  /// From this many elements on, a pass over memory is shared among threads.
  static let grain = 1 << 15

  private struct Source {
    var base: UnsafeMutableRawPointer
    var size: Int
    /// Position in scratch memory, -1 where blocks are read in place.
    var slot: Int
    var isConstant = false
    var dims = Shape()
    var strides = Shape()
  }

  private var sources: [Source] = []
  private let uniforms: [Double]
  private let registers: Int
  private let dtype: DType
  private let count: Int
  private var slots = 0
  /// Copies made for operands whose layout gathers badly.
  private var owned: [Tensor] = []

  init(_ inputs: [Tensor], uniforms: [Double] = [], registers: Int = 0, dtype: DType, count: Int) {
    self.uniforms = uniforms
    self.registers = registers
    self.dtype = dtype
    self.count = count
    for input in inputs {
      var x = input
      if !x.isContiguous {
        let (dims, strides) = collapse(x.shape, x.strides)
        let step = strides.rank == 0 ? 0 : strides[-1]
        // Columns of a large matrix would be fetched from memory again and again: a tiled copy first is cheaper.
        if step != 0 && step != 1 && step != -1 && count > 8192 {
          x = x.contiguousCopy()
        } else {
          let isConstant = (0..<strides.rank).allSatisfy { strides[$0] == 0 }
          sources.append(
            Source(base: x.pointer, size: x.dtype.byteCount, slot: slots, isConstant: isConstant, dims: dims, strides: strides))
          slots += 1
          owned.append(x)
          continue
        }
      }
      owned.append(x)
      sources.append(Source(base: x.pointer, size: x.dtype.byteCount, slot: -1))
    }
  }

  /// The pointers of one block.
  struct Block {
    fileprivate let inputs: UnsafeMutablePointer<UnsafeMutableRawPointer>
    fileprivate let scratch: UnsafeMutableRawPointer
    fileprivate let uniformsAt: Int
    fileprivate let registersAt: Int
    fileprivate let stride: Int

    @inline(__always) func input(_ i: Int) -> UnsafeMutableRawPointer { inputs[i] }
    @inline(__always) func uniform(_ i: Int) -> UnsafeMutableRawPointer { scratch + uniformsAt + i &* stride }
    @inline(__always) func register(_ i: Int) -> UnsafeMutableRawPointer { scratch + registersAt + i &* stride }
    @inline(__always) subscript(operand: Program.Operand) -> UnsafeMutableRawPointer? {
      switch operand {
      case .none: nil
      case .input(let i): input(i)
      case .register(let i): register(i)
      case .uniform(let i): uniform(i)
      }
    }
  }

  /// Calls `body` with each block's first position, its count and its pointers, on several threads where that pays.
  func run(_ body: (_ start: Int, _ count: Int, _ block: Block) -> Void) {
    let blockSize = Swift.min(Program.blockSize, count)
    let stride = (blockSize * 8 + 63) & ~63
    let total = (slots + uniforms.count + registers) * stride
    let blockCount = (count + blockSize - 1) / blockSize
    withExtendedLifetime(owned) {
      parallel(blockCount, grain: Blocks.grain / Program.blockSize) { range in
        let scratch = Context.current.scratch(total)
        withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer.self, capacity: Swift.max(1, sources.count)) { pointers in
          let block = Block(
            inputs: pointers.baseAddress!, scratch: scratch, uniformsAt: slots * stride,
            registersAt: (slots + uniforms.count) * stride, stride: stride)
          for i in uniforms.indices { fill(block.uniform(i), uniforms[i], dtype, blockSize) }
          for (i, source) in sources.enumerated() {
            if source.slot >= 0 { pointers[i] = scratch + source.slot * stride }
            if source.isConstant { gather(source, 0, blockSize, pointers[i]) }
          }
          for index in range {
            let start = index * blockSize
            let count = Swift.min(blockSize, self.count - start)
            for i in 0..<sources.count {
              if sources[i].slot < 0 {
                pointers[i] = sources[i].base + start &* sources[i].size
              } else if !sources[i].isConstant {
                gather(sources[i], start, count, pointers[i])
              }
            }
            body(start, count, block)
          }
        }
      }
    }
  }

  private func gather(_ source: Source, _ start: Int, _ count: Int, _ target: UnsafeMutableRawPointer) {
    withRaw(source.dims) { dims in
      withRaw(source.strides) { strides in
        fx_gather_block(Int32(source.size), Int32(source.dims.rank), dims, strides, start, count, source.base, target)
      }
    }
  }
}

/// Writes a number `count` times, rounded to the dtype.
func fill(_ target: UnsafeMutableRawPointer, _ value: Double, _ dtype: DType, _ count: Int) {
  switch dtype {
  case .float32: withUnsafePointer(to: Float(value)) { fx_fill(dtype.code, count, $0, target) }
  case .float64: withUnsafePointer(to: value) { fx_fill(dtype.code, count, $0, target) }
  case .int32: withUnsafePointer(to: Int32(clamping: Int64(saturating: value))) { fx_fill(dtype.code, count, $0, target) }
  case .int64: withUnsafePointer(to: Int64(saturating: value)) { fx_fill(dtype.code, count, $0, target) }
  case .bool: withUnsafePointer(to: value != 0) { fx_fill(dtype.code, count, $0, target) }
  }
}

extension Int64 {
  /// Toward zero, the nearest integer beyond the range, 0 for NaN.
  init(saturating value: Double) {
    self = value.isNaN ? 0 : value >= 0x1p63 ? .max : value <= -0x1p63 ? .min : Int64(value)
  }
}

// MARK: - Layouts

/// A shape's sizes or strides as C reads them.
@inline(__always)
func withRaw<R>(_ shape: Shape, _ body: (UnsafePointer<Int>) -> R) -> R {
  withUnsafePointer(to: shape.sizes) { $0.withMemoryRebound(to: Int.self, capacity: Shape.maximumRank, body) }
}

/// The same layout with as few axes as will do: axes of size 1 left out, neighbours that step alike merged.
func collapse(_ shape: Shape, _ strides: Shape) -> (Shape, Shape) {
  var dims = Shape()
  var steps = Shape()
  for axis in 0..<shape.rank where shape[axis] != 1 {
    if dims.rank > 0 && steps[-1] == strides[axis] * shape[axis] {
      dims[-1] = dims[-1] * shape[axis]
      steps[-1] = strides[axis]
    } else {
      dims.append(shape[axis])
      steps.append(strides[axis])
    }
  }
  return (dims, steps)
}

extension Tensor {
  /// Its elements in row-major order without gaps; itself where they lie so.
  func contiguousCopy() -> Tensor {
    let y = Tensor(uninitialized: shape, dtype)
    if elementCount > 0 { copyElements(from: self, to: y) }
    return y
  }
}

/// Writes the elements of `x` to the places of `y`, which has the same shape and dtype.
func copyElements(from x: Tensor, to y: Tensor) {
  let size = x.dtype.byteCount
  func copy(_ shape: Shape, _ from: Shape, _ to: Shape, _ source: UnsafeMutableRawPointer, _ target: UnsafeMutableRawPointer) {
    withRaw(shape) { dims in
      withRaw(from) { from in
        withRaw(to) { to in fx_copy(Int32(size), Int32(shape.rank), dims, from, source, to, target) }
      }
    }
  }
  let count = x.elementCount
  if count == 0 { return }
  // Threads share the longest axis.
  guard count > 4 * Blocks.grain, let axis = (0..<x.rank).max(by: { x.shape[$0] < x.shape[$1] }) else {
    return copy(x.shape, x.strides, y.strides, x.pointer, y.pointer)
  }
  let length = x.shape[axis]
  parallel(length, grain: Swift.max(1, length / Swift.max(1, count / Blocks.grain))) { range in
    copy(
      x.shape.replacing(axis, with: range.count), x.strides, y.strides,
      x.pointer + range.lowerBound * x.strides[axis] * size, y.pointer + range.lowerBound * y.strides[axis] * size)
  }
}
