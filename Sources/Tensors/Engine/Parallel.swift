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
  /// How many threads work on one operator: as many as there are processors that this process may use, unless set, or what the environment's
  /// `FLUXION_NUM_THREADS` says, a whole number from 1 to 4096.
  ///
  /// Processors count that the process may run on (`taskset`), up to the quota of its control groups (a container's `--cpus`). Results do not
  /// depend on the number of threads.
  public static var count: Int {
    get { ThreadPool.shared.limit.load(ordering: .relaxed) }
    set { ThreadPool.shared.limit.store(max(1, min(newValue, ThreadPool.shared.workers + 1)), ordering: .relaxed) }
  }
}

/// One pool for everything: as many workers as there are other processors for this process, asleep unless there is work.
///
/// Each thread begins with a stretch of the parts that is its own and helps the others when that is done. So the same thread works on
/// the same piece of a tensor in one operator after the other, and finds it in its core's caches.
///
/// What sharing a small job costs is the cache lines that go from core to core, 50 to 250 ns each. There are two for each worker: its
/// post, where it looks for work and finds all that it must know, and its report. Nobody waits for a lock, and nothing has to be closed:
/// whoever has taken a part may read the job, for it cannot end before that part is reported.
final class ThreadPool: Sendable {
  static let shared = ThreadPool()

  let workers: Int
  let limit: Atomic<Int>

  private typealias Body = (Int) -> Void

  /// What a thread knows of the job, and the parts of its stretch that nobody has taken.
  private struct Post: ~Copyable {
    /// How many these are, beyond `none`; taking one subtracts 1, and has failed where there was none.
    let left = Atomic<Int>(0)
    var body: UnsafePointer<Body>?
    var parts = 0
    /// How many threads work on the job.
    var threads = 0
  }
  private nonisolated(unsafe) let memory: UnsafeMutableRawPointer
  private let busy = Atomic<Bool>(false)
  private let sleeping = Atomic<Int>(0)
  private nonisolated(unsafe) let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private nonisolated(unsafe) let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  /// Two of a processor's cache lines, as many as it fetches at once.
  private static let line = 128

  private init() {
    let (count, remark) = Processors.setting(getenv("FLUXION_NUM_THREADS").map { String(cString: $0) }, default: Processors.available)
    if let remark { _ = remark.withCString { write(2, $0, strlen($0)) } }
    workers = count - 1
    limit = Atomic(workers + 1)
    memory = .allocate(byteCount: 2 * (workers + 1) * Self.line, alignment: Self.line)
    for thread in 0...workers {
      post(thread).initialize(to: Post())
      report(thread).initialize(to: Atomic(0))
    }
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

  @inline(__always)
  private func post(_ thread: Int) -> UnsafeMutablePointer<Post> {
    (memory + 2 * thread * Self.line).assumingMemoryBound(to: Post.self)
  }

  /// The parts that a worker has done since it began, written once for all of a job.
  @inline(__always)
  private func report(_ thread: Int) -> UnsafeMutablePointer<Atomic<Int>> {
    (memory + (2 * thread + 1) * Self.line).assumingMemoryBound(to: Atomic<Int>.self)
  }

  /// The parts that all workers have done since they began.
  private var reported: Int {
    var sum = 0
    for worker in 1..<workers + 1 { sum &+= report(worker).pointee.load(ordering: .acquiring) }
    return sum
  }

  /// Calls `body` with 0 ..< parts, each once, on this thread and the workers; returns when all are done.
  func run(_ parts: Int, _ body: (Int) -> Void) {
    // Which thread does a part is chance: what parts allocate is no part of a plan.
    guard !PlannedAllocations.areUsed.load(ordering: .relaxed) || Context.current.allocations == nil else {
      return PlannedAllocations.without { run(parts, body) }
    }
    // A kernel's products round their factors on whichever thread they are done.
    if ProductPrecision.isUsed.load(ordering: .relaxed), Context.current.roundsProducts {
      return Context.current.roundingProducts(false) {
        run(parts) { part in Context.current.roundingProducts(true) { body(part) } }
      }
    }
    let threads = min(parts, limit.load(ordering: .relaxed))
    guard threads > 1, !busy.exchange(true, ordering: .acquiring) else {
      // Inside another job, or beside one of another thread: the cores are taken, so this thread does it all.
      for part in 0..<parts { body(part) }
      return
    }
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: body) { pointer in
        let before = reported
        for thread in (0..<threads).reversed() {
          let post = post(thread)
          post.pointee.body = pointer
          post.pointee.parts = parts
          post.pointee.threads = threads
          // This thread has its first part already.
          let left = Self.end(thread, parts, threads) - Self.end(thread - 1, parts, threads) - (thread == 0 ? 1 : 0)
          post.pointee.left.store(Self.none + left, ordering: .releasing)
        }
        // Should a worker fall asleep at this moment and not be seen, this thread does its parts.
        if sleeping.load(ordering: .relaxed) > 0 {
          pthread_mutex_lock(mutex)
          pthread_cond_broadcast(condition)
          pthread_mutex_unlock(mutex)
        }
        body(0)
        let own = 1 + takeParts(0, body, parts, threads)
        var looks = 0
        while own + reported - before < parts { Self.wait(&looks) }
      }
    }
    busy.store(false, ordering: .releasing)
  }

  /// The same with a body that may fail; the failure of the first part that did is thrown when all have ended.
  @_disfavoredOverload
  func run(_ parts: Int, _ body: (Int) throws(TensorError) -> Void) throws(TensorError) {
    let failure = FirstFailure()
    run(parts) { part in failure.keep(part) { () throws(TensorError) in try body(part) } }
    try failure.rethrow()
  }

  /// The part after the last one of a thread's stretch.
  @inline(__always)
  private static func end(_ thread: Int, _ parts: Int, _ threads: Int) -> Int { parts * (thread + 1) / threads }
  /// More than the times that somebody can look for a part in vain before the next job.
  private static let none = 1 << 32

  /// Takes one of the parts that are left of a stretch; how many there were.
  @inline(__always)
  private func take(_ thread: Int) -> Int? {
    let left = post(thread).pointee.left.subtract(1, ordering: .acquiringAndReleasing).oldValue - Self.none
    return left > 0 ? left : nil
  }

  /// Does what is left of a thread's own stretch, then of the others'; how many parts that were.
  @inline(__always)
  private func takeParts(_ thread: Int, _ body: Body, _ parts: Int, _ threads: Int) -> Int {
    var done = 0
    for i in 0..<threads {
      let owner = thread + i < threads ? thread + i : thread + i - threads
      let end = Self.end(owner, parts, threads)
      while let left = take(owner) {
        body(end - left)
        done += 1
      }
    }
    return done
  }

  /// What a worker does once it has taken a part of its stretch; how many parts.
  ///
  /// A function of its own and not inlined, so that the closure is let go of before they are reported.
  @inline(never)
  private func help(_ thread: Int, _ left: Int) -> Int {
    let (body, parts, threads) = (post(thread).pointee.body!.pointee, post(thread).pointee.parts, post(thread).pointee.threads)
    body(Self.end(thread, parts, threads) - left)
    // With one part for each thread the others have begun theirs.
    return 1 + (parts > threads ? takeParts(thread, body, parts, threads) : 0)
  }

  /// A moment between two looks; after some of them the system may give the core to somebody else meanwhile, which takes longer.
  @inline(__always)
  private static func wait(_ looks: inout Int) {
    looks += 1
    if looks < patience { fx_pause() } else { sched_yield() }
  }
  private static let patience = 2000

  private static func work(_ thread: Int) -> UnsafeMutableRawPointer? {
    let pool = shared
    let post = pool.post(thread)
    var done = 0
    func isIdle() -> Bool { post.pointee.left.load(ordering: .acquiring) <= none }
    while true {
      // Work tends to come in bursts: look for some 100 µs before going to sleep.
      var looks = 0
      while isIdle() {
        if looks < patience + 200 {
          wait(&looks)
          continue
        }
        pthread_mutex_lock(pool.mutex)
        pool.sleeping.add(1, ordering: .sequentiallyConsistent)
        while isIdle() { pthread_cond_wait(pool.condition, pool.mutex) }
        pool.sleeping.subtract(1, ordering: .sequentiallyConsistent)
        pthread_mutex_unlock(pool.mutex)
      }
      guard let left = pool.take(thread) else { continue }
      done += pool.help(thread, left)
      pool.report(thread).pointee.store(done, ordering: .releasing)
    }
  }
}

/// Calls `body` with stretches of 0 ..< count of about `grain` each or more, in parallel where there are two of them.
///
/// The cuts depend on nothing but `count` and `grain`, so what is computed within a stretch is the same for any number of threads.
@inline(__always)
func parallel(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
  let grain = max(1, grain)
  if count / 2 < grain {
    if count > 0 { body(0..<count) }
    return
  }
  // A few parts for each core level out what the machine does besides, more would only cost; an even number gives two threads the same.
  let parts = (min(count / grain, 16) + 1) & ~1
  ThreadPool.shared.run(parts) { part in
    // The whole parts of each stretch and those of the rest, as the product with a number of elements need not fit.
    let (each, rest) = (count / parts, count % parts)
    body(each * part + rest * part / parts..<each * (part + 1) + rest * (part + 1) / parts)
  }
}

/// The same with a body that may fail; the first failure, by position, is thrown when all have ended.
@_disfavoredOverload
func parallel(_ count: Int, grain: Int, _ body: (Range<Int>) throws(TensorError) -> Void) throws(TensorError) {
  if count / 2 < max(1, grain) {
    if count > 0 { try body(0..<count) }
    return
  }
  let failure = FirstFailure()
  parallel(count, grain: grain) { range in failure.keep(range.lowerBound) { () throws(TensorError) in try body(range) } }
  try failure.rethrow()
}

/// The failure of the first of several parts that run at the same time.
final class FirstFailure: Sendable {
  private let first = Lock<(part: Int, error: TensorError)?>(nil)

  @inline(__always)
  func keep(_ part: Int, _ body: () throws(TensorError) -> Void) {
    do throws(TensorError) { try body() } catch { keep(part, error) }
  }

  @inline(never)
  private func keep(_ part: Int, _ error: TensorError) {
    first.withLock { if part < $0?.part ?? .max { $0 = (part, error) } }
  }

  func rethrow() throws(TensorError) {
    if let error = first.withLock({ $0?.error }) { throw error }
  }
}
