import Fluxion

/// A layer that the laws must hold for: how it is made, and what it is given.
package struct LayerRow: Sendable {
  package let name: String
  package let input: Shape
  /// float32, float64, or int64 for ids below `idLimit`.
  package var dtype = DType.float32
  package var idLimit = 5
  package let make: @Sendable () -> any Model<Tensor, Tensor>
  /// The same with sizes left out.
  package var waiting: (@Sendable () -> any Model<Tensor, Tensor>)?
  /// How it is written: its description.
  package var description: String?
  /// Whether a training run gives what an inference run gives.
  package var isSameInTraining = true
  /// Whether a batch's answers are those of its examples one by one, in inference.
  package var isBatchwise = true
  /// Whether its gradients are compared with central differences; false for kinks everywhere.
  package var isSmooth = true

  package init(
    name: String, input: Shape, dtype: DType = .float32, idLimit: Int = 5, make: @escaping @Sendable () -> any Model<Tensor, Tensor>,
    waiting: (@Sendable () -> any Model<Tensor, Tensor>)? = nil, description: String? = nil, isSameInTraining: Bool = true,
    isBatchwise: Bool = true, isSmooth: Bool = true
  ) {
    (self.name, self.input, self.dtype, self.idLimit) = (name, input, dtype, idLimit)
    (self.make, self.waiting, self.description) = (make, waiting, description)
    (self.isSameInTraining, self.isBatchwise, self.isSmooth) = (isSameInTraining, isBatchwise, isSmooth)
  }

  /// The layer, from a seed.
  package func layer() -> any Model<Tensor, Tensor> { withSeed(3) { make() } }

  /// What it is given, from a seed.
  package func sample(_ seed: UInt64 = 4) -> Tensor {
    withSeed(seed) {
      if dtype == .int64 { return (Tensor.uniform(input) * Double(idLimit)).cast(to: .int64) }
      return Tensor.normal(input, dtype)
    }
  }
}

/// The layers, family by family.
package let layerList: [LayerRow] = basicLayers() + imageLayerRows() + attentionLayers() + recurrentLayers()

private func basicLayers() -> [LayerRow] {
  [
    LayerRow(
      name: "Dense", input: [3, 4], make: { Dense(4, 5, activation: tanh) }, waiting: { Dense(5, activation: tanh) }),
    LayerRow(
      name: "Dense without bias", input: [2, 3, 4], make: { Dense(4, 5, hasBias: false) }, description: "Dense(4, 5, hasBias: false)"),
    LayerRow(
      name: "CustomGradient", input: [3, 4],
      make: {
        CustomGradient { x in
          tanh(x)
        } pullback: { x, y, dy in
          dy * (1 - y * y)
        }
      }, description: "CustomGradient { … }"),
    LayerRow(name: "Perceptron", input: [3, 4], make: { Perceptron(4, 2) }),
    LayerRow(
      name: "Dropout", input: [3, 40], make: { Dropout(0.5) }, description: "Dropout(0.5)", isSameInTraining: false),
    LayerRow(name: "Elementwise", input: [3, 4], make: { Elementwise { x in x * tanh(log1p(exp(x))) } }),
    LayerRow(
      name: "Elementwise with parameters", input: [3, 4],
      make: { Elementwise(parameters: ["gain": 2, "shift": Tensor.normal([4])]) { x, gain, shift in tanh(gain * x + shift) } }),
    LayerRow(name: "SimpleRecurrent", input: [3, 4], make: { SimpleRecurrent(4, 5) }),
    LayerRow(name: "ComposedRecurrent", input: [3, 4], make: { ComposedRecurrent(Dense(9, 5), outputs: 5) }),
    LayerRow(name: "Unrolled", input: [3, 2, 4], make: { SimpleRecurrent(4, 5).unrolled() }),
    LayerRow(name: "Unrolled, last", input: [3, 2, 4], make: { SimpleRecurrent(4, 5).unrolled(steps: 2, outputs: .last) }),
    LayerRow(
      name: "Parallel", input: [3, 4],
      make: {
        Parallel(join: .concatenation()) {
          Dense(4, 2); Dense(4, 3, activation: tanh)
        }
      },
      waiting: {
        Parallel(join: .concatenation()) {
          Dense(2); Dense(3, activation: tanh)
        }
      },
      description: "Parallel(join: .concatenation()) {\n  Dense(4, 2)\n  Dense(4, 3, activation: tanh)\n}"),
    LayerRow(
      name: "SkipConnection", input: [3, 4], make: { SkipConnection(join: .product) { Dense(4, 4) } },
      waiting: { SkipConnection(join: .product) { Dense(4) } }, description: "SkipConnection(join: .product) {\n  Dense(4, 4)\n}"),
    LayerRow(
      name: "Residual", input: [3, 4], make: { Residual { Dense(4, 4, activation: gelu) } },
      waiting: { Residual { Dense(4, activation: gelu) } }),
    LayerRow(name: "Residual over time", input: [3, 4], make: { Residual { SimpleRecurrent(4, 4) } }),
    LayerRow(name: "Maxout", input: [3, 4], make: { Maxout(3) { Dense(4, 2) } }, waiting: { Maxout(3) { Dense(2) } }),
    LayerRow(
      name: "Repeat", input: [3, 4], make: { Repeat(2) { Dense(4, 4, activation: tanh) } },
      waiting: { Repeat(2) { Dense(4, activation: tanh) } }, description: "Repeat(2) {\n  Dense(4, 4, activation: tanh)\n}"),
    LayerRow(name: "Repeat, sharing", input: [3, 4], make: { Repeat(2, sharing: true) { SimpleRecurrent(4, 4) } }),
    LayerRow(name: "ReversedInTime", input: [3, 2, 4], make: { Chain { GRU(4, 4).unrolled() }.reversedInTime() }),
    LayerRow(name: "Elementwise", input: [3, 4], make: { Elementwise { x in x * sigmoid(x) } }),
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
