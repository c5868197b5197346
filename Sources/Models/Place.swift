import Tensors

/// Where in a model a layer stands, known while a run on shapes alone goes through the model.
public struct Place: Sendable, Hashable {
  var label: Int32 = 0

  /// A place that is not known yet.
  public init() {}
}

/// A layer that holds its place: errors name it, and summaries have a row for it, wherever it stands in a struct of one's own.
///
///     public struct Scale: Placed {
///       public var factor: Tensor
///       public var place = Place()
///       public func callAsFunction(_ x: Tensor) -> Tensor { placed(on: x) { layer in x * layer.factor } }
///     }
///
/// All of the library's layers are. A layer without a place is found by its parameters, or by the chain it stands in.
public protocol Placed: Model {
  /// Where it stands.
  var place: Place { get set }
}

/// A layer that can wait for the shape of its input: `Dense(128)` in a `Chain(input:)`.
///
/// What its call does with its parameters goes through ``Placed/placed(on:_:)``, whose closure is given a completed copy while the sizes
/// are found out.
public protocol InputAdapting {
  /// Whether its sizes are open still.
  var isWaiting: Bool { get }
  /// Completes the layer for inputs of a shape, batch axis included; one that is complete already stays as it is.
  mutating func adapt(to shape: Shape)
}

extension Placed {
  /// Runs `body` as this part of the model it stands in.
  @inline(__always)
  public func placed<R>(on x: Tensor, _ body: (Self) -> R) -> R {
    if !isLabelled { return body(self) }
    return entering(Int(place.label), of: Self.self, input: x.shape) { body(self) }
  }

  /// Runs `body`, which changes the layer's state, as this part of the model it stands in.
  @inline(__always)
  public mutating func placed<R>(on x: Tensor, _ body: (inout Self) -> R) -> R {
    if !isLabelled { return body(&self) }
    return entering(Int(place.label), of: Self.self, input: x.shape) { body(&self) }
  }
}

extension Placed where Self: InputAdapting {
  /// Runs `body` as this part of the model it stands in, on a completed copy while open sizes are found out.
  @inline(__always)
  public func placed<R>(on x: Tensor, _ body: (Self) -> R) -> R {
    if !isLabelled && !isWaiting { return body(self) }
    return entering(Int(place.label), of: Self.self, input: x.shape) { body(completed(for: x.shape)) }
  }

  /// Runs `body`, which changes the layer's state, as this part of the model it stands in; on a completed copy while open sizes are found
  /// out.
  @inline(__always)
  public mutating func placed<R>(on x: Tensor, _ body: (inout Self) -> R) -> R {
    if !isLabelled && !isWaiting { return body(&self) }
    return entering(Int(place.label), of: Self.self, input: x.shape) {
      var layer = completed(for: x.shape)
      let result = body(&layer)
      if !isWaiting { self = layer }
      return result
    }
  }

  private func completed(for shape: Shape) -> Self {
    guard isWaiting else { return self }
    guard let labels = partLabels, labels.completes else {
      fail(TensorError(name(of: Self.self), "a size that follows from the input is open; give it, or make the chain Chain(input:)"))
      return self
    }
    var layer = self
    layer.adapt(to: shape)
    return layer
  }
}

extension Model {
  /// Completes the layers whose sizes were left out, by a run on shapes alone for an input of a shape (batch axis included).
  ///
  ///     var model = Digits()                  // a struct with parts such as Dense(128)
  ///     try model.adapt(toInput: [1, 784])
  ///
  /// Throws the mistake, with the part it is in, where parts do not fit; the model is then what it was before.
  public mutating func adapt(toInput shape: Shape, _ dtype: DType = .float32) throws(TensorError) where Input == Tensor, Output == Tensor {
    var copy = self
    let labels = PartLabels()
    labels.completes = true
    try copy.runOnShapes(through: labels) { model in _ = model(.outline(shape, dtype)) }
    var complete = Complete(inputs: labels.inputs)
    copy = self
    // The same labels as before, since the same model has the same parts.
    complete.content(&copy)
    self = copy
  }

  /// Labels the parts of a copy and runs `body` on it, on shapes alone and in inference mode.
  func runOnShapes<R>(through labels: PartLabels, mode: Mode = .inference, _ body: (inout Self) -> R) throws(TensorError) -> R {
    try throwingMistakes {
      var copy = self
      var label = Label(labels: labels)
      label.whole(&copy)
      return dryRun(through: labels) {
        withMode(mode) {
          if Self.self is any Placed.Type { return body(&copy) }
          return entering(1, of: Self.self, input: nil) { body(&copy) }
        }
      }
    }
  }

  /// The part where a mistake happens that happens again in a run on shapes alone; empty if none does.
  func location<R>(of error: TensorError, _ body: (inout Self) -> R) -> String {
    do throws(TensorError) {
      _ = try runOnShapes(through: PartLabels()) { body(&$0) }
      return ""
    } catch {
      return error.location
    }
  }
}

extension Model {
  /// A copy whose parts and parameters have labels: what runs in it with these labels in force tells where.
  package func labelled(_ labels: PartLabels) -> Self {
    var copy = self
    var label = Label(labels: labels)
    label.whole(&copy)
    return copy
  }

  /// Runs a copy that has been labelled, as the part of the model's own label where it has no place itself.
  package mutating func callLabelled(_ input: Input) -> Output {
    if Self.self is any Placed.Type { return self(input) }
    return entering(1, of: Self.self, input: nil) { self(input) }
  }
}

/// Labels parts, and their parameters by the part that holds them.
private struct Label: ModelVisitor {
  let labels: PartLabels
  var path = PartPath()
  var current = 0

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
    labels.runs[current].parameters = labels.runs[current].parameters.saturatingPlus(tensor.elementCount)
    if tensor.isFrozen { labels.runs[current].frozen = labels.runs[current].frozen.saturatingPlus(tensor.elementCount) }
    tensor = tensor.labelled(current)
  }

  /// The model, or the part that was entered, under a label of its own.
  mutating func whole<M: Model>(_ model: inout M) {
    let outer = current
    current = labels.add(path.text, M.self)
    labels.runs[current].parent = outer
    content(&model)
    current = outer
  }

  mutating func part<M: Model>(_ model: inout M, _ name: PartName) {
    path.enter(name)
    whole(&model)
    path.leave()
  }

  mutating func content<M: Model>(_ model: inout M) {
    // What stands in a wrapper without a name is the part of that name.
    labels.types[current] = M.self
    if M.self is any Placed.Type { place(&model) }
    model.visit(&self)
  }

  private func place<M: Model>(_ model: inout M) {
    func set<P: Placed>(_ placed: inout P) { placed.place.label = Int32(current) }
    guard var placed = model as? any Placed else { return }
    set(&placed)
    model = placed as! M
  }

  mutating func enter(_ name: PartName) { path.enter(name) }
  mutating func leave() { path.leave() }
}

/// Completes the layers that wait, numbered as ``Label`` numbers them.
private struct Complete: ModelVisitor {
  let inputs: [Int: Shape]
  var last = 1
  var current = 1

  mutating func part<M: Model>(_ model: inout M, _ name: PartName) {
    let outer = current
    last += 1
    current = last
    content(&model)
    current = outer
  }

  mutating func content<M: Model>(_ model: inout M) {
    if M.self is any InputAdapting.Type, let shape = inputs[current], var layer = model as? any InputAdapting, layer.isWaiting {
      layer.adapt(to: shape)
      model = layer as! M
    }
    model.visit(&self)
  }
}
