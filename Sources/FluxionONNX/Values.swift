import Foundation
import SwiftProtobuf
import Tensors

// What tests of nodes need: values of any kind, as files of their own hold them.
extension ONNXModel {
  /// The inputs in the order of the file, with their declared types.
  package var declaredInputs: [(name: String, type: ValueType)] { graph.inputs.map { ($0.name, $0.type) } }

  /// The outputs' declared types.
  package var declaredOutputs: [ValueType] { graph.outputTypes }

  /// The answers to values of any kind; inside `checked`, a mistake is thrown.
  package func answers(to values: [String: Value]) throws -> [(name: String, value: Value?)] {
    try withMode(.inference) { try run(values: values).map { (name: $0.0, value: $0.1) } }
  }

  /// Whether some of its nodes draw random numbers without a ratio or a mode that keeps them from it.
  package var drawsAtRandom: Bool { graph.nodes.contains { $0.draws } }
}

extension Node {
  fileprivate var draws: Bool {
    ["RandomUniform", "RandomUniformLike", "RandomNormal", "RandomNormalLike", "Bernoulli", "Multinomial", "Dropout"].contains(
      operation.name)
      || graphs.values.contains { $0.graph.nodes.contains { $0.draws } }
  }
}

extension Value {
  /// Reads a serialized `TensorProto`, `SequenceProto` or `OptionalProto`.
  package init(file path: String, as type: ValueType) throws {
    guard let data = FileManager.default.contents(atPath: path) else { throw ONNXError(file: path, message: "cannot be read") }
    let name = URL(fileURLWithPath: path).lastPathComponent
    do { self = try Value(data, as: type) } catch let error as ONNXError {
      throw ONNXError(file: name, field: error.field, message: error.message)
    }
  }

  private init(_ data: Data, as type: ValueType) throws {
    let external = ExternalData(folder: nil)
    switch type {
    case .sequence(let element): self = try Value(try Onnx_SequenceProto(serializedBytes: data), element)
    case .optional(let element):
      let proto = try Onnx_OptionalProto(serializedBytes: data)
      switch proto.elemType {
      case 1 where proto.hasTensorValue: self = .tensor(try TypedTensor(proto.tensorValue, "value", external))
      case 3 where proto.hasSequenceValue:
        if case .sequence(let inner) = element {
          self = try Value(proto.sequenceValue, inner)
        } else {
          self = try Value(proto.sequenceValue, .unknown)
        }
      default: self = .nothing
      }
    default: self = .tensor(try TypedTensor(try Onnx_TensorProto(serializedBytes: data), "value", external))
    }
  }

  private init(_ proto: Onnx_SequenceProto, _ element: ValueType) throws {
    if proto.elemType > 1 {
      throw ONNXError(field: "elem_type", message: "\(proto.elemType); tensors would fit")
    }
    var elementType = ONNXElementType.float
    if case .tensor(let type, _) = element { elementType = type }
    let list = try proto.tensorValues.map { Value.tensor(try TypedTensor($0, "value", ExternalData(folder: nil))) }
    if case .tensor(let first)? = list.first { elementType = first.type }
    self = .sequence(list, elementType)
  }
}
