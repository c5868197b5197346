import Fluxion
import Testing

/// Norms, means and deviations at the ends of the range, where squares and sums overflow or vanish, and of rows that are nearly constant.
@Suite struct RangeTests {
  /// A function f with f(s·x) = sᵖ·f(x).
  struct Row: Sendable, CustomTestStringConvertible {
    let name: String
    /// p.
    let power: Int
    let f: @Sendable (Tensor) -> Tensor
    var testDescription: String { name }
    init(_ name: String, _ power: Int, _ f: @escaping @Sendable (Tensor) -> Tensor) { (self.name, self.power, self.f) = (name, power, f) }
  }

  static let x = withSeed(1) { Tensor.normal([3, 10, 5], .float64) }
  private static let y = withSeed(2) { Tensor.normal([3, 10, 5], .float64) }

  static let rows: [Row] = {
    var rows = [
      Row("mean", 1) { $0.mean() }, Row("mean over an axis", 1) { $0.mean(axis: 1) }, Row("mean over axes", 1) { $0.mean(axes: [0, 2]) },
      Row("standardDeviation", 1) { $0.standardDeviation() }, Row("standardDeviation over axes", 1) { $0.standardDeviation(axes: [0, 2]) },
      Row("standardDeviation over columns", 1) { $0.standardDeviation(axis: 1, correction: 0) },
      Row("frobenius", 1) { $0.matrixNorm() }, Row("rowDistance", 1) { rowDistance($0, .zeros([5], $0.dtype), epsilon: 0) },
      Row("cosineSimilarity", 0) { cosineSimilarity($0, y.cast(to: $0.dtype), epsilon: 0) },
      Row("layerNorm", 0) { layerNorm($0, over: [5], weight: weight($0.dtype), bias: weight($0.dtype), epsilon: 0) },
      Row("layerNorm over two axes", 0) { layerNorm($0, over: [10, 5], epsilon: 0) },
      Row("rmsNorm", 0) { rmsNorm($0, over: [5], weight: weight($0.dtype), epsilon: 0) },
      Row("groupNorm", 0) { groupNorm($0, groups: 2, epsilon: 0) }, Row("instanceNorm", 0) { instanceNorm($0, epsilon: 0) },
      Row("batchNorm of features", 0) { batchNorm($0.reshaped([30, 5]), weight: weight($0.dtype), bias: weight($0.dtype), epsilon: 0) },
      Row("batchNorm of short sequences", 0) { batchNorm($0, epsilon: 0) },
      Row("batchNorm of images", 0) { batchNorm($0.transposed(1, 2), weight: weight($0.dtype), epsilon: 0) },
    ]
    for order in [2, 3, 1.5, 0.5, -1, -2.5] {
      rows.append(Row("norm \(order)", 1) { $0.norm(order) })
      rows.append(Row("norm \(order) over an axis", 1) { $0.norm(order, axis: 1) })
      if order > 0 { rows.append(Row("normalized \(order)", 0) { $0.normalized(order: order, axis: -1, epsilon: 0) }) }
    }
    return rows
  }()

  private static func weight(_ dtype: DType) -> Tensor { (Tensor.arange(5).cast(to: dtype) - 1.5) * 0.5 }

  /// Powers of two scale without rounding: f(s·x) = sᵖ·f(x), and its gradient with s^(p − 1).
  @Test(arguments: rows)
  func scales(_ row: Row) {
    for (dtype, exponents, tolerance) in [
      (DType.float32, [-100, -70, 60, 64, 100, 110], 2e-5), (.float64, [-900, -520, 500, 515, 900, 1000], 1e-12),
    ] {
      let x = Self.x.cast(to: dtype)
      func loss(_ x: Tensor) -> Tensor {
        let y = row.f(x)
        return (y * (1 + sin(Tensor.arange(y.elementCount).cast(to: dtype))).reshaped(y.shape)).sum()
      }
      let (value, slope) = (row.f(x), gradient(at: x, loss))
      for exponent in exponents {
        let s = Double(sign: .plus, exponent: exponent, significand: 1)
        // Scaled back in halves: their product may be out of the range.
        func back(_ t: Tensor, _ power: Int) -> Tensor {
          let half = Double(sign: .plus, exponent: exponent / 2 * power, significand: 1)
          return power == 0 ? t : t * (1 / half) * (1 / (half * Double(sign: .plus, exponent: exponent % 2 * power, significand: 1)))
        }
        #expect(distance(back(row.f(x * s), row.power), value) < tolerance, "2^\(exponent) in \(dtype)")
        // A gradient that is itself beyond the range cannot be told.
        if row.power == 0 && abs(exponent) > (dtype == .float32 ? 100 : 1000) { continue }
        #expect(
          distance(back(gradient(at: x * s, loss), row.power - 1), slope) < 10 * tolerance, "the gradient at 2^\(exponent) in \(dtype)")
      }
    }
  }

  /// Means of the largest numbers.
  @Test func meansDoNotOverflow() {
    for (dtype, most) in [(DType.float32, 3e38), (.float64, 1.7e308)] {
      for shape in [[7], [3, 5], [40_000], [3, 1500]] as [Shape] {
        let x = Tensor.full(shape, most, dtype)
        #expect(abs(x.mean().item() / most - 1) < 1e-6, "\(dtype) \(shape)")
        #expect(abs(x.mean(axis: 0).max().item() / most - 1) < 1e-6, "\(dtype) \(shape)")
        #expect(abs(Elementwise { x in abs(x) }.mean(x).item() / most - 1) < 1e-5, "\(dtype) \(shape)")
        let (mean, slope) = valueAndGradient(at: x) { exp(log(abs($0) / most)).mean() * most }
        #expect(abs(mean.item() / most - 1) < 1e-4 && slope.isFinite.all().item() != 0, "\(dtype) \(shape)")
      }
      #expect(Tensor([most, -most, Double.infinity]).cast(to: dtype).mean().item() == .infinity)
      #expect(Tensor([most, most, Double.nan]).cast(to: dtype).mean().item().isNaN)
    }
  }

  /// Rows of equal numbers have no deviation, whatever the rounding of their sum; what is left of it is small beside epsilon's root.
  @Test(arguments: [123456.7, 0.1, -1e10, 3e38, 1e-40, 7])
  func constantsHaveNoDeviation(_ c: Double) {
    for dtype in [DType.float32, .float64] {
      for n in [2, 3, 7, 100, 3000] {
        let row = Tensor.full([2, n], c, dtype)
        let label = Comment("\(n) in \(dtype)")
        #expect(row.variance(axis: 1).numbers == [0, 0], label)
        #expect(row.standardDeviation(axis: 1).numbers == [0, 0], label)
        #expect(abs(layerNorm(row, over: [n])).max().item() < 1e-5, label)
        #expect(abs(groupNorm(row.reshaped([1, 2, n]), groups: 2)).max().item() < 1e-5, label)
        #expect(abs(instanceNorm(row.reshaped([1, 2, n]))).max().item() < 1e-5, label)
        let columns = Tensor.full([n, 3], c, dtype)
        var (mean, variance) = (Tensor.zeros([3], dtype), Tensor.ones([3], dtype))
        #expect(abs(batchNorm(columns, updating: &mean, &variance, momentum: 1, bias: .full([3], 2, dtype)) - 2).max().item() < 1e-5, label)
        #expect(distance(mean, columns[0]) < 1e-6 && variance.max().item() < 1e-10, label)
        #expect(abs(batchNorm(Tensor.full([n, 3, 9], c, dtype))).max().item() < 1e-5, label)
        let slopes = [
          gradient(at: row) { layerNorm($0, over: [n]).squared.sum() }, gradient(at: columns) { batchNorm($0).squared.sum() },
          gradient(at: row) { $0.standardDeviation(axis: 1).sum() },
        ]
        #expect(slopes.allSatisfy { abs($0).max().item() < 0.01 }, label)
      }
    }
  }

  /// Far from 0 the mean's rounding would count: 2²⁰ + k has the deviations of k.
  @Test func offsetsDoNotCount() {
    let k = Tensor((0..<60).map { Double($0 * 7 % 5) }, shape: [12, 5])
    for (dtype, offset) in [(DType.float32, 0x1p20), (.float64, 0x1p48)] {
      let (x, far) = (k.cast(to: dtype), k.cast(to: dtype) + offset)
      let functions: [(String, @Sendable (Tensor) -> Tensor)] = [
        ("layerNorm", { layerNorm($0, over: [5]) }), ("batchNorm", { batchNorm($0) }),
        ("batchNorm of images", { batchNorm($0.reshaped([1, 12, 5]).transposed(0, 1).reshaped([2, 3, 10])) }),
        ("groupNorm", { groupNorm($0.reshaped([2, 6, 5]), groups: 3) }), ("variance", { $0.variance(axis: 1) }),
        ("standardDeviation", { $0.standardDeviation(axis: 0) }),
      ]
      for (name, f) in functions {
        #expect(distance(f(far), f(x)) < 1e-5, "\(name) in \(dtype)")
        let slope = gradient(at: x) { (f($0) * f($0) * f($0)).sum() }
        if name != "variance" && name != "standardDeviation" {
          #expect(distance(gradient(at: far) { (f($0) * f($0) * f($0)).sum() }, slope) < 1e-4, "the gradient of \(name) in \(dtype)")
        }
      }
    }
  }
}

extension Tensor {
  /// The elements of any dtype.
  var numbers: [Double] { cast(to: .float64).scalars(Double.self) }
}
