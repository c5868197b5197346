import CKernels

/// A function of one number with its first two derivatives and their divided differences, computed in float64 at every element of tensors.
///
/// f[a, b] = (f(a) − f(b))/(a − b) cancels for near a and b. There it is the mean of f′ between them, by Gauss's and Legendre's quadrature, and
/// f[a, b, c] that of f″/2 over their triangle, so that both go over into the derivatives at equal numbers without losing digits.
struct DividedDifferences: Sendable {
  private let programs: [Program]

  init(_ f: (Symbol) -> Symbol) {
    var programs = [Program.unary(f)]
    for _ in 0..<2 {
      let slope = Gradient.derivatives(of: programs.last!.expression, inputCount: 1, seed: .constant(1), readsResult: false)[0]
      programs.append(Program(slope?.program.expression ?? .constant(0), inputCount: 1))
    }
    self.programs = programs
  }

  /// The function, or a derivative of it.
  func callAsFunction(_ x: Tensor, derivative: Int = 0) -> Tensor { mapped("symmetricMatrixFunction", programs[derivative], x) }

  /// The nodes and weights of four points in 0...1.
  private static let points: [(node: Double, weight: Double)] = [
    (0.069_431_844_202_973_713, 0.173_927_422_568_726_93), (0.330_009_478_207_571_87, 0.326_072_577_431_273_07),
    (0.669_990_521_792_428_13, 0.326_072_577_431_273_07), (0.930_568_155_797_026_29, 0.173_927_422_568_726_93),
  ]

  /// f[a, b], and where it came from quadrature.
  ///
  /// Numbers that are near (within 1/64 of the larger) take it, if it agrees with the quotient to its rounding: where f has a step, or goes up
  /// and down between them, it does not, and the quotient has digits enough.
  private func first(_ a: Tensor, _ b: Tensor) -> (value: Tensor, isMean: Tensor) {
    let gap = a - b
    let isNear = abs(gap) .<= maximum(abs(a), abs(b)) * (1.0 / 64)
    // Those that are not near are looked at where they are, which is where f is defined.
    let (from, step) = (select(isNear, b, select(abs(a) .> abs(b), a, b)), select(isNear, gap, 0))
    var mean = Tensor.zeros(gap.shape, .float64)
    for (node, weight) in Self.points { mean += self(from + step * node, derivative: 1) * weight }
    let (fa, fb) = (self(a), self(b))
    let difference = fa - fb
    let rounding = maximum(abs(fa), abs(fb)) * 2e-12 + abs(gap * mean) * 1e-12
    let isMean = isNear .& (abs(difference - gap * mean) .<= rounding)
    // Of equal numbers there is no quotient, infinite or not.
    let takesMean = isMean .| (gap .== 0)
    return (select(takesMean, mean, difference / select(takesMean, 1, gap)), takesMean)
  }

  /// f[a, b], of tensors that broadcast together.
  func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor { first(a, b).value }

  /// f[a, b, c].
  func callAsFunction(_ a: Tensor, _ b: Tensor, _ c: Tensor) -> Tensor {
    let low = minimum(minimum(a, b), c)
    let high = maximum(maximum(a, b), c)
    let middle = maximum(minimum(a, b), minimum(maximum(a, b), c))
    let isMean = first(low, high).isMean
    var mean = Tensor.zeros(low.shape, .float64)
    let (step, side) = (select(isMean, middle - low, 0), select(isMean, high - middle, 0))
    let from = select(isMean, low, select(abs(high) .> abs(low), high, low))
    for (u, weight) in Self.points {
      for (v, other) in Self.points { mean += self(from + (step + side * v) * u, derivative: 2) * (weight * other * u) }
    }
    return select(isMean, mean, (self(high, middle) - self(middle, low)) / select(isMean, 1, high - low))
  }
}
