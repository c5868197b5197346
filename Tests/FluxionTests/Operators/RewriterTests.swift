import Fluxion
import Testing

/// Closures as people write them: the value and both derivatives are the function's, wherever that has some, also where an intermediate result as it is
/// written would overflow or cancel.
@Suite struct RewriterTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let name: String
    let apply: @Sendable ([Tensor]) -> Tensor
    /// Bounds in units in the last place of value, first and second derivatives, and what the unit is taken of where they are smaller.
    var bounds: [Double]
    var floors: [Double]
    var dtypes = OperatorRow.floats
    var testDescription: String { name }

    func with(_ change: (inout Row) -> Void) -> Row {
      var row = self
      change(&row)
      return row
    }

    init(_ name: String, bounds: [Double] = [8, 16, 32], floors: [Double] = [0, 1, 1], _ f: (Symbol) -> Symbol) {
      let kernel = Elementwise(f)
      (self.name, self.bounds, self.floors) = (name, bounds, floors)
      apply = { kernel($0[0]) }
    }
    init(_ name: String, bounds: [Double] = [8, 16, 32], floors: [Double] = [1, 1, 1], _ f: (Symbol, Symbol) -> Symbol) {
      let kernel = Elementwise { f($0, $1) }
      (self.name, self.bounds, self.floors) = (name, bounds, floors)
      apply = { kernel($0[0], $0[1]) }
    }
  }

  static let rows: [Row] = {
    var rows: [Row] = []
    rows.append(Row("log1p(exp(x))") { x in log1p(exp(x)) })
    rows.append(Row("log(1 + exp(x))") { x in log(1 + exp(x)) })
    rows.append(Row("log(3 + exp(x))") { x in log(3 + exp(x)) })
    rows.append(Row("log1p(exp(-x))") { x in log1p(exp(-x)) })
    rows.append(Row("-log(1 + exp(-x))") { x in -log(1 + exp(-x)) })
    rows.append(Row("log(exp(x) + exp(-x))") { x in log(exp(x) + exp(-x)) })
    rows.append(Row("log(exp(x))") { x in log(exp(x)) })
    rows.append(Row("log(sigmoid(x))") { x in log(sigmoid(x)) })
    rows.append(Row("log(1 - sigmoid(x))") { x in log(1 - sigmoid(x)) })
    rows.append(Row("log(1 / (1 + exp(-x)))") { x in log(1 / (1 + exp(-x))) })
    rows.append(Row("1 - sigmoid(x)") { x in 1 - sigmoid(x) })
    rows.append(Row("x * sigmoid(x)") { x in x * sigmoid(x) })
    rows.append(Row("x / (1 + exp(-x))") { x in x / (1 + exp(-x)) })
    rows.append(Row("exp(x) / (1 + exp(x))") { x in exp(x) / (1 + exp(x)) })
    rows.append(Row("1 / (1 + exp(-x))") { x in 1 / (1 + exp(-x)) })
    rows.append(Row("pow(1 + exp(-x), -1)") { x in pow(1 + exp(-x), -1) })
    rows.append(Row("exp(x) / pow(1 + exp(x), 2)") { x in exp(x) / pow(1 + exp(x), 2) })
    rows.append(Row("2 / (1 + exp(-2 * x)) - 1") { x in 2 / (1 + exp(-2 * x)) - 1 })
    rows.append(Row("(exp(x) - exp(-x)) / (exp(x) + exp(-x))") { x in (exp(x) - exp(-x)) / (exp(x) + exp(-x)) })
    rows.append(Row("(exp(2 * x) - 1) / (exp(2 * x) + 1)") { x in (exp(2 * x) - 1) / (exp(2 * x) + 1) })
    rows.append(Row("(1 - exp(-x)) / (1 + exp(-x))") { x in (1 - exp(-x)) / (1 + exp(-x)) })
    rows.append(Row("sinh(x) / cosh(x)") { x in sinh(x) / cosh(x) })
    rows.append(Row("1 / cosh(x)", floors: [1e-30, 1, 1]) { x in 1 / cosh(x) })
    rows.append(Row("2 / (exp(x) + exp(-x))", floors: [1e-30, 1, 1]) { x in 2 / (exp(x) + exp(-x)) })
    rows.append(Row("1 / pow(cosh(x), 2)") { x in 1 / pow(cosh(x), 2) })
    rows.append(Row("1 - tanh(x) * tanh(x)") { x in 1 - tanh(x) * tanh(x) })
    rows.append(Row("tanh(log1p(exp(x)))") { x in tanh(log1p(exp(x))) })
    rows.append(Row("x * tanh(log1p(exp(x)))", floors: [1e-30, 1, 1]) { x in x * tanh(log1p(exp(x))) })
    rows.append(Row("x * tanh(log(1 + exp(x)))", floors: [1e-30, 1, 1]) { x in x * tanh(log(1 + exp(x))) })
    rows.append(Row("exp(x) - 1") { x in exp(x) - 1 })
    rows.append(Row("(exp(x) - exp(-x)) / 2") { x in (exp(x) - exp(-x)) / 2 })
    rows.append(Row("(exp(x) + exp(-x)) / 2") { x in (exp(x) + exp(-x)) / 2 })
    rows.append(Row("log(x * x)", floors: [1, 0, 0]) { x in log(x * x) })
    rows.append(Row("log(cosh(x))") { x in log(cosh(x)) })
    rows.append(Row("abs(x) + log1p(exp(-2 * abs(x))) - log(2)") { x in abs(x) + log1p(exp(-2 * abs(x))) - 0.6931471805599453 })
    rows.append(Row("sqrt(x * x)") { x in sqrt(x * x) })
    rows.append(Row("sqrt(pow(x, 2) + 1)") { x in sqrt(pow(x, 2) + 1) })
    rows.append(Row("sqrt(1 + x * x) - 1") { x in sqrt(1 + x * x) - 1 })
    rows.append(Row("x / sqrt(1 + x * x)") { x in x / sqrt(1 + x * x) })
    rows.append(Row("1 / sqrt(1 + x * x)") { x in 1 / sqrt(1 + x * x) })
    rows.append(Row("exp(-x * x)", bounds: [512, 512, 512], floors: [1, 1, 1]) { x in exp(-x * x) })
    rows.append(Row("0.5 * x * (1 + erf(x / sqrt(2)))") { x in 0.5 * x * (1 + erf(x / 1.4142135623730951)) })
    rows.append(
      Row("0.5 * x * (1 + tanh(u))", bounds: [128, 128, 256]) { x in
        0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * pow(x, 3))))
      })
    rows.append(Row("abs(x) / (1 + abs(x))") { x in abs(x) / (1 + abs(x)) })
    rows.append(Row("x / (1 + abs(x))") { x in x / (1 + abs(x)) })
    rows.append(Row("1 - cos(x)") { x in 1 - cos(x) })
    rows.append(Row("1 - exp(-x * x)") { x in 1 - exp(-x * x) })
    rows.append(Row("log(exp(x) - 1)") { x in log(exp(x) - 1) })
    rows.append(Row("log(1 - exp(-x))") { x in log(1 - exp(-x)) })
    rows.append(Row("x / (exp(x) - 1)", floors: [1e-30, 1, 1]) { x in x / (exp(x) - 1) })
    // In float32 e⁸⁹ is infinite, and e⁸⁹/89 is not.
    rows.append(Row("(1 - exp(-x)) / x") { x in (1 - exp(-x)) / x }.with { $0.dtypes = [.float64] })
    rows.append(Row("(exp(0.5 * x) - 1) / x") { x in (exp(0.5 * x) - 1) / x })
    rows.append(Row("3 * x / (exp(0.5 * x) - 1)", floors: [1e-30, 1, 1]) { x in 3 * x / (exp(0.5 * x) - 1) })
    rows.append(Row("x * exp(x) / (1 + exp(x))") { x in x * exp(x) / (1 + exp(x)) })
    rows.append(Row("x * (1 - exp(-x)) / (1 + exp(-x))") { x in x * (1 - exp(-x)) / (1 + exp(-x)) })
    rows.append(
      Row("x * (e * e + 2 * e) / (e * e + 2 * e + 2)", floors: [1e-30, 1, 1]) { x in
        let e = exp(x)
        return x * (e * e + 2 * e) / (e * e + 2 * e + 2)
      })
    rows.append(Row("exp(-x) / pow(1 + exp(-x), 2)") { x in exp(-x) / pow(1 + exp(-x), 2) })
    rows.append(Row("exp(-exp(-x))", bounds: [128, 128, 256], floors: [1e-30, 1, 1]) { x in exp(-exp(-x)) })
    rows.append(Row("maximum(x, 0) + log1p(exp(-abs(x)))") { x in maximum(x, 0) + log1p(exp(-abs(x))) })
    rows.append(Row("log(1 + x * x)") { x in log(1 + x * x) })
    rows.append(Row("log(1 + 0.5 * x * x)") { x in log(1 + 0.5 * x * x) })
    rows.append(Row("log(x * x + 4)") { x in log(x * x + 4) })
    rows.append(Row("log(x + sqrt(x * x + 1))") { x in log(x + sqrt(x * x + 1)) })
    rows.append(Row("log(x + sqrt(x * x - 1))") { x in log(x + sqrt(x * x - 1)) })
    rows.append(Row("log((1 + x) / (1 - x)) / 2") { x in log((1 + x) / (1 - x)) / 2 })
    rows.append(Row("x * x / (1 + x * x)") { x in x * x / (1 + x * x) })
    rows.append(Row("1 / (1 + x * x)") { x in 1 / (1 + x * x) })
    rows.append(Row("log(x * x + y * y)", floors: [1, 0, 1]) { x, y in log(x * x + y * y) })
    rows.append(Row("select(x .> 0, log(x), 0)") { x in select(x .> 0, log(x), 0) })
    rows.append(Row("log(exp(x) + exp(y))") { x, y in log(exp(x) + exp(y)) })
    rows.append(Row("log(exp(x) + exp(y) + exp(0.5 * x))") { x, y in log(exp(x) + exp(y) + exp(0.5 * x)) })
    rows.append(Row("log(1 + exp(x) + exp(y))") { x, y in log(1 + exp(x) + exp(y)) })
    rows.append(Row("exp(x) / (exp(x) + exp(y))") { x, y in exp(x) / (exp(x) + exp(y)) })
    rows.append(Row("exp(x) / (exp(x) + exp(y) + 1)") { x, y in exp(x) / (exp(x) + exp(y) + 1) })
    rows.append(
      Row("(x * exp(x) + y * exp(y)) / (exp(x) + exp(y))", bounds: [16, 64, 256]) { x, y in (x * exp(x) + y * exp(y)) / (exp(x) + exp(y)) })
    rows.append(Row("sqrt(x * x + y * y)", floors: [0, 0, 0]) { x, y in sqrt(x * x + y * y) })
    rows.append(Row("x / sqrt(x * x + y * y)", floors: [0, 0, 0]) { x, y in x / sqrt(x * x + y * y) })
    return rows
  }()

  @Test(arguments: rows) func closuresAreWhatTheyMean(_ row: Row) throws {
    let golden = try GoldenDigits()
    for dtype in row.dtypes {
      let worst = try golden.worst(row.name, dtype, floors: row.floors, row.apply)
      for (order, (worst, bound)) in zip(worst, row.bounds).enumerated() {
        #expect(worst.error <= bound, "\(dtype) derivative \(order): \(worst)")
      }
    }
  }

  /// A closure of NaN is NaN, but for a choice that leaves it out.
  @Test(arguments: rows) func nothingComesOfNaN(_ row: Row) throws {
    if row.name.hasPrefix("select(x .> 0") { return }
    let nan = Tensor([Double.nan])
    #expect(row.apply([nan, Tensor([1.0], .float64)]).item().isNaN)
  }

  /// README's closure, where eˣ overflows.
  @Test func mishFarOut() {
    let mish = Elementwise { x in x * tanh(log1p(exp(x))) }
    let x = Tensor([89, 100, 1e4, 1e30], .float64).cast(to: .float32)
    #expect(mish(x).scalars(Float.self) == x.scalars(Float.self))
    #expect(gradient(at: x) { mish($0).sum() }.scalars(Float.self) == [1, 1, 1, 1])
    let both = Tensor([Double.infinity, -.infinity])
    #expect(Elementwise { x in log1p(exp(x)) }(both).scalars(Double.self) == [.infinity, 0])
    #expect(Elementwise { x, y in log(exp(x) + exp(y)) }(both, both).scalars(Double.self) == [.infinity, -.infinity])
  }

  /// 0ˣ is flat at 0 by convention, and its slope is too.
  @Test func theSecondDerivativeOfAPowerOfZero() {
    let x = Tensor([0.0, 1, 2], .float64)
    let second = gradient(at: x) { x in gradient(at: x) { x in pow(0, x).sum() }.sum() }
    #expect(second.scalars(Double.self) == [0, 0, 0])
    let byTensor = gradient(at: x) { x in gradient(at: x) { x in pow(.zeros([3], .float64), x).sum() }.sum() }
    #expect(byTensor.scalars(Double.self) == [0, 0, 0])
    let byBase = gradient(at: Tensor.zeros([3], .float64)) { b in gradient(at: b) { b in pow(b, x).sum() }.sum() }
    #expect(byBase.scalars(Double.self) == [0, 0, 2])
  }

  /// float32's gelu where Φ is small, which it once was 0 from −5.5 on.
  @Test func geluKeepsItsTail() {
    let y = gelu(Tensor([-5, -5.6, -8, -13], .float64).cast(to: .float32)).scalars(Float.self)
    let truth = [-1.4332579e-6, -6.0018505e-8, -4.9767685e-15, -7.9523137e-38]
    #expect(abs(Double(y[0]) - truth[0]) < 1e-6 * abs(truth[0]))
    for (y, truth) in zip(y, truth) { #expect(abs(Double(y) - truth) < 1e-4 * abs(truth), "\(y), right \(truth)") }
  }
}
