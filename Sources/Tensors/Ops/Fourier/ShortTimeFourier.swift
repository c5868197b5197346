/// The spectra of a signal's frames (short-time Fourier transform): y[…, k, t] = Σ window[j]·x[…, t·hop + j]·e^(−2πi·jk/size).
///
/// x is [samples] or [batch, samples], y [frequencies, frames] or [batch, frequencies, frames]. A frame has `size` numbers and begins `hop` behind the one
/// before it, a quarter of its size unless told. There are size/2 + 1 frequencies, or `size` where it is not one-sided, as it cannot be if x or the window
/// is complex.
///
///     let spectra = stft(sound, size: 512, hop: 128, window: .window(.hann, count: 512, isPeriodic: true))     // [257, frames]
///     let decibels = 20 * log10(abs(spectra) + 1e-6)
///
/// - Parameters:
///   - windowLength: The window's, and the frame's without a window: as many numbers in the middle of a frame, all unless told, are not 0.
///   - window: What the numbers of a frame are multiplied by, of x's dtype; 1 unless told.
///   - isCentered: Whether frame t is centered at t·hop: size/2 numbers are added at both ends of x.
///   - padding: Which numbers; zeros if nil.
///   - isNormalized: Whether spectra are divided by √size.
///
/// Derivative: the frames' gradients, times the window, added where frames overlap.
///
/// PyTorch: `stft` with `return_complex`.
public func stft(
  _ x: Tensor, size: Int, hop: Int? = nil, windowLength: Int? = nil, window: Tensor? = nil, isCentered: Bool = true,
  padding: PaddingMode? = .reflect, isNormalized: Bool = false, isOneSided: Bool? = nil
) -> Tensor {
  if Context.current.hasFailed { return .placeholder }
  return attempt { () throws(TensorError) in
    let name = "stft"
    let (x, window) = (x.widened, window?.widened)
    let isComplex = x.dtype.isComplex || window?.dtype.isComplex ?? false
    guard x.dtype.isFloatingPoint || x.dtype.isComplex, x.rank == 1 || x.rank == 2 else {
      throw TensorError(name, "of \(x.dtype) \(x.shape); floating-point or complex [samples] or [batch, samples] would fit")
    }
    if isOneSided == true && isComplex {
      throw TensorError(name, "one-sided of complex numbers; of real numbers and a real window would fit")
    }
    let frames = try Frames(name, size: size, hop: hop, windowLength: windowLength, window: window, isComplex ? x.dtype.complex : x.dtype)
    var signal = x.rank == 1 ? x.unsqueezed(axis: 0) : x
    if isCentered {
      if let padding {
        if padding == .reflect && size / 2 >= signal.shape[1] || padding == .circular && size / 2 > signal.shape[1] {
          throw TensorError(
            name,
            "frames of \(size) centered in \(signal.shape[1]) samples; \(size / 2 + (padding == .reflect ? 1 : 0)) samples or more would fit"
          )
        }
        signal = signal.padded([(size / 2, size / 2)], mode: padding)
      } else {
        signal = signal.padded([(size / 2, size / 2)])
      }
    }
    guard size <= signal.shape[1] else {
      throw TensorError(name, "frames of \(size) in \(signal.shape[1]) samples; 1 to \(signal.shape[1]) would fit")
    }
    var parts = signal.windows(axis: 1, size: size, step: frames.hop)
    if let window = frames.window { parts = parts.cast(to: window.dtype) * window }
    let norm: FourierNorm = isNormalized ? .ortho : .backward
    let spectra =
      isOneSided ?? !isComplex
      ? realTransform(name, parts, nil, [2], norm, isForward: true) : complexTransform(name, parts, nil, [2], norm, isForward: true)
    let y = spectra.transposed()
    return x.rank == 1 ? y.squeezed(axes: 0) : y
  } ?? .placeholder
}

/// The signal that has these spectra of frames: the inverse of ``stft(_:size:hop:windowLength:window:isCentered:padding:isNormalized:isOneSided:)``.
///
/// Each frame's transform back times the window is added where it lies, and the sum divided by that of the windows' squares, which must not be 0 anywhere.
/// What centering added is cut off. With a `length` the signal has as many samples, zeros where there were none.
///
///     istft(stft(x, size: 64, window: w), size: 64, window: w, length: 1000)      // x of 1,000 samples
///
/// - Parameters:
///   - isOneSided: Whether x has size/2 + 1 frequencies of a real signal; it follows from x unless told.
///   - isComplex: Whether the signal is complex; x then has all frequencies.
///
/// PyTorch: `istft`.
public func istft(
  _ x: Tensor, size: Int, hop: Int? = nil, windowLength: Int? = nil, window: Tensor? = nil, isCentered: Bool = true,
  isNormalized: Bool = false, isOneSided: Bool? = nil, length: Int? = nil, isComplex: Bool = false
) -> Tensor {
  if Context.current.hasFailed { return .placeholder }
  return attempt { () throws(TensorError) in
    let name = "istft"
    let window = window?.widened
    guard x.dtype.isComplex, x.rank == 2 || x.rank == 3, x.shape[-1] > 0 else {
      throw TensorError(name, "of \(x.dtype) \(x.shape); complex [frequencies, frames] or [batch, frequencies, frames] would fit")
    }
    let frames = try Frames(name, size: size, hop: hop, windowLength: windowLength, window: window, isComplex ? x.dtype : x.dtype.real)
    if frames.hop > frames.windowLength {
      throw TensorError(
        name, "a hop of \(frames.hop) with windows of \(frames.windowLength), which leave gaps; 1 to \(frames.windowLength) would fit")
    }
    let isOneSided = isOneSided ?? (x.shape[-2] != size)
    if isOneSided && isComplex { throw TensorError(name, "one-sided spectra of a complex signal; all \(size) frequencies would fit") }
    let count = isOneSided ? size / 2 + 1 : size
    guard x.shape[-2] == count else {
      throw TensorError(name, "of \(x.shape) for frames of \(size); \(count) frequencies along axis \(x.rank - 2) would fit")
    }
    if let length, length < 0 { throw TensorError(name, "a length of \(length); 0 or more would fit") }

    var spectra = (x.rank == 2 ? x.unsqueezed(axis: 0) : x).transposed()
    let norm: FourierNorm = isNormalized ? .ortho : .backward
    if !isOneSided && !isComplex { spectra = spectra[axis: 2, 0..<size / 2 + 1] }
    var parts =
      isComplex
      ? complexTransform(name, spectra, nil, [2], norm, isForward: false)
      : hermitianTransform(name, spectra, [size], [2], norm, isForward: false)
    if Context.current.hasFailed { return .placeholder }
    let (batch, n) = (parts.shape[0], parts.shape[1])
    let (reach, isTooLong) = frames.hop.multipliedReportingOverflow(by: n - 1)
    let total = isTooLong ? Int.max / 2 : reach.addingReportingOverflow(size).overflow ? Int.max / 2 : reach + size
    try Shape([batch, total]).check(name)

    if let window = frames.window { parts = parts * window }
    let places = Strided(shape: [batch, n, size], strides: [total, frames.hop, 1], offset: 0)
    let sum = StridedAdd(places: places, shape: [batch, total])(parts)
    let square = frames.window.map { $0 * $0 } ?? .ones([size], parts.dtype)
    let row = Strided(shape: [1, n, size], strides: [total, frames.hop, 1], offset: 0)
    let weight = StridedAdd(places: row, shape: [1, total])(square.expanded([1, n, size]))

    let start = isCentered ? size / 2 : 0
    let (wanted, isBeyond) = start.addingReportingOverflow(length ?? 0)
    try Shape([batch, length ?? 0]).check(name)
    let end = Swift.max(start, Swift.min(total, length == nil ? (isCentered ? total - size / 2 : total) : isBeyond ? total : wanted))
    guard start <= total, end > start || length == 0 else {
      throw TensorError(name, "of \(n) frames of \(size), which leave nothing once what centering added is cut off")
    }
    let (kept, weights) = (sum[axis: 1, start..<end], weight[axis: 1, start..<end])
    try checkEnvelope(name, weights)
    var y = kept / weights
    if let length, end - start < length { y = y.padded([(0, length - (end - start))]) }
    return x.rank == 2 ? y.squeezed(axes: 0) : y
  } ?? .placeholder
}

/// Where the windows' squares add up to nothing a signal cannot be told; only seen where the window is no value of a trace.
private func checkEnvelope(_ name: String, _ weights: Tensor) throws(TensorError) {
  let weights = weights.detached
  if Context.current.hasFailed || Context.current.isDry || weights.body.traced != nil || weights.elementCount == 0 { return }
  let least = abs(weights).min().item()
  if least < 1e-11 {
    throw TensorError(name, "with windows whose squares add up to \(least) somewhere; overlapping windows would fit, or a smaller hop")
  }
}

/// How a signal is cut into frames.
private struct Frames {
  let hop: Int
  let windowLength: Int
  /// As long as a frame; nil where it is 1 everywhere.
  let window: Tensor?

  /// - Parameter dtype: What frames are multiplied in; a real window is made complex where that is.
  init(_ name: String, size: Int, hop: Int?, windowLength: Int?, window: Tensor?, _ dtype: DType) throws(TensorError) {
    guard size > 0 else { throw TensorError(name, "frames of \(size); 1 or more would fit") }
    self.hop = hop ?? size / 4
    guard self.hop > 0 else { throw TensorError(name, "a hop of \(self.hop); 1 or more would fit") }
    self.windowLength = windowLength ?? window?.elementCount ?? size
    guard self.windowLength > 0, self.windowLength <= size else {
      throw TensorError(name, "a window of \(self.windowLength) numbers in frames of \(size); 1 to \(size) would fit")
    }
    if let window {
      guard window.shape == [self.windowLength], window.dtype == dtype || window.dtype == dtype.real else {
        throw TensorError(name, "a window of \(window.dtype) \(window.shape); \(dtype.real) [\(self.windowLength)] would fit")
      }
    }
    try Shape([size]).check(name)
    let missing = size - self.windowLength
    let given = window?.cast(to: dtype) ?? (missing > 0 ? Tensor.ones([self.windowLength], dtype) : nil)
    self.window = missing > 0 ? given?.padded([(missing / 2, missing - missing / 2)]) : given
  }
}
