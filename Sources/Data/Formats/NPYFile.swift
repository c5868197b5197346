import Tensors

/// An array in NumPy's format, `.npy`.
///
///     let x = try NPYFile("x.npy").tensor
///     try NPYFile.write(x, to: "y.npy")
///
/// Versions 1.0, 2.0 and 3.0, both byte orders and both orders of elements are read. The file may be compressed by gzip; its first bytes tell.
/// Every field of the header is checked, and so is the number of bytes behind it. Texts, times, Python objects and elements of
/// several fields are refused. Source: NumPy, NEP 1.
public struct NPYFile: Sendable {
  /// The types an array's elements can have, by NumPy's codes.
  public enum ElementType: String, Sendable, CaseIterable {
    case float16 = "f2"
    case float32 = "f4"
    case float64 = "f8"
    case int8 = "i1"
    case int16 = "i2"
    case int32 = "i4"
    case int64 = "i8"
    case uint8 = "u1"
    case uint16 = "u2"
    case uint32 = "u4"
    case uint64 = "u8"
    case bool = "b1"
    case complex64 = "c8"
    case complex128 = "c16"

    static let known = allCases.map(\.rawValue).joined(separator: ", ")
  }

  /// The path it was read from, or the name that was given to the bytes.
  public let path: String
  /// The type of the elements in the file.
  public let elementType: ElementType
  /// The elements: integers of up to 16 bits as `int32`, `u4` and `u8` as `int64`, the others as they are.
  ///
  /// It is a transposed view where the file has Fortran's order.
  public let tensor: Tensor

  /// Reads a file.
  ///
  /// A file that cannot be read, is damaged or is no `.npy` file throws the field and the offset at which that showed.
  ///
  /// - Parameter maximumBytes: The most bytes that a compressed file, or a pipe, may come to: 256 MiB, or 64 times the file's size where that is more,
  ///   unless told.
  public init(_ path: String, maximumBytes: Int? = nil) throws(DataError) { try self.init(FileSource(path), maximumBytes: maximumBytes) }

  /// A file's contents, in memory; errors call it `name`.
  ///
  /// Throws as ``init(_:maximumBytes:)`` does.
  public init(bytes: [UInt8], name: String = "bytes", maximumBytes: Int? = nil) throws(DataError) {
    try self.init(FileSource(bytes: bytes, name: name), maximumBytes: maximumBytes)
  }

  package init(_ file: FileSource, maximumBytes: Int?) throws(DataError) {
    try self.init(file.contents(maximumBytes: maximumBytes, "NPYFile"), file: file.path)
  }

  /// Reads a source to its end; `place` stands before each field in errors, for a member of an archive.
  init(_ source: any ByteSource, file: String, place: String = "") throws(DataError) {
    let header = try NPYHeader(source, file: file, place: place)
    let (count, start) = (header.byteCount, header.elementsOffset)
    func error(_ offset: Int, _ message: String) -> DataError {
      DataError(file: file, field: place + "elements", offset: offset, message: message)
    }
    let claim = "\(header.shape) of \(header.elementType) take \(count) bytes"
    if let problem = source.problem(claimed: count) { throw error(start, "\(claim), but \(problem)") }
    // No room is made for elements that may not come.
    var elementSource = source
    if !source.isStored {
      let gathered = try GatheredBytes(source, count)
      guard gathered.count == count else { throw error(start, "\(claim), but only \(gathered.count) follow") }
      elementSource = gathered
    }

    var position = 0
    let decoder = ElementDecoder(type: header.elementType.stored, keepsHalf: true, isBigEndian: header.isBigEndian) { (out) throws(DataError) in
      let got = try elementSource.read(into: out.assumingMemoryBound(to: UInt8.self))
      position += got
      if got < out.count { throw error(start, "\(claim), but only \(position) follow") }
    } error: { index, message in
      error(start + index * header.elementType.byteCount, message)
    }
    // In Fortran's order the bytes are those of the transposed array.
    let elements = try decoder.tensor(header.isFortranOrder ? Shape(header.shape.reversed()) : header.shape)
    if try !source.bytes(1).isEmpty { throw error(start, "\(claim), but more follow at offset \(start + count)") }
    (path, elementType) = (file, header.elementType)
    tensor = header.isFortranOrder ? elements.permuted(Array((0..<header.shape.rank).reversed())) : elements
  }
}

extension NPYFile.ElementType {
  /// The bytes of one element in the file.
  public var byteCount: Int { stored.byteCount }
  /// The dtype of a tensor of such elements.
  public var dtype: DType { self == .float16 ? .float16 : stored.dtype }

  var stored: StoredElement {
    switch self {
    case .float16: .float16
    case .float32: .float32
    case .float64: .float64
    case .int8: .int8
    case .int16: .int16
    case .int32: .int32
    case .int64: .int64
    case .uint8: .uint8
    case .uint16: .uint16
    case .uint32: .uint32
    case .uint64: .uint64
    case .bool: .bool
    case .complex64: .complex64
    case .complex128: .complex128
    }
  }

  /// The type that a dtype is written as; nil for bfloat16, of which NumPy knows nothing.
  init?(_ dtype: DType) {
    switch dtype {
    case .float32: self = .float32
    case .float64: self = .float64
    case .int32: self = .int32
    case .int64: self = .int64
    case .bool: self = .bool
    case .float16: self = .float16
    case .bfloat16: return nil
    case .complex64: self = .complex64
    case .complex128: self = .complex128
    }
  }
}
