import CKernels

/// A kernel on tensors that stay as they are but for their addresses: which one it is, and how it goes through them, has been decided.
///
/// It does what the operator would do, to the bit, and asks for no memory.
class PlanKernel {
  /// False where it turns out that the operator itself has to run.
  func run() -> Bool { fatalError("overridden") }
}

/// A primitive that can decide beforehand.
protocol PlannedPrimitive: Primitive where Inputs: Operands {
  /// A kernel that computes the elements of `y`, which lies in order; nil where the operator itself runs.
  ///
  /// Asked when a plan is made: operands have layouts that stay, and addresses that may change. Those in `weights` have elements that mostly stay
  /// from run to run as well.
  func kernel(_ x: Inputs, into y: Tensor, _ weights: PlanWeights) -> PlanKernel?
}

/// The tensors of a plan whose elements are those of the run before, unless the model has been changed.
final class PlanWeights {
  /// Another number when a run's are other ones than before.
  private(set) var stamp: UInt64 = 0
  /// Whether they are what they were in the run before.
  private(set) var areSame = false
  private var bodies: Set<ObjectIdentifier> = []

  func insert(_ x: Tensor) { bodies.insert(ObjectIdentifier(x.body)) }
  func contains(_ x: Tensor) -> Bool { bodies.contains(ObjectIdentifier(x.body)) }

  /// Says which they are in the next run.
  @inline(__always)
  func use(_ stamp: UInt64) { (areSame, self.stamp) = (self.stamp == stamp, stamp) }
}

/// Where elements are: a tensor's of a plan, which keeps it, looked up at each run without counting a reference; or at a place that stays.
enum PlannedAddress {
  case tensor(Unmanaged<Body>)
  case fixed(UnsafeMutableRawPointer)

  init(_ x: Tensor) { self = .tensor(.passUnretained(x.body)) }

  @inline(__always) var pointer: UnsafeMutableRawPointer {
    switch self {
    case .tensor(let body): body._withUnsafeGuaranteedRef { $0.withUnsafeMutablePointerToHeader { $0.first.unsafelyUnwrapped } }
    case .fixed(let address): address
    }
  }
}

// MARK: Element-wise programs

extension Map: PlannedPrimitive {
  func kernel(_ x: X, into y: Tensor, _ weights: PlanWeights) -> PlanKernel? {
    PlannedBlock(self, x, y.dtype, y.shape.elementCount, PlannedAddress(y)).map { MapKernel($0) }
  }
}

extension MapReduce: PlannedPrimitive {
  /// Of values that are all of one block, reduced to one.
  func kernel(_ x: X, into y: Tensor, _ weights: PlanWeights) -> PlanKernel? {
    let (n, dtype) = (x.shape(0).elementCount, x.dtype(0))
    guard y.shape.elementCount == 1, n > 0, n <= Program.blockSize else { return nil }
    let values = PlannedMemory(n * dtype.byteCount)
    guard let block = PlannedBlock(map, x, dtype, n, .fixed(values.address)) else { return nil }
    let reduce = Reduce(kind: kind.reduction, axes: [], keepDims: false)
    return MapReduceKernel(block, values, ReduceCall(reduce.op, dtype, 1, n, 1, Shape(n, 1, 1)), kind == .mean ? n : nil, y)
  }
}

/// Memory of a kernel's own.
final class PlannedMemory {
  let address: UnsafeMutableRawPointer
  init(_ byteCount: Int) { address = .allocate(byteCount: max(64, byteCount), alignment: 64) }
  deinit { address.deallocate() }
}

/// A program on one block of elements that lie in order.
private struct PlannedBlock {
  private struct Instruction {
    let kernel: fx_kernel
    let arguments: (PlannedAddress, PlannedAddress, PlannedAddress)
    let target: PlannedAddress
  }
  private let count: Int
  private let instructions: [Instruction]
  /// The registers, and before them the numbers that are the same for all elements.
  private let memory: PlannedMemory

  /// Nil where elements are too many or do not lie in order, and of functions of complex numbers, which are programs on their parts.
  init?<X: Operands>(_ map: Map<X>, _ x: X, _ dtype: DType, _ n: Int, _ out: PlannedAddress) {
    for i in 0..<x.count where !x.isContiguous(i) { return nil }
    let (program, code) = (map.program, Int(dtype.rawValue))
    guard n <= Program.blockSize, let kernels = program.kernels[code] else { return nil }
    if dtype.isComplex && !program.isArithmetic { return nil }
    let stride = Program.registerStride(n, dtype)
    memory = PlannedMemory((program.uniforms.count + program.registerCount) * stride)
    let (uniforms, registers) = (memory.address, memory.address + program.uniforms.count * stride)
    func place(_ operand: Program.Operand) -> PlannedAddress {
      switch operand {
      case .none: out
      case .input(let i): PlannedAddress(x.operand(i))
      case .register(let i): .fixed(registers + i * stride)
      case .uniform(let i): .fixed(uniforms + i * stride)
      }
    }
    // As the operator itself does it: one instruction has kernels that read a number once.
    if program.direct?[code] == nil, let (numberKernels, isFirst) = program.ofNumber, let kernel = numberKernels[code] {
      for i in program.uniforms.indices { map.number(of: program.uniforms[i]).fill(uniforms + i * stride, dtype, 1) }
      let (number, elements) = (PlannedAddress.fixed(uniforms), PlannedAddress(x.operand(0)))
      let second = program.uniforms.count > 1 ? .fixed(uniforms + stride) : number
      instructions = [
        Instruction(kernel: kernel, arguments: (isFirst ? number : elements, isFirst ? elements : number, second), target: out)
      ]
    } else {
      for i in program.uniforms.indices { map.number(of: program.uniforms[i]).fill(uniforms + i * stride, dtype, n) }
      instructions = zip(program.instructions, kernels).map { instruction, kernel in
        let (a, b, c) = instruction.arguments
        let target = instruction.target < 0 ? out : .fixed(registers + instruction.target * stride)
        return Instruction(kernel: kernel, arguments: (place(a), place(b), place(c)), target: target)
      }
    }
    count = n
  }

  func run() {
    instructions.withUnsafeBufferPointer { instructions in
      for i in 0..<instructions.count {
        let (a, b, c) = instructions[i].arguments
        instructions[i].kernel(count, a.pointer, b.pointer, c.pointer, instructions[i].target.pointer)
      }
    }
  }
}

private final class MapKernel: PlanKernel {
  private let block: PlannedBlock

  init(_ block: PlannedBlock) { self.block = block }
  override func run() -> Bool {
    block.run()
    return true
  }
}

private final class MapReduceKernel: PlanKernel {
  private let block: PlannedBlock
  private let values: PlannedMemory
  private let reduce: ReduceCall
  /// What a mean is divided by.
  private let count: Int?
  private let y: PlannedAddress
  private let dtype: DType

  init(_ block: PlannedBlock, _ values: PlannedMemory, _ reduce: ReduceCall, _ count: Int?, _ y: Tensor) {
    (self.block, self.values, self.reduce, self.count, self.y, dtype) = (block, values, reduce, count, PlannedAddress(y), y.dtype)
  }
  override func run() -> Bool {
    block.run()
    let y = y.pointer
    reduce.run(values.address, y)
    return count.map { divide(y, 1, dtype, by: Double($0)) } ?? true
  }
}

// MARK: Reductions

extension Reduce: PlannedPrimitive {
  func kernel(_ x: Tensor, into y: Tensor, _ weights: PlanWeights) -> PlanKernel? {
    guard x.shape.elementCount > 0, let call = call(x) else { return nil }
    let count = kind == .mean ? Double(x.shape.elementCount) / Double(y.shape.elementCount) : nil
    return ReduceKernel(call, x, y, count)
  }
}

/// A reduction of values [outer, n, inner] by one call of a kernel.
struct ReduceCall {
  private let (op, code): (Int32, Int32)
  private let (outer, n, inner): (Int, Int, Int)
  private let steps: Shape

  init(_ op: Int32, _ dtype: DType, _ outer: Int, _ n: Int, _ inner: Int, _ steps: Shape) {
    (self.op, code, self.outer, self.n, self.inner, self.steps) = (op, dtype.code, outer, n, inner, steps)
  }

  @inline(__always)
  func run(_ x: UnsafeMutableRawPointer, _ y: UnsafeMutableRawPointer) {
    withRaw(steps) { fx_reduce(op, code, outer, n, inner, $0, x, y) }
  }
}

private final class ReduceKernel: PlanKernel {
  private let call: ReduceCall
  private let (x, y): (PlannedAddress, PlannedAddress)
  private let dtype: DType
  private let count: Int
  /// What means are divided by.
  private let divisor: Double?

  init(_ call: ReduceCall, _ x: Tensor, _ y: Tensor, _ divisor: Double?) {
    (self.call, self.x, self.y, self.divisor) = (call, PlannedAddress(x), PlannedAddress(y), divisor)
    (dtype, count) = (y.dtype, y.shape.elementCount)
  }
  override func run() -> Bool {
    let y = y.pointer
    call.run(x.pointer, y)
    return divisor.map { divide(y, count, dtype, by: $0) } ?? true
  }
}

/// Divides sums; false if not all are finite then, which may be because they overflowed.
@inline(__always)
private func divide(_ y: UnsafeMutableRawPointer, _ count: Int, _ dtype: DType, by divisor: Double) -> Bool {
  func divide<F: BinaryFloatingPoint>(_: F.Type) -> Bool {
    let (y, n) = (y.assumingMemoryBound(to: F.self), F(divisor))
    var isFinite = true
    for i in 0..<count {
      y[i] /= n
      if !y[i].isFinite { isFinite = false }
    }
    return isFinite
  }
  return dtype == .float32 ? divide(Float.self) : divide(Double.self)
}

// MARK: Copies

/// Copies a tensor's elements to one that lies in order.
final class CopyKernel: PlanKernel {
  private let (shape, steps): (Shape, Shape)
  private let size: Int
  private let (x, y): (PlannedAddress, PlannedAddress)

  init(_ x: Tensor, to y: Tensor) {
    (shape, steps, size) = (x.shape, x.strides, x.dtype.byteCount)
    (self.x, self.y) = (PlannedAddress(x), PlannedAddress(y))
  }
  override func run() -> Bool {
    if shape.elementCount > 0 { copyElements(shape, from: steps, x.pointer, to: shape.contiguousStrides, y.pointer, size: size) }
    return true
  }
}
