// What does not compile, with what the compiler then says. CompileErrorTests reads each block: its first line is a part of the message, and
// `none` says that the block compiles. Not a part of any target.
import Fluxion

// expect: a comparison of tensors is a mask: x .> y
func branches(_ x: Tensor) -> Int { if x > 0 { 1 } else { 2 } }

// expect: a comparison of tensors is a mask: x .<= y
func compares(_ x: Tensor, _ y: Tensor) -> Bool { x <= y }

// expect: a comparison of tensors is a mask: x .== y
func equals(_ x: Tensor, _ y: Tensor) -> Bool { x == y }

// expect: cannot convert value of type 'Tensor' to expected condition type 'Bool'
func branchesOnAMask(_ x: Tensor) -> Int { if x .> 0 { 1 } else { 2 } }

// expect: has been renamed to 'maximum'
func larger(_ x: Tensor) -> Tensor { max(x, 0) }

// expect: x .> y gives a mask, and select(mask, a, b) chooses by it
func branchesOnASymbol() -> Elementwise { Elementwise { x in x > 0 ? x : -x } }

// expect: a method of tensors: x.softmax(axis: -1); as a chain's part or an activation { $0.softmax(axis: -1) }
func softmaxInAChain() -> Chain {
  Chain {
    Dense(2, 3); softmax
  }
}

// expect: a method of tensors: x.softmax(axis: -1); as a chain's part or an activation { $0.softmax(axis: -1) }
func softmaxAsActivation() -> Dense { Dense(2, 3, activation: softmax) }

// expect: a Layer holds any model: chain.layers[0].as(Dense.self)?.weight
func readsAWeight(_ model: Chain) -> Tensor { model.layers[0].weight }

// expect: a model is called: model(x), by its func callAsFunction
func callsForward(_ model: inout Dense, _ x: Tensor) -> Tensor { model.forward(x) }

// expect: type 'HasForward' does not conform to protocol 'Model'
struct HasForward: Model {
  var body = Dense(2, 3)
  func forward(_ x: Tensor) -> Tensor { body(x) }
}

// expect: with one input; several inputs are a tuple or struct: (_ x: (Tensor, Tensor))
struct OfTwoInputs: Model {
  var body = Dense(2, 3)
  func callAsFunction(_ x: Tensor, _ y: Tensor) -> Tensor { body(x) + y }
}

// expect: with one input; several inputs are a tuple or struct: (_ x: (Tensor, Tensor))
struct WithAMask: Model {
  var body = Dense(2, 3)
  mutating func callAsFunction(_ x: Tensor, mask: Tensor) -> Tensor { body(x) * mask }
}

// expect: none
struct OfATuple: Model {
  var body = Dense(2, 3)
  func callAsFunction(_ x: (Tensor, Tensor)) -> Tensor { body(x.0) + x.1 }
}

// expect: a closure after a layer of a chain needs a semicolon before it
func closureAfterALayer() -> Chain {
  Chain {
    Dropout(0.5) { x in x * 2 }
  }
}

// expect: none
func numbersFromVariables(_ n: Int, _ d: Int) -> Chain {
  Chain {
    Conv2D(3, 8, kernel: n, stride: n, padding: .same, dilation: d)
    Conv2D(8, kernel: [3, n], padding: n / 2)
    Conv2D(8, kernel: 3, padding: .before([1, 0], after: 0))
    MaxPool2D(n, stride: n)
    AdaptiveMeanPool([n, 1])
  }
}

// expect: none
func activationsByName() -> Chain {
  Chain {
    Dense(4, activation: leakyRelu)
    Dense(4, activation: elu)
    Dense(4, activation: gelu)
    elu; celu; glu; hardTanh; hardShrink; softShrink; softplus; leakyRelu
  }
}

// expect: none
func functionsOfNumbersAndTensors(_ x: [Double]) -> Tensor { Tensor(x.map(sin)) + sin(Tensor(x)) }
