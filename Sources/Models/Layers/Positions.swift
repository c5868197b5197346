import Tensors

/// Adds a learnt vector for each position of a sequence.
///
/// Gehring and others 2017; as in BERT and GPT-2. PyTorch: an `Embedding` of the positions, added to its input.
///
/// Shapes: x [..., time, features], time up to the number of positions, to the same.
public struct LearnedPositions: Placed, InputAdapting, Incremental {
  /// [positions, features].
  public var weight: Tensor
  /// Whether positions count on from call to call: see ``Model/incremental()``.
  public var isIncremental = false
  @Recurrent private var seen: Tensor = noPositions
  /// Where in a model it stands.
  public var place = Place()
  private let initializer: Initializer
  /// Whether the number of features is open.
  public private(set) var isWaiting = false

  /// Vectors for positions 0 to `count` − 1.
  ///
  /// They begin as normal numbers of deviation 0.02 unless told.
  public init(_ count: Int, _ features: Int, weight initializer: Initializer = .normal(standardDeviation: 0.02)) {
    weight = initializer([count, features])
    self.initializer = initializer
  }

  /// A layer that learns its number of features from the chain it stands in: see ``Chain/init(input:_:)``.
  public init(_ count: Int, weight initializer: Initializer = .normal(standardDeviation: 0.02)) {
    self.init(count, 0, weight: initializer)
    isWaiting = true
  }

  /// x plus the vectors of its positions.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor { placed(on: x) { (layer: inout Self) in layer.run(x) } }

  private mutating func run(_ x: Tensor) -> Tensor {
    let (count, features) = (weight.shape[0], weight.shape[1])
    guard x.rank > 1, x.shape[-1] == features else {
      fail(TensorError("LearnedPositions", "\(x.shape); [..., time, \(features)] would fit"))
      return x
    }
    let first = isIncremental ? seen.shape[1] : 0
    let end = first + x.shape[-2]
    guard end <= count else {
      fail(
        TensorError(
          "LearnedPositions",
          "\(x.shape) takes positions \(first) to \(end - 1) of \(count); sequences of \(count) steps in all would fit"))
      return x
    }
    if isIncremental { seen = .zeros([1, end, 0]) }
    return x + weight[first..<end]
  }

  /// Takes the size of the last axis as the number of features, if that is open.
  public mutating func adapt(to shape: Shape) {
    guard isWaiting, shape.rank > 0 else { return }
    isWaiting = false
    weight = initializer([weight.shape[0], shape[-1]])
  }
}

extension LearnedPositions {
  /// As it is written: `LearnedPositions(64, 128)`.
  public var code: String { call("LearnedPositions", "\(weight.shape[0])", isWaiting ? nil : "\(weight.shape[1])") }
}

/// Adds sines and cosines of the position: x[p, 2i] + sin(p·base^(−2i/features)), x[p, 2i + 1] + cos of the same.
///
/// Vaswani and others 2017. There is nothing to train, and no longest sequence.
///
/// Shapes: x [..., time, features] to the same.
public struct SinusoidalPositions: Placed, Incremental {
  /// What the frequencies are powers of.
  public let base: Double
  /// Whether positions count on from call to call: see ``Model/incremental()``.
  public var isIncremental = false
  @Recurrent private var seen: Tensor = noPositions
  /// Where in a model it stands.
  public var place = Place()

  /// Positions whose frequencies are powers of `base`.
  public init(base: Double = 10_000) {
    self.base = base
    if !(base > 0 && base.isFinite) { fail(TensorError("SinusoidalPositions", "a base of \(base); a positive number would fit")) }
  }

  /// x plus the sines and cosines of its positions.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor { placed(on: x) { (layer: inout Self) in layer.run(x) } }

  private mutating func run(_ x: Tensor) -> Tensor {
    guard x.rank > 1, x.dtype.isFloatingPoint else {
      fail(TensorError("SinusoidalPositions", "\(x.dtype) \(x.shape); floats [..., time, features] would fit"))
      return x
    }
    let first = isIncremental ? seen.shape[1] : 0
    let end = first + x.shape[-2]
    if isIncremental { seen = .zeros([1, end, 0]) }
    return x + SinusoidalPositions.table(first..<end, features: x.shape[-1], base: base, x.dtype)
  }

  /// The sines and cosines of some positions, [positions, features].
  public static func table(_ positions: Range<Int>, features: Int, base: Double = 10_000, _ dtype: DType = .float32) -> Tensor {
    let (count, isTooFar) = positions.upperBound.subtractingReportingOverflow(positions.lowerBound)
    let shape = Shape([isTooFar ? .max : count, features])
    guard attempt({ () throws(TensorError) in try shape.check("SinusoidalPositions") }) != nil else { return .zeros([0, 0], dtype) }
    let angles = positionAngles(positions, features: features, base: base)
    // Of an odd number of features the last cosine is left out.
    return stack([sin(angles), cos(angles)], axis: -1).reshaped([count, angles.shape[1] * 2])[.all, 0..<features].cast(to: dtype)
  }
}

extension SinusoidalPositions {
  /// As it is written: `SinusoidalPositions()`.
  public var code: String { call("SinusoidalPositions", base == 10_000 ? nil : "base: \(base)") }
}

/// How many positions there were, as the second size of a tensor without elements: state that a run on shapes alone can read, too.
private var noPositions: Tensor { .zeros([1, 0, 0]) }
