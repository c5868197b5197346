import Tensors

// What does not compile, and what the compiler then says.

extension Model {
  /// Not the name: a model is called, `model(x)`, by its `callAsFunction`.
  @available(
    *, unavailable, renamed: "callAsFunction", message: "a model is called: model(x), by its func callAsFunction(_ x: Tensor) -> Tensor"
  )
  public func forward(_ input: Input) -> Output { fatalError() }
}

extension Model where Input == Tensor, Output == Tensor {
  /// Not a layer with a closure: in a chain Swift takes a closure on the next line for an argument of the layer before it.
  @available(*, unavailable, message: "a closure after a layer of a chain needs a semicolon before it: Dense(2, 3); { x in … }")
  public func callAsFunction(next: (Tensor) -> Tensor) -> Layer { fatalError() }

  /// Not there by itself: what the compiler says of a model that has a function of two arguments, of another name, or none.
  @available(
    *, unavailable,
    message:
      "a model has func callAsFunction(_ x: Tensor) -> Tensor, with one input; several inputs are a tuple or struct: (_ x: (Tensor, Tensor))"
  )
  public mutating func callAsFunction(_ input: Tensor) -> Tensor { fatalError() }
}
