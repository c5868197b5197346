/// One use of a primitive in a graph: its attributes, and the values that it takes and gives.
class TracedNode: @unchecked Sendable {
  /// The values of the operands, and after them those of the tensors among the attributes.
  fileprivate(set) var operands: [Int]
  var result = -1
  /// The values among the operands that it writes and does not read.
  var saved: [Int] = []
  let signature: Signature
  /// The part of a model that it ran in.
  let location: String
  /// The stream that it draws from, and how far from that stream's beginning.
  let draw: (stream: Int, offset: UInt64)?

  fileprivate init(_ operands: [Int], _ signature: Signature, _ draw: (stream: Int, offset: UInt64)?, _ location: String) {
    (self.operands, self.signature, self.draw, self.location) = (operands, signature, draw, location)
  }

  var name: String { fatalError("overridden") }
  /// The primitive, whose stored properties are the attributes.
  var attributes: any Sendable { fatalError("overridden") }
  /// Whether it draws random numbers.
  var isRandom: Bool { draw != nil }
  var isView: Bool { fatalError("overridden") }
  /// Whether it looks at elements and computes nothing.
  var isCheck: Bool { false }
  /// Whether it takes no more than a pass over memory, and may be computed again where its result is read late.
  var isCheap: Bool { false }
  /// The element-wise program, if it is one.
  var formula: String? { nil }
  /// Its program and the numbers of this use, if it is an element-wise operator.
  var elementwise: (program: Program, scalars: SIMD4<Double>, label: StaticString)? { nil }
  /// The reduction, if it is one.
  var reduction: Reduce? { nil }
  /// What tells operators apart that give different results of the same operands.
  var key: Int { fatalError("overridden") }
  /// The operator as a step of a plan, on these tensors.
  func step(_ tensor: (Int) -> Tensor) -> PlanStep { fatalError("overridden") }

  /// The same again, as another value.
  func copy(result: Int) -> TracedNode { fatalError("overridden") }

  /// Takes other values.
  func renumber(_ number: (Int) -> Int) { operands = operands.map(number) }
}

final class TracedOperator<P: Primitive>: TracedNode, @unchecked Sendable where P.Inputs: Operands {
  private let primitive: P
  private let inputs: P.Inputs

  init(
    _ primitive: P, _ x: P.Inputs, _ signature: Signature, _ draw: (stream: Int, offset: UInt64)?, _ location: String, _ tracer: Tracer
  ) {
    var numbers: [Int] = []
    // Shapes are enough: elements would be kept for as long as the graph is.
    inputs = x.mapOperands { operand in
      numbers.append(tracer.number(of: operand))
      return Tensor(hollow: operand.shape, operand.dtype)
    }
    var primitive = primitive
    var take = TakeAttributes(tracer: tracer)
    visitLeaves(of: &primitive, &take)
    self.primitive = primitive
    super.init(numbers + take.numbers, signature, draw, location)
  }

  /// An operator on these values, in place of others; those of tensors among the attributes come last.
  init(_ primitive: P, _ inputs: P.Inputs, _ operands: [Int], _ signature: Signature, result: Int, _ location: String) {
    (self.primitive, self.inputs) = (primitive, inputs)
    super.init(operands, signature, nil, location)
    self.result = result
  }

  override var name: String { primitive.name }
  override var attributes: any Sendable { primitive }
  override var isRandom: Bool { (primitive as? any RandomPrimitive)?.draw != nil }
  override var isView: Bool { primitive.isView }
  override var isCheck: Bool { primitive is any CheckingPrimitive }
  override var isCheap: Bool { primitive is any ElementwisePrimitive || primitive is any RecomputablePrimitive }
  override func copy(result: Int) -> TracedNode {
    TracedOperator(primitive, inputs, operands, signature, result: result, location)
  }
  override var formula: String? {
    let program = elementwise?.program ?? (primitive as? any ReducingPrimitive)?.program
    return program.map { Formula($0.expression, inputNames($0.inputCount), .mathematics).text }
  }
  override var elementwise: (program: Program, scalars: SIMD4<Double>, label: StaticString)? {
    (primitive as? any ElementwisePrimitive).map { ($0.program, $0.scalars, $0.label) }
  }

  override var reduction: Reduce? { primitive as? Reduce }

  override var key: Int {
    var primitive = primitive
    if draw != nil, var random = primitive as? any RandomPrimitive {
      random.draw = Draw(seed: 0, position: 0)
      primitive = random as? P ?? primitive
    }
    var hash = HashAttributes()
    hash.hasher.combine(ObjectIdentifier(P.self))
    hash.hasher.combine(signature)
    if let draw {
      hash.hasher.combine(draw.stream)
      hash.hasher.combine(draw.offset)
    }
    visitLeaves(of: &primitive, &hash)
    return hash.hasher.finalize()
  }

  override func step(_ tensor: (Int) -> Tensor) -> PlanStep {
    var next = 0
    func take() -> Tensor {
      next += 1
      return tensor(operands[next - 1])
    }
    let x = inputs.mapOperands { _ in take() }
    var primitive = primitive
    withoutActuallyEscaping(take) { take in
      var put = PutAttributes(take: take)
      visitLeaves(of: &primitive, &put)
    }
    return OperatorStep(primitive, x, self)
  }
}

/// Lets go of the elements of tensors among the attributes, and takes down which values they are.
private struct TakeAttributes: LeafVisitor {
  static let isReading = false
  let tracer: Tracer
  var numbers: [Int] = []

  init(tracer: Tracer) { self.tracer = tracer }
  mutating func tensor(_ x: inout Tensor) {
    numbers.append(tracer.number(of: x))
    x = Tensor(hollow: x.shape, x.dtype)
  }
  mutating func stream(_ x: inout RandomStream) {}
  mutating func other(_ hash: (inout Hasher) -> Void) {}
}

private struct PutAttributes: LeafVisitor {
  static let isReading = false
  let take: () -> Tensor
  mutating func tensor(_ x: inout Tensor) { x = take() }
  mutating func stream(_ x: inout RandomStream) {}
  mutating func other(_ hash: (inout Hasher) -> Void) {}
}

private struct HashAttributes: LeafVisitor {
  static let isReading = true
  var hasher = Hasher()
  mutating func tensor(_ x: inout Tensor) {}
  mutating func stream(_ x: inout RandomStream) { hasher.combine(x) }
  mutating func other(_ hash: (inout Hasher) -> Void) { hash(&hasher) }
}

/// What a formula calls its inputs.
private func inputNames(_ count: Int) -> [String] {
  (0..<count).map { $0 < 4 ? ["x", "y", "z", "w"][$0] : "x\($0)" }
}

/// A primitive that is an element-wise program.
protocol ElementwisePrimitive: Primitive {
  var program: Program { get }
  var scalars: SIMD4<Double> { get }
  var label: StaticString { get }
}

extension Map: ElementwisePrimitive {}

/// A primitive that is no element-wise program and takes no longer than one.
protocol RecomputablePrimitive: Primitive {}

extension NormalizeRows: RecomputablePrimitive {}

extension MapReduce: ReducingPrimitive {
  var program: Program { map.program }
  var scalars: SIMD4<Double> { map.scalars }
}

/// A primitive that is an element-wise program with a reduction at its end.
protocol ReducingPrimitive: Primitive {
  var program: Program { get }
  var scalars: SIMD4<Double> { get }
}
