import Models
import Tensors

extension PretrainedModel {
  /// The text that follows a prompt, piece by piece as it is made.
  ///
  ///     for try await piece in model.generate("The Lord is my", topP: 0.9, seed: 7) { print(piece, terminator: "") }
  ///
  /// Pieces are whole characters. Sequences that are abandoned stop computing. Without a word about drawing the likeliest tokens are taken.
  ///
  /// The stream throws where the model does not generate, there is no tokenizer, the prompt is empty or too long, or an option is out of range.
  public func generate(
    _ prompt: String, maximumTokens: Int = 256, temperature: Double? = nil, topK: Int? = nil, topP: Double? = nil, minP: Double? = nil,
    repetitionPenalty: Double = 1, stopSequences: [String] = [], seed: UInt64? = nil
  ) -> AsyncThrowingStream<String, any Error> {
    generate(
      prompt,
      options: GenerationOptions(
        maximumTokens: maximumTokens, temperature: temperature, topK: topK, topP: topP, minP: minP, repetitionPenalty: repetitionPenalty,
        stopSequences: stopSequences, seed: seed))
  }

  /// The text that follows a prompt, piece by piece as it is made.
  public func generate(_ prompt: String, options: GenerationOptions) -> AsyncThrowingStream<String, any Error> {
    AsyncThrowingStream { stream in
      let task = Task {
        do {
          var pieces = try textPieces(prompt, options)
          while !Task.isCancelled, let piece = try pieces.next() { if !piece.isEmpty { stream.yield(piece) } }
          stream.finish()
        } catch {
          stream.finish(throwing: error)
        }
      }
      stream.onTermination = { _ in task.cancel() }
    }
  }

  /// The text that follows a prompt, whole.
  public func generateText(_ prompt: String, options: GenerationOptions = GenerationOptions()) throws -> String {
    if case .sequenceToSequence(let model) = kind { return try answer(model, prompt, options) }
    var pieces = try textPieces(prompt, options)
    var text = ""
    while let piece = try pieces.next() { text += piece }
    return text
  }

  /// The text that follows a prompt, piece by piece handed to `body`, which may throw to stop.
  public func generate(_ prompt: String, options: GenerationOptions, _ body: (String) throws -> Void) throws {
    if case .sequenceToSequence(let model) = kind { return try body(answer(model, prompt, options)) }
    var pieces = try textPieces(prompt, options)
    while let piece = try pieces.next() { if !piece.isEmpty { try body(piece) } }
  }

  /// The texts that follow several prompts, in one run.
  public func generateTexts(_ prompts: [String], options: GenerationOptions = GenerationOptions()) throws -> [String] {
    let (model, tokenizer) = try generating()
    let ids = try prompts.map { try tokenizer.encode($0).ids }
    let answers = try model.generate(ids, options: options, endTokens: endTokens)
    return try answers.map { ids in
      let text = try tokenizer.decode(ids.last.map { (options.endTokens ?? endTokens).contains($0) } ?? false ? Array(ids.dropLast()) : ids)
      return StopFilter.cut(text, options.stopSequences)
    }
  }

  private func generating() throws -> (any CausalLanguageModel, Tokenizer) {
    guard case .decoder(let model) = kind else { throw GenerationError("\(architecture) does not generate text; a …ForCausalLM would") }
    guard let tokenizer else { throw GenerationError("the folder has no tokenizer.json, so that texts have no tokens") }
    return (model, tokenizer)
  }

  private func textPieces(_ prompt: String, _ options: GenerationOptions) throws -> TextPieces {
    let (model, tokenizer) = try generating()
    let sequence = try model.continuation(of: tokenizer.encode(prompt).ids, options: options, endTokens: endTokens)
    return TextPieces(
      sequence: sequence, stream: tokenizer.decodeStream(), ends: Set(options.endTokens ?? endTokens),
      filter: StopFilter(options.stopSequences))
  }

  private func answer(_ model: T5, _ prompt: String, _ options: GenerationOptions) throws -> String {
    guard let tokenizer else { throw GenerationError("the folder has no tokenizer.json, so that texts have no tokens") }
    let ids = try model.generate(tokenizer.encode(prompt).ids, options: options, endTokens: endTokens)
    return StopFilter.cut(try tokenizer.decode(ids), options.stopSequences)
  }
}

extension T5 {
  /// The tokens of the answer to a text, an end token included.
  public func generate(_ text: [Int], options: GenerationOptions = GenerationOptions(), endTokens: [Int] = []) throws -> [Int] {
    try options.check()
    if text.isEmpty { throw GenerationError("an empty prompt; one token or more would fit") }
    if let id = text.first(where: { !(0..<vocabularySize).contains($0) }) {
      throw GenerationError("token \(id) of the prompt; 0 to \(vocabularySize - 1) would fit")
    }
    let ends = Set(options.endTokens ?? endTokens)
    var sampler = TokenSampler(options)
    let memory = try checked { withMode(.inference) { encode(Tensor(text, shape: [1, text.count])) } }
    var (cache, made, next) = (KeyValueCache(), [Int](), startToken)
    while made.count < options.maximumTokens {
      let input = Tensor([next], shape: [1, 1])
      let numbers = try checked(&cache) { (cache: inout KeyValueCache) -> [Float] in
        self.logits(input, memory: memory, memoryMask: nil, cache: &cache).scalars(Float.self)
      }
      next = sampler.choose(numbers, seen: made)
      made.append(next)
      if ends.contains(next) { break }
    }
    return made
  }
}

/// A sequence's text in pieces, up to its end.
private struct TextPieces {
  var sequence: Continuation
  var stream: DecodeStream
  let ends: Set<Int>
  var filter: StopFilter
  private var isDone = false

  init(sequence: Continuation, stream: DecodeStream, ends: Set<Int>, filter: StopFilter) {
    (self.sequence, self.stream, self.ends, self.filter) = (sequence, stream, ends, filter)
  }

  mutating func next() throws -> String? {
    if isDone { return nil }
    while let id = try sequence.next() {
      if ends.contains(id) { break }
      guard let piece = try stream.append(id) else { continue }
      let (text, isStopped) = filter.pass(piece)
      isDone = isStopped
      if isStopped || !text.isEmpty { return text }
    }
    isDone = true
    let (text, isStopped) = filter.pass(try stream.finish() ?? "")
    return isStopped ? text : text + filter.rest()
  }
}

/// Lets a text through up to the first of some sequences; what may be the beginning of one waits.
struct StopFilter: Sendable {
  private let sequences: [[UInt8]]
  private var waiting: [UInt8] = []

  init(_ sequences: [String]) { self.sequences = sequences.map { Array($0.utf8) }.filter { !$0.isEmpty } }

  /// What can be said after a piece, and whether a sequence was found.
  mutating func pass(_ piece: String) -> (text: String, isStopped: Bool) {
    if sequences.isEmpty { return (piece, false) }
    waiting += Array(piece.utf8)
    for i in waiting.indices {
      for sequence in sequences where waiting[i...].starts(with: sequence) {
        defer { waiting = [] }
        return (String(decoding: waiting[..<i], as: UTF8.self), true)
      }
    }
    var kept = 0
    for sequence in sequences {
      for count in stride(from: min(sequence.count - 1, waiting.count), to: kept, by: -1)
      where waiting.suffix(count).elementsEqual(sequence.prefix(count)) {
        kept = max(kept, count)
        break
      }
    }
    let text = String(decoding: waiting.dropLast(kept), as: UTF8.self)
    waiting = Array(waiting.suffix(kept))
    return (text, false)
  }

  /// What waited, when nothing more comes.
  mutating func rest() -> String {
    defer { waiting = [] }
    return String(decoding: waiting, as: UTF8.self)
  }

  static func cut(_ text: String, _ sequences: [String]) -> String {
    var filter = StopFilter(sequences)
    let (first, isStopped) = filter.pass(text)
    return isStopped ? first : first + filter.rest()
  }
}
