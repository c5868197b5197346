import Fluxion

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Measures the rows and prints an object for each, as ROWS.md describes them, for programs to read.
///
/// A row that measures bytes and not time has `bytes` in place of `us`.
func printObjects(_ rows: [Row]) {
  for row in rows {
    let figure =
      switch row.measured() {
      case .time(let seconds): "\"us\": \(decimal(seconds * 1e6, 3))"
      case .growth(let bytes): "\"bytes\": \(bytes)"
      }
    show("{\"row\": \"\(row.name)\", \"engine\": \"fluxion\", \(figure)}")
  }
}

extension Row {
  /// The measurement, with the same inputs in every run.
  func measured() -> Measurement { withSeed(0) { measure() } }
}

/// Prints a line at once, also where the output is no terminal.
func show(_ line: String) {
  print(line)
  fflush(nil)
}

/// A number with some digits after the point.
func decimal(_ x: Double, _ digits: Int) -> String {
  let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
  let whole = Int((abs(x) * scale).rounded())
  let text = String(whole)
  let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
  let sign = x < 0 && whole > 0 ? "-" : ""
  return sign + (digits == 0 ? padded : padded.dropLast(digits) + "." + padded.suffix(digits))
}

/// Seconds in the unit that suits them, with three digits.
func duration(_ seconds: Double) -> String {
  let (value, unit) =
    seconds < 1e-6 ? (seconds * 1e9, "ns") : seconds < 1e-3 ? (seconds * 1e6, "µs") : seconds < 1 ? (seconds * 1e3, "ms") : (seconds, "s")
  return decimal(value, value < 10 ? 2 : value < 100 ? 1 : 0) + " " + unit
}

extension String {
  /// Filled up with blanks on the right or, for a negative width, on the left.
  func padded(_ width: Int) -> String {
    let blanks = String(repeating: " ", count: max(0, abs(width) - count))
    return width < 0 ? blanks + self : self + blanks
  }
}
