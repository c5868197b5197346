import CMessages
import Optimizers
import Tensors
import Training

/// How values of several processes become one.
public enum Reducer: String, Sendable, CaseIterable {
  /// Their sum.
  case sum
  /// Their sum over their number: of floating-point numbers.
  case mean
  /// Their product.
  case product
  /// The largest; NaN where one is.
  case max
  /// The smallest; NaN where one is.
  case min
}

// Collectives on tensors. What processes give has to fit: it is compared before anything is sent, and a difference is thrown by all of them. None has a
// gradient; what is on a tape is taken as a constant.
extension World {
  /// Waits until all processes have come here.
  public func barrier() throws { _ = try agree("barrier", "") }

  /// Every process's `x` becomes that of one of them.
  ///
  /// Shapes and dtypes have to be the same. PyTorch: `broadcast`.
  public func broadcast(_ x: inout Tensor, from root: Int = 0) throws {
    try check(root, "broadcast")
    guard let elements = try ready(x, "broadcast") else { return }
    if try alone(agree("broadcast", "\(x.dtype) \(x.shape) from \(root)")) { return }
    let isFrozen = x.isFrozen
    x = try received(elements, from: root)
    x.isFrozen = isFrozen
  }

  /// The sum, mean, product, maximum or minimum over all processes, the same bits on all of them.
  ///
  /// With `.reproducible` values are combined in a tree over the ranks, with `.fast` in MPI's order. PyTorch: `all_reduce`.
  @discardableResult
  public func allReduce(_ x: Tensor, _ reducer: Reducer = .sum) throws -> Tensor {
    guard let x = try ready(x, "allReduce") else { return x }
    try check(x, reducer, "allReduce")
    if try alone(agree("allReduce", "\(reducer.rawValue) of \(x.dtype) \(x.shape)")) { return x }
    let parts = try reduced(x, reducer, "allReduce")
    return try joined(parts, x.shape, x.dtype, "allReduce")
  }

  /// Every process's tensor, in the order of ranks, at one of them; nil at the others.
  ///
  /// Sizes of the first axis may differ. PyTorch: `gather`.
  @discardableResult
  public func gather(_ x: Tensor, to root: Int = 0) throws -> [Tensor]? {
    try check(root, "gather")
    guard let x = try ready(x, "gather") else { return nil }
    let headers = try agree("gather", "\(x.dtype) \(rest(x)) to \(root)", own: rows(x))
    if count == 1 { return [x] }
    let counts = try headers.map { try $0.int() }
    let sizes = counts.map { $0 * byteCount(ofRow: x) }
    let from = Memory(x.withBytes { Array($0) } ?? [])
    let to = Memory(rank == root ? sizes.reduce(0, +) : 0)
    // A chunk at a time, as an int counts no more bytes.
    let step = Int(Int32.max) / 2 / count
    for start in stride(from: 0, to: sizes.max() ?? 0, by: step) {
      let pieces = sizes.map { Int32(Swift.min(Swift.max($0 - start, 0), step)) }
      var (offsets, total): ([Int32], Int) = ([], 0)
      for piece in pieces {
        offsets.append(Int32(total))
        total += Int(piece)
      }
      let (chunk, table) = (Memory(rank == root ? total : 0), Counts(pieces, offsets))
      let request = try engine.begin("gather", [from, chunk, table]) {
        fxm_gather(
          Int32(FXM_CONTROL), from.start + Swift.min(start, from.count), pieces[rank], chunk.start, table.counts, table.offsets,
          Int32(root), Int32(FXM_BYTE), $0)
      }
      try engine.wait(request, "gather")
      if rank != root { continue }
      for process in 0..<count where pieces[process] > 0 {
        let target = sizes[..<process].reduce(0, +) + start
        (to.start + target).copyMemory(from: chunk.start + Int(offsets[process]), byteCount: Int(pieces[process]))
      }
    }
    if rank != root { return nil }
    var place = 0
    return counts.map { rows in
      defer { place += rows * byteCount(ofRow: x) }
      return tensor(like: x, rows: rows, to.start + place)
    }
  }

  /// Every process's tensor, in the order of ranks, on all of them.
  ///
  /// Sizes of the first axis may differ; `concatenate` joins them. PyTorch: `all_gather`.
  public func allGather(_ x: Tensor) throws -> [Tensor] {
    guard let x = try ready(x, "allGather") else { return [x] }
    let headers = try agree("allGather", "\(x.dtype) \(rest(x))", own: rows(x))
    if count == 1 { return [x] }
    return try zip(headers, engine.allGather(x.withBytes { Array($0) } ?? [], "allGather")).map { header, bytes in
      let memory = Memory(bytes)
      return tensor(like: x, rows: try header.int(), memory.start)
    }
  }

  /// This process's rows of what ``allReduce(_:_:)`` gives: [rows, …] to [rows / count, …].
  ///
  /// The first axis has to be divisible by the number of processes. PyTorch: `reduce_scatter_tensor`.
  public func reduceScatter(_ x: Tensor, _ reducer: Reducer = .sum) throws -> Tensor {
    guard let x = try ready(x, "reduceScatter") else { return x }
    try check(x, reducer, "reduceScatter")
    if x.rank == 0 || !x.shape[0].isMultiple(of: count) {
      throw refused("reduceScatter", "\(x.shape) over \(count) processes; a first axis that they divide would fit")
    }
    if try alone(agree("reduceScatter", "\(reducer.rawValue) of \(x.dtype) \(x.shape)")) { return x }
    return try reduced(x, reducer, "reduceScatter").reshaped(Shape([x.shape[0] / count] + x.shape.dropFirst()))
  }

  // MARK: Parts

  /// The elements in order; throws after a mistake.
  private func ready(_ x: Tensor, _ operation: String) throws -> Tensor? {
    if x.isPlaceholder {
      throw refused(operation, "a tensor without elements: it comes from after a mistake, or from a run on shapes alone")
    }
    return x.detached
  }

  /// What only this process may find wrong is told to the others, which wait for it.
  func refused(_ operation: String, _ message: String) -> WorldError {
    let error = WorldError(operation, message)
    engine.report(error.description)
    return error
  }

  private func check(_ root: Int, _ operation: String) throws {
    if !(0..<count ~= root) { throw refused(operation, "process \(root) of \(count); 0 to \(count - 1) would fit") }
  }

  private func check(_ x: Tensor, _ reducer: Reducer, _ operation: String) throws {
    if x.dtype == .bool { throw refused(operation, "of bool; .cast(to: .int32) would fit") }
    if x.dtype.isComplex { throw refused(operation, "of \(x.dtype); .viewAsReal() would fit") }
    if x.dtype.isHalf { throw refused(operation, "of \(x.dtype); .cast(to: .float32) would fit") }
    if reducer == .mean && !x.dtype.isFloatingPoint { throw refused(operation, "the mean of \(x.dtype); .cast(to: .float64) would fit") }
  }

  /// Compares what the processes call, and gives what else each says.
  @discardableResult
  func agree(_ operation: String, _ header: String, own: Int = 0) throws -> [ByteReaderBox] {
    if count == 1 { return [] }
    var writer = ByteWriter()
    writer.text(operation)
    writer.text(header)
    writer.int(own)
    let boxes = try engine.allGather(writer.bytes, operation).map { ByteReaderBox(ByteReader($0)) }
    var first: (String, String) = ("", "")
    for (process, box) in boxes.enumerated() {
      let (called, what) = (try box.reader.text(), try box.reader.text())
      if process == 0 { first = (called, what) }
      if called != first.0 {
        throw WorldError(operation, "process \(process) calls \(called), and process 0 \(first.0); all have to call the same")
      }
      if what != first.1 {
        throw WorldError(operation, "process \(process) has \(what), and process 0 \(first.1); the same would fit")
      }
    }
    return boxes
  }

  private func alone(_ boxes: [ByteReaderBox]) -> Bool { count == 1 }

  private func rest(_ x: Tensor) -> String {
    x.rank == 0 ? "[]" : "[rows" + x.shape.dropFirst().map { ", \($0)" }.joined() + "]"
  }

  private func rows(_ x: Tensor) -> Int { x.rank == 0 ? 1 : x.shape[0] }

  private func byteCount(ofRow x: Tensor) -> Int { x.shape.dropFirst(x.rank == 0 ? 0 : 1).reduce(1, *) * x.dtype.byteCount }

  /// A tensor with so many rows, and the other axes of another.
  private func tensor(like x: Tensor, rows: Int, _ start: UnsafeMutableRawPointer) -> Tensor {
    let byteCount = rows * byteCount(ofRow: x)
    return Tensor(x.rank == 0 ? x.shape : Shape([rows] + x.shape.dropFirst()), x.dtype) { target in
      if byteCount > 0 { target.copyMemory(from: UnsafeRawBufferPointer(start: start, count: byteCount)) }
    } ?? x
  }

  private func received(_ x: Tensor, from root: Int) throws -> Tensor {
    let memory = Memory(rank == root ? x.withBytes { Array($0) } ?? [] : [UInt8](repeating: 0, count: x.elementCount * x.dtype.byteCount))
    for start in stride(from: 0, to: memory.count, by: 1 << 30) {
      let request = try engine.begin("broadcast", [memory]) {
        fxm_broadcast(Int32(FXM_CONTROL), memory.start + start, Int32(Swift.min(1 << 30, memory.count - start)), Int32(root), $0)
      }
      try engine.wait(request, "broadcast")
    }
    if rank == root { return x }
    return Tensor(x.shape, x.dtype) { target in
      if memory.count > 0 { target.copyMemory(from: UnsafeRawBufferPointer(start: memory.start, count: memory.count)) }
    } ?? x
  }

  /// This process's stretch of the elements, combined over all processes: [elements].
  private func reduced(_ x: Tensor, _ reducer: Reducer, _ operation: String) throws -> Tensor {
    let flat = x.reshaped([x.elementCount])
    let tree = SumTree(shards: count, filled: Array(0..<count))
    func stretch(_ process: Int) -> Range<Int> { StatePartition.range(of: x.elementCount, rank: process, count: count) }
    let size = x.dtype.byteCount
    let own = stretch(rank)
    // As many elements of each stretch at once as an int can count.
    let step = Int(Int32.max) / 4 / count
    var pieces: [Tensor] = []
    for start in stride(from: 0, to: Swift.max(1, stretch(0).count), by: step) {
      func part(_ process: Int) -> Range<Int> {
        let range = stretch(process)
        let from = Swift.min(range.lowerBound + start, range.upperBound)
        return from..<Swift.min(from + step, range.upperBound)
      }
      let counts = (0..<count).map { Int32(part($0).count) }
      let from = Memory(counts.reduce(0) { $0 + Int($1) } * size)
      var (offsets, place): ([Int32], Int) = ([], 0)
      _ = flat.withBytes { bytes in
        for process in 0..<count {
          offsets.append(Int32(place))
          let byteCount = Int(counts[process]) * size
          if byteCount > 0 {
            (from.start + place * size).copyMemory(from: bytes.baseAddress! + part(process).lowerBound * size, byteCount: byteCount)
          }
          place += Int(counts[process])
        }
      }
      let mine = part(rank).count
      let (to, sent) = (Memory(mine * count * size), Counts(counts, offsets))
      let got = Counts([Int32](repeating: Int32(mine), count: count), (0..<count).map { Int32($0 * mine) })
      let request = try engine.begin(operation, [from, to, sent, got]) {
        fxm_all_to_all(
          Int32(FXM_CONTROL), from.start, sent.counts, sent.offsets, to.start, got.counts, got.offsets, Int32(x.dtype.rawValue), $0)
      }
      try engine.wait(request, operation)
      let parts = (0..<count).map { process in
        Tensor([mine], x.dtype) { target in
          if mine > 0 { target.copyMemory(from: UnsafeRawBufferPointer(start: to.start + process * mine * size, count: mine * size)) }
        } ?? .zeros([mine], x.dtype)
      }
      func combined(_ a: Tensor, _ b: Tensor) -> Tensor {
        switch reducer {
        case .sum, .mean: a + b
        case .product: a * b
        case .max: maximum(a, b)
        case .min: minimum(a, b)
        }
      }
      let total = tree.total({ $0.count == 1 ? parts[$0.lowerBound] : nil }, combined) ?? .zeros([mine], x.dtype)
      pieces.append(reducer == .mean ? total / Double(count) : total)
    }
    let all = pieces.count == 1 ? pieces[0] : concatenate(pieces)
    return all.elementCount == own.count ? all : all[0..<own.count]
  }

  /// The stretches of all processes, as one tensor.
  private func joined(_ part: Tensor, _ shape: Shape, _ dtype: DType, _ operation: String) throws -> Tensor {
    let parts = try engine.allGather(part.withBytes { Array($0) } ?? [], operation)
    return Tensor(shape, dtype) { target in
      var place = 0
      for part in parts {
        let count = Swift.min(part.count, target.count - place)
        UnsafeMutableRawBufferPointer(rebasing: target[place..<place + count]).copyBytes(from: part.prefix(count))
        place += count
      }
    } ?? .zeros(shape, dtype)
  }
}

/// What a process says beside what it calls.
final class ByteReaderBox {
  var reader: ByteReader
  init(_ reader: ByteReader) { self.reader = reader }
  func int() throws -> Int { try reader.int() }
}
