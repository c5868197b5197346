/// A convolution by a weight that stays as it is, for images of one shape: what follows from both is found once, and the weight is transformed or
/// packed.
package final class PreparedConvolution: @unchecked Sendable {
  private let sum: ConvolutionSum
  private let (weight, bias): (Tensor, Tensor?)
  private let prepared: ConvolutionSum.PreparedWeight
  private let input: Signature
  private let output: Shape

  /// What ``convolution(_:weight:bias:stride:padding:dilation:groups:)`` would do; nil for integers and 16-bit floats, and where there is a mistake for it to tell.
  package init?(
    _ x: Tensor, weight: Tensor, bias: Tensor?, stride: PerAxis, padding: WindowPadding, dilation: PerAxis, groups: Int
  ) {
    guard Context.current.isPlainProduct(x.node.tape), x.dtype.isSingleOrDouble, weight.dtype == x.dtype,
      bias.map({ $0.dtype == x.dtype }) ?? true,
      let axes = try? spatialAxes("convolution", x, weight, bias, outputs: weight.rank > 0 ? weight.shape[0] : 0, groups),
      x.rank == axes + 2, x.shape[1] == weight.shape[1].saturatingTimes(groups), weight.shape[0] % groups == 0,
      let geometry = try? WindowGeometry(
        "convolution", input: Shape(x.shape.suffix(axes)), window: PerAxis(Array(weight.shape.dropFirst(2))), stride: stride,
        padding: padding, dilation: dilation),
      let ordered = try? weight.detached.ordered
    else { return nil }
    guard let result = try? Convolution(geometry: geometry, groups: groups).result([x, weight]) else { return nil }
    var ownBias: Tensor?
    if let bias {
      guard let ordered = try? bias.detached.ordered else { return nil }
      ownBias = ordered
    }
    sum = ConvolutionSum(geometry, groups, batch: x.shape[0], channels: x.shape[1], outputs: weight.shape[0], x.dtype)
    guard let prepared = try? sum.prepared(ordered.pointer) else { return nil }
    (self.weight, self.bias, self.prepared, input, output) = (ordered, ownBias, prepared, Signature(x.shape, x.dtype), result.shape)
  }

  /// The result, to the same bits as the operator's; nil where the image has another shape or something else than a result is asked for.
  package func callAsFunction(_ x: Tensor) -> Tensor? {
    guard Context.current.isPlainProduct(x.node.tape), !input.isOther(than: x), x.hasElements else { return nil }
    do throws(TensorError) {
      let y = try Tensor(uninitialized: output, input.dtype)
      let ordered = try x.ordered
      try sum.result(ordered.pointer, weight.pointer, prepared, bias: bias?.pointer, into: y.pointer)
      withExtendedLifetime(ordered) {}
      return y
    } catch {
      // The operator says it.
      return nil
    }
  }
}
