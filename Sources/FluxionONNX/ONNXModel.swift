import Foundation
@_exported import Models
import SwiftProtobuf
import Tensors

/// A model from an ONNX file: its graph, run by Fluxion's operators, and its weights as parameters under their ONNX names.
///
///     var model = try ONNXModel(from: "resnet.onnx")
///     let scores = model(images)                                   // one input, first output
///     let all = model(inputs: ["input": images])["output"]!        // by name
///
/// It is a model like others: it has gradients, trains, is copied, saved and loaded. Floating-point initializers are parameters; those that are
/// no weights (statistics of a batch normalisation, a quantisation's scales, bounds, scalars) are frozen. Graphs and attributes stay as they are.
///
/// `ai.onnx` is read in versions 1 to 28 of the operator set. Types that Fluxion does not have are held by wider dtypes, see ``ONNXElementType``.
/// ``support(of:)`` tells which operators a file uses.
public struct ONNXModel: Model {
  private(set) var graph: Graph
  /// The weights, in the order of the file.
  var weights: [TypedTensor]
  /// What is computed of weights and constants alone.
  private(set) var kept = KeptValues()
  let names: [String]
  /// The file that it was read from, as it was given.
  public let source: String

  /// Reads a model; operators that are not supported are named in one error, with the nodes that use them.
  ///
  /// Elements beside the file are looked for in its folder and nowhere else. Throws an ``ONNXError`` that names file, node and field.
  public init(from path: String) throws(ONNXError) {
    do throws(ONNXError) {
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
      try self.init(proto: try Onnx_ModelProto(file: path), source: path, ExternalData(folder: folder))
    } catch {
      var error = error
      error.file = path
      throw error
    }
  }

  /// Reads a model from bytes; `name` is what errors call them.
  public init(bytes: [UInt8], name: String = "model") throws(ONNXError) {
    do throws(ONNXError) {
      try self.init(proto: try Onnx_ModelProto(bytes: Data(bytes)), source: name, ExternalData(folder: nil))
    } catch {
      var error = error
      error.file = name
      throw error
    }
  }

  private init(proto: Onnx_ModelProto, source: String, _ external: ExternalData) throws(ONNXError) {
    if !proto.hasGraph { throw ONNXError(message: "has no graph, which an ONNX model would have") }
    let builder = try GraphBuilder(proto, external)
    graph = try builder.graph(proto)
    var count = 0
    graph.findSteadyNodes([], &count)
    if !builder.unsupported.isEmpty { throw ONNXError(message: unsupportedSentence(builder.unsupported)) }
    names = builder.parameters.map(\.name)
    weights = builder.parameters.map(\.value)
    self.source = source
    let noWeights = graph.parametersThatAreNoWeights()
    for (i, weight) in weights.enumerated() where noWeights.contains(i) || weight.rank == 0 { weights[i] = weight.frozen() }
  }

  /// The declared inputs that have to be given, with their types: `float[batch, 3, 224, 224]`.
  public var inputs: [(name: String, type: String)] { graph.inputs.filter { !$0.isOptional }.map { ($0.name, "\($0.type)") } }

  /// The model with inputs that have been decided on, and need not be given any more: what depends on them alone is computed once, and an `If` on
  /// them is no question of a run, so that the model can be compiled.
  ///
  ///     let detector = try ONNXModel(from: "silero_vad.onnx").fixing(["sr": Tensor(16000, .int64)])
  ///
  /// Throws an ``ONNXError`` that names an input which is none of the model's or is of another type or shape.
  public func fixing(_ inputs: [String: Tensor]) throws(ONNXError) -> ONNXModel {
    var model = self
    model.graph = graph.copy()
    for (name, x) in inputs.sorted(by: { $0.key < $1.key }) {
      guard let i = model.graph.inputs.firstIndex(where: { $0.name == name }) else {
        let names = self.inputs.map { shown($0.name) }.joined(separator: ", ")
        throw .field("input \(shown(name))", "is none of the model's, which are \(names)")
      }
      let input = model.graph.inputs.remove(at: i)
      model.graph.constants.removeAll { $0.slot == input.slot }
      model.graph.parameters.removeAll { $0.slot == input.slot }
      model.graph.constants.append((input.slot, try input.accept(x)))
    }
    var count = 0
    model.graph.findSteadyNodes([], &count)
    model.kept = KeptValues()
    return model
  }

  /// The names of what it gives, in order.
  public var outputNames: [String] { graph.outputs.map(\.name) }

  /// Its parameters under their ONNX names.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    for i in weights.indices {
      var tensor = weights[i].tensor
      visitor.parameter(&tensor, .property(names[i]))
      weights[i] = TypedTensor(tensor, weights[i].type)
    }
  }

  /// As it is written: `ONNXModel(from: "model.onnx")`.
  public var code: String { "ONNXModel(from: \"\(source)\")" }
}

private func unsupportedSentence(_ unsupported: [(operation: String, nodes: [String])]) -> String {
  let parts = unsupported.map { entry in
    let nodes = entry.nodes.prefix(4).joined(separator: ", ") + (entry.nodes.count > 4 ? " and \(entry.nodes.count - 4) more" : "")
    let isOfTexts = ["RegexFullMatch", "StringConcat", "StringNormalizer", "StringSplit"].contains(entry.operation)
    let reason = isOfTexts ? " (element type string, which Fluxion has no dtype for)" : ""
    return "\(shown(entry.operation))\(reason) in \(nodes)"
  }
  let rest = parts.count > 20 ? "; and \(parts.count - 20) more" : ""
  return "operators that are not supported: \(parts.prefix(20).joined(separator: "; "))\(rest)"
}

extension Onnx_ModelProto {
  /// Reads a file's message.
  init(file path: String) throws(ONNXError) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { throw ONNXError(message: "there is no such file") }
    if isFolder.boolValue { throw ONNXError(message: "is a folder; a file would fit") }
    guard let data = FileManager.default.contents(atPath: path) else { throw ONNXError(message: "cannot be read") }
    try self.init(bytes: data)
  }

  init(bytes: Data) throws(ONNXError) {
    do {
      try self.init(serializedBytes: bytes)
    } catch BinaryDecodingError.messageDepthLimit {
      throw ONNXError(message: "messages nest more than 100 deep")
    } catch BinaryDecodingError.invalidUTF8 {
      throw ONNXError(message: "a name is no UTF-8")
    } catch {
      throw ONNXError(message: "is no ONNX file, or is damaged: its bytes are no protocol buffer of the kind")
    }
  }
}

extension Graph {
  /// Parameters that are read only where an operator has settings or statistics rather than weights.
  func parametersThatAreNoWeights() -> Set<Int> {
    var settings: Set<Int> = []
    var weights: Set<Int> = []
    read(Dictionary(parameters.map { ($0.slot, $0.parameter) }) { $1 }, &settings, &weights)
    return settings.subtracting(weights)
  }

  private func read(_ known: [Int: Int], _ settings: inout Set<Int>, _ weights: inout Set<Int>) {
    for node in nodes {
      for (i, slot) in node.inputs.enumerated() {
        guard let parameter = known[slot] else { continue }
        if Graph.settingInputs[node.operation.name]?.contains(i) == true { settings.insert(parameter) } else { weights.insert(parameter) }
      }
      for subgraph in node.graphs.values {
        var inner: [Int: Int] = [:]
        for capture in subgraph.captures { inner[capture.inner] = known[capture.outer] }
        if !inner.isEmpty { subgraph.graph.read(inner, &settings, &weights) }
      }
    }
  }

  private static let settingInputs: [String: Set<Int>] = [
    "BatchNormalization": [3, 4], "Clip": [1, 2], "Resize": [1, 2], "Upsample": [1], "Pad": [2], "Dropout": [1], "QuantizeLinear": [1],
    "DequantizeLinear": [1], "QLinearConv": [1, 4, 6], "QLinearMatMul": [1, 4, 6], "NonMaxSuppression": [3, 4], "Range": [0, 1, 2],
    "OneHot": [2], "MelWeightMatrix": [3, 4],
  ]
}
