import Fluxion
import Foundation

/// Two masses in a row, wall–spring–mass–spring–mass, and a force that is known on the first.
///
/// The Hamiltonian is Σ p²/2m + k₁x₁²/2 + k₂(x₂ − x₁)²/2 − f(t)·x₁. Parameters are logarithms, so that masses and springs stay positive.
struct Springs: Model {
  var logMasses: Tensor
  var logStiffness: Tensor
  let step = 0.05

  init(masses: [Double], stiffness: [Double]) {
    logMasses = log(Tensor(masses))
    logStiffness = log(Tensor(stiffness))
  }

  /// −∂H/∂x, for positions [batch, 2] at a time.
  func force(_ x: Tensor, at time: Double, _ stiffness: Tensor) -> Tensor {
    let first = x[.all, 0]
    let pull = (x[.all, 1] - first) * stiffness[1]
    let known: Double = sin(2 * time)
    let onFirst = pull - first * stiffness[0] + known
    return stack([onFirst, -pull], axis: 1)
  }

  /// Positions [batch, steps, 2] from those at the beginning, [batch, 2], with the masses at rest.
  ///
  /// Each step is Verlet's: half a kick, a drift, half a kick. It keeps the area in phase space, so that energy does not drift away.
  func trajectory(from start: Tensor, steps: Int) -> Tensor {
    let (masses, stiffness) = (exp(logMasses), exp(logStiffness))
    var (x, p) = (start, Tensor.zeros(start.shape, start.dtype))
    var push = force(x, at: 0, stiffness)
    var positions: [Tensor] = []
    for i in 1...steps {
      p = p + push * (step / 2)
      x = x + p / masses * step
      push = force(x, at: Double(i) * step, stiffness)
      p = p + push * (step / 2)
      positions.append(x)
    }
    return stack(positions, axis: 1)
  }

  func callAsFunction(_ start: Tensor) -> Tensor { trajectory(from: start, steps: 100) }

  /// The two masses and the two stiffnesses.
  var values: [Double] { exp(logMasses).scalars(Double.self) + exp(logStiffness).scalars(Double.self) }
}

/// A system of nature: what it is made of is found from how it moved, by gradients through its integrator.
func findSprings() -> Outcome {
  let truth = Springs(masses: [1.5, 0.6], stiffness: [4, 2.5])
  let starts = Tensor.normal([8, 2], .float64)
  let seen = truth.predict(starts)
  let observed = seen + Tensor.normal(seen.shape, standardDeviation: 0.01, .float64)
  var model = Springs(masses: [1, 1], stiffness: [3, 3])
  var optimizer = Adam(learningRate: 0.02)
  for _ in 0..<400 {
    let gradient = gradient(at: &model) { model in mse(model(starts), observed) }
    optimizer.update(&model, along: gradient)
  }
  let worst = zip(model.values, truth.values).map { abs($0 / $1 - 1) }.max() ?? .infinity
  func list(_ x: [Double]) -> String { x.map { fixed($0) }.joined(separator: ", ") }
  return Outcome(
    text: "m₁, m₂, k₁, k₂ are \(list(truth.values)), found \(list(model.values)), \(fixed(100 * worst, 2)) % off at most",
    isReached: worst < 0.01)
}
