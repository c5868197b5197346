import Tensors

/// Models and plain functions one after the other.
///
///     var model = Chain {
///       Dense(784, 128, activation: relu)
///       if useDropout { Dropout(0.2) }
///       for _ in 0..<2 { Dense(128, 128, activation: relu) }
///       { x in x.reshaped([-1, 8, 16]) }
///     }
///     model[0..<2]                 // a chain of the first two parts
///     model.layers[0]              // the first part
public struct Chain: Model {
  /// The parts in order.
  public var layers: [Layer]

  /// A chain of the parts that `content` lists.
  public init(@ChainBuilder _ content: () -> [Layer]) { layers = content() }

  /// A chain whose parts learn their numbers of inputs from the shape of one sample (without the batch axis).
  ///
  ///     let model = try Chain(input: [784]) { Dense(128, activation: relu); Dense(10) }
  ///
  /// Throws the mistake, with the part it is in, where the parts do not fit.
  public init(input shape: Shape, @ChainBuilder _ content: () -> [Layer]) throws(TensorError) {
    let parts = content()
    layers = try throwingMistakes {
      dryRun {
        var x = Tensor.outline(Shape([2] + Array(shape)), .float32)
        return withMode(.inference) {
          parts.enumerated().map { i, layer in
            var layer = layer
            withPart("layers", i, of: layer.modelType) {
              layer.adapt(to: x.shape)
              x = layer.probe(x)
            }
            return layer
          }
        }
      }
    }
  }

  /// A chain of given parts.
  public init(_ layers: [Layer]) { self.layers = layers }

  /// Each part on what the one before it gave.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    var x = x
    for i in layers.indices {
      x = withPart("layers", i, of: layers[i].modelType) { layers[i](x) }
    }
    return x
  }

  /// Its parts, under `layers`.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    visitor.enter("layers")
    for i in layers.indices { visitor.part(&layers[i], .position(i)) }
    visitor.leave()
  }

  /// A chain of some of the parts.
  public subscript(range: Range<Int>) -> Chain {
    guard range.lowerBound >= 0 && range.upperBound <= layers.count else {
      fail(TensorError("Chain", "parts \(range) of a chain of \(layers.count)"))
      return Chain([])
    }
    return Chain(Array(layers[range]))
  }
}

extension Chain: CustomStringConvertible {
  /// Its parts, as they are written.
  public var description: String { "Chain {\n" + layers.map { "  \($0)\n" }.joined() + "}" }
}

/// A part of a chain: a model of any type, or a function.
public struct Layer: Model {
  private enum Content: Sendable {
    case model(any Model<Tensor, Tensor>)
    case function(@Sendable (Tensor) -> Tensor)
  }
  private var content: Content

  /// A model of any type.
  public init(_ model: any Model<Tensor, Tensor>) { content = .model(model) }
  /// A function without parameters.
  public init(_ function: @escaping @Sendable (Tensor) -> Tensor) { content = .function(function) }

  /// The model, if it is one and of this type: `chain.layers[0].as(Dense.self)?.weight`.
  public func `as`<M: Model>(_ type: M.Type) -> M? {
    if case .model(let model) = content { return model as? M }
    return nil
  }

  /// What stands in the chain, for errors and summaries.
  public var modelType: Any.Type {
    switch content {
    case .model(let model): type(of: model)
    case .function: Function.self
    }
  }

  /// Runs the part.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    switch content {
    case .function(let function): return function(x)
    case .model(var model):
      // Taken out while it runs, so that its state changes in place.
      content = .function { $0 }
      defer { content = .model(model) }
      return model(x)
    }
  }

  /// The part's own parameters: the wrapper has no name.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    guard case .model(var model) = content else { return }
    content = .function { $0 }
    model.visit(&visitor)
    content = .model(model)
  }

  /// Tells a part that waits for it the size of its input.
  fileprivate mutating func adapt(to shape: Shape) {
    guard case .model(var model as any InputAdapting & Model<Tensor, Tensor>) = content else { return }
    model.adapt(to: shape)
    content = .model(model)
  }

  /// A run that leaves the part as it is.
  fileprivate func probe(_ x: Tensor) -> Tensor {
    var copy = self
    return copy(x)
  }
}

extension Layer: CustomStringConvertible {
  /// Its parts, as they are written.
  public var description: String {
    if case .model(let model) = content { return "\(model)" }
    return "Function"
  }
}

/// What errors call a plain function in a chain.
private enum Function {}

/// A layer that can wait for the shape of its input: `Dense(128)` in a `Chain(input:)`.
public protocol InputAdapting {
  /// Completes the layer for inputs of a shape, batch axis included; one that is complete already stays as it is.
  mutating func adapt(to shape: Shape)
}

/// Lists the parts of a chain; loops and conditions may stand among them.
@resultBuilder
public enum ChainBuilder {
  /// One part.
  public static func buildExpression<M: Model<Tensor, Tensor>>(_ model: M) -> [Layer] { [Layer(model)] }
  /// One part.
  public static func buildExpression(_ layer: Layer) -> [Layer] { [layer] }
  /// One part.
  public static func buildExpression(_ function: @escaping @Sendable (Tensor) -> Tensor) -> [Layer] { [Layer(function)] }
  /// Parts in a row.
  public static func buildBlock(_ parts: [Layer]...) -> [Layer] { parts.flatMap { $0 } }
  /// The parts of an `if`.
  public static func buildOptional(_ parts: [Layer]?) -> [Layer] { parts ?? [] }
  /// The parts of an `if` that holds.
  public static func buildEither(first parts: [Layer]) -> [Layer] { parts }
  /// The parts of an `else`.
  public static func buildEither(second parts: [Layer]) -> [Layer] { parts }
  /// The parts of a loop.
  public static func buildArray(_ parts: [[Layer]]) -> [Layer] { parts.flatMap { $0 } }
  /// The parts of an availability check.
  public static func buildLimitedAvailability(_ parts: [Layer]) -> [Layer] { parts }
}

/// A kernel as a layer: `let mish = Elementwise { x in x * tanh(log1p(exp(x))) }` may stand in a chain.
extension Elementwise: Model {}
