import Tensors

extension OperatorTable {
  /// Numbers drawn from distributions: by `seed` where there is one, else from the program's stream.
  static let randoms: [Operator] = [
    drawn("RandomUniform", [1, 22], "`Tensor.uniform(shape, in:using:)`", isLike: false) { try $0.uniform($1, $2) },
    drawn("RandomUniformLike", [1, 22], "`Tensor.uniform(x.shape, in:using:)`", isLike: true) { try $0.uniform($1, $2) },
    drawn("RandomNormal", [1, 22], "`Tensor.normal(shape, mean:standardDeviation:using:)`", isLike: false) { try $0.normal($1, $2) },
    drawn("RandomNormalLike", [1, 22], "`Tensor.normal(x.shape, mean:standardDeviation:using:)`", isLike: true) { try $0.normal($1, $2) },
    Operator("Bernoulli", [15, 22], "`Tensor.uniform(x.shape, using:) .< x`") { call in
      let (x, own) = (try call.tensor(0), try call.type(0))
      let type = try call.attributes.elementType("dtype") ?? own
      var random = try call.randomStream()
      let ones = Tensor.uniform(x.shape, in: 0..<1, x.dtype, using: &random) .< x
      return [.tensor(TypedTensor(ones.cast(to: try type.held("attribute dtype")), type))]
    },
    Operator("Multinomial", [7, 22], "`Tensor.categorical(logits:…)`") { call in
      let x = try call.tensor(0)
      let count = try call.attributes.int("sample_size", 1)
      if x.rank != 2 || count < 0 || count > 1 << 32 { throw ONNXError.field("input 0", "\(x.shape); [batch, classes] would fit") }
      let type = try call.attributes.elementType("dtype") ?? .int32
      var random = try call.randomStream()
      // The largest of the log-probabilities with Gumbel noise is a draw from them.
      let noise = Tensor.uniform([x.shape[0], count, x.shape[1]], in: 0..<1, x.dtype, using: &random)
      let draws = (x.unsqueezed(axis: 1) - log(-log(noise + 1e-20) + 1e-20)).argmax(axis: 2)
      return [.tensor(TypedTensor(draws.cast(to: try type.held("attribute dtype")), type))]
    },
  ]

  private static func drawn(
    _ name: String, _ versions: [Int], _ text: String, isLike: Bool,
    _ f: @escaping @Sendable (Call, Shape, DType) throws -> Tensor
  ) -> Operator {
    Operator(name, versions, text) { call in
      let shape: Shape
      var type = ONNXElementType.float
      if isLike {
        let x = try call.typed(0)
        shape = x.shape
        if x.type.isFloatingPoint { type = x.type }
      } else {
        let sizes = try call.attributes.ints("shape") ?? []
        if sizes.count > 8 || sizes.contains(where: { $0 < 0 }) { throw ONNXError.field("attribute shape", "\(sizes)") }
        shape = Shape(sizes)
      }
      type = try call.attributes.elementType("dtype") ?? type
      if !type.isFloatingPoint { throw ONNXError.field("attribute dtype", "\(type); a floating-point type would fit") }
      return [.tensor(TypedTensor(try f(call, shape, try type.held("attribute dtype")), type))]
    }
  }
}

extension Call {
  /// The stream of the node's seed, or the next of the program's.
  func randomStream() throws(ONNXError) -> RandomStream {
    if attributes.has("seed"), case .int(let seed)? = attributes["seed"] { return RandomStream(seed: UInt64(bitPattern: Int64(seed))) }
    if let seed = try attributes.float("seed") { return RandomStream(seed: seed.bitPattern) }
    return currentRandomStream()
  }

  func uniform(_ shape: Shape, _ dtype: DType) throws -> Tensor {
    let (low, high) = (try attributes.float("low", 0), try attributes.float("high", 1))
    guard low < high else { throw ONNXError.field("attribute low", "\(low) and high \(high); a range would fit") }
    var random = try randomStream()
    return Tensor.uniform(shape, in: low..<high, dtype, using: &random)
  }

  func normal(_ shape: Shape, _ dtype: DType) throws -> Tensor {
    var random = try randomStream()
    return Tensor.normal(
      shape, mean: try attributes.float("mean", 0), standardDeviation: try attributes.float("scale", 1), dtype, using: &random)
  }
}
