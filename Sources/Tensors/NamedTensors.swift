/// Tensors by name, and texts that go with them: what a file of weights holds.
///
/// Shapes and dtypes are known before any element is read, so that what does not fit is found before anything changes.
public protocol NamedTensors {
  /// The names, in the order of the source.
  var names: [String] { get }
  /// The shape and dtype of the tensor of a name, as ``tensor(_:)`` gives it; nil if there is none.
  func outline(_ name: String) -> (shape: Shape, dtype: DType)?
  /// Reads the tensor of a name.
  ///
  /// Throws if there is none or it cannot be read.
  func tensor(_ name: String) throws -> Tensor
  /// Texts by name.
  var metadata: [String: String] { get }
  /// What sentences call the source: a path.
  var source: String { get }
}
