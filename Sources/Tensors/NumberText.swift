#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Numbers as text, always with a point: what C's functions write follows the locale that a program has set (`0,5` in German).
package enum NumberText {
  /// Rounded to a number of decimals: `0.500`.
  package static func fixed(_ x: Double, _ decimals: Int) -> String { text("%.\(decimals)f", x) }
  /// With an exponent and so many decimals: `5.000e-01`.
  package static func scientific(_ x: Double, _ decimals: Int) -> String { text("%.\(decimals)e", x) }
  /// With so many digits that count, without zeros behind them: `0.5`.
  package static func significant(_ x: Double, _ digits: Int) -> String { text("%.\(digits)g", x) }

  #if canImport(Darwin)
    // LC_NUMERIC_MASK, written out: the masks are macros of more than a number, which Swift need not see.
    private nonisolated(unsafe) static let locale = newlocale(1 << 4, "C", nil)
  #else
    private nonisolated(unsafe) static let locale = newlocale(1 << LC_NUMERIC, "C", nil)
  #endif

  private static func text(_ format: String, _ x: Double) -> String {
    withPoint {
      // The largest numbers have 309 digits before the point.
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
        let count = withVaList([x]) { vsnprintf(buffer.baseAddress!, buffer.count, format, $0) }
        return String(decoding: buffer[..<max(0, min(Int(count), buffer.count - 1))].map { UInt8(bitPattern: $0) }, as: UTF8.self)
      }
    }
  }

  /// Runs `body`, in which C's functions read and write numbers with a point: on this thread alone, whatever the program's locale is.
  package static func withPoint<R>(_ body: () -> R) -> R {
    let outer = uselocale(locale)
    defer { uselocale(outer) }
    return body()
  }
}
