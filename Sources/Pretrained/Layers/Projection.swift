import Models
import Tensors

/// An affine map of a pretrained model: x • weightᵀ + bias over the last axis.
///
/// Its weight is a tensor, which can be trained, or packed: 16-bit numbers, or 8- or 4-bit ones with a scale for each group (see
/// ``Projection/packed``), which products read as they are. A packed weight is a constant: it has no name among the parameters.
///
/// PyTorch: `Linear`; with `isTransposed`, the `Conv1D` of GPT-2, whose weight is [inputs, outputs].
///
/// Shapes: x [..., inputs] to [..., outputs].
public struct Projection: Model {
  /// [outputs, inputs], or [inputs, outputs] if transposed; without elements while there is a packed weight.
  public var weight: Tensor
  /// [outputs], unless the layer has none.
  public var bias: Tensor?
  /// Whether the weight is [inputs, outputs].
  public let isTransposed: Bool
  /// The weight in few bits, if it is packed.
  @Constant public var packed: PackedMatrix?

  /// A layer of given parameters.
  public init(weight: Tensor, bias: Tensor? = nil, isTransposed: Bool = false) {
    self.weight = weight
    self.bias = bias
    self.isTransposed = isTransposed
    _packed = Constant(wrappedValue: nil)
  }

  /// A layer whose parameters have shapes alone, for a file to fill.
  init(_ inputs: Int, _ outputs: Int, hasBias: Bool, isTransposed: Bool = false) {
    self.init(
      weight: .outline(isTransposed ? [inputs, outputs] : [outputs, inputs], .float32),
      bias: hasBias ? .outline([outputs], .float32) : nil, isTransposed: isTransposed)
  }

  /// x • weightᵀ + bias.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    if let packed {
      let y = packed.product(x)
      return bias.map { y + $0 } ?? y
    }
    return linear(x, weight: isTransposed ? weight.transposed() : weight, bias: bias)
  }

  /// Its weight, unless it is packed, and its bias.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    if packed == nil { visitor.parameter(&weight, "weight") }
    if bias != nil { visitor.parameter(&bias!, "bias") }
  }

  /// As it is written.
  public var code: String {
    let shape = packed.map { [$0.outputs, $0.inputs] } ?? Array(weight.shape)
    return
      "Projection(\(shape.map { "\($0)" }.joined(separator: ", "))\(bias == nil ? "" : ", bias")\(packed.map { ", \($0.form)" } ?? ""))"
  }
}

extension Tensor {
  /// [batch, time, heads·size] as [batch, heads, time, size].
  func byHead(_ heads: Int) -> Tensor {
    reshaped(Shape(shape.dropLast() + [heads, shape[-1] / Swift.max(1, heads)])).transposed(-3, -2)
  }

  /// [batch, heads, time, size] as [batch, time, heads·size].
  var joinedHeads: Tensor {
    reordered.reshaped([shape[0], shape[2], shape[1] * shape[3]])
  }

  private var reordered: Tensor { transposed(-3, -2) }
}

/// A root mean square norm that a file fills; with `addsOne`, Gemma's, whose weight is the distance from 1.
struct FilledRMSNorm: Model {
  var weight: Tensor
  let epsilon: Double
  let addsOne: Bool

  init(_ size: Int, epsilon: Double, addsOne: Bool = false) {
    weight = .outline([size], .float32)
    self.epsilon = epsilon
    self.addsOne = addsOne
  }

  /// x / √(mean of x² + epsilon) · weight, or · (1 + weight).
  func callAsFunction(_ x: Tensor) -> Tensor { rmsNorm(x, over: weight.shape, weight: addsOne ? weight + 1 : weight, epsilon: epsilon) }
}

/// A layer norm that a file fills.
struct FilledLayerNorm: Model {
  var weight: Tensor
  var bias: Tensor
  let epsilon: Double

  init(_ size: Int, epsilon: Double) {
    weight = .outline([size], .float32)
    bias = .outline([size], .float32)
    self.epsilon = epsilon
  }

  /// (x − mean) / √(variance + epsilon) · weight + bias.
  func callAsFunction(_ x: Tensor) -> Tensor { layerNorm(x, over: weight.shape, weight: weight, bias: bias, epsilon: epsilon) }
}

/// A table of vectors that a file fills.
struct FilledEmbedding: Model {
  var weight: Tensor

  init(_ count: Int, _ features: Int) { weight = .outline([count, features], .float32) }

  /// The rows of some ids.
  func callAsFunction(_ ids: Tensor) -> Tensor { embedding(ids, weight) }

  /// The first rows, [1, count, features].
  func first(_ count: Int, from start: Int = 0) -> Tensor { weight[start..<start + count].unsqueezed(axis: 0) }
}
