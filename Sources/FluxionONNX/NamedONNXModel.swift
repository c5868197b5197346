import Tensors

/// An ``ONNXModel`` whose inputs and outputs have names, as a model: of several inputs, or of several outputs that are wanted.
///
///     var fast = try ONNXModel(from: "minilm.onnx").named.compiled()
///     let vector = fast.predict(["input_ids": ids, "attention_mask": mask])["embedding"]!
///
/// Parameters, names and files are those of the model.
public struct NamedONNXModel: Model {
  /// The model itself.
  public var model: ONNXModel

  /// The outputs by name; see ``ONNXModel/callAsFunction(inputs:)``.
  public func callAsFunction(_ inputs: [String: Tensor]) -> [String: Tensor] { model(inputs: inputs) }

  /// The model's parameters under their ONNX names.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) { model.visit(&visitor) }

  /// As it is written: `ONNXModel(from: "model.onnx").named`.
  public var code: String { "\(model.code).named" }
}

extension ONNXModel {
  /// The model of inputs and outputs by name, for ``Model/compiled(fallback:)`` and whatever else takes a model.
  public var named: NamedONNXModel { NamedONNXModel(model: self) }
}
