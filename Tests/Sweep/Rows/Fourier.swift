import Fluxion

extension Table {
  mutating func fourier() {
    row("fft(_:length:axis:norm:)") { h in fft(h.x, length: h.i(4), axis: h.i(1)).viewAsReal() }
    row("ifft(_:length:axis:norm:)") { h in ifft(h.x, length: h.i(4), axis: h.i(1)).viewAsReal() }
    row("rfft(_:length:axis:norm:)") { h in rfft(h.x, length: h.i(4), axis: h.i(1)).viewAsReal() }
    row("irfft(_:length:axis:norm:)") { h in irfft(h.x, length: h.i(4), axis: h.i(1)) }
    row("hfft(_:length:axis:norm:)") { h in hfft(h.x, length: h.i(4), axis: h.i(1)) }
    row("ihfft(_:length:axis:norm:)") { h in ihfft(h.x, length: h.i(4), axis: h.i(1)).viewAsReal() }
    row("fft2(_:lengths:axes:norm:)") { h in fft2(h.x, lengths: h.list(2, 4), axes: h.list(0, 1)).viewAsReal() }
    row("ifft2(_:lengths:axes:norm:)") { h in ifft2(h.x, lengths: h.list(2, 4), axes: h.list(0, 1)).viewAsReal() }
    row("rfft2(_:lengths:axes:norm:)") { h in rfft2(h.x, lengths: h.list(2, 4), axes: h.list(0, 1)).viewAsReal() }
    row("irfft2(_:lengths:axes:norm:)") { h in irfft2(h.x, lengths: h.list(2, 4), axes: h.list(0, 1)) }
    row("hfft2(_:lengths:axes:norm:)") { h in hfft2(h.x, lengths: h.list(2, 4), axes: h.list(0, 1)) }
    row("ihfft2(_:lengths:axes:norm:)") { h in ihfft2(h.x, lengths: h.list(2, 4), axes: h.list(0, 1)).viewAsReal() }
    row("fftn(_:lengths:axes:norm:)") { h in fftn(h.x, lengths: h.list(2, 4), axes: h.list(0, 1)).viewAsReal() }
    row("ifftn(_:lengths:axes:norm:)") { h in ifftn(h.x, lengths: h.list(2, 4), axes: h.list(0, 1)).viewAsReal() }
    row("rfftn(_:lengths:axes:norm:)") { h in rfftn(h.x, lengths: h.list(2, 4), axes: h.list(0, 1)).viewAsReal() }
    row("irfftn(_:lengths:axes:norm:)") { h in irfftn(h.x, lengths: h.list(2, 4), axes: h.list(0, 1)) }
    row("hfftn(_:lengths:axes:norm:)") { h in hfftn(h.x, lengths: h.list(2, 4), axes: h.list(0, 1)) }
    row("ihfftn(_:lengths:axes:norm:)") { h in ihfftn(h.x, lengths: h.list(2, 4), axes: h.list(0, 1)).viewAsReal() }
    row("fftfreq(_:spacing:_:)") { h in fftfreq(h.i(4), spacing: h.d(0.5)) }
    row("rfftfreq(_:spacing:_:)") { h in rfftfreq(h.i(4), spacing: h.d(0.5)) }
    row("fftshift(_:axes:)") { h in fftshift(h.x, axes: h.list(0, 1)) }
    row("ifftshift(_:axes:)") { h in ifftshift(h.x, axes: h.list(0, 1)) }
    let stft = "stft(_:size:hop:windowLength:window:isCentered:padding:isNormalized:isOneSided:)"
    for padding in [PaddingMode.reflect, nil] {
      row(stft) { h in
        Fluxion.stft(h.sequence.reshaped([1, 24]), size: h.i(8), hop: h.i(3), windowLength: h.i(6), padding: padding).viewAsReal()
      }
    }
    row("istft(_:size:hop:windowLength:window:isCentered:isNormalized:isOneSided:length:isComplex:)") { h in
      istft(h.sequence.reshaped([3, 4, 2]).viewAsComplex(), size: h.i(4), hop: h.i(1), windowLength: h.i(4), length: h.i(5))
    }
  }
}
