/// Zeros with each element at its position: what ``maxPool(_:window:stride:padding:dilation:roundsUp:)`` took from there, with
/// ``maxPoolPositions(_:window:stride:padding:dilation:roundsUp:)``.
///
/// The last axes of x, as many as the window has numbers (of one number all but the first two), become `size`, or (n − 1)·stride −
/// 2·padding + window, the
/// smallest that a pooled image can have had. Of several elements at one position the last counts; all of them have its gradient, as in
/// PyTorch, since after pooling they are one.
///
///     maxUnpool(y, at: maxPoolPositions(images, window: 2), window: 2)
///
/// Derivative: dy at the positions. PyTorch: `max_unpool1d`, `max_unpool2d`, `max_unpool3d`.
public func maxUnpool(
  _ x: Tensor, at positions: Tensor, window: any PerAxisConvertible, stride: (any PerAxisConvertible)? = nil,
  padding: any PerAxisConvertible = 0, size: (any PerAxisConvertible)? = nil
) -> Tensor {
  if Context.current.hasFailed { return .placeholder }
  let name = "maxUnpool"
  let positions = positions.integersOfLiteral
  let (window, stride, padding, size) = (window.perAxis, stride?.perAxis, padding.perAxis, size?.perAxis)
  let output: [Int]? = attempt { () throws(TensorError) in
    if positions.shape != x.shape || !positions.dtype.isInteger {
      throw TensorError(
        name, "positions of shape \(positions.shape) and \(positions.dtype) for \(x.shape); integers of that shape would fit")
    }
    let axes = try x.spatialAxes(window, name)
    if let size { return Array(try size.numbers("a size", axes: axes, least: 0, name)) }
    let numbers = (
      try window.numbers("a window", axes: axes, least: 1, name), try (stride ?? window).numbers("a stride", axes: axes, least: 1, name),
      try padding.numbers("a padding", axes: axes, least: 0, name)
    )
    var output: [Int] = []
    for (i, n) in x.shape.suffix(axes).enumerated() {
      let size = Double(n - 1) * Double(numbers.1[i]) - 2 * Double(numbers.2[i]) + Double(numbers.0[i])
      if size < 0 || size > 0x1p40 {
        throw TensorError(name, "a size of \(size) along axis \(i - axes); 0 or more, and what memory holds, would fit")
      }
      output.append(Int(size))
    }
    return output
  }
  guard let output else { return .placeholder }
  let outer = x.shape.dropLast(output.count)
  let shape = Shape(Array(outer) + output)
  let isPossible: Void? = attempt { () throws(TensorError) in try shape.check(name) }
  guard isPossible != nil else { return .placeholder }
  let planes = outer.reduce(1, *)
  let (count, places) = (output.reduce(1, *), x.shape.suffix(output.count).reduce(1, *))
  if x.elementCount == 0 { return .zeros(shape, x.dtype) }
  let unpool = Unpool(positions: positions.reshaped([planes, places]), size: count)
  return unpool(x.reshaped([planes, places])).reshaped(shape)
}

/// Zeros of a size along the last axis, with elements at positions.
struct Unpool: Primitive {
  let positions: Tensor
  let size: Int
  var name: String { "maxUnpool" }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) throws(TensorError) -> Signature { Signature([x.shape[0], size], x.dtype) }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(zeros: result.shape, result.dtype)
    try Scatter(kind: .replace, indices: positions, axis: 1).combine(x, into: y)
    return y
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [Gather(indices: positions, axis: 1)(dy)] }
}
