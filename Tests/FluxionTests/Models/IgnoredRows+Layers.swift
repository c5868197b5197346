import Fluxion

extension IgnoredRow {
  static let layers: [IgnoredRow] = recurrences + transformers + dropouts

  /// One step at a time, by nothing but operators.
  struct Leaky: Model {
    var weight = Tensor.normal([3, 3])
    @Recurrent var state = Tensor.zeros([1, 3])

    mutating func callAsFunction(_ x: Tensor) -> Tensor {
      state = tanh(x • weight + 0.5 * state)
      return state
    }
  }

  private static let recurrences: [IgnoredRow] = {
    let x: Operand = (noise([3, 4, 3]), behind)
    func row<M: Model<Tensor, Tensor> & Sendable>(_ name: String, _ make: @escaping @Sendable () -> M) -> IgnoredRow {
      IgnoredRow(model: name, x, make) { (model: inout M, x: Tensor) in withLengths(lengths) { model(x) } }
    }
    return [
      row("LSTM", { LSTM(3, 4, layers: 2).unrolled() }),
      row("LSTM, its last answers", { LSTM(3, 4).unrolled(outputs: .last, initialState: .trained) }),
      row("GRU", { GRU(3, 4).unrolled() }),
      row("GRU, reversed", { GRU(3, 4).unrolled().reversedInTime() }),
      row("SimpleRecurrent", { SimpleRecurrent(3, 4).unrolled(outputs: .last) }),
      row("Bidirectional", { Bidirectional { LSTM(3, 4) } }),
      row(
        "a chain over time",
        {
          Chain {
            Dense(3, 5, activation: tanh); LayerNorm(5); GRU(5, 4); Dense(4, 2)
          }.unrolled()
        }),
      row("a model of one step", { Leaky().unrolled() }),
      row("a model of sequences, reversed", { Chain { GRU(3, 4).unrolled() }.reversedInTime() }),
      IgnoredRow(model: "LSTM with lengths", x, { LSTM(3, 4).unrolled(outputs: .last) }) { (model: inout Unrolled<LSTM>, x: Tensor) in
        model(x, lengths: lengths)
      },
    ]
  }()

  private static let transformers: [IgnoredRow] = {
    let keyMask = sequenceMask(lengths: [5, 3], length: 5)
    let isThere = keyMask.unsqueezed(axis: 2)
    let x: Operand = (noise([2, 5, 4]), .!isThere)
    let queries = noise([2, 3, 4], 5).cast(to: .float32)
    // Answers to steps that are only padding are nobody's.
    return [
      IgnoredRow(model: "MultiHeadAttention, a key mask", x, { MultiHeadAttention(4, heads: 2) }) {
        (layer: inout MultiHeadAttention, x: Tensor) in
        select(isThere, layer(x, mask: nil, keyMask: keyMask), 0)
      },
      IgnoredRow(model: "MultiHeadAttention, a key mask and causal", x, { MultiHeadAttention(4, heads: 2, isCausal: true) }) {
        (layer: inout MultiHeadAttention, x: Tensor) in
        select(isThere, layer(x, mask: nil, keyMask: keyMask), 0)
      },
      IgnoredRow(model: "MultiHeadAttention, keys from elsewhere", x, { MultiHeadAttention(4, heads: 2) }) {
        (layer: inout MultiHeadAttention, x: Tensor) in
        layer(queries, keys: x, keyMask: keyMask)
      },
      IgnoredRow(model: "MultiHeadAttention, weights", x, { MultiHeadAttention(4, heads: 2) }) {
        (layer: inout MultiHeadAttention, x: Tensor) in
        layer.weights(queries, keys: x, keyMask: keyMask)
      },
      IgnoredRow(
        model: "TransformerEncoder", x, { TransformerEncoder(2) { TransformerEncoderBlock(4, heads: 2, hidden: 6, dropout: 0) } }
      ) { (encoder: inout TransformerEncoder, x: Tensor) in
        select(isThere, encoder(x, mask: nil, keyMask: keyMask), 0)
      },
      IgnoredRow(
        model: "TransformerEncoderBlock, norms first", x, { TransformerEncoderBlock(4, heads: 2, hidden: 6, dropout: 0, normsFirst: true) }
      ) { (block: inout TransformerEncoderBlock, x: Tensor) in
        select(isThere, block(x, mask: nil, keyMask: keyMask), 0)
      },
      IgnoredRow(model: "TransformerDecoderBlock, its memory", x, { TransformerDecoderBlock(4, heads: 2, hidden: 6, dropout: 0) }) {
        (block: inout TransformerDecoderBlock, x: Tensor) in
        block(queries, memory: x, memoryKeyMask: keyMask)
      },
      IgnoredRow(model: "TransformerDecoderBlock, its input", x, { TransformerDecoderBlock(4, heads: 2, hidden: 6, dropout: 0) }) {
        (block: inout TransformerDecoderBlock, x: Tensor) in
        select(isThere, block(x, memory: queries, keyMask: keyMask), 0)
      },
    ]
  }()

  /// What is dropped, found out by a layer on ones and on twos.
  private static let dropouts: [IgnoredRow] = {
    func row<M: Model<Tensor, Tensor> & Sendable>(_ name: String, _ make: @escaping @Sendable () -> M) -> IgnoredRow {
      let run: @Sendable (inout M, Tensor) -> Tensor = { model, x in withMode(.training) { model(x) } }
      func answer(_ x: Double) -> Tensor {
        var model = withSeed(7) { make() }
        return run(&model, .full([6, 4, 3], x))
      }
      return IgnoredRow(model: name, (noise([6, 4, 3]), answer(1) .== answer(2)), make, run)
    }
    return [
      row("Dropout", { Dropout(0.4) }), row("ChannelDropout", { ChannelDropout(0.4) }), row("DropPath", { DropPath(0.4) }),
      row("AlphaDropout", { AlphaDropout(0.4) }),
    ]
  }()
}
