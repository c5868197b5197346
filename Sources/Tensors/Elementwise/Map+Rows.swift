import CKernels

// One instruction over operands that need not be cut into blocks: each is read where it lies.
extension Map {
  /// One instruction on the elements and a number.
  @inline(never)
  func runNumber(_ kernel: fx_kernel, _ x: UnsafeMutableRawPointer, _ y: Tensor, _ n: Int) {
    let value = value(of: program.uniforms[0])
    let isFirst = program.ofNumber!.isFirst
    let size = y.dtype.byteCount
    let out = y.pointer
    func run(_ number: UnsafeRawPointer) {
      if n <= Blocks.grain { return kernel(n, isFirst ? number : UnsafeRawPointer(x), isFirst ? UnsafeRawPointer(x) : number, x, out) }
      parallel(n, grain: Blocks.grain) { range in
        let at = range.lowerBound &* size
        let elements = UnsafeRawPointer(x + at)
        kernel(range.count, isFirst ? number : elements, isFirst ? elements : number, elements, out + at)
      }
    }
    if y.dtype == .float64 { withUnsafePointer(to: value) { run($0) } } else { withUnsafePointer(to: Float(value)) { run($0) } }
  }

  /// One instruction on two operands that broadcast; false if a row of theirs is short or does not lie in order.
  ///
  /// A bias added to rows, columns scaled: in blocks the smaller operand is gathered again for each, which takes as long as the sum itself.
  @inline(never)
  func runRows(_ x: X, _ y: Tensor, _ n: Int, _ left: fx_kernel?, _ right: fx_kernel?) -> Bool {
    let (a, b) = (x.operand(0), x.operand(1))
    let (dims, first, second) = collapse(y.shape, a.strides, b.strides)
    guard dims.rank > 0, dims[-1] >= 64 else { return false }
    let kernel: fx_kernel?
    switch (first[-1], second[-1]) {
    case (1, 1): kernel = program.direct?[Int(y.dtype.rawValue)]
    case (0, 1): kernel = left
    case (1, 0): kernel = right
    default: kernel = nil
    }
    guard let kernel else { return false }
    let (size, out, start) = (Int32(y.dtype.byteCount), y.pointer, (a.pointer, b.pointer))
    withRaw(dims) { sizes in
      withRaw(first) { first in
        withRaw(second) { second in
          parallel(n, grain: Blocks.grain) { range in
            fx_map_rows(
              kernel, size, Int32(dims.rank), sizes, first, second, range.lowerBound, range.count, start.0, start.1, out)
          }
        }
      }
    }
    return true
  }
}

/// The layouts of two tensors of one shape with as few axes as will do for both.
private func collapse(_ shape: Shape, _ first: Shape, _ second: Shape) -> (dims: Shape, first: Shape, second: Shape) {
  var (dims, a, b) = (Shape(), Shape(), Shape())
  for axis in 0..<shape.rank where shape[axis] != 1 {
    if dims.rank > 0 && a[-1] == first[axis] * shape[axis] && b[-1] == second[axis] * shape[axis] {
      dims[-1] = dims[-1] * shape[axis]
      a[-1] = first[axis]
      b[-1] = second[axis]
    } else {
      dims.append(shape[axis])
      a.append(first[axis])
      b.append(second[axis])
    }
  }
  return (dims, a, b)
}
