/// An operator of a plan, on tensors that stay where they are from run to run.
class PlanStep {
  let location: String
  let draw: (stream: Int, offset: UInt64)?
  /// The memory that its kernel asks for, in order.
  var bodies: [Body] = []
  /// Where its result belongs; nil while that is found out.
  var result: Tensor?

  init(_ node: TracedNode) { (location, draw) = (node.location, node.draw) }

  /// Runs the kernel.
  func run() throws(TensorError) -> Tensor { fatalError("overridden") }
  /// The same, with its time taken.
  func run(_ profiler: Profiler) throws(TensorError) -> Tensor { fatalError("overridden") }
  /// Draws from a stream, from where on its call begins.
  func draws(from stream: RandomStream) {}
}

final class OperatorStep<P: Primitive>: PlanStep where P.Inputs: Operands {
  private var primitive: P
  private let x: P.Inputs
  private let signature: Signature

  init(_ primitive: P, _ x: P.Inputs, _ node: TracedNode) {
    (self.primitive, self.x, signature) = (primitive, x, node.signature)
    super.init(node)
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
}
