import Tensors

/// The lengths of the sequences that are run now.
enum SequenceLengths {
  @TaskLocal static var current: [Int]?
}

/// Runs `body` with the lengths of padded sequences: each ``Unrolled`` model in it stops a sequence at its own end.
///
///     let y = withLengths([12, 7, 9]) { model(x) }       // x [3, 12, features]
///
/// Answers behind a sequence's end are 0, and states stay as its last step left them.
public func withLengths<R, E: Error>(_ lengths: [Int], _ body: () throws(E) -> R) throws(E) -> R {
  let result: Result<R, E> = SequenceLengths.$current.withValue(lengths) {
    do throws(E) { return .success(try body()) } catch { return .failure(error) }
  }
  return try result.get()
}

/// Bools [sequences, length], true for the steps that each sequence really has: what `keyMask:` takes for a batch of padded sequences.
///
///     encoder(x, keyMask: sequenceMask(lengths: [3, 5], length: 5))
public func sequenceMask(lengths: [Int], length: Int) -> Tensor {
  if let wrong = lengths.first(where: { $0 < 0 || $0 > length }) {
    fail(TensorError("sequenceMask", "a sequence of \(wrong) steps in \(length); 0 to \(length) would fit"))
  }
  return Tensor.arange(max(0, length)) .< Tensor(lengths).unsqueezed(axis: 1)
}

extension Shape {
  /// The first sizes, and 1 for the other axes of `rank`.
  init(_ sizes: [Int], rank: Int) { self.init(sizes + Array(repeating: 1, count: Swift.max(0, rank - sizes.count))) }

  /// The same but for the size of the second axis.
  func replacingTime(with size: Int) -> Shape {
    var shape = self
    shape[1] = size
    return shape
  }
}

extension Tensor {
  /// [batch, …] with zeros where a sequence is not running.
  func kept(where isRunning: Tensor) -> Tensor {
    if rank == 0 || shape[0] != isRunning.shape[0] { return self }
    return select(isRunning.reshaped(Shape([shape[0]], rank: rank)), self, 0)
  }

  /// [batch, time, …] with zeros behind the sequences' ends.
  func masked(lengths: [Int]) -> Tensor {
    guard rank >= 2, shape[0] == lengths.count, lengths.contains(where: { $0 < shape[1] }) else { return self }
    return select(sequenceMask(lengths: lengths, length: shape[1]).reshaped(Shape([shape[0], shape[1]], rank: rank)), self, 0)
  }

  /// [batch, time, …] with the steps of each sequence in the other order; what is behind its end stays there.
  func reversedInTime(lengths: [Int]?) -> Tensor {
    guard let lengths, lengths.contains(where: { $0 < shape[1] }) else { return reversed(axes: [1]) }
    let places = lengths.flatMap { length in (0..<shape[1]).map { $0 < length ? length - 1 - $0 : $0 } }
    let index = Tensor(places).reshaped(Shape([shape[0], shape[1]], rank: rank))
    return gather(index.expanded(shape), axis: 1)
  }
}
