import Foundation
import Tensors

extension OperatorTable {
  /// Spectra.
  static let signals: [Operator] = [
    .one("DFT", [17, 20], "products with cosines and sines") { call in
      let x = try call.tensor(0)
      let given: Int
      if call.version < 20 {
        given = try call.attributes.int("axis", 1)
      } else {
        given = call.has(2) ? try call.integer(2) : -2
      }
      let axis = try call.axis(given, rank: x.rank, "axis")
      if axis == x.rank - 1 || x.shape[-1] < 1 || x.shape[-1] > 2 {
        throw ONNXError.field("input 0", "\(x.shape); a last axis of 1 or 2 would fit")
      }
      return try call.transformed(
        x, axis, length: call.has(1) ? try call.integer(1) : nil, isInverse: try call.attributes.flag("inverse"),
        isOneSided: try call.attributes.flag("onesided"))
    },
    .one("STFT", [17], "`x.windows(axis:size:step:)`, times the window, and `DFT`") { call in
      var x = try call.tensor(0)
      let step = try call.integer(1)
      let window = try call.optional(2)
      if x.rank == 2 { x = x.unsqueezed(axis: 2) }
      if x.rank != 3 { throw ONNXError.field("input 0", "\(x.shape); [batch, samples, 1 or 2] would fit") }
      let length = call.has(3) ? try call.integer(3) : window?.elementCount ?? x.shape[1]
      guard step > 0, length > 0, length <= x.shape[1], window.map({ $0.elementCount <= length }) ?? true else {
        throw ONNXError.field("input 1", "steps of \(step) and frames of \(length) for \(x.shape)")
      }
      // [batch, frames, numbers, length] to [batch, frames, length, numbers]
      var frames = x.windows(axis: 1, size: length, step: step).transposed()
      if let window {
        let missing = length - window.elementCount
        frames = frames * window.padded([(missing / 2, missing - missing / 2)]).reshaped([length, 1])
      }
      return try call.transformed(frames, 2, length: length, isInverse: false, isOneSided: try call.attributes.flag("onesided", true))
    },
  ]
}

extension Call {
  /// The discrete Fourier transform along an axis of a tensor whose last axis is the real and, if there is one, the imaginary part.
  func transformed(_ x: Tensor, _ axis: Int, length: Int?, isInverse: Bool, isOneSided: Bool) throws(ONNXError) -> Tensor {
    let count = x.shape[axis]
    let isReal = isInverse && isOneSided
    let n = length ?? (isReal ? 2 * (count - 1) : count)
    if n < 1 || n > 1 << 13 { throw .field("dft_length", "\(n); 1 to \(1 << 13) would fit") }
    var used = min(count, n)
    if isReal { used = min(count, n / 2 + 1) }
    let frequencies = isOneSided && !isInverse ? n / 2 + 1 : n
    var (cosines, sines) = ([Double](), [Double]())
    cosines.reserveCapacity(used * frequencies)
    sines.reserveCapacity(used * frequencies)
    // One period, as the angle of a product of large numbers would be off.
    let period = (0..<n).map { 2 * .pi * Double($0) / Double(n) }
    let (c, s) = (period.map { cos($0) }, period.map { sin($0) })
    for i in 0..<used {
      // What a one-sided spectrum leaves out mirrors the rest.
      let weight = isReal && i > 0 && 2 * i != n ? 2.0 : 1
      for k in 0..<frequencies {
        cosines.append(weight * c[i * k % n])
        sines.append(weight * s[i * k % n])
      }
    }
    let wide: DType = x.dtype
    let part: Tensor = x[axis: axis, 0..<used].moved(axes: [axis], to: [x.rank - 1])
    // [..., numbers, used]
    let cosine = Tensor(cosines, shape: [used, frequencies]).cast(to: wide),
      sine = Tensor(sines, shape: [used, frequencies]).cast(to: wide)
    let real: Tensor = part[axis: -2, 0]
    let sign: Double = isInverse ? 1 : -1
    var re = matmul(real, cosine), im = matmul(real, sine) * sign
    if x.shape[-1] == 2 {
      let imaginary: Tensor = part[axis: -2, 1]
      re = re - matmul(imaginary, sine) * sign
      im = im + matmul(imaginary, cosine)
    }
    let numbers = isReal ? re.unsqueezed(axis: -1) : stack([re, im], axis: -1)
    let y = isInverse ? numbers / Double(n) : numbers
    // The transformed axis is the last but one now.
    return y.moved(axes: [y.rank - 2], to: [axis])
  }
}
