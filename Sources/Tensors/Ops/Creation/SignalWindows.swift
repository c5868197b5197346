/// What a window of ``Tensor/window(_:count:isPeriodic:_:)`` looks like.
///
/// Below n counts its N points from 0, L is N − 1, or N if it is periodic.
public enum SignalWindow: Sendable, Equatable {
  /// A triangle, 1 − |2n/L − 1|.
  case bartlett
  /// 0.42 − 0.5·cos(2πn/L) + 0.08·cos(4πn/L).
  case blackman
  /// Half a sine, sin(π(n + ½)/(L + 1)).
  case cosine
  /// ½ − ½·cos(2πn/L).
  case hann
  /// 0.54 − 0.46·cos(2πn/L).
  case hamming
  /// Four cosines, of Nuttall's coefficients with sidelobes that are least.
  case nuttall
  /// e^(−|n − center|/decay), with its center at L/2 unless told.
  case exponential(decay: Double, center: Double? = nil)
  /// e^(−½((n − L/2)/deviation)²).
  case gaussian(deviation: Double)
  /// I₀(beta·√(1 − (2n/L − 1)²))/I₀(beta).
  case kaiser(beta: Double)
  /// Σ (−1)ⁱ·aᵢ·cos(2πin/L).
  case cosines([Double])
}

extension Tensor {
  /// A window of so many points: what a part of a signal is multiplied by before its spectrum is taken.
  ///
  /// Symmetric, or if `isPeriodic` without its last point, as spectra want it. A window of one point is 1. PyTorch: `signal.windows`, whose
  /// `sym` is the opposite of `isPeriodic`.
  public static func window(_ window: SignalWindow, count: Int, isPeriodic: Bool = false, _ dtype: DType = .float32) -> Tensor {
    func mistake(_ message: String) -> Tensor {
      fail(TensorError("window", message))
      return .placeholder
    }
    guard dtype.isFloatingPoint else { return mistake("not defined for \(dtype), only for floating-point dtypes") }
    guard count >= 0 else { return mistake("of \(count) points; 0 or more would fit") }
    switch window {
    case .exponential(let decay, _) where !(decay > 0): return mistake("a decay of \(decay); a number above 0 would fit")
    case .gaussian(let deviation) where !(deviation > 0): return mistake("a deviation of \(deviation); a number above 0 would fit")
    case .kaiser(let beta) where !(beta >= 0) || !beta.isFinite: return mistake("a beta of \(beta); a finite number of 0 or more would fit")
    default: break
    }
    if count < 2 { return .ones([count], dtype) }
    let n = Tensor.arange(count).cast(to: .float64)
    if Context.current.hasFailed { return .placeholder }
    let last = Double(isPeriodic ? count : count - 1)
    let place = n * (2 / last) - 1.0
    func cosines(_ factors: [Double]) -> Tensor {
      factors.enumerated().reduce(Tensor.zeros([count], .float64)) { sum, term in
        sum + cos(n * (2 * Double.pi * Double(term.offset) / last)) * (term.offset % 2 == 0 ? term.element : -term.element)
      }
    }
    let y: Tensor =
      switch window {
      case .bartlett: 1.0 - abs(place)
      case .blackman: cosines([0.42, 0.5, 0.08])
      case .cosine: sin((n + 0.5) * (Double.pi / (last + 1)))
      case .hann: cosines([0.5, 0.5])
      case .hamming: cosines([0.54, 0.46])
      case .nuttall: cosines([0.3635819, 0.4891775, 0.1365995, 0.0106411])
      case .exponential(let decay, let center): exp(-abs((n - (center ?? last / 2)) / decay))
      case .gaussian(let deviation): exp(((n - last / 2) / deviation).squared * -0.5)
      case .kaiser(let beta): kaiser(sqrt(maximum(1.0 - place.squared, 0.0)) * beta, beta)
      case .cosines(let factors): cosines(factors)
      }
    return y.cast(to: dtype)
  }

  /// I₀(x)/I₀(beta), of scaled functions, which do not overflow.
  private static func kaiser(_ x: Tensor, _ beta: Double) -> Tensor {
    besselI(0, x, isScaled: true) * exp(x - beta) / besselI(0, Tensor.full([], beta, .float64), isScaled: true)
  }
}
