import Fluxion

/// The kinds of sound to tell apart.
enum Sound: Int, CaseIterable {
  case tone, rising, falling, warble, clicks, noise

  static let rate = 8000.0
  /// Half a second.
  static let length = 4096

  /// Signals of this kind, [count, samples], each with its own pitch, length and loudness, in white noise that is up to three times as strong.
  func signals(_ count: Int, using random: inout RandomStream) -> Tensor {
    func number(_ range: Range<Double>) -> Tensor { .uniform([count, 1], in: range, using: &random) }
    let time = Tensor.arange(Sound.length).cast(to: .float32).reshaped([1, Sound.length]) / Sound.rate
    let pitch = number(300..<2500)
    let signal: Tensor
    switch self {
    case .tone: signal = Sound.wave(pitch.expanded([count, Sound.length]))
    case .rising: signal = Sound.wave(pitch + time * number(1000..<2500))
    case .falling: signal = Sound.wave(pitch + 1300 - time * number(1000..<2500))
    case .warble: signal = Sound.wave(pitch + 600 + sin(time * number(4..<12) * (2 * Double.pi)) * number(80..<300))
    case .clicks:
      // What is left of each beat: short bursts of decaying noise.
      let beats = time * number(8..<20) + number(0..<1)
      signal = .normal([count, Sound.length], using: &random) * exp((beats - floor(beats)) * -20) * 2
    case .noise:
      // Noise of a band of frequencies: the others' numbers in its spectrum are 0.
      let frequencies = rfftfreq(Sound.length, spacing: 1 / Sound.rate).reshaped([1, -1])
      let isInBand = (abs(frequencies - pitch - 300) .< number(100..<300)).cast(to: .complex64)
      let band = irfft(rfft(.normal([count, Sound.length], using: &random)) * isInBand)
      signal = band / sqrt(band.squared.mean(axis: -1, keepDims: true))
    }
    // From somewhere on, for somewhat more than half of the time.
    let start = number(0..<0.2)
    let isThere = (time .>= start) .& (time .< start + number(0.25..<0.5))
    let noise = Tensor.normal([count, Sound.length], using: &random) * number(0.1..<1.2)
    return select(isThere, signal, 0) * number(0.4..<1.2) + noise
  }

  /// A sine whose frequency, [count, samples], may change all the time: its angle is the sum of what each sample adds.
  private static func wave(_ frequency: Tensor) -> Tensor { sin((frequency / rate).cumulativeSum(axis: -1) * (2 * Double.pi)) * 1.4 }

  /// So many of each kind, and which kinds they are.
  static func dataset(_ count: Int, using random: inout RandomStream) -> TensorDataset {
    let signals = allCases.map { $0.signals(count, using: &random) }
    return TensorDataset(concatenate(signals), Tensor(allCases.flatMap { Array(repeating: $0.rawValue, count: count) }))
  }
}
