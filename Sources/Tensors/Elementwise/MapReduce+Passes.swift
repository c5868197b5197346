import CKernels

// One pass over the operands. Blocks of up to 1,024 elements, the size that a reduction adds up in lanes, are reduced as soon as they are
// computed; what they give is joined. Blocks and order are those of ``Reduce`` on stored values, whose bits these are: the same for any number of
// threads, and whether the values are stored or not.
extension MapReduce {
  func evaluate(_ x: X, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try reduced(x, result)
    if kind == .mean && !y.divide(by: Double(x.shape(0).elementCount) / Double(y.elementCount)) && y.elementCount > 0 {
      // A sum may have overflowed, which is seldom: of values that are stored.
      try Reduce(kind: .mean, axes: axes, keepDims: keepDims).mendMeans(of: try map.evaluate(x, try map.result(x)), y)
    }
    return y
  }

  /// The values reduced, a mean not being divided yet.
  private func reduced(_ x: X, _ result: Signature) throws(TensorError) -> Tensor {
    let (shape, dtype) = (x.shape(0), x.dtype(0))
    let (n, kept) = (shape.elementCount, result.shape.elementCount)
    var isFlat = kept == 1 && 1...Program.blockSize ~= n
    for i in 0..<x.count where !x.isContiguous(i) { isFlat = false }
    return isFlat ? try reducedBlock(x, n, dtype, result) : try reducedBlocks(x, shape, dtype, result)
  }

  private func pass(_ dtype: DType, _ outer: Int, _ n: Int, _ inner: Int, _ y: Tensor) -> Pass {
    Pass(
      op: Reduce(kind: kind.reduction, axes: [], keepDims: false).op, dtype: dtype, program: map.program, outer: outer, n: n, inner: inner,
      y: y)
  }

  /// All of it in one block.
  private func reducedBlock(_ x: X, _ n: Int, _ dtype: DType, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    try withWorkingMemory(byteCount: n * dtype.byteCount) { (values) throws(TensorError) in
      try map.runBlock(x, dtype, n, values)
      pass(dtype, 1, n, 1, y).reduce(1, n, 1, values, to: y.pointer)
    }
    return y
  }

  private func reducedBlocks(_ x: X, _ shape: Shape, _ dtype: DType, _ result: Signature) throws(TensorError) -> Tensor {
    let values = Tensor(hollow: shape, dtype)
    let mask = try values.axisMask(axes, name)
    if let stages = Reduce(kind: kind.reduction, axes: axes, keepDims: keepDims).stages(values, mask) {
      // The last reduced axes first, as there.
      let partial = try MapReduce(map: map, kind: kind, axes: stages.last.axes, keepDims: true).reduced(x, try stages.last.result(values))
      return try stages.others.evaluate(partial, result)
    }
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    let kept = y.elementCount
    if kept == 0 { return y }
    let (n, inner) = (shape.elementCount / kept, shape.inner(mask))
    let pass = pass(dtype, kept / inner, n, inner, y)
    if n == 0 {
      pass.reduce(kept, 0, 1, y.pointer, to: y.pointer)
    } else {
      let blocks = try Blocks(
        (0..<x.count).map { x.operand($0) }, uniforms: map.program.uniforms.map { map.number(of: $0) },
        registers: map.program.registerCount, dtype: dtype, count: n * kept)
      try pass.run(blocks)
    }
    return y
  }
}

extension Shape {
  /// The product of the kept axes after the last one of more than one element that is reduced.
  fileprivate func inner(_ mask: UInt) -> Int {
    var inner = 1
    for axis in (0..<rank).reversed() {
      if mask >> UInt(axis) & 1 == 0 { inner *= self[axis] } else if self[axis] != 1 { return inner }
    }
    return 1
  }
}

/// The parts that a program with a reduction at its end is cut into: values [outer, n, inner], reduced over n.
private struct Pass {
  let op: Int32
  let dtype: DType
  let program: Program
  let outer: Int
  let n: Int
  let inner: Int
  let y: Tensor

  private static let block = Program.blockSize
  /// The rows of a band of columns, and the columns that are reduced together.
  private static let band = 64
  private static let columns = 512

  /// Reduces values [outer, n, inner] that lie in order.
  func reduce(
    _ outer: Int, _ n: Int, _ inner: Int, _ values: UnsafeMutableRawPointer, to result: UnsafeMutableRawPointer, _ dtype: DType? = nil
  ) {
    withRaw(Shape(n * inner, inner, 1)) { fx_reduce(op, (dtype ?? self.dtype).code, outer, n, inner, $0, values, result) }
  }

  /// Joins the results [outer, n, inner] of blocks, or of bands of columns.
  private func join(_ partial: Tensor, bands: Bool, _ outer: Int, _ n: Int, to result: UnsafeMutableRawPointer) {
    fx_reduce_join(op, y.dtype.code, bands ? 1 : 0, outer, n, inner, partial.pointer, result)
    withExtendedLifetime(partial) {}
  }

  /// Computes the values from `start` on.
  @inline(__always)
  private func fill(_ reader: Blocks.Reader, _ start: Int, _ count: Int, _ values: UnsafeMutableRawPointer) {
    for at in stride(from: 0, to: count, by: Self.block) {
      let count = Swift.min(Self.block, count - at)
      program.run(Int(dtype.rawValue), count, reader.block(at: start + at, count), into: values + at * dtype.byteCount)
    }
  }

  func run(_ blocks: Blocks) throws(TensorError) {
    if n * inner <= Self.block {
      try runSmall(blocks)
    } else if inner >= 8 {
      try runColumns(blocks)
    } else if outer == 1 && inner == 1 && n > Blocks.grain {
      // One result of many elements: parts of fixed size, whose results are reduced in their order.
      let (whole, rest) = (n / Blocks.grain, n % Blocks.grain)
      let count = whole + (rest > 0 ? 1 : 0)
      let partial = try Tensor(uninitialized: [count], y.dtype)
      try runRows(blocks, from: 0, whole, Blocks.grain, to: partial.pointer)
      if rest > 0 { try runRows(blocks, from: n - rest, 1, rest, to: partial.pointer + whole * y.dtype.byteCount) }
      reduce(1, count, 1, partial.pointer, to: y.pointer, y.dtype)
    } else {
      try runRows(blocks, from: 0, outer, n, to: y.pointer)
    }
  }

  /// Rows or columns that fit into a block: whole ones in each.
  private func runSmall(_ blocks: Blocks) throws(TensorError) {
    let (length, out, size) = (n * inner, y.pointer, inner * y.dtype.byteCount)
    let each = Self.block / length
    let memory = Self.block * dtype.byteCount
    try blocks.share((outer + each - 1) / each, grain: Blocks.grain / Self.block, memory: memory) { part, reader in
      let first = part * each
      let count = Swift.min(each, outer - first)
      fill(reader, first * length, count * length, reader.memory)
      reduce(count, n, inner, reader.memory, to: out + first * size)
    }
  }

  /// Rows of n elements, the `count` ones from an element on; or some columns that are reduced as rows are.
  ///
  /// Two blocks at a time, one of a row's first half and its fellow in the second.
  private func runRows(_ blocks: Blocks, from start: Int, _ count: Int, _ n: Int, to result: UnsafeMutableRawPointer) throws(TensorError) {
    let (pair, inner) = (2 * Self.block, inner)
    let pairs = n / pair
    let half = pairs * Self.block
    let pieces = pairs + (n - 2 * half + Self.block - 1) / Self.block
    let partial = pieces == 1 ? nil : try Tensor(uninitialized: [count, pieces, inner], y.dtype)
    let (out, size) = (partial?.pointer ?? result, inner * y.dtype.byteCount)
    let valueSize = inner * dtype.byteCount
    let grain = Swift.max(1, Blocks.grain / (pair * inner))
    try blocks.share(count * pieces, grain: grain, memory: Swift.min(n, pair) * valueSize) { part, reader in
      let row = start + part / pieces * n * inner
      let piece = part % pieces
      if piece < pairs {
        let at = piece * Self.block
        fill(reader, row + at * inner, Self.block * inner, reader.memory)
        fill(reader, row + (half + at) * inner, Self.block * inner, reader.memory + Self.block * valueSize)
        reduce(1, pair, inner, reader.memory, to: out + part * size)
      } else {
        let at = 2 * half + (piece - pairs) * Self.block
        let count = Swift.min(Self.block, n - at)
        fill(reader, row + at * inner, count * inner, reader.memory)
        reduce(1, count, inner, reader.memory, to: out + part * size)
      }
    }
    if let partial { join(partial, bands: false, count, pieces, to: result) }
  }

  /// Columns: strips of some bands, of as many elements as stay in the second-level cache, cut further where rows are longer than that allows.
  private func runColumns(_ blocks: Blocks) throws(TensorError) {
    let (n, inner) = (n, inner)
    let cuts = (inner + Self.columns - 1) / Self.columns
    func left(_ cut: Int) -> Int { inner / cuts * cut + inner % cuts * cut / cuts }
    let each = cuts == 1 ? Swift.max(1, Blocks.grain / (Self.band * inner)) : 1
    let height = each * Self.band
    let strips = (n + height - 1) / height
    let bands = (n + Self.band - 1) / Self.band
    let partial = strips == 1 ? nil : try Tensor(uninitialized: [outer, bands, inner], y.dtype)
    let (out, size) = (partial?.pointer ?? y.pointer, y.dtype.byteCount)
    let valueSize = dtype.byteCount
    let widest = (inner + cuts - 1) / cuts
    let most = Swift.min(n, height) * widest
    try blocks.share(outer * strips * cuts, grain: Swift.max(1, Blocks.grain / most), memory: most * valueSize) { part, reader in
      let cut = part % cuts
      let (first, width) = (left(cut), left(cut + 1) - left(cut))
      let strip = part / cuts % strips
      let column = part / cuts / strips
      let rows = Swift.min(height, n - strip * height)
      let start = (column * n + strip * height) * inner + first
      if width == inner {
        fill(reader, start, rows * width, reader.memory)
      } else {
        for row in 0..<rows { fill(reader, start + row * inner, width, reader.memory + row * width * valueSize) }
      }
      if partial == nil {
        reduce(1, rows, width, reader.memory, to: out + (column * inner + first) * size)
      } else {
        // One result for each band; those of a strip lie one after the other, as there is one band where rows are cut.
        let whole = rows / Self.band
        let target = out + ((column * bands + strip * each) * inner + first) * size
        if whole > 0 { reduce(whole, Self.band, width, reader.memory, to: target) }
        if rows > whole * Self.band {
          let done = whole * Self.band * width * valueSize
          reduce(1, rows - whole * Self.band, width, reader.memory + done, to: target + whole * inner * size)
        }
      }
    }
    if let partial { join(partial, bands: true, outer, bands, to: y.pointer) }
  }
}
