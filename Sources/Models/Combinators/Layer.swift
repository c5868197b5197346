import Tensors

/// A part of a chain: a model of any type, or a function.
///
/// In a struct of one's own it holds a part whose type is not known: `var encoder: Layer`.
@dynamicMemberLookup
public struct Layer: Placed, SequenceModel {
  private enum Content: Sendable {
    case model(any Model<Tensor, Tensor>)
    /// While the model is taken out, so that nobody else holds its parameters.
    case none
    case function(Function)
  }
  private var content: Content
  /// How deep combinators nest in it.
  private var nesting: Int32 = 0
  /// Where in a model it stands.
  public var place = Place()

  /// How deep combinators nest at most: whoever walks through a model takes some of the stack for each level.
  static let deepest = 1000

  /// A model of any type.
  ///
  /// Combinators nest up to 1000 deep in one another; more are a mistake.
  public init(_ model: any Model<Tensor, Tensor>) {
    content = .model(model)
    guard let parts = (model as? any Combinator)?.parts else { return }
    nesting = (parts.map(\.nesting).max() ?? 0) + 1
    if nesting > Layer.deepest {
      fail(TensorError("\(type(of: model))", "models nest deeper than \(Layer.deepest) in one another"))
      content = .none
    }
  }
  /// A function without parameters.
  public init(_ function: @escaping @Sendable (Tensor) -> Tensor) { content = .function(Function(body: function)) }

  /// The model, if it is one and of this type: `chain.layers[0].as(Dense.self)?.weight`.
  public func `as`<M: Model>(_ type: M.Type) -> M? {
    if case .model(let model) = content { return model as? M }
    return nil
  }

  /// Not there: what it holds may be any model.
  @available(
    *, unavailable, message: "a Layer holds any model: chain.layers[0].as(Dense.self)?.weight, or its parameters by name: chain.parameters"
  )
  public subscript(dynamicMember name: String) -> Tensor { .zeros([]) }

  /// What it holds, for errors and summaries.
  public var modelType: Any.Type {
    switch content {
    case .model(let model): type(of: model)
    case .function, .none: Function.self
    }
  }

  /// Runs the part.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor { run(x) { model, x in model(x) } }

  /// Runs the part over a sequence: at once if it can, else step by step.
  public mutating func overTime(_ x: Tensor, lengths: [Int]?) -> Tensor {
    run(x) { model, x in runOverTime(&model, x, lengths: lengths) }
  }

  private mutating func run(_ x: Tensor, _ body: (inout any Model<Tensor, Tensor>, Tensor) -> Tensor) -> Tensor {
    if !isLabelled { return runContent(x, body) }
    return entering(Int(place.label), of: modelType, input: x.shape) { runContent(x, body) }
  }

  private mutating func runContent(_ x: Tensor, _ body: (inout any Model<Tensor, Tensor>, Tensor) -> Tensor) -> Tensor {
    switch content {
    case .none: return x
    case .function(let function):
      var model: any Model<Tensor, Tensor> = function
      return body(&model, x)
    case .model(var model):
      // A layer that waits for its sizes and has no place of its own is completed here, while sizes are found out.
      if isLabelled, partLabels?.completes == true, var waiting = model as? any InputAdapting & Model<Tensor, Tensor>, waiting.isWaiting {
        waiting.adapt(to: x.shape)
        var completed: any Model<Tensor, Tensor> = waiting
        return body(&completed, x)
      }
      // Taken out while it runs, so that its state changes in place.
      content = .none
      defer { content = .model(model) }
      return body(&model, x)
    }
  }

  /// The part's own parameters: the wrapper has no name.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    switch content {
    case .model(var model):
      // Taken out while it is visited, so that nobody else holds its parameters.
      content = .none
      visitor.content(&model)
      content = .model(model)
    case .function(var function): visitor.content(&function)
    case .none: break
    }
  }
}

extension Layer: LeafHolding {
  /// Those of the model that it holds.
  package mutating func visitLeaves<V: LeafVisitor>(_ visitor: inout V) {
    switch content {
    case .model(var model):
      content = .none
      Tensors.visitLeaves(of: &model, &visitor)
      content = .model(model)
    case .function(var function): Tensors.visitLeaves(of: &function, &visitor)
    case .none: break
    }
  }
}

extension Layer {
  /// The same with a remark if its parameters look wrong.
  var remarkedCode: String {
    if case .model(let model) = content { return remarked(model) }
    return code
  }

  /// What it holds, as it is written.
  public var code: String {
    switch content {
    case .model(let model): return model.code
    case .function(let function): return function.code
    case .none: return ""
    }
  }
}

/// A model that is made of parts.
protocol Combinator {
  var parts: [Layer] { get }
}
extension Chain: Combinator { var parts: [Layer] { layers } }
extension Parallel: Combinator { var parts: [Layer] { layers } }
extension Branch: Combinator { var parts: [Layer] { layers } }
extension Maxout: Combinator { var parts: [Layer] { layers } }
extension Repeat: Combinator { var parts: [Layer] { layers } }
extension SkipConnection: Combinator { var parts: [Layer] { chain.layers } }
extension Residual: Combinator { var parts: [Layer] { chain.layers } }

/// A plain function as a part.
private struct Function: Model {
  let body: @Sendable (Tensor) -> Tensor
  func callAsFunction(_ x: Tensor) -> Tensor { body(x) }
  var code: String { functionName(body) ?? "{ x in … }" }
  mutating func visit<V: ModelVisitor>(_ visitor: inout V) {}
}

/// A kernel as a layer: `let mish = Elementwise { x in x * tanh(log1p(exp(x))) }` may stand in a chain.
///
/// Its parameters are trained under their names: `layers.1.slope`.
extension Elementwise: Model {
  /// Its parameters.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    for i in parameterNames.indices { visitor.parameter(&parameterValues[i], .property(parameterNames[i])) }
  }
  /// As it is written: `Elementwise { x in x * tanh(log1p(exp(x))) }`.
  public var code: String { source }
}
