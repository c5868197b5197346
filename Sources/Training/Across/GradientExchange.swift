import Tensors

/// What training on several processes asks of them: to gather what each has, and to add up gradients.
///
/// `World` of `FluxionMPI` is one. `fit` takes it as `across:`; whoever stands on something else than MPI writes a type of its own.
///
/// Every process calls the same functions in the same order, from one thread.
public protocol GradientExchange: AnyObject {
  /// Which of the processes this one is, counted from 0.
  var rank: Int { get }
  /// How many processes there are.
  var count: Int { get }
  /// How many shards a batch is cut into: at least as many as there are processes, which have neighbouring ones each.
  var shards: Int { get }
  /// Whether the sums have the same bits for any number of processes.
  var isReproducible: Bool { get }
  /// Whether each process keeps a part of the optimizer's state and makes a part of its steps (ZeRO's first stage).
  var sharesOptimizerState: Bool { get }

  /// The bytes that each process has, in the order of ranks.
  func allGather(_ bytes: [UInt8]) throws -> [[UInt8]]

  /// A sum of gradients begins, of tensors of these shapes and dtypes, over `shards` shards of which some have examples.
  func beginSum(of outlines: [(shape: Shape, dtype: DType)], shards: Int, filled: [Int])
  /// A shard's gradient of one of them is there; each process gives those of its shards, a shard after the other. One that nobody waits for is a mistake.
  func add(_ gradient: Tensor, at index: Int, shard: Int)
  /// Sends and receives what it can without waiting, while something else goes on.
  func progress()
  /// The sums, the same bits on every process; waits for what has not arrived yet. Throws if this process has not given all of its gradients.
  func endSum() throws -> [Tensor]

  /// Tells the other processes why this one goes no further; what they wait for throws the sentence.
  func report(_ sentence: String)
}

extension GradientExchange {
  /// The shards of a process.
  package func ownShards(of shards: Int) -> Range<Int> { shards * rank / count..<shards * (rank + 1) / count }

  /// What the first process has.
  package func broadcast(_ bytes: @autoclosure () throws -> [UInt8]) throws -> [UInt8] {
    let own = try rank == 0 ? bytes() : []
    return count == 1 ? own : try allGather(own)[0]
  }
}
