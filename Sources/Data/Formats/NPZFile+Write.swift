import Tensors

extension NPZFile {
  /// Writes tensors by name, as `numpy.savez` does, or deflated as `numpy.savez_compressed` does.
  ///
  /// The same tensors give the same bytes. Whatever happens, the path then holds the old file or the new one, whole. Throws if it cannot be
  /// written, a name is there twice, or one cannot be that of a member.
  public static func write(_ tensors: [(name: String, value: Tensor)], compressed: Bool = false, to path: String) throws(DataError) {
    var (members, names): ([(name: String, array: EncodedArray)], Set<ByteName>) = ([], [])
    for (name, value) in tensors {
      func error(_ message: String) -> DataError { DataError(file: path, field: "tensor \(readable(name))", message: message) }
      if !names.insert(ByteName(name)).inserted { throw error("is there twice; each name can be written once") }
      if name.utf8.contains(0) { throw error("has a zero byte in its name") }
      if name.utf8.count + ending.utf8.count > 0xFFFF { throw error("has a name of \(name.utf8.count) bytes; at most 65531 would fit") }
      guard let array = EncodedArray(value, "NPZFile.write") else { return }
      members.append((name + ending, array))
    }
    try AtomicFile.write(to: path) { (file) throws(DataError) in
      var zip = ZipWriter(file)
      for member in members {
        try zip.add(member.name, size: member.array.count, compressed: compressed) { (body) throws(DataError) in
          try member.array.forEachPart(body)
        }
      }
      try zip.finish()
    }
  }
}
