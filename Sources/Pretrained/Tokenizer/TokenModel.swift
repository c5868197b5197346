import Data
import Synchronization

/// A token of a piece: its id, and the bytes of the piece that it stands for.
struct PieceToken: Sendable {
  var id: Int32
  var start: Int32
  var end: Int32
}

/// What turns pieces of text into tokens: the models of tokenizer.json.
enum TokenModel: Sendable {
  case bpe(BytePairs)
  case wordPiece(WordPieces)
  case unigram(Unigram)
  case wordLevel(Vocabulary, unknown: String)

  var vocabulary: Vocabulary {
    switch self {
    case .bpe(let model): model.vocabulary
    case .wordPiece(let model): model.vocabulary
    case .unigram(let model): model.vocabulary
    case .wordLevel(let vocabulary, _): vocabulary
    }
  }

  /// Appends the tokens of a piece, given as its bytes in UTF-8.
  func tokenize(_ piece: UnsafeBufferPointer<UInt8>, _ scratch: inout Scratch, into out: inout [PieceToken]) throws(TokenizerError) {
    switch self {
    case .bpe(let model): try model.tokenize(piece, &scratch, into: &out)
    case .wordPiece(let model): try model.tokenize(piece, into: &out)
    case .unigram(let model): try model.tokenize(piece, &scratch, into: &out)
    case .wordLevel(let vocabulary, let unknown):
      guard let id = vocabulary.id(piece) ?? vocabulary.id(unknown).map(Int32.init) else {
        throw TokenizerError("a piece that is not in the vocabulary, which has no unknown token \(unknown)")
      }
      out.append(PieceToken(id: id, start: 0, end: Int32(piece.count)))
    }
  }

  /// Memory that a call uses again and again.
  struct Scratch: Sendable {
    var symbols: [Int32] = []
    var lengths: [Int32] = []
    var previous: [Int32] = []
    var following: [Int32] = []
    var heap = MinimumHeap()
    var bestScores: [Double] = []
    var bestStarts: [Int32] = []
    var bestIDs: [Int32] = []
  }
}

/// What is wrong with a text or its tokens: one sentence.
public struct TokenizerError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The sentence.
  public let description: String
  init(_ message: String) { description = "Tokenizer: " + message }
}

/// A heap of numbers, the least first.
struct MinimumHeap: Sendable {
  private var items: [UInt64] = []

  var isEmpty: Bool { items.isEmpty }
  mutating func removeAll() { items.removeAll(keepingCapacity: true) }

  mutating func insert(_ item: UInt64) {
    var place = items.count
    items.append(item)
    while place > 0 {
      let parent = (place - 1) / 2
      if items[parent] <= item { break }
      items[place] = items[parent]
      place = parent
    }
    items[place] = item
  }

  mutating func removeFirst() -> UInt64? {
    guard let first = items.first else { return nil }
    let last = items.removeLast()
    if items.isEmpty { return first }
    var place = 0
    while true {
      var child = 2 * place + 1
      if child >= items.count { break }
      if child + 1 < items.count, items[child + 1] < items[child] { child += 1 }
      if items[child] >= last { break }
      items[place] = items[child]
      place = child
    }
    items[place] = last
    return first
  }
}
