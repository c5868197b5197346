import CKernels

/// The gradients of ``RecurrentSteps`` for all its inputs, one after the other: [inputs …, dy].
struct RecurrentStepsGradient: Primitive {
  let forward: RecurrentSteps
  /// The forward's result: its outputs are the states that the steps began with.
  let result: Tensor
  var name: String { forward.name }

  func result(_ x: [Tensor]) -> Signature { Signature([x.dropLast().reduce(0) { $0 + $1.elementCount }], x[0].dtype) }

  /// Those of the hidden values' gradient and of the weight's.
  func multiplyAdds(_ x: [Tensor], _ result: Signature) -> Int { 2 &* forward.multiplyAdds(x, result) }

  func evaluate(_ x: [Tensor], _ result: Signature) throws(TensorError) -> Tensor {
    let packed = try Tensor(uninitialized: result.shape, result.dtype)
    let (cell, dtype, size) = (forward.cell, packed.dtype, packed.dtype.byteCount)
    let (batch, time, n) = (x[0].shape[0], x[0].shape[1], x[1].shape[1])
    let (wide, row) = (cell.gates * n, cell.keptGates * n)
    let (y, dy, weight) = try (self.result.ordered, x[x.count - 1].ordered, x[1].forBLAS)
    let (dx, dw) = (packed.pointer, packed.pointer + batch * time * wide * size)
    // The state's gradient lies where the first state's is to be, and changes there.
    let dh = dw + wide * n * size
    let dc = dh + (cell.states - 1) * batch * n * size
    let bytes = cell.states * batch * n * size
    if bytes > 0 { dh.copyMemory(from: dy.pointer + batch * time * n * size, byteCount: bytes) }
    guard batch * time * n > 0, BLAS.isReady, let matrix = weight.matrix else {
      fillElements(dw, 0, dtype, wide * n)
      if case .gru = cell { fillElements(dh + bytes, 0, dtype, wide) }
      return packed
    }
    let before = try self.before(y, x[2].ordered, batch, time, n)
    let cellBefore = try x[2 + cell.states - 1].ordered
    // What the products' gradients are where they are not those of the sums.
    var apart: Tensor?
    if case .gru = cell { apart = try Tensor(uninitialized: [batch * time, wide], dtype) }
    let dp = apart?.pointer ?? dx

    func step(_ first: Int, _ rows: Int, _ t: Int) {
      let at = first * time + t
      let (to, from) = (dx + at * wide * size, dy.pointer + at * n * size)
      let lengths = forward.lengths.map { $0.pointer.assumingMemoryBound(to: Int64.self) + first }
      let (dh, dc) = (dh + first * n * size, dc + first * n * size)
      switch cell {
      case .lstm:
        guard let kept = forward.kept else { return }
        let place = kept.pointer + at * row * size
        let (c, step) = t == 0 ? (cellBefore.pointer + first * n * size, n) : (place + (4 * n - row) * size, time * row)
        fx_lstm_step_backward(
          dtype.code, rows, n, place, time * row, c, step, from, time * n, lengths, t, dh, dc, to, time * wide)
      case .gru:
        guard let kept = forward.kept else { return }
        fx_gru_step_backward(
          dtype.code, rows, n, kept.pointer + at * row * size, time * row, before.pointer + at * n * size, time * n, from, time * n,
          lengths, t, dh, to, time * wide, dp + at * wide * size, time * wide)
      case .simple(let activation):
        fx_simple_step_backward(
          dtype.code, activation.code, rows, n, y.pointer + at * n * size, time * n, from, time * n, lengths, t, dh, to, time * wide)
      }
    }

    if time == 1 {
      parallel(batch, grain: Swift.max(1, 4096 / wide)) { step($0.lowerBound, $0.count, 0) }
      try BLAS.product(dtype, batch, n, wide, BLAS.Operand(pointer: dp, isTransposed: false, lead: wide), matrix, adds: true, dh, n)
    } else {
      let matrix = try PackedMatrix(matrix, dtype, wide, n, rows: batch, uses: time)
      let chunks = RecurrentChunks(batch, work: batch * time * n * wide, isPacked: matrix.isPacked)
      let count = matrix.scratchCount(rows: chunks.largest)
      let scratch = try Tensor(uninitialized: [chunks.count, count], dtype)
      try chunks.run { (part, first, rows) throws(TensorError) in
        for t in (0..<time).reversed() {
          step(first, rows, t)
          try matrix.product(
            rows, dp + (first * time + t) * wide * size, time * wide, adds: true, dh + first * n * size, n,
            scratch: scratch.pointer + part * count * size)
        }
      }
      withExtendedLifetime(scratch) {}
    }
    try BLAS.product(
      dtype, wide, n, batch * time, BLAS.Operand(pointer: dp, isTransposed: true, lead: wide),
      BLAS.Operand(pointer: before.pointer, isTransposed: false, lead: n), adds: false, dw, n)
    if let apart {
      let bias = try apart.sum(axes: [0]).made
      (dh + bytes).copyMemory(from: bias.pointer, byteCount: wide * size)
    }
    withExtendedLifetime((y, dy, weight, before, cellBefore, apart)) {}
    return packed
  }

  /// h before each step, [batch, time, hidden].
  private func before(_ y: Tensor, _ first: Tensor, _ batch: Int, _ time: Int, _ n: Int) throws(TensorError) -> Tensor {
    if time == 1 { return first }
    let result = try Tensor(uninitialized: [batch, time, n], y.dtype)
    let bytes = n * y.dtype.byteCount
    parallel(batch, grain: Swift.max(1, Blocks.grain / (time * n))) { range in
      for i in range {
        let to = result.pointer + i * time * bytes
        to.copyMemory(from: first.pointer + i * bytes, byteCount: bytes)
        (to + bytes).copyMemory(from: y.pointer + i * time * bytes, byteCount: (time - 1) * bytes)
      }
    }
    return result
  }

  func gradient(_ x: [Tensor], _ y: Tensor, _ d: Tensor, _ needs: Needs) -> [Tensor?] {
    pullback({ packed(pullback(forward.composed, at: Array($0.dropLast()), $0[$0.count - 1])) }, at: x, d).map { $0 }
  }
}
