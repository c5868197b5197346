import Data
import Foundation

/// The compiled table of replacements that SentencePiece's models carry (`Precompiled`): a double array over the bytes of UTF-8, and the texts
/// that take their place.
struct CharacterMap: Sendable {
  private let units: [UInt32]
  private let texts: [UInt8]

  /// Reads the base64 of tokenizer.json; nil if it is no such table.
  init?(base64: String) {
    guard let data = Foundation.Data(base64Encoded: base64), data.count >= 4 else { return nil }
    let bytes = [UInt8](data)
    func word(_ at: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << UInt32(8 * $1) } }
    let size = Int(word(0))
    guard size % 4 == 0, size <= bytes.count - 4 else { return nil }
    units = (0..<size / 4).map { word(4 + $0 * 4) }
    texts = Array(bytes[(4 + size)...])
  }

  /// The replacement of the shortest beginning that the table has, as tokenizers takes it; nil if there is none.
  private func replacement(_ bytes: [UInt8]) -> [UInt32]? {
    guard let first = units.first else { return nil }
    func offset(_ unit: UInt32) -> Int { Int((unit >> 10) << ((unit & (1 << 9)) >> 6)) }
    var place = offset(first)
    for byte in bytes {
      if byte == 0 { return nil }
      place ^= Int(byte)
      guard units.indices.contains(place) else { return nil }
      let unit = units[place]
      if unit & (1 << 31 | 0xFF) != UInt32(byte) { return nil }
      place ^= offset(unit)
      if unit >> 8 & 1 == 1 {
        guard units.indices.contains(place) else { return nil }
        let start = Int(units[place] & (1 << 31 - 1))
        guard start < texts.count else { return nil }
        let end = texts[start...].firstIndex(of: 0) ?? texts.count
        return String(decoding: texts[start..<end], as: UTF8.self).scalarValues
      }
    }
    return nil
  }

  func apply(_ text: inout AlignedText) {
    var new: [(scalar: UInt32, change: Int)] = []
    var isChanged = false
    func replace(_ old: Int, _ with: [UInt32]) {
      isChanged = true
      let difference = with.count - old
      for scalar in with { new.append((scalar, 0)) }
      if difference > 0 { for i in max(0, new.count - difference)..<new.count { new[i].change = 1 } }
      // Of an empty replacement the scalar before takes the loss.
      if difference < 0, !new.isEmpty { new[new.count - 1].change += difference }
    }
    for character in text.string(0..<text.count) {
      let scalars = character.unicodeScalars.map(\.value)
      let bytes = Array(String(character).utf8)
      if bytes.count < 6, let with = replacement(bytes) {
        replace(scalars.count, with)
        continue
      }
      for scalar in scalars {
        if let with = replacement(scalar.utf8) { replace(1, with) } else { new.append((scalar, 0)) }
      }
    }
    if isChanged { text.transform(new) }
  }
}
