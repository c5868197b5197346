import Tensors

/// What models side by side share: running each, under `layers.i`.
protocol Branching: Placed {
  var layers: [Layer] { get set }
}

extension Branching {
  /// Each branch's answer to its own input.
  mutating func run(_ inputs: [Tensor]) -> [Tensor] {
    layers.indices.map { i in
      withPart("layers", i, of: layers[i].modelType) { layers[i](inputs[i]) }
    }
  }

  /// Its branches, under `layers`.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    visitor.enter("layers")
    for i in layers.indices { visitor.part(&layers[i], .position(i)) }
    visitor.leave()
  }

  /// Whether there is a branch to run.
  func hasBranches(_ name: String) -> Bool {
    if layers.isEmpty { fail(TensorError(name, "no branches; one or more would fit")) }
    return !layers.isEmpty
  }
}

/// Models side by side on one input, or each on its own, their answers joined.
///
///     var inception = Parallel(join: .concatenation(axis: 1)) {
///       Conv2D(16, 8, kernel: 1)
///       Conv2D(16, 8, kernel: 3, padding: .same)
///     }
///     let y = inception(x)
///     let z = inception([a, b])            // as many inputs as branches
///
/// Parameters are called `layers.0.weight`, as a chain's are. Flux: `Parallel`.
public struct Parallel: Branching, SequenceModel {
  /// The branches in order.
  public var layers: [Layer]
  /// How their answers become one.
  public let join: Join
  /// Where in a model it stands.
  public var place = Place()

  /// The branches that `content` lists.
  public init(join: Join, @ChainBuilder _ content: () -> [Layer]) {
    layers = content()
    self.join = join
  }

  /// Every branch on the same input.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { (parallel: inout Self) in
      guard parallel.hasBranches("Parallel") else { return x }
      return parallel.join(parallel.run(parallel.layers.map { _ in x }))
    }
  }

  /// Each branch on an input of its own.
  public mutating func callAsFunction(_ x: [Tensor]) -> Tensor {
    guard hasBranches("Parallel") else { return x.first ?? .zeros([]) }
    guard x.count == layers.count else {
      fail(TensorError("Parallel", "\(x.count) inputs for \(layers.count) branches; one input, or \(layers.count), would fit"))
      return .zeros([])
    }
    return placed(on: x[0]) { (parallel: inout Self) in parallel.join(parallel.run(x)) }
  }

  /// Every branch over the whole sequence.
  public mutating func overTime(_ x: Tensor, lengths: [Int]?) -> Tensor {
    if !join.isPerStep { return runStepByStep(&self, x, lengths: lengths) }
    return placed(on: x) { (parallel: inout Self) in
      guard parallel.hasBranches("Parallel") else { return x }
      let answers = parallel.layers.indices.map { i in
        withPart("layers", i, of: parallel.layers[i].modelType) { parallel.layers[i].overTime(x, lengths: lengths) }
      }
      return parallel.join(answers)
    }
  }

  /// As it is written.
  public var code: String { block("Parallel(join: \(join.code))", of: layers) }
}

/// Models side by side on one input, each giving an answer of its own.
///
///     var heads = Branch { Dense(64, 10); Dense(64, 4) }
///     let answers = heads(x)               // two tensors
///
/// Parameters are called `layers.0.weight`. A ``Parallel`` without the join.
public struct Branch: Branching {
  /// The branches in order.
  public var layers: [Layer]
  /// Where in a model it stands.
  public var place = Place()

  /// The branches that `content` lists.
  public init(@ChainBuilder _ content: () -> [Layer]) { layers = content() }

  /// Every branch's answer.
  public mutating func callAsFunction(_ x: Tensor) -> [Tensor] {
    placed(on: x) { (branch: inout Self) in branch.run(branch.layers.map { _ in x }) }
  }

  /// The shapes of the answers to an input of a shape; see ``Model/outputShape(for:_:)``.
  public func outputShapes(for shape: Shape, _ dtype: DType = .float32) throws(TensorError) -> [Shape] {
    try runOnShapes(through: PartLabels()) { model in model(Tensor.outline(shape, dtype)).map(\.shape) }
  }

  /// As it is written.
  public var code: String { block("Branch", of: layers) }
}

/// The largest of several models' answers, element by element: a learned activation (Goodfellow and others 2013).
///
///     Maxout(3) { Dense(64, 32) }
///
/// Parameters are called `layers.0.weight`. Flux: `Maxout`.
public struct Maxout: Branching {
  /// The models in order.
  public var layers: [Layer]
  /// Where in a model it stands.
  public var place = Place()

  /// `count` chains, each made by a call of `content` and so with parameters of its own.
  public init(_ count: Int, @ChainBuilder _ content: () -> [Layer]) {
    layers = (0..<partCount(count, "models", atLeast: 1, "Maxout")).map { _ in only(content()) }
  }

  /// The largest answer at every element.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { (maxout: inout Self) in Join.maximum(maxout.run(maxout.layers.map { _ in x })) }
  }

  /// As it is written.
  public var code: String { block("Maxout(\(layers.count))", of: [layers[0]]) }
}

/// The part that stands alone, or a chain of the parts.
func only(_ parts: [Layer]) -> Layer { parts.count == 1 ? parts[0] : Layer(Chain(parts)) }
