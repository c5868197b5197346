import Tensors

/// How an operand's numbers are drawn: where an operator is smooth, away from its kinks and poles.
struct Domain: Sendable {
  private enum Kind { case spread, multiples, whole, distinct }

  private var kind = Kind.spread
  private var range: ClosedRange<Double>
  private var kinks: [Double] = []
  private var offset = 0.0
  /// What integer operands are drawn from.
  private var integers: ClosedRange<Int>

  /// Any number of a range but for the neighbourhood of some points.
  static func real(_ low: Double, _ high: Double, avoiding kinks: [Double] = [], integers: ClosedRange<Int>? = nil) -> Domain {
    let first = Int(low.rounded(.up))
    return Domain(range: low...high, kinks: kinks, integers: integers ?? first...max(first, Int(high.rounded(.down))))
  }

  /// Multiples of ¼ plus an offset: operands with different offsets are never nearly equal.
  static func multiples(offset: Double) -> Domain { Domain(kind: .multiples, range: -2...2, offset: offset, integers: -3...3) }

  /// Numbers of which no two are nearly equal, 1/16 and more apart.
  static let distinct = Domain(kind: .distinct, range: 0...0, integers: -50...50)

  /// Few numbers, so that equal ones meet.
  static func whole(_ range: ClosedRange<Int>) -> Domain {
    Domain(kind: .whole, range: Double(range.lowerBound)...Double(range.upperBound), integers: range)
  }

  /// Anything: integers of a few digits, floats of −2 to 2.
  static let any = real(-2, 2, integers: -9...9)

  /// The numbers of an operand, exact in `dtype`.
  ///
  /// Those of a large one repeat after 1,021, a prime, so that blocks and threads do not begin alike.
  func draw(_ shape: [Int], _ dtype: DType, using random: inout SplitMix) -> Grid {
    let count = shape.reduce(1, *)
    if case .distinct = kind, dtype.isFloatingPoint {
      // An odd factor permutes the numbers below a power of two.
      let size = 1 << (Int.bitWidth - max(count - 1, 1).leadingZeroBitCount)
      let factor = Int.random(in: 1000...9999, using: &random) | 1
      return Grid(shape, (0..<count).map { Double(($0 * factor + 7) % size - size / 2) / 16 + 1 / 64 })
    }
    let period = (0..<min(count, 1021)).map { _ in number(dtype, using: &random) }
    if period.count == count { return Grid(shape, period) }
    return Grid(period).gathered(shape, (0..<count).map { $0 % period.count })
  }

  private func number(_ dtype: DType, using random: inout SplitMix) -> Double {
    if dtype == .bool { return Bool.random(using: &random) ? 1 : 0 }
    if !dtype.isFloatingPoint || kind == .whole { return Double(Int.random(in: integers, using: &random)) }
    if kind == .multiples {
      return Double(Int.random(in: Int(range.lowerBound * 4)...Int(range.upperBound * 4), using: &random)) / 4 + offset
    }
    while true {
      // Exact in float32, so that both float dtypes see the same sample.
      let value = Double(Float(Double.random(in: range, using: &random)))
      if kinks.allSatisfy({ abs(value - $0) > 0.05 }) && range.contains(value) { return value }
    }
  }
}

/// A small generator of random numbers, the same in every run (Steele, Lea and Flood 2014).
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  /// The stream of a name.
  init(_ name: String) { state = name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 } }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}
