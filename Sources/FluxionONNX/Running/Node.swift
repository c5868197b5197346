import Tensors

/// An operator's use in a graph, with what it needs to run.
///
/// It is shared by the copies of a graph; once the model has been read it is not changed any more.
final class Node: @unchecked Sendable {
  /// Its name, or its position where it has none, and its operator.
  let label: String
  let operation: Operator
  /// The version of the operator's domain.
  let version: Int
  /// The slots that its inputs are in; −1 for one left out.
  let inputs: [Int]
  /// The slots for its outputs; −1 for one left out.
  let outputs: [Int]
  let attributes: Attributes
  /// The graphs among its attributes.
  var graphs: [String: Subgraph]
  /// The slots whose last use this is.
  var released: [Int] = []
  /// The slots for outputs that nobody reads.
  var unread: [Int] = []
  /// Its number among all nodes of the model.
  var id = 0
  /// Which of its inputs depend on weights and constants alone.
  var steadyInputs: Set<Int> = []

  init(
    label: String, operation: Operator, version: Int, inputs: [Int], outputs: [Int], attributes: Attributes, graphs: [String: Subgraph]
  ) {
    (self.label, self.operation, self.version, self.inputs, self.outputs) = (label, operation, version, inputs, outputs)
    (self.attributes, self.graphs) = (attributes, graphs)
  }

  /// Another one that may be changed, with graphs of its own.
  func copy() -> Node {
    let copy = Node(
      label: label, operation: operation, version: version, inputs: inputs, outputs: outputs, attributes: attributes,
      graphs: graphs.mapValues { Subgraph(graph: $0.graph.copy(), captures: $0.captures) })
    (copy.released, copy.unread) = (released, unread)
    return copy
  }
}

/// A graph that stands in a node, and the outer slots that it reads.
struct Subgraph: Sendable {
  var graph: Graph
  /// Pairs of a slot outside and the slot inside that is given its value.
  let captures: [(outer: Int, inner: Int)]
}

/// Nodes in an order in which each comes after those that it reads.
struct Graph: Sendable {
  var name = ""
  var slotCount = 0
  var inputs: [GraphInput] = []
  var outputs: [(name: String, slot: Int)] = []
  /// The outputs' declared types; nothing for a function's.
  var outputTypes: [ValueType] = []
  /// Values that are there before the first node.
  var constants: [(slot: Int, value: Value)] = []
  /// The slots that parameters are put in, by their positions.
  var parameters: [(slot: Int, parameter: Int)] = []
  var nodes: [Node] = []
  /// Its number among all graphs of the model.
  var id = 0
  /// The nodes that depend on weights and constants alone, and the others.
  var steadyNodes: [Node] = []
  var otherNodes: [Node] = []
  /// The slots of the former that the others, or whoever is given outputs, read.
  var steadySlots: [Int] = []

  /// The same with nodes of its own.
  func copy() -> Graph {
    var copy = self
    copy.nodes = nodes.map { $0.copy() }
    return copy
  }
}

/// An input as the graph declares it.
struct GraphInput: Sendable {
  let name: String
  let slot: Int
  let type: ValueType
  /// Whether an initializer stands for it where it isn't given.
  let isOptional: Bool
}

/// The declared type of a value.
package indirect enum ValueType: Sendable {
  /// Sizes that the graph leaves open have a name, or none.
  case tensor(ONNXElementType, [Dimension]?)
  case sequence(ValueType)
  case optional(ValueType)
  case unknown

  package enum Dimension: Sendable, CustomStringConvertible {
    case size(Int)
    case symbol(String)

    package var description: String {
      switch self {
      case .size(let size): "\(size)"
      case .symbol(let name): name.isEmpty ? "?" : shown(name)
      }
    }
  }
}

extension ValueType: CustomStringConvertible {
  package var description: String {
    switch self {
    case .tensor(let type, let dimensions): "\(type)" + (dimensions.map { "[" + $0.map { "\($0)" }.joined(separator: ", ") + "]" } ?? "")
    case .sequence(let element): "sequence of \(element)"
    case .optional(let element): "optional \(element)"
    case .unknown: "unknown"
    }
  }
}

/// A node's attributes by name.
struct Attributes: Sendable {
  enum Attribute: Sendable {
    case int(Int)
    case float(Float)
    case string(String)
    case bytes([UInt8])
    case tensor(TypedTensor)
    case ints([Int])
    case floats([Float])
    case strings([String])
    case type(ValueType)
    case other(String)
  }

  var values: [String: Attribute] = [:]

  subscript(name: String) -> Attribute? { values[name] }
  func has(_ name: String) -> Bool { values[name] != nil }

  private func mismatch(_ name: String, _ wanted: String) -> ONNXError { .field("attribute \(name)", "is no \(wanted)") }

  func int(_ name: String) throws(ONNXError) -> Int? {
    guard let value = values[name] else { return nil }
    guard case .int(let number) = value else { throw mismatch(name, "integer") }
    return number
  }
  func int(_ name: String, _ standard: Int) throws(ONNXError) -> Int { try int(name) ?? standard }
  func flag(_ name: String, _ standard: Bool = false) throws(ONNXError) -> Bool { try int(name).map { $0 != 0 } ?? standard }

  func float(_ name: String) throws(ONNXError) -> Double? {
    guard let value = values[name] else { return nil }
    guard case .float(let number) = value else { throw mismatch(name, "number") }
    return Double(number)
  }
  func float(_ name: String, _ standard: Double) throws(ONNXError) -> Double { try float(name) ?? standard }

  func string(_ name: String) throws(ONNXError) -> String? {
    guard let value = values[name] else { return nil }
    guard case .string(let text) = value else { throw mismatch(name, "text") }
    return text
  }
  func string(_ name: String, _ standard: String) throws(ONNXError) -> String { try string(name) ?? standard }

  /// One of several words; another is a mistake.
  func word(_ name: String, _ standard: String, _ fitting: [String]) throws(ONNXError) -> String {
    let word = try string(name, standard)
    if !fitting.contains(word) {
      throw .field("attribute \(name)", "\"\(shown(word))\"; \(fitting.joined(separator: ", ")) would fit")
    }
    return word
  }

  func ints(_ name: String) throws(ONNXError) -> [Int]? {
    guard let value = values[name] else { return nil }
    switch value {
    case .ints(let numbers): return numbers
    // An empty list has no type in some writers' files.
    case .floats(let numbers) where numbers.isEmpty: return []
    default: throw mismatch(name, "list of integers")
    }
  }

  func floats(_ name: String) throws(ONNXError) -> [Double]? {
    guard let value = values[name] else { return nil }
    switch value {
    case .floats(let numbers): return numbers.map { Double($0) }
    case .ints(let numbers) where numbers.isEmpty: return []
    default: throw mismatch(name, "list of numbers")
    }
  }

  func strings(_ name: String) throws(ONNXError) -> [String]? {
    guard let value = values[name] else { return nil }
    guard case .strings(let texts) = value else { throw mismatch(name, "list of texts") }
    return texts
  }

  func tensor(_ name: String) throws(ONNXError) -> TypedTensor? {
    guard let value = values[name] else { return nil }
    guard case .tensor(let tensor) = value else { throw mismatch(name, "tensor") }
    return tensor
  }

  func elementType(_ name: String) throws(ONNXError) -> ONNXElementType? {
    guard let code = try int(name) else { return nil }
    return try ONNXElementType(code: Int32(truncatingIfNeeded: code), "attribute \(name)")
  }
}
