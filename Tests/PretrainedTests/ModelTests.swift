import Data
import Fluxion
import Foundation
import Testing

@testable import Pretrained

@Suite struct PretrainedModelTests {
  /// The sentence that loading a folder throws.
  private func problem(
    _ fields: [String: String] = [:], _ change: (inout [(name: String, value: Tensor)]) -> Void = { _ in }
  ) throws -> String {
    try Fixture.withFolder { folder in
      var tensors = Fixture.llamaTensors()
      change(&tensors)
      try Fixture.writeLlama(folder, changing: fields, tensors: tensors)
      do {
        _ = try PretrainedModel(from: folder)
        return "none"
      } catch { return "\(error)" }
    }
  }

  @Test func aFolderIsAModel() throws {
    try Fixture.withFolder { folder in
      try Fixture.writeLlama(folder)
      let model = try PretrainedModel(from: folder)
      #expect(model.architecture == "LlamaForCausalLM")
      #expect(model.parameterCount == Fixture.llamaTensors().reduce(0) { $0 + $1.value.elementCount })
      #expect(Set(model.parameters.map(\.name)) == Set(Fixture.llamaTensors().map(\.name)))
      #expect(model.predict(Tensor([[1, 2, 3]], .int64)).shape == [1, 3, 400])
    }
  }

  @Test func fieldsAreHonouredOrRefused() throws {
    #expect(try problem() == "none")
    #expect(try problem(["use_sliding_window": "false", "initializer_range": "0.5"]) == "none")
    #expect(try problem(["logit_scale": "2.0"]).contains("logit_scale"))
    #expect(try problem(["architectures": #"["MambaForCausalLM"]"#]).contains("LlamaForCausalLM"))
    #expect(try problem(["architectures": "null"]).contains("architectures"))
    #expect(try problem(["hidden_act": #""snake""#]).contains("hidden_act"))
    #expect(try problem(["hidden_size": "1000000000"]).contains("hidden_size"))
    #expect(try problem(["num_hidden_layers": "2000000000"]).contains("num_hidden_layers"))
    #expect(try problem(["num_attention_heads": "0"]).contains("num_attention_heads"))
    #expect(try problem(["num_attention_heads": "3"]).contains("num_key_value_heads"))
    #expect(try problem(["hidden_size": "\"16\""]).contains("hidden_size"))
    #expect(try problem(["rope_scaling": #"{"rope_type": "spiral"}"#]).contains("rope_type"))
    #expect(try problem(["rope_scaling": #"{"rope_type": "linear", "factor": 2.0, "twist": 1}"#]).contains("twist"))
    #expect(try problem(["quantization_config": #"{"bits": 4}"#]).contains("quantization_config"))
  }

  @Test func tensorsThatDoNotFitAreNamed() throws {
    #expect(try problem { $0.removeAll { $0.name == "model.norm.weight" } }.contains("missing model.norm.weight"))
    #expect(try problem { $0.append(("model.extra.weight", .zeros([2]))) }.contains("unexpected model.extra.weight"))
    #expect(try problem { $0[1].value = .zeros([16, 8]) }.contains("model.layers.0.self_attn.q_proj.weight is float32 [16, 8]"))
    // What is tied is needed once, and what is not tied twice.
    #expect(try problem { $0.removeAll { $0.name == "lm_head.weight" } }.contains("missing lm_head.weight"))
    #expect(try problem(["tie_word_embeddings": "true"]) { $0.removeAll { $0.name == "lm_head.weight" } } == "none")
    // A base model's names lack the prefix.
    let base = try problem(["architectures": #"["LlamaModel"]"#]) { tensors in
      tensors.removeAll { $0.name == "lm_head.weight" }
      tensors = tensors.map { (String($0.name.dropFirst("model.".count)), $0.value) }
    }
    #expect(base == "none")
  }

  @Test func filesThatAreMissingAreNamed() throws {
    try Fixture.withFolder { folder in
      #expect(throws: (any Error).self) { try PretrainedModel(from: folder + "/nothing") }
      do { _ = try PretrainedModel(from: folder) } catch { #expect("\(error)".contains("config.json")) }
      try Fixture.write(Fixture.json(Fixture.llamaConfig), folder, "config.json")
      do { _ = try PretrainedModel(from: folder) } catch { #expect("\(error)".contains("model.safetensors")) }
      try Fixture.write(
        #"{"weight_map": {"model.norm.weight": "model-00001-of-00002.safetensors"}}"#, folder, "model.safetensors.index.json")
      do { _ = try PretrainedModel(from: folder) } catch { #expect("\(error)".contains("model-00001-of-00002.safetensors")) }
      try Fixture.write(#"{"weight_map": {"model.norm.weight": "../x.safetensors"}}"#, folder, "model.safetensors.index.json")
      do { _ = try PretrainedModel(from: folder) } catch { #expect("\(error)".contains("weight_map")) }
      for text in ["", "{", "[1]", #"{"architectures": ["#, String(repeating: "[", count: 100_000)] {
        try Fixture.write(text, folder, "config.json")
        #expect(throws: (any Error).self) { try PretrainedModel(from: folder) }
      }
    }
  }

  @Test func generationRefusesWhatItCannotDo() throws {
    try Fixture.withFolder { folder in
      try Fixture.writeLlama(folder)
      let model = try Llama(from: folder)
      for options in [
        GenerationOptions(maximumTokens: -1), GenerationOptions(temperature: .nan), GenerationOptions(topK: 0), GenerationOptions(topP: 2),
        GenerationOptions(minP: -1), GenerationOptions(repetitionPenalty: 0),
      ] { #expect(throws: GenerationError.self) { try model.generate([1, 2], options: options) } }
      #expect(throws: GenerationError.self) { try model.generate([Int](), options: GenerationOptions()) }
      #expect(throws: GenerationError.self) { try model.generate([400]) }
      #expect(throws: GenerationError.self) { try model.generate([.max]) }
      #expect(throws: GenerationError.self) { try model.beamSearch([1], beams: 0) }
    }
  }

  /// Ever lower temperatures take the likeliest in the end, also where quotients are infinite.
  @Test func lowTemperaturesTakeTheLikeliest() {
    for temperature in [1e-3, 1e-300, .leastNormalMagnitude, .leastNonzeroMagnitude] {
      for seed in 0..<20 {
        var sampler = TokenSampler(GenerationOptions(temperature: temperature, seed: UInt64(seed)))
        #expect(sampler.choose([1, 3, 2, -4], seen: []) == 1)
        #expect(sampler.choose([-5, -1, -2, -.infinity], seen: []) == 1)
      }
    }
  }

  @Test func stopSequencesEndAnswers() {
    var filter = StopFilter(["END", "stop"])
    #expect(filter.pass("abE").text == "ab")
    #expect(filter.pass("N").text == "")
    let (text, isStopped) = filter.pass("Dxyz")
    #expect(text == "" && isStopped)
    #expect(StopFilter.cut("a stop b", ["stop"]) == "a ")
    #expect(StopFilter.cut("a sto", ["stop"]) == "a sto")
  }

  @Test func packedNumbersAreNear() throws {
    let matrix = withSeed(5) { Tensor.normal([9, 37]) }
    for (form, most) in [
      (PackedMatrix.Form.bfloat16, 0.02), (.float16, 0.002), (.integers(bits: 8, groupSize: 16), 0.012),
      (.integers(bits: 4, groupSize: 16), 0.2),
    ] {
      let packed = try #require(PackedMatrix(matrix, form: form))
      #expect(abs(packed.matrix - matrix).max().item() < most * 1.6)
      let x = withSeed(6) { Tensor.normal([3, 37]) }
      #expect(packed.product(x).isClose(to: linear(x, weight: packed.matrix), relative: 1e-4, absolute: 1e-4))
    }
    #expect(PackedMatrix(matrix, form: .integers(bits: 3, groupSize: 16)) == nil)
    #expect(PackedMatrix(matrix, form: .integers(bits: 8, groupSize: 0)) == nil)
    // A group is a row at most.
    let whole = try #require(PackedMatrix(matrix, form: .integers(bits: 8, groupSize: 37))).matrix.scalars(Float.self)
    for size in [38, 1 << 62, Int.max] {
      #expect(try #require(PackedMatrix(matrix, form: .integers(bits: 8, groupSize: size))).matrix.scalars(Float.self) == whole)
    }
    // Halves at the edges.
    let edges = Tensor([65504, -65504, 6e-8, 1e-7, 6.1e-5, 0, 1, -2.5] as [Float], shape: [1, 8])
    let halves = try #require(PackedMatrix(edges, form: .float16)).matrix.scalars(Float.self)
    #expect(halves[0] == 65504 && halves[1] == -65504 && halves[5] == 0 && halves[6] == 1 && halves[7] == -2.5)
    #expect(abs(halves[2] - 5.9604645e-8) < 1e-10)
  }
}
