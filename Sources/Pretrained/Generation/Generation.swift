import Foundation
import Models
import Tensors

func exponential(_ x: Double) -> Double { Foundation.exp(x) }

/// One sequence that a model goes on with, token by token.
///
/// It is a value: a copy is a branch, which shares what has been computed.
///
///     var prompt = try model.continuation(of: ids)        // the prompt is computed once
///     var branch = prompt
///     let a = try prompt.next(), b = try branch.next()
public struct Continuation: Sendable {
  private let model: any CausalLanguageModel
  private var cache: KeyValueCache
  private var logits: [Float]
  private var sampler: TokenSampler
  private let endTokens: Set<Int>
  /// The prompt's ids and those that followed.
  public private(set) var ids: [Int]
  /// How many of them are the prompt's.
  public let promptCount: Int
  /// Whether an end token came, or the most tokens were made.
  public private(set) var isFinished = false

  init(_ model: any CausalLanguageModel, _ prompt: [Int], _ options: GenerationOptions, endTokens: [Int]) throws {
    try options.check()
    try checkPrompt(prompt, model)
    self.model = model
    cache = KeyValueCache()
    ids = prompt
    promptCount = prompt.count
    sampler = TokenSampler(options)
    self.endTokens = Set(options.endTokens ?? endTokens)
    logits = []
    isFinished = options.maximumTokens == 0
    logits = try run(prompt)
  }

  private mutating func run(_ new: [Int]) throws -> [Float] {
    var own = cache
    // Where frequencies change with the length, what was computed with others is computed again (as Phi 3 has it).
    let isSwitched = own.isSwitched(by: new.count, model)
    if isSwitched { own = KeyValueCache() }
    let input = isSwitched ? Tensor(ids, shape: [1, ids.count]) : Tensor(new, shape: [1, new.count])
    let model = model
    let answer = try checked { model.logitsInference(input, cache: &own).scalars(Float.self) }
    cache = own
    return answer
  }

  /// The next token, an end token included; nil when the sequence is finished.
  public mutating func next() throws -> Int? {
    if isFinished { return nil }
    let id = sampler.choose(logits, seen: ids)
    ids.append(id)
    let longest = model.longestSequence ?? .max
    if endTokens.contains(id) || ids.count - promptCount >= sampler.options.maximumTokens || ids.count >= longest {
      isFinished = true
    } else {
      logits = try run([id])
    }
    return id
  }
}

extension KeyValueCache {
  /// Whether `count` more tokens go beyond the length at which a model's rotary frequencies are others.
  fileprivate func isSwitched(by count: Int, _ model: any CausalLanguageModel) -> Bool {
    guard let limit = (model as? any DecoderFamily)?.switchLength, length > 0 else { return false }
    return length <= limit && length + count > limit
  }
}

/// Whether a prompt can be gone on with; throws a sentence if not.
private func checkPrompt(_ prompt: [Int], _ model: any CausalLanguageModel) throws {
  if prompt.isEmpty { throw GenerationError("an empty prompt; one token or more would fit") }
  if let id = prompt.first(where: { !(0..<model.vocabularySize).contains($0) }) {
    throw GenerationError("token \(id) of the prompt; 0 to \(model.vocabularySize - 1) would fit, as the model has \(model.vocabularySize)")
  }
  if let longest = model.longestSequence, prompt.count > longest {
    throw GenerationError("a prompt of \(prompt.count) tokens; at most \(longest) would fit, for which there are positions")
  }
}

extension CausalLanguageModel {
  /// The last position's logits, in inference mode.
  func logitsInference(_ ids: Tensor, cache: inout KeyValueCache) -> Tensor {
    let result = withMode(.inference) { () -> (Tensor, KeyValueCache) in
      var own = cache
      let y = logits(ids, cache: &own, lastOnly: true)
      return (y, own)
    }
    cache = result.1
    return result.0
  }

  /// A sequence to go on with: the prompt is computed at once.
  ///
  /// Throws where the prompt is empty, has ids beyond the vocabulary or more tokens than there are positions, or an option is out of range.
  public func continuation(of prompt: [Int], options: GenerationOptions = GenerationOptions(), endTokens: [Int] = []) throws -> Continuation
  {
    try Continuation(self, prompt, options, endTokens: endTokens)
  }

  /// The tokens that follow a prompt, an end token included.
  public func generate(_ prompt: [Int], options: GenerationOptions = GenerationOptions(), endTokens: [Int] = []) throws -> [Int] {
    var sequence = try continuation(of: prompt, options: options, endTokens: endTokens)
    while try sequence.next() != nil {}
    return Array(sequence.ids.dropFirst(sequence.promptCount))
  }

  /// The tokens that follow each of several prompts, which may be of different lengths: those that each would get alone.
  ///
  /// One run serves all; shorter prompts are padded on the left, and padding is seen by nobody. The sequence i draws with the seed + i.
  public func generate(_ prompts: [[Int]], options: GenerationOptions = GenerationOptions(), endTokens: [Int] = []) throws -> [[Int]] {
    try options.check()
    if prompts.isEmpty { return [] }
    for prompt in prompts { try checkPrompt(prompt, self) }
    let ends = Set(options.endTokens ?? endTokens)
    let length = prompts.map(\.count).max() ?? 0
    var cache = KeyValueCache(padding: prompts.map { length - $0.count })
    var ids = prompts
    var isFinished = prompts.map { _ in options.maximumTokens == 0 }
    var samplers = prompts.indices.map { i in
      var own = options
      own.seed = options.seed &+ UInt64(i)
      return TokenSampler(own)
    }
    var rows = prompts.map { [Int](repeating: 0, count: length - $0.count) + $0 }
    var input = Tensor(rows.flatMap { $0 }, shape: [prompts.count, length])
    while isFinished.contains(false) {
      if cache.isSwitched(by: input.shape[1], self) {
        cache = KeyValueCache(padding: prompts.map { length - $0.count })
        input = Tensor(rows.flatMap { $0 }, shape: [prompts.count, rows[0].count])
      }
      let logits = try checked(&cache) { cache in logitsInference(input, cache: &cache) }
      let width = logits.shape[2]
      let numbers = logits.scalars(Float.self)
      var new: [Int] = []
      for i in prompts.indices {
        if isFinished[i] {
          new.append(0)
          continue
        }
        let id = samplers[i].choose(Array(numbers[i * width..<(i + 1) * width]), seen: ids[i])
        ids[i].append(id)
        new.append(id)
        let made = ids[i].count - prompts[i].count
        isFinished[i] = ends.contains(id) || made >= options.maximumTokens || ids[i].count >= longestSequence ?? .max
      }
      // Where there are no more positions for the longest, nobody of the others can go on in the same run.
      if let longest = longestSequence, cache.length >= longest, isFinished.contains(false) {
        for i in prompts.indices where !isFinished[i] {
          var own = options
          own.maximumTokens = options.maximumTokens - (ids[i].count - prompts[i].count)
          if own.temperature == 0 { ids[i] += try generate(ids[i], options: own, endTokens: endTokens) }
        }
        break
      }
      for (i, id) in new.enumerated() { rows[i].append(id) }
      input = Tensor(new, shape: [prompts.count, 1])
    }
    return zip(ids, prompts).map { Array($0.dropFirst($1.count)) }
  }

  /// The most probable sequences by beam search, the best first (Graves 2012).
  ///
  /// - Parameters:
  ///   - prompt: What goes before.
  ///   - beams: How many sequences are kept at each step.
  ///   - options: The most tokens, end tokens and penalty; nothing is drawn.
  ///   - lengthPenalty: The power of the length that a sequence's log probability is divided by.
  public func beamSearch(
    _ prompt: [Int], beams: Int, options: GenerationOptions = GenerationOptions(), endTokens: [Int] = [], lengthPenalty: Double = 1
  ) throws -> [(ids: [Int], score: Double)] {
    try options.check()
    try checkPrompt(prompt, self)
    guard beams >= 1, beams <= vocabularySize else { throw GenerationError("\(beams) beams; 1 to \(vocabularySize) would fit") }
    let ends = Set(options.endTokens ?? endTokens)
    func score(_ sum: Double, _ count: Int) -> Double { sum / Foundation.pow(Double(max(1, count)), lengthPenalty) }
    var live: [(ids: [Int], sum: Double)] = [([], 0)]
    var finished: [(ids: [Int], score: Double)] = []
    var cache = KeyValueCache()
    var input = Tensor(prompt, shape: [1, prompt.count])
    let room = (longestSequence ?? .max) - prompt.count
    for step in 0..<min(options.maximumTokens, room) {
      let logits = try checked(&cache) { cache in logitsInference(input, cache: &cache).logSoftmax(axis: -1) }
      let (width, numbers) = (logits.shape[2], logits.scalars(Float.self))
      var candidates: [(beam: Int, id: Int, sum: Double)] = []
      for (i, beam) in live.enumerated() {
        var own = (0..<width).map { (beam: i, id: $0, sum: beam.sum + Double(numbers[i * width + $0])) }
        own.sort { $0.sum != $1.sum ? $0.sum > $1.sum : $0.id < $1.id }
        candidates += own.prefix(2 * beams)
      }
      candidates.sort { $0.sum != $1.sum ? $0.sum > $1.sum : ($0.beam, $0.id) < ($1.beam, $1.id) }
      var next: [(beam: Int, id: Int, sum: Double)] = []
      for (rank, candidate) in candidates.prefix(2 * beams).enumerated() {
        if ends.contains(candidate.id) {
          // An end that is not among the best ones is none.
          if rank < beams { finished.append((live[candidate.beam].ids + [candidate.id], score(candidate.sum, step + 1))) }
        } else if next.count < beams {
          next.append(candidate)
        }
      }
      finished.sort { $0.score > $1.score }
      finished = Array(finished.prefix(beams))
      live = next.map { (live[$0.beam].ids + [$0.id], $0.sum) }
      if live.isEmpty { break }
      // No live sequence can be better than the worst finished one.
      if finished.count == beams, let best = live.first, let worst = finished.last, score(best.sum, step + 1) <= worst.score {
        live = []
        break
      }
      cache = cache.selecting(next.map(\.beam))
      input = Tensor(next.map(\.id), shape: [next.count, 1])
    }
    finished += live.map { ($0.ids, score($0.sum, $0.ids.count)) }
    finished.sort { $0.score > $1.score }
    return Array(finished.prefix(beams))
  }
}
