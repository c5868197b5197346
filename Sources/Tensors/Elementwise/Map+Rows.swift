import CKernels

// One instruction over operands that need not be cut into blocks: each is read where it lies.
extension Map {
  /// One instruction on the elements and a number, or two.
  @inline(never)
  func runNumber(_ kernel: fx_kernel, _ x: UnsafeMutableRawPointer, _ y: Tensor, _ n: Int) {
    let isFirst = program.ofNumber!.isFirst
    let size = y.dtype.byteCount
    let out = y.pointer
    func run(_ number: UnsafeRawPointer, _ second: UnsafeRawPointer) {
      if n <= Blocks.grain { return kernel(n, isFirst ? number : UnsafeRawPointer(x), isFirst ? UnsafeRawPointer(x) : number, second, out) }
      parallel(n, grain: Blocks.grain) { range in
        let at = range.lowerBound &* size
        let elements = UnsafeRawPointer(x + at)
        kernel(range.count, isFirst ? number : elements, isFirst ? elements : number, second, out + at)
      }
    }
    withNumbers(y.dtype, run)
  }

  /// Calls `body` with the addresses of the program's uniforms, one or two, as elements of a dtype.
  private func withNumbers<R>(_ dtype: DType, _ body: (UnsafeRawPointer, UnsafeRawPointer) -> R) -> R {
    // Of floats only: integers have no such kernels.
    let (first, second) = (number(of: program.uniforms[0]), program.uniforms.count > 1 ? number(of: program.uniforms[1]) : .real(0))
    let values = SIMD2(first.double, second.double)
    if dtype == .float64 { return withUnsafeBytes(of: values) { body($0.baseAddress!, $0.baseAddress! + 8) } }
    return withUnsafeBytes(of: SIMD2<Float>(values)) { body($0.baseAddress!, $0.baseAddress! + 4) }
  }

  /// One instruction on operands that do not all lie in order, row by row; false if rows are short, or do not lie in order themselves.
  ///
  /// A bias added to rows, channels scaled, a slice: in blocks what does not lie in order is gathered anew for each, which takes as long as the
  /// arithmetic.
  @inline(never)
  func runRows(_ x: X, _ y: Tensor, _ n: Int) -> Bool {
    let code = Int(y.dtype.rawValue)
    let a = RowOperand(x.operand(0))
    if let (kernels, isFirst) = program.ofNumber {
      guard let kernel = kernels[code] else { return false }
      return withNumbers(y.dtype) { first, second in
        let number = RowOperand(pointer: first, strides: Shape(repeating: 0, rank: y.shape.rank))
        let other = RowOperand(pointer: second, strides: number.strides)
        if isFirst { return rows(y, n, number, a, a) { _, step, _ in step == 1 ? kernel : nil } }
        return rows(y, n, a, number, other) { step, _, _ in step == 1 ? kernel : nil }
      }
    }
    guard let direct = program.direct?[code] else { return false }
    let b = x.count > 1 ? RowOperand(x.operand(1)) : a
    let c = x.count > 2 ? RowOperand(x.operand(2)) : b
    func kernel(_ a: Int, _ b: Int, _ c: Int) -> fx_kernel? {
      switch (a, b, c) {
      case (1, 1, 1): return direct
      case (0, 1, 1) where x.count == 2: return program.ofRows?.left[code]
      case (1, 0, 0): return program.ofRows?.right[code]
      default: return nil
      }
    }
    return rows(y, n, a, b, c, kernel)
  }

  /// Runs the kernel that suits the operands' steps along a row.
  private func rows(
    _ y: Tensor, _ n: Int, _ a: RowOperand, _ b: RowOperand, _ c: RowOperand, _ kernel: (_ a: Int, _ b: Int, _ c: Int) -> fx_kernel?
  ) -> Bool {
    let layout = RowLayout(y.shape, a.strides, b.strides, c.strides)
    guard layout.dims.rank > 0, layout.dims[-1] >= 64, let kernel = kernel(layout.a[-1], layout.b[-1], layout.c[-1]) else { return false }
    let (size, rank, out) = (Int32(y.dtype.byteCount), Int32(layout.dims.rank), y.pointer)
    withRaw(layout.dims) { dims in
      withRaw(layout.a) { first in
        withRaw(layout.b) { second in
          withRaw(layout.c) { third in
            parallel(n, grain: Blocks.grain) { range in
              fx_map_rows(
                kernel, size, rank, dims, first, second, third, range.lowerBound, range.count, a.pointer, b.pointer, c.pointer, out)
            }
          }
        }
      }
    }
    return true
  }
}

/// Where an operand lies.
private struct RowOperand {
  var pointer: UnsafeRawPointer
  var strides: Shape

  init(_ x: Tensor) { self.init(pointer: x.pointer, strides: x.strides) }
  init(pointer: UnsafeRawPointer, strides: Shape) { (self.pointer, self.strides) = (pointer, strides) }
}

/// The layouts of tensors of one shape with as few axes as will do for all of them.
private struct RowLayout {
  var (dims, a, b, c) = (Shape(), Shape(), Shape(), Shape())

  init(_ shape: Shape, _ first: Shape, _ second: Shape, _ third: Shape) {
    for axis in 0..<shape.rank where shape[axis] != 1 {
      let n = shape[axis]
      if dims.rank > 0 && a[-1] == first[axis] * n && b[-1] == second[axis] * n && c[-1] == third[axis] * n {
        dims[-1] = dims[-1] * n
        (a[-1], b[-1], c[-1]) = (first[axis], second[axis], third[axis])
      } else {
        dims.append(n)
        a.append(first[axis])
        b.append(second[axis])
        c.append(third[axis])
      }
    }
  }
}
