/// A kind of file that tensors are read from.
package enum FileFormat: String, Sendable, CaseIterable {
  case safetensors, npz, npy, csv, idx

  /// The kind that a file's ending promises; nil for other endings.
  package init?(endingOf path: String) {
    var name = path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]
    if name.hasSuffix(".gz") { name = name.dropLast(3) }
    switch name.lastIndex(of: ".").map({ name[name.index(after: $0)...].lowercased() }) {
    case "safetensors": self = .safetensors
    case "npz": self = .npz
    case "npy": self = .npy
    case "csv", "tsv", "txt": self = .csv
    case "idx": self = .idx
    default: return nil
    }
  }

  /// The kind that a file's first bytes show; text is a table of numbers, unless the ending promises something else.
  ///
  /// Throws if it cannot be read, or is none of them.
  package init(contentsOf path: String) throws(DataError) { try self.init(FileSource(path)) }

  /// The kind that the first bytes show, which stay unread.
  package init(_ file: FileSource) throws(DataError) {
    let path = file.path
    let isCompressed = try file.startsWithGzipMagic()
    let start = isCompressed ? try GzipSource.head(512, of: file) : try file.peek(4 << 10)
    let promised = FileFormat(endingOf: path)
    if start.starts(with: NPYHeader.magic) {
      self = .npy
    } else if start.starts(with: [0x50, 0x4B, 3, 4]) || start.starts(with: [0x50, 0x4B, 5, 6]) {
      self = .npz
    } else if start.count >= 4, start[0] == 0, start[1] == 0, IDXFile.ElementType(rawValue: start[2]) != nil, 1...8 ~= start[3] {
      self = .idx
    } else if start.count >= 9, start[4..<8].allSatisfy({ $0 == 0 }), start[8] == UInt8(ascii: "{") {
      self = .safetensors
    } else if let promised {
      self = promised
    } else if !start.isEmpty && !start.contains(0) {
      self = .csv
    } else {
      let kinds = FileFormat.allCases.map(\.rawValue).joined(separator: ", ")
      throw DataError(file: path, message: start.isEmpty ? "is empty" : "begins with \(hex(start.prefix(8))), as none of \(kinds) does")
    }
    if isCompressed && (self == .npz || self == .safetensors) {
      throw DataError(
        file: path, message: "is compressed by gzip; \(self) is read from any place in it, which wants the file as it was before")
    }
  }
}
