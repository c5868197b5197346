import Fluxion

/// A model of one's own: a struct whose stored tensors and models are its parameters and parts.
struct TwoLayers: Model {
  var hidden: Dense
  var output: Tensor

  init(_ width: Int) {
    hidden = Dense(2, width, activation: tanh)
    output = Initializer.glorotUniform()([width, 1])
  }

  func callAsFunction(_ x: Tensor) -> Tensor { hidden(x) • output }
}

/// Trains xor with a model and a closure layer of its own until every answer is right, and prints the gradients by name.
@main
struct Consumer {
  static func main() throws {
    let x: Tensor = [[0, 0], [0, 1], [1, 0], [1, 1]]
    let y: Tensor = [[0], [1], [1], [0]]
    var model = withSeed(1) {
      Chain {
        TwoLayers(8); { x in x * 2 }
      }
    }
    var optimizer = Adam(learningRate: 0.05)
    for _ in 0..<300 {
      let (_, gradient) = valueAndGradient(at: &model) { model in mse(model(x), y) }
      optimizer.update(&model, along: gradient)
    }
    let gradient = gradient(at: &model) { model in mse(model(x), y) }
    for (name, value) in gradient.parameters { print(name, value.shape, "largest gradient", abs(value).max()) }

    let wrong = ((model.predict(x) .> 0.5) .!= (y .> 0.5)).sum().item(as: Int.self)
    print("xor: \(wrong) of 4 answers wrong, loss \(mse(model.predict(x), y))")
    if wrong > 0 { throw Failure.wrongAnswers(wrong) }

    // `import Fluxion` alone has the functions of numbers beside those of tensors.
    let angles = [0.1, 0.2, 0.3]
    let sines = Tensor(angles.map(sin))
    let waves = (0..<3).map { 2 * sin(0.1 * Double($0 + 1)) / 2 }
    if !sines.isClose(to: Tensor(waves)) || !sines.isClose(to: sin(Tensor(angles))) { throw Failure.wrongSines }
  }

  enum Failure: Error {
    case wrongAnswers(Int)
    case wrongSines
  }
}
