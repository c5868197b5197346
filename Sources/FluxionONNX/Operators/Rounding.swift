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
    let made: Tensor?? = detached.withBytes { bytes in
      let x = bytes.assumingMemoryBound(to: Float.self)
      return Tensor(shape, .float32) { out in
        let out = out.assumingMemoryBound(to: Float.self)
        for i in x.indices { out[i] = f(x[i]) }
      }
    }
    return made.flatMap { $0 } ?? self
  }

  /// The softmax along an axis; of halves rounded at each of the steps that ONNX defines it by.
  func softmax(axis: Int, of type: ONNXElementType) -> Tensor {
    if !type.isHalf || shape[axis] == 0 { return softmax(axis: axis) }
    let powers = exp((self - max(axis: axis, keepDims: true)).rounded(to: type)).rounded(to: type)
    return (powers / powers.sum(axis: axis, keepDims: true).rounded(to: type)).rounded(to: type)
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
