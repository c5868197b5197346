import CMessages
import Foundation
import Tensors
import Training

/// The processes that `mpirun` has started, as one of them sees them; a program that was started alone is a world of one.
///
///     let world = try World()
///     try model.fit(train, validation: test, loss: crossEntropy, optimizer: Adam(), epochs: 10, seed: 1, across: world)
///
/// Alone every call gives back what it was given. A program that several processes run was built with the package's trait `MPI`:
/// `swift build --traits MPI`; without it, it says so. All processes call the same functions in the same order, from one thread at a time.
///
/// **Reproducible.** Unless told otherwise a batch is cut into 8 shards, which the processes share. Random numbers of a shard follow from the seed and
/// the shard; gradients of shards are added in a fixed binary tree. 1, 2, 4 or 8 processes (or any number up to 8) then give the same bits. With
/// `.fast` a shard is what a process has, and MPI chooses the order.
///
/// **Faults.** A process that stops tells the others, which throw its sentence. One that does not answer is waited for until `timeout`; the
/// environment's `FLUXION_MPI_TIMEOUT`, in seconds, sets another time. After that every call throws, and the end of the program ends all processes. PyTorch:
/// `torch.distributed`, `DistributedDataParallel`.
public final class World: GradientExchange, @unchecked Sendable {
  /// In which order gradients are added.
  public enum Reduction: Sendable {
    /// Shard by shard in a fixed tree: the same bits for any number of processes.
    case reproducible
    /// One shard a process, in the order that MPI finds fastest: the bits depend on the number of processes.
    case fast
  }

  /// Where the state of optimizers is kept.
  public enum OptimizerState: Sendable {
    /// All of it in each process.
    case whole
    /// A part in each process, which makes that part of each step: ZeRO's first stage (Rajbhandari and others 2020).
    ///
    /// Optimizers that look at whole parameters or models, as ``LAMB`` and ``LBFGS`` do, keep all of it. Checkpoints are those of one process.
    case sharded
  }

  /// Which of the processes this one is, counted from 0.
  public let rank: Int
  /// How many processes there are.
  public let count: Int
  /// How many shards a batch is cut into.
  public let shards: Int
  /// In which order gradients are added.
  public let reduction: Reduction
  /// Where the state of optimizers is kept.
  public let optimizerState: OptimizerState
  /// How many bytes of gradients leave together.
  public let bucketBytes: Int
  /// What was sent when.
  public let timeline: Timeline
  let engine: Engine
  private var sum: GradientSum?

  /// Whether each process keeps a part of the optimizer's state.
  public var sharesOptimizerState: Bool { optimizerState == .sharded && count > 1 }
  /// Whether sums have the same bits for any number of processes.
  public var isReproducible: Bool { reduction == .reproducible }

  /// The processes that this one was started with.
  ///
  /// Throws a ``WorldError`` if the program was started with others and built without MPI, if there are more processes than shards, if MPI cannot begin,
  /// or if processes run another program or were told other settings.
  ///
  /// - Parameters:
  ///   - shards: How many shards a batch is cut into, 1 to 65,536; with `.fast`, as many as there are processes.
  ///   - reduction: In which order gradients are added.
  ///   - optimizerState: Where the state of optimizers is kept.
  ///   - bucketBytes: How many bytes of gradients leave together; less is sooner, more is faster.
  ///   - timeout: How long another process is waited for; more than a step, a validation and a checkpoint take.
  public init(
    shards: Int = 8, reduction: Reduction = .reproducible, optimizerState: OptimizerState = .whole, bucketBytes: Int = 25 << 20,
    timeout: Duration = .seconds(300)
  ) throws {
    guard 1...65_536 ~= shards else { throw WorldError("init", "\(shards) shards; 1 to 65536 would fit") }
    guard 1...(1 << 30) ~= bucketBytes else { throw WorldError("init", "buckets of \(bucketBytes) bytes; 1 to 2^30 would fit") }
    var timeout = timeout
    if let text = ProcessInfo.processInfo.environment["FLUXION_MPI_TIMEOUT"] {
      guard let seconds = Double(text), seconds > 0, seconds <= 1e8 else {
        throw WorldError("init", "FLUXION_MPI_TIMEOUT is \(text); a number of seconds above 0 would fit")
      }
      timeout = .milliseconds(Int(seconds * 1000))
    }
    guard timeout > .zero, timeout <= .seconds(100_000_000) else {
      throw WorldError("init", "a timeout of \(timeout); more than 0 would fit")
    }
    (rank, count) = try Processes.begin()
    self.reduction = reduction
    self.shards = reduction == .fast ? count : shards
    self.optimizerState = optimizerState
    self.bucketBytes = bucketBytes
    engine = Engine(rank: rank, count: count, timeout: timeout)
    timeline = Timeline(rank: rank)
    if count == 1 { return }
    fxm_set_seconds_to_end(Int32(min(timeout.precise.rounded(.up), 1e9)))
    try compare([
      ("the program", try Program.fingerprint()), ("MPI", Processes.version),
      ("settings", "\(self.shards) shards, \(reduction), state \(optimizerState), buckets of \(bucketBytes) bytes"),
    ])
    if count > self.shards {
      throw WorldError(
        "init", "\(count) processes for \(self.shards) shards of a batch; World(shards: \(count)), or fewer processes, would fit")
    }
  }

  /// The processes that a launcher such as `mpirun` has started this one with; nil for a program that was started by itself.
  ///
  ///     try model.fit(train, …, across: World.ofLauncher())     // as one process would, unless mpirun starts it
  public static func ofLauncher() throws -> World? { Processes.isLaunched ? try World() : nil }

  /// All processes have to have the same; each throws the same sentence if not.
  private func compare(_ entries: [(name: String, value: String)]) throws {
    for (name, value) in entries {
      let all = try engine.allGather(Array(value.utf8), "init").map { String(decoding: $0, as: UTF8.self) }
      if let other = all.firstIndex(where: { $0 != all[0] }) {
        throw WorldError("init", "process \(other) has another version of \(name), \(all[other]), than process 0, \(all[0]); one would fit")
      }
    }
  }

  // MARK: GradientExchange

  /// The bytes that each process has, in the order of ranks.
  public func allGather(_ bytes: [UInt8]) throws -> [[UInt8]] { try engine.allGather(bytes, "allGather") }

  /// A sum of gradients begins, of tensors of these shapes and dtypes, over `shards` shards of which `filled` have examples, each counted from 0.
  public func beginSum(of outlines: [(shape: Shape, dtype: DType)], shards: Int, filled: [Int]) {
    sum = nil
    guard 1...65_536 ~= shards, filled.allSatisfy({ 0..<shards ~= $0 }), outlines.allSatisfy({ $0.shape.fitsMemory($0.dtype) }) else {
      return fail(TensorError("World", "a sum over shards \(filled.prefix(8)) of \(shards); 1 to 65536, each counted from 0, would fit"))
    }
    if let half = outlines.first(where: { $0.dtype.isHalfOrComplex }) {
      return fail(TensorError("World", "a sum of \(half.dtype) gradients; parameters of float32 or float64 would fit"))
    }
    sum = GradientSum(
      engine, outlines, shards: shards, filled: filled, isReproducible: isReproducible, bucketBytes: bucketBytes, timeline)
  }

  /// A shard's gradient of one of the tensors, of the shape and dtype that the sum was begun with.
  ///
  /// Each of this process's filled shards gives one of each tensor, in ascending order. Anything else is a mistake, which ``endSum()`` throws as well.
  public func add(_ gradient: Tensor, at index: Int, shard: Int) {
    // After a mistake there are no gradients; what it was is told by whoever looks for it.
    if hasFailed { return }
    guard let error = sum?.add(gradient, at: index, shard: shard) else { return }
    engine.report(error.description)
    fail(TensorError("World.\(error.operation)", error.message))
  }

  /// Sends and receives what it can without waiting.
  public func progress() {
    if count == 1 { return }
    // What is thrown here the next call throws, too.
    if let sum { sum.advance() } else { try? engine.hearNowAndThen("progress") }
  }

  /// The sums; waits for what has not come from other processes.
  ///
  /// Throws a ``WorldError`` if a filled shard of this process has not given its gradient of some tensor, or if what was given does not fit.
  public func endSum() throws -> [Tensor] {
    defer { sum = nil }
    return try sum?.finish() ?? []
  }

  /// Tells the other processes why this one goes no further.
  public func report(_ sentence: String) { engine.report(sentence) }
}

/// What MPI was told of once in this process.
enum Processes {
  private static let begun = Result { try start() }

  /// The rank and the number of processes.
  static func begin() throws -> (rank: Int, count: Int) { try begun.get() }

  static var version: String {
    var text = [CChar](repeating: 0, count: 256)
    fxm_version(&text, 256)
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Whether a launcher has started this process.
  static var isLaunched: Bool { launched != nil }

  /// How many processes were started together, as far as launchers tell; nil for one that was started alone.
  private static var launched: Int? {
    let environment = ProcessInfo.processInfo.environment
    for name in ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS"] {
      if let count = environment[name].flatMap({ Int($0) }) { return count }
    }
    if environment["PMIX_RANK"] != nil || environment["PMI_RANK"] != nil { return environment["SLURM_NTASKS"].flatMap { Int($0) } ?? 0 }
    return nil
  }

  private static func start() throws -> (rank: Int, count: Int) {
    guard let launched else { return (0, 1) }
    if fxm_has_mpi() == 0 {
      if launched == 1 { return (0, 1) }
      throw WorldError(
        "init", "started as one of several processes, and built without MPI; swift build --traits MPI, after make setup-mpi, would fit")
    }
    var (rank, count): (Int32, Int32) = (0, 1)
    let error = fxm_begin(&rank, &count)
    if error != 0 {
      var text = [CChar](repeating: 0, count: 1024)
      fxm_error(error, &text, 1024)
      throw WorldError("init", String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
    fxm_end_at_exit()
    return (Int(rank), Int(count))
  }
}

/// The program that runs.
enum Program {
  /// Its size and a hash of parts of it: another build computes other bits.
  static func fingerprint() throws -> String {
    guard let file = FileHandle(forReadingAtPath: "/proc/self/exe"), let size = try? file.seekToEnd() else { return "unknown" }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    let blocks: UInt64 = 256
    for i in 0..<blocks {
      try file.seek(toOffset: size / blocks * i)
      for byte in try file.read(upToCount: 4096) ?? Data() { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
    return "\(size) bytes of hash \(String(hash, radix: 16))"
  }
}
