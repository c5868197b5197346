import CKernels
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The threads that share the work of large operators.
public enum Threads {
  /// How many threads work on one operator: all cores unless set, or what `FLUXION_NUM_THREADS` says.
  ///
  /// Results do not depend on it.
  public static var count: Int {
    get { ThreadPool.shared.limit.load(ordering: .relaxed) }
    set { ThreadPool.shared.limit.store(max(1, min(newValue, ThreadPool.shared.workers + 1)), ordering: .relaxed) }
  }
}

/// One pool for everything: as many workers as there are other cores, asleep unless there is work.
///
/// Each thread begins with a stretch of the parts that is its own and helps the others when that is done. So the same thread works on
/// the same piece of a tensor in one operator after the other, and finds it in its core's caches.
final class ThreadPool: Sendable {
  static let shared = ThreadPool()

  let workers: Int
  let limit: Atomic<Int>

  /// The job that is being worked on.
  ///
  /// Only its owner, who holds `busy`, changes it, and only while no worker is inside.
  private nonisolated(unsafe) var body: ((Int) -> Void)?
  private nonisolated(unsafe) var parts = 0
  /// How many threads work on it.
  private nonisolated(unsafe) var threads = 0
  /// For each thread the next part of its stretch that nobody has taken.
  ///
  /// Two cache lines apart, as many as are fetched at once: threads that count in their own don't wait for each other.
  private nonisolated(unsafe) let stretches: UnsafeMutablePointer<Atomic<Int>>
  private static let apart = 128 / MemoryLayout<Atomic<Int>>.stride
  /// Parts that are done.
  private let finished = Atomic<Int>(0)
  /// Workers that may still look at the job.
  private let inside = Atomic<Int>(0)
  /// Goes up when a job opens and when it closes: odd while there is one.
  private let generation = Atomic<Int>(0)
  private let busy = Atomic<Bool>(false)
  private let sleeping = Atomic<Int>(0)
  private nonisolated(unsafe) let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private nonisolated(unsafe) let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  private init() {
    let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let wanted = getenv("FLUXION_NUM_THREADS").flatMap { Int(String(cString: $0)) }
    workers = max(wanted ?? cores, 1) - 1
    limit = Atomic(workers + 1)
    stretches = .allocate(capacity: (workers + 1) * Self.apart)
    for thread in 0...workers { (stretches + thread * Self.apart).initialize(to: Atomic(0)) }
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
    for thread in 0..<workers {
      let number = UnsafeMutableRawPointer(bitPattern: thread + 1)
      #if canImport(Darwin)
        var thread: pthread_t?
        pthread_create(&thread, nil, { ThreadPool.work(Int(bitPattern: $0)) }, number)
      #else
        var thread = pthread_t()
        pthread_create(&thread, nil, { ThreadPool.work(Int(bitPattern: $0)) }, number)
      #endif
    }
  }

  /// Calls `body` with 0 ..< parts, each once, on this thread and the workers; returns when all are done.
  func run(_ parts: Int, _ body: (Int) -> Void) {
    let threads = min(parts, limit.load(ordering: .relaxed))
    guard threads > 1, !busy.exchange(true, ordering: .acquiring) else {
      // Inside another job, or beside one of another thread: the cores are taken, so this thread does it all.
      for part in 0..<parts { body(part) }
      return
    }
    withoutActuallyEscaping(body) { body in
      self.body = body
      self.parts = parts
      self.threads = threads
      for thread in 0..<threads { stretches[thread * Self.apart].store(parts * thread / threads, ordering: .relaxed) }
      finished.store(0, ordering: .relaxed)
      generation.add(1, ordering: .sequentiallyConsistent)
      if sleeping.load(ordering: .sequentiallyConsistent) > 0 {
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
      }
      takeParts(0, body)
      var looks = 0
      while finished.load(ordering: .acquiring) < parts { Self.wait(&looks) }
      // No worker may still hold the closure when this call returns.
      generation.add(1, ordering: .sequentiallyConsistent)
      while inside.load(ordering: .sequentiallyConsistent) > 0 { Self.wait(&looks) }
      self.body = nil
    }
    busy.store(false, ordering: .releasing)
  }

  /// Takes the parts of a thread's own stretch, then what is left of the others'.
  @inline(__always)
  private func takeParts(_ thread: Int, _ body: (Int) -> Void) {
    let (parts, threads) = (parts, threads)
    var done = 0
    for i in 0..<threads {
      let owner = thread + i < threads ? thread + i : thread + i - threads
      let end = parts * (owner + 1) / threads
      while true {
        let part = stretches[owner * Self.apart].add(1, ordering: .relaxed).oldValue
        if part >= end { break }
        body(part)
        done += 1
      }
    }
    finished.add(done, ordering: .releasing)
  }

  /// A function of its own and not inlined, so that the closure is let go of before the worker counts as outside again.
  @inline(never)
  private func help(_ thread: Int) {
    // Seen open from inside, the job cannot end or be replaced until this worker is outside; only then are its fields read.
    guard Self.isOpen(generation.load(ordering: .sequentiallyConsistent)), thread < threads, let body else { return }
    takeParts(thread, body)
  }

  private static func isOpen(_ generation: Int) -> Bool { generation & 1 == 1 }

  /// A moment between two looks; after some of them the system may give the core to somebody else meanwhile, which takes longer.
  @inline(__always)
  private static func wait(_ looks: inout Int) {
    looks += 1
    if looks < patience { fx_pause() } else { sched_yield() }
  }
  private static let patience = 2000

  private static func work(_ thread: Int) -> UnsafeMutableRawPointer? {
    let pool = shared
    var seen = 0
    while true {
      // Work tends to come in bursts: look for some 100 µs before going to sleep.
      var looks = 0
      while pool.generation.load(ordering: .acquiring) == seen {
        if looks < patience + 200 {
          wait(&looks)
          continue
        }
        pthread_mutex_lock(pool.mutex)
        pool.sleeping.add(1, ordering: .sequentiallyConsistent)
        while pool.generation.load(ordering: .sequentiallyConsistent) == seen { pthread_cond_wait(pool.condition, pool.mutex) }
        pool.sleeping.subtract(1, ordering: .sequentiallyConsistent)
        pthread_mutex_unlock(pool.mutex)
      }
      seen = pool.generation.load(ordering: .acquiring)
      if !isOpen(seen) { continue }
      pool.inside.add(1, ordering: .sequentiallyConsistent)
      pool.help(thread)
      pool.inside.subtract(1, ordering: .sequentiallyConsistent)
    }
  }
}

/// Calls `body` with stretches of 0 ..< count of at least `grain` each, in parallel where that pays.
///
/// The cuts depend on nothing but `count` and `grain`, so what is computed within a stretch is the same for any number of threads.
@inline(__always)
func parallel(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
  let grain = max(1, grain)
  if count <= grain {
    if count > 0 { body(0..<count) }
    return
  }
  // A few parts for each core level out what the machine does besides; more would only cost.
  let parts = min(count / grain, 16)
  if parts <= 1 { return body(0..<count) }
  ThreadPool.shared.run(parts) { part in
    body(count * part / parts..<count * (part + 1) / parts)
  }
}
