import Tensors

extension NPYFile {
  /// Writes a tensor: float16, float32, float64, int32, int64 and bool as they are, row-major, version 1.0.
  ///
  /// Whatever happens, the path then holds the old file or the new one, whole. Throws if it cannot be written. The format has no bfloat16: such a tensor is
  /// a mistake.
  public static func write(_ tensor: Tensor, to path: String) throws(DataError) {
    guard let encoded = EncodedArray(tensor, "NPYFile.write") else { return }
    try AtomicFile.write(to: path) { (file) throws(DataError) in
      try encoded.forEachPart { (bytes) throws(DataError) in try file.write(bytes) }
    }
  }
}

/// A tensor as the bytes of an `.npy` file.
struct EncodedArray {
  private let header: [UInt8]
  private let tensor: Tensor

  /// Nil, after a mistake, if the tensor has a shape and no elements.
  init?(_ tensor: Tensor, _ operation: String) {
    guard tensor.hasElements else {
      fail(TensorError(operation, "a tensor \(tensor.shape) that has a shape but no elements"))
      return nil
    }
    guard let type = NPYFile.ElementType(tensor.dtype) else {
      fail(TensorError(operation, "a \(tensor.dtype) tensor, for which the format has no type; .cast(to: .float32) would fit"))
      return nil
    }
    header = NPYHeader.bytes(shape: tensor.shape, type)
    self.tensor = tensor
  }

  /// The number of all bytes.
  var count: Int { header.count + tensor.elementCount * tensor.dtype.byteCount }

  /// Calls `body` with the head, and then with the elements.
  func forEachPart(_ body: (UnsafeRawBufferPointer) throws(DataError) -> Void) throws(DataError) {
    try header.withUnsafeBufferPointer { (bytes) throws(DataError) in try body(UnsafeRawBufferPointer(bytes)) }
    if try tensor.withBytes({ (bytes) throws(DataError) in try body(bytes) }) == nil {
      throw DataError(file: "", field: "elements", message: "out of memory: there is none for a copy of \(tensor.shape) in order")
    }
  }
}
