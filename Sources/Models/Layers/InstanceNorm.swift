import Tensors

/// Each channel of each image less its own mean over its own deviation, times a weight and plus a bias if affine.
///
///     InstanceNorm()                                       // for any number of channels: nothing is trained
///     InstanceNorm(16, isAffine: true)
///     InstanceNorm(isAffine: true, tracksStatistics: true) // as many channels as the input has
///
/// Ulyanov, Vedaldi and Lempitsky 2016. With `tracksStatistics` running means and (unbiased) variances over the images are kept while training, as
/// ``BatchNorm`` keeps them, and are what inference, or a frozen layer, uses.
///
/// Shapes: x [batch, channels, …] to the same; while training two or more numbers for each channel of an image.
///
/// PyTorch: `InstanceNorm1d`, `InstanceNorm2d`, `InstanceNorm3d`.
public struct InstanceNorm: Placed, InputAdapting {
  /// [channels], ones at first; nil unless affine.
  public var weight: Tensor?
  /// [channels], zeros at first; nil unless affine.
  public var bias: Tensor?
  /// [channels], zeros at first: PyTorch's `running_mean`.
  @Buffer public var runningMean: Tensor
  /// [channels], ones at first: PyTorch's `running_var`.
  @Buffer public var runningVariance: Tensor
  /// PyTorch's `num_batches_tracked`, int64, which its instance normalisation has and never changes.
  @Buffer public var batchCount: Tensor
  /// How far running statistics move toward those of a batch's images.
  public let momentum: Double
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
    _ channels: Int, momentum: Double = 0.1, epsilon: Double = 1e-5, isAffine: Bool = false, tracksStatistics: Bool = false
  ) {
    weight = isAffine ? .ones([max(0, channels)]) : nil
    bias = isAffine ? .zeros([max(0, channels)]) : nil
    runningMean = .zeros([max(0, channels)])
    runningVariance = .ones([max(0, channels)])
    batchCount = Tensor(0, .int64)
    self.momentum = momentum
    self.epsilon = epsilon
    self.tracksStatistics = tracksStatistics
    if channels < 0 { fail(TensorError("InstanceNorm", "\(channels) channels; 1 or more would fit")) }
    _ = Setting.fraction.holds(momentum, "a momentum", "InstanceNorm")
    _ = Setting.nonNegative.holds(epsilon, "an epsilon", "InstanceNorm")
  }

  /// A layer that learns its number of channels, if it has to know it, from what it is called with, as ``Dense`` does.
  public init(momentum: Double = 0.1, epsilon: Double = 1e-5, isAffine: Bool = false, tracksStatistics: Bool = false) {
    self.init(0, momentum: momentum, epsilon: epsilon, isAffine: isAffine, tracksStatistics: tracksStatistics)
    isWaiting = isAffine || tracksStatistics
  }

  /// The channels of each image, normalised; while training the running statistics change.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { (layer: inout Self) in
      guard x.hasChannels("InstanceNorm") else { return x }
      if layer.tracksStatistics && (currentMode == .inference || layer._runningMean.isFrozen) {
        return batchNorm(
          x, mean: layer.runningMean, variance: layer.runningVariance, weight: layer.weight, bias: layer.bias, epsilon: layer.epsilon)
      }
      let count = x.shape.dropFirst(2).reduce(1, *)
      if count == 1 && currentMode == .training {
        fail(TensorError("InstanceNorm", "one number for each channel of an image of \(x.shape); statistics want two or more"))
        return x
      }
      let y = instanceNorm(x, weight: layer.weight, bias: layer.bias, epsilon: layer.epsilon)
      if layer.tracksStatistics && !y.isPlaceholder && x.elementCount > 0 { layer.track(x.detached.flattened(from: 2), count) }
      return y
    }
  }

  /// Moves the running statistics toward those of x [batch, channels, count].
  private mutating func track(_ x: Tensor, _ count: Int) {
    let mean = x.mean(axis: -1, keepDims: true)
    let variance = (x - mean).squared.sum(axis: -1) / Double(count - 1)
    runningMean = runningMean * (1 - momentum) + mean.mean(axes: [0, 2]) * momentum
    runningVariance = runningVariance * (1 - momentum) + variance.mean(axis: 0) * momentum
  }

  /// Takes the size of the second axis as the number of channels, if that is open.
  public mutating func adapt(to shape: Shape) {
    guard isWaiting, let channels = channels(of: shape, "InstanceNorm") else { return }
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

extension InstanceNorm {
  /// As it is written: `InstanceNorm(16, isAffine: true)`.
  public var code: String {
    let channels = runningMean.size(ofAxis: 0)
    return call(
      "InstanceNorm", channels > 0 ? "\(channels)" : nil, argument("momentum", momentum, unless: 0.1),
      argument("epsilon", epsilon, unless: 1e-5), argument("isAffine", weight != nil, unless: false),
      argument("tracksStatistics", tracksStatistics, unless: false))
  }
}
