/// What Fourier transforms are divided by: n is the product of the lengths of the axes.
public enum FourierNorm: Sendable {
  /// Forward transforms by nothing, backward ones by n.
  case backward
  /// Forward transforms by n, backward ones by nothing.
  case forward
  /// Both by √n.
  case ortho

  /// The factor of a transform of axes of these lengths.
  func scale(_ lengths: [Int], isForward: Bool) -> Double {
    let n = lengths.reduce(1.0) { $0 * Double($1) }
    return switch self {
    case .ortho: 1 / n.squareRoot()
    case .backward: isForward ? 1 : 1 / n
    case .forward: isForward ? 1 / n : 1
    }
  }
}

/// What the transforms have in common: their operand as floating-point or complex numbers, cut or padded with zeros to lengths along axes.
struct FourierArguments {
  let name: String
  /// Counted from the front, as they were named.
  let axes: [Int]
  /// As many numbers as a signal has along each.
  let lengths: [Int]

  /// Of the axes named, or the last ones if lengths are told and all if not; each once.
  ///
  /// - Parameter isHalf: Whether the last axis has n/2 + 1 numbers for a length of n.
  init(_ name: String, _ x: Tensor, _ lengths: [Int]?, _ axes: [Int]?, isHalf: Bool = false) throws(TensorError) {
    self.name = name
    guard x.dtype.isFloatingPoint || x.dtype.isComplex else {
      throw TensorError(name, "of \(x.dtype); a floating-point or complex dtype would fit: convert with .cast(to:)")
    }
    if let lengths, let axes, lengths.count != axes.count {
      throw TensorError(name, "lengths \(lengths) for axes \(axes); as many lengths as axes would fit")
    }
    if let lengths, lengths.count > x.rank { throw TensorError(name, "lengths \(lengths) for the \(x.rank) axes of \(x.shape)") }
    var places: [Int] = []
    for a in axes ?? Array(x.rank - (lengths?.count ?? x.rank)..<x.rank) {
      let axis = try x.axis(a, name)
      if places.contains(axis) { throw TensorError(name, "axis \(a) of \(x.shape) is named twice in \(axes ?? [])") }
      places.append(axis)
    }
    self.axes = places
    var sizes: [Int] = []
    for (i, axis) in places.enumerated() {
      let size = x.shape[axis]
      let length = lengths?[i] ?? (isHalf && i == places.count - 1 ? 2 * (size - 1) : size)
      guard length > 0 else {
        throw TensorError(
          name,
          lengths == nil
            ? "of \(x.shape) along axis \(axis): a length of \(length); 1 or more would fit" : "a length of \(length); 1 or more would fit")
      }
      try x.shape.replacing(axis, with: length).check(name)
      sizes.append(length)
    }
    self.lengths = sizes
  }

  /// The operand as complex numbers.
  func asComplex(_ x: Tensor) -> Tensor { x.dtype.isComplex ? x : x.cast(to: x.dtype.complex) }

  /// The operand with the first so many numbers along each axis, or zeros behind what there are.
  func resized(_ x: Tensor, isHalf: Bool = false) -> Tensor {
    var y = x
    for (i, axis) in axes.enumerated() {
      let length = isHalf && i == axes.count - 1 ? lengths[i] / 2 + 1 : lengths[i]
      if y.shape[axis] > length { y = y[axis: axis, 0..<length] }
      if y.shape[axis] < length {
        y = y.padded([(0, length - y.shape[axis])] + Array(repeating: (0, 0), count: y.rank - 1 - axis))
      }
      if Context.current.hasFailed { return .placeholder }
    }
    return y
  }
}

/// Complex to complex.
func complexTransform(
  _ name: String, _ x: Tensor, _ lengths: [Int]?, _ axes: [Int]?, _ norm: FourierNorm, isForward: Bool
) -> Tensor {
  if Context.current.hasFailed { return .placeholder }
  return attempt { () throws(TensorError) in
    let a = try FourierArguments(name, x, lengths, axes)
    let x = a.asComplex(a.resized(x))
    if a.axes.isEmpty { return x }
    return ComplexTransform(name: name, axes: a.axes, isForward: isForward, scale: norm.scale(a.lengths, isForward: isForward))(x)
  } ?? .placeholder
}

/// Real to the first half of complex numbers along the last of the axes, then complex to complex along the others.
func realTransform(
  _ name: String, _ x: Tensor, _ lengths: [Int]?, _ axes: [Int]?, _ norm: FourierNorm, isForward: Bool
) -> Tensor {
  if Context.current.hasFailed { return .placeholder }
  return attempt { () throws(TensorError) in
    let a = try FourierArguments(name, x, lengths, axes)
    if x.dtype.isComplex {
      throw TensorError(name, "of \(x.dtype); real numbers would fit, or \(isForward ? "fft" : "ifft") for complex ones")
    }
    guard let last = a.axes.last else { throw TensorError(name, "along no axes; one at least would fit") }
    let scale = norm.scale(a.lengths, isForward: isForward)
    let y = RealTransform(name: name, axis: last, isForward: isForward, scale: scale)(a.resized(x))
    if a.axes.count == 1 { return y }
    return ComplexTransform(name: name, axes: a.axes.dropLast(), isForward: isForward, scale: 1)(y)
  } ?? .placeholder
}

/// Complex to complex along all but the last of the axes, then the first half of complex numbers to real ones along it.
func hermitianTransform(
  _ name: String, _ x: Tensor, _ lengths: [Int]?, _ axes: [Int]?, _ norm: FourierNorm, isForward: Bool
) -> Tensor {
  if Context.current.hasFailed { return .placeholder }
  return attempt { () throws(TensorError) in
    let a = try FourierArguments(name, x, lengths, axes, isHalf: true)
    guard let last = a.axes.last else { throw TensorError(name, "along no axes; one at least would fit") }
    var x = a.asComplex(a.resized(x, isHalf: true))
    if a.axes.count > 1 { x = ComplexTransform(name: name, axes: a.axes.dropLast(), isForward: isForward, scale: 1)(x) }
    let scale = norm.scale(a.lengths, isForward: isForward)
    return HermitianTransform(name: name, axis: last, length: a.lengths[a.lengths.count - 1], isForward: isForward, scale: scale)(x)
  } ?? .placeholder
}
