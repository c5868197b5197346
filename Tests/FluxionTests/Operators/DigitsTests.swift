import Fluxion
import Foundation
import RealModule
import Testing

/// Every element-wise function over the whole range of both float dtypes: values and both derivatives.
///
/// The bounds of values are those that the documentation states; a test compares the two.
@Suite struct DigitsTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let name: String
    /// The bounds of the value in units in the last place, of float32 and of float64.
    var value: (Double, Double)
    /// Those of the derivatives, and what their unit is taken of where they are smaller.
    var slopes: (Double, Double)
    /// What the value's unit is taken of where it is smaller; 0 for the value's own everywhere.
    var floor: Double
    /// Whether up to 128 units are granted below the normal range, where a product of a rounded factor is.
    var tail: Bool
    var slopeFloor: Double
    var secondFloor: Double
    /// What the second derivatives are sums of, where terms may cancel.
    var terms: (@Sendable ([Double]) -> Double)?
    var apply: @Sendable ([Tensor]) -> Tensor
    var testDescription: String { name }

    init(
      _ name: String, _ single: Double, _ double: Double, floor: Double = 0, tail: Bool = false, slopes: (Double, Double) = (4, 8),
      slopeFloor: Double = 1, secondFloor: Double? = nil,
      _ apply: @escaping @Sendable (Tensor) -> Tensor
    ) {
      (self.name, value, self.floor, self.tail, self.slopes) = (name, (single, double), floor, tail, slopes)
      (self.slopeFloor, self.secondFloor) = (slopeFloor, secondFloor ?? slopeFloor)
      self.apply = { apply($0[0]) }
    }
    init(
      _ name: String, _ single: Double, _ double: Double, floor: Double = 0, tail: Bool = false, slopes: (Double, Double) = (4, 8),
      slopeFloor: Double = 1, secondFloor: Double? = nil, terms: (@Sendable ([Double]) -> Double)? = nil,
      two apply: @escaping @Sendable (Tensor, Tensor) -> Tensor
    ) {
      (self.name, value, self.floor, self.tail, self.slopes) = (name, (single, double), floor, tail, slopes)
      (self.slopeFloor, self.secondFloor) = (slopeFloor, secondFloor ?? slopeFloor)
      self.terms = terms
      self.apply = { apply($0[0], $0[1]) }
    }
  }

  static let rows: [Row] = {
    var rows: [Row] = []
    // Exponentials, logarithms, powers.
    rows.append(Row("exp", 1, 2) { exp($0) })
    rows.append(Row("exp2", 1, 2) { exp2($0) })
    rows.append(Row("expm1", 2, 2) { expm1($0) })
    rows.append(Row("log", 1, 1, slopeFloor: 0) { log($0) })
    rows.append(Row("log2", 1, 1, slopeFloor: 0) { log2($0) })
    rows.append(Row("log10", 1, 1, slopeFloor: 0) { log10($0) })
    rows.append(Row("log1p", 1, 1, slopeFloor: 0) { log1p($0) })
    rows.append(Row("sqrt", 1, 1, slopeFloor: 0) { sqrt($0) })
    rows.append(Row("rsqrt", 2, 2, slopes: (8, 16), slopeFloor: 0) { rsqrt($0) })
    rows.append(Row("reciprocal", 1, 1, slopeFloor: 0) { pow($0, -1) })
    rows.append(Row("squared", 1, 1) { $0.squared })
    rows.append(Row("cube", 2, 2) { pow($0, 3) })
    rows.append(Row("pow 2.5", 1, 2, slopeFloor: 0) { pow($0, 2.5) })
    rows.append(Row("pow 0.3125", 1, 2, slopeFloor: 0) { pow($0, 0.3125) })
    rows.append(Row("pow -2", 1, 2, slopeFloor: 0) { pow($0, -2) })
    rows.append(Row("pow 5", 2, 2) { pow($0, 5) })
    rows.append(Row("1.5 to the power", 1, 2) { pow(1.5, $0) })
    rows.append(
      Row(
        "pow", 1, 2, slopes: (512, 1024),
        terms: { x in
          let (a, b) = (abs(x[0]), x[1])
          return Double.pow(a, b - 1) * (1 + abs(b * Double.log(a)))
        }, two: { pow($0, $1) }))
    rows.append(Row("xLogY", 2, 2, slopeFloor: 0, two: { xLogY($0, $1) }))
    rows.append(Row("logit", 4, 4, floor: 1, slopes: (8, 64), slopeFloor: 0, secondFloor: 1) { logit($0) })
    rows.append(Row("logAddExp", 4, 4, floor: 1, two: { logAddExp($0, $1) }))
    rows.append(Row("logAddExp2", 4, 4, floor: 1, two: { logAddExp2($0, $1) }))
    // Circular and hyperbolic functions.
    rows.append(Row("sin", 2, 1) { sin($0) })
    rows.append(Row("cos", 2, 1) { cos($0) })
    rows.append(Row("tan", 3, 2, slopes: (6, 8)) { tan($0) })
    rows.append(Row("asin", 3, 1) { asin($0) })
    rows.append(Row("acos", 2, 1) { acos($0) })
    rows.append(Row("atan", 2, 1) { atan($0) })
    rows.append(Row("atan2", 2, 1, slopes: (4, 16), slopeFloor: 0, two: { atan2($0, $1) }))
    rows.append(Row("hypot", 1, 1, slopeFloor: 0, two: { hypot($0, $1) }))
    rows.append(Row("sinh", 2, 2) { sinh($0) })
    rows.append(Row("cosh", 2, 2) { cosh($0) })
    rows.append(Row("tanh", 2, 2) { tanh($0) })
    rows.append(Row("asinh", 1, 2, slopeFloor: 0) { asinh($0) })
    rows.append(Row("acosh", 1, 2, slopeFloor: 0) { acosh($0) })
    rows.append(Row("atanh", 1, 2, slopeFloor: 0, secondFloor: 1) { atanh($0) })
    rows.append(Row("sinc", 3, 2, slopes: (16, 16)) { sinc($0) })
    // Special functions.
    rows.append(Row("erf", 1, 2) { erf($0) })
    rows.append(Row("erfc", 3, 3) { erfc($0) })
    rows.append(Row("erfInverse", 2, 3, slopes: (128, 512)) { erfInverse($0) })
    rows.append(Row("logGamma", 2, 4, slopes: (16, 16)) { logGamma($0) })
    rows.append(Row("digamma", 1, 8, floor: 1, slopes: (8, 128)) { digamma($0) })
    rows.append(Row("polygamma 1", 1, 8, slopes: (128, 128)) { polygamma(1, $0) })
    rows.append(Row("polygamma 2", 1, 128, floor: 1, slopes: (16, 512)) { polygamma(2, $0) })
    // Activations.
    rows.append(Row("sigmoid", 2, 2) { sigmoid($0) })
    rows.append(Row("softplus", 2, 2) { softplus($0) })
    rows.append(Row("logSigmoid", 2, 2) { logSigmoid($0) })
    rows.append(Row("silu", 2, 2, slopes: (16, 16)) { silu($0) })
    rows.append(Row("mish", 4, 4, tail: true, slopes: (32, 64)) { mish($0) })
    rows.append(Row("gelu", 8, 4, floor: 0.25, tail: true, slopes: (8, 16)) { gelu($0) })
    rows.append(Row("gelu tanh", 4, 4, floor: 0.0625, slopes: (64, 1024)) { gelu($0, approximation: .tanh) })
    rows.append(Row("elu", 1, 2) { elu($0) })
    rows.append(Row("celu", 2, 2) { celu($0, alpha: 1.5) })
    rows.append(Row("selu", 2, 2) { selu($0) })
    rows.append(Row("softsign", 2, 2) { softsign($0) })
    rows.append(Row("tanhShrink", 2, 2, floor: 1) { tanhShrink($0) })
    rows.append(Row("hardSigmoid", 2, 2) { hardSigmoid($0) })
    rows.append(Row("hardSwish", 2, 2) { hardSwish($0) })
    rows.append(Row("logCosh", 2, 2) { logCosh($0, .zeros($0.shape, $0.dtype), reduction: .none) })
    return rows
  }()

  @Test(arguments: rows) func valuesAndDerivatives(_ row: Row) throws {
    let golden = try GoldenDigits()
    for dtype in [DType.float32, .float64] {
      let normal = dtype == .float32 ? 0x1p-126 : 0x1p-1022
      let worst = try golden.worst(
        row.name, dtype, floors: [max(row.floor, row.tail ? 128 * normal : 0), row.slopeFloor, row.secondFloor], terms: row.terms, row.apply
      )
      let bounds = [dtype == .float32 ? row.value.0 : row.value.1, row.slopes.0, row.slopes.1]
      for (order, (worst, bound)) in zip(worst, bounds).enumerated() {
        #expect(worst.error <= bound, "\(row.name) \(dtype) derivative \(order): \(worst)")
      }
    }
  }

  /// What the documentation says of a function's accuracy, in two lines.
  static func accuracy(_ row: Row) -> [String] {
    func text(_ x: Double) -> String { x == x.rounded() ? "\(Int(x))" : "\(x)" }
    var line = "Accuracy: \(text(row.value.0)) ulp in float32, \(text(row.value.1)) in float64"
    if row.floor > 0 { line += ", of \(text(row.floor)) where the result is smaller" }
    if row.tail { line += "; 128 of the least number below the normal range" }
    var slopes = "Derivatives: the first \(text(row.slopes.0)) ulp, the second \(text(row.slopes.1))"
    if row.slopeFloor > 0 {
      slopes += ", of 1 where they are smaller"
    } else if row.secondFloor > 0 {
      slopes += ", of the second's 1 where it is smaller"
    }
    if row.terms != nil { slopes += "; the second's of its largest term" }
    return [line + ".", slopes + "."]
  }

  @Test func theDocumentationStatesTheBounds() throws {
    let sources = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Sources")
    let folder = sources.appending(path: "Tensors/Ops/Mathematics")
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    let text = try (files + [sources.appending(path: "Models/Losses/Regression.swift")]).map { try String(contentsOf: $0, encoding: .utf8) }
    let lines = text.joined(separator: "\n").split(separator: "\n").map(String.init)
    var count = 0
    for row in Self.rows where !row.name.contains(" ") {
      // The documentation comment that ends above the first function of the name that has one with a bound.
      let places = lines.indices.filter { lines[$0].hasPrefix("public func \(row.name)(_ ") && lines[$0 - 2].hasPrefix("/// Accuracy: ") }
      guard let place = places.first else { continue }
      #expect(lines[place - 2..<place].elementsEqual(Self.accuracy(row).map { "/// " + $0 }), "\(row.name)")
      count += 1
    }
    #expect(count >= 40)
  }
}
