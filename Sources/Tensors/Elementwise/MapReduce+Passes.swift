import CKernels

// One pass over the operands. Blocks of up to 1,024 elements, the size that a reduction adds up in lanes, are reduced as soon as they are
// computed; what they give is reduced in its order. How the operands are cut depends on their shape alone, never on the number of threads.
extension MapReduce {
  func evaluate(_ x: X, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    let kept = y.elementCount
    if kept == 0 { return y }
    let (shape, dtype) = (x.shape(0), x.dtype(0))
    let n = shape.elementCount / kept
    let reduction = Reduce(kind: kind.reduction, axes: axes, keepDims: keepDims)
    let pass = Pass(op: reduction.op, dtype: dtype, program: map.program, n: n, kept: kept, y: y)
    var isFlat = kept == 1 && n <= Program.blockSize
    for i in 0..<x.count where !x.isContiguous(i) { isFlat = false }
    if n == 0 {
      pass.reduce(kept, 0, 1, y.pointer, to: y.pointer)
    } else if isFlat {
      try withWorkingMemory(byteCount: n * dtype.byteCount) { (values) throws(TensorError) in
        try map.runBlock(x, dtype, n, values)
        pass.reduce(1, n, 1, values, to: y.pointer)
      }
    } else {
      let mask = Shape.AxisMask(try Tensor(hollow: shape, dtype).axisMask(axes, name))
      let (order, isByRows) = mask.order(shape)
      let operands = (0..<x.count).map { i in
        let x = x.operand(i)
        guard let order else { return x }
        return x.view(shape: Shape(order.map { x.shape[$0] }), strides: Shape(order.map { x.strides[$0] }), offset: x.offset)
      }
      let blocks = try Blocks(
        operands, uniforms: map.program.uniforms.map { map.number(of: $0) }, registers: map.program.registerCount, dtype: dtype,
        count: n * kept)
      if !isByRows {
        try pass.runColumns(blocks)
      } else if n <= Program.blockSize {
        try pass.runShortRows(blocks)
      } else {
        try pass.runLongRows(blocks)
      }
    }
    if kind == .mean && !divide(y, by: Double(n)) && n > 1 {
      // The sum may have overflowed: that of values that are divided first does not.
      let (value, count) = (map.program.expression, map.program.inputCount)
      let divided = Program(.apply(FX_MUL, value, .constant(1 / Double(n))), inputCount: count)
      let map = Map<X>(program: divided, scalars: map.scalars, label: map.label)
      return try MapReduce(map: map, kind: .sum, axes: axes, keepDims: keepDims).evaluate(x, result)
    }
    return y
  }

  /// Whether all quotients are finite.
  private func divide(_ y: Tensor, by n: Double) -> Bool {
    var isFinite = true
    func divide<F: BinaryFloatingPoint>(_: F.Type) {
      let (to, n) = (y.pointer.assumingMemoryBound(to: F.self), F(n))
      for i in 0..<y.elementCount {
        to[i] /= n
        if !to[i].isFinite { isFinite = false }
      }
    }
    y.dtype == .float32 ? divide(Float.self) : divide(Double.self)
    return isFinite
  }
}

extension Shape {
  /// Which axes are reduced, as bits.
  struct AxisMask {
    let bits: UInt
    init(_ bits: UInt) { self.bits = bits }

    func contains(_ axis: Int) -> Bool { bits >> UInt(axis) & 1 == 1 }

    /// An order in which the reduced axes lie together and the last axis stays the last; nil if they lie so.
    ///
    /// Memory is read as before: kept ones first if the last is reduced (rows), else reduced ones first (columns).
    func order(_ shape: Shape) -> (order: [Int]?, isByRows: Bool) {
      let long = (0..<shape.rank).filter { shape[$0] != 1 }
      let isByRows = long.last.map(contains) ?? true
      let order = long.filter { contains($0) != isByRows } + long.filter { contains($0) == isByRows }
      return (order == long ? nil : order, isByRows)
    }
  }
}

/// The parts that a program with a reduction at its end is cut into.
private struct Pass {
  let op: Int32
  let dtype: DType
  let program: Program
  /// How many values make one, and how many of these there are.
  let n: Int
  let kept: Int
  let y: Tensor

  private var code: Int { Int(dtype.rawValue) }
  private var size: Int { dtype.byteCount }

  /// Reduces values [outer, n, inner] that lie in order.
  func reduce(
    _ outer: Int, _ n: Int, _ inner: Int, _ values: UnsafeMutableRawPointer, to result: UnsafeMutableRawPointer, _ dtype: DType? = nil
  ) {
    withRaw(Shape(n * inner, inner, 1)) { fx_reduce(op, (dtype ?? self.dtype).code, outer, n, inner, $0, values, result) }
  }

  /// Rows that fit into a block: whole ones in each.
  func runShortRows(_ blocks: Blocks) throws(TensorError) {
    let rows = Program.blockSize / n
    let out = y.pointer
    try blocks.share((kept + rows - 1) / rows, grain: Blocks.grain / Program.blockSize, memory: Program.blockSize * size) { part, reader in
      let first = part * rows
      let count = Swift.min(rows, kept - first)
      program.run(code, count * n, reader.block(at: first * n, count * n), into: reader.memory)
      reduce(count, n, 1, reader.memory, to: out + first * y.dtype.byteCount)
    }
  }

  /// Longer ones: blocks of equal size, whose results are reduced in turn.
  func runLongRows(_ blocks: Blocks) throws(TensorError) {
    // One row alone is cut as it lies; many, so that none has a last block of few elements.
    let even = (n + Program.blockSize - 1) / Program.blockSize
    let length = kept == 1 ? Program.blockSize : Swift.min(Program.blockSize, ((n + even - 1) / even + 15) & ~15)
    let pieces = (n + length - 1) / length
    let partial = try Tensor(uninitialized: [kept, pieces], y.dtype)
    let out = partial.pointer
    try blocks.share(kept * pieces, grain: Blocks.grain / Program.blockSize, memory: Program.blockSize * size) { part, reader in
      let start = part % pieces * length
      let count = Swift.min(length, n - start)
      program.run(code, count, reader.block(at: part / pieces * n + start, count), into: reader.memory)
      reduce(1, count, 1, reader.memory, to: out + part * y.dtype.byteCount)
    }
    reduce(kept, pieces, 1, out, to: y.pointer, y.dtype)
  }

  /// Columns: bands of rows, of as many elements as stay in the second-level cache, cut further where rows are longer than a block.
  func runColumns(_ blocks: Blocks) throws(TensorError) {
    let cuts = (kept + Program.blockSize - 1) / Program.blockSize
    let width = cuts == 1 ? kept : Swift.min(Program.blockSize, ((kept + cuts - 1) / cuts + 15) & ~15)
    let chunks = (kept + width - 1) / width
    let rows = chunks == 1 ? Program.blockSize / kept : 1
    let height = Swift.min(Blocks.grain / Program.blockSize * Swift.max(rows, Program.blockSize / width), (n + rows - 1) / rows * rows)
    let bands = (n + height - 1) / height
    let partial = bands == 1 ? y : try Tensor(uninitialized: [bands, kept], y.dtype)
    let out = partial.pointer
    try blocks.share(bands * chunks, grain: 1, memory: height * width * size) { part, reader in
      let top = part / chunks * height
      let bottom = Swift.min(n, top + height)
      let left = part % chunks * width
      let width = Swift.min(width, kept - left)
      for row in stride(from: top, to: bottom, by: rows) {
        let count = Swift.min(rows, bottom - row) * width
        program.run(code, count, reader.block(at: row * kept + left, count), into: reader.memory + (row - top) * width * size)
      }
      reduce(1, bottom - top, width, reader.memory, to: out + (part / chunks * kept + left) * y.dtype.byteCount)
    }
    if bands > 1 { reduce(1, bands, kept, out, to: y.pointer, y.dtype) }
  }
}
