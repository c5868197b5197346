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
public struct Chain: Placed, SequenceModel {
  /// The parts in order.
  public var layers: [Layer]
  /// Where in a model it stands.
  public var place = Place()

  /// A chain of the parts that `content` lists.
  public init(@ChainBuilder _ content: () -> [Layer]) { layers = content() }

  /// A chain whose parts learn their numbers of inputs from the shape of one sample (without the batch axis).
  ///
  ///     let model = try Chain(input: [784]) { Dense(128, activation: relu); Dense(10) }
  ///
  /// Throws the mistake, with the part it is in, where the parts do not fit.
  public init(input shape: Shape, _ dtype: DType = .float32, @ChainBuilder _ content: () -> [Layer]) throws(TensorError) {
    layers = content()
    try adapt(toInput: Shape([2] + Array(shape)), dtype)
  }

  /// A chain of given parts.
  public init(_ layers: [Layer]) { self.layers = layers }

  /// Each part on what the one before it gave.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { (chain: inout Self) in
      var x = x
      for i in chain.layers.indices {
        x = withPart("layers", i, of: chain.layers[i].modelType) { chain.layers[i](x) }
      }
      return x
    }
  }

  /// Each part over the whole sequence, one after the other.
  public mutating func overTime(_ x: Tensor, lengths: [Int]?) -> Tensor {
    placed(on: x) { (chain: inout Self) in
      var x = x
      for i in chain.layers.indices {
        x = withPart("layers", i, of: chain.layers[i].modelType) { chain.layers[i].overTime(x, lengths: lengths) }
      }
      return x
    }
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

extension Chain {
  /// As it is written.
  public var code: String { block("Chain", of: layers) }
}
