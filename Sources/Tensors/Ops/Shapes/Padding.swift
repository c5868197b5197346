import CKernels

/// What stands beyond a tensor's edge: the edge mirrored, the edge itself again, or the other edge.
public enum PaddingMode: Sendable {
  /// The elements before the edge in reverse order, without the edge: c b | a b c | b a.
  case reflect
  /// The edge itself, again and again: a a | a b c | c c.
  case replicate
  /// The elements from the other edge on: b c | a b c | a b.
  case circular
}

/// x within a border of its own elements.
struct PadBorder: HalfPrimitive {
  let mode: PaddingMode
  /// For each axis the elements before and after; none negative.
  let before: Shape
  let after: Shape
  var name: String { "padded" }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    var shape = x.shape
    for axis in 0..<x.rank {
      let (n, most) = (x.shape[axis], Swift.max(before[axis], after[axis]))
      let limit = mode == .reflect ? n - 1 : mode == .circular || n == 0 ? n : .max / 4
      if most > Swift.max(0, limit) {
        throw mistake(
          "by \(before[axis]) and \(after[axis]) elements along axis \(axis) of \(x.shape), mode \(mode); at most \(Swift.max(0, limit)) would fit"
        )
      }
      shape[axis] = before[axis] + n + after[axis]
    }
    return Signature(shape, x.dtype)
  }

  /// Where x lies in the result.
  func interior(_ x: Shape, _ y: Shape) -> Region {
    var region = Region(all: y)
    for axis in 0..<x.rank { region.take(axis, from: before[axis], count: x[axis]) }
    return region
  }

  /// The parts of the border, in an order in which each is a copy of what is there already.
  func parts(_ x: Shape, _ y: Shape) -> [(target: Region, source: Region)] {
    var parts: [(Region, Region)] = []
    var done = interior(x, y)
    for axis in 0..<x.rank {
      let (a, n, b) = (before[axis], x[axis], after[axis])
      func add(_ count: Int, at target: Int, from source: Int, by step: Int) {
        if count == 0 { return }
        var part = (target: done, source: done)
        part.target.take(axis, from: target, count: count)
        part.source.take(axis, from: source, count: count, step: step)
        parts.append(part)
      }
      switch mode {
      case .reflect:
        add(a, at: 0, from: 2 * a, by: -1)
        add(b, at: a + n, from: a + n - 2, by: -1)
      case .replicate:
        add(a, at: 0, from: a, by: 0)
        add(b, at: a + n, from: a + n - 1, by: 0)
      case .circular:
        add(a, at: 0, from: n, by: 1)
        add(b, at: a + n, from: a, by: 1)
      }
      done.take(axis, from: 0, count: y[axis])
    }
    return parts
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    if y.elementCount == 0 { return y }
    let code = mode == .reflect ? FX_REFLECT : mode == .replicate ? FX_REPLICATE : FX_CIRCULAR
    if BorderedRows(x, before, y.shape)?.write(code, nil, x, to: y) != nil { return y }
    copyElements(from: x, to: interior(x.shape, y.shape).view(y))
    for (target, source) in parts(x.shape, y.shape) { copyElements(from: source.view(y), to: target.view(y)) }
    return y
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [FoldBorder(padding: self, shape: x.shape)(dy)] }
}

/// Images, the last two axes of a tensor, within borders that only these have: written row by row.
struct BorderedRows {
  private let border: fx_border
  private let rows: Int

  /// Nil where other axes have borders, too, or elements do not lie in order.
  ///
  /// - Parameter before: How many elements stand before x along each axis of the result.
  init?(_ x: Tensor, _ before: Shape, _ result: Shape) {
    let rank = x.rank
    guard rank > 0, x.isContiguous, x.elementCount > 0, (0..<Swift.max(0, rank - 2)).allSatisfy({ x.shape[$0] == result[$0] }) else {
      return nil
    }
    func numbers(_ axis: Int) -> (size: Int, before: Int, after: Int) {
      axis < 0 ? (1, 0, 0) : (x.shape[axis], before[axis], result[axis] - before[axis] - x.shape[axis])
    }
    let (line, element) = (numbers(rank - 2), numbers(rank - 1))
    border = fx_border(
      size: (line.size, element.size), before: (line.before, element.before), after: (line.after, element.after))
    rows = result.elementCount / Swift.max(1, result[rank - 1])
  }

  func write(_ mode: fx_border_mode, _ value: UnsafeMutableRawPointer?, _ x: Tensor, to y: Tensor) {
    parallel(rows, grain: Swift.max(1, Blocks.grain * rows / Swift.max(1, y.elementCount))) { range in
      withUnsafePointer(to: border) {
        fx_pad_rows(Int32(y.dtype.byteCount), mode, $0, range.lowerBound, range.count, value, x.pointer, y.pointer)
      }
    }
  }
}

/// PadBorder's transpose: the interior, with each element of the border added to what it is a copy of.
struct FoldBorder: Primitive {
  let padding: PadBorder
  let shape: Shape
  var name: String { "padded" }
  var keeps: Keeps { .nothing }
  func result(_ x: Tensor) -> Signature { Signature(shape, x.dtype) }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    if x.elementCount == 0 { return Tensor.zeros(shape, x.dtype) }
    let y = try x.contiguousCopy()
    for (target, source) in padding.parts(shape, x.shape).reversed() {
      let to = source.view(y)
      let from = try target.view(y).summed(where: to.strides)
      addElements(from.shape, from: from.strides, from.pointer, to: to.strides, to.pointer, y.dtype)
    }
    return padding.interior(shape, x.shape).view(y)
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [padding(dy)] }
}

extension Tensor {
  /// With `before` and `after` elements of a value, which the dtype must be able to hold, added along each axis; negative numbers take elements away.
  ///
  /// One pair for each of the last axes, in their order. Derivative: dy without the padding. PyTorch: `pad`.
  public func padded(_ amounts: [(before: Int, after: Int)], value: Double = 0) -> Tensor { padded(amounts, .real(value)) }
  /// The same with an integer, or a Bool, of any size.
  public func padded<S: Scalar>(_ amounts: [(before: Int, after: Int)], value: S) -> Tensor { padded(amounts, value.number) }

  private func padded(_ amounts: [(before: Int, after: Int)], _ value: Number) -> Tensor {
    guard let (inner, region, target) = cropped(amounts) else { return .placeholder }
    return Embed(region: region, shape: target, value: value)(inner)
  }

  /// With `before` and `after` elements beyond the edges of each axis, which are copies of the tensor's own; negative numbers take
  /// elements away.
  ///
  /// One pair for each of the last axes, in their order. Derivative: dy without the padding, whose elements are added to what they are
  /// copies of. PyTorch: `pad` with a mode.
  public func padded(_ amounts: [(before: Int, after: Int)], mode: PaddingMode) -> Tensor {
    guard let (inner, _, _) = cropped(amounts) else { return .placeholder }
    var (before, after) = (Shape(repeating: 0, rank: rank), Shape(repeating: 0, rank: rank))
    for (i, amount) in amounts.enumerated() {
      before[rank - amounts.count + i] = Swift.max(0, amount.before)
      after[rank - amounts.count + i] = Swift.max(0, amount.after)
    }
    return PadBorder(mode: mode, before: before, after: after)(inner)
  }

  /// Without what negative amounts take away, where it lies in the padded result, and the shape of that; nil after a mistake.
  private func cropped(_ amounts: [(before: Int, after: Int)]) -> (Tensor, Region, Shape)? {
    guard amounts.count <= rank else {
      fail(
        TensorError(
          "padded", "\(amounts.count) amounts for the \(rank) axes of \(shape); one for each, or for the last ones only, would fit"))
      return nil
    }
    var crop = Region(all: shape)
    var region = Region(all: shape)
    var target = shape
    for (i, (before, after)) in amounts.enumerated() {
      let axis = rank - amounts.count + i
      let (more, overflow) = before.addingReportingOverflow(after)
      let (size, isTooLarge) = shape[axis].addingReportingOverflow(more)
      target[axis] = overflow || isTooLarge ? (before > 0 ? .max / 2 : -1) : size
      // What is taken away at an end is at most all there is, and one more to be refused.
      let (first, last) = (Swift.min(before, 0).magnitude, Swift.min(after, 0).magnitude)
      let count = shape[axis] - Int(Swift.min(first, UInt(shape[axis]) + 1)) - Int(Swift.min(last, UInt(shape[axis]) + 1))
      guard count >= 0, target[axis] >= 0 else {
        fail(
          TensorError(
            "padded", "by \(before) and \(after) elements along axis \(axis) of \(shape); at most \(shape[axis]) can be taken away"))
        return nil
      }
      crop.take(axis, from: Int(first), count: count)
      region.take(axis, from: Swift.max(0, before), count: count)
    }
    guard attempt({ [target] () throws(TensorError) in try target.check("padded") }) != nil else { return nil }
    region.shape = crop.shape
    return (crop.shape == shape ? self : Slice(region: crop)(self), region, target)
  }
}
