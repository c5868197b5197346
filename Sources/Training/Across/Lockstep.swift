import Foundation
import Models
import Tensors

/// Runs the shards of a process at once, each on a thread of its own, one at a time: from one sum over all shards to the next.
///
/// The order in which shards run, and are added, is theirs; so bits do not depend on threads.
final class Lockstep: @unchecked Sendable {
  private let exchange: any GradientExchange
  private let shards: [Int]
  private let condition = NSCondition()
  /// Whose turn it is.
  private var turn = 0
  private var given: [Tensor?]
  private var sum: Tensor?
  private var isFinished: [Bool]
  private(set) var error: (any Error)?
  private var body: ((Int) throws -> Void)?

  init(_ exchange: any GradientExchange, _ shards: [Int]) {
    (self.exchange, self.shards) = (exchange, shards)
    given = Array(repeating: nil, count: shards.count)
    isFinished = Array(repeating: false, count: shards.count)
  }

  /// Runs the bodies, by their places; throws the first error.
  func run(_ body: @escaping (Int) throws -> Void) throws {
    self.body = body
    // Threads may be gone later than their work is done: none of them keeps the body.
    defer { self.body = nil }
    for place in shards.indices {
      let thread = Thread { [self] in
        wait(for: place)
        call(place)
        finish(place)
      }
      thread.stackSize = 64 << 20
      thread.start()
    }
    condition.lock()
    while isFinished.contains(false) { condition.wait() }
    condition.unlock()
    if let error { throw error }
    if exchange.count > 1 { _ = try sent(isDone: true, []) }
  }

  /// Takes part in the others' sums, as a process that has no shard of a batch.
  static func takePart(in exchange: any GradientExchange) throws {
    let spectator = Lockstep(exchange, [])
    while try spectator.sent(isDone: false, []) != nil {}
  }

  private func call(_ place: Int) {
    do {
      // A mistake belongs to the thread that waits, whose `checked` scope may be waiting for it.
      try ShardSum.$current.withValue(ShardSum { x in self.total(x, place) }) { try checked { try body?(place) } }
    } catch {
      condition.withLock { if self.error == nil { self.error = error } }
    }
  }

  private func wait(for place: Int) {
    condition.lock()
    while turn != place { condition.wait() }
    condition.unlock()
  }

  /// Passes the turn to the next shard that has not finished.
  private func pass(from place: Int) {
    for step in 1...shards.count where !isFinished[(place + step) % shards.count] {
      turn = (place + step) % shards.count
      break
    }
    condition.broadcast()
  }

  private func finish(_ place: Int) {
    condition.withLock {
      isFinished[place] = true
      // Others wait for this one in a sum that it does not take part in.
      if error == nil && given.contains(where: { $0 != nil }) {
        error = TensorError("SyncBatchNorm", "shards of one batch ran it a different number of times; as often in each would fit")
      }
      pass(from: place)
    }
  }

  /// What all shards give, added in their order.
  private func total(_ x: Tensor, _ place: Int) -> Tensor {
    condition.lock()
    defer { condition.unlock() }
    if error != nil { return x }
    given[place] = x.detached
    if !given.contains(where: { $0 == nil }) {
      do {
        sum = try gather(given.compactMap { $0 })
      } catch {
        self.error = error
      }
      given = Array(repeating: nil, count: shards.count)
    }
    pass(from: place)
    while turn != place { condition.wait() }
    return error == nil ? sum ?? x : x
  }

  private func gather(_ own: [Tensor]) throws -> Tensor {
    let pairs = zip(shards, own).map { ($0, $1) }
    guard let all = exchange.count == 1 ? pairs : try sent(isDone: false, pairs) else { throw ByteReader.Malformed() }
    guard all.allSatisfy({ $0.1.shape == all[0].1.shape && $0.1.dtype == all[0].1.dtype }) else { throw ByteReader.Malformed() }
    return all.dropFirst().reduce(all[0].1) { $0 + $1.1 }
  }

  /// What the shards of all processes give, in order; nil where their runs have ended.
  private func sent(isDone: Bool, _ own: [(Int, Tensor)]) throws -> [(Int, Tensor)]? {
    var writer = ByteWriter()
    writer.int(isDone ? 1 : 0)
    writer.list(own) { entry, writer in
      writer.int(entry.0)
      writer.tensor(entry.1)
    }
    var (all, ended): ([(Int, Tensor)], Bool) = ([], false)
    for bytes in try exchange.allGather(writer.bytes) {
      var reader = ByteReader(bytes)
      if try reader.int() == 1 { ended = true }
      all += try reader.list { (try $0.int(), try $0.tensor()) }
    }
    if ended && !all.isEmpty { throw ByteReader.Malformed() }
    return ended ? nil : all.sorted { $0.0 < $1.0 }
  }
}
