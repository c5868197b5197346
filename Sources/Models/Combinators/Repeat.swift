import Tensors

/// The same parts several times, one after the other: each time with parameters of its own, or always with the same.
///
///     Repeat(4) { Residual { Dense(64, 64, activation: gelu) } }              // layers.0 … layers.3
///     Repeat(4, sharing: true) { Dense(64, 64, activation: tanh) }            // one layer, run four times
///
/// Parameters are called `layers.0.weight`, …; shared ones are called as in the one chain that is run.
public struct Repeat: Placed, SequenceModel {
  /// How often the parts run.
  public let count: Int
  /// Whether all runs are of one model.
  public let isSharing: Bool
  /// The models in order; one if it is shared.
  public var layers: [Layer]
  /// Where in a model it stands.
  public var place = Place()

  /// `count` times the parts that `content` lists, which is called for each anew unless they are shared.
  public init(_ count: Int, sharing: Bool = false, @ChainBuilder _ content: () -> [Layer]) {
    self.count = partCount(count, "times", atLeast: 0, "Repeat")
    isSharing = sharing
    layers = (0..<(sharing ? 1 : self.count)).map { _ in only(content()) }
  }

  /// The parts, again and again, each time on what they gave before.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { (repeated: inout Self) in repeated.run(x) { layer, x in layer(x) } }
  }

  /// The same over whole sequences; a shared model runs step by step, as its states pass from one run to the next.
  public mutating func overTime(_ x: Tensor, lengths: [Int]?) -> Tensor {
    if isSharing { return runStepByStep(&self, x, lengths: lengths) }
    return placed(on: x) { (repeated: inout Self) in repeated.run(x) { layer, x in layer.overTime(x, lengths: lengths) } }
  }

  private mutating func run(_ x: Tensor, _ body: (inout Layer, Tensor) -> Tensor) -> Tensor {
    var x = x
    for i in 0..<count {
      let i = isSharing ? 0 : i
      x = withPart("layers", i, of: layers[i].modelType) { body(&layers[i], x) }
    }
    return x
  }

  /// Its parts, under `layers`, or the shared one's own.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    if isSharing { return visitor.content(&layers[0]) }
    visitor.enter("layers")
    for i in layers.indices { visitor.part(&layers[i], .position(i)) }
    visitor.leave()
  }

  /// As it is written.
  public var code: String { block("Repeat(\(count)\(isSharing ? ", sharing: true" : ""))", of: Array(layers.prefix(1))) }
}
