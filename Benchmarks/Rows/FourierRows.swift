import Fluxion

/// Fourier transforms: of one signal, of many, of real ones, of a length that is no power of two, of images, of frames.
func fourierRows() -> [Row] {
  func numbers(_ shape: Shape) -> Tensor { complex(Tensor.normal(shape), Tensor.normal(shape)) }
  return [
    .timed("kernel/fft/1K") {
      let x = numbers([1024])
      return { fft(x) }
    },
    .timed("kernel/fft/1000") {
      let x = numbers([1000])
      return { fft(x) }
    },
    .timed("kernel/fft/64x1024") {
      let x = numbers([64, 1024])
      return { fft(x) }
    },
    .timed("kernel/fft/rfft-64x1024") {
      let x = Tensor.normal([64, 1024])
      return { rfft(x) }
    },
    .timed("kernel/fft/irfft-64x1024") {
      let x = numbers([64, 513])
      return { irfft(x) }
    },
    .timed("kernel/fft/2d-256") {
      let x = numbers([256, 256])
      return { fft2(x) }
    },
    .timed("kernel/fft/stft-16x16000") {
      let (x, window) = (Tensor.normal([16, 16000]), Tensor.window(.hann, count: 512, isPeriodic: true))
      return { stft(x, size: 512, hop: 128, window: window) }
    },
  ]
}
