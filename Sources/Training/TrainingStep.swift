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
  /// What is trained.
  public var model: M
  /// What changes its parameters.
  public var optimizer: O
  private let loss: @Sendable (inout M, Batch) -> Tensor
  private var cache: PlanCache<(M, Batch), (M, M, Tensor)>?

  /// A step that makes the loss of a batch, one number, smaller.
  public init(_ model: M, optimizer: O, loss: @escaping @Sendable (inout M, Batch) -> Tensor) {
    (self.model, self.optimizer, self.loss) = (model, optimizer, loss)
  }

  /// The same step as a plan.
  ///
  /// - Parameter fallback: What happens where no plan can be made: a mistake that says why, or with `.eager` operators run one by one.
  public func compiled(fallback: CompileFallback = .error) -> TrainingStep {
    var step = self
    step.cache = PlanCache("TrainingStep", fallback: fallback) { [loss] (arguments: inout (M, Batch)) in
      let batch = arguments.1
      let (value, gradient) = valueAndGradient(at: &arguments.0) { model in loss(&model, batch) }
      return (arguments.0, gradient, value)
    }
    return step
  }

  /// Makes a step, and gives the loss before it.
  @discardableResult
  public mutating func callAsFunction(_ batch: Batch) -> Tensor {
    let (value, gradient) = gradient(batch)
    if !hasFailed { optimizer.update(&model, along: gradient) }
    return value
  }

  /// Makes a step, and gives the loss before it.
  @discardableResult
  public mutating func callAsFunction<X, Y>(_ x: X, _ y: Y) -> Tensor where Batch == (X, Y) { self((x, y)) }

  /// Makes a step, and gives the loss before it.
  @discardableResult
  public mutating func callAsFunction<X, Y, Z>(_ x: X, _ y: Y, _ z: Z) -> Tensor where Batch == (X, Y, Z) { self((x, y, z)) }

  /// Arguments and results are gone before the optimizer comes, which writes in place only what nobody else holds.
  private mutating func gradient(_ batch: Batch) -> (Tensor, M) {
    guard let cache else { return valueAndGradient(at: &model) { [loss] model in loss(&model, batch) } }
    var arguments = (model, batch)
    let (after, gradient, value) = cache.value(&arguments)
    model = after
    return (value, gradient)
  }

  /// A line for each signature: what it is, and what its plan has or why there is none.
  public var plans: [String] { cache?.descriptions ?? [] }
  /// The operators that the plan of the last signature runs; nil if there is none.
  public var graph: Graph? { cache?.graph }
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
