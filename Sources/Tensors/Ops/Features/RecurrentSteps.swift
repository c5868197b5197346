import CKernels

/// The kinds of fused recurrences.
enum RecurrentCell: Sendable {
  case lstm, gru
  case simple(RecurrentActivation)

  var name: String {
    switch self {
    case .lstm: "lstm"
    case .gru: "gru"
    case .simple: "recurrence"
    }
  }
  /// How many sums a step takes for each hidden number.
  var gates: Int {
    switch self {
    case .lstm: 4
    case .gru: 3
    case .simple: 1
    }
  }
  /// How many numbers of a step the gradient reads for each hidden number, beside the outputs.
  var keptGates: Int {
    switch self {
    case .lstm: 5
    case .gru: 4
    case .simple: 0
    }
  }
  /// How many tensors a step leaves to the next.
  var states: Int { if case .lstm = self { 2 } else { 1 } }

  /// One step of some sequences, from the sums of the input and the hidden value's products to outputs, next states, and what the gradient reads.
  ///
  /// States change in place; `…Step` is the distance from one sequence's numbers to the next one's.
  @inline(__always)
  func step(
    _ code: Int32, _ rows: Int, _ n: Int, _ sums: UnsafeMutableRawPointer, _ sumsStep: Int, _ products: UnsafeMutableRawPointer,
    _ bias: UnsafeMutableRawPointer, _ lengths: UnsafePointer<Int64>?, _ t: Int, _ h: UnsafeMutableRawPointer,
    _ c: UnsafeMutableRawPointer, _ output: UnsafeMutableRawPointer, _ outputStep: Int, _ kept: UnsafeMutableRawPointer, _ keptStep: Int
  ) {
    switch self {
    case .lstm: fx_lstm_step(code, rows, n, sums, sumsStep, products, lengths, t, h, c, output, outputStep, kept, keptStep)
    case .gru: fx_gru_step(code, rows, n, sums, sumsStep, products, bias, lengths, t, h, output, outputStep, kept, keptStep)
    case .simple(let activation):
      fx_simple_step(code, activation.code, rows, n, sums, sumsStep, products, lengths, t, h, output, outputStep)
    }
  }
}

/// All steps of a recurrence: [gates [batch, time, k·hidden], weight [k·hidden, hidden], states [batch, hidden] …, bias for a GRU] to outputs
/// [batch, time, hidden] and last states, one after the other in one vector.
///
/// Sequences do not meet before the weight's gradient. So a thread takes some of them through all steps, and the threads wait for each other
/// once.
struct RecurrentSteps: SavingPrimitive {
  let cell: RecurrentCell
  /// [batch], int64.
  let lengths: Tensor?
  /// Where the gates go that the gradient reads, [batch, time, kept·hidden]; nil if there will be none.
  let kept: Tensor?
  var name: String { cell.name }
  var keeps: Keeps { .both }
  var saved: [Tensor] { kept.map { [$0] } ?? [] }

  func result(_ x: [Tensor]) -> Signature {
    Signature([x[0].shape[0] * x[1].shape[1] * (x[0].shape[1] + cell.states)], x[0].dtype)
  }

  func evaluate(_ x: [Tensor], _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    let (dtype, size) = (y.dtype, y.dtype.byteCount)
    let (batch, time, n) = (x[0].shape[0], x[0].shape[1], x[1].shape[1])
    let wide = cell.gates * n
    // The state lies where the last one is to be, and changes there.
    let h = y.pointer + batch * time * n * size
    let c = h + (cell.states - 1) * batch * n * size
    for i in 0..<cell.states {
      let state = try x[2 + i].ordered
      if batch * n > 0 { (h + i * batch * n * size).copyMemory(from: state.pointer, byteCount: batch * n * size) }
    }
    guard batch * time * n > 0, BLAS.isReady else { return y }
    let (gates, weight, bias) = try (x[0].ordered, x[1].forBLAS, x[x.count - 1].ordered)
    guard let matrix = weight.matrix?.flipped else { return y }
    let row = cell.keptGates * n

    /// Step t of some sequences, whose products are there.
    func step(_ first: Int, _ rows: Int, _ t: Int, _ products: UnsafeMutableRawPointer, _ unread: UnsafeMutableRawPointer) {
      let at = first * time + t
      let (to, kept) = kept.map { ($0.pointer + at * row * size, time * row) } ?? (unread, 0)
      let lengths = lengths.map { $0.pointer.assumingMemoryBound(to: Int64.self) + first }
      cell.step(
        dtype.code, rows, n, gates.pointer + at * wide * size, time * wide, products, bias.pointer, lengths, t, h + first * n * size,
        c + first * n * size, y.pointer + at * n * size, time * n, to, kept)
    }

    if time == 1 {
      // One product, shared if it is large.
      let products = try Tensor(uninitialized: [batch * wide + row * 16], dtype)
      try BLAS.product(
        dtype, batch, wide, n, BLAS.Operand(pointer: h, isTransposed: false, lead: n), matrix, adds: false, products.pointer, wide)
      let unread = products.pointer + batch * wide * size
      let parts = RecurrentSteps.parts(batch, wide)
      parallel(parts, grain: 1) { range in
        for part in range {
          let (first, end) = (batch * part / parts, batch * (part + 1) / parts)
          step(first, end - first, 0, products.pointer + first * wide * size, unread + part * row * size)
        }
      }
    } else {
      let packed = try PackedMatrix(matrix, dtype, n, wide, rows: batch, uses: time)
      let chunks = RecurrentChunks(batch, work: batch * time * n * wide, isPacked: packed.isPacked)
      let count = chunks.largest * wide + row + packed.scratchCount(rows: chunks.largest)
      let scratch = try Tensor(uninitialized: [chunks.count, count], dtype)
      try chunks.run { (part, first, rows) throws(TensorError) in
        let products = scratch.pointer + part * count * size
        let unread = products + chunks.largest * wide * size
        for t in 0..<time {
          try packed.product(rows, h + first * n * size, n, adds: false, products, wide, scratch: unread + row * size)
          step(first, rows, t, products, unread)
        }
      }
      withExtendedLifetime(scratch) {}
    }
    withExtendedLifetime((gates, weight, bias)) {}
    return y
  }

  /// How many threads' shares a single step has.
  static func parts(_ batch: Int, _ wide: Int) -> Int { Swift.max(1, Swift.min(batch / Swift.max(1, 4096 / wide), 16)) }

  func multiplyAdds(_ x: [Tensor], _ result: Signature) -> Int { x[0].elementCount.saturatingTimes(x[1].shape[1]) }

  func gradient(_ x: [Tensor], _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    RecurrentStepsGradient(forward: self, result: y.detached)(x + [dy]).unpacked(x.map(\.shape)).map { $0 }
  }

  /// The same as a composition.
  func composed(_ x: [Tensor]) -> Tensor {
    let (weight, n) = (x[1].transposed(), x[1].shape[1])
    var h = x[2]
    var c = x[x.count > 3 ? 3 : 2]
    var gates = x[0]
    if let lengths { gates = select((Tensor.arange(gates.shape[1]) .< lengths.unsqueezed(axis: 1)).unsqueezed(axis: 2), gates, 0) }
    let outputs = gates.unstacked(axis: 1).enumerated().map { t, sums in
      let (before, cellBefore) = (h, c)
      switch cell {
      case .lstm:
        let gates = (sums + h • weight).split(size: n, axis: 1)
        c = sigmoid(gates[1]) * c + sigmoid(gates[0]) * tanh(gates[2])
        h = sigmoid(gates[3]) * tanh(c)
      case .gru:
        let (gates, products) = (sums.split(size: n, axis: 1), (h • weight + x[3]).split(size: n, axis: 1))
        let value = tanh(gates[2] + sigmoid(gates[0] + products[0]) * products[2])
        h = value + sigmoid(gates[1] + products[1]) * (h - value)
      case .simple(.sigmoid): h = sigmoid(sums + h • weight)
      case .simple(.tanh): h = tanh(sums + h • weight)
      case .simple(.relu): h = relu(sums + h • weight)
      }
      guard let lengths else { return h }
      let isOn = (lengths .> t).unsqueezed(axis: 1)
      defer {
        h = select(isOn, h, before)
        if case .lstm = cell { c = select(isOn, c, cellBefore) }
      }
      return select(isOn, h, 0)
    }
    let y = outputs.isEmpty ? Tensor.zeros([x[0].shape[0], 0, n], x[0].dtype) : stack(outputs, axis: 1)
    return packed([y, h] + (cell.states == 2 ? [c] : []))
  }
}

extension RecurrentActivation {
  var code: Int32 {
    switch self {
    case .sigmoid: Int32(FX_SIGMOID.rawValue)
    case .tanh: Int32(FX_TANH.rawValue)
    case .relu: Int32(FX_MAX.rawValue)
    }
  }
}

/// How the sequences of a batch are shared among threads.
struct RecurrentChunks {
  let batch: Int
  let count: Int

  init(_ batch: Int, work: Int, isPacked: Bool) {
    self.batch = batch
    let most = Swift.min(batch / 4, work / 100_000)
    // A row of a packed product has the same bits in any company; CBLAS's depend on where it stands, so its cuts follow from the shape alone.
    count = Swift.max(1, isPacked ? Swift.min(most, Threads.count) : Swift.min(most, 16))
  }

  /// The size of the largest chunk.
  var largest: Int { (batch + count - 1) / count }

  /// Calls `body` with each chunk's number, first sequence and size.
  func run(_ body: (Int, Int, Int) throws(TensorError) -> Void) throws(TensorError) {
    try ThreadPool.shared.run(count) { (part) throws(TensorError) in
      let (first, end) = (batch * part / count, batch * (part + 1) / count)
      try body(part, first, end - first)
    }
  }
}
