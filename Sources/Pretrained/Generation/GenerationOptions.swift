import Tensors

/// How the next token is chosen, and when an answer ends.
public struct GenerationOptions: Sendable {
  /// The most tokens that are made.
  public var maximumTokens: Int
  /// What logits are divided by before a token is drawn; 0 takes the likeliest.
  public var temperature: Double
  /// Only so many of the likeliest tokens are drawn from.
  public var topK: Int?
  /// Only the likeliest tokens are drawn from whose probabilities reach this sum.
  public var topP: Double?
  /// Only tokens are drawn whose probability is at least this part of the likeliest one's.
  public var minP: Double?
  /// What the logits of tokens that have been seen are divided by, those below 0 multiplied; 1 changes nothing (Keskar and others 2019).
  public var repetitionPenalty: Double
  /// Texts at which an answer ends, which are no part of it.
  public var stopSequences: [String]
  /// Tokens at which an answer ends; those of the model unless told.
  public var endTokens: [Int]?
  /// What draws begin with: the same seed gives the same answer.
  public var seed: UInt64

  /// The likeliest tokens unless something is said about drawing.
  public init(
    maximumTokens: Int = 256, temperature: Double? = nil, topK: Int? = nil, topP: Double? = nil, minP: Double? = nil,
    repetitionPenalty: Double = 1, stopSequences: [String] = [], endTokens: [Int]? = nil, seed: UInt64? = nil
  ) {
    self.maximumTokens = maximumTokens
    let draws = temperature != nil || topK != nil || topP != nil || minP != nil || seed != nil
    self.temperature = temperature ?? (draws ? 1 : 0)
    (self.topK, self.topP, self.minP, self.repetitionPenalty) = (topK, topP, minP, repetitionPenalty)
    (self.stopSequences, self.endTokens) = (stopSequences, endTokens)
    self.seed = seed ?? 0
  }

  func check() throws {
    func fail(_ message: String) -> GenerationError { GenerationError(message) }
    if maximumTokens < 0 { throw fail("at most \(maximumTokens) tokens; 0 or more would fit") }
    if !(temperature >= 0 && temperature.isFinite) { throw fail("a temperature of \(temperature); 0 or more would fit") }
    if let topK, topK < 1 { throw fail("a topK of \(topK); 1 or more would fit") }
    if let topP, !(topP > 0 && topP <= 1) { throw fail("a topP of \(topP); more than 0, at most 1 would fit") }
    if let minP, !(minP >= 0 && minP <= 1) { throw fail("a minP of \(minP); 0 to 1 would fit") }
    if !(repetitionPenalty > 0 && repetitionPenalty.isFinite) {
      throw fail("a repetition penalty of \(repetitionPenalty); a positive number would fit")
    }
  }
}

/// What cannot be generated: one sentence.
public struct GenerationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The sentence.
  public let description: String
  init(_ message: String) { description = "generate: " + message }
}

/// Chooses tokens by logits: one sequence's draws.
struct TokenSampler: Sendable {
  let options: GenerationOptions
  private var state: UInt64

  init(_ options: GenerationOptions) {
    self.options = options
    state = options.seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678_9ABC_DEF1
  }

  /// The next number in 0 ..< 1 (SplitMix64, Steele and others 2014).
  private mutating func uniform() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return Double((z ^ z >> 31) >> 11) * 0x1p-53
  }

  /// A token by its logits; `seen` are the tokens before it.
  mutating func choose(_ logits: [Float], seen: [Int]) -> Int {
    var logits = logits
    if options.repetitionPenalty != 1 {
      let penalty = Float(options.repetitionPenalty)
      for id in Set(seen) where logits.indices.contains(id) { logits[id] = logits[id] > 0 ? logits[id] / penalty : logits[id] * penalty }
    }
    if options.temperature == 0 { return Self.largest(logits) }
    return draw(logits)
  }

  /// The first of the largest; NaN counts as nothing.
  static func largest(_ logits: [Float]) -> Int {
    var (best, place) = (-Float.infinity, 0)
    for (i, x) in logits.enumerated() where x > best { (best, place) = (x, i) }
    return place
  }

  private mutating func draw(_ logits: [Float]) -> Int {
    // In the order of transformers: temperature, top-k, top-p, min-p.
    let scaled = logits.map { $0.isNaN ? -Double.infinity : Double($0) / options.temperature }
    var order = Array(scaled.indices)
    order.sort { scaled[$0] != scaled[$1] ? scaled[$0] > scaled[$1] : $0 < $1 }
    if let topK = options.topK, topK < order.count {
      // As there, all that are as likely as the last one stay.
      let least = scaled[order[topK - 1]]
      order = Array(order.prefix { scaled[$0] >= least })
    }
    guard let first = order.first, scaled[first] > -.infinity else { return Self.largest(logits) }
    let top = scaled[first]
    // So low a temperature that quotients are infinite takes the likeliest.
    if !top.isFinite { return Self.largest(logits) }
    var weights = order.map { exponential(scaled[$0] - top) }
    func keep(_ count: Int) {
      order.removeLast(order.count - count)
      weights.removeLast(weights.count - count)
    }
    if let topP = options.topP, topP < 1 {
      let total = weights.reduce(0, +)
      var (sum, count) = (0.0, 0)
      for weight in weights {
        if sum >= topP * total { break }
        sum += weight
        count += 1
      }
      keep(max(1, count))
    }
    if let minP = options.minP, minP > 0 { keep(max(1, weights.prefix { $0 >= minP * weights[0] }.count)) }
    var rest = uniform() * weights.reduce(0, +)
    for (id, weight) in zip(order, weights) {
      rest -= weight
      if rest < 0 { return id }
    }
    return order.last ?? first
  }
}
