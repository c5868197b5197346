/// Takes down what operators a function calls, while it really runs: a graph of primitives.
///
/// Its inputs stand for themselves as values without elements of their own (``TracedElements``). What an operator makes of such a value is the
/// next value; what is made of none is a constant. Kernels, and operators that kernels call, run as ever.
package final class Tracer: @unchecked Sendable {
  private(set) var nodes: [TracedNode] = []
  /// The signature of each value, inputs first.
  private(set) var values: [Signature] = []
  /// The tensors that are no value of the graph and that operators take, by the value that stands for each.
  private(set) var constants: [Int: Tensor] = [:]
  private var constantNumbers: [ObjectIdentifier: Int] = [:]
  /// What operators wrote beside their results, by its memory: values of the graph that kernels know as tensors with elements.
  private var savedNumbers: [ObjectIdentifier: Int] = [:]
  private var saved: [Tensor] = []
  /// The streams that are drawn from, from where on.
  private(set) var streams: [RandomStream] = []
  private(set) var inputCount = 0
  /// Why what was taken down would not do what the function does; nil if it would.
  package private(set) var problem: String?

  /// An input of the graph.
  func input(_ x: Tensor) -> Tensor {
    inputCount += 1
    return value(of: x)
  }

  func stream(_ random: RandomStream) { streams.append(random) }

  private func value(of real: Tensor) -> Tensor {
    values.append(Signature(real.shape, real.dtype))
    return Tensor(.traced(TracedElements(self, values.count - 1, real)))
  }

  /// Says why no plan can be made.
  func refuse(_ problem: String) {
    if self.problem != nil { return }
    let place = Context.current.location
    self.problem = problem + (place.isEmpty ? "" : ", in \(place)")
  }

  /// Numbers are drawn by no operator.
  func draws(from random: RandomStream) {
    if streams.contains(where: { $0.seed == random.seed }) {
      refuse("numbers are drawn from a random stream by Swift code (next(), split(), permutation), which a plan would not draw again")
    }
  }

  /// The value that a tensor is; that of a constant if it is none of the graph's.
  func number(of x: Tensor) -> Int {
    if let traced = x.body.traced {
      if traced.tracer === self { return traced.value }
      refuse("a tensor of another trace is used")
      return number(of: traced.real)
    }
    let id = ObjectIdentifier(x.body)
    if let number = savedNumbers[id] ?? constantNumbers[id] { return number }
    values.append(Signature(x.shape, x.dtype))
    constants[values.count - 1] = x.detached
    constantNumbers[id] = values.count - 1
    return values.count - 1
  }

  /// Runs an operator, and takes it down if it depends on the inputs.
  func run<P: Primitive>(
    _ primitive: P, _ x: P.Inputs, _ signature: Signature, _ context: Context
  ) throws(TensorError) -> Tensor where P.Inputs: Operands {
    // What it gives is a value already.
    if primitive is any PassingPrimitive { return try primitive.evaluate(x, signature) }
    var isPart = false
    let real = x.mapOperands { operand in
      guard let traced = operand.body.traced else {
        if isSaved(operand) { isPart = true }
        return operand
      }
      isPart = true
      return traced.real.at(placeOf: operand)
    }
    var untraced = primitive
    var attributes = RealAttributes(tracer: self)
    visitLeaves(of: &untraced, &attributes)
    var draw: (stream: Int, offset: UInt64)?
    if let random = (primitive as? any RandomPrimitive)?.draw {
      draw = streams.indices.first { streams[$0].seed == random.seed && streams[$0].position <= random.position }.map {
        ($0, random.position - streams[$0].position)
      }
    }
    func evaluated() throws(TensorError) -> Tensor {
      context.tracer = nil
      defer { context.tracer = self }
      return try untraced.evaluate(real, signature)
    }
    let y = try evaluated()
    if !isPart && !attributes.isTraced && draw == nil { return y }
    let written = (primitive as? any SavingPrimitive)?.saved ?? []
    for x in written {
      values.append(Signature(x.shape, x.dtype))
      savedNumbers[ObjectIdentifier(x.body)] = values.count - 1
      saved.append(x)
    }
    let numbers = written.map { number(of: $0) }
    let node = TracedOperator(primitive, x, signature, draw, context.path.isEmpty ? "" : context.location(of: x), self)
    let result = value(of: y.detached)
    node.result = values.count - 1
    node.saved = numbers
    nodes.append(node)
    return result
  }

  /// Whether an operator wrote it beside its result.
  fileprivate func isSaved(_ x: Tensor) -> Bool { !savedNumbers.isEmpty && savedNumbers[ObjectIdentifier(x.body)] != nil }

  /// What the function gives back in place of a tensor.
  func output(_ x: Tensor) -> Int { number(of: x) }
}

/// Puts elements in place of the traced values among a primitive's attributes.
private struct RealAttributes: LeafVisitor {
  static let isReading = false
  let tracer: Tracer
  private(set) var isTraced = false

  init(tracer: Tracer) { self.tracer = tracer }
  mutating func tensor(_ x: inout Tensor) {
    guard let traced = x.body.traced else {
      if tracer.isSaved(x) { isTraced = true }
      return
    }
    isTraced = true
    x = traced.real
  }
  mutating func stream(_ x: inout RandomStream) {}
  mutating func other(_ hash: (inout Hasher) -> Void) {}
}
