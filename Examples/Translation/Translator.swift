import Fluxion

/// Translates character by character, and looks at the part of the input that each character comes from: Bahdanau, Cho and Bengio 2015.
struct Translator: Model {
  var letters: Embedding
  var encoder: Bidirectional<GRU, GRU>
  var characters: Embedding
  var key: Dense
  var query: Dense
  var score: Dense
  var decoder: GRU
  var output: Dense
  /// What the decoder knew when it had written the last character.
  @Recurrent var state: Tensor

  /// The characters of a date, and the end.
  static let longest = 11

  init(size: Int) {
    letters = Embedding(Alphabet.written.count, 32)
    encoder = Bidirectional { GRU(32, size) }
    characters = Embedding(Alphabet.iso.count, 16)
    key = Dense(2 * size, size)
    query = Dense(size, size, hasBias: false)
    score = Dense(size, 1, hasBias: false)
    decoder = GRU(16 + 2 * size, size)
    output = Dense(3 * size, Alphabet.iso.count)
    _state = Recurrent(size: size)
  }

  /// What the decoder looks at: the characters in their context, [batch, time, 2·size], what they are found by, and which of them are there.
  struct Annotations {
    let values: Tensor
    let keys: Tensor
    let isThere: Tensor
  }

  /// Reads a date from both of its ends.
  mutating func read(_ source: Source) -> Annotations {
    let values = encoder(letters(source.characters), lengths: source.lengths)
    let isThere = sequenceMask(lengths: source.lengths, length: values.shape[1])
    return Annotations(values: values, keys: key(values), isThere: isThere)
  }

  /// The next character's logits, [batch, characters], and where it was looked for, [batch, time].
  ///
  /// e = score(tanh(query(state) + keys)), a = softmax(e), context = Σ a·values.
  mutating func next(after previous: Tensor, _ annotations: Annotations) -> (logits: Tensor, attention: Tensor) {
    let scores = score(tanh(query(state).unsqueezed(axis: 1) + annotations.keys)).squeezed(axes: -1)
    let attention = select(annotations.isThere, scores, -1e9).softmax()
    let context = (attention.unsqueezed(axis: 1) • annotations.values).squeezed(axes: 1)
    state = decoder(concatenate([characters(previous), context], axis: -1))
    return (output(concatenate([state, context], axis: -1)), attention)
  }

  /// The logits of all characters, [batch, steps, characters], each given the right ones before it.
  mutating func callAsFunction(_ input: (source: Source, target: Target)) -> Tensor {
    reset()
    let annotations = read(input.source)
    return stack((0..<Self.longest).map { t in next(after: input.target.previous[.all, t], annotations).logits }, axis: 1)
  }
}

/// A date, what it was translated to, and where each character came from.
struct Translation {
  let text: String
  let result: String
  /// [characters of the result, characters of the text].
  let attention: Tensor
}

extension Translator {
  /// Translations by the most probable character at each step.
  func translate(_ texts: [String]) -> [Translation] {
    var copy = self
    let source = Source(texts)
    copy.reset()
    let annotations = copy.read(source)
    var previous = Tensor.full([texts.count], Alphabet.iso["^"] ?? 0, .int64)
    var (answers, attention): ([[Int]], [Tensor]) = ([], [])
    for _ in 0..<Self.longest {
      let step = copy.next(after: previous, annotations)
      previous = step.logits.argmax(axis: -1)
      answers.append(previous.scalars(Int.self))
      attention.append(step.attention)
    }
    let all = stack(attention, axis: 1)
    return texts.enumerated().map { i, text in
      let written = answers.map { Alphabet.iso.characters[$0[i]] }.prefix { $0 != "$" }
      return Translation(text: text, result: String(written), attention: all[i, 0..<written.count, 0..<source.lengths[i]])
    }
  }
}
