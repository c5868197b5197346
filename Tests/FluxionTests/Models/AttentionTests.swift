import Fluxion
import Testing

/// Embeddings, attention and transformer blocks against PyTorch's outputs and gradients (Tests/Golden/attention.py makes the file).
@Suite struct AttentionTests {
  struct File: Decodable { let cases: [Case] }
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let layer: String
    let options: Options
    let parameters: [String: GoldenTensor]
    let inputs: [String: GoldenTensor]
    let output: GoldenTensor
    let weights: GoldenTensor?
    let upstream: GoldenTensor
    let gradients: [String: GoldenTensor]
    let parameterGradients: [String: GoldenTensor]
    var testDescription: String { name }
  }
  struct Options: Decodable, Sendable {
    var hasBias: Bool?
    var isCausal: Bool?
    var keyFeatures: Int?
    var valueFeatures: Int?
    var normsFirst: Bool?
    var activation: String?
    var epsilon: Double?
    var padding: Int?
    var scalesByFrequency: Bool?
    var reduction: String?
  }

  @Test(arguments: try golden(File.self, "attention").cases, [DType.float64, .float32])
  func equalsPyTorch(_ row: Case, _ dtype: DType) throws {
    let o = row.options
    let (features, heads, hidden) = (4, 2, 6)
    let hasBias = o.hasBias ?? true
    let isGELU = o.activation == "gelu"
    func encoderBlock() -> TransformerEncoderBlock {
      TransformerEncoderBlock(
        features, heads: heads, hidden: hidden, activation: { isGELU ? gelu($0) : relu($0) }, dropout: 0, isCausal: o.isCausal ?? false,
        normsFirst: o.normsFirst ?? false, epsilon: o.epsilon ?? 1e-5, hasBias: hasBias)
    }
    func decoderBlock() -> TransformerDecoderBlock {
      TransformerDecoderBlock(
        features, heads: heads, hidden: hidden, activation: { isGELU ? gelu($0) : relu($0) }, dropout: 0, isCausal: o.isCausal ?? false,
        normsFirst: o.normsFirst ?? false, epsilon: o.epsilon ?? 1e-5, hasBias: hasBias)
    }
    switch row.layer {
    case "attention":
      let layer = MultiHeadAttention(
        features, heads: heads, keyFeatures: o.keyFeatures, valueFeatures: o.valueFeatures, isCausal: o.isCausal ?? false, hasBias: hasBias)
      let mask = o.isCausal == true ? nil : row.inputs["mask"]?.tensor().floats(as: dtype)
      try check(row, layer, dtype) { (layer: inout MultiHeadAttention, x) in
        if let keys = x["keys"] { return layer(x["x"]!, keys: keys, values: x["values"], mask: mask, keyMask: x["keyMask"]) }
        return layer(x["x"]!, mask: mask, keyMask: x["keyMask"])
      }
      if let weights = row.weights {
        let filled = try filled(layer, row, dtype)
        let x = row.inputs.mapValues { $0.tensor().floats(as: dtype) }
        let found = filled.weights(x["x"]!, keys: x["keys"], mask: mask, keyMask: x["keyMask"])
        #expect(distance(found, weights.tensor()) < (dtype == .float64 ? 1e-10 : 1e-5))
      }
    case "encoderBlock":
      try check(row, encoderBlock(), dtype) { (block: inout TransformerEncoderBlock, x) in
        block(x["x"]!, mask: nil, keyMask: x["keyMask"])
      }
    case "decoderBlock":
      try check(row, decoderBlock(), dtype) { (block: inout TransformerDecoderBlock, x) in
        block(x["x"]!, memory: x["memory"]!, keyMask: x["keyMask"], memoryKeyMask: x["memoryKeyMask"])
      }
    case "encoder":
      try check(row, TransformerEncoder(2, norm: LayerNorm(features), encoderBlock), dtype) { (encoder: inout TransformerEncoder, x) in
        encoder(x["x"]!)
      }
    case "decoder":
      try check(row, TransformerDecoder(2, decoderBlock), dtype) { (decoder: inout TransformerDecoder, x) in
        decoder((x: x["x"]!, memory: x["memory"]!))
      }
    case "embedding":
      let layer = Embedding(5, 3, padding: o.padding, scalesByFrequency: o.scalesByFrequency ?? false)
      try check(row, layer, dtype) { layer, x in layer(x["x"]!) }
    case "embeddingBag":
      let reduction: BagReduction = o.reduction == "sum" ? .sum : o.reduction == "max" ? .max : .mean
      try check(row, EmbeddingBag(5, 3, reduction: reduction, padding: o.padding), dtype) { layer, x in
        layer(x["x"]!, offsets: x["offsets"], weights: x["factors"])
      }
    case "bilinear":
      try check(row, Bilinear(3, 4, 2, hasBias: hasBias), dtype) { layer, x in layer((x["x"]!, x["z"]!)) }
    default: Issue.record("no layer \(row.layer)")
    }
  }

  /// Output and gradients of a layer with the file's parameters, in training and in inference.
  private func check<M: Model>(_ row: Case, _ layer: M, _ dtype: DType, _ run: (inout M, [String: Tensor]) -> Tensor) throws {
    let tolerance = dtype == .float64 ? 1e-10 : 1e-5
    var model = try filled(layer, row, dtype)
    let inputs = row.inputs.mapValues { $0.tensor().floats(as: dtype) }
    let upstream = row.upstream.tensor(dtype).cast(to: dtype)
    #expect(distance(withMode(.inference) { run(&model, inputs) }, row.output.tensor()) < tolerance)
    #expect(distance(withMode(.training) { run(&model, inputs) }, row.output.tensor()) < tolerance)
    let slopes = gradient(at: &model) { model in (run(&model, inputs) * upstream).sum() }
    for (name, value) in slopes.parameters {
      #expect(distance(value, try #require(row.parameterGradients[name]).tensor()) < tolerance, "gradient of \(name)")
    }
    for (name, wanted) in row.gradients {
      let found = gradient(at: try #require(inputs[name])) { x in
        (run(&model, inputs.merging([name: x]) { $1 }) * upstream).sum()
      }
      #expect(distance(found, wanted.tensor()) < tolerance, "gradient of \(name)")
    }
  }

  /// The layer with the file's parameters, which have the layer's names and shapes.
  private func filled<M: Model>(_ layer: M, _ row: Case, _ dtype: DType) throws -> M {
    var model = layer
    #expect(Set(model.parameters.map(\.name)) == Set(row.parameters.keys))
    for (name, value) in model.parameters { #expect(try #require(row.parameters[name]).shape == Array(value.shape), "\(name)") }
    model.updateParameters { name, value in value = row.parameters[name]?.tensor().cast(to: dtype) ?? value }
    return model
  }
}

extension Tensor {
  /// In another dtype, if it is of floats.
  fileprivate func floats(as dtype: DType) -> Tensor { self.dtype.isFloatingPoint ? cast(to: dtype) : self }
}

/// What a key–value cache, positions and masks must do.
@Suite struct GenerationTests {
  /// Everything a language model may know of positions.
  enum Positions: CaseIterable { case learned, sinusoidal, rotary, interleaved }

  static func model(_ positions: Positions, keyHeads: Int? = nil) -> Chain {
    withSeed(11) {
      Chain {
        Embedding(7, 8)
        if positions == .learned { LearnedPositions(12, 8, weight: .normal(standardDeviation: 1)) }
        if positions == .sinusoidal { SinusoidalPositions() }
        for normsFirst in [true, false] {
          TransformerEncoderBlock(
            8, heads: 4, hidden: 16, keyHeads: keyHeads, isCausal: true, normsFirst: normsFirst,
            rotary: positions == .rotary ? RotaryPositions() : positions == .interleaved ? RotaryPositions(isInterleaved: true) : nil)
        }
        Dense(8, 7)
      }
    }
  }

  private static let ids = withSeed(5) { (Tensor.uniform([2, 12]) * 7.0).cast(to: .int64) }

  /// Pieces of any size, one after the other, give what a run over everything so far gives in its last rows; and again after `reset()`.
  @Test(arguments: Positions.allCases, [nil, 2, 1])
  func incrementalEqualsWhole(_ positions: Positions, _ keyHeads: Int?) throws {
    let model = Self.model(positions, keyHeads: keyHeads)
    let whole = model.predict(Self.ids)
    var generator = model.incremental()
    for _ in 0..<2 {
      var start = 0
      for size in [3, 1, 1, 4, 2, 1] {
        let piece = withMode(.inference) { generator(Self.ids[.all, start..<start + size]) }
        #expect(distance(piece, whole[.all, start..<start + size]) < 1e-5)
        start += size
      }
      generator.reset()
    }
    // The model it was made of keeps nothing.
    #expect(distance(model.predict(Self.ids), whole) == 0)
    // What is asked for without a change goes on from where the generator is.
    _ = withMode(.inference) { generator(Self.ids[.all, 0..<3]) }
    #expect(distance(generator.predict(Self.ids[.all, 3..<4]), whole[.all, 3..<4]) < 1e-5)
    #expect(distance(generator.predict(Self.ids[.all, 3..<4]), whole[.all, 3..<4]) < 1e-5)
  }

  /// The same at a size that takes the kernels of whole models, from a prompt on and character by character to the last position.
  @Test func incrementalEqualsWholeAtSize() {
    let model = withSeed(11) {
      Chain {
        Embedding(63, 128)
        LearnedPositions(64, 128)
        for _ in 0..<2 {
          TransformerEncoderBlock(128, heads: 4, hidden: 512, activation: gelu, isCausal: true, normsFirst: true)
        }
        LayerNorm(128)
        Dense(128, 63)
      }
    }
    let ids = withSeed(5) { (Tensor.uniform([1, 64]) * 63.0).cast(to: .int64) }
    let whole = model.predict(ids)
    var generator = model.incremental()
    #expect(distance(withMode(.inference) { generator(ids[.all, 0..<9]) }, whole[.all, 0..<9]) < 1e-4)
    for t in 9..<64 { #expect(distance(withMode(.inference) { generator(ids[.all, t..<t + 1]) }, whole[.all, t..<t + 1]) < 1e-4) }
  }

  /// Two copies of a generator go on independently: two continuations of one beginning.
  @Test func copiesGoOnIndependently() {
    let model = Self.model(.rotary)
    var first = model.incremental()
    _ = withMode(.inference) { first(Self.ids[.all, 0..<4]) }
    var second = first
    _ = withMode(.inference) { first(Self.ids[.all, 4..<7]) }
    let whole = model.predict(concatenate([Self.ids[.all, 0..<4], Self.ids[.all, 8..<10]], axis: 1))
    #expect(distance(withMode(.inference) { second(Self.ids[.all, 8..<10]) }, whole[.all, 4..<6]) < 1e-5)
  }

  /// Parts of one's own structs are found, too: in arrays, optionals and wrappers.
  @Test func partsAreFoundWhereverTheyStand() {
    struct Language: Model {
      var tokens = Embedding(7, 8)
      var positions: LearnedPositions? = LearnedPositions(12, 8, weight: .normal(standardDeviation: 1))
      var blocks = (0..<2).map { _ in TransformerEncoderBlock(8, heads: 2, hidden: 16, isCausal: true) }
      var last = Layer(MultiHeadAttention(8, heads: 2, isCausal: true))
      mutating func callAsFunction(_ ids: Tensor) -> Tensor {
        var x = positions!(tokens(ids))
        for i in blocks.indices { x = blocks[i](x) }
        return tokens.logits(last(x))
      }
    }
    let model = withSeed(3) { Language() }
    let whole = model.predict(Self.ids)
    var generator = model.incremental()
    for t in 0..<12 {
      #expect(distance(withMode(.inference) { generator(Self.ids[.all, t..<t + 1]) }, whole[.all, t..<t + 1]) < 1e-5)
    }
  }

  /// A decoder goes on over its own sequence and sees all of the memory each time.
  @Test func decodersGoOnBesideTheirMemory() {
    let model = withSeed(3) {
      TransformerDecoder(2, norm: LayerNorm(8)) { TransformerDecoderBlock(8, heads: 2, hidden: 16, rotary: RotaryPositions()) }
    }
    let (x, memory) = withSeed(4) { (Tensor.normal([2, 6, 8]), Tensor.normal([2, 5, 8])) }
    let there = sequenceMask(lengths: [5, 3], length: 5)
    var (plain, generator) = (model, model.incremental())
    let whole = withMode(.inference) { plain(x, memory: memory, memoryKeyMask: there) }
    for t in 0..<6 {
      let step = withMode(.inference) { generator(x[.all, t..<t + 1], memory: memory, memoryKeyMask: there) }
      #expect(distance(step, whole[.all, t..<t + 1]) < 1e-5)
    }
  }

  /// Masks count for generators as for whole sequences: keys that are padding at the front are never seen.
  @Test func keyMasksCoverTheKeysSoFar() {
    var layer = withSeed(3) { MultiHeadAttention(8, heads: 2, isCausal: true) }
    var generator = layer.incremental()
    let x = withSeed(4) { Tensor.normal([2, 5, 8]) }
    let there = Tensor.arange(5) .>= Tensor([0, 2], .int64).unsqueezed(axis: 1)
    let whole = layer(x, mask: nil, keyMask: there)
    #expect(distance(generator(x[.all, 0..<3], mask: nil, keyMask: there[.all, 0..<3]), whole[.all, 0..<3]) < 1e-5)
    #expect(distance(generator(x[.all, 3..<5], mask: nil, keyMask: there), whole[.all, 3..<5]) < 1e-5)
  }

  /// A batch of padded sequences gives each what it would give alone.
  @Test func paddedEqualsUnpadded() {
    var encoder = withSeed(3) { TransformerEncoder(2) { TransformerEncoderBlock(8, heads: 2, hidden: 16) } }
    let x = withSeed(4) { Tensor.normal([2, 6, 8]) }
    let y = withMode(.inference) { encoder(x, mask: nil, keyMask: sequenceMask(lengths: [6, 4], length: 6)) }
    #expect(distance(y[0..<1], encoder.predict(x[0..<1])) < 1e-5)
    #expect(distance(y[1..<2, 0..<4], encoder.predict(x[1..<2, 0..<4])) < 1e-5)
  }
}

/// Positions by their formulas.
@Suite struct PositionTests {
  @Test func sinusoidalTableIsItsFormula() {
    let table = SinusoidalPositions.table(3..<6, features: 5, base: 100, .float64).scalars(Double.self)
    for (row, p) in (3..<6).enumerated() {
      for i in 0..<5 {
        let angle = Double(p) * power(100, -Double(i / 2 * 2) / 5)
        #expect(abs(table[row * 5 + i] - (i % 2 == 0 ? sin(Tensor(angle)) : cos(Tensor(angle))).item()) < 1e-12)
      }
    }
    var layer = SinusoidalPositions()
    #expect(distance(layer(.zeros([2, 4, 6], .float64))[1], SinusoidalPositions.table(0..<4, features: 6, .float64)) == 0)
  }

  private func power(_ base: Double, _ exponent: Double) -> Double { pow(Tensor(base), Tensor(exponent)).item() }

  /// Pairs keep their length, and a score depends on the distance of its positions only.
  @Test(arguments: [RotaryPositions(), RotaryPositions(base: 100, isInterleaved: true), RotaryPositions(features: 4)])
  func rotaryScoresDependOnDistances(_ rotary: RotaryPositions) {
    let (q, k) = withSeed(1) { (Tensor.normal([2, 1, 8], .float64), Tensor.normal([2, 1, 8], .float64)) }
    func score(_ i: Int, _ j: Int) -> Tensor { rotary(q, from: i) • rotary(k, from: j).transposed() }
    #expect(distance(score(7, 4), score(3, 0)) < 1e-12)
    #expect(distance(score(107, 104), score(3, 0)) < 1e-12)
    #expect(distance(score(4, 4), q • k.transposed()) < 1e-12)
    #expect(distance(score(5, 1), score(5, 2)) > 1e-3)
    #expect(distance(rotary(q, from: 9).squared.sum(axis: -1), q.squared.sum(axis: -1)) < 1e-12)
    #expect(distance(rotary(q, from: 0), q) == 0)
  }

  /// The first pair turns by one radian a position, whichever features it is made of.
  @Test func rotaryTurnsThePairsItSays() {
    let x = Tensor([1.0, 2, 3, 4], .float64).reshaped([1, 4])
    let (c, s) = (cos(Tensor(1.0, .float64)).item(), sin(Tensor(1.0, .float64)).item())
    let (d, t) = (cos(Tensor(0.01, .float64)).item(), sin(Tensor(0.01, .float64)).item())
    let halves = Tensor([c - 3 * s, 2 * d - 4 * t, 3 * c + s, 4 * d + 2 * t]).unsqueezed(axis: 0)
    let neighbours = Tensor([c - 2 * s, 2 * c + s, 3 * d - 4 * t, 4 * d + 3 * t]).unsqueezed(axis: 0)
    #expect(distance(RotaryPositions()(x, from: 1), halves) < 1e-12)
    #expect(distance(RotaryPositions(isInterleaved: true)(x, from: 1), neighbours) < 1e-12)
  }

  /// Heads in groups are as many heads with repeated keys and values.
  @Test func groupedHeadsAreRepeatedHeads() {
    var grouped = withSeed(3) { MultiHeadAttention(8, heads: 4, keyHeads: 2) }
    var full = withSeed(4) { MultiHeadAttention(8, heads: 4) }
    func repeated(_ x: Tensor) -> Tensor {
      let heads = x.reshaped(Shape([2, 1, 2] + x.shape.dropFirst()))
      return concatenate([heads, heads], axis: 1).reshaped(Shape([8] + x.shape.dropFirst()))
    }
    let bias = withSeed(6) { Tensor.normal([16]) }
    grouped.inputBias = bias
    full.inputWeight = concatenate([grouped.queryWeight!, repeated(grouped.keyWeight!), repeated(grouped.valueWeight!)])
    full.inputBias = concatenate([bias[0..<8], repeated(bias[8..<12]), repeated(bias[12..<16])])
    full.output = grouped.output
    let x = withSeed(5) { Tensor.normal([2, 5, 8]) }
    #expect(distance(grouped(x), full(x)) < 1e-5)
    #expect(distance(grouped.weights(x), full.weights(x)) < 1e-5)
  }

  /// Weights are dropped while training only, and a copy drops the same.
  @Test func dropoutDropsWeightsWhileTraining() {
    var layer = withSeed(3) { MultiHeadAttention(8, heads: 2, dropout: 0.5) }
    var twin = layer
    let x = withSeed(5) { Tensor.normal([2, 5, 8]) }
    let answer = layer.predict(x)
    #expect(distance(layer(x), answer) == 0)
    let dropped = withMode(.training) { layer(x) }
    #expect(distance(dropped, answer) > 1e-3)
    #expect(withMode(.training) { distance(twin(x), dropped) } == 0)
    #expect(withMode(.training) { distance(layer(x), dropped) } > 1e-3)
  }

  @Test func tablesAreSharedAndShortened() {
    let table = Embedding(weight: [[3, 4], [0, 1], [0, 0]], maxNorm: 1)
    #expect(distance(table(Tensor([0, 1], .int64)), [[0.6, 0.8], [0, 1]]) < 1e-6)
    #expect(table.weight.scalars(Float.self) == [3, 4, 0, 1, 0, 0])
    #expect(distance(table.logits([[1, 2]]), [[11, 2, 0]]) == 0)
    #expect(Embedding(3, 2, padding: -1).weight[2].scalars(Float.self) == [0, 0])
    #expect(Embedding(3, 2, padding: -1).padding == 2)
  }
}
