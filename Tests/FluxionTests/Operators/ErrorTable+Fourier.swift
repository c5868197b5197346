import Tensors

private func z(_ shape: Shape, _ dtype: DType = .float32) -> Tensor { .zeros(shape, dtype) }

extension ErrorTable {
  static let fourier = [
    ErrorRow("fft: of int64; a floating-point or complex dtype would fit: convert with .cast(to:)") { _ = fft(z([4], .int64)) },
    ErrorRow("fft: axis 2 of [3, 4]; -2 to 1 would fit") { _ = fft(z([3, 4]), axis: 2) },
    ErrorRow("fft: axis -1 of a scalar, which has none") { _ = fft(z([])) },
    ErrorRow("fft: of [2, 0] along axis 1: a length of 0; 1 or more would fit") { _ = fft(z([2, 0])) },
    ErrorRow("ifft: a length of -3; 1 or more would fit") { _ = ifft(z([4]), length: -3) },
    ErrorRow("rfft: of complex64; real numbers would fit, or fft for complex ones") { _ = rfft(z([4], .complex64)) },
    ErrorRow("ihfft: of complex64; real numbers would fit, or ifft for complex ones") { _ = ihfft(z([4], .complex64)) },
    ErrorRow("irfft: of [1] along axis 0: a length of 0; 1 or more would fit") { _ = irfft(z([1])) },
    ErrorRow("rfft: shape [4294967296, 4294967296] has more elements than memory could hold") {
      _ = rfft(Tensor.zeros([1]).expanded([1 << 32, 1]), length: 1 << 32)
    },
    ErrorRow("fft2: lengths [4] for axes [-2, -1]; as many lengths as axes would fit") { _ = fft2(z([4, 4]), lengths: [4]) },
    ErrorRow("fftn: lengths [4, 4] for the 1 axes of [4]") { _ = fftn(z([4]), lengths: [4, 4]) },
    ErrorRow("ifftn: axis -1 of [4, 4] is named twice in [1, -1]") { _ = ifftn(z([4, 4]), axes: [1, -1]) },
    ErrorRow("rfftn: along no axes; one at least would fit") { _ = rfftn(z([4]), axes: []) },
    ErrorRow("hfftn: along no axes; one at least would fit") { _ = hfftn(z([4]), axes: []) },
    ErrorRow("fftfreq: of 0 numbers; 1 or more would fit") { _ = fftfreq(0) },
    ErrorRow("rfftfreq: not defined for int64, only for floating-point dtypes") { _ = rfftfreq(4, .int64) },
    ErrorRow("fftshift: axis 1 of [4]; -1 to 0 would fit") { _ = fftshift(z([4]), axes: [1]) },
    ErrorRow("stft: of int64 [8]; floating-point or complex [samples] or [batch, samples] would fit") { _ = stft(z([8], .int64), size: 4) },
    ErrorRow("stft: frames of 0; 1 or more would fit") { _ = stft(z([8]), size: 0) },
    ErrorRow("stft: a hop of 0; 1 or more would fit") { _ = stft(z([8]), size: 3) },
    ErrorRow("stft: a window of 6 numbers in frames of 4; 1 to 4 would fit") { _ = stft(z([8]), size: 4, windowLength: 6) },
    ErrorRow("stft: a window of float64 [4]; float32 [4] would fit") { _ = stft(z([8]), size: 4, window: z([4], .float64)) },
    ErrorRow("stft: frames of 8 centered in 4 samples; 5 samples or more would fit") { _ = stft(z([4]), size: 8) },
    ErrorRow("stft: frames of 8 in 4 samples; 1 to 4 would fit") { _ = stft(z([4]), size: 8, isCentered: false) },
    ErrorRow("stft: one-sided of complex numbers; of real numbers and a real window would fit") {
      _ = stft(z([8], .complex64), size: 4, isOneSided: true)
    },
    ErrorRow("istft: of float32 [3, 4]; complex [frequencies, frames] or [batch, frequencies, frames] would fit") {
      _ = istft(z([3, 4]), size: 4)
    },
    ErrorRow("istft: of [4, 4] for frames of 8; 5 frequencies along axis 0 would fit") { _ = istft(z([4, 4], .complex64), size: 8) },
    ErrorRow("istft: a hop of 4 with windows of 2, which leave gaps; 1 to 2 would fit") {
      _ = istft(z([3, 4], .complex64), size: 4, hop: 4, windowLength: 2)
    },
    ErrorRow("istft: one-sided spectra of a complex signal; all 4 frequencies would fit") {
      _ = istft(z([3, 4], .complex64), size: 4, isComplex: true)
    },
    ErrorRow("istft: a length of -1; 0 or more would fit") { _ = istft(z([3, 4], .complex64), size: 4, length: -1) },
    ErrorRow("istft: with windows whose squares add up to 0.0 somewhere; overlapping windows would fit, or a smaller hop") {
      _ = istft(z([3, 4], .complex64), size: 4, hop: 4, window: z([4]), isCentered: false)
    },
  ]
}
