import Tensors

/// Opens a file of tensors that have names: safetensors, or an `.npz` archive, which its contents show.
///
/// Throws as the readers of the two do, and for a file of another kind.
package func openNamedTensors(_ path: String) throws(DataError) -> any NamedTensors {
  switch try FileFormat(contentsOf: path) {
  case .safetensors: return try SafetensorsFile(path)
  case .npz: return try NPZFile(path)
  case let other: throw DataError(file: path, message: "is \(other), whose tensors have no names; safetensors or npz would fit")
  }
}
