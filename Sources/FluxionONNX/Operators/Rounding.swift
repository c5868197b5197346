import Autodiff
import Tensors

extension Tensor {
  /// The nearest values of a half type, held by float32; the gradient goes through unchanged.
  func rounded(to type: ONNXElementType) -> Tensor {
    if !type.isHalf || !hasElements { return self }
    return customGradient(at: self) { x in
      x.mapFloats { type.rounded($0) }
    } pullback: { _, _, dy in
      dy
    }
  }

  /// A float32 tensor of f of each element; not differentiated.
  func mapFloats(_ f: (Float) -> Float) -> Tensor {
    if !hasElements || hasFailed { return self }
    let made = Tensor(
      shape, .float32,
      filling: { out in
        let out = out.assumingMemoryBound(to: Float.self)
        for (i, x) in detached.reshaped([-1]).scalars(Float.self).enumerated() { out[i] = f(x) }
      })
    return made ?? self
  }

  /// f of each element of a tensor of integers or Booleans; not differentiated.
  func mapIntegers(_ f: (Int) -> Int) -> Tensor {
    if !hasElements || hasFailed { return self }
    return Tensor(detached.cast(to: .int64).reshaped([-1]).scalars(Int.self).map(f), shape: shape).cast(to: dtype)
  }

  /// Integers as a narrower type would wrap them around.
  func wrapped(to type: ONNXElementType) -> Tensor {
    switch type {
    case .uint8: self % 256
    case .uint16: self % 65536
    case .uint32: self % 4_294_967_296
    case .int8: (self + 128) % 256 - 128
    case .int16: (self + 32768) % 65536 - 32768
    default: self
    }
  }
}
