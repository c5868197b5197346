import Fluxion

/// A network that solves an equation (Raissi, Perdikaris and Karniadakis 2019): −Δu = 2π²·sin(πx)·sin(πy) inside of the unit square, u = 0 at its edges.
private struct Field: Model {
  var network = Chain {
    Dense(2, 32, activation: tanh); Dense(32, 32, activation: tanh); Dense(32, 1)
  }

  /// u at points [n, 2]: the factor is 0 at the edges.
  mutating func callAsFunction(_ points: Tensor) -> Tensor { network(points)[.all, 0] * bump(points) }
}

/// x(1 − x)·y(1 − y), which is 0 at the edges.
private func bump(_ points: Tensor) -> Tensor { points[.all, 0] * (1 - points[.all, 0]) * points[.all, 1] * (1 - points[.all, 1]) }

/// The solution, sin(πx)·sin(πy).
private func wave(_ points: Tensor) -> Tensor { sin(points[.all, 0] * Double.pi) * sin(points[.all, 1] * Double.pi) }

/// Fits the equation at 400 points by L-BFGS until the network agrees with the solution, sin(πx)·sin(πy), which it never sees.
func trainPhysics() -> Outcome {
  var field = Field()
  var optimizer = LBFGS(history: 50)
  let points = Tensor.uniform([400, 2])
  let source = wave(points) * (2 * Double.pi * Double.pi)

  for _ in 0..<60 {
    let loss = optimizer.step(&field) { field in
      // Derivatives of derivatives, and of all that by the parameters.
      let laplacian = (0..<2).map { axis in
        gradient(at: points) { points in gradient(at: points) { points in field(points).sum() }[.all, axis].sum() }[.all, axis]
      }
      return (laplacian[0] + laplacian[1] + source).squared.mean()
    }
    if loss < 1e-3 { break }
  }

  let side = Tensor.linspace(from: 0, to: 1, count: 41)
  let grid = stack(meshgrid([side, side]), axis: 2).reshaped([-1, 2])
  let (found, exact) = (field.predict(grid), wave(grid))
  let error: Double = sqrt((found - exact).squared.sum() / exact.squared.sum()).item()
  return Outcome(text: "relative error \(fixed(error, 5)) after \(optimizer.iterationCount) iterations", isReached: error <= 2e-3)
}
