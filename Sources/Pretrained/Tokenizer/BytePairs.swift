import Data

/// Byte pair encoding (Sennrich and others 2016): a piece begins as single scalars; the pair of neighbours that was learnt first is joined until
/// none is left that was learnt.
struct BytePairs: Sendable {
  let vocabulary: Vocabulary
  /// Pairs of ids, by hash; those without an entry are 0.
  private var pairKeys: [UInt64] = []
  private var pairRanks: [Int32] = []
  private var pairResults: [Int32] = []
  let unknown: String?
  let unknownID: Int32?
  let prefix: String
  let suffix: String
  let fusesUnknown: Bool
  let fallsBackToBytes: Bool
  let ignoresMerges: Bool
  /// The ids of single scalars, for the first of them; −1 where there is none.
  private var scalarIDs: [Int32] = []
  /// The ids of `<0x00>` to `<0xFF>`; empty unless all that is needed is there.
  private var byteIDs: [Int32] = []
  /// The pairs in the order in which they were learnt.
  let merges: [(String, String)]

  init(
    vocabulary: Vocabulary, merges: [(String, String)], unknown: String?, prefix: String, suffix: String, fusesUnknown: Bool,
    fallsBackToBytes: Bool, ignoresMerges: Bool
  ) throws(TokenizerError) {
    self.vocabulary = vocabulary
    self.merges = merges
    self.unknown = unknown
    unknownID = unknown.flatMap { vocabulary.id($0) }.map(Int32.init)
    (self.prefix, self.suffix) = (prefix, suffix)
    (self.fusesUnknown, self.fallsBackToBytes, self.ignoresMerges) = (fusesUnknown, fallsBackToBytes, ignoresMerges)
    var size = 16
    while size < merges.count * 2 { size *= 2 }
    pairKeys = [UInt64](repeating: 0, count: size)
    pairRanks = [Int32](repeating: 0, count: size)
    pairResults = [Int32](repeating: 0, count: size)
    let prefixCount = prefix.utf8.count
    var joined: [UInt8] = []
    for (rank, (a, b)) in merges.enumerated() {
      joined.removeAll(keepingCapacity: true)
      joined.append(contentsOf: a.utf8)
      joined.append(contentsOf: b.utf8.dropFirst(prefixCount))
      func missing(_ token: String) -> TokenizerError {
        TokenizerError("merge \(rank), \"\(a) \(b)\": \"\(token)\" is not in the vocabulary")
      }
      guard let first = vocabulary.id(a) else { throw missing(a) }
      guard let second = vocabulary.id(b) else { throw missing(b) }
      guard let result = joined.withUnsafeBufferPointer({ vocabulary.id($0) }) else {
        throw missing(String(decoding: joined, as: UTF8.self))
      }
      let key = Self.key(Int32(first), Int32(second))
      let place = slot(key)
      (pairKeys[place], pairRanks[place], pairResults[place]) = (key, Int32(rank), result)
    }
    scalarIDs = (0..<0x3000).map { value in
      guard Unicode.Scalar(UInt32(value)) != nil else { return -1 }
      return UInt32(value).utf8.withUnsafeBufferPointer { vocabulary.id($0) } ?? -1
    }
    if fallsBackToBytes {
      byteIDs = (0..<256).map { byte in
        let digits = String(byte, radix: 16, uppercase: true)
        return vocabulary.id("<0x\(digits.count < 2 ? "0" : "")\(digits)>").map(Int32.init) ?? -1
      }
    }
  }

  @inline(__always)
  private static func key(_ a: Int32, _ b: Int32) -> UInt64 { (UInt64(UInt32(bitPattern: a)) << 32 | UInt64(UInt32(bitPattern: b))) &+ 1 }

  @inline(__always)
  private func slot(_ key: UInt64) -> Int {
    let mask = UInt64(pairKeys.count - 1)
    var slot = Int((key &* 0x9E37_79B9_7F4A_7C15) >> 24 & mask)
    while pairKeys[slot] != 0, pairKeys[slot] != key { slot = Int(UInt64(slot + 1) & mask) }
    return slot
  }

  /// The rank and the result of a pair; a rank of −1 if it was not learnt.
  @inline(__always)
  private func merge(_ a: Int32, _ b: Int32) -> (rank: Int32, result: Int32) {
    let key = Self.key(a, b)
    let place = slot(key)
    return pairKeys[place] == key ? (pairRanks[place], pairResults[place]) : (-1, 0)
  }

  func tokenize(
    _ piece: UnsafeBufferPointer<UInt8>, _ scratch: inout TokenModel.Scratch, into out: inout [PieceToken]
  ) throws(TokenizerError) {
    if piece.isEmpty { return }
    if ignoresMerges, let id = vocabulary.id(piece) {
      out.append(PieceToken(id: id, start: 0, end: Int32(piece.count)))
      return
    }
    try fill(piece, &scratch)
    join(&scratch)
    var start: Int32 = 0
    for (id, length) in zip(scratch.symbols, scratch.lengths) where length > 0 {
      out.append(PieceToken(id: id, start: start, end: start + length))
      start += length
    }
  }

  /// The piece as single scalars.
  private func fill(_ piece: UnsafeBufferPointer<UInt8>, _ scratch: inout TokenModel.Scratch) throws(TokenizerError) {
    scratch.symbols.removeAll(keepingCapacity: true)
    scratch.lengths.removeAll(keepingCapacity: true)
    let isPlain = prefix.isEmpty && suffix.isEmpty
    var waiting: Int32 = 0
    var i = 0
    while i < piece.count {
      let first = piece[i]
      let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
      let end = min(piece.count, i + length)
      var id: Int32 = -1
      var written: [UInt8] = []
      if isPlain {
        if length == 1 {
          id = scalarIDs[Int(first)]
        } else if length == 2 {
          id = scalarIDs[Int(first & 0x1F) << 6 | Int(piece[i + 1] & 0x3F)]
        } else {
          id = vocabulary.id(UnsafeBufferPointer(rebasing: piece[i..<end])) ?? -1
        }
      } else {
        written = (i > 0 ? Array(prefix.utf8) : []) + piece[i..<end] + (end == piece.count ? Array(suffix.utf8) : [])
        id = written.withUnsafeBufferPointer { vocabulary.id($0) } ?? -1
      }
      if id >= 0 {
        if waiting > 0, let unknownID {
          scratch.symbols.append(unknownID)
          scratch.lengths.append(waiting)
          waiting = 0
        }
        scratch.symbols.append(id)
        scratch.lengths.append(Int32(end - i))
      } else {
        let bytes = isPlain ? Array(piece[i..<end]) : written
        if fallsBackToBytes, bytes.allSatisfy({ byteIDs[Int($0)] >= 0 }) {
          for byte in bytes {
            scratch.symbols.append(byteIDs[Int(byte)])
            scratch.lengths.append(1)
          }
        } else if let unknown {
          guard let unknownID else { throw TokenizerError("the unknown token \(unknown) is needed, and not in the vocabulary") }
          if waiting > 0, !fusesUnknown {
            scratch.symbols.append(unknownID)
            scratch.lengths.append(waiting)
            waiting = 0
          }
          waiting += Int32(end - i)
        }
      }
      i = end
    }
    if waiting > 0, let unknownID {
      scratch.symbols.append(unknownID)
      scratch.lengths.append(waiting)
    }
  }

  /// Joins pairs in the order of their ranks, from the left; what is joined into another has the length 0 then.
  private func join(_ scratch: inout TokenModel.Scratch) {
    let count = scratch.symbols.count
    if count < 2 { return }
    if count <= 24 { return joinFew(&scratch) }
    scratch.previous = (0..<Int32(count)).map { $0 - 1 }
    scratch.following = (0..<Int32(count)).map { $0 + 1 }
    scratch.heap.removeAll()
    func push(_ heap: inout MinimumHeap, _ place: Int, _ a: Int32, _ b: Int32) {
      let rank = merge(a, b).rank
      if rank >= 0 { heap.insert(UInt64(rank) << 32 | UInt64(place)) }
    }
    for i in 0..<count - 1 { push(&scratch.heap, i, scratch.symbols[i], scratch.symbols[i + 1]) }
    while let top = scratch.heap.removeFirst() {
      let (rank, place) = (Int32(top >> 32), Int(top & 0xFFFF_FFFF))
      let right = Int(scratch.following[place])
      if scratch.lengths[place] == 0 || right >= count { continue }
      let found = merge(scratch.symbols[place], scratch.symbols[right])
      // The pair may be another one by now.
      if found.rank != rank { continue }
      scratch.symbols[place] = found.result
      scratch.lengths[place] += scratch.lengths[right]
      scratch.lengths[right] = 0
      let next = Int(scratch.following[right])
      scratch.following[place] = Int32(next)
      if next < count {
        scratch.previous[next] = Int32(place)
        push(&scratch.heap, place, scratch.symbols[place], scratch.symbols[next])
      }
      let before = Int(scratch.previous[place])
      if before >= 0 { push(&scratch.heap, before, scratch.symbols[before], scratch.symbols[place]) }
    }
  }

  /// The same for so few symbols that looking at all pairs again is faster than a heap.
  private func joinFew(_ scratch: inout TokenModel.Scratch) {
    var count = scratch.symbols.count
    scratch.previous.removeAll(keepingCapacity: true)
    scratch.following.removeAll(keepingCapacity: true)
    // Ranks and results of each pair.
    for i in 0..<count - 1 {
      let found = merge(scratch.symbols[i], scratch.symbols[i + 1])
      scratch.previous.append(found.rank)
      scratch.following.append(found.result)
    }
    while count > 1 {
      var (best, place) = (Int32.max, -1)
      for i in 0..<count - 1 where scratch.previous[i] >= 0 && scratch.previous[i] < best { (best, place) = (scratch.previous[i], i) }
      if place < 0 { break }
      scratch.symbols[place] = scratch.following[place]
      scratch.lengths[place] += scratch.lengths[place + 1]
      for i in place + 1..<count - 1 {
        scratch.symbols[i] = scratch.symbols[i + 1]
        scratch.lengths[i] = scratch.lengths[i + 1]
        if i < count - 2 {
          scratch.previous[i] = scratch.previous[i + 1]
          scratch.following[i] = scratch.following[i + 1]
        }
      }
      count -= 1
      func refresh(_ i: Int) {
        let found = merge(scratch.symbols[i], scratch.symbols[i + 1])
        (scratch.previous[i], scratch.following[i]) = (found.rank, found.result)
      }
      if place > 0 { refresh(place - 1) }
      if place < count - 1 { refresh(place) }
    }
    scratch.symbols.removeLast(scratch.symbols.count - count)
    scratch.lengths.removeLast(scratch.lengths.count - count)
  }
}
