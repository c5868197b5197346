import Data
import Models
import Optimizers
import Tensors

// Optimizer state that is divided among processes: each makes the step for a stretch of every parameter, and all tell each other what came of it.

extension TrainingRun {
  /// A step of the optimizer of which each process makes a part.
  func updateTogether<O: Optimizer>(_ run: inout TrainingState<M, O>, along gradient: M, across exchange: any GradientExchange) throws {
    let partition = StatePartition(rank: exchange.rank, count: exchange.count) { part, _ in part }
    StatePartition.$current.withValue(partition) { run.optimizer.update(&run.model, along: gradient) }
    if hasFailed {
      exchange.report("fit: a mistake in the program, in a checked scope")
      return
    }
    // As many parameters at once as are some megabytes, so that little memory is held twice.
    let sizes = run.model.trainedParameters.map { $0.elementCount * $0.dtype.byteCount }
    var first = 0
    while first < sizes.count {
      var (last, bytes) = (first + 1, sizes[first])
      while last < sizes.count, bytes + sizes[last] <= 32 << 20 {
        bytes += sizes[last]
        last += 1
      }
      var own = OwnStretches(first..<last, rank: exchange.rank, count: exchange.count, byteCount: bytes / exchange.count)
      run.model.visit(&own)
      var others = OtherStretches(first..<last, try exchange.allGather(own.bytes), rank: exchange.rank)
      run.model.visit(&others)
      first = last
    }
  }
}

extension TrainingState {
  /// Brings the optimizer's state together, of which each process has a part.
  mutating func gatherOptimizerState(across exchange: any GradientExchange) throws {
    if exchange.count == 1 { return }
    let shapes = Dictionary(model.parameters.map { ($0.name, $0.value.shape) }) { first, _ in first }
    let gathering = Gathering(exchange)
    let partition = StatePartition(rank: exchange.rank, count: exchange.count) { part, name in
      shapes[name].map { gathering.whole(part, $0) } ?? part
    }
    var visitor = StateVisitor()
    StatePartition.$current.withValue(partition) { visitor.part(&optimizer, "optimizer") }
    if let error = gathering.error { throw error }
    var restoring = StateVisitor(restoring: InMemoryTensors(visitor.tensors, metadata: visitor.values))
    restoring.part(&optimizer, "optimizer")
    try restoring.finish("\(O.self)")
  }
}

/// Gathers tensors, and keeps the first error.
private final class Gathering: @unchecked Sendable {
  private let exchange: any GradientExchange
  private(set) var error: (any Error)?

  init(_ exchange: any GradientExchange) { self.exchange = exchange }

  /// The parts of all processes, one after the other, in a shape.
  func whole(_ part: Tensor, _ shape: Shape) -> Tensor {
    if error != nil { return part }
    do {
      let parts = try exchange.allGather(part.withBytes { Array($0) } ?? [])
      guard let whole = Tensor(shape, part.dtype, filling: { target in fill(target, parts) }) else { throw ByteReader.Malformed() }
      return whole
    } catch {
      self.error = error
      return part
    }
  }

  private func fill(_ target: UnsafeMutableRawBufferPointer, _ parts: [[UInt8]]) {
    var at = 0
    for part in parts {
      let count = Swift.min(part.count, target.count - at)
      UnsafeMutableRawBufferPointer(rebasing: target[at..<at + count]).copyBytes(from: part.prefix(count))
      at += count
    }
  }
}

/// The bytes of this process's stretches of parameters that are trained.
private struct OwnStretches: ModelVisitor {
  let places: Range<Int>
  let rank: Int
  let count: Int
  var bytes: [UInt8] = []
  var index = 0

  init(_ places: Range<Int>, rank: Int, count: Int, byteCount: Int) {
    (self.places, self.rank, self.count) = (places, rank, count)
    bytes.reserveCapacity(byteCount + 64 * places.count)
  }

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
    if tensor.isFrozen { return }
    defer { index += 1 }
    guard places.contains(index) else { return }
    let (range, size) = (StatePartition.range(of: tensor.elementCount, rank: rank, count: count), tensor.dtype.byteCount)
    _ = tensor.withBytes { bytes.append(contentsOf: $0[range.lowerBound * size..<range.upperBound * size]) }
  }
}

/// Writes the stretches of the other processes.
private struct OtherStretches: ModelVisitor {
  let places: Range<Int>
  let parts: [[UInt8]]
  let rank: Int
  var at: [Int]
  var index = 0

  init(_ places: Range<Int>, _ parts: [[UInt8]], rank: Int) {
    (self.places, self.parts, self.rank) = (places, parts, rank)
    at = Array(repeating: 0, count: parts.count)
  }

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
    if tensor.isFrozen { return }
    defer { index += 1 }
    guard places.contains(index) else { return }
    let (elements, size) = (tensor.elementCount, tensor.dtype.byteCount)
    var at = at
    tensor.mutate { pointer in
      for (process, part) in parts.enumerated() {
        let range = StatePartition.range(of: elements, rank: process, count: parts.count)
        let byteCount = range.count * size
        defer { at[process] += byteCount }
        guard process != rank, at[process] + byteCount <= part.count, byteCount > 0 else { continue }
        let target = pointer.advanced(by: range.lowerBound * size)
        part.withUnsafeBytes { target.copyMemory(from: $0.baseAddress! + at[process], byteCount: byteCount) }
      }
    }
    self.at = at
  }
}
