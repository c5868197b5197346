import Tensors

/// A table of numbers as text: a line for each row, its fields parted by commas, semicolons or tabs.
///
///     let file = try CSVFile("houses.csv")
///     file.columnNames       // ["rooms", "area", "price"], or nil if there is no such line
///     file.tensor            // float32 [rows, 3]
///     try CSVFile.write(file.tensor, header: file.columnNames ?? [], to: "copy.csv")
///
/// Each number is rounded once, to the nearest of its dtype, however many digits are written. `inf` and `nan` are numbers, in any case. Fields may
/// stand in quotes, lines end as on any system, blank lines count for nothing. The file may be compressed by gzip. Source: RFC 4180.
public struct CSVFile: Sendable {
  /// The path it was read from, or the name that was given to the bytes.
  public let path: String
  /// The names of the columns, if the first line has them.
  public let columnNames: [String]?
  /// The numbers: [rows, columns].
  public let tensor: Tensor

  /// Reads a file.
  ///
  /// - `dtype`: that of the tensor. Integers are read exactly, a fraction or one beyond the range throws; Booleans are 0, 1, `false` and `true`.
  /// - `separator`: an ASCII character; by default a tab, a semicolon or a comma, the first of them that the first line has.
  /// - `hasHeader`: whether the first line has names; by default it has them if there is no number in it, and the only line also nothing that begins
  ///   as one does.
  /// - `missing`: what stands for an empty field, which otherwise throws.
  /// - `maximumBytes`: the most bytes that a compressed file, or a pipe, may come to: 256 MiB, or 64 times the file's size where that is more, unless told.
  ///
  /// Throws, with line, column and offset, at what is no number, at a line with more or fewer fields than the first one, and if the file cannot
  /// be read.
  public init(
    _ path: String, dtype: DType = .float32, separator: Character? = nil, hasHeader: Bool? = nil, missing: Double? = nil,
    maximumBytes: Int? = nil
  ) throws(DataError) {
    try self.init(FileSource(path), CSVOptions(dtype, separator, hasHeader, missing), maximumBytes: maximumBytes)
  }

  /// A file's contents, in memory; errors call it `name`.
  ///
  /// Throws as ``init(_:dtype:separator:hasHeader:missing:maximumBytes:)`` does.
  public init(
    bytes: [UInt8], name: String = "bytes", dtype: DType = .float32, separator: Character? = nil, hasHeader: Bool? = nil,
    missing: Double? = nil, maximumBytes: Int? = nil
  ) throws(DataError) {
    try self.init(
      FileSource(bytes: bytes, name: name), CSVOptions(dtype, separator, hasHeader, missing), maximumBytes: maximumBytes)
  }

  package init(_ file: FileSource, dtype: DType, separator: Character?, maximumBytes: Int?) throws(DataError) {
    try self.init(file, CSVOptions(dtype, separator, nil, nil), maximumBytes: maximumBytes)
  }

  private init(_ file: FileSource, _ options: CSVOptions, maximumBytes: Int?) throws(DataError) {
    let text = try Self.text(of: file, maximumBytes: maximumBytes, "CSVFile")
    path = file.path
    (columnNames, tensor) = try text.withUnsafeBufferPointer { (text) throws(DataError) in
      var reader = CSVReader(text, file: file.path, options)
      return try reader.table()
    }
  }

  /// All of a file that is to be text.
  static func text(of file: FileSource, maximumBytes: Int?, _ operation: String) throws(DataError) -> [UInt8] {
    let source = try file.contents(maximumBytes: maximumBytes, operation)
    // Before all of it is read: a device may have no end.
    try Self.check(file.startsWithGzipMagic() ? [] : file.peek(64 << 10), file.path)
    if let size = file.size, !Shape([size]).fitsMemory(.bool) {
      throw DataError(file: file.path, message: "has \(size) bytes, more than memory could hold")
    }
    let text = try source.bytes(.max)
    try Self.check(text.prefix(64 << 10), file.path)
    return text
  }

  private static func check(_ text: some Collection<UInt8>, _ file: String) throws(DataError) {
    guard let zero = text.firstIndex(of: 0) else { return }
    let offset = text.distance(from: text.startIndex, to: zero)
    throw DataError(file: file, field: "text", offset: offset, message: "a zero byte; a table of numbers is text")
  }
}

/// How a table is to be read.
struct CSVOptions {
  let dtype: DType
  let separator: UInt8?
  let hasHeader: Bool?
  let missing: Double?

  init(_ dtype: DType, _ separator: Character?, _ hasHeader: Bool?, _ missing: Double?) {
    self.dtype = dtype
    (self.separator, self.hasHeader) = (CSVOptions.byte(separator, "CSVFile"), hasHeader)
    let fits =
      switch dtype {
      case .float32, .float64, .float16, .bfloat16, .complex64, .complex128: true
      case .int32: missing.map { Int32(exactly: $0) != nil } ?? true
      case .int64: missing.map { Int64(exactly: $0) != nil } ?? true
      case .bool: missing.map { $0 == 0 || $0 == 1 } ?? true
      }
    if !fits { fail(TensorError("CSVFile", "\(missing ?? 0) for missing values, which \(dtype) does not have")) }
    self.missing = fits ? missing : nil
  }

  /// A separator as its byte; a mistake if it would be taken for something else.
  static func byte(_ separator: Character?, _ operation: String) -> UInt8? {
    guard let separator else { return nil }
    if let byte = separator.asciiValue, byte == 9 || 32..<127 ~= byte,
      !separator.isNumber && !separator.isLetter && !"\"+-.".contains(separator)
    {
      return byte
    }
    fail(
      TensorError(operation, "the separator \(separator.debugDescription); an ASCII character that no number and no quote has would fit"))
    return nil
  }
}
