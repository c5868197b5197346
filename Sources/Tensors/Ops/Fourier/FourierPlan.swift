import CFFT
import CKernels

/// What Fourier transforms of one length need, factors and roots of unity: made once, and shared by threads, as it never changes.
final class FourierPlan: @unchecked Sendable {
  let pointer: OpaquePointer
  private let bytes: Int

  private init(_ key: Key) throws(TensorError) {
    // About what a plan takes, and as much again while it is made.
    try checkList(key.length, of: key.isDouble ? 128 : 64, "", "the plan of a transform of \(key.length) numbers")
    guard let pointer = fx_fft_plan_new(fx_current_level(), key.isDouble ? 1 : 0, key.isReal ? 1 : 0, Int64(key.length)) else {
      throw FourierPlan.outOfMemory(key.length)
    }
    self.pointer = pointer
    bytes = Int(fx_fft_plan_bytes(pointer))
  }

  deinit { fx_fft_plan_free(pointer) }

  static func outOfMemory(_ length: Int) -> TensorError { mistake("out of memory in a transform of \(length) numbers") }

  struct Key: Hashable {
    let length: Int
    let isDouble: Bool
    /// Whether it is for transforms of real numbers, or to them.
    let isReal: Bool
  }

  /// Plans by their keys, and when each was used last.
  private struct Cache {
    var plans: [Key: (plan: FourierPlan, time: Int)] = [:]
    var time = 0
    var bytes = 0
  }
  private static let cache = Lock(Cache())
  /// So many plans are kept, and so many bytes of them; those that were used last.
  private static let most = (count: 64, bytes: 64 << 20)

  /// The plan of a length.
  static func of(_ key: Key) throws(TensorError) -> FourierPlan {
    let kept = cache.withLock { cache -> FourierPlan? in
      guard let entry = cache.plans[key] else { return nil }
      cache.time += 1
      cache.plans[key]!.time = cache.time
      return entry.plan
    }
    if let kept { return kept }
    // Not under the lock: a long plan takes its time. Two threads may make the same.
    let plan = try FourierPlan(key)
    if plan.bytes > most.bytes { return plan }
    cache.withLock { cache in
      cache.time += 1
      if let old = cache.plans.updateValue((plan, cache.time), forKey: key) { cache.bytes -= old.plan.bytes }
      cache.bytes += plan.bytes
      while cache.plans.count > most.count || cache.bytes > most.bytes {
        let oldest = cache.plans.min { $0.value.time < $1.value.time }!
        cache.bytes -= oldest.value.plan.bytes
        cache.plans[oldest.key] = nil
      }
    }
    return plan
  }
}
