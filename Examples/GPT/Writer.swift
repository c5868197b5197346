import Fluxion

/// Writes a text on, a character at a time.
///
/// It holds an incremental copy of a model, which keeps the keys and values of what was written: a character costs the work of one place.
struct Writer {
  private var generator: LanguageModel
  private let context: Int
  private var random: RandomStream
  private var ids: [Int] = []
  /// How many characters the generator has seen since it began anew.
  private var seen = 0

  init(_ model: LanguageModel, context: Int, seed: UInt64) {
    generator = model.incremental()
    self.context = context
    random = RandomStream(seed: seed)
  }

  /// `count` ids that follow a beginning of one or more.
  ///
  /// Each is drawn from the `topK` likeliest; a lower temperature prefers the likelier ones, 0 takes the likeliest.
  mutating func write(_ count: Int, after prompt: [Int], temperature: Double, topK: Int) -> [Int] {
    generator.reset()
    (ids, seen) = (prompt, 0)
    var unread = Array(prompt.suffix(context))
    for _ in 0..<count {
      if seen + unread.count > context {
        // There are no more positions: the second half of what was seen becomes the beginning.
        generator.reset()
        (unread, seen) = (Array(ids.suffix(max(1, context / 2))), 0)
      }
      let input = Tensor(unread, shape: [1, unread.count])
      let logits = generator.predictAndAdvance(input)[0, -1]
      seen += unread.count
      let next = Tensor.categorical(logits: logits, temperature: temperature, topK: topK, using: &random).item(as: Int.self)
      ids.append(next)
      unread = [next]
    }
    return Array(ids.dropFirst(prompt.count))
  }
}
