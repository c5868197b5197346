import Fluxion
import Foundation

/// The 150 psalms of the King James Version, a verse a line: 223,732 characters for examples of language models.
///
///     let psalms = try Psalms()
///     let loader = DataLoader(try psalms.train.windows(length: 64), batchSize: 16, shuffle: true)
///     for (x, y) in loader { … }                 // [16, 64] character ids, and the ids that follow them
public struct Psalms: Sendable {
  /// The whole text.
  public let text: String
  /// Its characters and their ids.
  public let vocabulary: Vocabulary
  /// The first nine tenths, up to the end of a verse.
  public let train: CharacterSequence
  /// The rest, which no model is trained on.
  public let validation: CharacterSequence

  /// The text that comes with the package, or one of your own, plain text in UTF-8.
  ///
  /// Throws a ``DataError`` where it cannot be read or is too short to be split.
  public init(file: String? = nil) throws {
    guard let path = file ?? Bundle.module.url(forResource: "psalms", withExtension: "txt", subdirectory: "Resources")?.path else {
      throw DataError(file: "psalms.txt", message: "is not among the program's resources")
    }
    guard let data = FileManager.default.contents(atPath: path) else { throw DataError(file: path, message: "cannot be read") }
    guard let text = String(data: data, encoding: .utf8) else { throw DataError(file: path, message: "is not text in UTF-8") }
    try self.init(text: text, name: path)
  }

  /// A text of one's own; `name` is what errors call it.
  public init(text: String, name: String = "text") throws(DataError) {
    let characters = Array(text)
    guard characters.count >= 20 else {
      throw DataError(file: name, message: "\(characters.count) characters are too few to train on; 20 or more would fit")
    }
    self.text = text
    vocabulary = Vocabulary(of: text)
    let ids = try vocabulary.ids(of: text, name: name)
    let middle = characters.count * 9 / 10
    let end = characters[..<middle].lastIndex { $0.isNewline }.map { $0 + 1 } ?? middle
    train = CharacterSequence(Array(ids[..<end]))
    validation = CharacterSequence(Array(ids[end...]))
  }
}
