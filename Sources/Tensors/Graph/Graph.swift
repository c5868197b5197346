/// A traced function as data: what it takes, the operators in order, and what it gives.
public struct Graph: Sendable, CustomStringConvertible {
  /// A tensor: an input, a constant, or an operator's result.
  public struct Value: Sendable, Hashable {
    /// Its place in ``Graph/values``.
    public let number: Int
    /// The sizes of its axes.
    public let shape: Shape
    /// The type of its elements.
    public let dtype: DType
  }

  /// One use of an operator.
  public struct Node: Sendable {
    /// The operator as it is called: `matmul`.
    public let operation: String
    /// What it is for element-wise operators, as mathematics; nil for others.
    public let formula: String?
    /// The model part that it runs in, or empty.
    public let part: String
    /// The values that it takes, as places in ``Graph/values``.
    public let inputs: [Int]
    /// The value that it gives.
    public let output: Int
    /// What it was called with beside tensors, by name, as text: `[("axis", "1"), ("keepDims", "false")]`; of element-wise operators nothing, whose
    /// ``formula`` tells.
    public let attributes: [(name: String, text: String)]
  }

  /// All tensors; the inputs come first.
  public private(set) var values: [Value]
  /// The operators, each after those whose results it takes.
  public private(set) var nodes: [Node]
  /// The values that the function takes.
  public let inputs: [Int]
  /// The values that are the same at each call.
  public let constants: [Int]
  /// The values that the function gives.
  public private(set) var outputs: [Int]

  init(_ graph: TracedGraph) {
    values = graph.values.enumerated().map { Value(number: $0, shape: $1.shape, dtype: $1.dtype) }
    nodes = graph.nodes.map {
      Node(
        operation: $0.name, formula: $0.formula, part: $0.location, inputs: $0.operands, output: $0.result,
        attributes: $0.formula == nil ? texts(of: $0.attributes) : [])
    }
    inputs = Array(0..<graph.inputCount)
    constants = graph.constants.keys.sorted()
    outputs = graph.outputs
  }

  /// Adds an operator without attributes after the others, whose result has a value's shape and dtype and takes an output's place.
  package mutating func append(_ operation: String, part: String, inputs: [Int], like value: Int, output: Int) {
    let (shape, dtype, number) = (values[value].shape, values[value].dtype, values.count)
    values.append(Value(number: number, shape: shape, dtype: dtype))
    nodes.append(Node(operation: operation, formula: nil, part: part, inputs: inputs, output: number, attributes: []))
    outputs[output] = number
  }

  /// A line for each operator: `%12 = matmul(%3, %7): float32 [32, 10] in layers.0 (Dense)`.
  public var description: String {
    var lines = ["inputs " + inputs.map { "%\($0): \(values[$0].dtype) \(values[$0].shape)" }.joined(separator: ", ")]
    for node in nodes {
      let value = values[node.output]
      let call = node.formula.map { "{ \($0) }" } ?? ""
      lines.append(
        "%\(node.output) = \(node.operation)\(call)(\(node.inputs.map { "%\($0)" }.joined(separator: ", "))): \(value.dtype) \(value.shape)"
          + (node.part.isEmpty ? "" : " in \(node.part)"))
    }
    lines.append("outputs " + outputs.map { "%\($0)" }.joined(separator: ", "))
    return lines.joined(separator: "\n")
  }

  /// The graph in the language of Graphviz: `dot -Tpng`.
  ///
  ///     try graph.dot.write(toFile: "model.dot", atomically: true, encoding: .utf8)
  public var dot: String {
    func quoted(_ text: String) -> String {
      "\"" + text.reduce(into: "") { $0 += $1 == "\"" || $1 == "\\" ? "\\\($1)" : $1 == "\n" ? "\\n" : String($1) } + "\""
    }
    func label(_ text: String, _ value: Int) -> String { quoted("\(text)\n\(values[value].dtype) \(values[value].shape)") }
    var lines = ["digraph {", "  node [shape=box, fontname=Helvetica, fontsize=11];"]
    for input in inputs { lines.append("  v\(input) [label=\(label("input \(input)", input)), style=rounded];") }
    for constant in constants { lines.append("  v\(constant) [label=\(label("constant", constant)), style=dashed];") }
    for node in nodes {
      let text = (node.formula ?? node.operation) + (node.part.isEmpty ? "" : "\n\(node.part)")
      lines.append("  v\(node.output) [label=\(label(text, node.output))\(outputs.contains(node.output) ? ", penwidth=2" : "")];")
      for input in node.inputs { lines.append("  v\(input) -> v\(node.output);") }
    }
    return (lines + ["}"]).joined(separator: "\n") + "\n"
  }
}

/// The stored properties of a primitive as text, tensors left out, which are operands.
private func texts(of primitive: any Sendable) -> [(name: String, text: String)] {
  func isTensor(_ value: Any) -> Bool {
    if value is Tensor { return true }
    let mirror = Mirror(reflecting: value)
    return mirror.displayStyle == .optional && mirror.children.contains { isTensor($0.value) }
  }
  func text(_ value: Any) -> String {
    if let value = value as? any CustomStringConvertible { return "\(value)" }
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional: return mirror.children.first.map { text($0.value) } ?? "nil"
    case .struct:
      let fields = mirror.children.filter { !isTensor($0.value) }
      return "(" + fields.map { "\($0.label ?? ""): \(text($0.value))" }.joined(separator: ", ") + ")"
    default: return "\(value)"
    }
  }
  return Mirror(reflecting: primitive).children.filter { !isTensor($0.value) }.map { ($0.label ?? "", text($0.value)) }
}
