import Tensors

/// What stands behind a layer, for ``Initializer/gain(for:)``.
public enum Nonlinearity: Sendable {
  /// None.
  case linear
  /// The logistic function.
  case sigmoid
  /// The hyperbolic tangent.
  case tanh
  /// max(0, x).
  case relu
  /// x above 0, slope·x below.
  case leakyRelu(slope: Double = 0.01)
  /// The self-normalising exponential unit.
  case selu
}

extension Initializer {
  /// The factor by which weights are larger, so that what passes through an activation keeps its variance.
  ///
  /// PyTorch: `calculate_gain`.
  ///
  ///     Dense(784, 128, activation: tanh, weight: .glorotNormal(gain: Initializer.gain(for: .tanh)))
  public static func gain(for nonlinearity: Nonlinearity) -> Double {
    switch nonlinearity {
    case .linear, .sigmoid: 1
    case .tanh: 5.0 / 3
    case .relu: 2.0.squareRoot()
    case .leakyRelu(let slope): (2 / (1 + slope * slope)).squareRoot()
    case .selu: 0.75
    }
  }

  /// Normal, but for what lies outside of `range`, which is drawn again.
  ///
  /// PyTorch: `trunc_normal_`. The bounds are numbers, as there, and not multiples of the standard deviation. One draw by the inverse of the
  /// distribution function: no loop.
  public static func truncatedNormal(
    mean: Double = 0, standardDeviation: Double = 1, in range: ClosedRange<Double> = -2...2
  ) -> Initializer {
    Initializer { shape, random in
      guard standardDeviation > 0, standardDeviation.isFinite, mean.isFinite else {
        fail(
          TensorError(
            "truncatedNormal", "mean \(mean) and standard deviation \(standardDeviation); finite numbers, the second above 0, would fit"))
        return .zeros(shape)
      }
      let scale = standardDeviation * 2.0.squareRoot()
      let bounds = erf((Tensor([range.lowerBound, range.upperBound]) - mean) / scale)
      let u = Tensor.uniform(shape, .float64, using: &random)
      let x = erfInverse(bounds[0] + u * (bounds[1] - bounds[0])) * scale + mean
      return x.clamped(min: range.lowerBound, max: range.upperBound).cast(to: .float32)
    }
  }

  /// A matrix [outputs, inputs] whose columns are zeros to that part, rounded up and at random places, and normal elsewhere: Martens 2010.
  ///
  /// PyTorch: `sparse_`.
  public static func sparse(_ sparsity: Double, standardDeviation: Double = 0.01) -> Initializer {
    Initializer { shape, random in
      guard Setting.fraction.holds(sparsity, "a sparsity", "sparse"),
        Setting.nonNegative.holds(standardDeviation, "a standard deviation", "sparse")
      else { return .zeros(shape) }
      guard shape.rank == 2 else {
        fail(TensorError("sparse", "a parameter of shape \(shape); two axes would fit"))
        return .zeros(shape)
      }
      let (rows, columns) = (shape[0], shape[1])
      guard isPossible(shape, "sparse") else { return .zeros([0, 0]) }
      let zeros = Int((sparsity * Double(rows)).rounded(.up))
      var isKept = [Bool](repeating: true, count: rows * columns)
      for column in 0..<columns {
        for row in (0..<rows).shuffled(using: &random)[..<zeros] { isKept[row * columns + column] = false }
      }
      let x = Tensor.normal(shape, standardDeviation: standardDeviation, using: &random)
      return select(Tensor(isKept, shape: shape), x, 0)
    }
  }

  /// A matrix [outputs, inputs] that gives back its input times the gain: the identity, as far as the sizes allow.
  ///
  /// PyTorch: `eye_`.
  public static func identity(gain: Double = 1) -> Initializer {
    Initializer { shape, _ in
      guard shape.rank == 2 else {
        fail(TensorError("identity", "a parameter of shape \(shape); two axes would fit, and of a filter dirac()"))
        return .zeros(shape)
      }
      guard Setting.finite.holds(gain, "a gain", "identity") else { return .zeros(shape) }
      return .eye(shape[0], shape[1]) * gain
    }
  }

  /// Filters [outputs, inputs, window…] that give back their input: 1 in the middle of the window where the output is the input's own
  /// channel, in each group anew.
  ///
  /// PyTorch: `dirac_`.
  public static func dirac(groups: Int = 1) -> Initializer {
    Initializer { shape, _ in
      guard shape.rank >= 3 else {
        fail(
          TensorError("dirac", "a parameter of shape \(shape); filters [outputs, inputs, window…] would fit, and of a matrix identity()"))
        return .zeros(shape)
      }
      guard groups > 0, shape[0] % groups == 0 else {
        fail(TensorError("dirac", "\(groups) groups of \(shape[0]) outputs; a divisor of \(shape[0]) would fit"))
        return .zeros(shape)
      }
      guard isPossible(shape, "dirac") else { return .zeros([0, 0]) }
      let window = shape.dropFirst(2)
      let size = window.reduce(1, *)
      // An even window's middle is the element behind it, as in PyTorch.
      let middle = window.reduce(0) { $0 * $1 + $1 / 2 }
      var elements = [Float](repeating: 0, count: shape.elementCount)
      let outputs = shape[0] / groups
      for output in 0..<shape[0] where output % outputs < shape[1] && size > 0 {
        elements[(output * shape[1] + output % outputs) * size + middle] = 1
      }
      return Tensor(elements, shape: shape)
    }
  }
}

/// Whether a parameter of a shape can be made element by element; a mistake if not.
private func isPossible(_ shape: Shape, _ name: String) -> Bool {
  let possible: Void? = attempt { () throws(TensorError) in
    try shape.check(name)
    try checkList(shape.elementCount, of: 4, name, "the elements of \(shape)")
  }
  return possible != nil
}
