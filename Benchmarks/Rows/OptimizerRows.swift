import Fluxion

/// One step of each optimizer over a parameter of 1M float32, and what chains do to a gradient of that size.
func optimizerRows() -> [Row] {
  let n = 1 << 20
  /// `passes` counts arrays read and written: the gradient is read, parameter and state are read and written.
  func row(_ name: String, passes: Int, _ optimizer: some Optimizer) -> Row {
    .timed("optimizer/\(name)/1M", .floats(passes * n), limit: "copy/1M") {
      var (model, optimizer) = (Single(weight: .normal([n])), optimizer)
      let gradient = Single(weight: .normal([n]))
      return { optimizer.update(&model, along: gradient) }
    }
  }
  return [
    row("sgd", passes: 3, SGD(learningRate: 1e-6)),
    row("sgd-momentum", passes: 5, SGD(learningRate: 1e-6, momentum: 0.9)),
    row("adam", passes: 7, Adam(learningRate: 1e-6)),
    row("adamw", passes: 7, AdamW(learningRate: 1e-6)),
    row("amsgrad", passes: 9, Adam(learningRate: 1e-6, amsgrad: true)),
    row("nadam", passes: 7, NAdam(learningRate: 1e-6)),
    row("radam", passes: 7, RAdam(learningRate: 1e-6)),
    row("adamax", passes: 7, Adamax(learningRate: 1e-6)),
    row("rmsprop", passes: 5, RMSProp(learningRate: 1e-6)),
    row("adagrad", passes: 5, Adagrad(learningRate: 1e-6)),
    row("adadelta", passes: 7, Adadelta(learningRate: 1e-6)),
    row("lion", passes: 5, Lion(learningRate: 1e-6)),
    row("lamb", passes: 10, LAMB(learningRate: 1e-6)),
    row(
      "clip-adamw", passes: 10,
      OptimizerChain {
        ClipNorm(1); AdamW(learningRate: 1e-6)
      }),
  ]
}

/// One parameter.
private struct Single: Model {
  var weight: Tensor
  func callAsFunction(_ x: Tensor) -> Tensor { x * weight }
}
