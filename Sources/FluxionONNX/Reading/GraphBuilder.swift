import Tensors

/// Makes graphs that can run of those in a file: names become slots, nodes are ordered and checked, weights become parameters.
final class GraphBuilder {
  let external: ExternalData
  let functions: [FunctionName: Onnx_FunctionProto]
  /// The floating-point initializers of all graphs.
  private(set) var parameters: [(name: String, value: TypedTensor)] = []
  private var parameterNames: Set<String> = []
  /// The operators that are not in the table, with the nodes that use them.
  private(set) var unsupported: [(operation: String, nodes: [String])] = []
  private var nodeCount = 0

  /// A function of a model by what nodes call it.
  struct FunctionName: Hashable {
    var domain: String
    var name: String
    var overload: String
  }

  /// What nodes see around them: their domains' versions, and the attributes of the function that they stand in.
  struct Surroundings {
    var versions: [String: Int]
    var attributes: [String: Onnx_AttributeProto] = [:]
    var functionDepth = 0
    /// Where the graph stands, for nodes without a name: `If_3.then_branch.`.
    var path = ""
  }

  /// Functions that call others many times over must not fill the memory.
  private let mostNodes: Int
  private static let mostFunctions = 32

  init(_ model: Onnx_ModelProto, _ external: ExternalData) throws(ONNXError) {
    self.external = external
    var functions: [FunctionName: Onnx_FunctionProto] = [:]
    for function in model.functions {
      let name = FunctionName(domain: standardDomain(function.domain), name: function.name, overload: function.overload)
      if functions.updateValue(function, forKey: name) != nil {
        throw ONNXError(message: "two functions are called \(shown(function.domain)).\(shown(function.name))")
      }
    }
    self.functions = functions
    mostNodes = 20_000 + 20 * model.functions.reduce(model.graph.node.count) { $0 + $1.node.count }
  }

  /// The model's graph.
  func graph(_ model: Onnx_ModelProto) throws(ONNXError) -> Graph {
    let versions = try operatorVersions(model.opsetImport)
    var graph = try build(model.graph, Scope(), Surroundings(versions: versions)).graph
    // What Fluxion wrote runs as it was written, to the same bits.
    if model.producerName != "Fluxion" { graph.simplify(parameters.map(\.value.type)) }
    return graph
  }

  /// The graph of a scope that is given its inputs by its proto.
  private func build(_ proto: Onnx_GraphProto, _ scope: Scope, _ around: Surroundings) throws(ONNXError) -> Subgraph {
    scope.graph.name = proto.name
    let given = Set(proto.initializer.map(\.name))
    for input in proto.input {
      let slot = try scope.declare(input.name, "input")
      scope.inputNames.insert(input.name)
      scope.graph.inputs.append(
        GraphInput(
          name: input.name, slot: slot, type: try ValueType(input.type, "input \(shown(input.name))"),
          isOptional: given.contains(input.name)))
    }
    for initializer in proto.initializer { try declare(initializer, scope, around) }
    for sparse in proto.sparseInitializer {
      let field = "initializer \(shown(sparse.values.name))"
      let slot = try scope.declare(sparse.values.name, "initializer")
      scope.graph.constants.append((slot, .tensor(try TypedTensor(sparse, field, external))))
    }
    try addNodes(proto.node, to: scope, around)
    for output in proto.output {
      guard let slot = resolve(output.name, scope) else {
        throw ONNXError(field: "output \(shown(output.name))", message: "is given by no node, initializer or input")
      }
      scope.graph.outputs.append((output.name, slot))
      scope.graph.outputTypes.append(try ValueType(output.type, "output \(shown(output.name))"))
    }
    scope.finish()
    return Subgraph(graph: scope.graph, captures: scope.captures)
  }

  private func declare(_ initializer: Onnx_TensorProto, _ scope: Scope, _ around: Surroundings) throws(ONNXError) {
    let field = "initializer \(shown(initializer.name))"
    let value = try TypedTensor(initializer, field, external)
    let isInput = scope.inputNames.contains(initializer.name)
    let slot = isInput ? scope.names[initializer.name] ?? 0 : try scope.declare(initializer.name, "initializer")
    if !value.type.isFloatingPoint || isInput && scope.parent != nil {
      scope.graph.constants.append((slot, .tensor(value)))
      return
    }
    // A parameter of the model, also where a branch or a loop holds it.
    let name = parameterNames.contains(initializer.name) ? around.path + initializer.name : initializer.name
    if !parameterNames.insert(name).inserted { throw ONNXError(field: field, message: "has the name of another") }
    parameters.append((name, value))
    let root = scope.root
    if root === scope {
      scope.graph.parameters.append((slot, parameters.count - 1))
    } else {
      let outer = root.newSlot()
      root.graph.parameters.append((outer, parameters.count - 1))
      scope.names[initializer.name] = scope.capture(fromRoot: outer)
    }
  }

  /// The slot of a name, captured from the graph around where this one does not have it; nil where none has.
  private func resolve(_ name: String, _ scope: Scope) -> Int? {
    if let slot = scope.names[name] { return slot }
    guard let parent = scope.parent, let outer = resolve(name, parent) else { return nil }
    let slot = scope.capture(outer)
    scope.names[name] = slot
    return slot
  }

  private func addNodes(_ nodes: [Onnx_NodeProto], to scope: Scope, _ around: Surroundings) throws(ONNXError) {
    nodeCount += nodes.count
    if nodeCount > mostNodes { throw ONNXError(message: "functions that come to more than \(mostNodes) nodes") }
    let order = try NodeOrder(nodes, known: { scope.names[$0] != nil })
    for i in order.positions {
      let proto = nodes[i]
      let label = "\(around.path)\(proto.name.isEmpty ? "\(i)" : shown(proto.name)) (\(shown(proto.opType)))"
      do throws(ONNXError) {
        try add(proto, label, i, to: scope, around)
      } catch {
        var error = error
        if error.node.isEmpty { error.node = label }
        throw error
      }
    }
  }

  private func add(
    _ proto: Onnx_NodeProto, _ label: String, _ position: Int, to scope: Scope, _ around: Surroundings
  ) throws(ONNXError) {
    var inputs: [Int] = []
    for name in proto.input {
      if name.isEmpty {
        inputs.append(-1)
        continue
      }
      guard let slot = resolve(name, scope) else {
        throw .field("input \(inputs.count)", "\"\(shown(name))\", which no node, initializer or input gives")
      }
      inputs.append(slot)
    }
    let domain = standardDomain(proto.domain)
    var attributes = Attributes()
    var graphs: [String: Subgraph] = [:]
    var inner = around
    inner.path = "\(around.path)\(proto.name.isEmpty ? "\(proto.opType)_\(position)" : proto.name)."
    let isKnownFunction = functions[FunctionName(domain: domain, name: proto.opType, overload: proto.overload)] != nil
    var given: [String: Onnx_AttributeProto] = [:]
    for written in proto.attribute {
      var attribute = written
      if !written.refAttrName.isEmpty {
        guard let value = around.attributes[written.refAttrName] else { continue }
        attribute = value
        attribute.name = written.name
      }
      if given.updateValue(attribute, forKey: attribute.name) != nil {
        throw .field("attribute \(shown(attribute.name))", "is there twice")
      }
      if isKnownFunction { continue }
      if attribute.hasG {
        var deeper = inner
        deeper.path += "\(attribute.name)."
        graphs[attribute.name] = try build(attribute.g, Scope(parent: scope), deeper)
      } else {
        attributes.values[attribute.name] = try Attributes.Attribute(attribute, external)
      }
    }
    let operation: Operator
    let version: Int
    if let function = functions[FunctionName(domain: domain, name: proto.opType, overload: proto.overload)] {
      graphs["body"] = try body(of: function, given, inner)
      (operation, version) = (OperatorTable.functionCall, 1)
    } else {
      guard let known = around.versions[domain] else {
        throw .field("domain \"\(shown(proto.domain))\"", "has no version in opset_import")
      }
      version = known
      if let found = OperatorTable.find(domain, proto.opType) {
        operation = found
        if let first = found.versions.first, version < first {
          throw .field("version", "\(version) of the operator set; \(proto.opType) is there from \(first) on")
        }
      } else {
        note(unsupported: domain.isEmpty ? proto.opType : "\(domain).\(proto.opType)", label)
        operation = OperatorTable.functionCall
      }
    }
    var outputs: [Int] = []
    for name in proto.output { outputs.append(name.isEmpty ? -1 : try scope.declare(name, "output")) }
    scope.graph.nodes.append(
      Node(
        label: label, operation: operation, version: version, inputs: inputs, outputs: outputs, attributes: attributes, graphs: graphs))
  }

  private func body(
    of function: Onnx_FunctionProto, _ given: [String: Onnx_AttributeProto], _ around: Surroundings
  ) throws(ONNXError) -> Subgraph {
    if around.functionDepth >= Self.mostFunctions {
      throw ONNXError(message: "functions call each other more than \(Self.mostFunctions) deep")
    }
    var inner = Surroundings(
      versions: try operatorVersions(function.opsetImport), functionDepth: around.functionDepth + 1, path: around.path)
    for attribute in function.attributeProto { inner.attributes[attribute.name] = attribute }
    for name in function.attribute { inner.attributes[name] = given[name] }
    for (name, value) in given where inner.attributes[name] != nil { inner.attributes[name] = value }
    let scope = Scope()
    for name in function.input {
      scope.graph.inputs.append(GraphInput(name: name, slot: try scope.declare(name, "input"), type: .unknown, isOptional: true))
    }
    try addNodes(function.node, to: scope, inner)
    for name in function.output {
      guard let slot = resolve(name, scope) else {
        throw ONNXError(field: "output \(shown(name))", message: "of the function \(shown(function.name)) is given by no node")
      }
      scope.graph.outputs.append((name, slot))
    }
    scope.finish()
    return Subgraph(graph: scope.graph, captures: [])
  }

  private func note(unsupported operation: String, _ label: String) {
    if let i = unsupported.firstIndex(where: { $0.operation == operation }) {
      unsupported[i].nodes.append(label)
    } else {
      unsupported.append((operation, [label]))
    }
  }
}

/// Names and slots of a graph that is being built.
final class Scope {
  let parent: Scope?
  var names: [String: Int] = [:]
  var inputNames: Set<String> = []
  var graph = Graph()
  private(set) var captures: [(outer: Int, inner: Int)] = []
  private var captured: [Int: Int] = [:]

  init(parent: Scope? = nil) { self.parent = parent }

  var root: Scope { parent?.root ?? self }

  func newSlot() -> Int {
    graph.slotCount += 1
    return graph.slotCount - 1
  }

  /// A new slot for a name, which the graph must not have yet.
  func declare(_ name: String, _ what: String) throws(ONNXError) -> Int {
    if name.isEmpty { throw ONNXError(field: what, message: "has no name") }
    if names[name] != nil { throw ONNXError(field: "\(what) \(shown(name))", message: "has the name of another value") }
    let slot = newSlot()
    names[name] = slot
    return slot
  }

  /// The slot here for one of the graph around.
  func capture(_ outer: Int) -> Int {
    if let known = captured[outer] { return known }
    let slot = newSlot()
    captured[outer] = slot
    captures.append((outer, slot))
    return slot
  }

  /// The slot here for one of the outermost graph.
  func capture(fromRoot outer: Int) -> Int { parent.map { capture($0.capture(fromRoot: outer)) } ?? outer }

  /// All nodes are there.
  func finish() { graph.findLastUses() }
}

/// The name that errors and the table know a domain by: ONNX's own is empty.
func standardDomain(_ domain: String) -> String { domain == "ai.onnx" ? "" : domain }

/// The version of each domain.
func operatorVersions(_ imports: [Onnx_OperatorSetIdProto]) throws(ONNXError) -> [String: Int] {
  var versions: [String: Int] = [:]
  for entry in imports {
    let domain = standardDomain(entry.domain)
    if versions.updateValue(Int(entry.version), forKey: domain) != nil {
      throw ONNXError(field: "opset_import", message: "names the domain \"\(shown(domain))\" twice")
    }
    if domain.isEmpty && !(1...OperatorTable.newestVersion).contains(Int(entry.version)) {
      throw ONNXError(field: "opset_import", message: "version \(entry.version); 1 to \(OperatorTable.newestVersion) would fit")
    }
  }
  // What stands in files from before there were several.
  if imports.isEmpty { versions[""] = 1 }
  return versions
}
