import Fluxion

/// The characters of a text, in ascending order, each with its position among them as its id.
public struct Vocabulary: Sendable, Equatable {
  /// By id.
  public let characters: [Character]
  private let positions: [Character: Int]

  /// The characters that occur in a text.
  public init(of text: String) {
    characters = Set(text).sorted()
    positions = Dictionary(uniqueKeysWithValues: characters.enumerated().map { ($1, $0) })
  }

  /// How many characters there are.
  public var count: Int { characters.count }

  /// The ids of a text; throws where a character is none of these, `name` being what the error calls the text.
  public func ids(of text: String, name: String = "text") throws(DataError) -> [Int] {
    var ids: [Int] = []
    ids.reserveCapacity(text.utf8.count)
    for (place, character) in text.enumerated() {
      guard let id = positions[character] else {
        throw DataError(
          file: name, field: "character", offset: place, message: "“\(character)” is none of the \(count) characters that are known")
      }
      ids.append(id)
    }
    return ids
  }

  /// The text of ids; those that are none are left out.
  public func text(of ids: some Sequence<Int>) -> String {
    String(ids.lazy.filter { characters.indices.contains($0) }.map { characters[$0] })
  }
}
