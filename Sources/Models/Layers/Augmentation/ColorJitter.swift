import Tensors

/// Changes brightness, contrast, saturation and hue of images at random, each by numbers of its own, while training.
///
///     ColorJitter(brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1)
///
/// In this order, each held within 0...1: brightness multiplies by a number of 1 − b to 1 + b; contrast moves all values from the image's mean gray, and saturation
/// each from its own gray, by such a number; hue turns the colours by a number of −h to h of a whole circle (HSV). Gray is 0.299 R + 0.587 G + 0.114 B.
///
/// Shapes: x [batch, channels, height, width], values 0 to 1, to the same: three channels are RGB; images of one have brightness and contrast alone.
///
/// PyTorch: torchvision's `ColorJitter`; there the order is random, and all images of a batch share their numbers.
public struct ColorJitter: Placed {
  /// How far brightness goes from 1.
  public let brightness: Double
  /// How far contrast goes from 1.
  public let contrast: Double
  /// How far saturation goes from 1.
  public let saturation: Double
  /// How far hues turn, as a fraction of a circle: 0 to 0.5.
  public let hue: Double
  private var random: RandomStream
  /// Where in a model it stands.
  public var place = Place()

  /// A layer with a stream split off the one in force.
  public init(brightness: Double = 0, contrast: Double = 0, saturation: Double = 0, hue: Double = 0) {
    self.brightness = checkedMost(brightness, "a brightness", most: 1e6, "ColorJitter")
    self.contrast = checkedMost(contrast, "a contrast", most: 1e6, "ColorJitter")
    self.saturation = checkedMost(saturation, "a saturation", most: 1e6, "ColorJitter")
    self.hue = checkedMost(hue, "a hue", most: 0.5, "ColorJitter")
    random = currentRandomStream()
  }

  /// x with colours changed, in training mode.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { (layer: inout Self) in
      x.asImages("ColorJitter") { x in
        guard x.shape[1] == 1 || x.shape[1] == 3 else {
          fail(TensorError("ColorJitter", "\(x.shape) has \(x.shape[1]) channels; 1, or 3 for RGB, would fit"))
          return x
        }
        return currentMode == .inference || x.elementCount == 0 ? x : layer.changed(x)
      }
    }
  }

  private mutating func changed(_ x: Tensor) -> Tensor {
    let (count, isColor) = (x.shape[0], x.shape[1] == 3)
    var y = x
    func factor(_ size: Double) -> Tensor { (max(0, 1 - size)...1 + size).drawn(count, x.dtype, &random) }
    if brightness > 0 { y = Self.blended(y, factor(brightness), .zeros([], x.dtype)) }
    if contrast > 0 { y = Self.blended(y, factor(contrast), Self.gray(y).mean(axes: [2, 3], keepDims: true)) }
    if saturation > 0 && isColor { y = Self.blended(y, factor(saturation), Self.gray(y)) }
    if hue > 0 && isColor {
      let turn = (-hue...hue).drawn(count, x.dtype, &random) * 6
      let colors = (0..<3).map { y[.all, $0..<$0 + 1] }
      y = Self.turned(colors[0], colors[1], colors[2], turn)
    }
    return y
  }

  private static func gray(_ x: Tensor) -> Tensor {
    x.shape[1] == 1 ? x : grayKernel(x[.all, 0..<1], x[.all, 1..<2], x[.all, 2..<3])
  }

  private static let grayKernel = Elementwise { r, g, b in 0.299 * r + 0.587 * g + 0.114 * b }
  private static let blended = Elementwise { x, factor, base in
    let y = base + factor * (x - base)
    return select(y .< 0, 0, select(y .> 1, 1, y))
  }

  /// Red, green and blue with their hue turned by sixths of a circle.
  private static func turned(_ r: Tensor, _ g: Tensor, _ b: Tensor, _ turn: Tensor) -> Tensor {
    let (value, least) = (maximum(maximum(r, g), b), minimum(minimum(r, g), b))
    // 0 to 6: red at 0, green at 2, blue at 4.
    let spread = value - least
    let divisor = select(spread .> 0, spread, 1)
    let hue = select(value .== r, (g - b) / divisor, select(value .== g, (b - r) / divisor + 2, (r - g) / divisor + 4))
    return concatenate([5.0, 3, 1].map { place in channel(hue + turn + place, value, spread) }, axis: 1)
  }

  /// value − spread · max(0, min(k, 4 − k, 1)), k being its place modulo 6.
  private static let channel = Elementwise { place, value, spread in
    let k = place - 6 * floor(place / 6)
    let near = minimum(minimum(k, 4 - k), 1)
    return value - spread * select(near .< 0, 0, near)
  }

  /// Its stream; nothing to train.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) { visitor.stream(&random, "random") }
}

extension ColorJitter {
  /// As it is written: `ColorJitter(brightness: 0.4)`.
  public var code: String {
    call(
      "ColorJitter", argument("brightness", brightness, unless: 0), argument("contrast", contrast, unless: 0),
      argument("saturation", saturation, unless: 0), argument("hue", hue, unless: 0))
  }
}
