import Fluxion
import Foundation
import Pretrained

/// One folder of a model with expected.json and expected.safetensors.
struct ModelCheck {
  let folder: String

  init(_ folder: String) { self.folder = folder }

  func run() throws -> (isPass: Bool, text: String) {
    let settings =
      try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: folder + "/expected.json"))) as? [String: Any] ?? [:]
    let tolerance = settings["tolerance"] as? Double ?? 2e-5
    let expected = try SafetensorsFile(folder + "/expected.safetensors")
    let model = try PretrainedModel(from: folder)
    var (isPass, parts) = (true, [String]())
    func compare(_ name: String, _ actual: Tensor?, where mask: Tensor? = nil) throws {
      guard expected.outline(name) != nil else { return }
      guard let actual else {
        isPass = false
        return parts.append("\(name) is not given")
      }
      let wanted = try expected.tensor(name)
      guard wanted.shape == actual.shape else {
        isPass = false
        return parts.append("\(name) is \(actual.shape), not \(wanted.shape)")
      }
      var difference = abs(actual - wanted)
      // What is masked may be anything.
      if let mask, mask.rank < difference.rank { difference = select((mask .!= 0).unsqueezed(axis: -1), difference, 0) }
      let largest = difference.max().item()
      if !(largest <= tolerance) { isPass = false }
      parts.append("\(name) \(String(format: "%.1e", largest))")
    }

    func optional(_ name: String) throws -> Tensor? { expected.outline(name) == nil ? nil : try expected.tensor(name) }
    try checked {
      switch model.kind {
      case .encoder(let encoder):
        let mask = try optional("attention_mask")
        let output = encoder.encode(try expected.tensor("input_ids"), mask: mask, typeIDs: try optional("token_type_ids"))
        try compare("last_hidden_state", output.lastHiddenState, where: mask)
        try compare("pooler_output", output.pooled)
      case .image(let vit):
        let output = vit.encode(try expected.tensor("pixel_values"))
        try compare("last_hidden_state", output.lastHiddenState)
        try compare("pooler_output", output.pooled)
        if expected.outline("logits") != nil { try compare("logits", vit(try expected.tensor("pixel_values"))) }
      case .decoder(let decoder):
        let ids = try expected.tensor("input_ids")
        let mask = try optional("attention_mask")
        var cache = KeyValueCache()
        let output = decoder.logits(ids, cache: &cache)
        let name = expected.outline("logits") != nil ? "logits" : "last_hidden_state"
        try compare(name, output, where: mask)
        if let greedy = try optional("greedy") {
          let isEqual = try same(greedy, greedyTokens(decoder, ids, count: greedy.shape[1] - ids.shape[1]))
          if !isEqual { isPass = false }
          parts.append("greedy \(isEqual ? "equal" : "DIFFERS")")
        }
      case .sequenceToSequence(let t5):
        let ids = try expected.tensor("input_ids")
        let mask = try optional("attention_mask")
        if let answer = try optional("decoder_input_ids") {
          let output = t5(T5.Input(ids: ids, mask: mask, answer: answer))
          try compare("logits", output)
          try compare("last_hidden_state", output)
        } else {
          try compare("last_hidden_state", t5.encode(ids, mask: mask), where: mask)
        }
        if let greedy = try optional("greedy") {
          let isEqual = try same(greedy, greedyAnswer(t5, ids, mask, count: greedy.shape[1]))
          if !isEqual { isPass = false }
          parts.append("greedy \(isEqual ? "equal" : "DIFFERS")")
        }
      }
    }
    return (isPass, "\(model.architecture): \(parts.joined(separator: ", ")); at most \(tolerance)")
  }

  private func same(_ a: Tensor, _ b: Tensor) throws -> Bool {
    a.shape == b.shape && a.cast(to: .int64).scalars(Int.self) == b.cast(to: .int64).scalars(Int.self)
  }

  /// The prompt and the likeliest tokens after it, by the cache; each is checked to be what a run of the whole gives.
  private func greedyTokens(_ model: any CausalLanguageModel, _ prompt: Tensor, count: Int) throws -> Tensor {
    let numbers = prompt.cast(to: .int64).scalars(Int.self)
    let width = prompt.shape[1]
    let rows = (0..<prompt.shape[0]).map { Array(numbers[$0 * width..<($0 + 1) * width]) }
    let answers = try model.generate(rows, options: GenerationOptions(maximumTokens: count, endTokens: []))
    let ids = Tensor(zip(rows, answers).flatMap { $0 + $1 }, shape: [rows.count, width + count])
    // Dynamic frequencies depend on the length of the whole, so that a cache remembers other ones.
    let config = try String(contentsOfFile: folder + "/config.json", encoding: .utf8)
    if config.contains("\"dynamic\"") || config.contains("\"longrope\"") { return ids }
    var fresh = KeyValueCache()
    let all = model.logits(ids, cache: &fresh)
    let again = all[0..., (width - 1)..<(ids.shape[1] - 1)].argmax(axis: -1).cast(to: .int64)
    let isSame = again.scalars(Int.self) == ids[0..., width...].scalars(Int.self)
    return isSame ? ids : Tensor.zeros([0])
  }

  private func greedyAnswer(_ model: T5, _ ids: Tensor, _ mask: Tensor?, count: Int) -> Tensor {
    let memory = model.encode(ids, mask: mask)
    var answer = Tensor([Int](repeating: model.startToken, count: ids.shape[0])).reshaped([ids.shape[0], 1])
    var cache = KeyValueCache()
    var next = answer
    while answer.shape[1] < count {
      let logits = model.logits(next, memory: memory, memoryMask: mask, cache: &cache)
      next = logits[0..., -1].argmax(axis: -1).cast(to: .int64).unsqueezed(axis: 1)
      answer = concatenate([answer, next], axis: 1)
    }
    return answer
  }
}
