import Fluxion
import Foundation
import Pretrained

/// What holds for every model, without references: caches, batches, adapters, few bits.
struct LawCheck {
  let folder: String

  func run() throws -> (isPass: Bool, text: String) {
    var (passed, failed): ([String], [String]) = ([], [])
    func law(_ name: String, _ body: () throws -> Bool) {
      do { if try body() { passed.append(name) } else { failed.append(name) } } catch { failed.append("\(name): \(error)") }
    }
    let model = try PretrainedModel(from: folder)
    law("parameters load into another copy") {
      var copy = model
      try copy.load(from: InMemoryTensors(model.namedTensors()))
      return copy.parameterCount == model.parameterCount && model.parameterCount > 0
    }
    if case .decoder(let decoder) = model.kind { try decoderLaws(decoder, law) }
    if case .encoder(let encoder) = model.kind { encoderLaws(encoder, law) }
    law("8 bits are near") {
      let small = try model.quantized(bits: 8, groupSize: 16)
      return small.weightByteCount < model.weightByteCount && small.parameters.count < model.parameters.count
    }
    return (failed.isEmpty, failed.isEmpty ? "\(passed.count) laws" : failed.joined(separator: "; "))
  }

  private func decoderLaws(_ model: any CausalLanguageModel, _ law: (String, () throws -> Bool) -> Void) throws {
    let prompts = [[5, 9, 14, 3, 7, 11], [8, 4], [3, 12, 6]].map { $0.map { $0 % model.vocabularySize } }
    let greedy = GenerationOptions(maximumTokens: 8, endTokens: [])
    law("a batch is its prompts one by one") {
      let alone = try prompts.map { try model.generate($0, options: greedy) }
      return try model.generate(prompts, options: greedy) == alone
    }
    law("draws depend on the seed alone") {
      let options = GenerationOptions(maximumTokens: 8, temperature: 0.8, topK: 50, topP: 0.95, endTokens: [], seed: 3)
      let first = try model.generate(prompts, options: options)
      var second = options
      second.seed = 4
      return try first == model.generate(prompts, options: options) && first != model.generate(prompts, options: second)
        && first[0] == model.generate(prompts[0], options: options)
    }
    law("a copy is a branch") {
      var trunk = try model.continuation(of: prompts[0], options: greedy)
      _ = try trunk.next()
      var branch = trunk
      let (a, b) = (try trunk.next(), try branch.next())
      return a == b && a != nil
    }
    law("one beam is greedy") {
      let beam = try model.beamSearch(prompts[0], beams: 1, options: greedy)
      return try beam.first?.ids == model.generate(prompts[0], options: greedy)
    }
    law("beams have their own probabilities") {
      let beams = try model.beamSearch(prompts[0], beams: 4, options: greedy, lengthPenalty: 0)
      for (ids, score) in beams {
        var cache = KeyValueCache()
        let whole = prompts[0] + ids
        let logits = model.logits(Tensor(whole, shape: [1, whole.count]), cache: &cache).logSoftmax(axis: -1)
        let sum = ids.enumerated().reduce(0) { $0 + logits[0, prompts[0].count - 1 + $1.offset, $1.element].item() }
        if abs(sum - score) > 1e-3 { return false }
      }
      return beams.count == 4 && zip(beams, beams.dropFirst()).allSatisfy { $0.score >= $1.score }
    }
    law("hostile prompts are refused") {
      var refused = 0
      for prompt in [[], [model.vocabularySize], [-1]] { do { _ = try model.generate(prompt, options: greedy) } catch { refused += 1 } }
      return refused == 3
    }
    func open<M: CausalLanguageModel>(_ model: M) {
      let ids = Tensor(prompts[0], shape: [1, prompts[0].count])
      law("adapters begin as nothing, train and merge") {
        var tuned = try model.lora(rank: 2, on: "…attn…", "…_proj")
        let before = model.predict(ids)
        if !tuned.predict(ids).isClose(to: before, relative: 1e-4, absolute: 1e-5) { return false }
        let gradient = gradient(at: &tuned) { m in (m(ids) * m(ids)).mean() }
        let ups = gradient.parameters.filter { $0.name.hasSuffix("up") }
        if ups.isEmpty || ups.allSatisfy({ abs($0.value).max().item() == 0 }) { return false }
        tuned.updateParameters { name, value in if name.hasSuffix("up") { value = value + 0.05 } }
        let changed = tuned.predict(ids)
        if changed.isClose(to: before, relative: 1e-4, absolute: 1e-4) { return false }
        let path = NSTemporaryDirectory() + "/peft-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try tuned.savePEFT(to: path)
        let back = try model.lora(from: path)
        return tuned.merged().predict(ids).isClose(to: changed, relative: 1e-3, absolute: 1e-4)
          && back.predict(ids).isClose(to: changed, relative: 1e-3, absolute: 1e-4)
      }
      law("packed weights answer alike") {
        let exact = model.predict(ids)
        let eight = try model.quantized(bits: 8, groupSize: 16).predict(ids)
        let four = try model.quantized(bits: 4, groupSize: 16).predict(ids)
        let half = model.packed(as: .bfloat16).predict(ids)
        let size = abs(exact).max().item()
        func error(_ x: Tensor) -> Double { abs(x - exact).max().item() / size }
        return error(eight) < 0.1 && error(half) < 0.1 && error(four) < 1 && error(eight) <= error(four)
      }
      law("gradients reach all parameters") {
        var copy = model
        let gradient = gradient(at: &copy) { m in (m(ids) * m(ids)).mean() }
        return gradient.parameters.allSatisfy { $0.value.isAllFinite } && gradient.parameters.contains { abs($0.value).max().item() > 0 }
      }
    }
    open(model)
  }

  private func encoderLaws(_ model: any TextEncoder, _ law: (String, () throws -> Bool) -> Void) {
    law("padding is seen by nobody") {
      let short = model.encode(Tensor([[5, 6, 7]], .int64), mask: nil, typeIDs: nil).lastHiddenState
      let long = model.encode(Tensor([[5, 6, 7, 9, 9]], .int64), mask: Tensor([[1, 1, 1, 0, 0]], .int64), typeIDs: nil).lastHiddenState
      return long[0..., 0..<3].isClose(to: short, relative: 1e-4, absolute: 1e-5)
    }
    law("too many tokens are refused") {
      do {
        _ = try checked { model.encode(.zeros([1, model.longestSequence + 1], .int64), mask: nil, typeIDs: nil).lastHiddenState }
        return false
      } catch { return true }
    }
  }
}
