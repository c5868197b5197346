import Autodiff
import Tensors

/// ``BatchNorm`` whose mean and variance are those of the whole batch where training cuts it into shards, on one process or several.
///
///     try model.fit(train, …, across: world)      // Conv2D(3, 16, kernel: 3); SyncBatchNorm(16); relu
///
/// y = (x − mean) / √(variance + epsilon) · weight + bias, with mean and variance over the examples of all shards. Where a batch is not cut it is a
/// ``BatchNorm``, and ``BatchNorm`` itself takes each shard's own mean and variance. The shards of a process then run at once, layer by layer,
/// which takes the memory of a whole batch; the processes tell each other of two numbers a channel, forward and backward.
///
/// Derivative: through mean and variance, over all shards. PyTorch: `SyncBatchNorm`, with its names.
public struct SyncBatchNorm: Placed, InputAdapting {
  /// The layer whose statistics are those of all shards.
  public var norm: BatchNorm
  /// Where in a model it stands.
  public var place = Place()

  /// A layer for a number of channels.
  public init(
    _ channels: Int, momentum: Double? = 0.1, epsilon: Double = 1e-5, isAffine: Bool = true, tracksStatistics: Bool = true
  ) {
    norm = BatchNorm(channels, momentum: momentum, epsilon: epsilon, isAffine: isAffine, tracksStatistics: tracksStatistics)
  }

  /// A layer that learns its number of channels from what it is called with, as ``Dense`` does.
  public init(momentum: Double? = 0.1, epsilon: Double = 1e-5, isAffine: Bool = true, tracksStatistics: Bool = true) {
    norm = BatchNorm(momentum: momentum, epsilon: epsilon, isAffine: isAffine, tracksStatistics: tracksStatistics)
  }

  /// Whether the number of channels is still to be found out.
  public var isWaiting: Bool { norm.isWaiting }

  /// The channels, normalised; while training the running statistics change.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { (layer: inout Self) in
      guard let sum = ShardSum.current, !x.isPlaceholder, x.rank >= 2, layer.norm.usesBatchStatistics else { return layer.norm(x) }
      return layer.norm.normalize(x, sum)
    }
  }

  /// Takes the size of the second axis as the number of channels, if that is open.
  public mutating func adapt(to shape: Shape) { norm.adapt(to: shape) }

  /// Its weight, its bias and its running statistics, under PyTorch's names.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) { norm.visit(&visitor) }
}

extension SyncBatchNorm {
  /// As it is written: `SyncBatchNorm(16)`.
  public var code: String { "Sync" + norm.code }
}

extension BatchNorm {
  /// The channels by the mean and variance over all shards.
  mutating func normalize(_ x: Tensor, _ sum: ShardSum) -> Tensor {
    let axes = (0..<x.rank).filter { $0 != 1 }
    let channels = Shape((0..<x.rank).map { $0 == 1 ? x.shape[1] : 1 })
    let number = sum.add(Tensor([Double(x.elementCount / Swift.max(1, x.shape[1]))])).item()
    if number < 2 && tracksStatistics {
      fail(TensorError("SyncBatchNorm", "one number for each channel of \(x.shape) in all shards; statistics want two or more"))
      return x
    }
    let mean = sum(x.sum(axes: axes)) / number
    let centered = x - mean.reshaped(channels)
    let variance = sum(centered.squared.sum(axes: axes)) / number
    if tracksStatistics {
      let count = batchCount + 1
      let momentum = momentum ?? 1 / count.item()
      runningMean = (runningMean * (1 - momentum) + mean.detached * momentum).detached
      runningVariance = (runningVariance * (1 - momentum) + variance.detached * (number / (number - 1)) * momentum).detached
      batchCount = count
    }
    var y = centered * rsqrt(variance + epsilon).reshaped(channels)
    if let weight { y = y * weight.reshaped(channels) }
    if let bias { y = y + bias.reshaped(channels) }
    return y
  }
}

/// How shards of a batch that run at once add up what each has.
package struct ShardSum: Sendable {
  /// The sum of what all shards give, the same for each of them, which wait for one another.
  package let add: @Sendable (Tensor) -> Tensor

  package init(add: @escaping @Sendable (Tensor) -> Tensor) { self.add = add }

  /// In force while a shard runs that others run beside.
  @TaskLocal package static var current: ShardSum?

  /// The sum over all shards, whose gradient is the sum of their gradients.
  package func callAsFunction(_ x: Tensor) -> Tensor {
    customGradient(at: x, add, pullback: { _, _, dy in self(dy) })
  }
}

extension Model {
  /// Whether shards have to run at once.
  package var needsShardSums: Bool {
    var copy = self
    var search = SyncSearch()
    search.content(&copy)
    return search.isFound
  }
}

private struct SyncSearch: ModelVisitor {
  var isFound = false
  mutating func content<M: Model>(_ model: inout M) {
    if M.self == SyncBatchNorm.self { isFound = true }
    if !isFound { model.visit(&self) }
  }
}
