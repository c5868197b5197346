import Foundation
import Tensors

/// Puts one value into a rectangle of each image, at a random place, while training.
///
///     RandomErasing()                                   // in every other image, 2 to 33 % of it
///     RandomErasing(side: 16)                           // a square of 16 pixels in each image: cutout
///
/// A rectangle has a random share of the image's area and a random ratio of height to width, and lies in the image as a whole (Zhong and others 2017). A square
/// is around a random pixel, and may reach beyond the edge (DeVries and Taylor 2017: cutout).
///
/// Shapes: x [batch, channels, height, width] to the same.
///
/// PyTorch: torchvision's `RandomErasing`; here each image of a batch draws for itself.
public struct RandomErasing: Placed {
  /// How likely an image has a rectangle.
  public let probability: Double
  /// The rectangle's share of the image's area.
  public let area: ClosedRange<Double>
  /// Its height divided by its width.
  public let aspect: ClosedRange<Double>
  /// The side of a square; nil for rectangles.
  public let side: Int?
  /// What is put there.
  public let value: Double
  private var random: RandomStream
  /// Where in a model it stands.
  public var place = Place()

  /// Rectangles, from a stream split off the one in force.
  public init(
    probability: Double = 0.5, area: ClosedRange<Double> = 0.02...0.33, aspect: ClosedRange<Double> = 0.3...3.3, value: Double = 0
  ) {
    self.probability = checkedProbability(probability, "RandomErasing")
    self.area = checkedRange(area, "shares of the area", least: 0, most: 1, "RandomErasing")
    self.aspect = checkedRange(aspect, "ratios", least: 0.001, most: 1000, "RandomErasing")
    (side, self.value) = (nil, value)
    random = currentRandomStream()
  }

  /// Squares of `side` pixels.
  public init(side: Int, probability: Double = 1, value: Double = 0) {
    self.probability = checkedProbability(probability, "RandomErasing")
    (area, aspect) = (0...0, 1...1)
    self.side = Swift.min(Swift.max(side, 1), 1 << 30)
    self.value = value
    if !(1...1 << 30).contains(side) { fail(TensorError("RandomErasing", "a side of \(side) pixels; 1 or more would fit")) }
    random = currentRandomStream()
  }

  /// x with parts of images erased, in training mode.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { (layer: inout Self) in
      x.asImages("RandomErasing") { x in
        if currentMode == .inference || layer.probability == 0 || x.elementCount == 0 { return x }
        return select(layer.mask(x), layer.value, x)
      }
    }
  }

  /// True where values are replaced: [batch, 1, height, width].
  private mutating func mask(_ x: Tensor) -> Tensor {
    let (count, height, width) = (x.shape[0], Double(x.shape[2]), Double(x.shape[3]))
    func drawn() -> Tensor { (0...1).drawn(count, .float64, &random) }
    let isErased = drawn() .< probability
    let (rows, columns, top, left): (Tensor, Tensor, Tensor, Tensor)
    if let side {
      let size = Double(side)
      (rows, columns) = (.full([], size, .float64), .full([], size, .float64))
      (top, left) = (floor(drawn() * height) - Double(side / 2), floor(drawn() * width) - Double(side / 2))
    } else {
      let pixels = (drawn() * (area.upperBound - area.lowerBound) + area.lowerBound) * (height * width)
      // Ratios and their inverses are equally probable.
      let (low, high) = (log(aspect.lowerBound), log(aspect.upperBound))
      let ratio = exp(drawn() * (high - low) + low)
      rows = round(sqrt(pixels * ratio)).clamped(min: 0.0, max: height)
      columns = round(sqrt(pixels / ratio)).clamped(min: 0.0, max: width)
      (top, left) = (floor(drawn() * (height - rows + 1)), floor(drawn() * (width - columns + 1)))
    }
    let y = Tensor.arange(x.shape[2]).cast(to: .float64).reshaped([1, 1, x.shape[2], 1])
    let z = Tensor.arange(x.shape[3]).cast(to: .float64).reshaped([1, 1, 1, x.shape[3]])
    let isInRows = (y .>= top) .& (y .< top + rows) .& isErased
    return isInRows .& (z .>= left) .& (z .< left + columns)
  }

  /// Its stream; nothing to train.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) { visitor.stream(&random, "random") }
}

extension RandomErasing {
  /// As it is written: `RandomErasing(side: 16)`.
  public var code: String {
    call(
      "RandomErasing", side.map { "side: \($0)" }, argument("probability", probability, unless: side == nil ? 0.5 : 1),
      side == nil ? argument("area", area, unless: 0.02...0.33) : nil, side == nil ? argument("aspect", aspect, unless: 0.3...3.3) : nil,
      argument("value", value, unless: 0))
  }
}
