extension Table {
  static let fourier = Family("Fourier transforms") { rows in
    let transforms = ["fft", "fft2", "fftn", "hfft", "hfft2", "hfftn", "ifft", "ifft2", "ifftn", "ihfft", "ihfft2", "ihfftn"]
    let others = ["irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftn", "fftshift", "ifftshift"]
    for name in (transforms + others).map({ "fft.\($0)" }) + ["stft", "istft"] {
      rows.missing(name, because: "there are no Fourier transforms yet")
    }
  }
}
