import Fluxion

/// Characters as numbers.
struct Alphabet {
  let characters: [Character]
  private let numbers: [Character: Int]

  init(_ characters: String) {
    self.characters = Array(characters)
    numbers = Dictionary(uniqueKeysWithValues: self.characters.enumerated().map { ($1, $0) })
  }

  var count: Int { characters.count }

  /// The number of a character; nil if it is none of the alphabet's.
  subscript(character: Character) -> Int? { numbers[character] }

  /// What fills up short sequences.
  static let filler: Character = "_"
  /// What dates are written with, and the filler.
  static let written = Alphabet("_ ',-./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
  /// What they are translated to, between a start and an end.
  static let iso = Alphabet("^$-0123456789")
}

/// Dates to translate: a batch of padded sequences.
struct Source: Sendable {
  /// Numbers of characters, [batch, longest].
  let characters: Tensor
  let lengths: [Int]

  init(_ texts: [String]) {
    let rows = texts.map { text in text.compactMap { Alphabet.written[$0] } }
    let longest = rows.map(\.count).max() ?? 0
    characters = Tensor(
      rows.flatMap { $0 + Array(repeating: 0, count: longest - $0.count) }, shape: [rows.count, longest])
    lengths = rows.map(\.count)
  }
}

/// The translations of a batch, as a decoder that is being taught sees them.
struct Target: Sendable {
  /// What comes before each character, [batch, steps]; the start before the first.
  let previous: Tensor
  /// The characters, [batch, steps], with the end.
  let wanted: Tensor

  init(_ days: [Day]) {
    let rows = days.map { day in "^\(day.iso)$".compactMap { Alphabet.iso[$0] } }
    let all = Tensor(rows.flatMap { $0 }, shape: [rows.count, Translator.longest + 1])
    previous = all[.all, 0..<Translator.longest]
    wanted = all[.all, 1..<Translator.longest + 1]
  }
}
