import CMessages
import Optimizers
import Tensors

/// A sum of gradients over shards, bucket by bucket while the backward pass goes on.
///
/// Each process adds up its shards' gradients as far as the tree goes. A bucket, which has some of the tensors in a fixed order, leaves as soon as
/// the last shard's gradients of all its tensors are there and the bucket before it has left: each process is sent all parts of its stretch of each
/// tensor, adds them in the tree's order, and sends the sums back to all. Without `.reproducible` MPI adds them.
final class GradientSum {
  private let engine: Engine
  private let outlines: [(shape: Shape, dtype: DType)]
  private let tree: SumTree
  private let isReproducible: Bool
  private let own: Range<Int>
  private let shards: Int
  private let buckets: [[Int]]
  private let bucketOf: [Int]
  private let timeline: Timeline

  /// The steps of the tree that each shard of this process begins with, by shard.
  private var steps: [Int: [SumTree.Step]] = [:]
  /// The shards of this process that have examples, in the order in which their gradients come.
  private let ownShards: [Int]
  private let rootsByProcess: [[SumTree.Node]]
  /// The sums so far of each tensor, to be added by the tree.
  private var stacks: [[Tensor]]
  private var results: [Tensor?]
  /// How many of this process's shards have given their gradient of each tensor.
  private var given: [Int]
  /// How many tensors of each bucket have not got their last shard's gradient.
  private var missing: [Int]
  /// The next bucket to leave, and the next whose sums are sent back.
  private var next = 0
  private var nextResult = 0
  private var exchanges: [BucketExchange?]
  private var error: WorldError?

  init(
    _ engine: Engine, _ outlines: [(shape: Shape, dtype: DType)], shards: Int, filled: [Int], isReproducible: Bool, bucketBytes: Int,
    _ timeline: Timeline
  ) {
    (self.engine, self.outlines, self.isReproducible, self.timeline) = (engine, outlines, isReproducible, timeline)
    tree = SumTree(shards: shards, filled: filled)
    self.shards = shards
    own = shards * engine.rank / engine.count..<shards * (engine.rank + 1) / engine.count
    (buckets, bucketOf) = GradientSum.buckets(of: outlines, bucketBytes)
    stacks = Array(repeating: [], count: outlines.count)
    results = Array(repeating: nil, count: outlines.count)
    given = Array(repeating: 0, count: outlines.count)
    missing = buckets.map(\.count)
    exchanges = Array(repeating: nil, count: buckets.count)
    let (count, tree) = (engine.count, tree)
    rootsByProcess = (0..<count).map { tree.roots(of: shards * $0 / count..<shards * ($0 + 1) / count) }
    ownShards = Set(filled).filter { [own] in own.contains($0) }.sorted()
    var current: Int?
    for step in tree.steps(of: own) {
      if case .push(let shard) = step {
        current = shard
        steps[shard] = []
      } else if let current {
        steps[current]?.append(step)
      }
    }
    advance()
  }

  /// Buckets of so many bytes, of one dtype each, from the last tensor to the first: about the order in which gradients come.
  private static func buckets(of outlines: [(shape: Shape, dtype: DType)], _ limit: Int) -> ([[Int]], [Int]) {
    var (buckets, bytes): ([[Int]], Int) = ([], 0)
    var bucketOf = [Int](repeating: 0, count: outlines.count)
    for i in outlines.indices.reversed() {
      let size = outlines[i].shape.elementCount * outlines[i].dtype.byteCount
      if let last = buckets.last?.last, outlines[last].dtype == outlines[i].dtype, bytes + size <= limit {
        buckets[buckets.count - 1].append(i)
        bytes += size
      } else {
        buckets.append([i])
        bytes = size
      }
      bucketOf[i] = buckets.count - 1
    }
    return (buckets, bucketOf)
  }

  /// A shard's gradient of a tensor; the mistake if it is none that is waited for, after which there is no sum.
  func add(_ gradient: Tensor, at index: Int, shard: Int) -> WorldError? {
    if error != nil { return nil }
    guard let message = objection(gradient, index, shard) else {
      stacks[index].append(gradient)
      for _ in steps[shard] ?? [] where stacks[index].count > 1 {
        let right = stacks[index].removeLast()
        // In place, where the left one is a sum already.
        stacks[index][stacks[index].count - 1] += right
      }
      given[index] += 1
      if given[index] < ownShards.count { return nil }
      missing[bucketOf[index]] -= 1
      advance()
      return nil
    }
    error = WorldError("add", message)
    return error
  }

  /// What is wrong with a gradient; nil if nothing is.
  private func objection(_ gradient: Tensor, _ index: Int, _ shard: Int) -> String? {
    guard outlines.indices.contains(index) else {
      return "a gradient of tensor \(index) in a sum of \(outlines.count), which are counted from 0"
    }
    let what = "a gradient of tensor \(index) from shard \(shard)"
    guard given[index] < ownShards.count else {
      return "\(what), of which all \(ownShards.count) of this process's shards have given theirs; one each would fit"
    }
    guard shard == ownShards[given[index]] else { return "\(what); shard \(ownShards[given[index]])'s comes next" }
    let (shape, dtype) = outlines[index]
    guard gradient.shape == shape && gradient.dtype == dtype else {
      return "\(what) is \(gradient.dtype) \(gradient.shape); \(dtype) \(shape), as the sum was begun with, would fit"
    }
    return nil
  }

  /// Lets buckets leave, and sees what has come, without waiting.
  func advance() {
    if error != nil { return }
    do throws(WorldError) {
      while next < buckets.count, missing[next] == 0 || ownShards.isEmpty {
        try leave(next)
        next += 1
      }
      while nextResult < next, try exchanges[nextResult]?.hasParts() ?? true {
        try sendBack(nextResult)
        nextResult += 1
      }
      for bucket in 0..<nextResult { try take(bucket) }
      try engine.hearNowAndThen("gradients")
    } catch {
      self.error = error
    }
  }

  /// The sums; waits for what has not come from other processes.
  ///
  /// What this one has not given nobody waits for: it is a mistake that all are told.
  func finish() throws(WorldError) -> [Tensor] {
    if error == nil, let index = given.firstIndex(where: { $0 < ownShards.count }) {
      error = WorldError("endSum", "shard \(ownShards[given[index]]) has given no gradient of tensor \(index); one of each would fit")
      engine.report(error!.description)
    }
    let start = ContinuousClock.now
    var turns = 0
    advance()
    while error == nil, results.contains(where: { $0 == nil }) {
      turns += 1
      try engine.rest(turns, since: start, "gradients")
      advance()
    }
    if let error {
      engine.abandon(exchanges.compactMap { $0 }.flatMap(\.requests))
      throw error
    }
    if turns > 0 { timeline.add("wait", from: start) }
    return results.map { $0! }
  }

  // MARK: Buckets

  private func leave(_ bucket: Int) throws(WorldError) {
    let tensors = buckets[bucket]
    if engine.isAlone {
      for i in tensors {
        results[i] = stacks[i].first ?? .zeros(outlines[i].shape, outlines[i].dtype)
        stacks[i] = []
      }
      return
    }
    let exchange = BucketExchange(
      engine, tensors.map { outlines[$0] }, rootsByProcess, isReproducible: isReproducible, name: "bucket \(bucket)")
    try exchange.send(tensors.map { stacks[$0] })
    for i in tensors { stacks[i] = [] }
    exchanges[bucket] = exchange
  }

  private func sendBack(_ bucket: Int) throws(WorldError) {
    guard let exchange = exchanges[bucket] else { return }
    try exchange.sendBack(tree)
  }

  private func take(_ bucket: Int) throws(WorldError) {
    guard let exchange = exchanges[bucket], try exchange.hasSums() else { return }
    for (i, sum) in zip(buckets[bucket], exchange.sums()) { results[i] = sum }
    timeline.add(exchange.name, from: exchange.begun, bytes: exchange.byteCount)
    exchanges[bucket] = nil
  }
}

/// One bucket on its way.
private final class BucketExchange {
  let name: String
  let begun = ContinuousClock.now
  private let engine: Engine
  private let outlines: [(shape: Shape, dtype: DType)]
  private let roots: [[SumTree.Node]]
  private let isReproducible: Bool
  private let size: Int
  private let type: Int32
  /// The elements of each process's stretches of all tensors.
  private let stretch: [Int]
  private var parts: Memory?
  private var whole: Memory?
  private var partsRequest: Engine.Request?
  private var sumsRequest: Engine.Request?
  /// The bytes that leave this process, both ways.
  private(set) var byteCount = 0

  var requests: [Engine.Request] { [partsRequest, sumsRequest].compactMap { $0 } }

  init(
    _ engine: Engine, _ outlines: [(shape: Shape, dtype: DType)], _ roots: [[SumTree.Node]], isReproducible: Bool, name: String
  ) {
    (self.engine, self.outlines, self.roots, self.isReproducible, self.name) = (engine, outlines, roots, isReproducible, name)
    size = outlines[0].dtype.byteCount
    type = Int32(outlines[0].dtype.rawValue)
    stretch = (0..<engine.count).map { process in
      outlines.reduce(0) { $0 + StatePartition.range(of: $1.shape.elementCount, rank: process, count: engine.count).count }
    }
  }

  private func range(_ tensor: Int, of process: Int) -> Range<Int> {
    StatePartition.range(of: outlines[tensor].shape.elementCount, rank: process, count: engine.count)
  }

  /// Sends each process its stretches of this process's sums: for each of the tree's roots those of all tensors.
  func send(_ stacks: [[Tensor]]) throws(WorldError) {
    if !isReproducible { return try reduce(stacks) }
    let own = roots[engine.rank].count
    let total = stretch.reduce(0, +)
    let from = Memory(own * total * size)
    var place = from.start
    for process in 0..<engine.count {
      for root in 0..<own {
        for tensor in outlines.indices {
          let range = self.range(tensor, of: process)
          let byteCount = range.count * size
          if byteCount == 0 { continue }
          let target = place
          _ = stacks[tensor][root].withBytes { target.copyMemory(from: $0.baseAddress! + range.lowerBound * size, byteCount: byteCount) }
          place += byteCount
        }
      }
    }
    func sizes(_ counts: [Int]) -> (Counts, Int) {
      var (offsets, total): ([Int32], Int) = ([], 0)
      for count in counts {
        offsets.append(Int32(truncatingIfNeeded: total))
        total += count
      }
      return (Counts(counts.map { Int32(truncatingIfNeeded: $0) }, offsets), total)
    }
    let (sent, _) = sizes(stretch.map { $0 * own })
    let (received, count) = sizes(roots.map { $0.count * stretch[engine.rank] })
    let to = Memory(count * size)
    parts = to
    byteCount += own * (total - stretch[engine.rank]) * size
    partsRequest = try engine.begin("gradients", [from, to, sent, received]) {
      fxm_all_to_all(
        Int32(FXM_DATA), from.start, sent.counts, sent.offsets, to.start, received.counts, received.offsets, type, $0)
    }
  }

  /// Lets MPI add them.
  private func reduce(_ stacks: [[Tensor]]) throws(WorldError) {
    let memory = Memory(stretch.reduce(0, +) * size)
    var place = memory.start
    for (tensor, stack) in stacks.enumerated() {
      let bytes = outlines[tensor].shape.elementCount * size
      let target = place
      if let sum = stack.first {
        _ = sum.withBytes { if bytes > 0 { target.copyMemory(from: $0.baseAddress!, byteCount: bytes) } }
      } else {
        target.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
      }
      place += bytes
    }
    whole = memory
    byteCount += 2 * memory.count * (engine.count - 1) / engine.count
    sumsRequest = try engine.begin("gradients", [memory]) {
      fxm_all_reduce(Int32(FXM_DATA), memory.start, Int32(memory.count / size), type, Int32(FXM_SUM), $0)
    }
  }

  /// Whether the other processes' parts have come.
  func hasParts() throws(WorldError) -> Bool {
    guard let request = partsRequest else { return true }
    if try !engine.isDone(request, "gradients") { return false }
    partsRequest = nil
    return true
  }

  /// Adds the parts in the tree's order, and sends the sums to all.
  func sendBack(_ tree: SumTree) throws(WorldError) {
    guard let parts, isReproducible else { return }
    self.parts = nil
    let count = stretch[engine.rank]
    var sums: [SumTree.Node: Tensor] = [:]
    var place = 0
    for node in roots.joined() {
      let start = place
      sums[node] = Tensor([count], outlines[0].dtype) { target in
        if count > 0 { target.copyMemory(from: UnsafeRawBufferPointer(start: parts.start + start, count: count * size)) }
      }
      place += count * size
    }
    let own = Memory(count * size)
    if let total = tree.total({ sums[$0] }, { $0 + $1 }), count > 0 {
      _ = total.withBytes { own.start.copyMemory(from: $0.baseAddress!, byteCount: count * size) }
    }
    let to = Memory(stretch.reduce(0, +) * size)
    whole = to
    var (offsets, at): ([Int32], Int) = ([], 0)
    for count in stretch {
      offsets.append(Int32(truncatingIfNeeded: at))
      at += count
    }
    let sizes = Counts(stretch.map { Int32(truncatingIfNeeded: $0) }, offsets)
    byteCount += count * size * (engine.count - 1)
    sumsRequest = try engine.begin("gradients", [own, to, sizes]) {
      fxm_all_gather(Int32(FXM_RESULTS), own.start, Int32(count), to.start, sizes.counts, sizes.offsets, type, $0)
    }
  }

  /// Whether the sums of all processes have come.
  func hasSums() throws(WorldError) -> Bool {
    guard let request = sumsRequest else { return false }
    return try engine.isDone(request, "gradients")
  }

  /// The sums of the tensors.
  func sums() -> [Tensor] {
    guard let whole else { return [] }
    sumsRequest = nil
    var at = [Int](repeating: 0, count: engine.count)
    var place = 0
    for process in 0..<engine.count {
      at[process] = place
      place += stretch[process] * size
    }
    var flat = 0
    return outlines.indices.map { tensor in
      let bytes = outlines[tensor].shape.elementCount * size
      return Tensor(outlines[tensor].shape, outlines[tensor].dtype) { target in
        guard bytes > 0, let start = target.baseAddress else { return }
        if !isReproducible {
          start.copyMemory(from: whole.start + flat, byteCount: bytes)
          flat += bytes
          return
        }
        for process in 0..<engine.count {
          let range = self.range(tensor, of: process)
          start.advanced(by: range.lowerBound * size).copyMemory(from: whole.start + at[process], byteCount: range.count * size)
          at[process] += range.count * size
        }
      } ?? .zeros(outlines[tensor].shape, outlines[tensor].dtype)
    }
  }
}
