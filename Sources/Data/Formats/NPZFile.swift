import Tensors

/// Several named arrays in NumPy's format, `.npz`: a zip archive of `.npy` files.
///
///     let file = try NPZFile("x.npz")
///     file.names                              // ["weight", "bias"]
///     let weight = try file.tensor("weight")
///     try NPZFile.write([("weight", weight)], to: "y.npz")
///
/// Opening it reads the archive's directory and each array's header; elements are read when they are asked for, and checked against the
/// archive's checksum. The file stays open as long as a copy of the value is there; replaced by another one meanwhile, it is read as it was.
/// Arrays may be stored (`numpy.savez`) or deflated (`numpy.savez_compressed`). The dtypes are those of ``NPYFile``.
public struct NPZFile: NamedTensors, Sendable {
  /// What the archive says of one array.
  public struct Entry: Sendable, Hashable {
    /// The array's name, without `.npy`.
    public let name: String
    /// The type of the elements in the file.
    public let elementType: NPYFile.ElementType
    /// The sizes of the axes.
    public let shape: Shape
    /// The bytes that it takes in the file, compressed or not, with its header.
    public let byteCount: Int
  }

  /// The arrays in the order of the archive's directory.
  public let entries: [Entry]
  private let archive: ZipArchive
  private let positions: [ByteName: Int]

  static let ending = ".npy"

  /// Opens a file.
  ///
  /// One that cannot be opened, is damaged or has members that are no arrays throws the field and the offset at which that showed.
  ///
  /// - Parameter maximumBytes: The most bytes that the deflated arrays may come to, all together: 256 MiB, or 64 times the file's size where that is
  ///   more, unless told.
  public init(_ path: String, maximumBytes: Int? = nil) throws(DataError) {
    try self.init(RandomAccessBytes(path), maximumBytes: maximumBytes)
  }

  /// A file's contents, in memory; errors call it `name`.
  ///
  /// Throws as ``init(_:maximumBytes:)`` does.
  public init(bytes: [UInt8], name: String = "bytes", maximumBytes: Int? = nil) throws(DataError) {
    try self.init(RandomAccessBytes(bytes, name: name), maximumBytes: maximumBytes)
  }

  private init(_ bytes: RandomAccessBytes, maximumBytes: Int?) throws(DataError) {
    archive = try ZipArchive(bytes)
    let budget = ByteBudget.bytes(maximumBytes, fileSize: bytes.size, "NPZFile")
    var inflated = 0
    var (entries, positions): ([Entry], [ByteName: Int]) = ([], [:])
    entries.reserveCapacity(archive.members.count)
    for member in archive.members {
      let field = "member \(readable(member.name))"
      func error(_ message: String) -> DataError {
        DataError(file: bytes.name, field: field, offset: member.range.lowerBound, message: message)
      }
      guard member.name.hasSuffix(Self.ending) else { throw error("is no array; the members of an .npz file end in .npy") }
      if member.method == .deflated {
        inflated += min(member.size, Int.max - inflated)
        if inflated > budget {
          throw error(
            "deflated arrays up to it are to come to \(inflated) bytes; at most \(budget) are read here, and a larger maximumBytes would allow more"
          )
        }
      }
      let header = try NPYHeader(archive.source(member), file: bytes.name, place: "\(field), ")
      guard header.elementsOffset + header.byteCount == member.size else {
        throw error(
          "\(header.shape) of \(header.elementType) take \(header.byteCount) bytes behind a header of \(header.elementsOffset);"
            + " the member has \(member.size)")
      }
      let name = String(member.name.dropLast(Self.ending.count))
      positions[ByteName(name)] = entries.count
      entries.append(Entry(name: name, elementType: header.elementType, shape: header.shape, byteCount: member.range.count))
    }
    (self.entries, self.positions) = (entries, positions)
  }

  /// The path, or the name that was given to the bytes.
  public var source: String { archive.bytes.name }
  /// The arrays' names in the order of the archive's directory.
  public var names: [String] { entries.map(\.name) }
  /// None: the format has no place for texts.
  public var metadata: [String: String] { [:] }

  /// The shape and dtype of the tensor of a name; nil if there is none.
  public func outline(_ name: String) -> (shape: Shape, dtype: DType)? {
    positions[ByteName(name)].map { (entries[$0].shape, entries[$0].elementType.dtype) }
  }

  /// Reads the tensor of a name.
  ///
  /// Throws if there is none, its bytes are damaged, an element has no value in the dtype, or the file cannot be read any more.
  public func tensor(_ name: String) throws(DataError) -> Tensor {
    guard let position = positions[ByteName(name)] else {
      throw DataError(file: source, field: "member \(readable(name + Self.ending))", message: "there is no array of this name")
    }
    let member = archive.members[position]
    return try NPYFile(archive.source(member), file: source, place: "member \(readable(member.name)), ").tensor
  }
}
