import Fluxion
import Testing

/// A layer that the laws must hold for: how it is made, and what it is given.
struct LayerRow: Sendable, CustomTestStringConvertible {
  let name: String
  let input: Shape
  /// float32, float64, or int64 for ids below `idLimit`.
  var dtype = DType.float32
  var idLimit = 5
  let make: @Sendable () -> any Model<Tensor, Tensor>
  /// The same with sizes left out.
  var waiting: (@Sendable () -> any Model<Tensor, Tensor>)?
  /// How it is written: its description.
  var description: String?
  /// Whether a training run gives what an inference run gives.
  var isSameInTraining = true
  /// Whether a batch's answers are those of its examples one by one, in inference.
  var isBatchwise = true
  /// Whether its gradients are compared with central differences; false for kinks everywhere.
  var isSmooth = true

  var testDescription: String { name }

  /// The layer, from a seed.
  func layer() -> any Model<Tensor, Tensor> { withSeed(3) { make() } }

  /// What it is given, from a seed.
  func sample(_ seed: UInt64 = 4) -> Tensor {
    withSeed(seed) {
      if dtype == .int64 { return (Tensor.uniform(input) * Double(idLimit)).cast(to: .int64) }
      return Tensor.normal(input, dtype)
    }
  }
}

/// The layers, family by family.
let layerList: [LayerRow] = basicLayers() + imageLayerRows() + attentionLayers() + recurrentLayers()

private func basicLayers() -> [LayerRow] {
  [
    LayerRow(
      name: "Dense", input: [3, 4], make: { Dense(4, 5, activation: tanh) }, waiting: { Dense(5, activation: tanh) }),
    LayerRow(
      name: "Dense without bias", input: [2, 3, 4], make: { Dense(4, 5, hasBias: false) }, description: "Dense(4, 5, hasBias: false)"),
    LayerRow(name: "Perceptron", input: [3, 4], make: { Perceptron(4, 2) }),
    LayerRow(
      name: "Dropout", input: [3, 40], make: { Dropout(0.5) }, description: "Dropout(0.5)", isSameInTraining: false),
    LayerRow(name: "SimpleRecurrent", input: [3, 4], make: { SimpleRecurrent(4, 5) }),
    LayerRow(name: "ComposedRecurrent", input: [3, 4], make: { ComposedRecurrent(Dense(9, 5), outputs: 5) }),
    LayerRow(name: "Unrolled", input: [3, 2, 4], make: { SimpleRecurrent(4, 5).unrolled() }),
    LayerRow(name: "Unrolled, last", input: [3, 2, 4], make: { SimpleRecurrent(4, 5).unrolled(steps: 2, outputs: .last) }),
    LayerRow(
      name: "Chain", input: [3, 4],
      make: {
        Chain {
          Dense(4, 5, activation: tanh); Dense(5, 2)
        }
      },
      waiting: {
        Chain {
          Dense(5, activation: tanh); Dense(2)
        }
      }),
  ]
}
