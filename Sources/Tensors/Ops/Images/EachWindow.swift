/// A window of each image at a place of its own: images [batch, channels, height, width] and corners [batch, 2], the windows' first rows and columns, to
/// [batch, channels, rows, columns].
private struct EachWindow: Primitive {
  let rows: Int
  let columns: Int
  var name: String { "windows" }
  var keeps: Keeps { .inputs }

  func result(_ x: Pair) -> Signature { Signature([x.a.shape[0], x.a.shape[1], rows, columns], x.a.dtype) }
  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    try forEachWindow(of: x.a, x.b, y) { window, small in copyElements(from: window, to: small) }
    return y
  }
  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [EachWindowPlaced(height: x.a.shape[2], width: x.a.shape[3])(Pair(dy, x.b)), nil]
  }
}

/// The windows at their places in images of zeros: the gradient of ``EachWindow``.
private struct EachWindowPlaced: Primitive {
  let height: Int
  let width: Int
  var name: String { "windows" }
  var keeps: Keeps { .inputs }

  func result(_ x: Pair) -> Signature { Signature([x.a.shape[0], x.a.shape[1], height, width], x.a.dtype) }
  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(zeros: result.shape, result.dtype)
    try forEachWindow(of: y, x.b, x.a.ordered) { window, small in copyElements(from: small, to: window) }
    return y
  }
  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [EachWindow(rows: x.a.shape[2], columns: x.a.shape[3])(Pair(dy, x.b)), nil]
  }
}

/// Calls `body` with each image's window and the contiguous tensor of its size.
private func forEachWindow(
  of images: Tensor, _ corners: Tensor, _ windows: Tensor, _ body: (_ window: Tensor, _ small: Tensor) -> Void
) throws(TensorError) {
  let shape = Shape(windows.shape.dropFirst())
  let corners = try corners.ordered
  let strides = images.strides
  for i in 0..<windows.shape[0] where shape.elementCount > 0 {
    let (row, column) = (Int(corners.int64s[2 * i]), Int(corners.int64s[2 * i + 1]))
    guard row >= 0, column >= 0, row <= images.shape[2] - shape[1], column <= images.shape[3] - shape[2] else {
      throw mistake("a window \(shape[1]) by \(shape[2]) at [\(row), \(column)] of an image \(images.shape[2]) by \(images.shape[3])")
    }
    body(
      images.view(
        shape: shape, strides: Shape(strides.dropFirst()), offset: images.offset + i * strides[0] + row * strides[2] + column * strides[3]),
      windows.view(
        shape: shape, strides: Shape(windows.strides.dropFirst()), offset: windows.offset + i * windows.strides[0]))
  }
}

extension Tensor {
  /// A window of each image [batch, channels, height, width] at its own place: `corners` [batch, 2], int64, are their first rows and columns.
  ///
  /// Derivative: dy at the windows' places, zero around them.
  package func windows(rows: Int, columns: Int, at corners: Tensor) -> Tensor {
    EachWindow(rows: rows, columns: columns)(Pair(self, corners.cast(to: .int64)))
  }
}
