import Fluxion
import Foundation

@testable import Pretrained

/// Folders as the hub has them, made for a test.
enum Fixture {
  /// A folder that is gone afterwards.
  static func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fluxion-pretrained-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }

  /// A file that the fuzzer of a reader begins with.
  static func seed(_ reader: String, _ name: String) throws -> [UInt8] {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return try Array(Foundation.Data(contentsOf: tests.appendingPathComponent("Fuzz/Corpus/\(reader)/\(name)")))
  }

  static func write(_ text: String, _ folder: String, _ name: String) throws {
    try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
  }

  static let texts = [
    "The Lord is my shepherd; I shall not want.", "He maketh me to lie down in green pastures: he leadeth me beside the still waters.",
    "He restoreth my soul: he leadeth me in the paths of righteousness for his name's sake.",
    "Yea, though I walk through the valley of the shadow of death, I will fear no evil: for thou art with me.",
  ]

  static let llamaConfig: [String: String] = [
    "architectures": #"["LlamaForCausalLM"]"#, "vocab_size": "400", "hidden_size": "16", "intermediate_size": "24",
    "num_hidden_layers": "2",
    "num_attention_heads": "4", "num_key_value_heads": "2", "max_position_embeddings": "64", "rms_norm_eps": "1e-6",
    "tie_word_embeddings": "false", "hidden_act": #""silu""#, "eos_token_id": "null",
  ]

  static func json(_ fields: [String: String]) -> String {
    "{" + fields.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ") + "}"
  }

  /// The tensors of a Llama of these sizes with random numbers.
  static func llamaTensors() -> [(name: String, value: Tensor)] {
    withSeed(3) {
      var tensors: [(name: String, value: Tensor)] = []
      func add(_ name: String, _ shape: Shape) { tensors.append((name, .normal(shape, standardDeviation: 0.3))) }
      add("model.embed_tokens.weight", [400, 16])
      for i in 0..<2 {
        let layer = "model.layers.\(i)."
        add(layer + "self_attn.q_proj.weight", [16, 16])
        add(layer + "self_attn.k_proj.weight", [8, 16])
        add(layer + "self_attn.v_proj.weight", [8, 16])
        add(layer + "self_attn.o_proj.weight", [16, 16])
        add(layer + "mlp.gate_proj.weight", [24, 16])
        add(layer + "mlp.up_proj.weight", [24, 16])
        add(layer + "mlp.down_proj.weight", [16, 24])
        add(layer + "input_layernorm.weight", [16])
        add(layer + "post_attention_layernorm.weight", [16])
      }
      add("model.norm.weight", [16])
      add("lm_head.weight", [400, 16])
      return tensors
    }
  }

  /// Writes a folder of a small Llama with a vocabulary of 400 tokens.
  static func writeLlama(
    _ folder: String, changing fields: [String: String] = [:], tensors: [(name: String, value: Tensor)]? = nil
  ) throws {
    try write(json(llamaConfig.merging(fields) { $1 }), folder, "config.json")
    try SafetensorsFile.write(tensors ?? llamaTensors(), metadata: ["format": "pt"], to: folder + "/model.safetensors")
    try Tokenizer.train(.byteLevelBPE, on: texts, vocabularySize: 400, leastFrequency: 1, specialTokens: ["<|endoftext|>"]).save(to: folder)
  }
}
