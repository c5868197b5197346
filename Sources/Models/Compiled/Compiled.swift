import Tensors

/// A model that runs as a plan: the same results to the bit, without what operators cost beside their work.
///
///     var fast = model.compiled()
///     let y = fast.predict(x)
///
/// It is a model with the same input, output, parameters, names and files; what a run changes (hidden values, statistics, random streams) is in
/// ``model`` afterwards. A copy has a state of its own, and shares the plans. Inside of a gradient, in runs on shapes and in profiles it is the model
/// itself that runs. See ``compile(fallback:_:)`` for what a plan is made for, and `TrainingStep` for training.
public struct Compiled<M: Model>: Model {
  private var state: PlanState<M>
  private let cache: PlanCache<M, M.Input, M.Output>

  fileprivate init(_ model: M, _ fallback: CompileFallback) {
    state = PlanState(model)
    cache = PlanCache("compiled", fallback: fallback) { model, input in model(input) }
  }

  /// The model itself, which may be changed between calls, frozen or loaded.
  public var model: M {
    get { state.value }
    _modify { yield &state.value }
  }

  /// The model's output.
  public mutating func callAsFunction(_ input: M.Input) -> M.Output {
    cache.value(&state, input)
  }

  /// The model's output in inference mode; the model, hidden values included, stays as it is.
  public func predict(_ input: M.Input) -> M.Output {
    let mode = exchangeMode(.inference)
    defer { _ = exchangeMode(mode) }
    if let call = cache.begin(state, input) { return cache.end(call) }
    var copy = self
    return locating(by: { error in location(of: error) { model in model(input) } }, { copy(input) })
  }

  /// The model's parameters, parts and state under their own names.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) { model.visit(&visitor) }

  /// As it is written: `Dense(4, 2).compiled()`.
  public var code: String { "\(model.code).compiled()" }

  /// A line for each signature: what it is, and what its plan has or why there is none.
  public var plans: [String] { cache.descriptions }
  /// The operators that the plan of the last signature runs; nil if there is none.
  public var graph: Graph? { cache.graph }
}

extension Model {
  /// The model as a plan, traced at its first calls.
  ///
  /// - Parameter fallback: What happens where no plan can be made: a mistake that says why, or with `.eager` the model runs as it is.
  public func compiled(fallback: CompileFallback = .error) -> Compiled<Self> { Compiled(self, fallback) }
}
