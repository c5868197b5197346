import Fluxion
import Foundation
import Testing

/// Functions and derivatives to the last digit (Tests/Golden/digits.py makes the file), and how far from them the library's are.
struct GoldenDigits: Sendable {
  let file: SafetensorsFile

  /// The tests' own file, or another one with more points that the environment names.
  init() throws {
    let own = try #require(Bundle.module.resourcePath) + "/Golden/digits.safetensors"
    file = try SafetensorsFile(ProcessInfo.processInfo.environment["FLUXION_DIGITS"] ?? own)
  }

  /// The worst of a result: how many units in the last place it is off, and where.
  struct Worst: CustomStringConvertible {
    var error = 0.0
    var point: [Double] = []
    var got = 0.0
    var truth = 0.0
    var description: String { "\(error) units at \(point): \(got), right \(truth)" }
  }

  /// The worst value, first and second derivatives of a function; the unit is that of the truth, or of `floors` where that is smaller.
  ///
  /// A truth that is no number is asked for in values only; in derivatives it says that there is none, or that it is a convention.
  /// `terms` gives at a point what the terms are that a second derivative is the sum of, where they may cancel.
  func worst(
    _ name: String, _ dtype: DType, floors: [Double], terms: (([Double]) -> Double)? = nil, _ f: ([Tensor]) -> Tensor
  ) throws -> [Worst] {
    let key = "\(name).f\(dtype == .float32 ? 32 : 64)"
    let (operands, truths) = (try file.tensor(key), try file.tensor(key + ".y"))
    let x = (0..<operands.shape[0]).map { operands[$0] }
    let points = x.map { $0.cast(to: .float64).scalars(Double.self) }
    let results = Self.results(f, x)
    let columns = (0..<truths.shape[0]).map { truths[$0].scalars(Double.self) }
    let top = dtype == .float32 ? Double(Float.greatestFiniteMagnitude) : .greatestFiniteMagnitude
    let normal = dtype == .float32 ? 0x1p-126 : 0x1p-1022
    // Where the function itself overflows, or twice the operand, derivatives are not looked at; nor those of two operands below the normal range.
    let hasSlope = columns[0].indices.map { i in
      abs(columns[0][i]) <= top
        && points.allSatisfy {
          ($0[i].isInfinite || abs($0[i]) < top / 4) && (points.count == 1 || $0[i] == 0 || abs($0[i]) > normal * 0x1p24)
        }
    }
    return try (0..<3).map { order in
      var worst = Worst()
      let rows = Array(order == 0 ? 0..<1 : order == 1 ? 1..<1 + x.count : 1 + x.count..<1 + x.count + x.count * (x.count + 1) / 2)
      for row in rows where row < truths.shape[0] {
        let truth = truths[row].scalars(Double.self)
        let got = try #require(results[row]).cast(to: .float64).scalars(Double.self)
        for i in truth.indices where order == 0 || !truth[i].isNaN && hasSlope[i] {
          // A derivative near the end of the range may be a product that goes beyond it.
          if order > 0 && got[i].isInfinite && abs(truth[i]) > top / 64 && (got[i] < 0) == (truth[i] < 0) { continue }
          if order == 2 && rows.contains(where: { abs(columns[$0][i]) > top }) { continue }
          let size = order == 2 ? terms?(points.map { $0[i] }) ?? 0 : 0
          let error = Self.units(got[i], truth[i], dtype, size.isFinite ? max(floors[order], size) : floors[order])
          if error > worst.error { worst = Worst(error: error, point: points.map { $0[i] }, got: got[i], truth: truth[i]) }
        }
      }
      return worst
    }
  }

  /// Value, first derivatives, second derivatives (aa, ab, bb).
  private static func results(_ f: ([Tensor]) -> Tensor, _ x: [Tensor]) -> [Tensor?] {
    let slopes = gradient(at: x) { f($0).sum() }
    var results: [Tensor?] = [f(x)] + slopes
    for i in x.indices {
      let second = gradient(at: x) { x in gradient(at: x) { f($0).sum() }[i].sum() }
      results += second[i...].map { Optional($0) }
    }
    return results
  }

  static func units(_ got: Double, _ truth: Double, _ dtype: DType, _ floor: Double) -> Double {
    if truth.isNaN { return got.isNaN ? 0 : .infinity }
    if got == truth { return 0 }
    let isSingle = dtype == .float32
    let top = isSingle ? Double(Float.greatestFiniteMagnitude) : .greatestFiniteMagnitude
    let (least, normal) = isSingle ? (0x1p-149, 0x1p-126) : (0x1p-1074, 0x1p-1022)
    // Beyond the range there is ∞, or what rounds to the last number before it.
    if abs(truth) > top { return got == (truth < 0 ? -.infinity : .infinity) || got / (truth < 0 ? -top : top) > 0.999 ? 0 : .infinity }
    let scale = max(abs(truth), floor, normal)
    let unit = max(least, isSingle ? Double(sign: .plus, exponent: scale.exponent - 23, significand: 1) : scale.ulp)
    let error = abs(got - truth) / unit
    return error.isNaN ? .infinity : error
  }
}
