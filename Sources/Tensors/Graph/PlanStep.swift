/// An operator of a plan, on tensors that stay where they are from run to run.
class PlanStep {
  let location: String
  let draw: (stream: Int, offset: UInt64)?
  /// The memory that its kernel asks for, in order.
  final var bodies: [Body] = []
  /// Where its result belongs; nil while that is found out.
  final var result: Tensor?
  /// Whether it has weights alone as its operands, so that its result stays from run to run while they do.
  final var isOfWeights = false
  /// What it does where nobody watches, if all that follows from shapes and layouts could be decided before.
  final var kernel: PlanKernel?

  init(_ location: String, draw: (stream: Int, offset: UInt64)?) { (self.location, self.draw) = (location, draw) }

  /// Runs the operator's kernel.
  func run() throws(TensorError) -> Tensor { fatalError("overridden") }
  /// The same, with its time taken.
  func run(_ profiler: Profiler) throws(TensorError) -> Tensor { fatalError("overridden") }
  /// Runs the operator in the memory that is planned for it, and sees to it that its result is where it belongs.
  final func run(in allocations: PlannedAllocations, _ profiler: Profiler?) throws(TensorError) {
    allocations.begin(bodies)
    defer { allocations.begin([]) }
    let y = try allocations.use { () throws(TensorError) in if let profiler { try run(profiler) } else { try run() } }
    if let result, y.pointer != result.pointer { copyElements(from: y, to: result) }
  }
  /// Draws from a stream, from where on its call begins.
  func draws(from stream: RandomStream) {}
  /// Decides what can be decided, with all tensors in place.
  func prepare(_ weights: PlanWeights) {}
}

final class OperatorStep<P: Primitive>: PlanStep where P.Inputs: Operands {
  private var primitive: P
  private let x: P.Inputs
  private let signature: Signature

  init(_ primitive: P, _ x: P.Inputs, _ node: TracedNode) {
    (self.primitive, self.x, signature) = (primitive, x, node.signature)
    super.init(node.location, draw: node.draw)
  }

  override func run() throws(TensorError) -> Tensor {
    do throws(TensorError) { return try primitive.evaluate(x, signature) } catch { throw completed(error) }
  }

  override func run(_ profiler: Profiler) throws(TensorError) -> Tensor {
    do throws(TensorError) { return try profiler.run(primitive, x, signature, .current) } catch { throw completed(error) }
  }

  @inline(never)
  private func completed(_ error: TensorError) -> TensorError {
    var error = error
    if error.operation.isEmpty { error.operation = primitive.name }
    if error.location.isEmpty { error.location = location }
    return error
  }

  override func draws(from stream: RandomStream) {
    guard let draw, var random = primitive as? any RandomPrimitive else { return }
    random.draw = Draw(seed: stream.seed, position: stream.position &+ draw.offset)
    if let random = random as? P { primitive = random }
  }

  override func prepare(_ weights: PlanWeights) {
    guard draw == nil, let result, result.isContiguous, result.shape == signature.shape, signature.shape.elementCount > 0 else { return }
    func planned<Q: PlannedPrimitive>(_ primitive: Q) -> PlanKernel? {
      (x as? Q.Inputs).flatMap { primitive.kernel($0, into: result, weights) }
    }
    kernel = (primitive as? any PlannedPrimitive).flatMap { planned($0) }
  }
}

/// Copies a result that lies elsewhere to where the caller has it.
final class CopyStep: PlanStep {
  private let x: Tensor

  init(_ x: Tensor, to y: Tensor) {
    self.x = x
    super.init("", draw: nil)
    (result, kernel) = (y, CopyKernel(x, to: y))
  }

  override func run() -> Tensor { x }
  override func run(_ profiler: Profiler) -> Tensor { x }
}
