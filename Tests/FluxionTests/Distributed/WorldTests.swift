import Data
import Fluxion
import FluxionMPI
import Foundation
import Testing
import Training

/// A world of one process, which is what a program that nobody launched has: what several do is in Scripts/test-mpi.sh.
@Suite struct WorldTests {
  private let data = withSeed(1) { () -> TensorDataset in
    let x = Tensor.normal([48, 6])
    return TensorDataset(x, x[.all, 0..<3].argmax(axis: 1))
  }

  private func model() -> Chain {
    withSeed(2) {
      Chain {
        Dense(6, 8, activation: tanh); BatchNorm(8); Dropout(0.2); Dense(8, 3)
      }
    }
  }

  @Test func collectivesGiveBackWhatTheyWereGiven() throws {
    let world = try World()
    #expect(world.rank == 0 && world.count == 1 && world.shards == 8)
    var x: Tensor = [[1, 2], [3, 4]]
    try world.barrier()
    try world.broadcast(&x)
    for reducer in Reducer.allCases { #expect(distance(try world.allReduce(x, reducer), x) == 0) }
    #expect(try world.allGather(x).count == 1)
    #expect(try world.gather(x)?.count == 1)
    #expect(try world.reduceScatter(x).shape == [2, 2])
    var model = model()
    try world.broadcast(&model)
    #expect(try world.allReduce(model, .mean).parameters.count == model.parameters.count)
    #expect(try world.allGather(model).count == 1)
    #expect(try world.reduceScatter(model).elementCount == model.parameterCount)
  }

  @Test func refusesWhatCannotBeMeant() throws {
    let world = try World()
    var x = Tensor.ones([2])
    for root in [-1, 1, Int.max, Int.min] {
      #expect(throws: WorldError.self) { try world.broadcast(&x, from: root) }
      #expect(throws: WorldError.self) { try world.gather(x, to: root) }
    }
    #expect(throws: WorldError.self) { try world.allReduce(Tensor([true])) }
    #expect(throws: WorldError.self) { try world.allReduce(Tensor([1], .int32), .mean) }
    #expect(throws: WorldError.self) { try world.reduceScatter(Tensor(1)) }
    for shards in [0, -1, Int.min, Int.max] { #expect(throws: WorldError.self) { try World(shards: shards) } }
    for bytes in [0, -1, Int.min, Int.max] { #expect(throws: WorldError.self) { try World(bucketBytes: bytes) } }
    for seconds in [0, -5] { #expect(throws: WorldError.self) { try World(timeout: .seconds(seconds)) } }
  }

  /// A sum that was not given what it was begun for ends in a sentence, at once, whatever it was.
  @Test func sumsRefuseGradientsThatNobodyWaitsFor() throws {
    let (x, y) = (Tensor.ones([2, 3]), Tensor.ones([4]))
    func sum(_ filled: [Int], _ given: [(Tensor, Int, Int)]) throws -> [Tensor] {
      let world = try World()
      return try checked {
        world.beginSum(of: [([2, 3], .float32), ([4], .float32)], shards: 4, filled: filled)
        for (gradient, index, shard) in given { world.add(gradient, at: index, shard: shard) }
        return try world.endSum()
      }
    }
    let right = [(x, 0, 1), (y, 1, 1), (x, 0, 3), (y, 1, 3)]
    for filled in [[1, 3], [3, 1], [3, 1, 1]] {
      let sums = try sum(filled, right)
      #expect(distance(sums[0], x * 2) == 0 && distance(sums[1], y * 2) == 0)
    }
    #expect(try sum([], []).map(\.shape) == [[2, 3], [4]])
    let mistakes: [(given: [(Tensor, Int, Int)], words: String)] = [
      (right.map { ($0.0, $0.1 == 1 ? 2 : $0.1, $0.2) }, "tensor 2 in a sum of 2"), (right.map { ($0.0, -1 - $0.1, $0.2) }, "tensor -1"),
      (right.map { ($0.0, .max - $0.1, $0.2) }, "tensor \(Int.max)"), (right.map { ($0.0, $0.1, $0.2 - 1) }, "shard 1's comes next"),
      (right.map { ($0.0, $0.1, .min + $0.2) }, "shard 1's comes next"), (right.reversed(), "shard 1's comes next"),
      ([right[0]] + right, "shard 3's comes next"), (right + [right[2]], "have given theirs"), ([(y, 0, 1)], "float32 [2, 3]"),
      ([(x.cast(to: .float64), 0, 1)], "float64"), ([], "shard 1 has given no gradient of tensor 0"),
      (Array(right.dropLast()), "shard 3 has given no gradient of tensor 1"),
    ]
    for (given, words) in mistakes {
      do {
        _ = try sum([1, 3], given)
        Issue.record("no sentence with \(words)")
      } catch {
        #expect("\(error)".contains(words), "\(error)")
      }
    }
    // Nothing is left of it: the next sum is right.
    let world = try World()
    #expect(throws: TensorError.self) { try checked { world.beginSum(of: [([2, 3], .float32)], shards: 0, filled: []) } }
    #expect(throws: (any Error).self) {
      try checked {
        world.beginSum(of: [([2, 3], .float32)], shards: 1, filled: [0])
        world.add(y, at: 0, shard: 0)
        _ = try world.endSum()
      }
    }
    #expect(throws: WorldError.self) {
      world.beginSum(of: [([2, 3], .float32)], shards: 1, filled: [0])
      _ = try world.endSum()
    }
    world.beginSum(of: [([2, 3], .float32)], shards: 1, filled: [0])
    world.add(x, at: 0, shard: 0)
    #expect(distance(try world.endSum()[0], x) == 0)
  }

  /// The gradient is that of the whole batch, however it is cut, also where shards are empty.
  @Test(arguments: [1, 2, 3, 7, 8, 16, 64]) func gradientOfShardsIsThatOfTheBatch(shards: Int) throws {
    let world = try World(shards: shards)
    var (model, whole) = (
      withSeed(2) {
        Chain {
          Dense(6, 8, activation: tanh); Dense(8, 3)
        }
      },
      withSeed(2) {
        Chain {
          Dense(6, 8, activation: tanh); Dense(8, 3)
        }
      }
    )
    for count in [1, 3, 48] {
      let (x, y) = (data.inputs[0..<count], data.targets[0..<count])
      let (loss, gradient) = valueAndGradient(at: &model, across: world, examples: count) { model, range in
        crossEntropy(model(x[range]), y[range])
      }
      let (expected, reference) = valueAndGradient(at: &whole) { model in crossEntropy(model(x), y) }
      #expect(abs(loss.item() - expected.item()) < 1e-5)
      for (a, b) in zip(gradient.parameters, reference.parameters) { #expect(distance(a.value, b.value) < 1e-5) }
    }
  }

  /// The mean over processes of one process is its own.
  @Test func ownGradientIsThePlainOne() throws {
    let world = try World()
    var (model, plain) = (model(), model())
    let (x, y) = (data.inputs, data.targets)
    let (loss, gradient) = valueAndGradient(at: &model, across: world) { model in crossEntropy(withMode(.inference) { model(x) }, y) }
    let (expected, reference) = valueAndGradient(at: &plain) { model in crossEntropy(withMode(.inference) { model(x) }, y) }
    #expect(loss.item() == expected.item())
    for (a, b) in zip(gradient.parameters, reference.parameters) { #expect(distance(a.value, b.value) == 0) }
  }

  @Test func fitTrainsAndIsReproducible() throws {
    func trained(_ seed: UInt64) throws -> (Chain, History) {
      var model = model()
      let history = try model.fit(
        data, validation: data[0..<20], loss: crossEntropy, optimizer: Adam(learningRate: 0.03), epochs: 40, batchSize: 48, seed: seed,
        clip: .norm(1), progress: .none, across: try World())
      return (model, history)
    }
    let (a, history) = try trained(3)
    let (b, _) = try trained(3)
    let (c, _) = try trained(4)
    #expect(history.epochs.last!.training.loss < 0.7 * history.epochs[0].training.loss)
    #expect(history.epochs.last!.validation?.metric ?? 0 > 0.7)
    for (p, q) in zip(a.parameters, b.parameters) { #expect(distance(p.value, q.value) == 0) }
    #expect(zip(a.parameters, c.parameters).contains { distance($0.value, $1.value) > 0 })
    // Running statistics have moved, and count a batch as one.
    let normal = a.layers[1].as(BatchNorm.self)!
    #expect(normal.batchCount.item(as: Int.self) == 40)
    #expect(distance(normal.runningMean, .zeros([8])) > 0)
  }

  /// Compiled, each shard runs as a plan, with the same bits and checkpoints, whether shards are of one size or not.
  @Test func compiledTrainsToTheSameBits() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fluxion-world-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func run(_ name: String, _ isCompiled: [Bool]) throws -> (Chain, History) {
      var (last, history) = (model(), History())
      for (i, compiled) in isCompiled.enumerated() {
        last = model()
        history = try last.fit(
          data, validation: data[0..<20], loss: crossEntropy, optimizer: Adam(learningRate: 0.02), epochs: 4 * (i + 1), batchSize: 28,
          seed: 5, clip: .norm(1), checkpoints: "\(folder)/\(name)", resume: true, progress: .none, compiled: compiled, across: try World())
      }
      return (last, history)
    }
    let (eager, planned, mixed) = (try run("eager", [false, false]), try run("planned", [true, true]), try run("mixed", [false, true]))
    for other in [planned, mixed] {
      for (p, q) in zip(eager.0.parameters, other.0.parameters) { #expect(distance(p.value, q.value) == 0, "\(p.name)") }
      #expect(eager.1.stepLosses == other.1.stepLosses)
      #expect(eager.1.epochs.map(\.validation?.loss) == other.1.epochs.map(\.validation?.loss))
    }
    let files = try ["eager", "planned", "mixed"].map {
      try Foundation.Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)/last.safetensors"))
    }
    #expect(files[0] == files[1] && files[0] == files[2])
  }

  @Test func compiledRefusesStatisticsOfAllShards() throws {
    var model = Chain {
      Dense(6, 8); SyncBatchNorm(8); Dense(8, 3)
    }
    let error = #expect(throws: TensorError.self) {
      try checked {
        try model.fit(
          data, loss: crossEntropy, optimizer: SGD(learningRate: 0.1), epochs: 1, batchSize: 48, progress: .none, compiled: true,
          across: try World())
      }
    }
    #expect(error?.description.contains("SyncBatchNorm across 8 shards") == true)
  }

  /// A run that is killed between two processes' worth of epochs goes on to the bit.
  @Test func resumesToTheBit() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fluxion-world-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func run(_ name: String, _ epochs: [Int]) throws -> Chain {
      var last = model()
      for count in epochs {
        last = model()
        try last.fit(
          data, loss: crossEntropy, optimizer: Adam(learningRate: 0.02), epochs: count, batchSize: 16, seed: 5,
          checkpoints: "\(folder)/\(name)", resume: true, progress: .none, across: try World())
      }
      return last
    }
    let (whole, halves) = (try run("whole", [4]), try run("halves", [2, 4]))
    for (p, q) in zip(whole.parameters, halves.parameters) { #expect(distance(p.value, q.value) == 0) }
    let files = try ["whole", "halves"].map { try Foundation.Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)/last.safetensors")) }
    #expect(files[0] == files[1])
  }

  /// Batches that are ready are cut into the shards that a data set's are, whatever kind of value they are.
  @Test func readyBatchesAreCutAsThoseOfDataAre() throws {
    struct Named {
      let x: Tensor
      var more: [String: (y: Tensor, Tensor?)]
      let scale = Tensor(1)
    }
    let loader = DataLoader(data, batchSize: 20, shuffle: false, seed: 1)
    let batches = loader.map { batch in Named(x: batch.0, more: ["y": (batch.1, nil)]) }
    func fresh() -> Trainer<Chain, Adam> {
      Trainer(
        withSeed(2) {
          Chain {
            Dense(6, 8, activation: tanh); Dense(8, 3)
          }
        }, optimizer: Adam(learningRate: 0.03))
    }
    var (ready, made, alone) = (fresh(), fresh(), fresh())
    let histories = [
      try ready.fit(batches, epochs: 3, validation: Array(batches.prefix(2)), progress: .none, across: try World()) { model, batch in
        crossEntropy(model(batch.x), batch.more["y"]!.y) * batch.scale
      },
      try made.fit(loader, epochs: 3, validation: data[0..<40], progress: .none, across: try World()) { model, batch in
        crossEntropy(model(batch.0), batch.1)
      },
      try alone.fit(batches, epochs: 3, progress: .none) { model, batch in crossEntropy(model(batch.x), batch.more["y"]!.y) },
    ]
    for (a, b) in zip(ready.model.parameters, made.model.parameters) { #expect(distance(a.value, b.value) == 0) }
    for (a, b) in zip(ready.model.parameters, alone.model.parameters) { #expect(distance(a.value, b.value) < 1e-4) }
    #expect(histories[0].stepLosses == histories[1].stepLosses)
    #expect(histories[0].epochs.last?.validation?.loss == histories[1].epochs.last?.validation?.loss)
    // Each step has seen other examples.
    #expect(Set(histories[0].stepLosses).count == 9)
  }

  private final class Held { let x = Tensor.ones([4, 2]) }
  private enum Kind { case labelled(Tensor) }

  @Test func readyBatchesThatCannotBeCutAreRefused() throws {
    let world = try World()
    func sentence<Batch>(_ batches: [Batch]) throws -> String {
      var trainer = Trainer(model(), optimizer: SGD(learningRate: 0.1))
      do {
        _ = try checked {
          try trainer.fit(batches, epochs: 1, progress: .none, across: world) { model, _ in model(data.inputs).squared.mean() }
        }
        return "trained"
      } catch { return "\(error)" }
    }
    #expect(try sentence([(Tensor.ones([4, 2]), Held())]).contains("has tensors in an object or an enum's payload"))
    #expect(try sentence([(Tensor.ones([4, 2]), Kind.labelled(.ones([4])))]).contains("has tensors in an object or an enum's payload"))
    #expect(try sentence([1, 2]).contains("a batch of type Int has no tensor with an axis of examples"))
    #expect(try sentence([Tensor(1)]).contains("no tensor with an axis of examples"))
    #expect(try sentence([(Tensor.ones([4, 2]), Tensor.ones([3]))]).contains("tensors of 4 and of 3 examples along their first axes"))
  }

  /// A shard's data and random numbers do not depend on which process makes it.
  @Test func shardsAreTheSameWhereverTheyAreMade() throws {
    struct Noisy: Dataset {
      let count = 37
      func batch(_ indices: [Int]) -> Tensor { Tensor(indices.map { Double($0) }) + Tensor.normal([indices.count], .float64) * 0.01 }
    }
    func values(_ processes: Int) -> [String] {
      (0..<processes).flatMap { process -> [(Int, Int, String)] in
        let own = 8 * process / processes..<8 * (process + 1) / processes
        let loader = DataLoader(ShardedDataset(Noisy(), shards: 8, own: own), batchSize: 10, shuffle: true, seed: 3)
        return loader.enumerated().flatMap { i, batch in batch.shards.map { (i, $0.index, "\($0.batch.scalars(Double.self)) \($0.range)") }
        }
      }.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map { "\($0)" }
    }
    let one = values(1)
    #expect(!one.isEmpty)
    for processes in 2...8 { #expect(values(processes) == one) }
  }

  @Test func mistakesInTheLossAreThrown() throws {
    struct Odd: Error {}
    let world = try World()
    var model = model()
    #expect(throws: Odd.self) { try valueAndGradient(at: &model, across: world) { _ throws(Odd) in throw Odd() } }
    #expect(throws: TensorError.self) {
      try checked { valueAndGradient(at: &model, across: world, examples: 0) { model, _ in model(data.inputs).sum() } }
    }
    #expect(throws: TensorError.self) {
      try checked { valueAndGradient(at: &model, across: world) { model in model(.ones([2, 5])).sum() } }
    }
  }

  /// Gradients are told of when they are whole: the same as at the end, each once, the last layer's before the first's.
  @Test func observersHearOfWholeGradients() throws {
    final class Observer: BackwardObserver {
      var gradients: [(Int, Tensor)] = []
      var steps = 0
      func completed(_ variable: Int, _ gradient: Tensor) { gradients.append((variable, gradient)) }
      func advanced() { steps += 1 }
    }
    struct Shared: Model {
      var first = Dense(6, 6), unused = Tensor.ones([3]), last = Dense(6, 2)
      mutating func callAsFunction(_ x: Tensor) -> Tensor { last(tanh(first(tanh(first(x)))) + first.weight.sum()) }
    }
    var model = withSeed(6) { Shared() }
    let observer = Observer()
    let (_, gradient, _) = valueAndGradient(at: &model, observer: observer) { model in (model(data.inputs).squared.sum(), ()) }
    let expected = gradient.trainedParameters
    #expect(observer.gradients.map(\.0).sorted() == [0, 1, 3, 4])
    #expect(observer.gradients.map(\.0).prefix(2).sorted() == [3, 4])
    for (i, g) in observer.gradients { #expect(distance(g, expected[i]) == 0) }
    #expect(observer.steps > 4)
  }
}
