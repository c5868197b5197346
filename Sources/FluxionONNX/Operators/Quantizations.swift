import Tensors

extension OperatorTable {
  /// Numbers as small integers with a scale and a zero point.
  static let quantizations: [Operator] = [
    Operator("QuantizeLinear", [10, 13, 19, 21, 23, 24, 25, 28], "`(round(x / scale) + zero).clamped(min:max:)`") { call in
      let x = try call.typed(0)
      let zero = call.has(2) ? try call.typed(2) : nil
      let given = try call.attributes.elementType("output_dtype")
      let type = zero?.type ?? given ?? .uint8
      if let given, let zero, given != zero.type {
        throw ONNXError.field("attribute output_dtype", "\(given) for a zero point of \(zero.type)")
      }
      let scale = try call.aligned(1, with: x.shape)
      let isWide = try call.attributes.elementType("precision") == .double
      let wide: DType = isWide || x.tensor.dtype == .float64 ? .float64 : .float32
      let ratio = x.tensor.cast(to: wide) / scale.cast(to: wide)
      return [.tensor(try call.quantized(ratio, zero == nil ? nil : call.aligned(2, with: x.shape), type))]
    },
    Operator("DequantizeLinear", [10, 13, 19, 21, 23, 24, 25, 28], "`(x - zero) * scale`") { call in
      let x = try call.typed(0)
      let scaleType = try call.type(1)
      let type = try call.attributes.elementType("output_dtype") ?? scaleType
      let scale = try call.aligned(1, with: x.shape)
      var y = x.tensor.cast(to: scale.dtype)
      if call.has(2) { y = y - (try call.aligned(2, with: x.shape)).cast(to: scale.dtype) }
      return [.tensor(try TypedTensor(y * scale, scaleType).cast(to: type, "attribute output_dtype"))]
    },
    Operator("DynamicQuantizeLinear", [11], "the same with the scale and the zero point of x's own range") { call in
      let x = try call.tensor(0)
      let least = minimum(x.min(), 0), most = maximum(x.max(), 0)
      let scale = (most - least) / 255
      let safe = select(scale .== 0, 1, scale)
      let zero = round((-least / safe).clamped(min: 0.0, max: 255.0))
      let y = (round(x / safe) + zero).clamped(min: 0.0, max: 255.0)
      return [
        .tensor(TypedTensor(y.cast(to: .int32), .uint8)), .tensor(TypedTensor(scale, .float)),
        .tensor(TypedTensor(zero.cast(to: .int32), .uint8)),
      ]
    },
    Operator("QLinearMatMul", [10, 21], "a product of integers less their zero points, quantised again") { call in
      let x = try call.scaled(0, scale: 1, zero: 2, isRow: true), y = try call.scaled(3, scale: 4, zero: 5, isRow: false)
      let product = matmul(x, y)
      let type = call.has(7) ? try call.type(7) : try call.type(0)
      return [.tensor(try call.quantized(product / (try call.tensor(6)).cast(to: .float64), call.has(7) ? call.tensor(7) : nil, type))]
    },
    Operator("QLinearConv", [10], "a convolution of integers less their zero points, quantised again") { call in
      let x = try call.shifted(0, zero: 2, isRow: false).cast(to: .float64)
      var weight = try call.tensor(3)
      let channels = Shape([-1] + Array(repeating: 1, count: max(0, weight.rank - 1)))
      func byChannel(_ i: Int) throws -> Tensor {
        let x = try call.tensor(i)
        return x.elementCount == 1 ? x.reshaped([]) : x.reshaped(channels)
      }
      if call.has(5) { weight = weight - (try byChannel(5)) }
      let sums = try call.convolution(x, weight.cast(to: .float64), call.optional(8)?.cast(to: .float64))
      // A scale of the weight's for each of the outputs, which are axis 1 of the result.
      let weightScale = try byChannel(4).cast(to: .float64)
      let spread = weightScale.rank == 0 ? weightScale : weightScale.reshaped(Shape([-1] + Array(repeating: 1, count: sums.rank - 2)))
      let scale = try call.tensor(1).cast(to: .float64).reshaped([]) * spread / (try call.tensor(6)).cast(to: .float64).reshaped([])
      let type = call.has(7) ? try call.type(7) : try call.type(0)
      return [.tensor(try call.quantized(sums * scale, call.has(7) ? call.tensor(7).reshaped([]) : nil, type))]
    },
  ]
}

extension Call {
  /// The nearest integers, halves to even, with the zero point and within the type.
  func quantized(_ x: Tensor, _ zero: Tensor?, _ type: ONNXElementType) throws(ONNXError) -> TypedTensor {
    if !type.isInteger { throw .field("output", "\(type); an integer type of a byte or more would fit") }
    let dtype = try type.held("output")
    var y = round(x)
    if let zero { y = y + zero.cast(to: y.dtype) }
    return TypedTensor(y.clamped(min: Double(type.range.lowerBound), max: Double(type.range.upperBound)).cast(to: dtype), type)
  }

  /// Scales or zero points as they broadcast with x: one, one for each position of an axis, or one for each block of it.
  func aligned(_ i: Int, with shape: Shape) throws(ONNXError) -> Tensor {
    let x = try tensor(i)
    let block = try attributes.int("block_size", 0)
    if x.elementCount == 1 && block == 0 { return x.reshaped([]) }
    let axis = try self.axis(try attributes.int("axis", 1), rank: shape.rank)
    if block > 0 {
      if x.rank != shape.rank || x.shape[axis].saturatingTimes(block) < shape[axis] {
        throw .field("input \(i)", "\(x.shape) for \(shape) in blocks of \(block)")
      }
      return x.repeated(block, axis: axis)[axis: axis, 0..<shape[axis]]
    }
    if x.rank != 1 || x.shape[0] != shape[axis] { throw .field("input \(i)", "\(x.shape) for axis \(axis) of \(shape)") }
    return x.reshaped(Shape([x.shape[0]] + Array(repeating: 1, count: shape.rank - 1 - axis)))
  }

  /// What integers stand for, in float64; scales and zero points may be of each row or column.
  func scaled(_ i: Int, scale: Int, zero: Int, isRow: Bool) throws(ONNXError) -> Tensor {
    let x = try shifted(i, zero: zero, isRow: isRow).cast(to: .float64)
    let factor = try tensor(scale).cast(to: .float64)
    if factor.elementCount == 1 { return x * factor.reshaped([]) }
    return x * (factor.rank == 1 && isRow ? factor.reshaped([-1, 1]) : factor)
  }
}
