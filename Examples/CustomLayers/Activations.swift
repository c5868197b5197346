import Fluxion

/// Morlet's wavelet: a closure on numbers is a kernel, and its derivative comes with it.
let wavelet = Elementwise { x in cos(1.75 * x) * exp(-x * x / 2) }

/// An activation written down on the spot.
func trainWavelets() -> Outcome {
  var model = Chain {
    Dense(2, 32)
    wavelet
    Dense(32, 32)
    wavelet
    Dense(32, 2)
  }
  let accuracy = learnSpirals(&model, steps: 400)
  return Outcome(text: "two spirals told apart by wavelets, test accuracy \(fixed(accuracy))", isReached: accuracy >= 0.97)
}

/// x·σ(βx) with a β for each of so many units, which is trained.
func trainedSwish(_ units: Int) -> Elementwise {
  Elementwise(parameters: ["slope": Tensor.ones([units])]) { x, slope in x * sigmoid(slope * x) }
}

/// An activation with parameters: they are numbers of the closure, and parts of the model.
func trainSlopes() -> Outcome {
  var model = Chain {
    Dense(2, 32)
    trainedSwish(32)
    Dense(32, 32)
    trainedSwish(32)
    Dense(32, 2)
  }
  let accuracy = learnSpirals(&model, steps: 600)
  let slopes = concatenate(model.parameters.filter { $0.name.hasSuffix("slope") }.map(\.value), axis: 0)
  let (least, most) = (slopes.min().item(), slopes.max().item())
  return Outcome(
    text: "two spirals told apart, test accuracy \(fixed(accuracy)), slopes from 1 to \(fixed(least, 2)) … \(fixed(most, 2))",
    isReached: accuracy >= 0.97 && most - least > 0.5)
}
