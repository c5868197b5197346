// Discrete Fourier transforms along two axes or more.
//
// Derivatives are those of the transforms along one axis.

/// The discrete Fourier transform along two axes: ``fft(_:length:axis:norm:)`` along one after the other.
///
/// x is real or complex, y complex. With `lengths` x is cut or padded with zeros along the axes.
///
/// PyTorch: `fft.fft2`.
public func fft2(_ x: Tensor, lengths: [Int]? = nil, axes: [Int] = [-2, -1], norm: FourierNorm = .backward) -> Tensor {
  complexTransform("fft2", x, lengths, axes, norm, isForward: true)
}

/// The discrete Fourier transform along axes: ``fft(_:length:axis:norm:)`` along one after the other.
///
/// The `axes` are the last ones if `lengths` are told, and all unless told. x is real or complex, y complex. With `lengths` x is cut or padded with zeros along the axes.
///
/// PyTorch: `fft.fftn`.
public func fftn(_ x: Tensor, lengths: [Int]? = nil, axes: [Int]? = nil, norm: FourierNorm = .backward) -> Tensor {
  complexTransform("fftn", x, lengths, axes, norm, isForward: true)
}

/// The inverse of ``fft2(_:lengths:axes:norm:)``.
///
/// PyTorch: `fft.ifft2`.
public func ifft2(_ x: Tensor, lengths: [Int]? = nil, axes: [Int] = [-2, -1], norm: FourierNorm = .backward) -> Tensor {
  complexTransform("ifft2", x, lengths, axes, norm, isForward: false)
}

/// The inverse of ``fftn(_:lengths:axes:norm:)``.
///
/// The `axes` are the last ones if `lengths` are told, and all unless told.
///
/// PyTorch: `fft.ifftn`.
public func ifftn(_ x: Tensor, lengths: [Int]? = nil, axes: [Int]? = nil, norm: FourierNorm = .backward) -> Tensor {
  complexTransform("ifftn", x, lengths, axes, norm, isForward: false)
}

/// The transform of real numbers along two axes: ``rfft(_:length:axis:norm:)`` along the last of them, ``fft(_:length:axis:norm:)`` along the other.
///
/// The result has n/2 + 1 numbers along the last of the axes.
///
/// PyTorch: `fft.rfft2`.
public func rfft2(_ x: Tensor, lengths: [Int]? = nil, axes: [Int] = [-2, -1], norm: FourierNorm = .backward) -> Tensor {
  realTransform("rfft2", x, lengths, axes, norm, isForward: true)
}

/// The transform of real numbers along axes: ``rfft(_:length:axis:norm:)`` along the last of them, ``fft(_:length:axis:norm:)`` along the others.
///
/// The `axes` are the last ones if `lengths` are told, and all unless told. The result has n/2 + 1 numbers along the last of the axes.
///
/// PyTorch: `fft.rfftn`.
public func rfftn(_ x: Tensor, lengths: [Int]? = nil, axes: [Int]? = nil, norm: FourierNorm = .backward) -> Tensor {
  realTransform("rfftn", x, lengths, axes, norm, isForward: true)
}

/// The inverse of ``rfft2(_:lengths:axes:norm:)``: ``ifft(_:length:axis:norm:)`` along all but the last of the axes, ``irfft(_:length:axis:norm:)`` along it.
///
/// The last of the `lengths` is 2·(m − 1) for m numbers unless told.
///
/// PyTorch: `fft.irfft2`.
public func irfft2(_ x: Tensor, lengths: [Int]? = nil, axes: [Int] = [-2, -1], norm: FourierNorm = .backward) -> Tensor {
  hermitianTransform("irfft2", x, lengths, axes, norm, isForward: false)
}

/// The inverse of ``rfftn(_:lengths:axes:norm:)``: ``ifft(_:length:axis:norm:)`` along all but the last of the axes, ``irfft(_:length:axis:norm:)`` along it.
///
/// The `axes` are the last ones if `lengths` are told, and all unless told. The last of the `lengths` is 2·(m − 1) for m numbers unless told.
///
/// PyTorch: `fft.irfftn`.
public func irfftn(_ x: Tensor, lengths: [Int]? = nil, axes: [Int]? = nil, norm: FourierNorm = .backward) -> Tensor {
  hermitianTransform("irfftn", x, lengths, axes, norm, isForward: false)
}

/// The transform of half of the complex numbers along two axes: ``fft(_:length:axis:norm:)`` along all but the last of them, ``hfft(_:length:axis:norm:)`` along it.
///
/// The last of the `lengths` is 2·(m − 1) for m numbers unless told.
///
/// PyTorch: `fft.hfft2`.
public func hfft2(_ x: Tensor, lengths: [Int]? = nil, axes: [Int] = [-2, -1], norm: FourierNorm = .backward) -> Tensor {
  hermitianTransform("hfft2", x, lengths, axes, norm, isForward: true)
}

/// The transform of half of the complex numbers along axes: ``fft(_:length:axis:norm:)`` along all but the last of them, ``hfft(_:length:axis:norm:)`` along it.
///
/// The `axes` are the last ones if `lengths` are told, and all unless told. The last of the `lengths` is 2·(m − 1) for m numbers unless told.
///
/// PyTorch: `fft.hfftn`.
public func hfftn(_ x: Tensor, lengths: [Int]? = nil, axes: [Int]? = nil, norm: FourierNorm = .backward) -> Tensor {
  hermitianTransform("hfftn", x, lengths, axes, norm, isForward: true)
}

/// The inverse of ``hfft2(_:lengths:axes:norm:)``: ``ihfft(_:length:axis:norm:)`` along the last of the axes, ``ifft(_:length:axis:norm:)`` along the other.
///
/// PyTorch: `fft.ihfft2`.
public func ihfft2(_ x: Tensor, lengths: [Int]? = nil, axes: [Int] = [-2, -1], norm: FourierNorm = .backward) -> Tensor {
  realTransform("ihfft2", x, lengths, axes, norm, isForward: false)
}

/// The inverse of ``hfftn(_:lengths:axes:norm:)``: ``ihfft(_:length:axis:norm:)`` along the last of the axes, ``ifft(_:length:axis:norm:)`` along the others.
///
/// The `axes` are the last ones if `lengths` are told, and all unless told.
///
/// PyTorch: `fft.ihfftn`.
public func ihfftn(_ x: Tensor, lengths: [Int]? = nil, axes: [Int]? = nil, norm: FourierNorm = .backward) -> Tensor {
  realTransform("ihfftn", x, lengths, axes, norm, isForward: false)
}
