/// A unigram language model (Kudo 2018): of all ways to cut a piece into tokens the one whose scores, logarithms of probabilities, have the largest
/// sum.
struct Unigram: Sendable {
  let vocabulary: Vocabulary
  /// Each token's score, by id.
  let scores: [Double]
  let unknownID: Int32?
  let fallsBackToBytes: Bool
  private let trie: ByteTrie
  private let unknownScore: Double
  private let byteIDs: [Int32]

  init(pairs: [(token: String, score: Double)], unknownID: Int?, fallsBackToBytes: Bool) {
    vocabulary = Vocabulary(pairs.enumerated().map { ($1.token, $0) })
    scores = pairs.map(\.score)
    self.unknownID = unknownID.map(Int32.init)
    self.fallsBackToBytes = fallsBackToBytes
    var trie = ByteTrie(capacity: pairs.count * 4)
    for (id, pair) in pairs.enumerated() {
      var token = pair.token
      token.withUTF8 { trie.insert($0, Int32(id)) }
    }
    self.trie = trie
    unknownScore = (scores.min() ?? 0) - 10
    let known = vocabulary
    byteIDs =
      fallsBackToBytes
      ? (0..<256).map { byte in
        let digits = String(byte, radix: 16, uppercase: true)
        return known.id("<0x\(digits.count < 2 ? "0" : "")\(digits)>").map(Int32.init) ?? -1
      } : []
  }

  func tokenize(
    _ piece: UnsafeBufferPointer<UInt8>, _ scratch: inout TokenModel.Scratch, into out: inout [PieceToken]
  ) throws(TokenizerError) {
    if piece.isEmpty { return }
    let count = piece.count
    scratch.bestScores = [Double](repeating: 0, count: count + 1)
    scratch.bestStarts = [Int32](repeating: -1, count: count + 1)
    scratch.bestIDs = [Int32](repeating: 0, count: count + 1)
    var start = 0
    while start < count {
      let score = scratch.bestScores[start]
      let first = piece[start]
      let length = min(count - start, first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4)
      var hasSingle = false
      func offer(_ end: Int, _ candidate: Double, _ id: Int32) {
        if scratch.bestStarts[end] < 0 || candidate > scratch.bestScores[end] {
          (scratch.bestScores[end], scratch.bestStarts[end], scratch.bestIDs[end]) = (candidate, Int32(start), id)
        }
      }
      var (node, end): (Int32, Int) = (0, start)
      while end < count {
        node = trie.next(node, piece[end])
        if node < 0 { break }
        end += 1
        let id = trie.value(node)
        if id >= 0 {
          offer(end, scores[Int(id)] + score, id)
          if end - start == length { hasSingle = true }
        }
      }
      if !hasSingle {
        guard let unknownID else { throw TokenizerError("a text that the vocabulary does not cover, which has no unknown token (unk_id)") }
        offer(start + length, unknownScore + score, unknownID)
      }
      start += length
    }
    try collect(piece, &scratch, into: &out)
  }

  /// The best way's tokens; unknown ones that are neighbours are one.
  private func collect(
    _ piece: UnsafeBufferPointer<UInt8>, _ scratch: inout TokenModel.Scratch, into out: inout [PieceToken]
  ) throws(TokenizerError) {
    var parts: [PieceToken] = []
    var end = piece.count
    while end > 0 {
      let (start, id) = (Int(scratch.bestStarts[end]), scratch.bestIDs[end])
      if id == unknownID, let last = parts.last, last.id == unknownID, Int(last.start) == end {
        parts[parts.count - 1].start = Int32(start)
      } else {
        parts.append(PieceToken(id: id, start: Int32(start), end: Int32(end)))
      }
      end = start
    }
    for part in parts.reversed() {
      if part.id != unknownID {
        out.append(part)
        continue
      }
      let bytes = UnsafeBufferPointer(rebasing: piece[Int(part.start)..<Int(part.end)])
      if let id = vocabulary.id(bytes) {
        out.append(PieceToken(id: id, start: part.start, end: part.end))
      } else if fallsBackToBytes, bytes.allSatisfy({ byteIDs[Int($0)] >= 0 }) {
        for byte in bytes { out.append(PieceToken(id: byteIDs[Int(byte)], start: part.start, end: part.end)) }
      } else {
        out.append(part)
      }
    }
  }
}
