import Autodiff
import Models
import Tensors
import Training

// Collectives on models: parameters, and what else a model holds where it is sent as it is.
extension World {
  /// Every process's model becomes that of one of them: parameters, which of them are frozen, buffers, hidden values and random streams.
  public func broadcast<M: Model>(_ model: inout M, from root: Int = 0) throws {
    if !(0..<count ~= root) { throw refused("broadcast", "process \(root) of \(count); 0 to \(count - 1) would fit") }
    try agree("broadcast", outline(model) + " from \(root)")
    if count == 1 { return }
    var copy = model
    var visitor = StateVisitor()
    visitor.model(&copy, "model")
    var writer = ByteWriter()
    if rank == root { writer.state(visitor) }
    var reader = ByteReader(try engine.allGather(writer.bytes, "broadcast")[root])
    if rank == root { return }
    var restoring = StateVisitor(restoring: try reader.state())
    restoring.model(&copy, "model")
    try restoring.finish("\(M.self)")
    model = copy
  }

  /// The model whose parameters are the sum, mean, product, maximum or minimum of all processes' models'; what else it holds is this one's.
  @discardableResult
  public func allReduce<M: Model>(_ model: M, _ reducer: Reducer = .sum) throws -> M {
    try agree("allReduce", outline(model))
    var copy = model
    var failure: (any Error)?
    copy.updateParameters { _, value in
      if failure != nil { return }
      do { value = try allReduce(value, reducer) } catch { failure = error }
    }
    if let failure { throw failure }
    return copy
  }

  /// Every process's model, in the order of ranks, at one of them; nil at the others.
  @discardableResult
  public func gather<M: Model>(_ model: M, to root: Int = 0) throws -> [M]? {
    if !(0..<count ~= root) { throw refused("gather", "process \(root) of \(count); 0 to \(count - 1) would fit") }
    var lists: [[Tensor]] = []
    for (_, value) in model.parameters {
      guard let values = try gather(value, to: root) else { continue }
      lists.append(values)
    }
    return rank == root ? models(like: model, lists) : nil
  }

  /// Every process's model, in the order of ranks, on all of them.
  public func allGather<M: Model>(_ model: M) throws -> [M] {
    try agree("allGather", outline(model))
    return models(like: model, try model.parameters.map { try allGather($0.value) })
  }

  /// This process's stretch of the sum of all processes' models: of its parameters' elements one after the other, [elements], cut into as many
  /// parts as there are processes, of which some have one element more.
  public func reduceScatter<M: Model>(_ model: M, _ reducer: Reducer = .sum) throws -> Tensor {
    try agree("reduceScatter", outline(model))
    let flat = concatenate(model.parameters.map { $0.value.detached.reshaped([$0.value.elementCount]) })
    let missing = (count - flat.elementCount % count) % count
    let whole = missing == 0 ? flat : concatenate([flat, .zeros([missing], flat.dtype)])
    let part = try reduceScatter(whole, reducer)
    let start = rank * part.elementCount
    return part[0..<Swift.max(0, Swift.min(part.elementCount, flat.elementCount - start))]
  }

  private func outline<M: Model>(_ model: M) -> String {
    "a model of \(model.parameters.map { "\($0.name) \($0.value.dtype) \($0.value.shape)" }.joined(separator: ", "))"
  }

  private func models<M: Model>(like model: M, _ lists: [[Tensor]]) -> [M] {
    (0..<count).map { process in
      var (copy, i) = (model, 0)
      copy.updateParameters { _, value in
        value = lists[i][process]
        i += 1
      }
      return copy
    }
  }
}

/// The loss and its gradient over all processes: the mean of what each computes of its own examples, the same bits on all of them.
///
///     let own = x[world.rank * 32..<(world.rank + 1) * 32]
///     let (loss, gradient) = valueAndGradient(at: &model, across: world) { model in crossEntropy(model(own), y) }
///     optimizer.update(&model, along: gradient)
///
/// How examples are divided is the caller's, so the bits depend on the number of processes; with `examples:` they do not. Gradients are sent while the
/// backward pass goes on. Running statistics become the processes' mean. A process that stops is a mistake, which `checked` throws.
public func valueAndGradient<M: Model, E: Error>(
  at model: inout M, across world: World, _ loss: (inout M) throws(E) -> Tensor
) throws(E) -> (value: Tensor, gradient: M) {
  var thrown: E?
  func run(_ model: inout M) throws -> Tensor {
    do throws(E) {
      return try loss(&model)
    } catch {
      thrown = error
      throw error
    }
  }
  let result = Result { try world.gradient(ofOwn: &model, run) }
  if let thrown { throw told(thrown, world) }
  return outcome(result, model)
}

/// The loss and its gradient over all processes of a batch of `examples`, which is cut into the world's shards.
///
///     let (loss, gradient) = valueAndGradient(at: &model, across: world, examples: x.shape[0]) { model, range in
///       crossEntropy(model(x[range]), y[range])
///     }
///
/// The closure is called once for each shard of this process, with the range of its examples, and gives their mean loss. The loss is the mean over all
/// examples; with the world's default it and the gradient have the same bits for any number of processes. No examples are a mistake.
public func valueAndGradient<M: Model, E: Error>(
  at model: inout M, across world: World, examples: Int, _ loss: (inout M, Range<Int>) throws(E) -> Tensor
) throws(E) -> (value: Tensor, gradient: M) {
  var thrown: E?
  func run(_ model: inout M, _ range: Range<Int>) throws -> Tensor {
    do throws(E) {
      return try loss(&model, range)
    } catch {
      thrown = error
      throw error
    }
  }
  let result = Result {
    guard 1...(1 << 40) ~= examples else {
      throw world.refused("valueAndGradient", "\(examples) examples; 1 or more would fit")
    }
    return try world.gradient(at: &model, examples: examples, run)
  }
  if let thrown { throw told(thrown, world) }
  return outcome(result, model)
}

/// The other processes are told of an error that this one throws.
private func told<E: Error>(_ error: E, _ world: World) -> E {
  world.report("\(error)")
  return error
}

/// What goes wrong with processes is a mistake in the program, as what gradients find is.
private func outcome<M: Model>(_ result: Result<(value: Double, gradient: M)?, any Error>, _ model: M) -> (value: Tensor, gradient: M) {
  switch result {
  case .success(let found?):
    return (
      Tensor(found.value).cast(to: model.trainedParameters.first?.dtype ?? .float32), found.gradient
    )
  case .success(nil): break
  case .failure(let error as WorldError): fail(TensorError("World.\(error.operation)", error.message))
  case .failure(let error): fail(TensorError("valueAndGradient", "\(error)"))
  }
  return (.outline([], .float32), model)
}
