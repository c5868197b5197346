import Autodiff
import Data
import Models
import Optimizers
import Tensors

/// What a batch gives: the gradient of its mean loss, and its figures.
struct BatchOutcome<M: Model> {
  let loss: Double
  let gradient: M
  let items: Int
  /// What metrics look at, of a batch that was computed as a whole.
  var losses: Losses?
  /// The parts of the loss, and what metrics gathered shard by shard, of one that was not.
  var parts: [Evaluation.Figure]?
  var metrics: [[any Metric]] = []
}

extension TrainingRun {
  /// The outcome of a batch of shards, of which this process computes its own: the same on all processes.
  func shardedOutcome<O: Optimizer>(
    _ run: inout TrainingState<M, O>, _ before: inout M?, _ batch: ShardedBatch<Batch>, across exchange: any GradientExchange
  ) throws -> BatchOutcome<M> {
    let pieces = batch.shards.map { (index: $0.index, range: $0.range) }
    var known = run.metrics
    let isAutomatic = run.hasAutomaticMetrics
    let found = try exchange.gradient(
      at: &run.model, of: batch.count, shards: exchange.shards, pieces,
      shard: { index, model, weight, observer in
        guard let shard = batch.shards.first(where: { $0.index == index }) else { throw ByteReader.Malformed() }
        if let planned = try plannedGradient(at: &model, shard.batch, weight: weight) { return planned }
        return try shardGradient(at: &model, weight: weight, observer) { model in try step(&model, shard.batch) }
      },
      figures: { losses in
        chooseMetrics(&known, isAutomatic, losses)
        var metrics = blank(known)
        addMetrics(losses, to: &metrics)
        return metrics
      }, blanks: { blank(known) })
    guard let found else { return BatchOutcome(loss: .nan, gradient: run.model, items: batch.count) }
    let (loss, parts) = means(found.results, of: batch.count)
    return BatchOutcome(
      loss: loss, gradient: found.gradient, items: batch.count, parts: parts, metrics: found.results.map(\.metrics))
  }

  /// The mean losses and the metrics of data of whose batches each process computes some, in inference mode: the same on all processes.
  func sharedFigures(
    _ batches: BatchPass<(index: Int, batch: Batch?)>, _ metrics: [any Metric], across exchange: any GradientExchange,
    _ step: (Batch) throws -> Losses
  ) throws -> Evaluation {
    var own: [ShardResult] = []
    while let (index, batch) = try batches.nextBatch() {
      exchange.progress()
      guard let batch else { continue }
      let random = randomStreamInForce
      let losses = try withSeed(stream(random, ofShard: index).seed) { try withMode(.inference) { try step(batch) } }
      var metrics = blank(metrics)
      addMetrics(losses, to: &metrics)
      if hasFailed {
        exchange.report("fit: a mistake in the program, in a checked scope")
        return Evaluation(loss: .nan)
      }
      own.append(
        ShardResult(
          index: index, range: 0..<exampleCount(batch), loss: losses.total.item(), parts: losses.figures, metrics: metrics, states: []))
    }
    var (mean, metrics) = (RunningMean(), blank(metrics))
    for result in try exchange.gathered(own, blanks: metrics) {
      mean.add(result.loss, result.parts, count: result.range.count)
      merge(result.metrics, into: &metrics)
    }
    return mean.evaluation(metrics)
  }

  /// Callbacks run in the first process; what they ask for holds in all.
  func notify<O: Optimizer>(
    _ run: inout TrainingState<M, O>, _ event: TrainingEvent, across exchange: any GradientExchange
  ) throws {
    if exchange.rank == 0 { try callBack(&run, event) }
    // The run has ended, and some process may have ended before.
    if case .runFailed = event { return }
    var writer = ByteWriter()
    writer.int(control.isStopped ? 1 : 0)
    writer.double(run.optimizer.learningRate)
    var reader = ByteReader(try exchange.broadcast(writer.bytes))
    let (isStopped, rate) = (try reader.int() == 1, try reader.double())
    if exchange.rank == 0 { return }
    control.follow(isStopped: isStopped)
    if run.optimizer.learningRate != rate { run.optimizer.learningRate = rate }
  }

  /// The first process writes the checkpoint, which is the same for any number of processes.
  func write<O: Optimizer>(
    _ run: TrainingState<M, O>, _ directory: CheckpointDirectory?, across exchange: any GradientExchange
  ) throws {
    let whole = run.withoutTimes()
    if exchange.sharesOptimizerState {
      // All take part, as each has some of the state.
      var copy = whole
      try copy.gatherOptimizerState(across: exchange)
      try directory?.write(copy)
    } else {
      try directory?.write(whole)
    }
  }

  /// The model of the best epoch, which the first process reads.
  func restore<O: Optimizer>(
    _ run: inout TrainingState<M, O>, _ directory: CheckpointDirectory?, across exchange: any GradientExchange
  ) throws {
    func state(_ model: M) -> [UInt8] {
      var (model, visitor, writer) = (model, StateVisitor(), ByteWriter())
      visitor.model(&model, CheckpointKeys.model)
      writer.state(visitor)
      return writer.bytes
    }
    let best = try directory.map { try run.model(in: $0.file(run.bestStep)) }
    var reader = ByteReader(try exchange.broadcast(best.map(state) ?? []))
    if let best {
      run.model = best
      return
    }
    var (model, visitor) = (run.model, StateVisitor(restoring: try reader.state()))
    visitor.model(&model, CheckpointKeys.model)
    try visitor.finish("\(M.self)")
    run.model = model
  }
}

extension GradientExchange {
  /// The gradient of a batch's mean loss, and what the shards gave: the same on all processes; nil after a mistake in a `checked` scope.
  ///
  /// Each shard runs the model as it was before. The sum of the shards' gradients is taken while the last of them is computed.
  ///
  /// - Parameters:
  ///   - model: Becomes what it is after all shards have run.
  ///   - count: The examples of the batch.
  ///   - shards: How many shards it is cut into, those without examples included.
  ///   - own: The shards of this process that have examples.
  ///   - shard: The mean loss of a shard and the gradient of that loss times the shard's share of the examples. It may hand the gradient of each
  ///     parameter to the observer as soon as it is there; those it does not are sent when it has ended.
  ///   - figures: What metrics make of it.
  ///   - blanks: Metrics that have seen nothing, after the shards have run.
  func gradient<M: Model>(
    at model: inout M, of count: Int, shards: Int, _ own: [(index: Int, range: Range<Int>)],
    shard: (_ index: Int, inout M, _ weight: Double, any BackwardObserver) throws -> (gradient: M, losses: Losses),
    figures: (Losses) -> [any Metric], blanks: () -> [any Metric]
  ) throws -> (gradient: M, results: [ShardResult])? {
    let start = model
    let states = start.states.map(\.value)
    let random = randomStreamInForce
    let parameters = start.trainedParameters
    let filled = (0..<shards).filter { !shardRange($0, of: shards, count: count).isEmpty }
    beginSum(of: parameters.map { ($0.shape, $0.dtype) }, shards: shards, filled: filled)
    var results: [ShardResult] = []
    func run(_ index: Int, _ range: Range<Int>) throws {
      var copy = start.ofShard(index, range: range, of: count)
      let weight = Double(range.count) / Double(count)
      let observer = ShardObserver(self, index, parameters.count)
      let (gradient, losses) = try withSeed(stream(random, ofShard: index).seed) { try shard(index, &copy, weight, observer) }
      if hasFailed { return }
      observer.finish(gradient.trainedParameters)
      results.append(
        ShardResult(
          index: index, range: range, loss: losses.total.item(), parts: losses.figures, metrics: figures(losses),
          states: zip(copy.states, states).map { isSame($0.value, $1) ? nil : $0.value }))
    }
    if start.needsShardSums && filled.count > 1 {
      let lockstep = Lockstep(self, own.map(\.index))
      do {
        if own.isEmpty {
          try Lockstep.takePart(in: self)
        } else {
          try withoutActuallyEscaping(run) { run in try lockstep.run { place in try run(own[place].index, own[place].range) } }
        }
      } catch let error as TensorError {
        report(error.description)
        fail(error)
        return nil
      }
    } else {
      for (index, range) in own where !hasFailed { try run(index, range) }
    }
    if hasFailed {
      report("a mistake in the program, in a checked scope")
      return nil
    }
    let all = try gathered(results, blanks: blanks())
    let sums = try endSum()
    guard all.map(\.index) == filled, sums.count == parameters.count else { throw ByteReader.Malformed() }
    model = start.afterShards(all.map { ($0.range, $0.states) }, of: count)
    randomStreamInForce = advanced(random)
    return (start.gradient(of: sums), all)
  }

  /// The gradient of a loss that each process computes of its own examples: its mean over all processes, the same on all of them.
  package func gradient<M: Model>(ofOwn model: inout M, _ loss: (inout M) throws -> Tensor) throws -> (value: Double, gradient: M)? {
    try gradient(
      at: &model, of: count, shards: count, [(rank, rank..<rank + 1)],
      shard: { _, model, weight, observer in
        try shardGradient(at: &model, weight: weight, observer) { model in Losses(total: try loss(&model)) }
      }, figures: { _ in [] }, blanks: { [] }
    ).map { (means($0.results, of: count).loss, $0.gradient) }
  }

  /// The gradient of a loss that is given the examples of a shard: that of all `examples`, the same on all processes.
  package func gradient<M: Model>(
    at model: inout M, examples: Int, _ loss: (inout M, Range<Int>) throws -> Tensor
  ) throws -> (value: Double, gradient: M)? {
    let own = ownShards(of: shards).map { (index: $0, range: shardRange($0, of: shards, count: examples)) }.filter { !$0.range.isEmpty }
    return try gradient(
      at: &model, of: examples, shards: shards, own,
      shard: { index, model, weight, observer in
        let range = shardRange(index, of: shards, count: examples)
        return try shardGradient(at: &model, weight: weight, observer) { model in Losses(total: try loss(&model, range)) }
      }, figures: { _ in [] }, blanks: { [] }
    ).map { (means($0.results, of: examples).loss, $0.gradient) }
  }
}

/// The gradient of a shard's mean loss times its share of the batch, operator by operator.
private func shardGradient<M: Model>(
  at model: inout M, weight: Double, _ observer: any BackwardObserver, _ step: (inout M) throws -> Losses
) throws -> (gradient: M, losses: Losses) {
  let (_, gradient, losses) = try valueAndGradient(at: &model, observer: observer) { (model: inout M) throws -> (Tensor, Losses) in
    let losses = try step(&model)
    return (weight == 1 ? losses.total : losses.total * weight, losses.detached)
  }
  return (gradient, losses)
}

/// The mean of results over a batch of `count`.
private func means(_ results: [ShardResult], of count: Int) -> (loss: Double, parts: [Evaluation.Figure]) {
  var mean = RunningMean()
  for result in results { mean.add(result.loss, result.parts, count: result.range.count) }
  let figures = mean.evaluation()
  return (figures.loss, figures.losses)
}

/// Hands a shard's gradients to an exchange as they are there.
private final class ShardObserver: BackwardObserver {
  private let exchange: any GradientExchange
  private let shard: Int
  private var isGiven: [Bool]

  init(_ exchange: any GradientExchange, _ shard: Int, _ count: Int) {
    (self.exchange, self.shard) = (exchange, shard)
    isGiven = Array(repeating: false, count: count)
  }

  func completed(_ variable: Int, _ gradient: Tensor) {
    isGiven[variable] = true
    exchange.add(gradient.detached, at: variable, shard: shard)
  }

  func advanced() { exchange.progress() }

  /// Those of parameters that the loss does not depend on, and those that the pass told nobody of.
  func finish(_ gradients: [Tensor]) {
    for i in gradients.indices where !isGiven[i] { completed(i, gradients[i]) }
  }
}
