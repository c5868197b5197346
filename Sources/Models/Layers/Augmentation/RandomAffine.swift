import Tensors

/// Turns, shifts, scales and shears images at random, each by numbers of its own, while training.
///
///     RandomAffine(rotation: 15)                            // up to 15 degrees either way
///     RandomAffine(shift: 0.1)                              // up to a tenth of height and width
///     RandomAffine(rotation: 10, shift: 0.05, scale: 0.9...1.1, shear: 5)
///
/// Around the middle of the image; values between pixels are bilinear, and what comes in from outside follows `padding`. Shifts are fractions of the image's
/// sizes, angles degrees.
///
/// Shapes: x [batch, channels, height, width] to the same.
///
/// PyTorch: torchvision's `RandomAffine`, `RandomRotation`; here each image of a batch draws for itself.
public struct RandomAffine: Placed {
  /// The largest angle to either side, in degrees.
  public let rotation: Double
  /// The largest shift to either side, as a fraction of height and width.
  public let shift: Double
  /// By how much an image becomes larger.
  public let scale: ClosedRange<Double>
  /// The largest angle of a shear along the rows, to either side, in degrees.
  public let shear: Double
  /// What lies outside the image.
  public let padding: SamplePadding
  /// How values between pixels are found.
  public let method: Interpolation
  private var random: RandomStream
  /// Where in a model it stands.
  public var place = Place()

  /// A layer with a stream split off the one in force.
  public init(
    rotation: Double = 0, shift: Double = 0, scale: ClosedRange<Double> = 1...1, shear: Double = 0, padding: SamplePadding = .zeros,
    method: Interpolation = .linear
  ) {
    self.rotation = checkedMost(rotation, "a rotation", most: 360, "RandomAffine")
    self.shift = checkedMost(shift, "a shift", most: 1, "RandomAffine")
    self.scale = checkedRange(scale, "scales", least: 0.001, most: 1000, "RandomAffine")
    self.shear = checkedMost(shear, "a shear", most: 89, "RandomAffine")
    self.padding = padding
    self.method = method
    random = currentRandomStream()
  }

  /// x with images moved, in training mode.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { (layer: inout Self) in
      x.asImages("RandomAffine") { x in
        if currentMode == .inference || x.elementCount == 0 { return x }
        return gridSample(x, at: layer.grid(x), method: layer.method, padding: layer.padding)
      }
    }
  }

  /// Where each pixel's value comes from: [batch, height, width, 2], −1 to 1.
  private mutating func grid(_ x: Tensor) -> Tensor {
    let (count, height, width) = (x.shape[0], x.shape[2], x.shape[3])
    func drawn(_ range: ClosedRange<Double>) -> Tensor { range.drawn(count, x.dtype, &random).reshaped([count, 1, 1]) }
    let angle = drawn(-rotation...rotation) * (Double.pi / 180)
    let (dx, dy) = (drawn(-shift...shift) * Double(width), drawn(-shift...shift) * Double(height))
    let size = drawn(scale)
    let lean = drawn(-shear...shear) * (Double.pi / 180)
    // In pixels from the middle, where angles are angles whatever the image's sizes.
    func axis(_ count: Int) -> Tensor { Tensor.arange(count).cast(to: x.dtype) - Double(count - 1) / 2 }
    let right = axis(width).reshaped([1, 1, width]) - dx
    let down = axis(height).reshaped([1, height, 1]) - dy
    // Backwards: what was turned, sheared and enlarged is made smaller, straightened and turned back.
    let (c, s) = (cos(angle) / size, sin(angle) / size)
    let turnedRight = c * right + s * down
    let turnedDown = c * down - s * right
    let straight = turnedRight - tan(lean) * turnedDown
    return stack([straight * (2 / Double(width)), turnedDown * (2 / Double(height))], axis: -1)
  }

  /// Its stream; nothing to train.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) { visitor.stream(&random, "random") }
}

extension RandomAffine {
  /// As it is written: `RandomAffine(rotation: 15.0)`.
  public var code: String {
    call(
      "RandomAffine", argument("rotation", rotation, unless: 0), argument("shift", shift, unless: 0),
      argument("scale", scale, unless: 1...1),
      argument("shear", shear, unless: 0), argument("padding", ".\(padding)", unless: ".zeros"),
      argument("method", ".\(method)", unless: ".linear"))
  }
}
