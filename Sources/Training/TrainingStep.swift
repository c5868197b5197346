import Autodiff
import Models
import Optimizers
import Tensors

/// One step of training as a value: a model, an optimizer, and the loss that it makes smaller.
///
///     var step = model.trainingStep(optimizer: Adam(learningRate: 1e-3)) { model, x, y in crossEntropy(model(x), y) }.compiled()
///     for (x, y) in batches { let loss = step(x, y) }
///     try step.model.save(to: "model.safetensors")
///
/// Model and optimizer live in the step, and may be read, changed, saved and loaded between calls. Compiled, loss and gradients run as one plan for each
/// signature of the batch; the optimizer's numbers (its learning rate, its count of steps) are no part of that. A batch is one, two or three values,
/// or a tuple or struct of them.
public struct TrainingStep<M: Model, O: Optimizer, Batch>: Sendable {
  private var state: PlanState<M>
  /// What changes the model's parameters.
  public var optimizer: O
  private let loss: @Sendable (inout M, Batch) -> Tensor
  private var cache: PlanCache<M, Batch, LossAndGradients>?
  /// Where a flat model's parameters are.
  private var places: ParameterPlaces?

  /// A step that makes the loss of a batch, one number, smaller.
  public init(_ model: M, optimizer: O, loss: @escaping @Sendable (inout M, Batch) -> Tensor) {
    (state, self.optimizer, self.loss) = (PlanState(model), optimizer, loss)
  }

  /// The same step as a plan.
  ///
  /// - Parameter fallback: What happens where no plan can be made: a mistake that says why, or with `.eager` operators run one by one.
  public func compiled(fallback: CompileFallback = .error) -> TrainingStep {
    var step = self
    step.cache = PlanCache("TrainingStep", in: .training, fallback: fallback) { [loss] model, batch in
      let (value, gradient) = valueAndGradient(at: &model) { model in loss(&model, batch) }
      return LossAndGradients(loss: value, gradients: gradient.parameters.map(\.value))
    }
    return step
  }

  /// What is trained.
  public var model: M {
    get { state.value }
    _modify { yield &state.value }
  }

  /// Makes a step, and gives the loss before it.
  @discardableResult
  public mutating func callAsFunction(_ batch: Batch) -> Tensor {
    guard let cache else {
      let (value, gradient) = valueAndGradient(at: &state.value) { [loss] model in loss(&model, batch) }
      if !hasFailed { optimizer.update(&state.value, along: gradient) }
      return value
    }
    let result = cache.value(&state, batch)
    if hasFailed { return result.loss }
    guard let layout = state.layout else {
      var gradient = state.value
      var put = PutParameters(result.gradients)
      gradient.visit(&put)
      optimizer.update(&state.value, along: gradient)
      return result.loss
    }
    if places?.layout !== layout { places = ParameterPlaces(layout, state) }
    places!.update(&state, &optimizer, along: result.gradients)
    return result.loss
  }

  /// Makes a step, and gives the loss before it.
  @discardableResult
  public mutating func callAsFunction<X, Y>(_ x: X, _ y: Y) -> Tensor where Batch == (X, Y) { self((x, y)) }

  /// Makes a step, and gives the loss before it.
  @discardableResult
  public mutating func callAsFunction<X, Y, Z>(_ x: X, _ y: Y, _ z: Z) -> Tensor where Batch == (X, Y, Z) { self((x, y, z)) }

  /// A line for each signature: what it is, and what its plan has or why there is none.
  public var plans: [String] { cache?.descriptions ?? [] }
  /// The operators of a step of the last signature; nil if there is no plan of it.
  ///
  /// Loss and gradients are the plan's. Updates of parameters come after it, when all gradients have been found to be finite: an operator of the
  /// optimizer's name for each that has a gradient, of the two.
  public var graph: Graph? {
    guard let cache, var graph = cache.graph, let layout = state.layout else { return cache?.graph }
    let places = self.places.flatMap { $0.layout === layout ? $0 : nil } ?? ParameterPlaces(layout, state)
    // The loss comes first.
    places.appendUpdates(to: &graph, "\(O.self)", gradients: Array(cache.graphOutputs.dropFirst()))
    return graph
  }
}

extension Model {
  /// One step of training: this model, an optimizer, and the loss of inputs and targets that it makes smaller.
  ///
  ///     var step = model.trainingStep(optimizer: SGD(learningRate: 0.1)) { model, x, y in crossEntropy(model(x), y) }
  public func trainingStep<O: Optimizer>(
    optimizer: O, loss: @escaping @Sendable (inout Self, Tensor, Tensor) -> Tensor
  ) -> TrainingStep<Self, O, (Tensor, Tensor)> {
    TrainingStep(self, optimizer: optimizer) { (model: inout Self, batch: (Tensor, Tensor)) in loss(&model, batch.0, batch.1) }
  }

  /// The same for batches of any one type: a tensor, a tuple or a struct of tensors.
  @_disfavoredOverload
  public func trainingStep<O: Optimizer, Batch>(
    optimizer: O, loss: @escaping @Sendable (inout Self, Batch) -> Tensor
  ) -> TrainingStep<Self, O, Batch> {
    TrainingStep(self, optimizer: optimizer, loss: loss)
  }

  /// The same for batches of three values.
  @_disfavoredOverload
  public func trainingStep<O: Optimizer, X, Y, Z>(
    optimizer: O, loss: @escaping @Sendable (inout Self, X, Y, Z) -> Tensor
  ) -> TrainingStep<Self, O, (X, Y, Z)> {
    TrainingStep(self, optimizer: optimizer) { (model: inout Self, batch: (X, Y, Z)) in loss(&model, batch.0, batch.1, batch.2) }
  }
}

/// What a step computes before the optimizer comes: the gradients in the order of the model's parameters.
private struct LossAndGradients {
  var loss: Tensor
  var gradients: [Tensor]
}

/// Where the parameters of a model are whose tensors lie in a list.
private struct ParameterPlaces {
  let layout: AnyObject & Sendable
  private let places: [Int]
  private let names: [PartName]
  private let isFrozen: [Bool]
  /// The parameters while the optimizer changes them, and their gradients; nothing otherwise.
  private var parameters: FlatParameters
  private var gradients: FlatParameters

  init<M: Model>(_ layout: AnyObject & Sendable, _ state: PlanState<M>) {
    var model = state.numbered
    var read = ReadPlaces()
    model.visit(&read)
    (self.layout, places, names, isFrozen) = (layout, read.places, read.names, read.isFrozen)
    parameters = FlatParameters(places.map { _ in .zeros([0]) }, names: read.names)
    gradients = parameters
  }

  /// Adds the optimizer's operators to a plan's graph, whose inputs begin with the model's tensors.
  ///
  /// - Parameter gradients: Which of the graph's outputs each gradient is; nil for one that is the same at each call.
  func appendUpdates(to graph: inout Graph, _ optimizer: String, gradients: [Int?]) {
    for (i, place) in places.enumerated() where i < gradients.count && !isFrozen[i] {
      guard let output = gradients[i] else { continue }
      graph.append(
        optimizer, part: names[i].description, inputs: [graph.inputs[place], graph.outputs[output]], like: graph.inputs[place],
        output: output)
    }
  }

  mutating func update<M: Model, O: Optimizer>(_ state: inout PlanState<M>, _ optimizer: inout O, along tensors: [Tensor]) {
    gradients.tensors = tensors
    // In the list alone while they are written to.
    state.exchange(places, &parameters.tensors)
    optimizer.update(&parameters, along: gradients)
    state.exchange(places, &parameters.tensors)
    gradients.tensors = []
  }
}

/// The places of parameters in a list of a model's tensors, and their names.
private struct ReadPlaces: ModelVisitor {
  var places: [Int] = []
  var names: [PartName] = []
  var isFrozen: [Bool] = []
  private var path = PartPath()

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
    places.append(tensor.shape[0] - 1)
    isFrozen.append(tensor.isFrozen)
    names.append(.property(path.name(of: name)))
  }
  mutating func enter(_ name: PartName) { path.enter(name) }
  mutating func leave() { path.leave() }
}
