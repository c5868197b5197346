import Tensors

extension IDXFile {
  /// The elements as a tensor: `int32` for all integers, `float32` and `float64` as they are.
  public var tensor: Tensor {
    switch elementType {
    case .uint8: Tensor(elements(UInt8.self) { Int32($0) }, shape: shape)
    case .int8: Tensor(elements(UInt8.self) { Int32(Int8(bitPattern: $0)) }, shape: shape)
    case .int16: Tensor(elements(Int16.self) { Int32($0) }, shape: shape)
    case .int32: Tensor(elements(Int32.self) { $0 }, shape: shape)
    case .float32: Tensor(elements(UInt32.self) { Float(bitPattern: $0) }, shape: shape)
    case .float64: Tensor(elements(UInt64.self) { Double(bitPattern: $0) }, shape: shape)
    }
  }

  /// The elements, each read as a big endian `Raw` and then converted.
  @inline(__always)
  func elements<Raw: FixedWidthInteger & BitwiseCopyable, Element>(_ raw: Raw.Type, _ convert: (Raw) -> Element) -> [Element] {
    let count = bytes.count / MemoryLayout<Raw>.size
    guard
      attempt({ () throws(TensorError) in try checkList(count, of: MemoryLayout<Element>.stride, "IDXFile", "\(count) elements") }) != nil
    else { return [] }
    return bytes.withUnsafeBytes { source in
      [Element](unsafeUninitializedCapacity: count) { target, initialized in
        for i in 0..<count {
          let value = source.loadUnaligned(fromByteOffset: i * MemoryLayout<Raw>.size, as: Raw.self)
          target.initializeElement(at: i, to: convert(Raw(bigEndian: value)))
        }
        initialized = count
      }
    }
  }
}
