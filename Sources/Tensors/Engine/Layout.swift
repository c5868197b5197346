import CKernels

/// A shape's sizes or strides as C reads them.
@inline(__always)
func withRaw<R>(_ shape: Shape, _ body: (UnsafePointer<Int>) -> R) -> R {
  withUnsafePointer(to: shape.sizes) { $0.withMemoryRebound(to: Int.self, capacity: Shape.maximumRank, body) }
}

/// The same layout with as few axes as will do: axes of size 1 left out, neighbours that step alike merged.
func collapse(_ shape: Shape, _ strides: Shape) -> (Shape, Shape) {
  var dims = Shape()
  var steps = Shape()
  for axis in 0..<shape.rank where shape[axis] != 1 {
    if dims.rank > 0 && steps[-1] == strides[axis] * shape[axis] {
      dims[-1] = dims[-1] * shape[axis]
      steps[-1] = strides[axis]
    } else {
      dims.append(shape[axis])
      steps.append(strides[axis])
    }
  }
  return (dims, steps)
}

extension Tensor {
  /// Its elements in row-major order without gaps; itself where they lie so.
  func contiguousCopy() throws(TensorError) -> Tensor {
    // A trace takes down what copies: an element-wise program that is a copy.
    if body.traced != nil { return Map<Tensor>(program: Program(.input(0), inputCount: 1), label: "contiguous")(self) }
    let x = try made
    let y = try Tensor(uninitialized: shape, dtype)
    if elementCount > 0 { copyElements(from: x, to: y) }
    return y
  }

  /// What an operator in a kernel gave; throws the operator's mistake, after which there are no elements for the kernel to read.
  var made: Tensor {
    get throws(TensorError) {
      if isHollow, let failure = Context.current.failure { throw failure }
      return self
    }
  }
}

/// Writes the elements of `x` to the places of `y`, which has the same shape and dtype.
func copyElements(from x: Tensor, to y: Tensor) {
  copyElements(x.shape, from: x.strides, x.pointer, to: y.strides, y.pointer, size: x.dtype.byteCount)
}

/// Copies elements of `size` bytes between two layouts of one shape.
func copyElements(
  _ shape: Shape, from: Shape, _ source: UnsafeMutableRawPointer, to: Shape, _ target: UnsafeMutableRawPointer, size: Int
) {
  func copy(_ shape: Shape, _ source: UnsafeMutableRawPointer, _ target: UnsafeMutableRawPointer) {
    withRaw(shape) { dims in
      withRaw(from) { from in
        withRaw(to) { to in fx_copy(Int32(size), Int32(shape.rank), dims, from, source, to, target) }
      }
    }
  }
  let count = shape.elementCount
  if count == 0 { return }
  if count <= 4 * Blocks.grain { return copy(shape, source, target) }
  // Threads share the outermost axis that has something for each of their parts, else the longest: cut along an inner one, what is written in
  // whole rows, or transposed in whole tiles, would come in slivers.
  var axis = 0
  for other in 0..<shape.rank where shape[other] > shape[axis] { axis = other }
  axis = (0..<shape.rank).first { shape[$0] >= 16 } ?? axis
  let length = shape[axis]
  parallel(length, grain: Swift.max(1, length / Swift.max(1, count / Blocks.grain))) { range in
    copy(
      shape.replacing(axis, with: range.count), source + range.lowerBound * from[axis] * size, target + range.lowerBound * to[axis] * size)
  }
}

/// Writes a number `count` times, rounded to the dtype.
func fillElements(_ target: UnsafeMutableRawPointer, _ value: Double, _ dtype: DType, _ count: Int) {
  switch dtype {
  case .float32: withUnsafePointer(to: Float(value)) { fx_fill(dtype.code, count, $0, target) }
  case .float64: withUnsafePointer(to: value) { fx_fill(dtype.code, count, $0, target) }
  case .int32: withUnsafePointer(to: Int32(clamping: Int64(saturating: value))) { fx_fill(dtype.code, count, $0, target) }
  case .int64: withUnsafePointer(to: Int64(saturating: value)) { fx_fill(dtype.code, count, $0, target) }
  case .bool: withUnsafePointer(to: value != 0) { fx_fill(dtype.code, count, $0, target) }
  case .float16, .bfloat16: fillHalves(target, value, .float64, dtype, count)
  case .complex64, .complex128: Number.real(value).fill(target, dtype, count)
  }
}

/// Writes a number of a dtype `count` times, rounded to a 16-bit float.
func fillHalves<S>(_ target: UnsafeMutableRawPointer, _ value: S, _ from: DType, _ dtype: DType, _ count: Int) {
  var half: UInt16 = 0
  withUnsafePointer(to: value) { fx_cast(from.code, dtype.code)!(1, $0, $0, $0, &half) }
  fx_fill(dtype.code, count, &half, target)
}

extension Int64 {
  /// Toward zero, the nearest integer beyond the range, 0 for NaN.
  init(saturating value: Double) {
    self = value.isNaN ? 0 : value >= 0x1p63 ? .max : value <= -0x1p63 ? .min : Int64(value)
  }
}
