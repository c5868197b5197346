import Fluxion
import Foundation
import Pretrained

/// A folder as the hub has it, of a small BERT with random weights and a vocabulary learnt from texts.
enum SmallEncoder {
  /// Writes the folder and gives its path.
  static func write(_ texts: [String], seed: UInt64) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fluxion-small-encoder").path
    let tokenizer = try Tokenizer.train(.wordPiece(), on: texts, vocabularySize: 1500)
    try tokenizer.save(to: folder)
    let (features, hidden, layers) = (64, 128, 2)
    let config = """
      {"architectures": ["BertModel"], "model_type": "bert", "vocab_size": \(tokenizer.vocabularySize), "hidden_size": \(features),
       "intermediate_size": \(hidden), "num_hidden_layers": \(layers), "num_attention_heads": 4, "max_position_embeddings": 64,
       "type_vocab_size": 2, "hidden_act": "gelu", "layer_norm_eps": 1e-12, "pad_token_id": 0}
      """
    try config.write(toFile: folder + "/config.json", atomically: true, encoding: .utf8)
    var tensors: [(name: String, value: Tensor)] = []
    func normal(_ name: String, _ shape: Shape) {
      tensors.append((name, .normal(shape, standardDeviation: name.contains("embeddings") ? 1 : 0.1)))
    }
    func norm(_ name: String) {
      tensors.append((name + ".weight", .ones([features])))
      tensors.append((name + ".bias", .zeros([features])))
    }
    func dense(_ name: String, _ inputs: Int, _ outputs: Int) {
      normal(name + ".weight", [outputs, inputs])
      tensors.append((name + ".bias", .zeros([outputs])))
    }
    withSeed(seed) {
      normal("embeddings.word_embeddings.weight", [tokenizer.vocabularySize, features])
      normal("embeddings.position_embeddings.weight", [64, features])
      normal("embeddings.token_type_embeddings.weight", [2, features])
      norm("embeddings.LayerNorm")
      for i in 0..<layers {
        let layer = "encoder.layer.\(i)."
        for part in ["query", "key", "value"] { dense(layer + "attention.self." + part, features, features) }
        dense(layer + "attention.output.dense", features, features)
        norm(layer + "attention.output.LayerNorm")
        dense(layer + "intermediate.dense", features, hidden)
        dense(layer + "output.dense", hidden, features)
        norm(layer + "output.LayerNorm")
      }
    }
    try SafetensorsFile.write(tensors, metadata: ["format": "pt"], to: folder + "/model.safetensors")
    return folder
  }
}
