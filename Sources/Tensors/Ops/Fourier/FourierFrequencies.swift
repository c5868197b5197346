// What belongs to each place of a transform's result, and results with frequency 0 in the middle.

/// The frequencies of the numbers that ``fft(_:length:axis:norm:)`` gives for `count` numbers at distances of `spacing`:
/// [0, 1, …, −2, −1]/(count·spacing).
///
///     fftfreq(5)                                 // [0, 0.2, 0.4, −0.4, −0.2]
///
/// PyTorch: `fft.fftfreq`.
public func fftfreq(_ count: Int, spacing: Double = 1, _ dtype: DType = .float32) -> Tensor {
  frequencies("fftfreq", count, spacing, dtype, isHalf: false)
}

/// The frequencies of the count/2 + 1 numbers that ``rfft(_:length:axis:norm:)`` gives: [0, 1, …]/(count·spacing).
///
/// PyTorch: `fft.rfftfreq`.
public func rfftfreq(_ count: Int, spacing: Double = 1, _ dtype: DType = .float32) -> Tensor {
  frequencies("rfftfreq", count, spacing, dtype, isHalf: true)
}

private func frequencies(_ name: String, _ count: Int, _ spacing: Double, _ dtype: DType, isHalf: Bool) -> Tensor {
  if Context.current.hasFailed { return .placeholder }
  guard dtype.isFloatingPoint else {
    fail(TensorError(name, "not defined for \(dtype), only for floating-point dtypes"))
    return .placeholder
  }
  guard count > 0 else {
    fail(TensorError(name, "of \(count) numbers; 1 or more would fit"))
    return .placeholder
  }
  guard attempt({ () throws(TensorError) in try Shape([count]).check(name) }) != nil else { return .placeholder }
  let places =
    isHalf ? Tensor.arange(count / 2 + 1) : concatenate([.arange(count - count / 2), .arange(from: -(count / 2), to: 0)])
  return (places.cast(to: .float64) * (1 / (Double(count) * spacing))).cast(to: dtype)
}

/// With the numbers of frequency 0 in the middle of the axes, all unless told: each axis rolled on by half its length.
///
/// Derivative: ``ifftshift(_:axes:)`` of dy. PyTorch: `fft.fftshift`.
public func fftshift(_ x: Tensor, axes: [Int]? = nil) -> Tensor { shifted("fftshift", x, axes) { $0 / 2 } }

/// The inverse of ``fftshift(_:axes:)``: each axis rolled back.
///
/// Derivative: ``fftshift(_:axes:)`` of dy. PyTorch: `fft.ifftshift`.
public func ifftshift(_ x: Tensor, axes: [Int]? = nil) -> Tensor { shifted("ifftshift", x, axes) { $0 - $0 / 2 } }

private func shifted(_ name: String, _ x: Tensor, _ axes: [Int]?, _ shift: (Int) -> Int) -> Tensor {
  if Context.current.hasFailed { return .placeholder }
  if let axes, axes.isEmpty { return x }
  guard let axes = attempt({ () throws(TensorError) in try x.axes(axes ?? [], name) }) else { return .placeholder }
  return axes.isEmpty ? x : x.rolled(by: axes.map { shift(x.shape[$0]) }, axes: axes)
}
