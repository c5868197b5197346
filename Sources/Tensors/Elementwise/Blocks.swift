import CKernels

/// Operands cut into blocks of consecutive elements.
///
/// A contiguous operand is read where it lies, and so is one whose rows lie in order where a block is part of a row; any other is gathered
/// into a block first.
struct Blocks {
  /// From this many elements on, a pass over memory is shared among threads.
  static let grain = 1 << 15

  fileprivate struct Source {
    var base: UnsafeMutableRawPointer
    var size: Int
    /// Position in scratch memory, -1 where blocks are read in place.
    var slot: Int
    var isConstant = false
    var dims = Shape()
    var strides = Shape()
    /// The elements of a row whose neighbours are `step` apart, 1 or 0; a row of 0 elements is one to be gathered.
    var row = 0
    var step = 0
  }

  /// From this many elements on, rows are cut into blocks of their own, which need no gathering.
  private static let shortestRow = 512
  /// The elements of a row that lie alike in all operands; `count` where all are contiguous.
  private var row: Int

  fileprivate var sources: [Source] = []
  private let uniforms: [Number]
  private let registers: Int
  private let dtype: DType
  private let count: Int
  private var slots = 0
  /// Copies made for operands whose layout gathers badly.
  private var owned: [Tensor] = []

  init(_ inputs: [Tensor], uniforms: [Number] = [], registers: Int = 0, dtype: DType, count: Int) throws(TensorError) {
    self.uniforms = uniforms
    self.registers = registers
    self.dtype = dtype
    self.count = count
    row = count
    for input in inputs {
      var x = input
      if !x.isContiguous {
        let (dims, strides) = collapse(x.shape, x.strides)
        let step = strides.rank == 0 ? 0 : strides[-1]
        // Columns of a large matrix would be fetched from memory again and again: a tiled copy first is cheaper.
        if step != 0 && step != 1 && step != -1 && count > 8192 {
          x = try x.contiguousCopy()
        } else {
          let isConstant = (0..<strides.rank).allSatisfy { strides[$0] == 0 }
          let isRow = !isConstant && (step == 0 || step == 1) && dims[-1] >= Blocks.shortestRow
          if !isConstant { row = isRow ? Swift.min(row, dims[-1]) : 0 }
          sources.append(
            Source(
              base: x.pointer, size: x.dtype.byteCount, slot: slots, isConstant: isConstant, dims: dims, strides: strides,
              row: isRow ? dims[-1] : 0, step: step))
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

  /// Where a thread reads blocks: any stretch of up to ``Program/blockSize`` elements.
  struct Reader {
    // A pointer: holding the array would count references in every block, on all threads.
    fileprivate let sources: UnsafePointer<Source>
    fileprivate let sourceCount: Int
    fileprivate let block: Block
    /// The memory that was asked for beside the block's.
    let memory: UnsafeMutableRawPointer

    /// The pointers of the block of `count` elements from `start` on.
    @inline(__always) func block(at start: Int, _ count: Int) -> Block {
      for i in 0..<sourceCount {
        if sources[i].slot < 0 {
          block.inputs[i] = sources[i].base + start &* sources[i].size
        } else if !sources[i].isConstant {
          block.inputs[i] = Blocks.read(sources + i, start, count, block.scratch + sources[i].slot &* block.stride)
        }
      }
      return block
    }
  }

  /// Calls `body` with each block's first position, its count and its pointers, on several threads where that pays.
  func run(_ body: (_ start: Int, _ count: Int, _ block: Block) -> Void) throws(TensorError) {
    if count == 0 { return }
    let blockSize = Swift.min(Program.blockSize, count)
    // Rows of equal blocks, that none has a last one of few elements.
    if row > 0 && row < count {
      let pieces = (row + blockSize - 1) / blockSize
      let length = Swift.min(row, ((row + pieces - 1) / pieces + 15) & ~15)
      return try share(count / row * pieces, grain: Swift.max(1, Blocks.grain / length)) { index, reader in
        let at = index % pieces * length
        let count = Swift.min(length, row - at)
        if count > 0 { body(index / pieces * row + at, count, reader.block(at: index / pieces * row + at, count)) }
      }
    }
    try share((count + blockSize - 1) / blockSize, grain: Blocks.grain / Program.blockSize) { index, reader in
      let start = index * blockSize
      let count = Swift.min(blockSize, self.count - start)
      body(start, count, reader.block(at: start, count))
    }
  }

  /// Calls `body` for each of `parts` with a reader and `memory` bytes, on several threads where there are more parts than `grain`.
  func share(_ parts: Int, grain: Int, memory: Int = 0, _ body: (_ part: Int, _ reader: Reader) -> Void) throws(TensorError) {
    let blockSize = Swift.min(Program.blockSize, count)
    let stride = Program.registerStride(blockSize, dtype)
    let total = (slots + uniforms.count + registers) * stride
    try withExtendedLifetime(owned) { () throws(TensorError) in
      try parallel(parts, grain: grain) { (range) throws(TensorError) in
        let scratch = try Context.current.scratch(total + memory)
        withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer.self, capacity: Swift.max(1, sources.count)) { pointers in
          let block = Block(
            inputs: pointers.baseAddress!, scratch: scratch, uniformsAt: slots * stride,
            registersAt: (slots + uniforms.count) * stride, stride: stride)
          for i in uniforms.indices { uniforms[i].fill(block.uniform(i), dtype, blockSize) }
          for (i, source) in sources.enumerated() {
            if source.slot >= 0 { pointers[i] = scratch + source.slot * stride }
            if source.isConstant { Blocks.gather(source, 0, blockSize, pointers[i]) }
          }
          sources.withUnsafeBufferPointer { sources in
            guard let first = sources.baseAddress else { return }
            let reader = Reader(sources: first, sourceCount: sources.count, block: block, memory: scratch + total)
            for part in range { body(part, reader) }
          }
        }
      }
    }
  }

  /// The block of `count` elements from `start` on: where it lies if it is part of a row, else in `target`.
  @inline(never)
  fileprivate static func read(
    _ source: UnsafePointer<Source>, _ start: Int, _ count: Int, _ target: UnsafeMutableRawPointer
  ) -> UnsafeMutableRawPointer {
    guard source.pointee.row > 0, start % source.pointee.row + count <= source.pointee.row else {
      gather(source.pointee, start, count, target)
      return target
    }
    var (rest, offset) = (start, 0)
    withRaw(source.pointee.dims) { dims in
      withRaw(source.pointee.strides) { strides in
        for axis in Swift.stride(from: source.pointee.dims.rank - 1, to: 0, by: -1) {
          offset += rest % dims[axis] * strides[axis]
          rest /= dims[axis]
        }
        offset += rest * strides[0]
      }
    }
    let place = source.pointee.base + offset * source.pointee.size
    if source.pointee.step == 1 { return place }
    let words: DType =
      source.pointee.size == 16
      ? .complex128 : source.pointee.size == 8 ? .int64 : source.pointee.size == 4 ? .int32 : source.pointee.size == 2 ? .float16 : .bool
    fx_fill(words.code, count, place, target)
    return target
  }

  fileprivate static func gather(_ source: Source, _ start: Int, _ count: Int, _ target: UnsafeMutableRawPointer) {
    withRaw(source.dims) { dims in
      withRaw(source.strides) { strides in
        fx_gather_block(Int32(source.size), Int32(source.dims.rank), dims, strides, start, count, source.base, target)
      }
    }
  }
}
