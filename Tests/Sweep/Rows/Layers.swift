import Fluxion

extension Table {
  mutating func layers() {
    row("Dense.init(_:_:activation:hasBias:weight:)") { h in try h.call(Dense(h.i(3), h.i(2)), h.x) }
    row("Dense.init(_:activation:hasBias:weight:)") { h in try h.call(Chain(input: [3]) { Dense(h.i(2)) }, h.x) }
    row("Perceptron.init(_:_:)") { h in try h.call(Perceptron(h.i(3), h.i(2)), h.x) }
    row("Bilinear.init(_:_:_:hasBias:weight:)") { h in Bilinear(h.i(3), h.i(3), h.i(2))(h.x, h.x) }
    row("Embedding.init(_:_:padding:maxNorm:order:scalesByFrequency:weight:)") { h in
      try h.call(Embedding(h.i(3), h.i(2), padding: h.i(1), maxNorm: h.d(0.5), order: h.d(2)), h.ids)
    }
    row("Embedding.init(weight:padding:maxNorm:order:scalesByFrequency:)") { h in
      try h.call(Embedding(weight: h.square, padding: h.i(1), maxNorm: h.d(0.5), order: h.d(2)), h.ids)
    }
    row("EmbeddingBag.init(_:_:reduction:padding:maxNorm:order:scalesByFrequency:weight:)") { h in
      try h.call(EmbeddingBag(h.i(3), h.i(2), padding: h.i(1), maxNorm: h.d(0.5), order: h.d(2)), h.ids)
    }
    row("Flatten.init(from:to:)") { h in try h.call(Flatten(from: h.i(1), to: h.i(-1)), h.images) }
    row("Reshape.init(_:)") { h in try h.call(Reshape(h.shape(3, 1)), h.x) }
    row("Dropout.init(_:)") { h in try h.call(Dropout(h.d(0.5)), h.x) }
    row("AlphaDropout.init(_:)") { h in try h.call(AlphaDropout(h.d(0.5)), h.x) }
    row("ChannelDropout.init(_:)") { h in try h.call(ChannelDropout(h.d(0.5)), h.images) }
    row("DropPath.init(_:)") { h in try h.call(DropPath(h.d(0.5)), h.x) }
    row("PReLU.init(_:slope:)") { h in try h.call(PReLU(h.i(3), slope: h.d(0.25)), h.x) }
    row("BatchNorm.init(_:momentum:epsilon:isAffine:tracksStatistics:)") { h in
      try h.call(BatchNorm(h.i(3), momentum: h.d(0.1), epsilon: h.d(1e-5)), h.x)
    }
    row("BatchNorm.init(momentum:epsilon:isAffine:tracksStatistics:)") { h in
      try h.call(Chain(input: [3]) { BatchNorm(momentum: h.d(0.1), epsilon: h.d(1e-5)) }, h.x)
    }
    row("SyncBatchNorm.init(_:momentum:epsilon:isAffine:tracksStatistics:)") { h in
      try h.call(SyncBatchNorm(h.i(3), momentum: h.d(0.1), epsilon: h.d(1e-5)), h.x)
    }
    row("SyncBatchNorm.init(momentum:epsilon:isAffine:tracksStatistics:)") { h in
      try h.call(Chain(input: [3]) { SyncBatchNorm(momentum: h.d(0.1), epsilon: h.d(1e-5)) }, h.x)
    }
    row("LayerNorm.init(_:epsilon:isAffine:hasBias:)") { h in try h.call(LayerNorm(h.shape(2, 3), epsilon: h.d(1e-5)), h.x) }
    row("LayerNorm.init(_:epsilon:isAffine:hasBias:)") { h in try h.call(LayerNorm(h.i(3), epsilon: h.d(1e-5)), h.x) }
    row("LayerNorm.init(epsilon:isAffine:hasBias:)") { h in try h.call(Chain(input: [3]) { LayerNorm(epsilon: h.d(1e-5)) }, h.x) }
    row("RMSNorm.init(_:epsilon:isAffine:)") { h in try h.call(RMSNorm(h.shape(2, 3), epsilon: h.d(0.5)), h.x) }
    row("RMSNorm.init(_:epsilon:isAffine:)") { h in try h.call(RMSNorm(h.i(3), epsilon: h.d(0.5)), h.x) }
    row("RMSNorm.init(epsilon:isAffine:)") { h in try h.call(Chain(input: [3]) { RMSNorm(epsilon: h.d(0.5)) }, h.x) }
    row("GroupNorm.init(_:groups:epsilon:isAffine:)") { h in try h.call(GroupNorm(h.i(4), groups: h.i(2), epsilon: h.d(1e-5)), h.images) }
    row("GroupNorm.init(groups:epsilon:isAffine:)") { h in
      try h.call(Chain(input: [4, 4, 8]) { GroupNorm(groups: h.i(2), epsilon: h.d(1e-5)) }, h.images)
    }
    row("InstanceNorm.init(_:momentum:epsilon:isAffine:tracksStatistics:)") { h in
      try h.call(InstanceNorm(h.i(4), momentum: h.d(0.1), epsilon: h.d(1e-5), isAffine: true, tracksStatistics: true), h.images)
    }
    row("InstanceNorm.init(momentum:epsilon:isAffine:tracksStatistics:)") { h in
      try h.call(InstanceNorm(momentum: h.d(0.1), epsilon: h.d(1e-5)), h.images)
    }
    row("LearnedPositions.init(_:_:weight:)") { h in try h.call(LearnedPositions(h.i(5), h.i(4)), h.sequence) }
    row("LearnedPositions.init(_:weight:)") { h in try h.call(Chain(input: [3, 4]) { LearnedPositions(h.i(5)) }, h.sequence) }
    row("SinusoidalPositions.init(base:)") { h in try h.call(SinusoidalPositions(base: h.d(10_000)), h.sequence) }
    row("SinusoidalPositions.table(_:features:base:_:)") { h in
      SinusoidalPositions.table(h.range(0, 3), features: h.i(4), base: h.d(10_000))
    }
    row("RotaryPositions.init(base:features:isInterleaved:)", "RotaryPositions.callAsFunction(_:from:)") { h in
      RotaryPositions(base: h.d(10_000), features: h.i(4))(h.sequence, from: h.i(0))
    }
  }

  mutating func imageLayers() {
    row("Convolution.init(_:_:kernel:stride:padding:dilation:groups:paddingMode:activation:hasBias:weight:)") { h in
      try h.call(
        Conv2D(
          h.i(4), h.i(2), kernel: h.axes(2, 2), stride: h.axes(1, 1), padding: h.padding(0, 1), dilation: h.axes(1, 1), groups: h.i(2)),
        h.images)
    }
    row("Convolution.init(_:_:kernel:stride:padding:dilation:groups:paddingMode:activation:hasBias:weight:)") { h in
      try h.call(Conv1D(h.i(3), h.i(2), kernel: h.axes(2), padding: h.padding(1), paddingMode: .circular), h.sequence)
    }
    row("Convolution.init(_:kernel:stride:padding:dilation:groups:paddingMode:activation:hasBias:weight:)") { h in
      try h.call(
        Chain(input: [4, 4, 8]) {
          Conv2D(h.i(2), kernel: h.axes(2, 2), stride: h.axes(1, 1), padding: h.padding(0, 1), dilation: h.axes(1, 1), groups: h.i(2))
        }, h.images)
    }
    row("Convolution.init(weight:bias:stride:padding:dilation:groups:paddingMode:activation:)") { h in
      try h.call(
        Conv2D(
          weight: .ones([2, 2, 2, 2]), bias: nil, stride: h.axes(1, 1), padding: h.padding(0, 1), dilation: h.axes(1, 1), groups: h.i(2)),
        h.images)
    }
    row("TransposedConvolution.init(_:_:kernel:stride:padding:outputPadding:dilation:groups:activation:hasBias:weight:)") { h in
      try h.call(
        ConvTransposed2D(
          h.i(4), h.i(2), kernel: h.axes(2, 2), stride: h.axes(2, 2), padding: h.axes(0, 1), outputPadding: h.axes(0, 1),
          dilation: h.axes(1, 1), groups: h.i(2)), h.images)
    }
    row("TransposedConvolution.init(_:kernel:stride:padding:outputPadding:dilation:groups:activation:hasBias:weight:)") { h in
      try h.call(
        Chain(input: [4, 4, 8]) {
          ConvTransposed2D(
            h.i(2), kernel: h.axes(2, 2), stride: h.axes(2, 2), padding: h.axes(0, 1), outputPadding: h.axes(0, 1),
            dilation: h.axes(1, 1), groups: h.i(2))
        }, h.images)
    }
    row("TransposedConvolution.init(weight:bias:stride:padding:outputPadding:dilation:groups:activation:)") { h in
      try h.call(
        ConvTransposed2D(
          weight: .ones([4, 2, 2, 2]), bias: nil, stride: h.axes(2, 2), padding: h.axes(0, 1), outputPadding: h.axes(0, 1),
          dilation: h.axes(1, 1), groups: h.i(2)), h.images)
    }
    row("MaxPool.init(_:stride:padding:dilation:roundsUp:)") { h in
      try h.call(MaxPool2D(h.axes(2, 2), stride: h.axes(2, 1), padding: h.padding(0, 1), dilation: h.axes(1, 1)), h.images)
    }
    row("MeanPool.init(_:stride:padding:roundsUp:countsPadding:divisor:)") { h in
      try h.call(MeanPool2D(h.axes(2, 2), stride: h.axes(2, 1), padding: h.padding(0, 1), divisor: h.i(4)), h.images)
    }
    row("AdaptiveMaxPool.init(_:)") { h in try h.call(AdaptiveMaxPool(h.axes(2, 2)), h.images) }
    row("AdaptiveMeanPool.init(_:)") { h in try h.call(AdaptiveMeanPool(h.axes(2, 2)), h.images) }
    row("Padding.init(before:after:value:)") { h in
      try h.call(Padding2D(before: h.axes(1, 2), after: h.axes(0, 1), value: h.d(0)), h.images)
    }
    row("Padding.init(_:value:)") { h in try h.call(Padding2D(h.axes(1, 2), value: h.d(0)), h.images) }
    row("Padding.init(before:after:mode:)") { h in
      try h.call(Padding2D(before: h.axes(1, 2), after: h.axes(0, 1), mode: .reflect), h.images)
    }
    row("Padding.init(_:mode:)") { h in try h.call(Padding2D(h.axes(1, 2), mode: .circular), h.images) }
    row("PixelShuffle.init(_:)") { h in try h.call(PixelShuffle(h.i(2)), h.images) }
    row("PixelUnshuffle.init(_:)") { h in try h.call(PixelUnshuffle(h.i(2)), h.images) }
    row("Upsample.init(scale:method:alignsCorners:antialiases:)") { h in try h.call(Upsample(scale: h.d(2), method: .linear), h.images) }
    row("Upsample.init(scales:method:alignsCorners:antialiases:)") { h in try h.call(Upsample(scales: [h.d(2), h.d(1)]), h.images) }
    row("Upsample.init(to:method:alignsCorners:antialiases:)") { h in try h.call(Upsample(to: h.axes(2, 3)), h.images) }
  }

  mutating func sequenceLayers() {
    row("GRU.init(_:_:layers:dropout:hasBias:weight:)") { h in
      try h.call(GRU(h.i(4), h.i(2), layers: h.i(2), dropout: h.d(0)).unrolled(), h.sequence)
    }
    row("GRU.init(_:layers:dropout:hasBias:weight:)") { h in
      try h.call(Chain(input: [4]) { GRU(h.i(2), layers: h.i(2), dropout: h.d(0)) }, Tensor.ones([2, 4]))
    }
    row("LSTM.init(_:_:layers:dropout:hasBias:weight:)") { h in
      try h.call(LSTM(h.i(4), h.i(2), layers: h.i(2), dropout: h.d(0)).unrolled(), h.sequence)
    }
    row("LSTM.init(_:layers:dropout:hasBias:weight:)") { h in
      try h.call(Chain(input: [4]) { LSTM(h.i(2), layers: h.i(2), dropout: h.d(0)) }, Tensor.ones([2, 4]))
    }
    row("GRULayer.init(_:_:hasBias:weight:)", "GRULayer.adapt(inputs:weight:)", "GRULayer.overTime(_:lengths:)") { h in
      var layer = GRULayer(h.i(4), h.i(2), hasBias: true, weight: nil)
      layer.adapt(inputs: h.i(4), weight: nil)
      return layer.overTime(h.sequence, lengths: h.list(1, 2))
    }
    row("LSTMLayer.init(_:_:hasBias:weight:)", "LSTMLayer.adapt(inputs:weight:)", "LSTMLayer.overTime(_:lengths:)") { h in
      var layer = LSTMLayer(h.i(4), h.i(2), hasBias: true, weight: nil)
      layer.adapt(inputs: h.i(4), weight: nil)
      return layer.overTime(h.sequence, lengths: h.list(1, 2))
    }
    row("SimpleRecurrent.init(_:_:activation:)") { h in try h.call(SimpleRecurrent(h.i(4), h.i(2)).unrolled(), h.sequence) }
    row("SimpleRecurrent.init(_:activation:)") { h in try h.call(Chain(input: [4]) { SimpleRecurrent(h.i(2)) }, Tensor.ones([2, 4])) }
    row("ComposedRecurrent.init(_:outputs:)") { h in
      try h.call(ComposedRecurrent(Layer(Dense(6, 2)), outputs: h.i(2)), Tensor.ones([2, 4]))
    }
    row("MultiHeadAttention.init(_:heads:keyHeads:keyFeatures:valueFeatures:isCausal:dropout:hasBias:rotary:weight:)") { h in
      try h.call(
        MultiHeadAttention(
          h.i(4), heads: h.i(2), keyHeads: h.i(1), keyFeatures: h.i(4), valueFeatures: h.i(4), isCausal: true, dropout: h.d(0)), h.sequence)
    }
    row("MultiHeadAttention.init(heads:keyHeads:isCausal:dropout:hasBias:rotary:weight:)") { h in
      try h.call(Chain(input: [3, 4]) { MultiHeadAttention(heads: h.i(2), keyHeads: h.i(1), dropout: h.d(0)) }, h.sequence)
    }
    row("MultiHeadAttention.init(_:heads:keyHeads:keyFeatures:valueFeatures:isCausal:dropout:hasBias:rotary:weight:)") { h in
      try h.call(MultiHeadAttention(4, heads: 2, rotary: RotaryPositions(base: h.d(1e4), features: h.i(2))), h.sequence)
    }
    row("TransformerEncoderBlock.init(_:heads:hidden:keyHeads:activation:dropout:isCausal:normsFirst:epsilon:hasBias:rotary:)") { h in
      try h.call(
        TransformerEncoderBlock(h.i(4), heads: h.i(2), hidden: h.i(8), keyHeads: h.i(1), dropout: h.d(0.1), epsilon: h.d(1e-5)), h.sequence)
    }
    row("TransformerEncoderBlock.init(heads:hidden:keyHeads:activation:dropout:isCausal:normsFirst:epsilon:hasBias:rotary:)") { h in
      try h.call(
        Chain(input: [3, 4]) {
          TransformerEncoderBlock(heads: h.i(2), hidden: h.i(8), keyHeads: h.i(1), dropout: h.d(0.1), epsilon: h.d(1e-5))
        }, h.sequence)
    }
    row("TransformerDecoderBlock.init(_:heads:hidden:keyHeads:activation:dropout:isCausal:normsFirst:epsilon:hasBias:rotary:)") { h in
      var block = TransformerDecoderBlock(
        h.i(4), heads: h.i(2), hidden: h.i(8), keyHeads: h.i(1), dropout: h.d(0.1), epsilon: h.d(1e-5))
      return block(h.sequence, memory: h.sequence)
    }
    row("TransformerEncoder.init(_:norm:_:)") { h in
      try h.call(TransformerEncoder(h.i(2)) { TransformerEncoderBlock(4, heads: 2, hidden: 8) }, h.sequence)
    }
    row("TransformerDecoder.init(_:norm:_:)") { h in
      var decoder = TransformerDecoder(h.i(2)) { TransformerDecoderBlock(4, heads: 2, hidden: 8) }
      return decoder(h.sequence, memory: h.sequence)
    }
    row("Bidirectional.callAsFunction(_:lengths:)") { h in
      var both = Bidirectional(GRU(4, 2), GRU(4, 2))
      return both(h.sequence, lengths: h.list(1, 2))
    }
    row("Unrolled.callAsFunction(_:lengths:)") { h in
      var cell = GRU(4, 2).unrolled()
      return cell(h.sequence, lengths: h.list(1, 2))
    }
    row("Model.unrolled(steps:stateful:input:outputs:initialState:)") { h in
      let steps = h.i(3)
      var (same, sequence) = (GRU(4, 2).unrolled(steps: steps, input: .same), GRU(4, 2).unrolled(steps: steps))
      return [same(h.sequence[.all, 0]), sequence(h.sequence)]
    }
    row("sequenceMask(lengths:length:)") { h in sequenceMask(lengths: h.list(1, 2), length: h.i(3)) }
    row("withLengths(_:_:)") { h in
      var cell = Chain {
        GRU(4, 2)
        Dense(2, 2)
      }.unrolled()
      return withLengths(h.list(1, 2)) { cell(h.sequence) }
    }
    row("Recurrent.init(size:_:)") { h in Recurrent(size: h.i(2)).wrappedValue }
    row("StackedRecurrence.overTime(_:lengths:)", "SimpleRecurrent.overTime(_:lengths:)") { h in
      var (stack, simple) = (GRU(4, 2, layers: 2), SimpleRecurrent(4, 2))
      let lengths = h.list(1, 2)
      return [stack.overTime(h.sequence, lengths: lengths), simple.overTime(h.sequence, lengths: lengths)]
    }
    row(
      "Chain.overTime(_:lengths:)", "Layer.overTime(_:lengths:)", "Repeat.overTime(_:lengths:)", "SkipConnection.overTime(_:lengths:)",
      "Residual.overTime(_:lengths:)", "Parallel.overTime(_:lengths:)"
    ) { h in
      let lengths = h.list(1, 2)
      var chain = Chain {
        GRU(4, 4)
        Dense(4, 4)
      }
      var layer = Layer(GRU(4, 4))
      var again = Repeat(2) { GRU(4, 4) }
      var skip = SkipConnection(join: .sum) { GRU(4, 4) }
      var residual = Residual { GRU(4, 4) }
      var parallel = Parallel(join: .sum) {
        GRU(4, 4)
        GRU(4, 4)
      }
      let x = h.sequence
      return [
        chain.overTime(x, lengths: lengths), layer.overTime(x, lengths: lengths), again.overTime(x, lengths: lengths),
        skip.overTime(x, lengths: lengths), residual.overTime(x, lengths: lengths), parallel.overTime(x, lengths: lengths),
      ]
    }
    row(
      "Dense.overTime(_:lengths:)", "Perceptron.overTime(_:lengths:)", "Embedding.overTime(_:lengths:)", "LayerNorm.overTime(_:lengths:)",
      "RMSNorm.overTime(_:lengths:)", "Dropout.overTime(_:lengths:)", "Elementwise.overTime(_:lengths:)"
    ) { h in
      let (x, lengths) = (h.sequence, h.list(1, 2))
      var dropout = Dropout(0.5)
      return [
        Dense(4, 2).overTime(x, lengths: lengths), Perceptron(4, 2).overTime(x, lengths: lengths),
        Embedding(3, 2).overTime(h.ids, lengths: lengths), LayerNorm(4).overTime(x, lengths: lengths),
        RMSNorm(4).overTime(x, lengths: lengths), dropout.overTime(x, lengths: lengths),
        Elementwise { x in x * 2 }.overTime(x, lengths: lengths),
      ]
    }
  }
}
