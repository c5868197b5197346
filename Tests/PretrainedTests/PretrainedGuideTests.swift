import Fluxion
import Foundation
import Pretrained
import Testing

/// The code of Guides/Pretrained.md, compiled and run.
@Suite struct PretrainedGuideTests {
  @Test func text() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fluxion-guide-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Fixture.writeLlama(folder)

    let model = try PretrainedModel(from: folder)
    print(try model.generateText("The Lord is my", options: GenerationOptions(maximumTokens: 12)))
    for try await piece in model.generate("The Lord is my", maximumTokens: 12, topP: 0.9, seed: 7) { print(piece, terminator: "") }
  }

  @Test func anOrdinaryModel() throws {
    try Fixture.withFolder { folder in
      try Fixture.writeLlama(folder)
      var llama = try Llama(from: folder)
      print(llama.parameters.map(\.name).prefix(2))  // ["model.embed_tokens.weight", "model.layers.0.self_attn.q_proj.weight"]
      let ids = Tensor([[5, 9, 14]], .int64)
      let logits = llama.predict(ids)  // [1, 3, vocabulary]
      llama.freeze("model.embed_tokens")
      #expect(logits.shape == [1, 3, 400])
      #expect(llama.parameters.map(\.name).prefix(2) == ["model.embed_tokens.weight", "model.layers.0.self_attn.q_proj.weight"])

      let options = GenerationOptions(maximumTokens: 5)
      var trunk = try llama.continuation(of: [5, 9, 14], options: options)
      var branch = trunk  // the prompt is not computed again
      print(try trunk.next() == branch.next())  // true
      let both = try llama.generate([[5, 9, 14], [3]], options: options)  // in one run, as each alone
      let best = try llama.beamSearch([5, 9, 14], beams: 3, options: options)
      #expect(both[0] == (try llama.generate([5, 9, 14], options: options)) && best.count == 3)

      var tuned = try llama.lora(rank: 4, on: "…q_proj", "…v_proj")
      let gradient = gradient(at: &tuned) { model in crossEntropy(model(ids)[0], Tensor([9, 14, 3])) }
      var optimizer = Adam(learningRate: 1e-2)
      optimizer.update(&tuned, along: gradient)
      try tuned.savePEFT(to: folder + "/adapter")  // PEFT reads it in Python
      let merged = tuned.merged()
      let small = try merged.quantized(bits: 4, groupSize: 16)
      print(small.weightByteCount < merged.weightByteCount)  // true
      #expect(small.weightByteCount < merged.weightByteCount && tuned.adapters.count == 4)
    }
  }

  @Test func tokens() throws {
    let texts = Fixture.texts
    try Fixture.withFolder { folder in
      let tokenizer = try Tokenizer.train(.byteLevelBPE, on: texts, vocabularySize: 400, specialTokens: ["<|endoftext|>"])
      let encoding = try tokenizer.encode("The Lord is my shepherd")
      print(encoding.ids, encoding.tokens, encoding.offsets[0])
      print(try tokenizer.decode(encoding.ids))  // The Lord is my shepherd
      var stream = tokenizer.decodeStream()
      for id in encoding.ids { if let piece = try stream.append(id) { print(piece, terminator: "") } }
      try tokenizer.save(to: folder)
      #expect(try Tokenizer(from: folder).encode("The Lord is my shepherd") == encoding)
    }
  }
}
