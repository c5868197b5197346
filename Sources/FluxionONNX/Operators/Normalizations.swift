import Tensors

extension OperatorTable {
  /// Statistics taken out.
  static let normalizations: [Operator] = [
    Operator("BatchNormalization", [1, 6, 7, 9, 14, 15], "`batchNorm(x, mean:variance:weight:bias:epsilon:)`") { call in
      let (x, type) = (try call.tensor(0), try call.type(0))
      let weight = try call.tensor(1).cast(to: x.dtype), bias = try call.tensor(2).cast(to: x.dtype)
      let mean = try call.tensor(3), variance = try call.tensor(4)
      let epsilon = try call.attributes.float("epsilon", 1e-5)
      if call.version < 9, try call.attributes.int("spatial", 1) == 0 {
        throw ONNXError.field("attribute spatial", "0; 1 would fit")
      }
      if !(try call.attributes.flag("training_mode")) {
        return [
          .tensor(
            TypedTensor(
              batchNorm(
                x, mean: mean.cast(to: x.dtype), variance: variance.cast(to: x.dtype), weight: weight, bias: bias, epsilon: epsilon), type))
        ]
      }
      let axes = [0] + Array(x.rank > 2 ? 2..<x.rank : 2..<2)
      let momentum = try call.attributes.float("momentum", 0.9)
      let y = batchNorm(x, weight: weight, bias: bias, epsilon: epsilon)
      let moved = mean * momentum + x.mean(axes: axes).cast(to: mean.dtype) * (1 - momentum)
      let spread = variance * momentum + x.variance(axes: axes, correction: 0).cast(to: variance.dtype) * (1 - momentum)
      return [
        .tensor(TypedTensor(y, type)), .tensor(TypedTensor(moved, try call.type(3))), .tensor(TypedTensor(spread, try call.type(4))),
      ]
    },
    .one("InstanceNormalization", [1, 6, 22], "`instanceNorm(x, weight:bias:epsilon:)`") { call in
      instanceNorm(
        try call.tensor(0), weight: try call.tensor(1), bias: try call.tensor(2), epsilon: try call.attributes.float("epsilon", 1e-5))
    },
    Operator("LayerNormalization", [17], "`layerNorm(x, over:weight:bias:epsilon:)`") { call in
      let (x, type) = (try call.tensor(0), try call.type(0))
      let (weight, bias) = (try call.optional(1), try call.optional(2))
      let axis = try call.axis(try call.attributes.int("axis", -1), rank: x.rank)
      let epsilon = try call.attributes.float("epsilon", 1e-5)
      let shape = Shape(x.shape[axis...])
      let axes = Array(axis..<x.rank)
      var y: Tensor
      if weight.map({ $0.shape == shape }) ?? true, bias.map({ $0.shape == shape }) ?? true {
        y = layerNorm(x, over: shape, weight: weight, bias: bias, epsilon: epsilon)
      } else {
        y = layerNorm(x, over: shape, epsilon: epsilon)
        if let weight { y = y * weight }
        if let bias { y = y + bias }
      }
      var values: [Value] = [.tensor(TypedTensor(y, type))]
      if call.outputCount > 1 {
        let stash: ONNXElementType = type == .double ? .double : .float
        values.append(.tensor(TypedTensor(x.mean(axes: axes, keepDims: true), stash)))
        values.append(.tensor(TypedTensor(rsqrt(x.variance(axes: axes, keepDims: true, correction: 0) + epsilon), stash)))
      }
      return values
    },
    .one("RMSNormalization", [23], "`rmsNorm(x, over:weight:epsilon:)`") { call in
      let (x, weight) = (try call.tensor(0), try call.tensor(1).cast(to: try call.tensor(0).dtype))
      let axis = try call.axis(try call.attributes.int("axis", -1), rank: x.rank)
      let epsilon = try call.attributes.float("epsilon", 1e-5)
      let shape = Shape(x.shape[axis...])
      if weight.shape == shape { return rmsNorm(x, over: shape, weight: weight, epsilon: epsilon) }
      return rmsNorm(x, over: shape, epsilon: epsilon) * weight
    },
    .one("GroupNormalization", [18, 21], "`groupNorm(x, groups:weight:bias:epsilon:)`") { call in
      let (x, weight, bias) = (try call.tensor(0), try call.tensor(1), try call.tensor(2))
      guard let groups = try call.attributes.int("num_groups") else { throw ONNXError.field("attribute num_groups", "is missing") }
      let epsilon = try call.attributes.float("epsilon", 1e-5)
      if call.version >= 21 { return groupNorm(x, groups: groups, weight: weight, bias: bias, epsilon: epsilon) }
      // Before version 21 a group had one weight.
      if x.rank < 2 || groups < 1 || x.shape[1] % groups != 0 { throw ONNXError.field("attribute num_groups", "\(groups) for \(x.shape)") }
      let size = x.shape[1] / groups
      return groupNorm(
        x, groups: groups, weight: weight.repeated(size, axis: 0), bias: bias.repeated(size, axis: 0), epsilon: epsilon)
    },
    .one("LpNormalization", [1, 22], "`x / x.norm(p, axis:keepDims:)`") { call in
      let x = try call.tensor(0)
      let axis = try call.axis(try call.attributes.int("axis", -1), rank: x.rank)
      let norm = x.norm(Double(try call.attributes.int("p", 2)), axis: axis, keepDims: true)
      // A vector of zeros stays one.
      return x / select(norm .== 0, 1, norm)
    },
    .one("LRN", [1, 13], "`x / pow(k + alpha / size * (sum of squares of neighbours), beta)`") { call in
      let x = try call.tensor(0)
      guard let size = try call.attributes.int("size"), size > 0, size < 1 << 24 else {
        throw ONNXError.field("attribute size", "a number of channels would fit")
      }
      if x.rank < 2 { throw ONNXError.field("input 0", "\(x.shape); [batch, channels, …] would fit") }
      let (alpha, beta, k) = (
        try call.attributes.float("alpha", 1e-4), try call.attributes.float("beta", 0.75), try call.attributes.float("bias", 1)
      )
      var amounts = Array(repeating: (before: 0, after: 0), count: x.rank)
      amounts[1] = ((size - 1) / 2, size - 1 - (size - 1) / 2)
      let sums = x.squared.padded(amounts).windows(axis: 1, size: size).sum(axis: -1)
      return x / pow(k + alpha / Double(size) * sums, beta)
    },
    .one("MeanVarianceNormalization", [9, 13], "`(x - mean) / standardDeviation`") { call in
      let x = try call.tensor(0)
      let axes = try call.axes(try call.attributes.ints("axes") ?? [0, 2, 3], rank: x.rank)
      return (x - x.mean(axes: axes, keepDims: true)) / (sqrt(x.variance(axes: axes, keepDims: true, correction: 0)) + 1e-9)
    },
    Operator("Dropout", [1, 6, 7, 10, 12, 13, 22], "`dropout(x, probability:using:)` where it is to train, else `x`") { call in
      let (x, type) = (try call.tensor(0), try call.type(0))
      let ratio: Double
      var trains = false
      if call.version < 12 {
        ratio = try call.attributes.float("ratio", 0.5)
      } else {
        ratio = call.has(1) ? try call.double(1) : 0.5
        if call.has(2) { trains = try call.integer(2) != 0 }
      }
      let maskType: ONNXElementType = call.version < 10 ? type : .bool
      if !trains || ratio == 0 {
        return [.tensor(TypedTensor(x, type)), .tensor(TypedTensor(.ones(x.shape, maskType.dtype ?? .bool), maskType))]
      }
      var random = try call.randomStream()
      let kept = 1 - Tensor.bernoulli(x.shape, probability: ratio, using: &random).cast(to: x.dtype)
      return [.tensor(TypedTensor(x * kept / (1 - ratio), type)), .tensor(TypedTensor(kept .!= 0, .bool))]
    },
  ]
}
