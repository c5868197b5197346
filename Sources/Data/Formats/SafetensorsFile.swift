import Tensors

/// A file in the safetensors format, that of the weights on Hugging Face: a header with names, types and shapes, then the elements.
///
///     let weights = try SafetensorsFile("model.safetensors")
///     weights.names                         // ["layers.0.weight", "layers.0.bias", …]
///     let weight = try weights.tensor("layers.0.weight")
///     weights.metadata["format"]            // "pt"
///
/// Opening it reads and checks the header alone; a tensor's elements are read when they are asked for. The file stays open as long as there is a copy
/// of the value; replaced by another one meanwhile, it is read as it was. The types become dtypes so:
///
/// | in the file | tensor |
/// |---|---|
/// | F32, F64, I32, I64, BOOL | the same |
/// | F16, BF16 | float32, exactly; or as they are, see ``tensor(_:as:)`` |
/// | I8, U8, I16, U16 | int32 |
/// | U32 | int64 |
/// | U64 | int64; a number above 2⁶³ - 1 throws |
/// | others | listed in ``entries``; reading one throws |
///
/// Where a file has checksums (see ``write(_:metadata:checksums:to:)``) the header is checked against its own at once, and each tensor when it is read.
///
/// Layout: the header's length, 8 bytes little endian; the header, JSON in UTF-8; the elements, row-major and little endian, without gaps.
/// Source: https://github.com/huggingface/safetensors.
public struct SafetensorsFile: NamedTensors, Sendable {
  /// What the header says of one tensor.
  public struct Entry: Sendable, Hashable {
    /// The tensor's name.
    public let name: String
    /// The type of the elements in the file.
    public let elementType: ElementType
    /// The sizes of the axes.
    public let shape: Shape
    /// Where in the file the elements lie, in bytes.
    public let byteRange: Range<Int>
  }

  /// The longest header that the format allows, in bytes.
  static let longestHeader = 100_000_000

  /// The tensors in the order of the header.
  public let entries: [Entry]
  /// The texts under `__metadata__`.
  public let metadata: [String: String]
  private let bytes: RandomAccessBytes
  private let positions: [ByteName: Int]
  private let checksums: Checksums?

  /// Opens a file.
  ///
  /// One that cannot be opened, is damaged or is no safetensors file throws the field and the offset at which that showed.
  public init(_ path: String) throws(DataError) { try self.init(RandomAccessBytes(path)) }

  /// A file's contents, in memory; errors call it `name`.
  ///
  /// Throws as ``init(_:)`` does.
  public init(bytes: [UInt8], name: String = "bytes") throws(DataError) { try self.init(RandomAccessBytes(bytes, name: name)) }

  private init(_ bytes: RandomAccessBytes) throws(DataError) {
    func error(_ message: String) -> DataError { DataError(file: bytes.name, field: "header length", offset: 0, message: message) }

    guard bytes.size >= 8 else {
      throw error("the file ends after \(bytes.size) bytes; a safetensors file begins with 8 for its header's length")
    }
    let length = try bytes.bytes(0..<8, "header length").reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    guard length <= Self.longestHeader else { throw error("\(length); at most \(Self.longestHeader) would fit") }
    guard length <= bytes.size - 8 else { throw error("\(length), but only \(bytes.size - 8) bytes follow") }

    let text = try bytes.bytes(8..<8 + Int(length), "header")
    var header = SafetensorsHeader(text: text, file: bytes.name, fileSize: bytes.size)
    try header.read()
    entries = header.entries
    metadata = header.metadata
    positions = header.positions
    checksums = header.checksums
    self.bytes = bytes
  }

  /// The path, or the name that was given to the bytes.
  public var source: String { bytes.name }
  /// The tensors' names in the order of the header.
  public var names: [String] { entries.map(\.name) }

  /// The shape and dtype of the tensor of a name; nil if there is none.
  ///
  /// The dtype of a type that ``tensor(_:)`` cannot read is given as float32: it throws what is wrong then.
  public func outline(_ name: String) -> (shape: Shape, dtype: DType)? {
    positions[ByteName(name)].map { (entries[$0].shape, entries[$0].elementType.dtype ?? .float32) }
  }

  /// Reads the tensor of a name.
  ///
  /// Throws if there is none, its type has no dtype here, an element has no value in the dtype, or the file cannot be read any more.
  public func tensor(_ name: String) throws(DataError) -> Tensor {
    guard let position = positions[ByteName(name)] else {
      throw DataError(file: source, field: SafetensorsHeader.printed(name), message: "there is no tensor of this name")
    }
    return try entries[position].tensor(bytes, checksum: checksums?.tensors[position])
  }

  /// Reads the tensor of a name as a dtype: F16 as float16 and BF16 as bfloat16 as they are in the file, in half of float32's memory; other pairs are
  /// converted as ``Tensor/cast(to:)`` does.
  ///
  ///     let weight = try weights.tensor("weight", as: .bfloat16)
  ///
  /// Throws as ``tensor(_:)`` does.
  public func tensor(_ name: String, as dtype: DType) throws(DataError) -> Tensor {
    if let position = positions[ByteName(name)], entries[position].elementType.isKept(as: dtype) {
      return try entries[position].tensor(bytes, checksum: checksums?.tensors[position], keepsHalf: true)
    }
    return try tensor(name).cast(to: dtype)
  }

  /// Compares all bytes with the checksums, where the file has some; throws which tensor is damaged.
  package func verify() throws(DataError) {
    guard let checksums else { return }
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { piece.deallocate() }
    for (entry, expected) in zip(entries, checksums.tensors) {
      var checksum = Checksum()
      var rest = entry.byteRange
      while !rest.isEmpty {
        let part = UnsafeMutableRawBufferPointer(rebasing: piece[..<min(piece.count, rest.count)])
        try bytes.read(into: part, at: rest.lowerBound, SafetensorsHeader.printed(entry.name))
        checksum.add(UnsafeRawBufferPointer(part))
        rest = rest.lowerBound + part.count..<rest.upperBound
      }
      try entry.check(checksum.value, expected, bytes.name)
    }
  }
}
