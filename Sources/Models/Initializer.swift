import Tensors

/// How a parameter begins: a function from its shape to its elements.
///
///     Dense(784, 128, weight: .kaimingNormal())
///
/// Fans follow PyTorch's layouts: a weight [outputs, inputs, …] has fan-in inputs·… and fan-out outputs·….
public struct Initializer: Sendable {
  private let make: @Sendable (Shape, inout RandomStream) -> Tensor

  /// An initialiser of one's own.
  public init(_ make: @escaping @Sendable (Shape, inout RandomStream) -> Tensor) { self.make = make }

  /// The elements of a parameter.
  public func callAsFunction(_ shape: Shape, using random: inout RandomStream) -> Tensor { make(shape, &random) }

  /// The elements of a parameter, from the stream in force.
  public func callAsFunction(_ shape: Shape) -> Tensor {
    var random = currentRandomStream()
    return make(shape, &random)
  }

  /// 0.
  public static let zeros = Initializer { shape, _ in .zeros(shape) }
  /// 1.
  public static let ones = Initializer { shape, _ in .ones(shape) }
  /// One value.
  public static func constant(_ value: Double) -> Initializer { Initializer { shape, _ in .full(shape, value) } }
  /// Equal probability in −bound ..< bound.
  public static func uniform(_ bound: Double) -> Initializer {
    Initializer { shape, random in
      guard Setting.nonNegative.holds(bound, "a bound", "uniform") else { return .zeros(shape) }
      return .uniform(shape, in: -bound..<bound, using: &random)
    }
  }
  /// Normal with mean 0.
  public static func normal(standardDeviation: Double = 0.01) -> Initializer {
    Initializer { shape, random in .normal(shape, standardDeviation: standardDeviation, using: &random) }
  }

  /// Uniform with the variance gain²·2/(fan-in + fan-out): Glorot and Bengio 2010, for tanh and sigmoid.
  public static func glorotUniform(gain: Double = 1) -> Initializer {
    scaled(isNormal: false) { fanIn, fanOut in gain * gain * 2 / (fanIn + fanOut) }
  }
  /// Normal with the variance gain²·2/(fan-in + fan-out): Glorot and Bengio 2010.
  public static func glorotNormal(gain: Double = 1) -> Initializer {
    scaled(isNormal: true) { fanIn, fanOut in gain * gain * 2 / (fanIn + fanOut) }
  }
  /// Which side of a weight its variance is measured by.
  public enum Fan: Sendable {
    /// The inputs of each output: what passes forward keeps its variance.
    case inputs
    /// The outputs of each input: gradients keep theirs.
    case outputs
  }
  /// Uniform with the variance gain²/fan: He, Zhang, Ren and Sun 2015; the gain √2 is for relu.
  public static func kaimingUniform(gain: Double = 2.0.squareRoot(), fan: Fan = .inputs) -> Initializer {
    scaled(isNormal: false) { fanIn, fanOut in gain * gain / (fan == .inputs ? fanIn : fanOut) }
  }
  /// Normal with the variance gain²/fan: He, Zhang, Ren and Sun 2015; the gain √2 is for relu.
  public static func kaimingNormal(gain: Double = 2.0.squareRoot(), fan: Fan = .inputs) -> Initializer {
    scaled(isNormal: true) { fanIn, fanOut in gain * gain / (fan == .inputs ? fanIn : fanOut) }
  }
  /// Uniform with the variance 1/fan-in: LeCun, Bottou, Orr and Müller 1998.
  public static let lecunUniform = scaled(isNormal: false) { fanIn, _ in 1 / fanIn }
  /// Normal with the variance 1/fan-in: LeCun, Bottou, Orr and Müller 1998.
  public static let lecunNormal = scaled(isNormal: true) { fanIn, _ in 1 / fanIn }

  /// A matrix (axes after the first merged) with orthonormal rows or columns, whichever are fewer, times the gain: Saxe, McClelland and Ganguli 2014.
  ///
  /// Q of the QR decomposition of a normal matrix, with the signs that make it uniformly distributed.
  public static func orthogonal(gain: Double = 1) -> Initializer {
    Initializer { shape, random in
      guard shape.rank >= 2 else {
        fail(TensorError("orthogonal", "a parameter of shape \(shape); two axes or more would fit"))
        return .zeros(shape)
      }
      let (rows, columns) = (shape[0], shape.elementCount / max(1, shape[0]))
      if rows == 0 || columns == 0 { return .zeros(shape) }
      guard Setting.finite.holds(gain, "a gain", "orthogonal") else { return .zeros(shape) }
      let normal = Tensor.normal([max(rows, columns), min(rows, columns)], .float64, using: &random)
      let q = normal.orthonormalColumns() * gain
      return (rows >= columns ? q : q.transposed()).cast(to: .float32).reshaped(shape)
    }
  }

  private static func scaled(isNormal: Bool, _ variance: @escaping @Sendable (Double, Double) -> Double) -> Initializer {
    Initializer { shape, random in
      let window = Shape(shape.dropFirst(2)).elementCount
      let fanOut = Double(max(1, shape.rank > 0 ? shape[0].saturatingTimes(window) : 1))
      let fanIn = Double(max(1, shape.rank > 1 ? shape[1].saturatingTimes(window) : shape.elementCount))
      let deviation = variance(fanIn, fanOut).squareRoot()
      guard Setting.finite.holds(deviation, "a gain that makes a standard deviation", "Initializer") else { return .zeros(shape) }
      if isNormal { return .normal(shape, standardDeviation: deviation, using: &random) }
      let bound = deviation * 3.0.squareRoot()
      return .uniform(shape, in: -bound..<bound, using: &random)
    }
  }
}
