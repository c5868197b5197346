import Foundation
import Tensors

/// An attribute of a written node.
enum AttributeContent: Hashable {
  case int(Int)
  case float(Double)
  case text(String)
  case ints([Int])
  case texts([String])
}

/// What a value of a trace is in the file.
enum WrittenForm {
  /// A value of this name.
  case named(String)
  /// A smaller value that element-wise operators stretch by themselves, and its sizes.
  case stretched(String, [Size])
  /// Several values, one after the other in one vector, as kernels with several results give them.
  case packed([(name: String, sizes: [Size])])
  /// A value of these sizes, seen as a vector.
  case flat(String, [Size])
}

/// An ONNX graph while it is made from traces.
final class GraphWriter {
  /// The operator set that files are written for.
  static let version = 20

  let traces: [OperatorTrace]
  let dynamic: [DynamicAxis]
  private(set) var nodes: [Onnx_NodeProto] = []
  private(set) var initializers: [(name: String, value: Tensor)] = []
  private(set) var forms: [Int: WrittenForm] = [:]
  private var producers: [Int: Int] = [:]
  private var usedNames: Set<String> = []
  private var known: [NodeKey: [String]] = [:]
  private var numbers: [NumberKey: String] = [:]
  private var constantNames: [Data: String] = [:]
  /// The part that is being written.
  private var part = ""

  private struct NodeKey: Hashable {
    let operation: String
    let inputs: [String]
    let attributes: [String: AttributeContent]
    let outputs: Int
  }
  private struct NumberKey: Hashable {
    let values: [Double]
    let wholes: [Int64]
    let dtype: DType
    let shape: [Int]
  }

  init(_ traces: [OperatorTrace], _ dynamic: [DynamicAxis], reserved: [String]) {
    (self.traces, self.dynamic) = (traces, dynamic)
    usedNames = Set(reserved)
    for (place, node) in traces[0].nodes.enumerated() { producers[node.result] = place }
  }

  // MARK: Names and nodes

  /// A name that nothing else has.
  func unique(_ name: String) -> String {
    var candidate = name
    var count = 0
    while !usedNames.insert(candidate).inserted {
      count += 1
      candidate = "\(name)_\(count)"
    }
    return candidate
  }

  /// Writes a node and gives its outputs' names.
  ///
  /// One that is there already with these inputs and attributes is not written again.
  func node(
    _ operation: String, _ inputs: [String], _ attributes: [String: AttributeContent] = [:], outputs count: Int
  ) -> [String] {
    let key = NodeKey(operation: operation, inputs: inputs, attributes: attributes, outputs: count)
    if let outputs = known[key] { return outputs }
    var node = Onnx_NodeProto()
    node.opType = operation
    node.input = inputs
    node.name = unique((part.isEmpty ? "" : "/\(part)") + "/\(operation)")
    node.output = (0..<count).map { "\(node.name)_output_\($0)" }
    node.attribute = attributes.sorted { $0.key < $1.key }.map { name, content in
      var attribute = Onnx_AttributeProto()
      attribute.name = name
      switch content {
      case .int(let x): (attribute.type, attribute.i) = (.int, Int64(x))
      case .float(let x): (attribute.type, attribute.f) = (.float, Float(x))
      case .text(let x): (attribute.type, attribute.s) = (.string, Data(x.utf8))
      case .ints(let x): (attribute.type, attribute.ints) = (.ints, x.map { Int64($0) })
      case .texts(let x): (attribute.type, attribute.strings) = (.strings, x.map { Data($0.utf8) })
      }
      return attribute
    }
    nodes.append(node)
    known[key] = node.output
    return node.output
  }

  /// A node of one output.
  func node(_ operation: String, _ inputs: [String], _ attributes: [String: AttributeContent] = [:]) -> String {
    node(operation, inputs, attributes, outputs: 1)[0]
  }

  // MARK: Constants

  /// A tensor that is the same at each call.
  func constant(_ x: Tensor, _ name: String = "constant") -> String {
    var key = Data("\(x.dtype) \(x.shape) ".utf8)
    let isSmall = x.elementCount <= 4096
    if isSmall {
      _ = x.withBytes { key.append(contentsOf: $0) }
      if let known = constantNames[key] { return known }
    }
    let name = unique(name)
    initializers.append((name, x))
    if isSmall { constantNames[key] = name }
    return name
  }

  /// A parameter or buffer under its own name.
  func parameter(_ x: Tensor, _ name: String) { initializers.append((name, x)) }

  /// One number for all elements.
  func number(_ value: Double, _ dtype: DType) -> String {
    let key = NumberKey(values: [value], wholes: [], dtype: dtype, shape: [])
    if let name = numbers[key] { return name }
    let name = constant(Tensor.full([], value, .float64).cast(to: dtype))
    numbers[key] = name
    return name
  }

  /// One integer for all elements.
  func whole(_ value: Int64, _ dtype: DType) -> String { constant(Tensor([value], shape: []).cast(to: dtype)) }

  /// Integers as a vector.
  func integers(_ values: [Int]) -> String { constant(Tensor(values.map { Int64($0) }, shape: [values.count])) }

  /// Integers of a shape.
  func integers(_ values: [Int], shape: [Int]) -> String { constant(Tensor(values.map { Int64($0) }, shape: Shape(shape))) }

  // MARK: Values of the traces

  func set(_ value: Int, _ form: WrittenForm) { forms[value] = form }

  /// The sizes of a value.
  func sizes(_ value: Int) -> [Size] {
    let rank = traces[0].values[value].shape.rank
    return (0..<rank).map { axis in Size(traces.map { $0.values[value].shape[axis] }) }
  }

  func dtype(_ value: Int) -> DType { traces[0].values[value].dtype }

  /// The node that gives a value, if one does.
  func producer(_ value: Int) -> OperatorTrace.Node? { producers[value].map { traces[0].nodes[$0] } }

  /// What a value is; a constant is written when it is asked for first.
  func form(_ value: Int) throws(ONNXError) -> WrittenForm {
    if let form = forms[value] { return form }
    let form = try constantForm(value)
    forms[value] = form
    return form
  }

  /// A value under a name, as large as it is.
  func name(_ value: Int) throws(ONNXError) -> String {
    switch try form(value) {
    case .named(let name): return name
    case .stretched(let name, let sizes):
      let target = self.sizes(value)
      if sizes == target { return name }
      let full = node("Expand", [name, try shape(target)])
      return full
    case .packed(let parts):
      let flat = parts.map { node("Reshape", [$0.name, integers([-1])]) }
      let name = flat.count == 1 ? flat[0] : node("Concat", flat, ["axis": .int(0)])
      forms[value] = .named(name)
      return name
    case .flat(let name, _): return node("Reshape", [name, integers([-1])])
    }
  }

  // MARK: The whole

  /// The nodes, with outputs under their names; those that nothing needs are left out.
  func finish(_ outputs: [(name: String, value: Int)], inputs: [String]) throws(ONNXError) -> [Onnx_NodeProto] {
    var renamed: [String: String] = [:]
    var copies: [(from: String, to: String)] = []
    var sources: [(name: String, source: String)] = []
    for (name, value) in outputs { sources.append((name, try self.name(value))) }
    let made = Set(nodes.flatMap(\.output))
    for (name, source) in sources {
      // An input or a constant, or what two outputs are, has a name already.
      if made.contains(source), renamed[source] == nil {
        renamed[source] = name
      } else {
        copies.append((source, name))
      }
    }
    var all = nodes
    for i in all.indices {
      all[i].input = all[i].input.map { renamed[$0] ?? $0 }
      all[i].output = all[i].output.map { renamed[$0] ?? $0 }
    }
    for (from, to) in copies {
      var node = Onnx_NodeProto()
      (node.opType, node.name) = ("Identity", unique("/Identity"))
      (node.input, node.output) = ([renamed[from] ?? from], [to])
      all.append(node)
    }
    var needed = Set(outputs.map(\.name))
    var kept: [Onnx_NodeProto] = []
    for node in all.reversed() where node.output.contains(where: { needed.contains($0) }) {
      needed.formUnion(node.input)
      kept.append(node)
    }
    return kept.reversed()
  }

  /// The initializers that nodes read.
  func usedInitializers(_ nodes: [Onnx_NodeProto]) -> [(name: String, value: Tensor)] {
    let read = Set(nodes.flatMap(\.input))
    return initializers.filter { read.contains($0.name) }
  }

  /// Writes the nodes that some values depend on.
  func write(_ outputs: [Int]) throws(ONNXError) {
    var isNeeded: Set<Int> = Set(outputs)
    var places: [Int] = []
    for (place, node) in traces[0].nodes.enumerated().reversed()
    where isNeeded.contains(node.result) || node.saved.contains(where: { isNeeded.contains($0) }) {
      places.append(place)
      isNeeded.formUnion(node.operands)
    }
    for place in places.reversed() {
      let call = WriterCall(self, traces.map { $0.nodes[place] })
      part = call.partName
      do throws(ONNXError) {
        if call.node.isRandom {
          throw ONNXError(message: "draws random numbers, which a file would not draw again; in inference mode dropout does not")
        }
        guard let row = WriterTable.row(call.node.kind) else {
          throw ONNXError(message: "has no form in ONNX's operators")
        }
        let form = try row.write(call)
        // Runtimes differ in what they make of no elements.
        if let sizes = call.resultSizes.fixed, sizes.contains(0) {
          set(call.node.result, .named(constant(Tensor.zeros(Shape(sizes), call.resultType))))
        } else {
          set(call.node.result, form)
        }
      } catch {
        var error = error
        if error.field.isEmpty { error.field = call.node.operation + (call.node.part.isEmpty ? "" : " in \(call.node.part)") }
        throw error
      }
    }
    part = ""
  }
}
