import Tensors

/// A number for each pair of features of two inputs: yₖ = Σᵢⱼ xᵢ·weightₖᵢⱼ·zⱼ + biasₖ over the last axes.
///
/// PyTorch: `Bilinear`.
///
/// Shapes: x [..., first] and z [..., second] with equal leading axes to [..., outputs].
public struct Bilinear: Placed {
  /// [outputs, first, second], as PyTorch stores it.
  public var weight: Tensor
  /// [outputs], unless the layer was made without one.
  public var bias: Tensor?
  /// Where in a model it stands.
  public var place = Place()

  /// A layer of given sizes.
  ///
  /// Weight and bias begin with equal probability in ±1/√first, the weight unless told.
  public init(_ first: Int, _ second: Int, _ outputs: Int, hasBias: Bool = true, weight initializer: Initializer? = nil) {
    let uniform = Initializer.uniform(1 / Double(max(1, first)).squareRoot())
    weight = (initializer ?? uniform)([outputs, first, second])
    bias = hasBias ? uniform([outputs]) : nil
  }

  /// The layer on a pair.
  public func callAsFunction(_ input: (Tensor, Tensor)) -> Tensor { self(input.0, input.1) }

  /// The layer on x [..., first] and z [..., second].
  public func callAsFunction(_ x: Tensor, _ z: Tensor) -> Tensor { placed(on: x) { layer in layer.run(x, z) } }

  private func run(_ x: Tensor, _ z: Tensor) -> Tensor {
    let (outputs, first, second) = (weight.shape[0], weight.shape[1], weight.shape[2])
    guard x.rank > 0, z.rank == x.rank, x.shape[-1] == first, z.shape[-1] == second, x.shape.dropLast().elementsEqual(z.shape.dropLast())
    else {
      fail(TensorError("Bilinear", "\(x.shape) and \(z.shape); [..., \(first)] and [..., \(second)] with equal leading axes would fit"))
      return x
    }
    let lead = Shape(x.shape.dropLast())
    // x times all matrices is one product of matrices; what z makes of it are small ones.
    let rows = linear(x.reshaped([lead.elementCount, first]), weight: weight.permuted([0, 2, 1]).reshaped([outputs * second, first]))
    let pairs = rows.reshaped([lead.elementCount, outputs, second]) • z.reshaped([lead.elementCount, second, 1])
    let y = pairs.reshaped(Shape(lead + [outputs]))
    return bias.map { y + $0 } ?? y
  }
}

extension Bilinear {
  /// As it is written: `Bilinear(20, 30, 40)`.
  public var code: String {
    call(
      "Bilinear", "\(weight.shape[1])", "\(weight.shape[2])", "\(weight.shape[0])", bias == nil ? "hasBias: false" : nil)
  }
}
