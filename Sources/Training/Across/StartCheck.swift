import Data
import Models
import Optimizers
import Tensors

/// What processes that train one model have to have in common, as texts by what they are called.
struct StartCheck {
  private var entries: [(name: String, value: String)] = []

  init() {}

  mutating func add(_ name: String, _ value: String) { entries.append((name, value)) }

  /// A model: how it is written, and each parameter with a hash of its elements.
  mutating func add<M: Model>(_ model: M) {
    for (i, line) in model.structure.split(separator: "\n").enumerated() { add("model, line \(i + 1)", String(line.drop { $0 == " " })) }
    for (name, value) in model.parameters {
      add(
        "parameter \(name)",
        "\(value.dtype) \(value.shape)\(value.isFrozen ? ", frozen" : ""), elements of hash \(hexadecimal(value.detached.contentHash))")
    }
    for (i, state) in model.states.enumerated() {
      guard let value = state.value else { continue }
      add("state \(i + 1) of the model", "\(value.dtype) \(value.shape), elements of hash \(hexadecimal(value.contentHash))")
    }
    var (copy, streams) = (model, StreamList())
    copy.visit(&streams)
    for (i, stream) in streams.list.enumerated() {
      add("random stream \(i + 1) of the model", "seed \(stream.seed), position \(stream.position)")
    }
  }

  /// Some examples of a data set, by a hash of their tensors.
  mutating func addExamples<D: Dataset>(_ data: D) throws {
    let count = data.count
    let positions = (0..<Swift.min(count, 8)).map { count <= 8 ? $0 : $0 * (count / 8) }
    if positions.isEmpty { return }
    let batch = try withSeed(0) { try data.batch(positions) }
    let places = positions.map(String.init).joined(separator: ", ")
    add("examples \(places) of the data", "hash \(hexadecimal(contentHash(of: batch, depth: 4)))")
  }

  /// The first of the batches that are ready, by a hash of its tensors.
  mutating func addBatch(_ batch: Any) { add("first batch", "hash \(hexadecimal(contentHash(of: batch, depth: 4)))") }

  /// Throws one sentence if a process has another value than the first one.
  func compare(across exchange: any GradientExchange) throws {
    if exchange.count == 1 { return }
    var writer = ByteWriter()
    writer.list(entries) { entry, writer in
      writer.text(entry.name)
      writer.text(entry.value)
    }
    let all = try exchange.allGather(writer.bytes).map { bytes in
      var reader = ByteReader(bytes)
      return try reader.list { reader in (name: try reader.text(), value: try reader.text()) }
    }
    for (rank, list) in all.enumerated() {
      for i in 0..<Swift.max(list.count, all[0].count) {
        let (ours, first) = (i < list.count ? list[i] : ("", ""), i < all[0].count ? all[0][i] : ("", ""))
        if ours == first { continue }
        func text(_ entry: (name: String, value: String)) -> String {
          entry.name.isEmpty ? "nothing there" : "\(entry.value.prefix(90)) (\(entry.name))"
        }
        throw StartDifference(
          description:
            "fit: process \(rank) was started with \(text(ours)), and process 0 with \(text(first)); all have to be started alike, "
            + "from one seed, or a model be sent to all by world.broadcast(&model)")
      }
    }
  }
}

/// Processes that were not started alike; each of them throws the same sentence.
struct StartDifference: Error, CustomStringConvertible {
  let description: String
}

private struct StreamList: ModelVisitor {
  var list: [RandomStream] = []
  mutating func stream(_ random: inout RandomStream, _ name: PartName) { list.append(random) }
}

private func hexadecimal(_ hash: UInt64) -> String { String(hash, radix: 16) }

extension Tensor {
  /// FNV-1a of the elements' bytes, eight at a time.
  var contentHash: UInt64 {
    withBytes { bytes in
      var hash: UInt64 = 0xcbf2_9ce4_8422_2325
      let words = bytes.count / 8
      for i in 0..<words { hash = (hash ^ bytes.loadUnaligned(fromByteOffset: 8 * i, as: UInt64.self)) &* 0x100_0000_01b3 ^ hash >> 29 }
      for i in words * 8..<bytes.count { hash = (hash ^ UInt64(bytes[i])) &* 0x100_0000_01b3 }
      return hash
    } ?? 0
  }
}

/// A hash of the tensors that are found in a value.
private func contentHash(of value: Any, depth: Int) -> UInt64 {
  if let x = value as? Tensor {
    return x.shape.reduce(x.detached.contentHash ^ UInt64(x.dtype.rawValue)) { mix($0, UInt64(bitPattern: Int64($1))) }
  }
  if depth == 0 { return 0 }
  return Mirror(reflecting: value).children.reduce(1) { mix($0, contentHash(of: $1.value, depth: depth - 1)) }
}
