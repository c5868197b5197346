// Discrete Fourier transforms along one axis.

/// The discrete Fourier transform along an axis: y[k] = Σ x[j]·e^(−2πi·jk/n), for k = 0 ..< n.
///
/// x is real or complex (integers are refused), y complex: complex128 of float64 and complex128, else complex64. With a `length` x is cut to its first
/// numbers, or zeros are added behind it.
///
///     let spectrum = fft(signal)                 // [8, 1024]: complex64 [8, 1024]
///     abs(spectrum)[.all, 0..<512]
///
/// Any length of 1 or more: O(n·log n), also where n is a large prime number.
///
/// Accuracy: within 10⁻⁶ of the largest |y| in float32, 10⁻¹⁴ in float64.
///
/// Derivative: n·``ifft(_:length:axis:norm:)`` of dy, of a real x its real part.
///
/// PyTorch: `fft.fft`.
public func fft(_ x: Tensor, length: Int? = nil, axis: Int = -1, norm: FourierNorm = .backward) -> Tensor {
  complexTransform("fft", x, length.map { [$0] }, [axis], norm, isForward: true)
}

/// The inverse of ``fft(_:length:axis:norm:)``: y[j] = 1/n·Σ x[k]·e^(2πi·jk/n).
///
/// Derivative: ``fft(_:length:axis:norm:)`` of dy, divided by n.
///
/// PyTorch: `fft.ifft`.
public func ifft(_ x: Tensor, length: Int? = nil, axis: Int = -1, norm: FourierNorm = .backward) -> Tensor {
  complexTransform("ifft", x, length.map { [$0] }, [axis], norm, isForward: false)
}

/// The transform of real numbers: the first n/2 + 1 numbers of ``fft(_:length:axis:norm:)``, of which the others are the conjugates.
///
/// Half the time and memory of `fft`. Accuracy as there.
///
///     rfft(signal)                               // float32 [8, 1024]: complex64 [8, 513]
///
/// Derivative: the real part of Σ dy[k]·e^(2πi·jk/n) over these k.
///
/// PyTorch: `fft.rfft`.
public func rfft(_ x: Tensor, length: Int? = nil, axis: Int = -1, norm: FourierNorm = .backward) -> Tensor {
  realTransform("rfft", x, length.map { [$0] }, [axis], norm, isForward: true)
}

/// The inverse of ``rfft(_:length:axis:norm:)``: the n real numbers whose first n/2 + 1 complex ones these are.
///
/// n is `length`, 2·(m − 1) for m numbers unless told: an odd one has to be. x is cut or padded to n/2 + 1 numbers. The imaginary part of the first
/// number is left out, and that of the last one if n is even.
///
/// Derivative: ``rfft(_:length:axis:norm:)`` of dy, divided by n, twice that for the numbers that stand for two.
///
/// PyTorch: `fft.irfft`.
public func irfft(_ x: Tensor, length: Int? = nil, axis: Int = -1, norm: FourierNorm = .backward) -> Tensor {
  hermitianTransform("irfft", x, length.map { [$0] }, [axis], norm, isForward: false)
}

/// The transform of complex numbers of which the first m = n/2 + 1 are told and the others are their conjugates: n real numbers.
///
/// n is `length`, 2·(m − 1) unless told. As ``irfft(_:length:axis:norm:)`` with the sign of i turned and no division by n.
///
/// PyTorch: `fft.hfft`.
public func hfft(_ x: Tensor, length: Int? = nil, axis: Int = -1, norm: FourierNorm = .backward) -> Tensor {
  hermitianTransform("hfft", x, length.map { [$0] }, [axis], norm, isForward: true)
}

/// The inverse of ``hfft(_:length:axis:norm:)``: the first n/2 + 1 numbers of 1/n·Σ x[j]·e^(2πi·jk/n), for real x.
///
/// PyTorch: `fft.ihfft`.
public func ihfft(_ x: Tensor, length: Int? = nil, axis: Int = -1, norm: FourierNorm = .backward) -> Tensor {
  realTransform("ihfft", x, length.map { [$0] }, [axis], norm, isForward: false)
}
