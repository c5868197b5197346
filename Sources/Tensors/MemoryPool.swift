import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Free lists of buffers by size class.
///
/// Touching fresh pages costs about 0.6 ms a megabyte, taking a buffer again almost nothing.
final class MemoryPool: Sendable {
  static let shared = MemoryPool()
  /// Bytes of all tensors that are alive.
  static let live = Atomic<Int>(0)
  /// The most that they have been.
  static let peak = Atomic<Int>(0)
  #if DEBUG
    /// Blocks up to this many bytes lie inside the object that refers to them; tests that refuse memory also refuse it to small operands.
    nonisolated(unsafe) static var smallest = 1024
    /// The requests that are granted before all others are refused, in tests.
    static let requestsUntilRefusal = Atomic<Int>(.max)
    private static var isRefused: Bool {
      requestsUntilRefusal.load(ordering: .relaxed) < .max && requestsUntilRefusal.subtract(1, ordering: .relaxed).newValue < 0
    }
  #else
    /// Blocks up to this many bytes lie inside the object that refers to them.
    static let smallest = 1024
    private static let isRefused = false
  #endif
  /// The address of tensors without elements, from which nothing is read.
  nonisolated(unsafe) static let nowhere = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)

  /// Takes note of a tensor's bytes.
  @inline(__always)
  static func count(_ byteCount: Int) {
    let live = MemoryPool.live.add(byteCount, ordering: .relaxed).newValue
    if live > MemoryPool.peak.load(ordering: .relaxed) { MemoryPool.peak.max(live, ordering: .relaxed) }
  }

  private struct State {
    var free: [[UnsafeMutableRawPointer]] = Array(repeating: [], count: 256)
    var cached = 0
    /// The bytes of all buffers that have been handed out.
    var taken = 0
    var capacity: Int
  }
  private let state: Lock<State>
  /// The most bytes of tensors: ``Memory/limit``, or what the process may have.
  private let ceiling: Atomic<Int>
  private let isSet = Atomic<Bool>(false)

  private init() {
    let bytes = SystemMemory.limit.bytes
    ceiling = Atomic(bytes)
    state = Lock(State(capacity: min(4 << 30, bytes / 4)))
  }

  /// Four classes to each power of two: at most a quarter of a buffer is unused.
  static func sizeClass(_ byteCount: Int) -> Int {
    let n = max(byteCount, 256) - 1
    let exponent = Int.bitWidth - 1 - n.leadingZeroBitCount
    return exponent << 2 | (n >> (exponent - 2)) & 3
  }
  static func capacity(ofClass sizeClass: Int) -> Int { (5 + sizeClass & 3) << (sizeClass >> 2 - 2) }
  /// What stands for a class where a block is as large as was asked for, and goes back to the system.
  static let exact = -3

  /// The bytes that may still be had.
  var left: Int { max(0, ceiling.load(ordering: .relaxed) &- Self.live.load(ordering: .relaxed)) }

  /// A block of at least so many bytes and its size class; nil if it cannot be had.
  func take(_ byteCount: Int) -> (memory: UnsafeMutableRawPointer, sizeClass: Int)? {
    if byteCount > ceiling.load(ordering: .relaxed) &- Self.live.load(ordering: .relaxed) || Self.isRefused { return nil }
    let sizeClass = Self.sizeClass(byteCount)
    let capacity = Self.capacity(ofClass: sizeClass)
    let reused = state.withLock { state in
      state.taken &+= capacity
      let buffer = state.free[sizeClass].popLast()
      if buffer != nil { state.cached -= capacity }
      return buffer.map { UInt(bitPattern: $0) }
    }
    if let reused, let buffer = UnsafeMutableRawPointer(bitPattern: reused) { return (buffer, sizeClass) }
    return fresh(byteCount, sizeClass, capacity)
  }

  /// A block of the system's, the pool emptied for it if need be.
  @inline(never)
  private func fresh(_ byteCount: Int, _ sizeClass: Int, _ capacity: Int) -> (memory: UnsafeMutableRawPointer, sizeClass: Int)? {
    let left = ceiling.load(ordering: .relaxed) &- Self.live.load(ordering: .relaxed)
    trim(to: max(0, left - capacity))
    if capacity <= left {
      if let memory = SystemMemory.allocate(capacity) { return (memory, sizeClass) }
      empty()
      if let memory = SystemMemory.allocate(capacity) { return (memory, sizeClass) }
    }
    // What a class rounds up to is nothing that was asked for.
    if byteCount >= SystemMemory.mapped, let memory = SystemMemory.allocate(byteCount) { return (memory, Self.exact) }
    return nil
  }

  /// Memory of the system's, which is none of the pool's: for a thread to work in unless told.
  func room(
    _ byteCount: Int, for what: @autoclosure () -> String = "a kernel's working memory"
  ) throws(TensorError) -> UnsafeMutableRawPointer {
    if !Self.isRefused {
      if let memory = SystemMemory.allocate(byteCount) { return memory }
      empty()
      if let memory = SystemMemory.allocate(byteCount) { return memory }
    }
    throw refusal(byteCount, for: what())
  }

  func give(_ buffer: UnsafeMutableRawPointer, _ sizeClass: Int, _ byteCount: Int) {
    if sizeClass == Self.exact { return SystemMemory.free(buffer, byteCount) }
    let capacity = Self.capacity(ofClass: sizeClass)
    let address = UInt(bitPattern: buffer)
    let kept = state.withLock { state in
      guard state.cached + capacity <= state.capacity else { return false }
      state.free[sizeClass].append(UnsafeMutableRawPointer(bitPattern: address)!)
      state.cached += capacity
      return true
    }
    if !kept { SystemMemory.free(buffer, capacity) }
  }

  func empty() { trim(to: 0) }

  /// Gives cached buffers back to the system, the largest first, until no more than so many bytes are cached.
  private func trim(to bytes: Int) {
    state.withLock { state in
      var sizeClass = state.free.count - 1
      while state.cached > bytes && sizeClass >= 0 {
        let capacity = Self.capacity(ofClass: sizeClass)
        while state.cached > bytes, let buffer = state.free[sizeClass].popLast() {
          SystemMemory.free(buffer, capacity)
          state.cached -= capacity
        }
        sizeClass -= 1
      }
    }
  }

  /// The bytes of all buffers that have been handed out since the process began: what an operator's passes over memory come to.
  var takenBytes: Int { state.withLock { $0.taken } }
  var cachedBytes: Int { state.withLock { $0.cached } }
  var cacheLimit: Int {
    get { state.withLock { $0.capacity } }
    set {
      state.withLock { $0.capacity = newValue }
      trim(to: newValue)
    }
  }
  var limit: Int? {
    get { isSet.load(ordering: .relaxed) ? ceiling.load(ordering: .relaxed) : nil }
    set {
      isSet.store(newValue != nil, ordering: .relaxed)
      ceiling.store(newValue.map { max(0, $0) } ?? SystemMemory.limit.bytes, ordering: .relaxed)
      if newValue != nil { trim(to: max(0, ceiling.load(ordering: .relaxed) - Self.live.load(ordering: .relaxed))) }
    }
  }

  /// Why so many bytes were refused; `what` they were to be for: `float32 [32768, 32768]`.
  @inline(never)
  func refusal(_ byteCount: Int, for what: String) -> TensorError {
    let live = Self.live.load(ordering: .relaxed)
    var (bound, name) = (limit ?? SystemMemory.limit.bytes, limit == nil ? SystemMemory.limit.name : "Memory.limit")
    // It may have been set since the process began.
    if limit == nil, let bytes = SystemMemory.addressLimit, bytes < bound { (bound, name) = (bytes, "the process's limit (ulimit)") }
    let asked = "\(byteText(byteCount)) for \(what)"
    let held = "\(byteText(live)) are in use"
    if byteCount > bound &- live {
      return mistake("\(asked) is more than \(name) leaves: \(byteText(max(0, bound - live))) of \(byteText(bound)), as \(held)")
    }
    return mistake("\(asked) could not be had from the system: out of memory; \(held), \(name) is \(byteText(bound))")
  }
}
