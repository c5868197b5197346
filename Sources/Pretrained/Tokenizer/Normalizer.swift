import Foundation

/// What changes a text before it is cut: the normalizers of tokenizer.json.
indirect enum Normalizer: Sendable {
  case bert(cleans: Bool, spacesChinese: Bool, stripsAccents: Bool, lowercases: Bool)
  case unicode(isComposed: Bool, isCompatible: Bool)
  case lowercase
  case stripAccents
  case strip(left: Bool, right: Bool)
  case replace(TextPattern, with: [UInt32])
  case prepend([UInt32])
  case byteLevel
  case nmt
  case precompiled(CharacterMap)
  case sequence([Normalizer])

  func apply(_ text: inout AlignedText) throws {
    switch self {
    case .sequence(let list): for normalizer in list { try normalizer.apply(&text) }
    case .unicode(let isComposed, let isCompatible): Self.unicode(&text, isComposed: isComposed, isCompatible: isCompatible)
    case .lowercase: Self.lowercase(&text)
    case .stripAccents: text.filter { $0 < 0x80 || ScalarProperties.of($0) & ScalarProperties.mark == 0 }
    case .strip(let left, let right):
      func isBlank(_ scalar: UInt32) -> Bool { ScalarProperties.of(scalar) & ScalarProperties.whitespace != 0 }
      var (first, last) = (0, text.count)
      if left { while first < last, isBlank(text.scalars[first]) { first += 1 } }
      if right { while first < last, isBlank(text.scalars[last - 1]) { last -= 1 } }
      if first > 0 || last < text.count { text = text.slice(first..<last) }
    case .replace(let pattern, let content):
      text.replace(try text.scalars.withUnsafeBufferPointer { try pattern.matches(in: $0) }, with: content)
    case .prepend(let content): text.prepend(content)
    case .byteLevel: ByteLevel.encode(&text)
    case .nmt: Self.nmt(&text)
    case .precompiled(let map): map.apply(&text)
    case .bert(let cleans, let spacesChinese, let stripsAccents, let lowercases):
      if cleans { Self.clean(&text) }
      if spacesChinese, text.scalars.contains(where: Self.isChinese) {
        text.transform(text.scalars.flatMap { Self.isChinese($0) ? [(0x20, 0), ($0, 1), (0x20, 1)] : [($0, 0)] })
      }
      if stripsAccents {
        Self.unicode(&text, isComposed: false, isCompatible: false)
        text.filter { $0 < 0x80 || ScalarProperties.of($0) & ScalarProperties.nonspacingMark == 0 }
      }
      if lowercases { Self.lowercase(&text) }
    }
  }

  private static func clean(_ text: inout AlignedText) {
    text.filter { scalar in
      if scalar == 9 || scalar == 10 || scalar == 13 { return true }
      return scalar != 0 && scalar != 0xFFFD && ScalarProperties.of(scalar) & ScalarProperties.other == 0
    }
    for i in text.scalars.indices where ScalarProperties.of(text.scalars[i]) & ScalarProperties.whitespace != 0 { text.scalars[i] = 0x20 }
  }

  private static func isChinese(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0xF900...0xFAFF,
      0x2F800...0x2FA1F:
      true
    default: false
    }
  }

  private static func lowercase(_ text: inout AlignedText) {
    var isSimple = true
    for i in text.scalars.indices {
      let scalar = text.scalars[i]
      if scalar < 0x80 {
        if (0x41...0x5A).contains(scalar) { text.scalars[i] = scalar + 32 }
      } else {
        let lower = ScalarProperties.lowercase(scalar)
        if lower.count == 1 { text.scalars[i] = lower[0] } else { isSimple = false }
      }
    }
    if isSimple { return }
    text.transform(
      text.scalars.flatMap { scalar in
        ScalarProperties.lowercase(scalar).enumerated().map { ($1, $0 > 0 ? 1 : 0) }
      })
  }

  private static func nmt(_ text: inout AlignedText) {
    text.filter { scalar in
      switch scalar {
      case 0x1...0x8, 0xB, 0xE...0x1F, 0x7F, 0x8F, 0x9F: false
      default: true
      }
    }
    for i in text.scalars.indices {
      switch text.scalars[i] {
      case 0x9, 0xA, 0xC, 0xD, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD: text.scalars[i] = 0x20
      default: break
      }
    }
  }

  /// The normal forms of Unicode (Standard Annex 15): D or C, K if compatible.
  private static func unicode(_ text: inout AlignedText, isComposed: Bool, isCompatible: Bool) {
    // Nothing below changes or joins with what is before it.
    let inert: UInt32 = isCompatible ? 0xA0 : isComposed ? 0x300 : 0xC0
    if text.scalars.allSatisfy({ $0 < inert }) { return }
    UnicodeTables.shared.state.withLock { tables in
      var parts: [(scalar: UInt32, change: Int)] = []
      parts.reserveCapacity(text.count + 16)
      var classes: [UInt8] = []
      // Decomposed, with marks in the order of their classes.
      for scalar in text.scalars {
        if scalar < 0xA0 {
          parts.append((scalar, 0))
          classes.append(0)
          continue
        }
        for (i, part) in tables.decomposition(scalar, isCompatible: isCompatible).enumerated() {
          let order = UnicodeTables.combiningClass(part)
          var place = parts.count
          if order > 0 { while place > 0, classes[place - 1] > order { place -= 1 } }
          parts.insert((part, i > 0 ? 1 : 0), at: place)
          classes.insert(order, at: place)
        }
      }
      if isComposed { parts = composed(parts, classes, &tables) }
      text.transform(parts)
    }
  }

  private static func composed(
    _ parts: [(scalar: UInt32, change: Int)], _ classes: [UInt8], _ tables: inout UnicodeTables.State
  ) -> [(scalar: UInt32, change: Int)] {
    var made: [(scalar: UInt32, change: Int)] = []
    made.reserveCapacity(parts.count)
    var starter: Int?
    var lastClass: UInt8 = 0
    for (part, order) in zip(parts, classes) {
      if let place = starter {
        // Not blocked: nothing between, or marks of lower classes alone.
        let isAdjacent = place == made.count - 1
        if isAdjacent || lastClass < order && lastClass != 0 || isAdjacent && lastClass == 0 {
          if part.scalar >= 0xA0 || made[place].scalar >= 0xA0 {
            let joined = part.scalar < 0x300 ? 0 : tables.composition(made[place].scalar, part.scalar)
            if joined != 0 {
              made[place] = (joined, made[place].change + part.change - 1)
              continue
            }
          }
        }
      }
      made.append(part)
      lastClass = order
      if order == 0 { starter = made.count - 1 }
    }
    return made
  }
}

/// Bytes as scalars that can be seen (GPT-2): a byte that is a printable sign is itself, others are 256 and on.
enum ByteLevel {
  static let scalars: [UInt32] = {
    var table = [UInt32](repeating: 0, count: 256)
    var next: UInt32 = 256
    for byte in 0..<256 {
      if (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || (0xAE...0xFF).contains(byte) {
        table[byte] = UInt32(byte)
      } else {
        table[byte] = next
        next += 1
      }
    }
    return table
  }()

  /// The byte of each scalar below 324; nil for others.
  static let bytes: [UInt8?] = {
    var table = [UInt8?](repeating: nil, count: 324)
    for (byte, scalar) in scalars.enumerated() { table[Int(scalar)] = UInt8(byte) }
    return table
  }()

  /// Each scalar as those of its bytes in UTF-8, all of which stand for what it stands for.
  static func encode(_ text: inout AlignedText) {
    let table = scalars
    if text.scalars.allSatisfy({ $0 < 0x80 }) {
      for i in text.scalars.indices { text.scalars[i] = table[Int(text.scalars[i])] }
      return
    }
    var made = AlignedText()
    made.reserve(text.count + text.count / 4)
    for i in text.scalars.indices {
      let (scalar, start, end) = (text.scalars[i], text.starts[i], text.ends[i])
      if scalar < 0x80 {
        made.append(table[Int(scalar)], start, end)
      } else {
        for byte in scalar.utf8 { made.append(table[Int(byte)], start, end) }
      }
    }
    text = made
  }
}

extension UInt32 {
  /// A scalar's bytes in UTF-8.
  var utf8: [UInt8] {
    if self < 0x80 { return [UInt8(self)] }
    if self < 0x800 { return [UInt8(0xC0 | self >> 6), UInt8(0x80 | self & 0x3F)] }
    if self < 0x10000 { return [UInt8(0xE0 | self >> 12), UInt8(0x80 | self >> 6 & 0x3F), UInt8(0x80 | self & 0x3F)] }
    return [UInt8(0xF0 | self >> 18 & 7), UInt8(0x80 | self >> 12 & 0x3F), UInt8(0x80 | self >> 6 & 0x3F), UInt8(0x80 | self & 0x3F)]
  }

  var utf8Count: Int { self < 0x80 ? 1 : self < 0x800 ? 2 : self < 0x10000 ? 3 : 4 }
}
