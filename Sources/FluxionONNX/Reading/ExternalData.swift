import Foundation

/// Elements that stand in files beside a model: always in the model's folder, or in one within it.
struct ExternalData {
  /// The model's folder; nil for bytes in memory.
  let folder: String?

  /// The bytes that an initializer's entries (`location`, `offset`, `length`) tell of.
  func bytes(_ entries: [Onnx_StringStringEntryProto], byteCount: Int, _ field: String) throws(ONNXError) -> Data {
    var values: [String: String] = [:]
    for entry in entries { values[entry.key] = entry.value }
    guard let location = values["location"] else { throw .field(field, "external data without a location") }
    guard let folder else { throw .field(field, "external data, which a model read from bytes in memory has no folder for") }
    let parts = location.split(separator: "/", omittingEmptySubsequences: false)
    if location.isEmpty || location.hasPrefix("/") || location.contains("\0") || parts.contains("..") || location.contains("\\") {
      throw .field(field, "external data at \"\(shown(location))\"; a file in the model's own folder would fit")
    }
    let offset = try number(values["offset"], "offset", field)
    let length = try values["length"].map { text throws(ONNXError) in try number(text, "length", field) } ?? byteCount
    if length != byteCount { throw .field(field, "external data of \(length) bytes; \(byteCount) would fit the shape") }
    // Links are followed first: one that leads out of the folder is as good as "..".
    let root = URL(fileURLWithPath: folder, isDirectory: true).resolvingSymlinksInPath().standardizedFileURL.path
    let file = URL(fileURLWithPath: folder, isDirectory: true).appendingPathComponent(location).resolvingSymlinksInPath()
      .standardizedFileURL.path
    guard file.hasPrefix(root.hasSuffix("/") ? root : root + "/") else {
      throw .field(field, "external data at \"\(shown(location))\", a link out of the model's folder")
    }
    do {
      let attributes = try FileManager.default.attributesOfItem(atPath: file)
      guard attributes[.type] as? FileAttributeType == .typeRegular else {
        throw ONNXError.field(field, "external data at \"\(shown(location))\", which is no regular file")
      }
      let size = (attributes[.size] as? NSNumber)?.intValue ?? 0
      if offset > size || length > size - offset {
        throw ONNXError.field(field, "bytes \(offset) to \(offset) + \(length) of \"\(shown(location))\", which has \(size)")
      }
      let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
      defer { try? handle.close() }
      try handle.seek(toOffset: UInt64(offset))
      let data = try handle.read(upToCount: length) ?? Data()
      guard data.count == length else { throw ONNXError.field(field, "\"\(shown(location))\" ended early") }
      return data
    } catch let error as ONNXError {
      throw error
    } catch {
      throw .field(field, "external data at \"\(shown(location))\" cannot be read")
    }
  }

  private func number(_ text: String?, _ name: String, _ field: String) throws(ONNXError) -> Int {
    guard let text else { return 0 }
    guard let number = Int(text), number >= 0 else {
      throw .field(field, "external data with \(name) \"\(shown(text))\"; a number of bytes would fit")
    }
    return number
  }
}
