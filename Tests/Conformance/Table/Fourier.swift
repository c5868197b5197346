import Fluxion

extension Arguments {
  /// A tensor whose integers PyTorch would take as float32.
  fileprivate func spectral() throws -> Tensor {
    let x = try x
    return x.dtype.isFloatingPoint || x.dtype.isComplex ? x : x.cast(to: .float32)
  }

  fileprivate func norm() throws -> FourierNorm {
    let name = try string("norm", at: 3, default: "backward")
    guard let norm = ["backward": FourierNorm.backward, "forward": .forward, "ortho": .ortho][name] else { throw CaseError("norm \(name)") }
    return norm
  }
}

extension Table {
  private typealias OneAxis = @Sendable (Tensor, Int?, Int, FourierNorm) -> Tensor
  private typealias Axes = @Sendable (Tensor, [Int]?, [Int]?, FourierNorm) -> Tensor

  static let fourier = Family("Fourier transforms") { rows in
    let ofOneAxis: [(String, OneAxis)] = [
      ("fft", { fft($0, length: $1, axis: $2, norm: $3) }), ("ifft", { ifft($0, length: $1, axis: $2, norm: $3) }),
      ("rfft", { rfft($0, length: $1, axis: $2, norm: $3) }), ("irfft", { irfft($0, length: $1, axis: $2, norm: $3) }),
      ("hfft", { hfft($0, length: $1, axis: $2, norm: $3) }), ("ihfft", { ihfft($0, length: $1, axis: $2, norm: $3) }),
    ]
    for (name, transform) in ofOneAxis {
      rows.add("fft.\(name)", "\(name)(x, length: n, axis: axis, norm: .ortho)") { a in
        try transform(a.spectral(), a.optionalInt("n", at: 1), a.int("dim", at: 2, default: -1), a.norm())
      }
    }
    let ofTwo: [(String, Axes)] = [
      ("fft2", { fft2($0, lengths: $1, axes: $2 ?? [-2, -1], norm: $3) }),
      ("ifft2", { ifft2($0, lengths: $1, axes: $2 ?? [-2, -1], norm: $3) }),
      ("rfft2", { rfft2($0, lengths: $1, axes: $2 ?? [-2, -1], norm: $3) }),
      ("irfft2", { irfft2($0, lengths: $1, axes: $2 ?? [-2, -1], norm: $3) }),
      ("hfft2", { hfft2($0, lengths: $1, axes: $2 ?? [-2, -1], norm: $3) }),
      ("ihfft2", { ihfft2($0, lengths: $1, axes: $2 ?? [-2, -1], norm: $3) }),
    ]
    let ofMany: [(String, Axes)] = [
      ("fftn", { fftn($0, lengths: $1, axes: $2, norm: $3) }), ("ifftn", { ifftn($0, lengths: $1, axes: $2, norm: $3) }),
      ("rfftn", { rfftn($0, lengths: $1, axes: $2, norm: $3) }), ("irfftn", { irfftn($0, lengths: $1, axes: $2, norm: $3) }),
      ("hfftn", { hfftn($0, lengths: $1, axes: $2, norm: $3) }), ("ihfftn", { ihfftn($0, lengths: $1, axes: $2, norm: $3) }),
    ]
    for (name, transform) in ofTwo + ofMany {
      rows.add("fft.\(name)", "\(name)(x, lengths: [m, n], axes: axes, norm: .ortho)") { a in
        try transform(a.spectral(), a.optionalInts("s", at: 1), a.optionalInts("dim", at: 2), a.norm())
      }
    }
    rows.add("fft.fftshift", "fftshift(x, axes: axes)") { a in try fftshift(a.x, axes: a.optionalInts("dim", at: 1)) }
    rows.add("fft.ifftshift", "ifftshift(x, axes: axes)") { a in try ifftshift(a.x, axes: a.optionalInts("dim", at: 1)) }
    rows.add("stft", "stft(x, size: n, hop: hop, window: window)") { a in
      let modes: [String: PaddingMode?] = ["reflect": .reflect, "replicate": .replicate, "circular": .circular, "constant": nil]
      guard let padding = modes[try a.string("pad_mode", at: 6, default: "reflect")] else { throw CaseError("a pad_mode") }
      return try stft(
        a.x, size: a.int("n_fft", at: 1), hop: a.optionalInt("hop_length", at: 2), windowLength: a.optionalInt("win_length", at: 3),
        window: a.optionalTensor("window", at: 4), isCentered: a.bool("center", at: 5, default: true), padding: padding,
        isNormalized: a.bool("normalized", at: 7), isOneSided: a.has("onesided", at: 8) ? a.bool("onesided", at: 8) : nil)
    }
    rows.add("istft", "istft(x, size: n, hop: hop, window: window)") { a in
      try istft(
        a.x, size: a.int("n_fft", at: 1), hop: a.optionalInt("hop_length", at: 2), windowLength: a.optionalInt("win_length", at: 3),
        window: a.optionalTensor("window", at: 4), isCentered: a.bool("center", at: 5, default: true),
        isNormalized: a.bool("normalized", at: 6), isOneSided: a.has("onesided", at: 7) ? a.bool("onesided", at: 7) : nil,
        length: a.optionalInt("length", at: 8), isComplex: a.bool("return_complex", at: 9))
    }
  }
}
