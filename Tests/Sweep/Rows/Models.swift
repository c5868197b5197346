import Fluxion

extension Table {
  mutating func models() {
    row("Maxout.init(_:_:)") { h in try h.call(Maxout(h.i(2)) { Dense(3, 2) }, h.x) }
    row("Repeat.init(_:sharing:_:)") { h in try h.call(Repeat(h.i(2)) { Dense(3, 3) }, h.x) }
    row("Repeat.init(_:sharing:_:)") { h in try h.call(Repeat(h.i(2), sharing: true) { Dense(3, 3) }, h.x) }
    row("Chain.init(input:_:_:)") { h in
      try Chain(input: h.shape(2, 3)) {
        Dense(4, activation: relu)
        BatchNorm()
      }.description
    }
    row("Chain.subscript(_:)") { h in
      let chain = Chain {
        Dense(3, 3)
        Dense(3, 3)
        Dense(3, 3)
      }
      return try h.call(chain[h.range(0, 2)], h.x)
    }
    row("Join.concatenation(axis:)") { h in
      let axis = h.i(-1)
      return try h.call(
        Parallel(join: .concatenation(axis: axis)) {
          Dense(3, 3)
          Dense(3, 3)
        }, h.x)
    }
    row("Branch.outputShapes(for:_:)") { h in
      try Branch {
        Dense(3, 3)
        Dense(3, 2)
      }.outputShapes(for: h.shape(2, 3))
    }
    row("Model.outputShape(for:_:)", "Model.summary(for:_:mode:)") { h in
      let shape = h.shape(2, 4, 4, 8)
      let net = Chain {
        Conv2D(4, 2, kernel: 2)
        MaxPool2D(2)
        Flatten()
      }
      return "\(try net.outputShape(for: shape)) \(try net.summary(for: shape))"
    }
    row("Model.adapt(toInput:_:)") { h in
      var net = Chain {
        Conv2D(2, kernel: 2)
        Flatten()
        Dense(3)
        LayerNorm()
      }
      try net.adapt(toInput: h.shape(2, 4, 4, 8))
      return net(h.images)
    }
    row(
      "Dense.adapt(to:)", "BatchNorm.adapt(to:)", "SyncBatchNorm.adapt(to:)", "GroupNorm.adapt(to:)", "InstanceNorm.adapt(to:)",
      "LayerNorm.adapt(to:)",
      "RMSNorm.adapt(to:)", "LearnedPositions.adapt(to:)", "MultiHeadAttention.adapt(to:)", "TransformerEncoderBlock.adapt(to:)",
      "SimpleRecurrent.adapt(to:)", "StackedRecurrence.adapt(to:)", "Convolution.adapt(to:)", "TransposedConvolution.adapt(to:)"
    ) { h in
      let shape = h.shape(2, 4, 4)
      var layers: [any InputAdapting] = [
        Dense(2), BatchNorm(), SyncBatchNorm(), GroupNorm(groups: 2), InstanceNorm(), LayerNorm(), RMSNorm(), LearnedPositions(5),
        MultiHeadAttention(heads: 2), TransformerEncoderBlock(heads: 2, hidden: 4), SimpleRecurrent(2), GRU(2, layers: 2),
        Conv1D(2, kernel: 2), ConvTransposed1D(2, kernel: 2),
      ]
      for i in layers.indices { layers[i].adapt(to: shape) }
      return layers.count
    }
    row("Model.*(_:_:)") { h in (Dense(3, 2) * h.d(2))(h.x) }
    row("Model.*(_:_:)") { h in (h.d(2) * Dense(3, 2))(h.x) }
    row("Model./(_:_:)") { h in (Dense(3, 2) / h.d(2))(h.x) }
    row("Model.*=(_:_:)") { h in
      var layer = Dense(3, 2)
      layer *= h.d(2)
      return layer(h.x)
    }
    row("Model.move(toward:by:)") { h in
      var layer = Dense(3, 2)
      layer.move(toward: Dense(3, 2), by: h.d(0.5))
      return layer(h.x)
    }
    row("StateVisitor.tensor(_:_:shape:dtype:)") { h in
      var visitor = StateVisitor()
      var tensor = Tensor.ones([2])
      visitor.tensor(&tensor, "x", shape: h.shape(2), dtype: .float32)
      return tensor
    }
    initializers()
  }

  private mutating func initializers() {
    row("Initializer.truncatedNormal(mean:standardDeviation:in:)") { h in
      Initializer.truncatedNormal(mean: h.d(0), standardDeviation: h.d(1), in: h.closed(-1.0, 1))(h.shape(2, 3))
    }
    row("Initializer.sparse(_:standardDeviation:)") { h in Initializer.sparse(h.d(0.5), standardDeviation: h.d(0.01))(h.shape(2, 3)) }
    row("Initializer.identity(gain:)") { h in Initializer.identity(gain: h.d(1))(h.shape(2, 3)) }
    row("Initializer.dirac(groups:)") { h in Initializer.dirac(groups: h.i(1))(h.shape(2, 3, 3)) }
    row("Initializer.callAsFunction(_:using:)") { h in Initializer.constant(1)(h.shape(2, 3), using: &h.random) }
    row("Initializer.callAsFunction(_:)") { h in Initializer.glorotUniform()(h.shape(2, 3, 2)) }
    row("Initializer.constant(_:)") { h in Initializer.constant(h.d(0.5))([2, 3]) }
    row("Initializer.uniform(_:)") { h in Initializer.uniform(h.d(0.5))(h.shape(2, 3)) }
    row("Initializer.normal(standardDeviation:)") { h in Initializer.normal(standardDeviation: h.d(0.01))(h.shape(2, 3)) }
    row("Initializer.glorotUniform(gain:)") { h in Initializer.glorotUniform(gain: h.d(1))(h.shape(2, 3, 2)) }
    row("Initializer.glorotNormal(gain:)") { h in Initializer.glorotNormal(gain: h.d(1))(h.shape(2, 3, 2)) }
    row("Initializer.kaimingUniform(gain:fan:)") { h in Initializer.kaimingUniform(gain: h.d(0.5))(h.shape(2, 3, 2)) }
    row("Initializer.kaimingNormal(gain:fan:)") { h in Initializer.kaimingNormal(gain: h.d(0.5), fan: .outputs)(h.shape(2, 3, 2)) }
    row("Initializer.orthogonal(gain:)") { h in Initializer.orthogonal(gain: h.d(1))(h.shape(2, 3)) }
    row("Nonlinearity.leakyRelu(slope:)") { h in
      Initializer.kaimingUniform(gain: Initializer.gain(for: .leakyRelu(slope: h.d(0.01))))([2, 3])
    }
  }
}
