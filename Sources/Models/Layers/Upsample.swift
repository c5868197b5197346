import Tensors

/// Images with their spatial axes made longer or shorter, by factors or to sizes.
///
///     Upsample(scale: 2)                           // [8, 3, 32, 32] to [8, 3, 64, 64], each element four times
///     Upsample(scale: 2, method: .linear)          // bilinear
///     Upsample(scales: [2, 3], method: .cubic)
///     Upsample(to: [64, 96])
///
/// A factor or size of one number is meant for all axes but the first two, a list for as many of the last axes. Methods, `alignsCorners` and
/// `antialiases` are those of ``interpolate(_:to:method:alignsCorners:antialiases:)``.
///
/// Shapes: x [batch, channels, …] to [batch, channels, …].
///
/// PyTorch: `Upsample`, `UpsamplingNearest2d`, `UpsamplingBilinear2d`; the mode `area` is ``AdaptiveMeanPool``.
public struct Upsample: Placed {
  private enum Target: Sendable {
    case size(PerAxis)
    case scale(Double)
    case scales([Double])
  }
  private let target: Target
  /// How values between elements are found.
  public let method: Interpolation
  /// Whether the first and last elements before and after meet.
  public let alignsCorners: Bool
  /// Whether every element counts where images become smaller.
  public let antialiases: Bool
  /// Where in a model it stands.
  public var place = Place()

  /// A layer that multiplies all spatial sizes by one factor.
  public init(scale: Double, method: Interpolation = .nearest, alignsCorners: Bool = false, antialiases: Bool = false) {
    self.init(.scale(scale), method, alignsCorners, antialiases)
  }
  /// A layer that multiplies each spatial size by its factor.
  public init(scales: [Double], method: Interpolation = .nearest, alignsCorners: Bool = false, antialiases: Bool = false) {
    self.init(.scales(scales), method, alignsCorners, antialiases)
  }
  /// A layer whose results have a size.
  public init(to size: any PerAxisConvertible, method: Interpolation = .nearest, alignsCorners: Bool = false, antialiases: Bool = false) {
    let size = size.perAxis
    self.init(.size(size), method, alignsCorners, antialiases)
  }
  private init(_ target: Target, _ method: Interpolation, _ alignsCorners: Bool, _ antialiases: Bool) {
    self.target = target
    self.method = method
    self.alignsCorners = alignsCorners
    self.antialiases = antialiases
  }

  /// The images, resampled.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { layer in
      let (method, aligns, antialiases) = (layer.method, layer.alignsCorners, layer.antialiases)
      return switch layer.target {
      case .size(let size): interpolate(x, to: size, method: method, alignsCorners: aligns, antialiases: antialiases)
      case .scale(let scale): interpolate(x, scale: scale, method: method, alignsCorners: aligns, antialiases: antialiases)
      case .scales(let scales): interpolate(x, scales: scales, method: method, alignsCorners: aligns, antialiases: antialiases)
      }
    }
  }

  /// Nothing to train.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {}
}

extension Upsample {
  /// As it is written: `Upsample(scale: 2.0, method: .linear)`.
  public var code: String {
    let extent =
      switch target {
      case .size(let size): "to: \(size)"
      case .scale(let scale): "scale: \(scale)"
      case .scales(let scales): "scales: \(scales)"
      }
    return call(
      "Upsample", extent, argument("method", ".\(method)", unless: ".nearest"), argument("alignsCorners", alignsCorners, unless: false),
      argument("antialiases", antialiases, unless: false))
  }
}
