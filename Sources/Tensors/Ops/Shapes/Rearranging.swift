/// The elements moved on along axes; those that leave at the end come in at the start.
struct Roll: HalfPrimitive {
  /// How far along each axis, 0 up to and without its size.
  let shifts: Shape
  var name: String { "rolled" }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) -> Signature { Signature(x.shape, x.dtype) }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    if y.elementCount == 0 { return y }
    // Each axis that moves is cut in two: what stays within it and what wraps around.
    func copy(_ axis: Int, _ source: Region, _ target: Region) {
      if axis == x.rank { return copyElements(from: source.view(x), to: target.view(y)) }
      let (n, shift) = (x.shape[axis], shifts[axis])
      for (from, to, count) in [(0, shift, n - shift), (n - shift, 0, shift)] where count > 0 {
        var (part, place) = (source, target)
        part.take(axis, from: from, count: count)
        place.take(axis, from: to, count: count)
        copy(axis + 1, part, place)
      }
    }
    copy(0, Region(all: x.shape), Region(all: x.shape))
    return y
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    var back = shifts
    for axis in 0..<back.rank where shifts[axis] > 0 { back[axis] = x.shape[axis] - shifts[axis] }
    return [Roll(shifts: back)(dy)]
  }
}

extension Tensor {
  /// The elements moved on by `shifts[i]` places along `axes[i]`; those that leave at the end come in at the start.
  ///
  /// Negative shifts go backwards. Derivative: dy moved back. PyTorch: `roll`.
  public func rolled(by shifts: [Int], axes: [Int]) -> Tensor {
    guard shifts.count == axes.count else {
      fail(TensorError("rolled", "\(shifts.count) shifts along \(axes.count) axes of \(shape); a shift for each axis would fit"))
      return .placeholder
    }
    var total = Shape(repeating: 0, rank: rank)
    for (shift, axis) in zip(shifts, axes) {
      guard let axis = attempt({ () throws(TensorError) in try self.axis(axis, "rolled") }) else { return .placeholder }
      let n = Swift.max(1, shape[axis])
      total[axis] = (total[axis] + (shift % n + n) % n) % n
    }
    return Roll(shifts: total)(self)
  }

  /// The elements moved on by a number of places along one axis.
  public func rolled(by shift: Int, axis: Int) -> Tensor { rolled(by: [shift], axes: [axis]) }

  /// The matrices that two axes span turned by quarters: from the first axis towards the second, backwards if negative.
  ///
  /// Views. Derivative: dy turned back. PyTorch: `rot90`.
  public func rotated(quarterTurns: Int = 1, axes: (Int, Int) = (0, 1)) -> Tensor {
    guard let (a, b) = attempt({ () throws(TensorError) in (try axis(axes.0, "rotated"), try axis(axes.1, "rotated")) }) else {
      return .placeholder
    }
    guard a != b else {
      fail(TensorError("rotated", "along axes \(axes.0) and \(axes.1) of \(shape), which are the same; two different axes would fit"))
      return .placeholder
    }
    switch quarterTurns & 3 {
    case 1: return reversed(axes: b).transposed(a, b)
    case 2: return reversed(axes: a, b)
    case 3: return transposed(a, b).reversed(axes: b)
    default: return self
    }
  }

  /// The axes `source[i]` moved to the places `target[i]`, the others in their order around them: a view.
  ///
  /// Derivative: dy with the axes back. PyTorch: `movedim`.
  public func moved(axes source: [Int], to target: [Int]) -> Tensor {
    func distinct(_ axes: [Int]) throws(TensorError) -> [Int] {
      _ = try self.axes(axes, "moved")
      return axes.map { $0 < 0 ? $0 + rank : $0 }
    }
    guard let (from, to) = attempt({ () throws(TensorError) in (try distinct(source), try distinct(target)) }) else { return .placeholder }
    guard from.count == to.count else {
      fail(TensorError("moved", "axes \(source) to \(target) of \(shape); as many places as axes would fit"))
      return .placeholder
    }
    var rest = (0..<rank).filter { !from.contains($0) }.makeIterator()
    return permuted((0..<rank).map { place in to.firstIndex(of: place).map { from[$0] } ?? rest.next()! })
  }

  /// One axis taken apart into several of the given sizes, of which one may be -1: what ``flattened(from:to:)`` undoes.
  ///
  /// Derivative: dy in the old shape. PyTorch: `unflatten`.
  public func unflattened(axis: Int, into sizes: [Int]) -> Tensor {
    guard let axis = attempt({ () throws(TensorError) in try self.axis(axis, "unflattened") }) else { return .placeholder }
    let known = sizes.filter { $0 >= 0 }
    let product = known.reduce(1) { $0.multipliedReportingOverflow(by: $1).overflow ? -1 : $0 * $1 }
    let isOpen = known.count == sizes.count - 1 && sizes.contains(-1) && product > 0 && shape[axis] % product == 0
    guard !sizes.isEmpty, rank - 1 + sizes.count <= Shape.maximumRank, isOpen || known.count == sizes.count && product == shape[axis] else {
      fail(
        TensorError(
          "unflattened", "axis \(axis) of \(shape) into \(sizes); sizes whose product is \(shape[axis]), 8 axes at most in all, would fit"))
      return .placeholder
    }
    let inner = sizes.map { $0 < 0 ? shape[axis] / product : $0 }
    return reshaped(Shape(Array(shape[..<axis]) + inner + Array(shape[(axis + 1)...])))
  }

  /// Images of r² times fewer channels and r times the height and width: […, c·r², h, w] to […, c, h·r, w·r].
  ///
  /// Channel (c, i, j) goes to pixel (h·r + i, w·r + j) of channel c. Derivative: dy back in place. PyTorch: `pixel_shuffle`.
  public func pixelShuffled(by factor: Int) -> Tensor {
    let square = factor.magnitude < 1 << 31 ? factor * factor : 0
    guard rank >= 3, factor > 0, square > 0, shape[-3] % square == 0 else {
      fail(
        TensorError("pixelShuffled", "\(shape) by \(factor); […, channels, height, width] with a multiple of \(square) channels would fit"))
      return .placeholder
    }
    let (batch, c, h, w) = (Array(shape.dropLast(3)), shape[-3] / square, shape[-2], shape[-1])
    let parts = reshaped([batch.reduce(1, *), c, factor, factor, h, w])
    return parts.permuted([0, 1, 4, 2, 5, 3]).reshaped(Shape(batch + [c, h.saturatingTimes(factor), w.saturatingTimes(factor)]))
  }

  /// Images of r² times as many channels and r times less height and width: […, c, h·r, w·r] to […, c·r², h, w].
  ///
  /// What ``pixelShuffled(by:)`` undoes. Derivative: dy back in place. PyTorch: `pixel_unshuffle`.
  public func pixelUnshuffled(by factor: Int) -> Tensor {
    guard rank >= 3, factor > 0, shape[-2] % factor == 0, shape[-1] % factor == 0 else {
      fail(
        TensorError(
          "pixelUnshuffled", "\(shape) by \(factor); […, channels, height, width] with height and width multiples of \(factor) would fit"))
      return .placeholder
    }
    let (batch, c, h, w) = (Array(shape.dropLast(3)), shape[-3], shape[-2] / factor, shape[-1] / factor)
    let parts = reshaped([batch.reduce(1, *), c, h, factor, w, factor])
    return parts.permuted([0, 1, 3, 5, 2, 4]).reshaped(Shape(batch + [c.saturatingTimes(factor).saturatingTimes(factor), h, w]))
  }
}
