import Fluxion
import FluxionMPI
import Foundation

/// Every collective, on tensors of several shapes and dtypes and on models, against what one process computes.
func checkCollectives(_ world: World) throws {
  let (rank, count) = (world.rank, world.count)
  func given(_ process: Int, _ shape: Shape, _ dtype: DType) -> Tensor {
    withSeed(UInt64(process) + 1) {
      dtype.isFloatingPoint ? Tensor.normal(shape, dtype) : (Tensor.uniform(shape, in: 1..<5)).cast(to: dtype)
    }
  }
  try world.barrier()
  for dtype in [DType.float32, .float64, .int32, .int64] {
    for shape in [Shape([]), [1], [7], [0], [3, 5], [2, 0, 3], [40_000]] {
      let all = (0..<count).map { given($0, shape, dtype) }
      let x = all[rank]
      for reducer in Reducer.allCases where reducer != .mean || dtype.isFloatingPoint {
        let y = try world.allReduce(x, reducer)
        let expected = all.dropFirst().reduce(all[0]) { a, b in
          switch reducer {
          case .sum, .mean: a + b
          case .product: a * b
          case .max: maximum(a, b)
          case .min: minimum(a, b)
          }
        }
        let scaled = reducer == .mean ? expected / Double(count) : expected
        expect(y.shape == shape && y.dtype == dtype, "allReduce \(reducer) gives \(y.dtype) \(y.shape)")
        expect(isNear(y, scaled), "allReduce \(reducer) of \(dtype) \(shape)")
      }
      let gathered = try world.allGather(x)
      expect(gathered.count == count && zip(gathered, all).allSatisfy { isEqual($0, $1) }, "allGather of \(dtype) \(shape)")
      for root in 0..<count {
        let found = try world.gather(x, to: root)
        expect((found != nil) == (rank == root), "gather gives it to another one")
        if let found { expect(zip(found, all).allSatisfy { isEqual($0, $1) }, "gather of \(dtype) \(shape)") }
        var y = x
        try world.broadcast(&y, from: root)
        expect(isEqual(y, all[root]), "broadcast of \(dtype) \(shape)")
      }
    }
    let rows = (0..<count).map { given($0, [2 * count, 3], dtype) }
    let part = try world.reduceScatter(rows[rank])
    let sum = rows.dropFirst().reduce(rows[0]) { $0 + $1 }
    expect(isNear(part, sum[2 * rank..<2 * rank + 2]), "reduceScatter of \(dtype)")
  }
  // Rows of different numbers, and Booleans.
  let ragged = try world.allGather(Tensor.ones([rank + 1, 2]))
  expect(ragged.enumerated().allSatisfy { $1.shape == [$0 + 1, 2] }, "allGather of different rows")
  let flags = try world.allGather(Tensor([rank == 0, true]))
  expect(flags.enumerated().allSatisfy { $1.scalars(Bool.self) == [$0 == 0, true] }, "allGather of Booleans")

  var model = withSeed(UInt64(rank)) {
    Chain {
      Dense(3, 4); Dropout(0.5); BatchNorm(4)
    }
  }
  let own = model
  try world.broadcast(&model, from: count - 1)
  let last = withSeed(UInt64(count - 1)) {
    Chain {
      Dense(3, 4); Dropout(0.5); BatchNorm(4)
    }
  }
  expect(zip(model.parameters, last.parameters).allSatisfy { isEqual($0.value, $1.value) }, "broadcast of a model")
  let x = Tensor.ones([6, 3])
  var (a, b) = (model, last)
  expect(isEqual(withMode(.training) { a(x) }, withMode(.training) { b(x) }), "the random streams of a model")
  let mean = try world.allReduce(own, .mean)
  let models = try world.allGather(own)
  let sumOfModels = models.dropFirst().reduce(models[0]) { $0 + $1 }
  expect(models.count == count, "allGather of a model")
  expect(isNear(mean.parameters[0].value, sumOfModels.parameters[0].value / Double(count)), "allReduce of a model")
  let stretch = try world.reduceScatter(own)
  let lengths = try world.allGather(stretch).map(\.elementCount)
  expect(lengths.reduce(0, +) == own.parameterCount, "reduceScatter of a model")
  expect((try world.gather(own))?.count == (rank == 0 ? count : nil), "gather of a model")

  // A gradient of shards is that of the whole batch.
  let data = withSeed(3) { Tensor.normal([21, 3]) }
  var dense = withSeed(4) { Dense(3, 2) }
  let (loss, gradient) = valueAndGradient(at: &dense, across: world, examples: 21) { model, range in model(data[range]).squared.mean() }
  var whole = dense
  let (expected, reference) = valueAndGradient(at: &whole) { model in model(data).squared.mean() }
  expect(abs(loss.item() - expected.item()) < 1e-5, "the loss over processes")
  expect(zip(gradient.parameters, reference.parameters).allSatisfy { isNear($0.value, $1.value) }, "the gradient over processes")
  let mine = data[StridePart.range(21, rank, count)]
  let (_, ownGradient) = valueAndGradient(at: &dense, across: world) { model in model(mine).squared.mean() }
  let gradients = try world.allGather(ownGradient)
  expect(gradients.allSatisfy { isEqual($0.parameters[0].value, ownGradient.parameters[0].value) }, "gradients that differ")
}

enum StridePart {
  static func range(_ n: Int, _ rank: Int, _ count: Int) -> Range<Int> { n * rank / count..<n * (rank + 1) / count }
}

func isEqual(_ a: Tensor, _ b: Tensor) -> Bool {
  a.shape == b.shape && a.dtype == b.dtype && (a.elementCount == 0 || (a .== b).all().item(as: Bool.self))
}

func isNear(_ a: Tensor, _ b: Tensor) -> Bool {
  if a.shape != b.shape || a.dtype != b.dtype { return false }
  if a.elementCount == 0 { return true }
  let difference = abs(a.cast(to: .float64) - b.cast(to: .float64)).max().item()
  return difference <= 1e-5 * (1 + abs(b.cast(to: .float64)).max().item())
}

/// Processes that differ in one thing: all of them say so.
func checkDifferences(_ what: String) throws {
  let rank = Int(ProcessInfo.processInfo.environment["OMPI_COMM_WORLD_RANK"] ?? ProcessInfo.processInfo.environment["PMI_RANK"] ?? "0") ?? 0
  let odd = rank == 1
  let world = try World(shards: what == "shards" && odd ? 16 : 8)
  switch what {
  case "shape": _ = try world.allReduce(Tensor.ones(odd ? [3] : [4]))
  case "dtype": _ = try world.allReduce(Tensor.ones([3], odd ? .float64 : .float32))
  case "reducer": _ = try world.allReduce(Tensor.ones([3]), odd ? .max : .sum)
  case "call": if odd { try world.barrier() } else { _ = try world.allReduce(Tensor.ones([3])) }
  case "root":
    var x = Tensor.ones([3])
    try world.broadcast(&x, from: odd ? 1 : 0)
  case "rows": _ = try world.allGather(Tensor.ones([2, odd ? 3 : 4]))
  default:
    let count = what == "count" && odd ? 40 : 48
    let x = withSeed(what == "data" && odd ? 2 : 1) { Tensor.normal([count, 4]) }
    let isOther = what == "model" && odd
    var model = withSeed(what == "parameters" && odd ? 2 : 1) {
      Chain {
        if isOther { Dense(4, 8, activation: relu) } else { Dense(4, 8, activation: tanh) }
        Dense(8, 1)
      }
    }
    if what == "frozen" && odd { model.freeze("layers.0") }
    try model.fit(
      TensorDataset(x, x[.all, 0..<1]), loss: mse, optimizer: Adam(learningRate: what == "optimizer" && odd ? 0.1 : 0.01),
      epochs: what == "epochs" && odd ? 3 : 2, batchSize: 16, seed: what == "seed" && odd ? 2 : 1, progress: .none, across: world)
  }
}

/// A process that goes no further in the middle of training; the others find out.
func checkDeath(_ how: String, _ directory: String) throws {
  let world = try World()
  _ = try Case.perceptron.train(across: Saboteur(world, how), checkpoints: directory, resume: true, epochs: 40)
}

/// A world in which the second process stops at its thirtieth step.
final class Saboteur: GradientExchange {
  private let world: World
  private let how: String
  private var steps = 0

  init(_ world: World, _ how: String) { (self.world, self.how) = (world, how) }

  var rank: Int { world.rank }
  var count: Int { world.count }
  var shards: Int { world.shards }
  var isReproducible: Bool { world.isReproducible }
  var sharesOptimizerState: Bool { world.sharesOptimizerState }
  func allGather(_ bytes: [UInt8]) throws -> [[UInt8]] { try world.allGather(bytes) }
  func beginSum(of outlines: [(shape: Shape, dtype: DType)], shards: Int, filled: [Int]) {
    steps += 1
    if rank == 1 && steps == 30 {
      switch how {
      case "kill": kill(getpid(), SIGKILL)
      case "hang": kill(getpid(), SIGSTOP)
      case "exit": exit(3)
      case "leave": exit(0)
      default: break
      }
    }
    world.beginSum(of: outlines, shards: shards, filled: filled)
  }
  func add(_ gradient: Tensor, at index: Int, shard: Int) { world.add(gradient, at: index, shard: shard) }
  func progress() { world.progress() }
  func endSum() throws -> [Tensor] {
    if rank == 1 && steps == 30 && how == "throw" { throw TensorError("data", "example 17 cannot be read") }
    return try world.endSum()
  }
  func report(_ sentence: String) { world.report(sentence) }
}

/// Latency, bandwidth and what a step costs: the numbers of the cost model in Guides/Distributed.md.
func measure(_ world: World) throws {
  func seconds(_ repetitions: Int, _ body: () throws -> Void) throws -> Double {
    try world.barrier()
    let start = ContinuousClock.now
    for _ in 0..<repetitions { try body() }
    return (start.duration(to: .now) / .seconds(1)) / Double(repetitions)
  }
  var rows: [(bytes: Double, time: Double)] = []
  for size in [1, 1 << 10, 1 << 14, 1 << 17, 1 << 20, 1 << 22, 1 << 23] {
    let x = Tensor.ones([size])
    func sum() throws {
      world.beginSum(of: [([size], .float32)], shards: world.count, filled: Array(0..<world.count))
      world.add(x, at: 0, shard: world.rank)
      _ = try world.endSum()
    }
    _ = try seconds(2, sum)
    let time = try seconds(size > 1 << 18 ? 5 : 50, sum)
    rows.append((Double(size * 4), time))
    if world.rank == 0 { print("sum of \(size * 4) bytes over \(world.count) processes: \(Int(time * 1e6)) µs") }
  }
  // t = a + b·bytes by least squares of relative errors.
  let weights = rows.map { 1 / ($0.time * $0.time) }
  let (w, wx, wy) = zip(rows, weights).reduce((0.0, 0.0, 0.0)) { ($0.0 + $1.1, $0.1 + $1.1 * $1.0.bytes, $0.2 + $1.1 * $1.0.time) }
  let (wxx, wxy) = zip(rows, weights).reduce((0.0, 0.0)) { ($0.0 + $1.1 * $1.0.bytes * $1.0.bytes, $0.1 + $1.1 * $1.0.bytes * $1.0.time) }
  let slope = (w * wxy - wx * wy) / (w * wxx - wx * wx)
  let start = (wy - slope * wx) / w
  if world.rank == 0 { print("a sum takes \(Int(start * 1e6)) µs and \(slope * 1e9) ns for each byte") }
}

/// Trains a transformer, and writes what was sent when.
func trace(_ file: String) throws {
  let world = try World(shards: Int(ProcessInfo.processInfo.environment["SHARDS"] ?? "") ?? 2, bucketBytes: 1 << 20)
  struct Language: Model {
    var tokens = Embedding(64, 128)
    var blocks = (0..<4).map { _ in
      TransformerEncoderBlock(128, heads: 4, hidden: 512, activation: gelu, dropout: 0.1, isCausal: true, normsFirst: true)
    }
    var norm = LayerNorm(128)
    mutating func callAsFunction(_ ids: Tensor) -> Tensor {
      var x = tokens(ids)
      for i in blocks.indices { x = blocks[i](x) }
      return tokens.logits(norm(x))
    }
  }
  var model = withSeed(1) { Language() }
  let examples = Int(ProcessInfo.processInfo.environment["EXAMPLES"] ?? "") ?? 256
  let ids = withSeed(2) { Tensor.uniform([max(16, examples), 65], in: 0..<64).cast(to: .int64) }
  let data = TensorDataset(ids[.all, 0..<64], ids[.all, 1..<65])
  try model.fit(data, loss: crossEntropy, optimizer: AdamW(), epochs: 1, batchSize: 16, seed: 1, progress: .none, across: world)
  world.timeline.isRecording = true
  let start = ContinuousClock.now
  try model.fit(data, loss: crossEntropy, optimizer: AdamW(), epochs: 1, batchSize: 16, seed: 1, progress: .none, across: world)
  let seconds = start.duration(to: .now) / .seconds(1)
  try world.timeline.write(to: "\(file).\(world.rank).json")
  let hidden = world.timeline.hidden.map { "\((($0 * 1000).rounded() / 10)) %" } ?? "nothing"
  print("process \(world.rank): \(Int(seconds * 1000 / Double(max(16, examples) / 16))) ms a step, \(hidden) of what was sent was hidden")
}
