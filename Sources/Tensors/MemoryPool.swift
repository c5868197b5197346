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
  /// Blocks up to this many bytes lie inside the object that refers to them.
  static let smallest = 1024
  /// The address of tensors without elements, from which nothing is read.
  nonisolated(unsafe) static let nowhere = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)

  /// Takes note of a tensor's bytes.
  @inline(__always)
  static func count(_ byteCount: Int) {
    let live = MemoryPool.live.add(byteCount, ordering: .relaxed).newValue
    if live > MemoryPool.peak.load(ordering: .relaxed) { MemoryPool.peak.max(live, ordering: .relaxed) }
  }

  /// Linux's MADV_HUGEPAGE, a macro that Swift does not see.
  private static let hugePages: Int32 = 14

  private struct State {
    var free: [[UnsafeMutableRawPointer]] = Array(repeating: [], count: 256)
    var cached = 0
    /// The bytes of all buffers that have been handed out.
    var taken = 0
    var capacity = 4 << 30
  }
  private let state = Lock(State())

  /// Four classes to each power of two: at most a quarter of a buffer is unused.
  static func sizeClass(_ byteCount: Int) -> Int {
    let n = max(byteCount, 256) - 1
    let exponent = Int.bitWidth - 1 - n.leadingZeroBitCount
    return exponent << 2 | (n >> (exponent - 2)) & 3
  }
  static func capacity(ofClass sizeClass: Int) -> Int { (5 + sizeClass & 3) << (sizeClass >> 2 - 2) }

  func take(_ byteCount: Int) -> (UnsafeMutableRawPointer, Int) {
    let sizeClass = Self.sizeClass(byteCount)
    let capacity = Self.capacity(ofClass: sizeClass)
    let reused = state.withLock { state in
      state.taken &+= capacity
      let buffer = state.free[sizeClass].popLast()
      if buffer != nil { state.cached -= capacity }
      return buffer.map { UInt(bitPattern: $0) }
    }
    if let reused, let buffer = UnsafeMutableRawPointer(bitPattern: reused) { return (buffer, sizeClass) }
    // Whole huge pages for large buffers: 512 times fewer page faults on the first touch.
    let huge = capacity >= 4 << 20
    var buffer: UnsafeMutableRawPointer?
    guard posix_memalign(&buffer, huge ? 2 << 20 : 64, capacity) == 0, let buffer else {
      fatalError("out of memory: \(byteCount) bytes for a tensor")
    }
    #if os(Linux)
      if huge { madvise(buffer, capacity, Self.hugePages) }
    #endif
    return (buffer, sizeClass)
  }

  func give(_ buffer: UnsafeMutableRawPointer, _ sizeClass: Int) {
    let capacity = Self.capacity(ofClass: sizeClass)
    let address = UInt(bitPattern: buffer)
    let kept = state.withLock { state in
      guard state.cached + capacity <= state.capacity else { return false }
      state.free[sizeClass].append(UnsafeMutableRawPointer(bitPattern: address)!)
      state.cached += capacity
      return true
    }
    if !kept { free(buffer) }
  }

  func empty() {
    state.withLock { state in
      for sizeClass in state.free.indices {
        for buffer in state.free[sizeClass] { free(buffer) }
        state.free[sizeClass] = []
      }
      state.cached = 0
    }
  }

  /// The bytes of all buffers that have been handed out since the process began: what an operator's passes over memory come to.
  var takenBytes: Int { state.withLock { $0.taken } }
  var cachedBytes: Int { state.withLock { $0.cached } }
  var limit: Int {
    get { state.withLock { $0.capacity } }
    set { state.withLock { $0.capacity = newValue } }
  }
}

/// What tensors hold of this process's memory.
public enum Memory {
  /// Bytes of all tensors that are alive, in all threads.
  public static var liveBytes: Int { MemoryPool.live.load(ordering: .relaxed) }
  /// The most bytes of tensors that have been alive at once, in all threads, since the process began or ``resetPeak()`` was called.
  ///
  ///     Memory.resetPeak()
  ///     step()
  ///     print(Memory.peakBytes)
  public static var peakBytes: Int { MemoryPool.peak.load(ordering: .relaxed) }
  /// Makes ``peakBytes`` begin again, at what is alive now.
  public static func resetPeak() { MemoryPool.peak.store(MemoryPool.live.load(ordering: .relaxed), ordering: .relaxed) }
  /// Bytes of freed tensors that wait in the pool to be used again.
  public static var cachedBytes: Int { MemoryPool.shared.cachedBytes }
  /// The most bytes the pool keeps; what is freed beyond them goes back to the system.
  ///
  /// 4 GiB unless set.
  public static var cacheLimit: Int {
    get { MemoryPool.shared.limit }
    set { MemoryPool.shared.limit = max(0, newValue) }
  }
  /// Gives every cached buffer back to the system.
  public static func emptyCache() { MemoryPool.shared.empty() }
}
