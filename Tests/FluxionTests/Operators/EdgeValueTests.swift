import Autodiff
import Tensors
import Testing

/// Values at the ends of the range and beside NaN, where an operator takes a number: what it gives, for each of several dtypes.
struct EdgeValue: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var dtypes: [DType]
  var expected: Grid
  var value: @Sendable (DType) -> Tensor

  init(_ name: String, _ dtypes: [DType], _ expected: Grid, _ value: @escaping @Sendable (DType) -> Tensor) {
    (testDescription, self.dtypes, self.expected, self.value) = (name, dtypes, expected, value)
  }
  /// The same for both float dtypes.
  init(_ name: String, _ expected: Grid, _ value: @escaping @Sendable (DType) -> Tensor) {
    self.init(name, OperatorRow.floats, expected, value)
  }
}

@Suite struct EdgeValueTests {
  private static let (nan, inf) = (Double.nan, Double.infinity)
  /// An integer that no Double is.
  private static let large = 1 << 53 + 1

  /// The same numbers: NaN is NaN.
  private static func agree(_ a: Grid, _ b: Grid) -> Bool {
    a.shape == b.shape && zip(a.values, b.values).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }
  }

  @Test(arguments: bounds + casts + ranges + differences + integers) func isRight(_ row: EdgeValue) throws {
    for dtype in row.dtypes {
      let value = try checked { row.value(dtype) }
      #expect(Self.agree(Grid(value), row.expected), "\(dtype): \(value) is not \(row.expected.values)")
    }
  }

  private static func numbers(_ dtype: DType) -> Tensor { Tensor([-1.0, 0, 2], .float64).cast(to: dtype) }

  static let bounds = [
    EdgeValue("clamped from NaN", Grid([nan, nan, nan])) { numbers($0).clamped(min: Double.nan) },
    EdgeValue("clamped to NaN", Grid([nan, nan, nan])) { numbers($0).clamped(max: Float.nan) },
    EdgeValue("clamped between NaN and 1", Grid([nan, nan, nan])) { numbers($0).clamped(min: .nan, max: 1.0) },
    EdgeValue("clamped between 0 and NaN", Grid([nan, nan, nan])) { numbers($0).clamped(min: 0.0, max: .nan) },
    EdgeValue("clamped to a tensor's NaN", Grid([nan, nan, nan])) { numbers($0).clamped(min: numbers($0), max: .full([], Double.nan, $0)) },
    EdgeValue("the larger of x and NaN", Grid([nan, nan, nan])) { maximum(numbers($0), Double.nan) },
    EdgeValue("the smaller of x and NaN", Grid([nan, nan, nan])) { minimum(numbers($0), Double.nan) },
    EdgeValue("a symbol clamped from NaN", Grid([nan, nan, nan])) { Elementwise { x in x.clamped(min: Symbol(.nan)) }(numbers($0)) },
    EdgeValue("a symbol clamped to NaN", Grid([nan, nan, nan])) { Elementwise { x in x.clamped(min: -1, max: Symbol(.nan)) }(numbers($0)) },
    EdgeValue("a symbol clamped to another's NaN", Grid([nan, nan, nan])) {
      Elementwise { x, y in x.clamped(max: y) }(numbers($0), .full([], Double.nan, $0))
    },
    EdgeValue("the gradient of what is clamped to NaN", Grid([0, 0, 0])) { dtype in
      gradient(at: numbers(dtype)) { $0.clamped(max: Double.nan).sum() }
    },
    EdgeValue("a large Int clamped", [.int64], Grid([1])) { _ in Tensor([large + 5]).clamped(max: large) - (large - 1) },
  ]

  static let casts = [
    EdgeValue("infinities and numbers beyond int32", Grid([2_147_483_647, -2_147_483_648, 2_147_483_647, -2_147_483_648])) {
      Tensor([inf, -inf, 3e9, -1e300]).cast(to: $0).cast(to: .int32)
    },
    EdgeValue("infinities and numbers beyond int64", Grid([0x1p63, -0x1p63, 0x1p63])) {
      Tensor([inf, -inf, 1e19]).cast(to: $0).cast(to: .int64)
    },
    EdgeValue("int64 beyond int32", [.int64], Grid([2_147_483_647, -2_147_483_648, 2_147_483_647, -7])) { _ in
      Tensor([Int.max, .min, 1 << 32, -7]).cast(to: .int32)
    },
    EdgeValue("many of int64 beyond int32", [.int64], Grid([2_147_483_647])) { _ in
      (Tensor.arange(40_000) + (1 << 33)).cast(to: .int32).min().reshaped([1])
    },
    EdgeValue("NaN is true", Grid([1, 1, 0])) { Tensor([nan, inf, 0]).cast(to: $0).cast(to: .bool) },
    EdgeValue("float64 beyond float32", [.float64], Grid([inf, -inf])) {
      Tensor([1e300, -1e300], .float64).cast(to: $0).cast(to: .float32)
    },
    EdgeValue("a number beyond float32", [.float32], Grid([inf])) { .full([1], 1e300, $0) },
  ]

  static let ranges = [
    EdgeValue("linspace over more than half of float32", [.float32], Grid([-3e38, 0, 3e38].map { Double(Float($0)) })) {
      .linspace(from: -3e38, to: 3e38, count: 3, $0)
    },
    EdgeValue("linspace over more than half of float64", [.float64], Grid([-1.7e308, -0.85e308, 0, 0.85e308, 1.7e308])) {
      .linspace(from: -1.7e308, to: 1.7e308, count: 5, $0)
    },
    EdgeValue("linspace's ends", [.float64], Grid([-1.7e308, 1.7e308])) { .linspace(from: -1.7e308, to: 1.7e308, count: 2, $0) },
    EdgeValue("linspace of integers", [.int32, .int64], Grid([0, 2, 5, 7, 10])) { .linspace(from: 0, to: 10, count: 5, $0) },
    EdgeValue("arange over more than half of float64", [.float64], Grid([-1.7e308, 0])) {
      .arange(from: -1.7e308, to: 1.7e308, step: 1.7e308, $0)
    },
    EdgeValue("arange whose quotient is rounded up", [.float64], Grid([1, 1 + 0.1, 1 + 0.2, 1.3])) {
      .arange(from: 1, to: 1.3, step: 0.1, $0)
    },
    EdgeValue("arange of a part of a step", [.float64], Grid([0])) { .arange(from: 0, to: .leastNonzeroMagnitude, step: 1e300, $0) },
    EdgeValue("arange down", Grid([1, 0.5])) { .arange(from: 1, to: 0, step: -0.5, $0) },
    EdgeValue("arange the wrong way", Grid([])) { .arange(from: 1, to: 0, step: 0.5, $0) },
    EdgeValue("arange over all integers", [.int64], Grid([-0x1p63, -0x1p62, 0, 0x1p62])) { _ in
      .arange(from: .min, to: .max, step: 1 << 62)
    },
    EdgeValue("arange of bools", [.bool], Grid([0, 1])) { .arange(from: 0.0, to: 2.0, $0) },
    EdgeValue("a histogram of numbers whose products overflow", [.float32], Grid([1, 1, 0, 2])) {
      Tensor([0, 1e38, 3e38, 2.6e38], .float64).cast(to: $0).histogram(bins: 4, in: 0...3.2e38)
    },
    EdgeValue("a histogram over more than half of the range", [.float64], Grid([1, 0, 0, 2])) {
      Tensor([-1.7e308, 1.7e308, 1e308], .float64).cast(to: $0).histogram(bins: 4, in: -1.7e308...1.7e308)
    },
    EdgeValue("a histogram of equal large numbers", Grid([0, 2, 0])) { Tensor([1e20, 1e20], .float64).cast(to: $0).histogram(bins: 3) },
    EdgeValue("the place of a scalar that is not 0", Grid([1, 1], [0])) { stack(Tensor.full([], 3, $0).nonzero(), axis: 1) },
    EdgeValue("the place of a scalar that is 0", Grid([0, 1], [])) { stack(Tensor.zeros([], $0).nonzero(), axis: 1) },
  ]

  private static func mixed(_ x: Double, _ y: Double, _ weight: Double) -> @Sendable (DType) -> Tensor {
    {
      stack([
        lerp(.full([], x, $0), .full([], y, $0), weight: weight), lerp(.full([], x, $0), .full([], y, $0), weight: .full([], weight, $0)),
      ])
    }
  }
  private static func quantile(
    _ x: [Double], _ q: Double, _ interpolation: QuantileInterpolation = .linear
  ) -> @Sendable (DType) -> Tensor {
    { Tensor(x).cast(to: $0).quantile(q, interpolation: interpolation) }
  }

  static let differences = [
    EdgeValue("lerp at 0 beside infinity", Grid([1, 1]), mixed(1, inf, 0)),
    EdgeValue("lerp at 1 beside infinity", Grid([2, 2]), mixed(-inf, 2, 1)),
    EdgeValue("lerp at 0 beside NaN", Grid([1, 1]), mixed(1, nan, 0)),
    EdgeValue("lerp at 1 to infinity", Grid([inf, inf]), mixed(1, inf, 1)),
    EdgeValue("lerp between a number and infinity", Grid([inf, inf]), mixed(1, inf, 0.25)),
    EdgeValue("lerp between equal infinities", Grid([inf, inf]), mixed(inf, inf, 0.75)),
    EdgeValue("lerp between infinities", Grid([nan, nan]), mixed(-inf, inf, 0.5)),
    EdgeValue("lerp between the ends of float32", Grid([0, 0]), mixed(-3e38, 3e38, 0.5)),
    EdgeValue("lerp between the ends of float64", [.float64], Grid([-0x1.8p1022, -0x1.8p1022]), mixed(-0x1.8p1023, 0x1.8p1023, 0.25)),
    EdgeValue("lerp with a weight of NaN", Grid([nan, nan]), mixed(1, 2, nan)),
    EdgeValue("a quantile between equal infinities", Grid(inf), quantile([inf, inf], 0.3)),
    EdgeValue("a quantile between equal lower infinities", Grid(-inf), quantile([-inf, 1, -inf], 0.25)),
    EdgeValue("a quantile at a number beside infinity", Grid(1), quantile([1, inf, -inf], 0.5)),
    EdgeValue("a quantile half-way to infinity", Grid(inf), quantile([1, inf], 0.5, .midpoint)),
    EdgeValue("a quantile half-way between equal infinities", Grid(inf), quantile([inf, inf], 0.5, .midpoint)),
    EdgeValue("a quantile between ±3e38", Grid(0), quantile([-3e38, 3e38], 0.5)),
    EdgeValue("a quantile half-way between ±3e38", Grid(0), quantile([-3e38, 3e38], 0.5, .midpoint)),
  ]

  static let integers = [
    EdgeValue("rounded to more than the range", Grid([0, 0, nan])) { round(Tensor([5, -1e30, nan]).cast(to: $0), decimals: -400) },
    EdgeValue("rounded to more than the range of float32", [.float32], Grid([0])) { round(.full([1], 5, $0), decimals: -39) },
    EdgeValue("padded with a large Int", [.int64], Grid([1, 0])) { _ in Tensor([large]).padded([(1, 0)], value: large + 1) - large },
    EdgeValue("many padded with a large Int", [.int64], Grid([1])) { _ in
      (Tensor.full([40_000], large).cast(to: .int64).padded([(1, 0)], value: large) - (large - 1))[..<1]
    },
    EdgeValue("a large Int where a mask is false", [.int64], Grid([1])) { _ in
      select(Tensor([false]), Tensor([0], .int64), large) - (large - 1)
    },
    EdgeValue("filled with a large Int", [.int64], Grid([1])) { _ in
      var x = Tensor([0], .int64)
      x.fill(with: large)
      return x - (large - 1)
    },
    EdgeValue("a closure with a large Int", [.int64], Grid([1, 2])) { _ in
      Elementwise { x in (x + 9_007_199_254_740_993) - (9_007_199_254_740_993 - 1) }(Tensor([0, 1], .int64))
    },
    EdgeValue("a closure with a negative large Int", [.int64], Grid([-1])) { _ in
      Elementwise { x in maximum(x, -9_007_199_254_740_993) + 9_007_199_254_740_992 }(Tensor([Int.min]))
    },
    EdgeValue("a sum of a closure with a large Int", [.int64], Grid(3)) { _ in
      Elementwise { x in x + 9_007_199_254_740_993 }.sum(Tensor([0], .int64)) - (large - 3)
    },
    EdgeValue("a closure of floats with a large Int", [.float64], Grid([0x1p53])) {
      Elementwise { x in x + 9_007_199_254_740_993 }(Tensor.zeros([1], $0))
    },
    EdgeValue("a comparison with a large Int", [.int64], Grid([0, 1])) { _ in Tensor([large - 1, large]) .>= large },
    EdgeValue("the largest of none", [.int32], Grid([-2_147_483_648, 5])) {
      Tensor([1, 2], .int64).cast(to: $0).scatter(
        Tensor([Int.min, 5]).cast(to: $0), at: Tensor([0, 1], .int64), axis: 0, combining: .maximum, includingSelf: false)
    },
  ]
}
