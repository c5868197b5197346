import Tensors

// What the layers for images share. An image is [batch, channels, …] with one to three spatial axes behind.

extension Tensor {
  /// Whether this is [batch, channels, …] with so many spatial axes, or that without a batch; if not, that is a mistake of the layer.
  func isImage(_ axes: Int, _ layer: String) -> Bool {
    if hasFailed { return false }
    if rank == axes + 1 || rank == axes + 2 { return true }
    fail(TensorError(layer, "\(shape); \(Self.imageShape(axes)), or that without the batch, would fit"))
    return false
  }

  /// How an image's shape is written.
  static func imageShape(_ axes: Int) -> String {
    "[batch, channels, \(["length", "height, width", "depth, height, width"][Swift.min(Swift.max(axes, 1), 3) - 1])]"
  }

  /// Whether this is [batch, channels, …]; if not, that is a mistake of the layer.
  func hasChannels(_ layer: String) -> Bool {
    if hasFailed { return false }
    if rank >= 2 { return true }
    fail(TensorError(layer, "\(shape) has no channels; [batch, channels, …] would fit"))
    return false
  }

  /// The size of an axis, or 0 where a mistake left none.
  func size(ofAxis axis: Int) -> Int { axis < rank ? shape[axis] : 0 }
}

/// The number of channels of an input of a shape, batch axis included, for a layer that waits for it; nil after a mistake.
func channels(of shape: Shape, axis: Int = 1, rank: Int? = nil, _ layer: String) -> Int? {
  if hasFailed { return nil }
  if rank.map({ shape.rank == $0 }) ?? (shape.rank >= 2) { return shape[axis] }
  let fitting = rank.map { Tensor.imageShape($0 - 2) } ?? "[batch, channels, …]"
  fail(TensorError(layer, "the number of channels is open and does not follow from \(shape); \(fitting) would fit"))
  return nil
}
