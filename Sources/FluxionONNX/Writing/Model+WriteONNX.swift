import Data
import Foundation
import Models
import SwiftProtobuf
import Tensors

extension Model {
  /// Writes the model as an ONNX file, as it answers in inference mode: for onnxruntime, Core ML's converter, the web.
  ///
  ///     try model.writeONNX(to: "model.onnx", input: ids)
  ///     try model.writeONNX(to: "translator.onnx", input: (source: source, target: target), dynamicAxes: [0, 1])
  ///
  /// The model runs on the example, and the operators that it calls are written as those of ONNX's operator set 20. Parameters and buffers become initializers
  /// under their names (`layers.0.weight`), nodes carry the part that they ran in (`/layers.0/Gemm`). One tensor as the input is called `input`; several, in a
  /// tuple, struct or list, have the names of their properties, or `input.0`, `input.1`; outputs alike, `output`.
  ///
  /// A `@Recurrent` state that a call reads and changes is one more input under its name (`layers.0.hidden`) and one more output
  /// (`layers.0.hidden.next`), which is given to the next call. Without dynamic axes the input has the state's value as its default and may be left out; with them it
  /// has to be given. A state that a call begins anew, as in ``Model/unrolled(steps:stateful:input:outputs:initialState:)``, is inside of the file; one that
  /// grows from call to call (keys and values so far) begins at each call with what it is now, unless `growingState` makes it an input and an output, too:
  /// then the first call is given one of size 0 along the axis `past`.
  ///
  /// PyTorch: `torch.onnx.export`. Answers agree with the model's as far as the runtime's own operators do: to rounding.
  ///
  /// - Parameters:
  ///   - path: The file, which is written whole or not at all. Where weights take more than a protocol buffer can hold, 2 GB, they are written
  ///     beside it, to a file whose name has `.data` appended.
  ///   - input: An example, whose shapes and dtypes the file's inputs have.
  ///   - dynamicAxes: Axes of the input whose size may be another at each call: `[0]` the batch, `batch` in the file; others `axis1`, `axis2`, …. Inputs that have one size along it
  ///     share it. The model is traced at other sizes too, and what depends on them is written as ONNX's arithmetic of shapes.
  ///   - growingState: Whether states that grow from call to call are inputs and outputs.
  /// - Throws: An ``ONNXError`` that names the operator and the model part which has no form in ONNX: random numbers, decompositions of matrices, elements
  ///   that Swift code reads (a Swift `if` on a value); a `TensorError` where the model does not take the input; an error with the file's name if it cannot be
  ///   written. Inside of a gradient it is refused.
  @_disfavoredOverload
  public func writeONNX(to path: String, input: Input, dynamicAxes: [Int] = [], growingState: Bool = false) throws {
    try write(path, input, dynamicAxes, growingState)
  }

  fileprivate func write(_ path: String, _ input: Input, _ dynamicAxes: [Int], _ growingState: Bool) throws {
    do {
      try ONNXFile(self, input, dynamicAxes: dynamicAxes, growingState: growingState).write(to: path)
    } catch var error as ONNXError {
      error.file = path
      throw error
    } catch let refusal as TraceRefusal {
      throw ONNXError(file: path, message: "the model cannot be written: \(refusal.reason)")
    }
  }
}

extension Model where Input == Tensor {
  /// Writes the model as an ONNX file, for an input of a shape: see ``Model/writeONNX(to:input:dynamicAxes:)``.
  ///
  ///     try model.writeONNX(to: "model.onnx", input: [1, 3, 224, 224], dynamicAxes: [0])
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - input: The input's shape.
  ///   - dtype: The input's dtype; for ids `.int64`.
  ///   - dynamicAxes: Axes of the input whose size may be another at each call.
  ///   - growingState: Whether states that grow from call to call are inputs and outputs.
  public func writeONNX(
    to path: String, input shape: Shape, dtype: DType = .float32, dynamicAxes: [Int] = [], growingState: Bool = false
  ) throws {
    // Numbers between 0 and 1, different ones, as a model may divide by what is the same everywhere.
    let example = try checked {
      let random = { (shape: Shape) in
        var stream = RandomStream(seed: 1)
        return Tensor.uniform(shape, using: &stream)
      }
      return dtype.isFloatingPoint ? random(shape).cast(to: dtype) : Tensor.zeros(shape, dtype)
    }
    try write(path, example, dynamicAxes, growingState)
  }
}

/// A model as ONNX's message, and the tensors that it has.
struct ONNXFile {
  private var proto: Onnx_ModelProto
  private let initializers: [(name: String, value: Tensor)]
  /// More bytes of weights than this are written beside the file.
  static let mostBytes = 1_900_000_000

  init<M: Model>(_ model: M, _ example: M.Input, dynamicAxes: [Int], growingState: Bool = false) throws {
    let traced = try TracedModel(model, example, dynamicAxes: dynamicAxes, grows: growingState)
    let traces = traced.traces
    let inputs = traced.inputs + traced.states.map { ($0.name, $0.input) }
    let dynamic = traced.axes.map { axis in
      DynamicAxis(
        name: axis.name, input: inputs.first { $0.input == axis.input }?.name ?? "input", axis: axis.axis,
        size: Size(traces.map { $0.values[axis.input].shape[axis.axis] }))
    }
    let stateOutputs = traced.states.map { "\($0.name).next" }
    let outputs = traced.outputs + zip(stateOutputs, traced.states).map { ($0, $1.output) }
    let writer = GraphWriter(traces, dynamic, reserved: inputs.map(\.name) + outputs.map(\.name) + traced.parameters.map(\.name))
    // A parameter that several parts share is one initializer.
    var known: [(value: Tensor, name: String)] = []
    for (i, parameter) in traced.parameters.enumerated() {
      if let same = known.first(where: { $0.value.sharesAllElements(with: parameter.value) }) {
        writer.set(i, .named(same.name))
      } else {
        known.append((parameter.value, parameter.name))
        writer.parameter(parameter.value, parameter.name)
        writer.set(i, .named(parameter.name))
      }
    }
    for state in traced.parameters.count..<(traced.inputs.map(\.input).min() ?? 0)
    where !traced.states.contains(where: { $0.input == state }) {
      writer.set(state, .named(writer.constant(traced.initialState(state), "state")))
    }
    for (name, value) in inputs { writer.set(value, .named(name)) }
    try writer.write(outputs.map { $0.output })

    var graph = Onnx_GraphProto()
    graph.name = "\(M.self)".count <= 80 ? "\(M.self)" : "model"
    let results = try writer.finish(outputs.map { ($0.name, $0.output) }, inputs: inputs.map(\.name))
    graph.node = results
    func info(_ name: String, _ value: Int) -> Onnx_ValueInfoProto {
      var info = Onnx_ValueInfoProto()
      info.name = name
      var tensor = Onnx_TypeProto.Tensor()
      tensor.elemType = ONNXElementType(writer.dtype(value)).rawValue
      tensor.shape.dim = writer.sizes(value).enumerated().map { axis, size in
        var dimension = Onnx_TensorShapeProto.Dimension()
        if let fixed = size.fixed {
          dimension.dimValue = Int64(fixed)
        } else {
          dimension.dimParam = size.text(dynamic) ?? "\(name)_\(axis)"
        }
        return dimension
      }
      info.type.tensorType = tensor
      return info
    }
    graph.input = inputs.map { info($0.name, $0.input) }
    graph.output = outputs.map { info($0.name, $0.output) }
    var tensors = writer.usedInitializers(results)
    if dynamic.isEmpty { tensors += traced.states.map { ($0.name, $0.value) } }
    initializers = tensors

    proto = Onnx_ModelProto()
    proto.irVersion = 10
    proto.producerName = "Fluxion"
    proto.graph = graph
    var set = Onnx_OperatorSetIdProto()
    set.version = Int64(GraphWriter.version)
    proto.opsetImport = [set]
  }

  /// Writes the file, and the weights beside it if they are too large for it.
  func write(to path: String, mostBytes: Int = ONNXFile.mostBytes) throws {
    let total = initializers.reduce(0) { $0 + $1.value.elementCount * $1.value.dtype.byteCount }
    var proto = proto
    var protos: [Onnx_TensorProto] = []
    var beside: [(Tensor, Int)] = []
    var offset = 0
    for (name, value) in initializers {
      var tensor = Onnx_TensorProto()
      (tensor.name, tensor.dims) = (name, value.shape.map { Int64($0) })
      tensor.dataType = ONNXElementType(value.dtype).rawValue
      let count = value.elementCount * value.dtype.byteCount
      if total > mostBytes, count >= 1024 {
        tensor.dataLocation = .external
        // Pages begin at multiples of 4096, for readers that map the file.
        offset = (offset + 4095) & ~4095
        let file = URL(filePath: path).lastPathComponent + ".data"
        tensor.externalData = [("location", file), ("offset", "\(offset)"), ("length", "\(count)")].map { key, value in
          var entry = Onnx_StringStringEntryProto()
          (entry.key, entry.value) = (key, value)
          return entry
        }
        beside.append((value, offset))
        offset += count
      } else if value.withBytes({ tensor.rawData = Data($0) }) == nil {
        throw ONNXError(file: path, field: "initializer \(name)", message: "there is no memory for a copy of \(value.shape)")
      }
      protos.append(tensor)
    }
    proto.graph.initializer = protos
    let bytes: [UInt8] = try proto.serializedBytes()
    if !beside.isEmpty {
      try AtomicFile.write(to: path + ".data") { (file) throws(DataError) in
        for (value, start) in beside {
          try file.write([UInt8](repeating: 0, count: start - file.offset))
          _ = try value.withBytes { (bytes) throws(DataError) in try file.write(bytes) }
        }
      }
    }
    try AtomicFile.write(to: path) { (file) throws(DataError) in try file.write(bytes) }
  }
}

extension Tensor {
  /// Whether both are the same elements in the same memory.
  fileprivate func sharesAllElements(with other: Tensor) -> Bool {
    guard shape == other.shape, dtype == other.dtype, elementCount > 0 else { return false }
    return withBytes { a in other.withBytes { b in a.baseAddress == b.baseAddress } ?? false } ?? false
  }
}
