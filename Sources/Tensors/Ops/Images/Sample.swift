import CKernels

/// Weighted sums of elements of each plane: y[n, c, p] = Σ over t of weights[n, t, p] · x[n, c, places[n, t, p]]; a negative place counts nothing.
///
/// With ``SampleAdd`` and ``SampleWeights`` one sum of products of three tensors, of which two are given: so each one's gradients are the others.
struct Sample: Primitive {
  /// int64, below the elements of a plane.
  let places: Tensor
  var name: String { "gridSample" }

  func result(_ x: Pair) throws(TensorError) -> Signature {
    if x.a.dtype != x.b.dtype { throw mixedDTypes(x.a.dtype, x.b.dtype) }
    return Signature(Shape(x.a.shape[0], x.a.shape[1], x.b.shape[2]), x.a.dtype)
  }
  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let (image, weights, places) = try (x.a.ordered, x.b.ordered, places.ordered)
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    let (code, channels, count, taps, points) = (y.dtype.code, image.shape[1], image.shape[2], places.shape[1], places.shape[2])
    let memory = image.insideBytes(points: points)
    try places.forImages(channels: channels) { (n, at) throws(TensorError) in
      if memory > 0 {
        fx_sample_inside(
          code, channels, count, taps, points, at, weights.item(n), image.item(n), y.item(n), try Context.current.scratch(memory))
      } else {
        fx_sample(code, channels, count, taps, points, at, weights.item(n), image.item(n), y.item(n))
      }
    }
    return y
  }
  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [
      needs[0] ? SampleAdd(places: places, count: x.a.shape[2])(Pair(dy, x.b)) : nil,
      needs[1] ? SampleWeights(places: places)(Pair(x.a, dy)) : nil,
    ]
  }
}

/// Sample's adjoint in x: each element of y, times its weights, added at its places in a plane of `count` elements.
struct SampleAdd: Primitive {
  let places: Tensor
  let count: Int
  var name: String { "gridSample" }

  func result(_ x: Pair) -> Signature { Signature(Shape(x.a.shape[0], x.a.shape[1], count), x.a.dtype) }
  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let (y, weights, places) = try (x.a.ordered, x.b.ordered, places.ordered)
    let image = try Tensor(zeros: result.shape, result.dtype)
    let rest = try LongSums(image, terms: places.shape[1] * places.shape[2])
    try places.forImages(channels: y.shape[1]) { (n, at) throws(TensorError) in
      if let rest {
        return fx_sample_add_long(
          y.shape[1], count, places.shape[1], places.shape[2], at, weights.item(n).assumingMemoryBound(to: Float.self),
          y.item(n).assumingMemoryBound(to: Float.self), image.item(n).assumingMemoryBound(to: Float.self),
          rest.pointer + n * y.shape[1] * count)
      }
      fx_sample_add(y.dtype.code, y.shape[1], count, places.shape[1], places.shape[2], at, weights.item(n), y.item(n), image.item(n))
    }
    rest?.add(to: image)
    return image
  }
  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [
      needs[0] ? Sample(places: places)(Pair(dy, x.b)) : nil,
      needs[1] ? SampleWeights(places: places)(Pair(dy, x.a)) : nil,
    ]
  }
}

/// Sample's adjoint in the weights: for each place the products of y with what lies there, summed over the channels.
struct SampleWeights: Primitive {
  let places: Tensor
  var name: String { "gridSample" }

  func result(_ x: Pair) -> Signature { Signature(places.shape, x.a.dtype) }
  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let (image, y, places) = try (x.a.ordered, x.b.ordered, places.ordered)
    let weights = try Tensor(uninitialized: result.shape, result.dtype)
    let (code, channels, count, taps, points) = (y.dtype.code, image.shape[1], image.shape[2], places.shape[1], places.shape[2])
    let memory = image.insideBytes(points: points)
    try places.forImages(channels: channels) { (n, at) throws(TensorError) in
      if memory > 0 {
        fx_sample_weights_inside(
          code, channels, count, taps, points, at, image.item(n), y.item(n), weights.item(n), try Context.current.scratch(memory))
      } else {
        fx_sample_weights(code, channels, count, taps, points, at, image.item(n), y.item(n), weights.item(n))
      }
    }
    return weights
  }
  func gradient(_ x: Pair, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [
      needs[0] ? SampleAdd(places: places, count: x.a.shape[2])(Pair(x.b, dy)) : nil,
      needs[1] ? Sample(places: places)(Pair(x.a, dy)) : nil,
    ]
  }
}

extension Tensor {
  /// Calls `body` with each image's number and its places, which this is, in parallel where that pays.
  func forImages(channels: Int, _ body: (Int, UnsafePointer<Int64>) throws(TensorError) -> Void) throws(TensorError) {
    let each = shape[1] * shape[2]
    try parallel(shape[0], grain: Swift.max(1, Blocks.grain / Swift.max(1, each * channels))) { (range) throws(TensorError) in
      for n in range { try body(n, UnsafePointer((pointer + n * each * 8).assumingMemoryBound(to: Int64.self))) }
    }
  }

  /// The memory for sampling planes with the channels inside; 0 where that does not pay: for few channels, or planes of which little is looked at.
  fileprivate func insideBytes(points: Int) -> Int {
    let (channels, count) = (shape[1], shape[2])
    if channels < 3 || count > 4 * points { return 0 }
    return (count + points) * fx_sample_width(channels) * dtype.byteCount
  }

  /// The address of element n of the first axis.
  func item(_ n: Int) -> UnsafeMutableRawPointer { pointer + n * (elementCount / Swift.max(1, shape[0])) * dtype.byteCount }
}
