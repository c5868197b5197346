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
    do throws(TensorError) {
      let context = Context.current
      if let profiler = context.profiler { return try profiler.run(primitive, x, signature, context) }
      return try primitive.evaluate(x, signature)
    } catch {
      var error = error
      if error.operation.isEmpty { error.operation = primitive.name }
      if error.location.isEmpty { error.location = location }
      throw error
    }
  }

  override func draws(from stream: RandomStream) {
    guard let draw, var random = primitive as? any RandomPrimitive else { return }
    random.draw = Draw(seed: stream.seed, position: stream.position &+ draw.offset)
    if let random = random as? P { primitive = random }
  }
}
