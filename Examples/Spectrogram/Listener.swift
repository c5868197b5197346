import Fluxion

/// How strong each frequency is in each of a signal's frames, 0 for what is 60 decibels below 1 and less: [batch, samples] to [batch, 1, 65, 65].
///
/// Frames of 128 samples, half of which they share with their neighbours.
@Sendable func spectrogram(_ signal: Tensor) -> Tensor {
  let window = Tensor.window(.hann, count: 128, isPeriodic: true)
  let spectra = stft(signal, size: 128, hop: 64, window: window, isNormalized: true)
  let power = abs(spectra).squared
  return (log(power + 1e-6) * (1 / 13.8) + 1).unsqueezed(axis: 1)
}

/// Looks at the spectrogram as at an image: [batch, samples] to [batch, kinds] logits.
func listener() -> some Model<Tensor, Tensor> {
  Chain {
    spectrogram
    Conv2D(1, 8, kernel: 3, stride: 2, padding: 1)
    BatchNorm(8)
    relu
    Conv2D(8, 16, kernel: 3, stride: 2, padding: 1)
    BatchNorm(16)
    relu
    Conv2D(16, 32, kernel: 3, stride: 2, padding: 1)
    BatchNorm(32)
    relu
    Flatten()
    Dense(32 * 9 * 9, 64, activation: relu)
    Dropout(0.3)
    Dense(64, Sound.allCases.count)
  }
}
