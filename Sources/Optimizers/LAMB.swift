import CKernels
import Models
import RealModule
import Tensors

/// LAMB, Adam whose steps are as long as the parameter's own size allows, for large batches.
///
/// You and others 2020, algorithm 2 with φ(z) = z.
///
/// PyTorch has none; defaults are the paper's.
///
/// m = β₁m + (1 − β₁)g, v = β₂v + (1 − β₂)g², u = m̂ / (√v̂ + ε) + weightDecay·p, p −= learningRate·‖p‖/‖u‖·u, with m̂ = m/(1 − β₁ᵗ) and
/// v̂ = v/(1 − β₂ᵗ). Norms are those of whole parameters; where one of them is 0, their ratio is 1. Weight decay is in u, beside the gradient.
public struct LAMB: StatefulOptimizer {
  /// The size of a step as a part of the parameter's; it may change while training.
  public var learningRate: Double
  /// How much of the mean of gradients is kept at each step.
  public var beta1: Double
  /// How much of the mean of squared gradients is kept at each step.
  public var beta2: Double
  /// What keeps the divisor from 0.
  public var epsilon: Double
  /// The pull toward 0, beside the gradient.
  public var weightDecay: Double
  var state = ParameterState()

  /// The paper's defaults unless told.
  public init(learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-6, weightDecay: Double = 0.01) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    checkMoments("LAMB", learningRate, beta1, beta2, weightDecay, epsilon)
  }

  /// One step.
  public mutating func update<M: Model>(_ model: inout M, along gradient: M) {
    let (rate, beta1, beta2, epsilon, decay) = (learningRate, beta1, beta2, epsilon, weightDecay)
    func corrections(_ step: Int) -> (Double, Double) { (1 - Double.pow(beta1, step), 1 - Double.pow(beta2, step)) }
    state.update("LAMB", &model, along: gradient, slots: 2) { x, ratio in
      let (c1, c2) = corrections(x.step)
      let norms = x.sums { x, sums in
        fx_lamb_moments(
          x.dtype, x.count, beta1, beta2, epsilon, decay, c1, c2, x.gradient, x.slots.0, x.slots.1, x.values, sums)
      }
      ratio = norms.0 > 0 && norms.1 > 0 ? (norms.0 / norms.1).squareRoot() : 1
    } _: { x in
      let (c1, c2) = corrections(x.step)
      fx_lamb(x.dtype, x.count, rate * x.number, epsilon, decay, c1, c2, x.slots.0, x.slots.1, x.values)
    }
  }
}

extension ParameterState.Stretch {
  /// Two sums over all elements, of what `body` gives for stretches of them.
  ///
  /// The stretches are of fixed size and added up in their order, so that the sums do not depend on the number of threads.
  fileprivate func sums(_ body: (ParameterState.Stretch, UnsafeMutablePointer<Double>) -> Void) -> (Double, Double) {
    let size = 1 << 15
    let parts = (count + size - 1) / size
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * parts) { partial in
      guard let partial = partial.baseAddress else { return (0, 0) }
      inParallel(parts, grain: 1) { range in
        for i in range { body(stretch(i * size..<Swift.min((i + 1) * size, count), number), partial + 2 * i) }
      }
      return (0..<parts).reduce((0, 0)) { ($0.0 + partial[2 * $1], $0.1 + partial[2 * $1 + 1]) }
    }
  }
}
