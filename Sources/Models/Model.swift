import Autodiff
import Tensors

/// A function with state, built by ordinary composition: a layer, a chain of layers, a struct of one's own.
///
///     struct Perceptron: Model {
///       var layer: Dense
///       func callAsFunction(_ x: Tensor) -> Tensor { sigmoid(layer(x)) }
///     }
///
/// Conforming is all there is to do. The stored `var`s that are tensors are its parameters, those that are models are its parts, also in
/// optionals, arrays, dictionaries (in the order of their keys' descriptions), tuples and structs. A layer or a floating-point tensor where
/// it is not found (in a `let`, a class, an enum) is a mistake at first use; ``Constant`` marks one that is not to be trained. A model is a
/// value: a copy is independent. What a run changes (hidden values, dropout's random stream) is stored in it; a model without such state
/// declares the call non-mutating.
public protocol Model<Input, Output>: Sendable, CustomStringConvertible {
  /// What it is called with; mostly `Tensor`.
  associatedtype Input
  /// What it gives; mostly `Tensor`.
  associatedtype Output

  /// Runs the model; PyTorch's `forward`.
  mutating func callAsFunction(_ input: Input) -> Output

  /// Answers in inference mode, and stays as it is. There for all models; a wrapper may have a faster way.
  func predict(_ input: Input) -> Output

  /// Shows its parameters, parts and state to a visitor, in order. Found by reflection; a type may write it by hand instead.
  mutating func visit<V: ModelVisitor>(_ visitor: inout V)

  /// As it is written in Swift: `Dense(784, 128, activation: relu)`. For a struct of one's own, its properties by name unless told.
  var code: String { get }
}

/// What walks through a model's parameters and state.
public protocol ModelVisitor {
  /// A parameter; assigning changes the model.
  mutating func parameter(_ tensor: inout Tensor, _ name: PartName)
  /// State that a run leaves behind.
  mutating func value<S: ModelState>(of state: inout S, _ name: PartName)
  /// A stream of random numbers, such as a dropout's; what a run draws moves it on.
  mutating func stream(_ random: inout RandomStream, _ name: PartName)
  /// A part under its name; unless told otherwise it is entered, visited and left.
  mutating func part<M: Model>(_ model: inout M, _ name: PartName)
  /// What a wrapper without a name of its own holds, which is visited in its place.
  mutating func content<M: Model>(_ model: inout M)
  /// What follows belongs to a part or a list of parts, until ``leave()``.
  mutating func enter(_ name: PartName)
  /// It ends.
  mutating func leave()
}

extension ModelVisitor {
  /// Leaves parameters as they are.
  public mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {}
  /// Leaves state as it is.
  public mutating func value<S: ModelState>(of state: inout S, _ name: PartName) {}
  /// Leaves streams as they are.
  public mutating func stream(_ random: inout RandomStream, _ name: PartName) {}
  /// Takes no notice.
  public mutating func enter(_ name: PartName) {}
  /// Takes no notice.
  public mutating func leave() {}

  /// Shows a state, and its first value as a parameter if that is trained.
  public mutating func state<S: ModelState>(_ state: inout S, _ name: PartName) {
    value(of: &state, name)
    if state.isFirstTrained { parameter(&state.first, .property("initial_\(name)")) }
  }

  /// Visits what is in the wrapper.
  public mutating func content<M: Model>(_ model: inout M) { model.visit(&self) }

  /// A part under its name.
  public mutating func part<M: Model>(_ model: inout M, _ name: PartName) {
    enter(name)
    content(&model)
    leave()
  }
}

/// The name of a parameter or part: a property's, or a position.
public enum PartName: Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
  case property(String)
  case position(Int)

  /// A property's name.
  public init(stringLiteral value: String) { self = .property(value) }

  /// As it stands in a parameter's name.
  public var description: String {
    switch self {
    case .property(let name): name
    case .position(let index): String(index)
    }
  }
}

// MARK: - Using a model

extension Model {
  /// Its parameters by name, as PyTorch writes them: `layers.0.weight`.
  ///
  /// For a gradient, which has its model's shape, the gradients by name.
  public var parameters: [(name: String, value: Tensor)] {
    var copy = self
    var visitor = ParameterList()
    copy.visit(&visitor)
    return visitor.list
  }

  /// The parameter of a name, if there is one.
  public subscript(parameter name: String) -> Tensor? { parameters.first { $0.name == name }?.value }

  /// How many numbers its parameters have, frozen ones included.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.value.elementCount } }

  /// The answer to an input, in inference mode; the model, hidden values included, stays as it is.
  public func predict(_ input: Input) -> Output {
    var copy = self
    return withMode(.inference) {
      locating(by: { error in location(of: error) { model in model(input) } }, { copy(input) })
    }
  }

  /// The answer to an input, in inference mode, of which the model keeps what a run leaves: hidden values go on where they are.
  ///
  ///     var generator = model.incremental()
  ///     generator.reset()
  ///     for id in prompt { logits = generator.predictAndAdvance(id) }
  ///
  /// For streaming and generation: the next call continues the sequence, ``reset()`` begins another one. ``predict(_:)`` leaves the model as it is. The same
  /// as `withMode(.inference) { model(input) }`.
  public mutating func predictAndAdvance(_ input: Input) -> Output { withMode(.inference) { self(input) } }

  /// The answer to an input from outside, in inference mode; a number in input or answer that is NaN or infinite is a mistake.
  ///
  ///     let answer = try checked { model.predict(x, requiresFinite: true) }      // a server throws the sentence, and goes on
  ///
  /// Tensors are found in tuples, structs and arrays too.
  public func predict(_ input: Input, requiresFinite: Bool) -> Output {
    if requiresFinite { requireFinite(input, "the input") }
    let output = predict(input)
    if requiresFinite { requireFinite(output, "the answer") }
    return output
  }

  /// Gives hidden values their first value again.
  public mutating func reset() {
    var visitor = Reset()
    visit(&visitor)
  }

  /// Changes every parameter; one that is frozen stays so.
  public mutating func updateParameters(_ body: (_ name: String, _ value: inout Tensor) -> Void) {
    withoutActuallyEscaping(body) { body in
      var visitor = ParameterUpdate(body: body)
      visit(&visitor)
    }
  }
}

extension Model where Input == Tensor, Output == Tensor {
  /// The shape of the answer to an input of a shape, by a run on shapes alone; throws the mistake where the parts do not fit.
  ///
  /// The run is the real one, in inference mode, on a copy: nothing is computed and nothing changes.
  public func outputShape(for shape: Shape, _ dtype: DType = .float32) throws(TensorError) -> Shape {
    try runOnShapes(through: PartLabels()) { model in model(Tensor.outline(shape, dtype)).shape }
  }
}

private struct ParameterList: ModelVisitor {
  var list: [(name: String, value: Tensor)] = []
  var path = PartPath()

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) { list.append((path.name(of: name), tensor)) }
  mutating func enter(_ name: PartName) { path.enter(name) }
  mutating func leave() { path.leave() }
}

private struct ParameterUpdate: ModelVisitor {
  let body: (String, inout Tensor) -> Void
  var path = PartPath()

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
    let isFrozen = tensor.isFrozen
    body(path.name(of: name), &tensor)
    tensor.isFrozen = isFrozen
  }
  mutating func enter(_ name: PartName) { path.enter(name) }
  mutating func leave() { path.leave() }
}

private struct Reset: ModelVisitor {
  mutating func value<S: ModelState>(of state: inout S, _ name: PartName) { state.reset() }
}

/// Whatever tensors a value has are finite; a mistake if not.
private func requireFinite(_ value: Any, _ what: String) {
  if hasFailed { return }
  guard let x = value as? Tensor else {
    for child in Mirror(reflecting: value).children { requireFinite(child.value, what) }
    return
  }
  if x.isAllFinite { return }
  let numbers = x.detached.cast(to: .float64).reshaped([-1]).scalars(Double.self)
  guard let i = numbers.firstIndex(where: { !$0.isFinite }) else { return }
  var (rest, position) = (i, [Int]())
  for size in x.shape.reversed() {
    position.insert(rest % size, at: 0)
    rest /= size
  }
  fail(TensorError("predict", "\(what) is \(numbers[i]) at \(position); finite numbers would fit"))
}
