import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A decimal number as it is written, taken apart: ±mantissa · 10^exponent, or infinity or NaN.
///
/// It is rounded once, to the nearest float of the type that is asked for, ties to even, however many digits there are.
struct CSVNumber {
  private enum Kind {
    case finite
    case infinity
    case nan
  }
  private var kind = Kind.finite
  private var isNegative = false
  /// The first 19 digits that count.
  private var mantissa: UInt64 = 0
  private var exponent = 0
  /// Whether digits other than 0 are beyond the mantissa.
  private var isCut = false
  /// Whether a point or an exponent is written.
  private(set) var isWrittenWithPoint = false
  private let text: UnsafeBufferPointer<UInt8>

  /// Nil unless the whole text is a number: digits with a point, an exponent and a sign where wanted, or `inf`, `infinity`, `nan` in any case.
  @inline(__always)
  init?(_ text: UnsafeBufferPointer<UInt8>) {
    self.text = text
    var i = 0
    let end = text.count
    if i < end, text[i] == UInt8(ascii: "-") || text[i] == UInt8(ascii: "+") {
      isNegative = text[i] == UInt8(ascii: "-")
      i += 1
    }
    let first = i
    var digits = 0
    while i < end, text[i] &- 48 < 10 {
      add(text[i] &- 48, behindPoint: false)
      i += 1
    }
    digits = i - first
    if i < end, text[i] == UInt8(ascii: ".") {
      isWrittenWithPoint = true
      i += 1
      let start = i
      while i < end, text[i] &- 48 < 10 {
        add(text[i] &- 48, behindPoint: true)
        i += 1
      }
      digits += i - start
    }
    if digits == 0 {
      guard first < end, readWord(first) else { return nil }
      return
    }
    if i < end, text[i] | 32 == UInt8(ascii: "e") {
      isWrittenWithPoint = true
      i += 1
      var isDown = false
      if i < end, text[i] == UInt8(ascii: "-") || text[i] == UInt8(ascii: "+") {
        isDown = text[i] == UInt8(ascii: "-")
        i += 1
      }
      guard i < end else { return nil }
      var power = 0
      while i < end, text[i] &- 48 < 10 {
        // Beyond this all floats are 0 or infinity, whatever the digits; the places that were counted are far fewer than memory has bytes.
        if power < 1 << 50 { power = power * 10 + Int(text[i] &- 48) }
        i += 1
      }
      exponent += isDown ? -power : power
    }
    if i < end { return nil }
  }

  @inline(__always)
  private mutating func add(_ digit: UInt8, behindPoint: Bool) {
    if mantissa < 1_000_000_000_000_000_000 {
      mantissa = mantissa &* 10 &+ UInt64(digit)
      if behindPoint { exponent -= 1 }
    } else {
      if digit != 0 { isCut = true }
      if !behindPoint { exponent += 1 }
    }
  }

  private mutating func readWord(_ start: Int) -> Bool {
    let words: [(StaticString, Kind)] = [("nan", .nan), ("inf", .infinity), ("infinity", .infinity)]
    for (word, kind) in words where word.utf8CodeUnitCount == text.count - start {
      if (0..<word.utf8CodeUnitCount).allSatisfy({ text[start + $0] | 32 == word.utf8Start[$0] }) {
        self.kind = kind
        return true
      }
    }
    return false
  }

  // MARK: Values

  private static let powers: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]

  /// A number of few digits is one product or quotient of two floats without error, rounded once.
  @inline(__always)
  private func quick(_ powers: UnsafePointer<Double>) -> Double? {
    guard mantissa <= 1 << 53 && !isCut && -22...22 ~= exponent else { return nil }
    let value = Double(mantissa)
    let size = exponent < 0 ? value / powers[-exponent] : value * powers[exponent]
    return isNegative ? -size : size
  }

  /// One in which numbers have a point, whatever the program has set.
  nonisolated(unsafe) private static let plainLocale = newlocale(1 << LC_NUMERIC, "C", nil)

  private var special: Double { kind == .nan ? .nan : isNegative ? -.infinity : .infinity }

  var double: Double {
    if kind != .finite { return special }
    return Self.powers.withUnsafeBufferPointer { quick($0.baseAddress!) }
      ?? withTerminated { text in NumberText.withPoint { strtod(text, nil) } }
  }

  var float: Float {
    if kind != .finite { return Float(special) }
    guard let value = Self.powers.withUnsafeBufferPointer({ quick($0.baseAddress!) }) else { return withTerminated { strtof($0, nil) } }
    // Rounding twice is wrong only where the first result lies in the middle between two floats; among the smallest, middles lie elsewhere.
    let isMiddle = value.bitPattern & 0x1FFF_FFFF == 0x1000_0000
    if isMiddle || value.magnitude < 0x1p-126 && value != 0 { return withTerminated { strtof($0, nil) } }
    return Float(value)
  }

  /// The value as an integer of a type, if it is one: `3`, and `3.0` and `3e2` too.
  func integer<T: FixedWidthInteger>(_ type: T.Type) -> T? {
    guard kind == .finite && !isCut else { return nil }
    var (size, rest) = (mantissa, exponent)
    while rest < 0 && size != 0 {
      if size % 10 != 0 { return nil }
      size /= 10
      rest += 1
    }
    while rest > 0 && size != 0 {
      let (product, overflow) = size.multipliedReportingOverflow(by: 10)
      if overflow { return nil }
      size = product
      rest -= 1
    }
    if isNegative { return size <= UInt64(T.max) + 1 ? T(truncatingIfNeeded: 0 &- size) : nil }
    return T(exactly: size)
  }

  /// The text for a C function, which would take more for numbers than has been found to be one.
  @inline(never)
  private func withTerminated<R>(_ body: (UnsafePointer<CChar>) -> R) -> R {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: text.count + 1) { copy in
      for i in 0..<text.count { copy[i] = CChar(bitPattern: text[i]) }
      copy[text.count] = 0
      let locale = uselocale(Self.plainLocale)
      defer { uselocale(locale) }
      return body(copy.baseAddress!)
    }
  }
}
