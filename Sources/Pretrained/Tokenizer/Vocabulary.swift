import Data

/// Tokens and their ids: a hash table over the bytes of all tokens, which lie one behind the other.
struct Vocabulary: Sendable {
  private var bytes: [UInt8] = []
  /// Where each entry's bytes end.
  private var ends: [Int32] = []
  /// Each entry's id.
  private var entryIDs: [Int32] = []
  /// Entries by hash; −1 where there is none.
  private var slots: [Int32] = []
  /// Entries by id, where ids are dense.
  private var entryOfID: [Int32] = []
  /// Entries by id, where they are not.
  private var entryOfSparseID: [Int: Int32] = [:]
  /// The tokens by entry.
  private(set) var tokens: [String] = []
  /// How many different tokens there are.
  private(set) var count = 0

  /// The most tokens that there can be, and the largest id.
  static let limit = Int(Int32.max) / 4

  init() {}

  /// Of a token that stands there twice the last id counts.
  init(_ pairs: [(token: String, id: Int)], bytes total: Int = 0) {
    var size = 16
    while size < pairs.count * 2 { size *= 2 }
    slots = [Int32](repeating: -1, count: size)
    tokens.reserveCapacity(pairs.count)
    ends.reserveCapacity(pairs.count)
    entryIDs.reserveCapacity(pairs.count)
    bytes.reserveCapacity(pairs.count * 8)
    var largest = 0
    for (token, id) in pairs {
      var token = token
      let (slot, found) = token.withUTF8 { self.place($0) }
      largest = max(largest, id)
      if found {
        entryIDs[Int(slots[slot])] = Int32(id)
        continue
      }
      slots[slot] = Int32(tokens.count)
      token.withUTF8 { bytes.append(contentsOf: $0) }
      ends.append(Int32(bytes.count))
      entryIDs.append(Int32(id))
      tokens.append(token)
    }
    count = tokens.count
    if largest < 2 * count + 65_536 {
      entryOfID = [Int32](repeating: -1, count: largest + 1)
      for (entry, id) in entryIDs.enumerated() { entryOfID[Int(id)] = Int32(entry) }
    } else {
      for (entry, id) in entryIDs.enumerated() { entryOfSparseID[Int(id)] = Int32(entry) }
    }
  }

  @inline(__always)
  private static func hash(_ text: UnsafeBufferPointer<UInt8>) -> UInt {
    var hash: UInt = 0xcbf2_9ce4_8422_2325
    for byte in text { hash = (hash ^ UInt(byte)) &* 0x100_0000_01b3 }
    return hash ^ hash >> 29
  }

  private func place(_ text: UnsafeBufferPointer<UInt8>) -> (slot: Int, found: Bool) {
    let mask = UInt(slots.count - 1)
    var slot = Int(Self.hash(text) & mask)
    while true {
      let entry = Int(slots[slot])
      if entry < 0 { return (slot, false) }
      let (first, last) = (entry == 0 ? 0 : Int(ends[entry - 1]), Int(ends[entry]))
      if last - first == text.count {
        let isSame = bytes.withUnsafeBufferPointer { bytes in
          var i = 0
          while i < text.count, bytes[first + i] == text[i] { i += 1 }
          return i == text.count
        }
        if isSame { return (slot, true) }
      }
      slot = Int(UInt(slot + 1) & mask)
    }
  }

  /// The id of a token's bytes.
  func id(_ text: UnsafeBufferPointer<UInt8>) -> Int32? {
    if slots.isEmpty { return nil }
    let (slot, found) = place(text)
    return found ? entryIDs[Int(slots[slot])] : nil
  }

  /// The id of a token.
  func id(_ token: String) -> Int? {
    var token = token
    return token.withUTF8 { id($0) }.map(Int.init)
  }

  /// The token of an id.
  func token(_ id: Int) -> String? {
    let entry = entryOfID.isEmpty ? entryOfSparseID[id] ?? -1 : entryOfID.indices.contains(id) ? entryOfID[id] : -1
    return entry < 0 ? nil : tokens[Int(entry)]
  }

  /// All tokens and their ids.
  var pairs: [(token: String, id: Int)] { zip(tokens, entryIDs).map { ($0, Int($1)) } }

  /// The largest id; −1 if there is none.
  var largestID: Int { entryIDs.max().map(Int.init) ?? -1 }
}

/// A tree of byte strings: from a node and a byte to a node, in one hash table.
struct ByteTrie: Sendable {
  /// node << 9 | byte + 1 by hash; 0 where there is none.
  private var keys: [UInt64]
  private var nodes: [Int32]
  /// Each node's value; −1 where no string ends.
  private var values: [Int32] = [-1]
  private var edges = 0

  init(capacity: Int) {
    var size = 1024
    while size < capacity * 2 { size *= 2 }
    keys = [UInt64](repeating: 0, count: size)
    nodes = [Int32](repeating: 0, count: size)
  }

  @inline(__always)
  private func slot(_ key: UInt64) -> Int {
    let mask = UInt64(keys.count - 1)
    var slot = Int((key &* 0x9E37_79B9_7F4A_7C15) >> 20 & mask)
    while keys[slot] != 0, keys[slot] != key { slot = Int(UInt64(slot + 1) & mask) }
    return slot
  }

  mutating func insert(_ text: UnsafeBufferPointer<UInt8>, _ value: Int32) {
    var node: Int32 = 0
    for byte in text {
      let key = UInt64(node) << 9 | UInt64(byte) + 1
      let place = slot(key)
      if keys[place] == key {
        node = nodes[place]
        continue
      }
      let made = Int32(values.count)
      values.append(-1)
      (keys[place], nodes[place]) = (key, made)
      node = made
      edges += 1
      if edges * 10 > keys.count * 7 { grow() }
    }
    values[Int(node)] = value
  }

  private mutating func grow() {
    let (oldKeys, oldNodes) = (keys, nodes)
    keys = [UInt64](repeating: 0, count: oldKeys.count * 2)
    nodes = [Int32](repeating: 0, count: oldKeys.count * 2)
    for (key, node) in zip(oldKeys, oldNodes) where key != 0 {
      let place = slot(key)
      (keys[place], nodes[place]) = (key, node)
    }
  }

  /// The node behind a node by a byte; −1 if there is none.
  @inline(__always)
  func next(_ node: Int32, _ byte: UInt8) -> Int32 {
    let key = UInt64(node) << 9 | UInt64(byte) + 1
    let place = slot(key)
    return keys[place] == key ? nodes[place] : -1
  }

  /// The value of a node; −1 if no string ends there.
  @inline(__always)
  func value(_ node: Int32) -> Int32 { values[Int(node)] }

  /// The node of a whole string; −1 if none begins so.
  func node(_ text: [UInt8]) -> Int32 { text.reduce(0) { $0 < 0 ? -1 : next($0, $1) } }
}
