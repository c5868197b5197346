import Tensors

/// Each channel less its mean over its deviation, times a weight, plus a bias: the batch's while training, running ones otherwise.
///
///     BatchNorm(16)        // for [batch, 16], [batch, 16, length], [batch, 16, height, width], …
///     BatchNorm()          // as many channels as the input has
///
/// y = (x − mean) / √(variance + epsilon) · weight + bias, with a number of each for every channel (Ioffe and Szegedy 2015).
///
/// While training, the running mean and variance move toward the batch's: r ← (1 − momentum)·r + momentum·s, where the variance is the unbiased
/// one; with a momentum of nil they are the means over all batches so far. They are state and not parameters; frozen, the layer answers
/// with them while training too, and they stay as they are. Without `tracksStatistics` there are none, and the batch's are used always.
///
/// Shapes: x [batch, channels, …] to the same; while training two or more numbers for each channel.
///
/// PyTorch: `BatchNorm1d`, `BatchNorm2d`, `BatchNorm3d`.
public struct BatchNorm: Placed, InputAdapting {
  /// [channels], ones at first; nil unless affine.
  public var weight: Tensor?
  /// [channels], zeros at first; nil unless affine.
  public var bias: Tensor?
  /// [channels], zeros at first: PyTorch's `running_mean`.
  @Buffer public var runningMean: Tensor
  /// [channels], ones at first: PyTorch's `running_var`.
  @Buffer public var runningVariance: Tensor
  /// How many batches the running statistics come from, int64: PyTorch's `num_batches_tracked`.
  @Buffer public var batchCount: Tensor
  /// How far running statistics move toward a batch's; nil for the means over all batches.
  public let momentum: Double?
  /// What keeps a channel of equal elements from being divided by 0.
  public let epsilon: Double
  /// Whether there are running statistics.
  public let tracksStatistics: Bool
  /// Whether the number of channels is still to be found out.
  public private(set) var isWaiting = false
  /// Where in a model it stands.
  public var place = Place()

  /// A layer for a number of channels.
  public init(
    _ channels: Int, momentum: Double? = 0.1, epsilon: Double = 1e-5, isAffine: Bool = true, tracksStatistics: Bool = true
  ) {
    weight = isAffine ? .ones([max(0, channels)]) : nil
    bias = isAffine ? .zeros([max(0, channels)]) : nil
    runningMean = .zeros([max(0, channels)])
    runningVariance = .ones([max(0, channels)])
    batchCount = Tensor(0, .int64)
    self.momentum = momentum
    self.epsilon = epsilon
    self.tracksStatistics = tracksStatistics
    if channels < 0 { fail(TensorError("BatchNorm", "\(channels) channels; 1 or more would fit")) }
    _ = Setting.fraction.holds(momentum ?? 0, "a momentum", "BatchNorm")
    _ = Setting.nonNegative.holds(epsilon, "an epsilon", "BatchNorm")
  }

  /// A layer that learns its number of channels from what it is called with, as ``Dense`` does.
  public init(momentum: Double? = 0.1, epsilon: Double = 1e-5, isAffine: Bool = true, tracksStatistics: Bool = true) {
    self.init(0, momentum: momentum, epsilon: epsilon, isAffine: isAffine, tracksStatistics: tracksStatistics)
    isWaiting = isAffine || tracksStatistics
  }

  /// The channels, normalised; while training the running statistics change.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { (layer: inout Self) in
      guard layer.tracksStatistics else { return batchNorm(x, weight: layer.weight, bias: layer.bias, epsilon: layer.epsilon) }
      if currentMode == .inference || layer._runningMean.isFrozen {
        return batchNorm(
          x, mean: layer.runningMean, variance: layer.runningVariance, weight: layer.weight, bias: layer.bias, epsilon: layer.epsilon)
      }
      return layer.normalizeAndTrack(x)
    }
  }

  /// Whether a call now takes the batch's statistics.
  var usesBatchStatistics: Bool { !tracksStatistics || currentMode == .training && !_runningMean.isFrozen }

  private mutating func normalizeAndTrack(_ x: Tensor) -> Tensor {
    var (mean, variance) = (runningMean, runningVariance)
    let count = batchCount + 1
    let y: Tensor
    if let momentum {
      y = batchNorm(x, updating: &mean, &variance, momentum: momentum, weight: weight, bias: bias, epsilon: epsilon)
    } else {
      let new = 1 / count.cast(to: .float64)
      y = batchNorm(
        x, updating: &mean, &variance, momentum: (new.cast(to: x.dtype), (1 - new).cast(to: x.dtype)), weight: weight, bias: bias,
        epsilon: epsilon)
    }
    if y.isPlaceholder { return y }
    (runningMean, runningVariance, batchCount) = (mean, variance, count)
    return y
  }

  /// Takes the size of the second axis as the number of channels, if that is open.
  public mutating func adapt(to shape: Shape) {
    guard isWaiting, let channels = channels(of: shape, "BatchNorm") else { return }
    isWaiting = false
    if weight != nil { weight = .ones([channels]) }
    if bias != nil { bias = .zeros([channels]) }
    runningMean = .zeros([channels])
    runningVariance = .ones([channels])
  }

  /// Its weight, its bias and its running statistics, under PyTorch's names.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    if weight != nil { visitor.parameter(&weight!, "weight") }
    if bias != nil { visitor.parameter(&bias!, "bias") }
    if tracksStatistics {
      visitor.state(&_runningMean, "running_mean")
      visitor.state(&_runningVariance, "running_var")
      visitor.state(&_batchCount, "num_batches_tracked")
    }
  }
}

extension BatchNorm {
  /// As it is written: `BatchNorm(16)`.
  public var code: String {
    let channels = runningMean.size(ofAxis: 0)
    return call(
      "BatchNorm", channels > 0 ? "\(channels)" : nil, argument("momentum", momentum, unless: 0.1),
      argument("epsilon", epsilon, unless: 1e-5), argument("isAffine", weight != nil, unless: true),
      argument("tracksStatistics", tracksStatistics, unless: true))
  }
}
