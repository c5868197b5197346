import Tensors

extension SafetensorsFile.Entry {
  /// Reads the elements, whose bytes have to have the checksum, where there is one; 16-bit floats as they are if `keepsHalf`, else as float32.
  func tensor(_ bytes: RandomAccessBytes, checksum expected: UInt32?, keepsHalf: Bool = false) throws(DataError) -> Tensor {
    func error(_ index: Int, _ message: String) -> DataError {
      DataError(
        file: bytes.name, field: SafetensorsHeader.printed(name), offset: byteRange.lowerBound + index * elementType.bitCount / 8,
        message: message)
    }

    guard let stored = elementType.stored else {
      let known = SafetensorsFile.ElementType.allCases.filter { $0.dtype != nil }.map(\.rawValue).joined(separator: ", ")
      throw error(0, "\(elementType.rawValue) cannot be read; \(known) can")
    }
    var position = byteRange.lowerBound
    var checksum = Checksum()
    let decoder = ElementDecoder(type: stored, keepsHalf: keepsHalf) { (out) throws(DataError) in
      try bytes.read(into: out, at: position, SafetensorsHeader.printed(name))
      position += out.count
      if expected != nil { checksum.add(UnsafeRawBufferPointer(out)) }
    } error: {
      error($0, $1)
    }
    let tensor = try decoder.tensor(shape)
    if let expected { try check(checksum.value, expected, bytes.name) }
    return tensor
  }

  /// Throws unless the checksum of the elements' bytes is the one that the file tells of.
  func check(_ found: UInt32, _ expected: UInt32, _ file: String) throws(DataError) {
    if found == expected { return }
    throw DataError(
      file: file, field: SafetensorsHeader.printed(name), offset: byteRange.lowerBound,
      message: "its checksum is \(Checksums.hexadecimal(found)), and the header tells of \(Checksums.hexadecimal(expected)):"
        + " the file is damaged, or another program has changed it")
  }
}

extension SafetensorsFile.ElementType {
  /// The dtype of a tensor of such elements; nil if they cannot be read.
  public var dtype: DType? { stored?.dtype }

  /// Whether elements are in the file as they are in a tensor of a 16-bit dtype.
  func isKept(as dtype: DType) -> Bool { self == .float16 && dtype == .float16 || self == .bfloat16 && dtype == .bfloat16 }

  fileprivate var stored: StoredElement? {
    switch self {
    case .float64: .float64
    case .float32: .float32
    case .float16: .float16
    case .bfloat16: .bfloat16
    case .int64: .int64
    case .int32: .int32
    case .int16: .int16
    case .int8: .int8
    case .uint64: .uint64
    case .uint32: .uint32
    case .uint16: .uint16
    case .uint8: .uint8
    case .bool: .bool
    case .complex64: .complex64
    case .float8e5m2, .float8e5m2fnuz, .float8e4m3, .float8e4m3fnuz, .float8e8m0, .float6e2m3, .float6e3m2, .float4: nil
    }
  }
}
