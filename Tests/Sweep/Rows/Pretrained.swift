import Fluxion
import FluxionONNX
import Foundation
import Pretrained

/// Small models and a tokenizer with random numbers, in folders that are gone when they are read.
private enum Small {
  static let texts = [
    "The Lord is my shepherd; I shall not want.", "He maketh me to lie down in green pastures: he leadeth me beside the still waters.",
  ]
  static let tokenizer: Tokenizer? = try? Tokenizer.train(.byteLevelBPE, on: texts, vocabularySize: 300, specialTokens: ["<|endoftext|>"])

  /// A folder as the hub has them: config.json, tensors of these shapes, a tokenizer.
  private static func read<M>(_ config: String, _ shapes: [(name: String, shape: Shape)], _ load: (String) throws -> M) throws -> M {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fluxion-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try config.write(toFile: folder + "/config.json", atomically: true, encoding: .utf8)
    let tensors = withSeed(3) { shapes.map { (name: $0.name, value: Tensor.normal($0.shape, standardDeviation: 0.3)) } }
    try SafetensorsFile.write(tensors, metadata: ["format": "pt"], to: folder + "/model.safetensors")
    try tokenizer?.save(to: folder)
    return try load(folder)
  }

  private static func llama<M>(_ load: (String) throws -> M) throws -> M {
    var shapes: [(name: String, shape: Shape)] = [
      ("model.embed_tokens.weight", [300, 8]), ("model.norm.weight", [8]), ("lm_head.weight", [300, 8]),
    ]
    for (name, shape) in [
      ("self_attn.q_proj", [8, 8]), ("self_attn.k_proj", [4, 8]), ("self_attn.v_proj", [4, 8]), ("self_attn.o_proj", [8, 8]),
      ("mlp.gate_proj", [12, 8]), ("mlp.up_proj", [12, 8]), ("mlp.down_proj", [8, 12]), ("input_layernorm", [8]),
      ("post_attention_layernorm", [8]),
    ] as [(String, Shape)] { shapes.append(("model.layers.0.\(name).weight", shape)) }
    return try read(
      #"{"architectures": ["LlamaForCausalLM"], "vocab_size": 300, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 1, "#
        + #""num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "#
        + #""tie_word_embeddings": false, "hidden_act": "silu", "eos_token_id": null}"#, shapes, load)
  }

  static let language: Llama? = try? llama { try Llama(from: $0) }
  static let text: PretrainedModel? = try? llama { try PretrainedModel(from: $0) }

  private static func bert<M>(_ load: (String) throws -> M) throws -> M {
    var shapes: [(name: String, shape: Shape)] = [
      ("embeddings.word_embeddings.weight", [300, 8]), ("embeddings.position_embeddings.weight", [16, 8]),
      ("embeddings.token_type_embeddings.weight", [2, 8]), ("embeddings.LayerNorm.weight", [8]), ("embeddings.LayerNorm.bias", [8]),
      ("pooler.dense.weight", [8, 8]), ("pooler.dense.bias", [8]),
    ]
    for (name, shape) in [
      ("attention.self.query", [8, 8]), ("attention.self.key", [8, 8]), ("attention.self.value", [8, 8]),
      ("attention.output.dense", [8, 8]), ("attention.output.LayerNorm", [8]), ("intermediate.dense", [12, 8]), ("output.dense", [8, 12]),
      ("output.LayerNorm", [8]),
    ] as [(String, Shape)] {
      shapes.append(("encoder.layer.0.\(name).weight", shape))
      shapes.append(("encoder.layer.0.\(name).bias", [shape[0]]))
    }
    return try read(
      #"{"architectures": ["BertModel"], "vocab_size": 300, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 1, "#
        + #""num_attention_heads": 2, "max_position_embeddings": 16, "type_vocab_size": 2, "hidden_act": "gelu", "layer_norm_eps": 1e-12}"#,
      shapes, load)
  }

  static let encoder: BERT? = try? bert { try BERT(from: $0) }
  static let sentences: SentenceEncoder? = try? bert { try SentenceEncoder(from: $0) }

  static let answers: T5? = try? {
    var shapes: [(name: String, shape: Shape)] = [("shared.weight", [300, 8])]
    for (side, parts) in [
      ("encoder", ["SelfAttention", "DenseReluDense"]), ("decoder", ["SelfAttention", "EncDecAttention", "DenseReluDense"]),
    ] {
      for (i, part) in parts.enumerated() {
        let layer = "\(side).block.0.layer.\(i)"
        shapes.append(("\(layer).layer_norm.weight", [8]))
        if part == "DenseReluDense" {
          shapes += [("\(layer).\(part).wi.weight", [12, 8]), ("\(layer).\(part).wo.weight", [8, 12])]
        } else {
          for name in ["q", "k", "v", "o"] { shapes.append(("\(layer).\(part).\(name).weight", [8, 8])) }
        }
      }
      shapes.append(("\(side).block.0.layer.0.SelfAttention.relative_attention_bias.weight", [8, 2]))
      shapes.append(("\(side).final_layer_norm.weight", [8]))
    }
    return try read(
      #"{"architectures": ["T5ForConditionalGeneration"], "vocab_size": 300, "d_model": 8, "num_heads": 2, "d_kv": 4, "d_ff": 12, "#
        + #""num_layers": 1, "relative_attention_num_buckets": 8, "feed_forward_proj": "relu", "tie_word_embeddings": true}"#, shapes
    ) { try T5(from: $0) }
  }()

  /// A fixture; that there is none is a fault of the row.
  static func there<T>(_ value: T?) throws -> T {
    guard let value else { throw Missing() }
    return value
  }
  struct Missing: Error {}
}

extension Table {
  mutating func pretrained() {
    generation()
    tokens()
    row("PackedMatrix.Form.integers(bits:groupSize:)", "Model.quantized(bits:groupSize:)") { h in
      let packed = PackedMatrix(h.x, form: .integers(bits: h.i(4), groupSize: h.i(2)))
      let small = try Small.there(Small.language).quantized(bits: h.i(8), groupSize: h.i(3))
      return [packed?.product(h.x) ?? h.x, packed?.matrix ?? h.x, small(h.ids)]
    }
    row("PackedMatrix.Form.integers(bits:groupSize:)") { h in
      PackedMatrix(h.x, form: .integers(bits: 8, groupSize: h.i(2)))?.product(h.x) ?? h.x
    }
    row("Model.lora(rank:alpha:on:)") { h in
      var tuned = try Small.there(Small.language).lora(rank: h.i(2), alpha: h.d(4), on: "…q_proj")
      return [tuned(h.ids), tuned.merged()(h.ids)]
    }
    row("TextClassifier.init(_:labels:padding:)") { h in
      TextClassifier(try Small.there(Small.encoder), labels: h.i(3), padding: h.i(0))(h.ids)
    }
    row("SentenceEncoder.encode(_:batchSize:)") { h in try Small.there(Small.sentences).encode(Small.texts, batchSize: h.i(1)) }
    row(
      "RotaryScaling.init(base:features:kind:magnitude:)", "RotaryScaling.Kind.linear(factor:)",
      "RotaryScaling.Kind.dynamic(factor:longest:)", "RotaryScaling.Kind.llama3(factor:low:high:original:)",
      "RotaryScaling.Kind.yarn(factor:fast:slow:original:truncates:)", "RotaryScaling.Kind.long(short:long:original:)"
    ) { h in
      let kinds: [RotaryScaling.Kind] = [
        .linear(factor: h.d(2)), .dynamic(factor: h.d(2), longest: h.i(8)),
        .llama3(factor: h.d(2), low: h.d(1), high: h.d(4), original: h.i(8)),
        .yarn(factor: h.d(2), fast: h.d(32), slow: h.d(1), original: h.i(8), truncates: true),
        .long(short: [h.d(1)], long: [h.d(2)], original: h.i(8)),
      ]
      return kinds.map { RotaryScaling(base: h.d(10_000), features: h.i(4), kind: $0, magnitude: h.d(1)).hashValue }.count
    }
    row("KeyValueCache.init(padding:)", "KeyValueCache.selecting(_:)") { h in
      let model = try Small.there(Small.language)
      var cache = KeyValueCache(padding: h.list(0, 1))
      let first = model.logits(h.ids, cache: &cache)
      var branch = cache.selecting(h.list(1, 0))
      return [first, model.logits(h.ids, cache: &branch)]
    }
    row("Model.writeONNX(to:input:dtype:dynamicAxes:growingState:)", "Model.writeONNX(to:input:dynamicAxes:growingState:)") { h in
      let path = FileManager.default.temporaryDirectory.appendingPathComponent("sweep-\(ProcessInfo.processInfo.processIdentifier).onnx")
        .path
      defer { try? FileManager.default.removeItem(atPath: path) }
      try Dense(3, 2).writeONNX(to: path, input: h.shape(4, 3), dynamicAxes: [h.i(0)])
      try Dense(3, 2).writeONNX(to: path, input: Tensor.ones([4, 3]), dynamicAxes: h.list(0))
      return try ONNXModel(from: path).inputs.count
    }
    row("ONNXElementType.init(rawValue:)") { h in
      "\(ONNXElementType(rawValue: Int32(truncatingIfNeeded: h.i(1))).map { "\($0)" } ?? "none")"
    }
  }

  private mutating func generation() {
    row(
      "GenerationOptions.init(maximumTokens:temperature:topK:topP:minP:repetitionPenalty:stopSequences:endTokens:seed:)",
      "CausalLanguageModel.generate(_:options:endTokens:)", "CausalLanguageModel.generate(_:options:endTokens:)",
      "CausalLanguageModel.continuation(of:options:endTokens:)"
    ) { h in
      let model = try Small.there(Small.language)
      // As many tokens as there are integers are what was asked for.
      let options = GenerationOptions(
        maximumTokens: min(h.i(3), 3), temperature: h.d(0.8), topK: h.i(20), topP: h.d(0.9), minP: h.d(0.01),
        repetitionPenalty: h.d(1.1), endTokens: h.list(5, 7), seed: h.u(1))
      var sequence = try model.continuation(of: h.list(1, 2), options: options, endTokens: h.list(3))
      let next = try sequence.next()
      return [
        try model.generate(h.list(1, 2), options: options, endTokens: h.list(3)).count,
        try model.generate([h.list(1, 2), h.list(4)], options: options, endTokens: h.list(3)).count, next ?? -1,
      ]
    }
    row(
      "GenerationOptions.maximumTokens", "GenerationOptions.temperature", "GenerationOptions.topK", "GenerationOptions.topP",
      "GenerationOptions.minP", "GenerationOptions.repetitionPenalty", "GenerationOptions.endTokens", "GenerationOptions.seed",
      "CausalLanguageModel.beamSearch(_:beams:options:endTokens:lengthPenalty:)", "T5.generate(_:options:endTokens:)"
    ) { h in
      var options = GenerationOptions()
      options.maximumTokens = min(h.i(3), 3)
      options.topK = h.i(4)
      options.topP = h.d(0.9)
      options.minP = h.d(0.1)
      options.repetitionPenalty = h.d(1.5)
      options.endTokens = h.list(5)
      options.seed = h.u(2)
      let answer = try Small.there(Small.answers).generate(h.list(1, 2), options: options, endTokens: h.list(3))
      options.temperature = h.d(0.7)
      let best = try Small.there(Small.language).beamSearch(
        h.list(1, 2), beams: h.i(2), options: options, endTokens: h.list(3), lengthPenalty: h.d(1))
      return [answer.count, best.count]
    }
    row("PretrainedModel.generate(_:maximumTokens:temperature:topK:topP:minP:repetitionPenalty:stopSequences:seed:)") { h in
      let stream = try Small.there(Small.text).generate(
        "The Lord", maximumTokens: min(h.i(3), 3), temperature: h.d(0.8), topK: h.i(20), topP: h.d(0.9), minP: h.d(0.01),
        repetitionPenalty: h.d(1.1), seed: h.u(1))
      let (done, answer) = (DispatchSemaphore(value: 0), Answer())
      Task {
        do { for try await piece in stream { answer.text += piece } } catch { answer.text = "\(error)" }
        done.signal()
      }
      done.wait()
      return answer.text
    }
    row(
      "TemplateValue.integer(_:)", "TemplateValue.number(_:)", "TemplateValue.namespace(_:)", "TemplateValue.macro(_:)",
      "TemplateValue.init(integerLiteral:)"
    ) { h in
      let values: [String: TemplateValue] = [
        "i": .integer(h.i(2)), "j": TemplateValue(integerLiteral: h.i(3)), "x": .number(h.d(1.5)), "y": .number(h.d(2)),
        "space": .namespace(h.i(0)), "m": .macro(h.i(0)), "list": .list([1, 2, 3]), "text": "abc",
      ]
      // Each by itself, as a mistake ends a template.
      let parts = [
        "{{ i + j }}", "{{ i - j }}", "{{ i * j }}", "{{ i / j }}", "{{ i // j }}", "{{ i % j }}", "{{ i ** j }}", "{{ -i }}",
        "{{ i | abs }}",
        "{{ x + y }}", "{{ x // y }}", "{{ x % y }}", "{{ x ** y }}", "{{ x | int }}", "{{ x | round(i) }}", "{{ i < x }}", "{{ i == x }}",
        "{{ list[i] }}", "{{ list[i:j] }}", "{{ list[i:j:i] }}", "{{ text[i] }}", "{{ text[j:i] }}", "{{ text * i }}", "{{ list * i }}",
        "{% for k in range(i) %}{{ k }}{% endfor %}", "{% for k in range(i, j, i) %}{{ k }}{% endfor %}", "{{ space.a }}",
        "{% set space.a = i %}{{ space.a }}", "{{ m(i) }}", "{{ list | tojson(indent=i) }}", "{{ text | indent(i) }}",
        "{{ list | join(i) }}", "{{ list[x] }}", "{{ i | string }}", "{{ x | string }}", "{{ [i, x] | tojson }}", "{{ [i, j] | sort }}",
      ]
      return parts.map { part in
        do { return try ChatTemplate(source: part).render(values).count } catch { return "\(error)".count }
      }
    }
  }

  private mutating func tokens() {
    row("Tokenizer.train(_:on:vocabularySize:leastFrequency:specialTokens:)") { h in
      let (size, least) = (h.i(300), h.i(2))
      return [
        try Tokenizer.train(.byteLevelBPE, on: Small.texts, vocabularySize: size, leastFrequency: least).vocabularySize,
        try Tokenizer.train(.wordPiece(), on: Small.texts, vocabularySize: size, leastFrequency: least).vocabularySize,
      ]
    }
    row("Tokenizer.token(of:)", "Tokenizer.decode(_:skipsSpecialTokens:)", "DecodeStream.append(_:)") { h in
      let tokenizer = try Small.there(Small.tokenizer)
      var stream = tokenizer.decodeStream()
      let pieces = try h.list(5, 6, 7).map { try stream.append($0) ?? "" }
      return [tokenizer.token(of: h.i(5)) ?? "", try tokenizer.decode(h.list(5, 6)), pieces.joined(), try stream.finish() ?? ""]
    }
    row(
      "Padding.init(id:token:length:multiple:isLeft:typeID:)", "Padding.length", "Padding.multiple", "Padding.id", "Padding.typeID",
      "Truncation.init(length:stride:strategy:isLeft:)", "Truncation.length", "Truncation.stride"
    ) { h in
      var counts: [Int] = []
      for isLeft in [false, true] {
        var tokenizer = try Small.there(Small.tokenizer)
        tokenizer.padding = Padding(id: h.i(0), length: h.i(20), multiple: h.i(8), isLeft: isLeft, typeID: h.i(0))
        tokenizer.padding?.multiple = h.i(4)
        for (strategy, length) in [(Truncation.Strategy.longestFirst, 6), (.onlyFirst, 70)] {
          tokenizer.truncation = Truncation(length: h.i(length), stride: h.i(2), strategy: strategy, isLeft: isLeft)
          counts.append(try tokenizer.encode(Small.texts[0], pair: Small.texts[1]).count)
          counts.append(try tokenizer.encode(Small.texts).count)
        }
        tokenizer.truncation = nil
        tokenizer.padding?.length = h.i(30)
        counts.append(try tokenizer.encode(Small.texts).count)
      }
      return counts
    }
    row(
      "TokenSpan.init(start:end:)", "TokenSpan.start", "TokenSpan.end", "Encoding.ids", "Encoding.typeIDs", "Encoding.attentionMask",
      "Encoding.specialTokensMask", "Encoding.wordIDs", "Encoding.sequenceIDs"
    ) { h in
      var encoding = Encoding()
      (encoding.ids, encoding.typeIDs, encoding.attentionMask) = (h.list(1), h.list(1), h.list(1))
      (encoding.specialTokensMask, encoding.wordIDs, encoding.sequenceIDs) = (h.list(1), h.list(1), h.list(1))
      var span = TokenSpan(start: h.i(1), end: h.i(2))
      (span.start, span.end) = (h.i(0), h.i(1))
      encoding.offsets = [span]
      return encoding.count
    }
  }

  private final class Answer: @unchecked Sendable {
    var text = ""
  }
}
