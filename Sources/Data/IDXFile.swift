import Tensors

/// A file in the IDX format, that of the MNIST digits: a header with an element type and the sizes of the axes, then the elements.
///
///     let labels = try IDXFile("train-labels-idx1-ubyte.gz").tensor      // int32, [60000]
///
/// The file may be compressed by gzip; its first bytes tell. Every field of the header is checked, and so is the number of bytes behind it.
/// Layout, all numbers big endian: two zero bytes; a type code; the rank (1 to 8); a 32-bit size for each axis; the elements, row-major.
public struct IDXFile: Sendable {
  /// The types an IDX file's elements can have, by their codes.
  public enum ElementType: UInt8, Sendable, CaseIterable {
    case uint8 = 0x08
    case int8 = 0x09
    case int16 = 0x0B
    case int32 = 0x0C
    case float32 = 0x0D
    case float64 = 0x0E

    /// The bytes of one element in the file.
    public var byteCount: Int {
      switch self {
      case .uint8, .int8: 1
      case .int16: 2
      case .int32, .float32: 4
      case .float64: 8
      }
    }

    /// The dtype of a tensor of such elements: `int32` for all integers.
    public var dtype: DType {
      switch self {
      case .uint8, .int8, .int16, .int32: .int32
      case .float32: .float32
      case .float64: .float64
      }
    }
  }

  /// The path it was read from, or the name that was given to the bytes.
  public let path: String
  /// The type of the elements in the file.
  public let elementType: ElementType
  /// The sizes of the axes.
  public let shape: Shape
  /// The elements as they are in the file.
  let bytes: [UInt8]

  /// Reads a file.
  ///
  /// A file that cannot be read, is damaged or is no IDX file throws the field and the offset at which that showed.
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
    var header = Header(path: file.path, source: try file.contents(maximumBytes: maximumBytes, "IDXFile"))
    elementType = try header.elementType()
    shape = try header.shape(elementType)
    bytes = try header.elements(shape, elementType)
    path = file.path
  }

  /// Where the elements begin, in bytes.
  var elementsOffset: Int { 4 + 4 * shape.rank }
}

/// Reads field after field, each checked before anything depends on it.
private struct Header {
  let path: String
  let source: any ByteSource
  var offset = 0

  private func error(_ field: String, _ offset: Int, _ message: String) -> DataError {
    DataError(file: path, field: field, offset: offset, message: message)
  }

  private mutating func next(_ count: Int, _ field: String) throws(DataError) -> [UInt8] {
    let bytes = try source.bytes(count)
    guard bytes.count == count else {
      throw error(field, offset, "the file ends after \(offset + bytes.count) bytes, inside the header of an IDX file")
    }
    offset += count
    return bytes
  }

  mutating func elementType() throws(DataError) -> IDXFile.ElementType {
    let magic = try next(2, "magic number")
    guard magic == [0, 0] else { throw error("magic number", 0, "\(hex(magic)); an IDX file begins with 00 00") }
    let code = try next(1, "type code")
    guard let type = IDXFile.ElementType(rawValue: code[0]) else {
      let known = IDXFile.ElementType.allCases.map { hex([$0.rawValue]) }.joined(separator: ", ")
      throw error("type code", 2, "\(hex(code)); \(known) are known")
    }
    return type
  }

  mutating func shape(_ type: IDXFile.ElementType) throws(DataError) -> Shape {
    let rank = Int(try next(1, "rank")[0])
    guard 1...Shape.maximumRank ~= rank else { throw error("rank", 3, "\(rank); 1 to \(Shape.maximumRank) would fit") }
    var sizes: [Int] = []
    for axis in 0..<rank {
      let field = "dimension \(axis)"
      let size = try next(4, field).reduce(0) { $0 << 8 | Int($1) }
      guard size <= Int(Int32.max) else { throw error(field, offset - 4, "\(size); at most \(Int32.max) would fit") }
      sizes.append(size)
      // An empty array's strides have to exist too: a size of zero does not make up for the others.
      guard Shape(sizes).fitsMemory(type.dtype) else {
        throw error(field, offset - 4, "\(size) makes more elements than memory could hold")
      }
    }
    return Shape(sizes)
  }

  mutating func elements(_ shape: Shape, _ type: IDXFile.ElementType) throws(DataError) -> [UInt8] {
    let expected = shape.elementCount * type.byteCount
    let claim = "\(shape) of \(type) take \(expected) bytes"
    if let problem = source.problem(claimed: expected) { throw error("elements", offset, "\(claim), but \(problem)") }
    let bytes = try source.bytes(expected)
    guard bytes.count == expected else { throw error("elements", offset, "\(claim), but only \(bytes.count) follow") }
    guard try source.bytes(1).isEmpty else { throw error("elements", offset, "\(claim), but more follow at offset \(offset + expected)") }
    return bytes
  }
}
