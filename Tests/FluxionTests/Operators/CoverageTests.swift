import Testing

/// That nothing public is without a test: a new operator without a row fails here.
@Suite struct CoverageTests {
  /// What has no row, and why.
  static let exemptions = [
    "Tensor.orthonormalColumns()": "LayerTests: the orthogonal initialiser is it",
    "Tensor.integersOfLiteral": "LiteralTests",
    "Tensor.detached": "AutodiffTests: it has no values of its own",
    "struct Identity": "AutodiffTests: the step between nested gradients",
    "struct Assemble": "PartGradientTests: the gradients of parts in a recorded pass",
    "struct RoundedProduct": "Bfloat16ProductTests and MixedPrecisionTests: a product of the table in 16 bits",
    "struct Custom": "AutodiffTests, and each row's sabotage",
    "PreparedConvolution.callAsFunction(_: Tensor)": "RunningTests of ONNX: the same bits as the operator",
    "struct RandomTensor": "RandomTests",
    "struct RandomPermutation": "RandomTests",
    "struct Checked": "the errors of losses, sampling, quantiles and bags in ErrorTable",
    "Tensor.uniform(_: Shape, in: Range<Double>, _: DType, using: inout RandomStream)": "RandomTests",
    "Tensor.uniform(_: Shape, in: Range<Double>, _: DType)": "RandomTests",
    "Tensor.normal(_: Shape, mean: Double, standardDeviation: Double, _: DType, using: inout RandomStream)": "RandomTests",
    "Tensor.normal(_: Shape, mean: Double, standardDeviation: Double, _: DType)": "RandomTests",
    "Tensor.bernoulli(_: Shape, probability: Double, using: inout RandomStream)": "RandomTests",
    "Tensor.bernoulli(_: Shape, probability: Double)": "RandomTests",
    "Tensor.permutation(_: Int, using: inout RandomStream)": "RandomTests",
    "Tensor.permutation(_: Int)": "RandomTests",
    "Tensor.categorical(logits: Tensor, temperature: Double, topK: Int?, topP: Double?, minP: Double?, using: inout RandomStream)":
      "SamplingTests",
    "Tensor.categorical(logits: Tensor, temperature: Double, topK: Int?, topP: Double?, minP: Double?)": "SamplingTests",
    "Tensor.multinomial(_: Tensor, count: Int, replacement: Bool, using: inout RandomStream)": "SamplingTests",
    "Tensor.multinomial(_: Tensor, count: Int, replacement: Bool)": "SamplingTests",
  ]

  /// What primitives of a user's own are made with: PrimitiveTests.
  static let ofPrimitives = ["Primitive.", "Signature.", "Pair.", "Triple."]

  @Test func everyOperatorHasARow() {
    let covered = Set(OperatorTable.rows.flatMap(\.covers))
    let missing = Declarations.found.filter { name in
      !covered.contains(name) && Self.exemptions[name] == nil && !Self.ofPrimitives.contains { name.hasPrefix($0) }
    }
    #expect(missing.isEmpty)
  }

  /// A row that names what is not there tests nothing of it, and an exemption may have outlived its reason.
  @Test func everyRowIsOfSomething() {
    let found = Set(Declarations.found)
    let covered = Set(OperatorTable.rows.flatMap(\.covers))
    #expect(covered.subtracting(found).isEmpty)
    #expect(Set(Self.exemptions.keys).subtracting(found).isEmpty)
    #expect(covered.isDisjoint(with: Self.exemptions.keys))
  }

  /// The reader of sources reads what it should: were it blind, nothing would ever be missing.
  @Test func declarationsAreRead() {
    #expect(Set(Declarations.found).count > 200)
    let source = """
      struct Twist: Primitive {}
      struct Shake<X: Operands>: Primitive {
        public func unseen(_ x: Int) -> Int { x }
      }
      /// public func commented(_ x: Tensor) -> Tensor
      func ours(_ x: Tensor) -> Tensor { x }
      public func twist(_ x: Tensor, by angle: Double = 0.5..<1) -> Tensor { x }
      public func `repeat`<S: Scalar>(
        _ x: Tensor, times n: (Int, Int) = (1, 2), using random: inout RandomStream
      ) throws -> [Tensor] { [x] }
      extension Tensor {
        public static func .<> (x: Tensor, y: Tensor) -> Tensor { x }
        public static func .< <S: Scalar>(x: Tensor, a: S) -> Tensor { x }
        public static prefix func ~ (x: Tensor) -> Tensor { x }
        public static func <<= (x: inout Tensor, n: Int) {}
        public mutating func shake() {}
        public var twisted: Tensor { self }
        public var size: Int { 0 }
        public subscript(indices: any TensorIndex...) -> Tensor { self }
        public init(_ values: [Int]) {}
      }
      """
    #expect(
      Declarations.list(in: source) == [
        "struct Twist", "struct Shake", "twist(_: Tensor, by: Double)", "repeat(_: Tensor, times: (Int, Int), using: inout RandomStream)",
        ".<>(Tensor, Tensor)", ".<(Tensor, S)", "prefix ~(Tensor)", "<<=(inout Tensor, Int)", "Tensor.shake()", "Tensor.twisted",
        "Tensor.subscript(_: any TensorIndex)", "Tensor.init(_: [Int])",
      ])
  }
}
