/// WordPiece (Schuster and Nakajima 2012): the longest token that a piece begins with, then the longest one with the prefix for parts within a
/// word, and so on; a piece that cannot be cut so is the unknown token.
struct WordPieces: Sendable {
  let vocabulary: Vocabulary
  let unknown: String
  let prefix: String
  let longestPiece: Int
  private let trie: ByteTrie
  private let prefixNode: Int32

  init(vocabulary: Vocabulary, unknown: String, prefix: String, longestPiece: Int) {
    (self.vocabulary, self.unknown, self.prefix, self.longestPiece) = (vocabulary, unknown, prefix, longestPiece)
    var trie = ByteTrie(capacity: vocabulary.count * 3)
    for (token, id) in vocabulary.pairs {
      var token = token
      token.withUTF8 { trie.insert($0, Int32(id)) }
    }
    self.trie = trie
    prefixNode = trie.node(Array(prefix.utf8))
  }

  func tokenize(_ piece: UnsafeBufferPointer<UInt8>, into out: inout [PieceToken]) throws(TokenizerError) {
    var scalars = 0
    for byte in piece where byte & 0xC0 != 0x80 { scalars += 1 }
    let first = out.count
    var start = 0
    var isKnown = scalars <= longestPiece
    while isKnown, start < piece.count {
      var node = start == 0 ? 0 : prefixNode
      var (id, end): (Int32, Int) = (-1, start)
      var i = start
      while node >= 0, i < piece.count {
        node = trie.next(node, piece[i])
        i += 1
        if node >= 0, trie.value(node) >= 0 { (id, end) = (trie.value(node), i) }
      }
      if id < 0 {
        isKnown = false
      } else {
        out.append(PieceToken(id: id, start: Int32(start), end: Int32(end)))
        start = end
      }
    }
    if isKnown { return }
    out.removeLast(out.count - first)
    guard let id = vocabulary.id(unknown) else { throw TokenizerError("the unknown token \(unknown) is needed, and not in the vocabulary") }
    out.append(PieceToken(id: Int32(id), start: 0, end: Int32(piece.count)))
  }
}
