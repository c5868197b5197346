/// The operators that a function called, in order and before any fusion, as data: what writers of other formats go through.
package struct OperatorTrace: Sendable {
  /// One use of a primitive.
  package struct Node: Sendable {
    /// The operator as it is called: `matmul`.
    package let operation: String
    /// The part of a model that it ran in, or empty.
    package let part: String
    /// The primitive, whose stored properties are its attributes; tensors among them have no elements and are the last of ``operands``.
    package let primitive: any Sendable
    /// The type's name without what it is generic over: `Convolution`.
    package let kind: String
    /// The values that it takes, as places in ``OperatorTrace/values``, and after them those of the tensors among its attributes.
    package let operands: [Int]
    /// The value that it gives.
    package let result: Int
    /// Values that it writes beside its result.
    package let saved: [Int]
    /// Its instructions if it is element-wise, also where they end in a reduction.
    package let instructions: ElementwiseInstructions?
    /// Whether it draws random numbers.
    package let isRandom: Bool
    /// Whether it gives its operand after a look at the elements.
    package let isCheck: Bool
  }

  /// Shapes and dtypes of all tensors; the inputs come first.
  package let values: [Signature]
  /// The operators that the outputs depend on.
  package let nodes: [Node]
  /// The tensors that are the same at each call, by their places in ``values``.
  package let constants: [Int: Tensor]
  /// What the function gave.
  package let outputs: [Int]
  /// How many of ``values`` are inputs.
  package let inputCount: Int
}

/// An element-wise program as a list of instructions; the last one's result is the program's.
package struct ElementwiseInstructions: Sendable {
  /// What an instruction takes.
  package enum Operand: Sendable {
    case input(Int)
    /// The result of an instruction before.
    case instruction(Int)
    case number(Double)
    /// An integer that no Double is.
    case whole(Int64)
  }

  /// The instructions' numbers among ``fx_op``, and their operands.
  package let list: [(op: UInt32, operands: [Operand])]

  fileprivate init(_ program: Program, _ scalars: SIMD4<Double>) {
    let map = Map<Tensor>(program: program, scalars: scalars, label: "")
    let numbers = program.uniforms.map { map.number(of: $0) }
    var registers: [Int: Int] = [:]
    var list: [(op: UInt32, operands: [Operand])] = []
    for (i, instruction) in program.instructions.enumerated() {
      let (a, b, c) = instruction.arguments
      let operands = [a, b, c].compactMap { operand -> Operand? in
        switch operand {
        case .none: return nil
        case .input(let i): return .input(i)
        case .register(let i): return .instruction(registers[i] ?? 0)
        case .uniform(let i):
          if case .integer(let value) = numbers[i] { return .whole(value) }
          return .number(numbers[i].double)
        }
      }
      list.append((instruction.op, operands))
      registers[instruction.target] = i
    }
    self.list = list
  }
}

/// Why a function's operators could not be taken down.
package struct TraceRefusal: Error, Sendable {
  package let reason: String
}

/// Takes down the operators that a function calls while it runs on these inputs.
///
/// - Parameters:
///   - inputs: Stand for themselves in the trace.
///   - streams: What the function may draw from, beside the stream in force.
///   - labels: The names of the parts that operators run in.
///   - body: Is given the inputs as traced values, and gives what is traced.
/// - Throws: ``TraceRefusal`` where the operators alone would not do what the function does, and what `body` throws.
package func traceOperators(
  _ inputs: [Tensor], _ streams: [RandomStream], _ labels: PartLabels, _ body: ([Tensor]) throws -> [Tensor]
) throws -> OperatorTrace {
  let context = Context.current
  if context.tapeID != 0 { throw TraceRefusal(reason: "a gradient is being taken; outside of one it would run") }
  if context.isTracing || context.isDry { throw TraceRefusal(reason: "the function is being traced, or run on shapes alone, already") }
  let tracer = Tracer()
  let values = inputs.map { tracer.input((try? $0.detached.ordered) ?? $0) }
  for stream in streams + [context.random] { tracer.stream(stream) }
  let (outerLabels, random) = (context.labels, context.random)
  context.labels = labels
  context.tracer = tracer
  defer {
    context.tracer = nil
    context.labels = outerLabels
    context.random = random
  }
  let outputs = try body(values).map { tracer.output($0) }
  if let problem = tracer.problem { throw TraceRefusal(reason: problem) }
  var graph = TracedGraph(tracer, outputs: outputs)
  graph.removeDeadCode()
  return OperatorTrace(graph)
}

extension OperatorTrace {
  fileprivate init(_ graph: TracedGraph) {
    values = graph.values
    constants = graph.constants
    outputs = graph.outputs
    inputCount = graph.inputCount
    nodes = graph.nodes.map { $0.described }
  }
}

extension TracedNode {
  fileprivate var described: OperatorTrace.Node {
    var kind = "\(type(of: attributes))"
    if let bracket = kind.firstIndex(of: "<") { kind = String(kind[..<bracket]) }
    let instructions = elementwise.map { ElementwiseInstructions($0.program, $0.scalars) } ?? reducedProgram
    return OperatorTrace.Node(
      operation: name, part: location, primitive: attributes, kind: kind, operands: operands, result: result, saved: saved,
      instructions: instructions, isRandom: isRandom, isCheck: isCheck)
  }

  private var reducedProgram: ElementwiseInstructions? {
    (attributes as? any ReducingPrimitive).map { ElementwiseInstructions($0.program, $0.scalars) }
  }
}

extension Tensor {
  /// Without the repetitions of a broadcast tensor: axes along which its elements are the same ones in memory have size 1.
  package var withoutRepetitions: Tensor {
    if elementCount == 0 { return self }
    var shape = shape
    for axis in 0..<rank where strides[axis] == 0 { shape[axis] = 1 }
    return shape == self.shape ? self : view(shape: shape, strides: strides, offset: offset)
  }
}
