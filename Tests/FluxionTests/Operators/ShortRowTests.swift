import Fluxion
import Testing

/// Many short rows are reduced together, turned so that they lie beside each other: each gets the bits that it has among few, which go one by one.
@Suite struct ShortRowTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let dtypes: [DType]
    let of: @Sendable (Tensor) -> Tensor

    init(_ name: String, _ dtypes: [DType] = [.float32, .float64, .int32, .int64, .bool], of: @escaping @Sendable (Tensor) -> Tensor) {
      (testDescription, self.dtypes, self.of) = (name, dtypes, of)
    }
  }

  private static let floats: [DType] = [.float32, .float64]
  /// Factors that tell the elements of a row apart.
  private static func ramp(_ x: Tensor) -> Tensor { Tensor.arange(x.shape[1]).cast(to: x.dtype) * 0.25 - 1 }

  static let rows: [Row] = [
    Row("sum") { $0.sum(axis: 1) },
    Row("prod") { $0.prod(axis: 1) },
    Row("max") { $0.max(axis: 1) },
    Row("min") { $0.min(axis: 1) },
    Row("any") { $0.any(axis: 1) },
    Row("all") { $0.all(axis: 1) },
    Row("argmax") { $0.argmax(axis: 1) },
    Row("argmin") { $0.argmin(axis: 1) },
    Row("every other element", floats) { x in x[0..., .stride(from: 0, by: 2)].sum(axis: 1) },
    Row("softmax", floats) { $0.softmax() },
    Row("logSoftmax", floats) { $0.logSoftmax() },
    Row("logSumExp", floats) { $0.logSumExp(axis: 1) },
    Row("gradient of softmax", floats) { x in gradient(at: x) { ($0.softmax() * ramp(x)).sum() } },
    Row("gradient of logSoftmax", floats) { x in gradient(at: x) { ($0.logSoftmax() * ramp(x)).sum() } },
    Row("gradient of crossEntropy", floats) { x in
      let labels = x.argmin(axis: 1)
      return gradient(at: x) { crossEntropy($0, labels, reduction: .sum) }
    },
    Row("gradient of prod", floats) { x in gradient(at: x) { $0.prod(axis: 1).sum() } },
    Row("positions of the largest so far") { $0.cumulativeMax(axis: 1).positions },
    Row("positions of the smallest so far") { $0.cumulativeMin(axis: 1).positions },
  ]

  /// Zeros of both signs, equals, and for floats infinities and NaN.
  private static func sample(_ count: Int, _ n: Int, _ dtype: DType) -> Tensor {
    var x = Tensor.normal([count, n], .float64) * 2
    let kind = Tensor.uniform([count, n], in: 0..<60, .float64)
    if dtype.isFloatingPoint {
      for (i, value) in [-0.0, 0.0, .infinity, -.infinity, .nan, 1.0].enumerated() {
        x = select((kind .>= Double(i)) .& (kind .< Double(i + 1)), value, x)
      }
    }
    return x.cast(to: dtype)
  }

  /// Bits, with one pattern for all that is not a number.
  private static func bits(_ x: Tensor) -> [UInt64] {
    switch x.dtype {
    case .float32: x.scalars(Float.self).map { $0.isNaN ? .max : UInt64($0.bitPattern) }
    case .float64: x.scalars(Double.self).map { $0.isNaN ? .max : $0.bitPattern }
    default: x.cast(to: .int64).scalars(Int64.self).map { UInt64(bitPattern: $0) }
    }
  }

  @Test(arguments: rows) func isTheSameAmongFew(_ row: Row) {
    withSeed(1) {
      for dtype in row.dtypes {
        for n in Array(1...40) + [63, 64, 100] {
          // A whole tile of 64 rows and a part of one.
          let x = Self.sample(91, n, dtype)
          let together = Self.bits(row.of(x))
          let apart = Swift.stride(from: 0, to: 91, by: 13).flatMap { Self.bits(row.of(x[$0..<$0 + 13])) }
          #expect(together == apart, "\(n) elements of \(dtype)")
        }
      }
    }
  }
}
