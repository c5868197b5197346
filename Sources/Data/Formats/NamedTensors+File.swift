import Tensors

/// Opens a file of tensors that have names: safetensors, or an `.npz` archive, which its first bytes show.
///
/// Throws as the readers of the two do.
package func openNamedTensors(_ path: String) throws(DataError) -> any NamedTensors {
  let file = try RandomAccessBytes(path)
  let start = try file.bytes(0..<min(2, file.size), "magic number")
  return start == [0x50, 0x4B] ? try NPZFile(path) : try SafetensorsFile(path)
}
