import Foundation
import Tensors

@testable import FluxionONNX

// Small models, written as ONNX's messages.

func tensor(_ name: String, _ values: [Float], _ dims: [Int]) -> Onnx_TensorProto {
  var proto = Onnx_TensorProto()
  (proto.name, proto.dims, proto.dataType, proto.floatData) = (name, dims.map { Int64($0) }, 1, values)
  return proto
}

func integers(_ name: String, _ values: [Int], _ dims: [Int]? = nil) -> Onnx_TensorProto {
  var proto = Onnx_TensorProto()
  (proto.name, proto.dims, proto.dataType) = (name, (dims ?? [values.count]).map { Int64($0) }, 7)
  proto.int64Data = values.map { Int64($0) }
  return proto
}

/// A tensor of Fluxion's as an initializer.
func tensor(_ name: String, _ x: Tensor) -> Onnx_TensorProto { tensor(name, x.reshaped([-1]).scalars(Float.self), Array(x.shape)) }

func value(_ name: String, _ type: ONNXElementType = .float, _ dims: [Any]? = nil) -> Onnx_ValueInfoProto {
  var info = Onnx_ValueInfoProto()
  info.name = name
  var tensor = Onnx_TypeProto.Tensor()
  tensor.elemType = type.rawValue
  if let dims {
    tensor.shape.dim = dims.map { size in
      var dim = Onnx_TensorShapeProto.Dimension()
      if let size = size as? Int { dim.dimValue = Int64(size) } else { dim.dimParam = "\(size)" }
      return dim
    }
  }
  info.type.tensorType = tensor
  return info
}

func attribute(_ name: String, _ value: Any) -> Onnx_AttributeProto {
  var proto = Onnx_AttributeProto()
  proto.name = name
  switch value {
  case let x as Int: (proto.type, proto.i) = (.int, Int64(x))
  case let x as Float: (proto.type, proto.f) = (.float, x)
  case let x as String: (proto.type, proto.s) = (.string, Data(x.utf8))
  case let x as [Int]: (proto.type, proto.ints) = (.ints, x.map { Int64($0) })
  case let x as [Float]: (proto.type, proto.floats) = (.floats, x)
  case let x as Onnx_TensorProto: (proto.type, proto.t) = (.tensor, x)
  case let x as Onnx_GraphProto: (proto.type, proto.g) = (.graph, x)
  default: fatalError("\(value)")
  }
  return proto
}

func node(
  _ type: String, _ inputs: [String], _ outputs: [String], _ attributes: KeyValuePairs<String, Any> = [:], name: String = "",
  domain: String = ""
) -> Onnx_NodeProto {
  var node = Onnx_NodeProto()
  (node.opType, node.input, node.output, node.name, node.domain) = (type, inputs, outputs, name, domain)
  node.attribute = attributes.map { attribute($0.key, $0.value) }
  return node
}

func graph(
  _ nodes: [Onnx_NodeProto], inputs: [Onnx_ValueInfoProto] = [], outputs: [Onnx_ValueInfoProto], initializers: [Onnx_TensorProto] = []
) -> Onnx_GraphProto {
  var graph = Onnx_GraphProto()
  (graph.node, graph.input, graph.output, graph.initializer) = (nodes, inputs, outputs, initializers)
  return graph
}

func model(_ graph: Onnx_GraphProto, version: Int = 18, functions: [Onnx_FunctionProto] = []) -> Onnx_ModelProto {
  var model = Onnx_ModelProto()
  model.irVersion = 8
  model.graph = graph
  model.functions = functions
  var set = Onnx_OperatorSetIdProto()
  set.version = Int64(version)
  model.opsetImport = [set]
  return model
}

extension Onnx_ModelProto {
  var bytes: [UInt8] { get throws { Array(try serializedData() as Data) } }
  var read: ONNXModel { get throws { try ONNXModel(bytes: try bytes) } }
}

/// A folder that is gone afterwards.
func withFolder<R>(_ body: (String) throws -> R) throws -> R {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("onnx-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.path)
}

/// A convolutional network on [batch, 1, 28, 28] with ten classes.
func digitsNetwork(seed: UInt64 = 1) -> Onnx_ModelProto {
  withSeed(seed) {
    func weight(_ name: String, _ shape: [Int], _ fan: Int) -> Onnx_TensorProto {
      tensor(name, Tensor.normal(Shape(shape), standardDeviation: (2 / Double(fan)).squareRoot()))
    }
    return model(
      graph(
        [
          node(
            "Conv", ["image", "conv1.weight", "conv1.bias"], ["c1"], ["kernel_shape": [5, 5], "strides": [2, 2], "pads": [2, 2, 2, 2]]),
          node("Relu", ["c1"], ["r1"]),
          node(
            "Conv", ["r1", "conv2.weight", "conv2.bias"], ["c2"], ["kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]]),
          node("Relu", ["c2"], ["r2"]),
          node("Flatten", ["r2"], ["flat"]),
          node("Gemm", ["flat", "fc.weight", "fc.bias"], ["scores"], ["transB": 1]),
        ], inputs: [value("image", .float, ["batch", 1, 28, 28])], outputs: [value("scores", .float, ["batch", 10])],
        initializers: [
          weight("conv1.weight", [8, 1, 5, 5], 25), tensor("conv1.bias", Tensor.zeros([8])), weight("conv2.weight", [16, 8, 3, 3], 72),
          tensor("conv2.bias", Tensor.zeros([16])), weight("fc.weight", [10, 784], 784), tensor("fc.bias", Tensor.zeros([10])),
        ]))
  }
}
