import Synchronization

/// Seeds every random number of the program that comes from no stream of its own: initialisers, creators, dropout, data loaders.
///
///     seed(1)                       // at the start of the program
///     var model = Chain { … }       // the same weights, orders and masks each time
///
/// The thread that calls it begins with the stream of the seed. Each other thread has one that follows from the seed and from which other
/// threads came to draw before it, so a program is reproducible if its threads begin to draw in the same order. ``withSeed(_:_:)`` seeds a part
/// of a program; layers that exist keep the streams that they were made with. PyTorch: `manual_seed`.
public func seed(_ seed: UInt64) { ProgramSeed.set(seed) }

/// The seed of the whole program, and who has taken a stream from it.
enum ProgramSeed {
  private struct State {
    var seed: UInt64?
    var threads: UInt64 = 0
  }
  private static let state = Lock(State())
  /// Counts the calls of ``seed(_:)``: a thread compares it before it draws.
  static let generation = Atomic<Int>(0)

  static func set(_ seed: UInt64) {
    let context = Context.current
    context.seed(
      RandomStream(seed: seed),
      state.withLock { state in
        state = State(seed: seed, threads: 1)
        return generation.add(1, ordering: .relaxed).newValue
      })
  }

  /// A thread's first stream.
  ///
  /// A thread's context is made with it: nothing here may ask for the context, least of all under the lock.
  static func stream() -> (stream: RandomStream, generation: Int) {
    let (seed, threads, generation) = state.withLock { state in
      if state.seed != nil { state.threads += 1 }
      return (state.seed, state.threads, Self.generation.load(ordering: .relaxed))
    }
    guard let seed else { return (.ofSystem(), generation) }
    // Split off as often as threads came before.
    return (RandomStream(seed: seed).split(times: threads - 1), generation)
  }
}
