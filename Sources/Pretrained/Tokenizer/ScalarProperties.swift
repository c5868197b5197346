import Foundation
import Synchronization
import Tensors

/// Unicode properties of scalars in one number each, from the standard library, looked up once for the first 65,536.
enum ScalarProperties {
  static let whitespace: UInt16 = 1 << 5
  static let word: UInt16 = 1 << 6
  static let alphabetic: UInt16 = 1 << 7
  /// A general category that begins with P, and the ASCII signs that count as punctuation elsewhere.
  static let punctuation: UInt16 = 1 << 8
  static let numeric: UInt16 = 1 << 9
  /// Control, format or private use.
  static let other: UInt16 = 1 << 10
  static let nonspacingMark: UInt16 = 1 << 11
  static let mark: UInt16 = 1 << 12

  private static let table: [UInt16] = (0..<0x10000).map { compute(UInt32($0)) }

  @inline(__always)
  static func of(_ scalar: UInt32) -> UInt16 { scalar < 0x10000 ? table[Int(scalar)] : compute(scalar) }

  /// The general category's number in ``categories``.
  static func category(_ scalar: UInt32) -> Int { Int(of(scalar) & 31) }

  static let categories = [
    "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So",
    "Zs", "Zl",
    "Zp", "Cc", "Cf", "Cs", "Co", "Cn",
  ]

  private static func number(_ category: Unicode.GeneralCategory) -> Int {
    switch category {
    case .uppercaseLetter: 0
    case .lowercaseLetter: 1
    case .titlecaseLetter: 2
    case .modifierLetter: 3
    case .otherLetter: 4
    case .nonspacingMark: 5
    case .spacingMark: 6
    case .enclosingMark: 7
    case .decimalNumber: 8
    case .letterNumber: 9
    case .otherNumber: 10
    case .connectorPunctuation: 11
    case .dashPunctuation: 12
    case .openPunctuation: 13
    case .closePunctuation: 14
    case .initialPunctuation: 15
    case .finalPunctuation: 16
    case .otherPunctuation: 17
    case .mathSymbol: 18
    case .currencySymbol: 19
    case .modifierSymbol: 20
    case .otherSymbol: 21
    case .spaceSeparator: 22
    case .lineSeparator: 23
    case .paragraphSeparator: 24
    case .control: 25
    case .format: 26
    case .surrogate: 27
    case .privateUse: 28
    case .unassigned: 29
    @unknown default: 29
    }
  }

  /// Whether a version of Unicode has a scalar.
  static func isAssigned(_ scalar: Unicode.Scalar, by version: Int) -> Bool { scalar.properties.age.map { $0.major <= version } ?? false }

  private static func compute(_ value: UInt32) -> UInt16 {
    guard let scalar = Unicode.Scalar(value) else { return 27 }
    let properties = scalar.properties
    let category = number(properties.generalCategory)
    var bits = UInt16(category)
    if properties.isWhitespace { bits |= whitespace }
    if properties.isAlphabetic { bits |= alphabetic }
    // The regular expressions' \w (Unicode Technical Standard 18).
    if properties.isAlphabetic || (5...7).contains(category) || category == 8 || category == 11 || properties.isJoinControl { bits |= word }
    if (8...10).contains(category) { bits |= numeric }
    // What cleans texts and cuts them at punctuation in Python's tokenizers knows Unicode 8, what strips accents Unicode 9.
    let isASCIISign = value < 0x80 && (18...21).contains(category)
    if isAssigned(scalar, by: 8) {
      // The three whose category has changed since.
      let then = value == 0x166D || value == 0x111C9 ? 17 : value == 0x1734 ? 5 : category
      if (11...17).contains(then) || isASCIISign { bits |= punctuation }
      if [25, 26, 28].contains(then) { bits |= other }
      if then == 5 { bits |= nonspacingMark }
    }
    if (5...7).contains(category), isAssigned(scalar, by: 9) { bits |= mark }
    return bits
  }

  /// The scalars of a scalar in lower case.
  static func lowercase(_ value: UInt32) -> [UInt32] {
    guard let scalar = Unicode.Scalar(value) else { return [value] }
    return scalar.properties.lowercaseMapping.unicodeScalars.map(\.value)
  }

  /// What a scalar is compared as where case does not count.
  static func folded(_ value: UInt32) -> UInt32 {
    if value < 0x80 { return (0x41...0x5A).contains(value) ? value + 32 : value }
    guard let scalar = Unicode.Scalar(value) else { return value }
    let upper = scalar.properties.uppercaseMapping.unicodeScalars
    guard upper.count == 1, let first = upper.first else { return value }
    let lower = first.properties.lowercaseMapping.unicodeScalars
    return lower.count == 1 ? lower.first?.value ?? value : value
  }
}

/// Canonical and compatible decompositions and compositions of scalars, from Foundation, each looked up once.
final class UnicodeTables: Sendable {
  static let shared = UnicodeTables()

  struct State {
    var canonical: [UInt32: [UInt32]] = [:]
    var compatible: [UInt32: [UInt32]] = [:]
    var compositions: [UInt64: UInt32] = [:]

    mutating func decomposition(_ value: UInt32, isCompatible: Bool) -> [UInt32] {
      if let known = isCompatible ? compatible[value] : canonical[value] { return known }
      var parts = [value]
      // Normal forms in Python's tokenizers are those of Unicode 9.
      if let scalar = Unicode.Scalar(value), ScalarProperties.isAssigned(scalar, by: 9) {
        let text = String(Character(scalar))
        parts = (isCompatible ? text.decomposedStringWithCompatibilityMapping : text.decomposedStringWithCanonicalMapping).unicodeScalars
          .map(
            \.value)
      }
      if isCompatible { compatible[value] = parts } else { canonical[value] = parts }
      return parts
    }

    /// The scalar that two are together; 0 if there is none.
    mutating func composition(_ a: UInt32, _ b: UInt32) -> UInt32 {
      let key = UInt64(a) << 32 | UInt64(b)
      if let known = compositions[key] { return known }
      var composed: UInt32 = 0
      if let first = Unicode.Scalar(a), let second = Unicode.Scalar(b) {
        // Foundation takes a syllable of Hangul and a final consonant for composed, though they are not: from the parts it composes them.
        var scalars = String.UnicodeScalarView()
        for part in decomposition(first.value, isCompatible: false) { scalars.append(Unicode.Scalar(part) ?? first) }
        scalars.append(second)
        let result = String(scalars).precomposedStringWithCanonicalMapping.unicodeScalars
        if result.count == 1, let only = result.first { composed = only.value }
      }
      compositions[key] = composed
      return composed
    }
  }

  let state = Lock(State())

  static func combiningClass(_ value: UInt32) -> UInt8 {
    guard value >= 0x300, let scalar = Unicode.Scalar(value) else { return 0 }
    let order = UInt8(truncatingIfNeeded: scalar.properties.canonicalCombiningClass.rawValue)
    return order > 0 && ScalarProperties.isAssigned(scalar, by: 9) ? order : 0
  }
}
