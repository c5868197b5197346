import Autodiff
import Tensors

/// An operator's gradient at a sample, against differences of its values.
struct SlopeCheck {
  /// A slope by the engine's rules and by differences, with the sizes of what was added up: the measure of what rounding can do.
  struct Comparison {
    var gradient: Double
    var difference: Double
    var scale: Double

    /// Whether the two agree.
    ///
    /// Differences of five points are off by h⁴ and by rounding errors over h, some 1e-11 in all. 1e-6 of the slope is a thousandth of what
    /// a rule scaled by 1.001 is off by.
    var isClose: Bool { abs(gradient - difference) <= 1e-6 * abs(difference) + 1e-8 * scale + 1e-11 }
    /// The slope says something: it is no chance that it agrees.
    var isLive: Bool { abs(difference) > 0.01 * scale && scale > 0.01 }
  }

  let row: OperatorRow
  let layout: OperatorLayout
  let shapes: [[Int]]
  /// What the operands are views of: the variables.
  let bases: [Tensor]
  /// A wrong rule: the gradient of this input comes out 1.001 times too large.
  var sabotaged: Int?

  init(_ row: OperatorRow, _ layout: OperatorLayout, shapes: [[Int]]? = nil, _ dtype: DType = .float64) {
    self.row = row
    self.layout = layout
    self.shapes = shapes ?? row.cases[0]
    // float32 and float64 see the same sample: it is drawn exact in float32.
    bases = row.operands(self.shapes, .float32, layout).map { layout.base($0, .float32).tensor(dtype) }
  }

  func result(_ bases: [Tensor]) -> Tensor {
    let x = bases.indices.map { i in
      let x = layout.view(bases[i], shapes[i])
      if sabotaged != i { return x }
      return customGradient(at: x) {
        $0
      } pullback: { _, _, dy in
        dy * 1.001
      }
    }
    return row.apply(x, bases.first?.dtype ?? .float64)
  }

  /// Σ w·(y + y²/2): a number whose second derivatives live even where the operator is linear.
  func value(_ bases: [Tensor]) -> Tensor {
    let y = result(bases)
    var random = RandomStream(seed: 1)
    // Weights exact in float32, again so that both dtypes compute the same.
    let weights = Tensor.uniform(y.shape, in: 0.5..<1.5, .float32, using: &random).cast(to: y.dtype)
    return (weights * (y + y * y * 0.5)).sum()
  }

  func gradients(_ bases: [Tensor]) -> [Tensor] { gradient(at: bases) { value($0) } }

  /// Random directions of ±½ to ±1; 0 for inputs without a gradient.
  ///
  /// Seven signs in eight are the slopes', so that the directional derivative is not near zero by chance.
  private func directions(_ name: String, _ slopes: [Tensor]) -> [Tensor] {
    var random = RandomStream(seed: SplitMix(row.name + name).state)
    return slopes.enumerated().map { i, slope in
      guard row.slopedInputs.contains(i) else { return .zeros(like: slope) }
      let sizes = Tensor.uniform(slope.shape, in: 0.5..<1, slope.dtype, using: &random)
      let isEighth = (Tensor.arange(slope.elementCount) % 8 .== 7).reshaped(slope.shape)
      return select((slope .< 0) .^ isEighth, -sizes, sizes)
    }
  }

  /// The directional derivative for one input.
  func first(_ input: Int) -> Comparison {
    let slopes = gradients(bases)
    let directions = directions("first", slopes)
    let product = slopes[input] * directions[input]
    let difference = difference { t in
      var moved = bases
      moved[input] = moved[input] + directions[input] * t
      return value(moved).item()
    }
    return Comparison(gradient: product.sum().item(), difference: difference, scale: abs(product).sum().item())
  }

  /// The derivative of the directional derivative along another direction, all inputs together.
  func second() -> Comparison {
    let v = directions("first", gradients(bases))
    func slope(_ bases: [Tensor]) -> Tensor {
      zip(gradients(bases), v).map { ($0 * $1).sum() }.reduce(Tensor(0.0, .float64)) { $0 + $1 }
    }
    let slopes = gradient(at: bases) { slope($0) }
    let u = directions("second", slopes)
    let products = zip(slopes, u).map { $0 * $1 }
    let difference = difference { t in slope(zip(bases, u).map { $0 + $1 * t }).item() }
    return Comparison(
      gradient: products.reduce(0) { $0 + $1.sum().item() }, difference: difference,
      scale: products.reduce(0) { $0 + abs($1).sum().item() })
  }

  /// The derivative at 0 from five points: (8(f(h) − f(−h)) − (f(2h) − f(−2h))) / 12h.
  ///
  /// Where many elements move at once their steps are smaller.
  private func difference(of f: (Double) -> Double) -> Double {
    let h = 1e-3 * min(1, 64 / Double(bases.reduce(1) { max($0, $1.elementCount) }))
    return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)
  }
}
