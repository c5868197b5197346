import Foundation
import Tensors

/// Which operators an ONNX file uses, how often, and whether they can be run: what ``ONNXModel/support(of:)`` tells.
public struct ONNXSupport: Sendable, CustomStringConvertible {
  /// An operator that the file uses.
  public struct Use: Sendable, Equatable {
    /// Its name, behind the domain where that is not ONNX's own: `Conv`, `com.microsoft.FusedConv`.
    public var name: String
    /// The version of its domain.
    public var version: Int
    /// How many nodes use it, those in branches, loops and functions included.
    public var count: Int
    /// Whether it can be run.
    public var isSupported: Bool
    /// How Fluxion says it.
    public var text: String
    /// The first nodes that use it.
    public var nodes: [String]
  }

  /// The file, as it was given.
  public let file: String
  /// The versions of the operator sets by their domains; ONNX's own is called `ai.onnx`.
  public private(set) var versions: [String: Int] = [:]
  /// The program that wrote the file.
  public let producer: String
  /// The inputs that have to be given, with their types.
  public private(set) var inputs: [(name: String, type: String)] = []
  /// The outputs, with their types.
  public private(set) var outputs: [(name: String, type: String)] = []
  /// The operators by name.
  public private(set) var uses: [Use] = []
  /// How many numbers the initializers have.
  public private(set) var elementCount = 0
  /// How many initializers there are of each element type.
  public private(set) var elementTypes: [String: Int] = [:]

  /// Whether all operators can be run.
  public var isSupported: Bool { uses.allSatisfy(\.isSupported) }

  init(_ model: Onnx_ModelProto, file: String) throws(ONNXError) {
    self.file = file
    producer = [model.producerName, model.producerVersion].filter { !$0.isEmpty }.map(shown).joined(separator: " ")
    let known = try operatorVersions(model.opsetImport)
    versions = Dictionary(known.map { ($0.key.isEmpty ? "ai.onnx" : $0.key, $0.value) }) { $1 }
    let given = Set(model.graph.initializer.map(\.name))
    for input in model.graph.input where !given.contains(input.name) { inputs.append((input.name, Self.type(input))) }
    for output in model.graph.output { outputs.append((output.name, Self.type(output))) }
    let functions = Set(model.functions.map { [standardDomain($0.domain), $0.name] })
    var table: [String: Use] = [:]
    count(model.graph, known, functions, &table)
    for function in model.functions { count(function.node, try operatorVersions(function.opsetImport), functions, &table) }
    uses = table.values.sorted { ($0.isSupported ? 1 : 0, $0.name) < ($1.isSupported ? 1 : 0, $1.name) }
  }

  private static func type(_ info: Onnx_ValueInfoProto) -> String { (try? ValueType(info.type, "")).map { "\($0)" } ?? "unknown" }

  private mutating func count(
    _ graph: Onnx_GraphProto, _ versions: [String: Int], _ functions: Set<[String]>, _ table: inout [String: Use]
  ) {
    for initializer in graph.initializer {
      let type = ONNXElementType(rawValue: initializer.dataType)?.description ?? "type \(initializer.dataType)"
      elementTypes[type, default: 0] += 1
      elementCount = elementCount.saturatingPlus(initializer.dims.reduce(1) { $0.saturatingTimes(Int(max(0, $1))) })
    }
    count(graph.node, versions, functions, &table)
  }

  private mutating func count(
    _ nodes: [Onnx_NodeProto], _ versions: [String: Int], _ functions: Set<[String]>, _ table: inout [String: Use]
  ) {
    for (i, node) in nodes.enumerated() {
      let domain = standardDomain(node.domain)
      let name = domain.isEmpty ? node.opType : "\(domain).\(node.opType)"
      let isFunction = functions.contains([domain, node.opType])
      let found = OperatorTable.find(domain, node.opType)
      let version = versions[domain] ?? 0
      var use =
        table[name]
        ?? Use(
          name: name, version: version, count: 0, isSupported: isFunction || found.map { $0.versions.first ?? 1 <= version } ?? false,
          text: isFunction ? "a function of the model" : found?.text ?? "", nodes: [])
      use.count += 1
      if use.nodes.count < 4 { use.nodes.append(node.name.isEmpty ? "\(i)" : shown(node.name)) }
      table[name] = use
      for attribute in node.attribute where attribute.hasG { count(attribute.g, versions, functions, &table) }
    }
  }

  /// The table as text.
  public var description: String {
    let sets = versions.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    var lines = ["\(file): ONNX, \(sets)" + (producer.isEmpty ? "" : ", written by \(producer)")]
    let types = elementTypes.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    lines.append("initializers: \(types.isEmpty ? "none" : types), \(elementCount) numbers")
    lines += inputs.map { "input  \(shown($0.name)): \($0.type)" }
    lines += outputs.map { "output \(shown($0.name)): \($0.type)" }
    let width = uses.map { shown($0.name).count }.max() ?? 0
    for use in uses {
      let name = shown(use.name)
      let padding = String(repeating: " ", count: max(0, width - name.count))
      let what = use.isSupported ? use.text : "NOT SUPPORTED, in \(use.nodes.joined(separator: ", "))"
      lines.append("  \(name)\(padding)  \(use.count) ×  \(what)")
    }
    let missing = uses.count { !$0.isSupported }
    lines.append(missing == 0 ? "all \(uses.count) operators are supported" : "\(missing) of \(uses.count) operators are not supported")
    return lines.joined(separator: "\n")
  }
}

extension ONNXModel {
  /// Which operators a file uses, and which of them can be run: nothing is run, and no weights are read.
  ///
  ///     print(try ONNXModel.support(of: "model.onnx"))
  public static func support(of path: String) throws(ONNXError) -> ONNXSupport {
    do throws(ONNXError) {
      return try ONNXSupport(try Onnx_ModelProto(file: path), file: path)
    } catch {
      var error = error
      error.file = path
      throw error
    }
  }
}
