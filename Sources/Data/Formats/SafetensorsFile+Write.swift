import Tensors

extension SafetensorsFile {
  /// Writes tensors under their names, and texts that go with them, as a safetensors file.
  ///
  ///     try SafetensorsFile.write([("weight", weight), ("bias", bias)], metadata: ["format": "pt"], to: "model.safetensors")
  ///
  /// The header lists the tensors in the order given. Their elements follow by falling size of the element type, so that each lies at a multiple
  /// of its size for readers that map the file; they are written in chunks and never held a second time. The path holds the old file, or the new one as a
  /// whole, at every moment. Throws the path and the reason if it cannot be written, if two names are equal, or a name is `__metadata__`.
  ///
  /// - Parameter checksums: Whether a CRC-32 of the header and of each tensor's bytes goes with the texts, as `fluxion.checksums`; readers here then
  ///   find a bit that has changed. Readers elsewhere take it for one text more.
  public static func write(
    _ tensors: [(name: String, value: Tensor)], metadata: [String: String] = [:], checksums: Bool = false, to path: String
  ) throws(DataError) {
    if let hollow = tensors.first(where: { !$0.value.hasElements }) {
      return fail(TensorError("SafetensorsFile.write", "\(hollow.name) has a shape but no elements: it comes from a run on shapes alone"))
    }
    // By offset as well, as sorting need not keep the order of equals.
    let order = tensors.indices.sorted { a, b in
      (-tensors[a].value.dtype.byteCount, a) < (-tensors[b].value.dtype.byteCount, b)
    }
    var metadata = metadata
    metadata[Checksums.key] =
      try checksums
      ? Checksums.text(
        tensors.map { (tensor) throws(DataError) in
          guard let sum = tensor.value.withBytes({ Checksum.of($0) }) else { throw noMemory(path, tensor) }
          return sum
        }) : nil
    let header = try header(tensors, order, metadata, path)
    try AtomicFile.write(to: path) { (file) throws(DataError) in
      try file.write((0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) })
      try file.write(header)
      for i in order {
        if try tensors[i].value.withBytes({ (bytes) throws(DataError) in try file.write(bytes) }) == nil {
          throw noMemory(path, tensors[i])
        }
      }
    }
  }

  private static func noMemory(_ path: String, _ tensor: (name: String, value: Tensor)) -> DataError {
    DataError(file: path, field: tensor.name, message: "out of memory: there is none for a copy of \(tensor.value.shape) in order")
  }

  /// The header's text, with blanks up to a multiple of 8 bytes.
  private static func header(
    _ tensors: [(name: String, value: Tensor)], _ order: [Int], _ metadata: [String: String], _ path: String
  ) throws(DataError) -> [UInt8] {
    var ranges = Array(repeating: 0..<0, count: tensors.count)
    var end = 0
    for i in order {
      ranges[i] = end..<end + tensors[i].value.elementCount * tensors[i].value.dtype.byteCount
      end = ranges[i].upperBound
    }
    var fields: [String] = []
    var checksumPlace: Int?
    if !metadata.isEmpty {
      // Sorted, so that equal contents make equal files; checksums first, where they are found again.
      var texts = metadata.filter { $0.key != Checksums.key }.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
      let start = "\"\(SafetensorsHeader.metadataName)\":{"
      if let checksums = metadata[Checksums.key] {
        texts.insert("\(quoted(Checksums.key)):\(quoted(checksums))", at: 0)
        checksumPlace = "{\(start)\(quoted(Checksums.key)):\"".utf8.count
      }
      fields.append("\(start)\(texts.joined(separator: ","))}")
    }
    var names: Set<ByteName> = [ByteName(SafetensorsHeader.metadataName)]
    for ((name, value), range) in zip(tensors, ranges) {
      guard names.insert(ByteName(name)).inserted else {
        let reason = name == SafetensorsHeader.metadataName ? "the format keeps this name for texts" : "two tensors have this name"
        throw DataError(file: path, field: SafetensorsHeader.printed(name), message: "\(reason); nothing was written")
      }
      guard let type = ElementType(value.dtype) else {
        throw DataError(
          file: path, field: SafetensorsHeader.printed(name),
          message: "a \(value.dtype) tensor, for which the format has no type; .cast(to: .complex64) or .viewAsReal() would fit; nothing was written")
      }
      let sizes = value.shape.map(String.init).joined(separator: ",")
      fields.append(
        "\(quoted(name)):{\"dtype\":\"\(type.rawValue)\",\"shape\":[\(sizes)]"
          + ",\"data_offsets\":[\(range.lowerBound),\(range.upperBound)]}")
    }
    var header = Array("{\(fields.joined(separator: ","))}".utf8)
    header += Array(repeating: UInt8(ascii: " "), count: -header.count & 7)
    if let checksumPlace { Checksums.complete(&header, textAt: checksumPlace) }
    guard header.count <= longestHeader else {
      throw DataError(
        file: path, field: "header", message: "takes \(header.count) bytes; at most \(longestHeader) would fit; nothing was written")
    }
    return header
  }

  /// A text as a JSON string.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "\0"..<" ": result += "\\u" + String(0x10000 + scalar.value, radix: 16).dropFirst()
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
