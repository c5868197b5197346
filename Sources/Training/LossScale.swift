import Models
import Optimizers
import Tensors

/// The factor that keeps small gradients above float16's least number: the loss is multiplied by it, and the gradient divided.
///
///     var scale = LossScale()
///     let (_, gradient) = valueAndGradient(at: &model) { model in
///       withPrecision(.float16) { crossEntropy(model(x), y) } * scale.value
///     }
///     if scale.unscale(&gradient, of: model) { optimizer.update(&model, along: gradient) }
///
/// A gradient that is not finite costs its step and halves the factor; after `interval` finite ones in a row it is doubled, up to 2³⁰.
/// `fit(precision: .float16)` has one, and writes it to its checkpoints. bfloat16 has float32's range and needs none.
///
/// Micikevicius and others 2018. PyTorch: `GradScaler`.
public struct LossScale: Sendable, Resumable {
  /// The factor.
  public private(set) var value: Double
  /// After how many finite gradients it is doubled.
  public let interval: Int
  /// How many finite gradients there were since it was changed.
  public private(set) var finiteSteps = 0
  /// How many gradients were left out.
  public private(set) var skipped = 0

  /// The largest and the smallest factor.
  private static let (most, least) = (0x1p30, 0x1p-14)

  /// Begins with a factor from 2⁻¹⁴ to 2³⁰.
  public init(_ value: Double = 65536, doublingEvery interval: Int = 2000) {
    if !(value >= Self.least && value <= Self.most) { fail(TensorError("LossScale", "a factor of \(value); 2⁻¹⁴ to 2³⁰ would fit")) }
    if interval < 1 { fail(TensorError("LossScale", "doubled every \(interval) steps; 1 or more would fit")) }
    (self.value, self.interval) = (value, interval)
  }

  /// Divides the gradient of the scaled loss by the factor, and adapts that; whether a step along it is to be made: whether it is finite.
  public mutating func unscale<M: Model>(_ gradient: inout M, of model: M) -> Bool {
    divide(&gradient, of: model)
    return adapt(to: gradient, of: model)
  }

  /// Divides the gradient of a scaled loss.
  func divide<M: Model>(_ gradient: inout M, of model: M) {
    gradient.updateGradients(of: model) { _, g, _ in g = g.detached * (1 / value) }
  }

  /// Whether the gradient is finite; the factor follows from that.
  mutating func adapt<M: Model>(to gradient: M, of model: M) -> Bool {
    var (gradient, isFinite) = (gradient, true)
    gradient.updateGradients(of: model) { _, g, _ in if isFinite { isFinite = g.isAllFinite } }
    if isFinite {
      finiteSteps += 1
      if finiteSteps >= interval { (value, finiteSteps) = (Swift.min(2 * value, Self.most), 0) }
    } else {
      (value, finiteSteps) = (Swift.max(value / 2, Self.least), 0)
      skipped += 1
    }
    return isFinite
  }

  /// Whether it cannot be halved any more: what is infinite then is so by itself.
  var isLeast: Bool { value <= Self.least }
}
