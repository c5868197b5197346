import Data
import Foundation

/// A folder as Hugging Face's hub has it: config.json, tokenizer.json, model.safetensors or shards with an index.
struct ModelFolder: Sendable {
  let path: String

  /// The longest file of text that is read, in bytes.
  static let longestText = 1 << 30

  init(_ path: String) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw DataError(file: path, message: "there is no such folder")
    }
    guard isFolder.boolValue else { throw DataError(file: path, message: "is a file; a folder with config.json would fit") }
    self.path = path
  }

  func file(_ name: String) -> String { path.hasSuffix("/") ? path + name : path + "/" + name }

  func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }

  /// The bytes of a file of text; throws if there is none.
  func bytes(_ name: String) throws -> [UInt8] {
    let path = file(name)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw DataError(file: path, message: "there is no such file in the folder")
    }
    let attributes = try? FileManager.default.attributesOfItem(atPath: URL(filePath: path).resolvingSymlinksInPath().path)
    guard !isFolder.boolValue, attributes?[.type] as? FileAttributeType == .typeRegular else {
      throw DataError(file: path, message: "is no regular file")
    }
    let size = (attributes?[.size] as? NSNumber)?.intValue ?? 0
    guard size <= Self.longestText else {
      throw DataError(file: path, message: "\(size) bytes; at most \(Self.longestText) would fit")
    }
    guard let data = FileManager.default.contents(atPath: path) else { throw DataError(file: path, message: "cannot be read") }
    return [UInt8](data)
  }

  /// The object in a file of JSON.
  func object(_ name: String) throws -> JSONObject {
    let value = try JSON.read(bytes(name), file: file(name))
    guard let object = value.object else { throw DataError(file: file(name), message: "\(value.kind); an object would fit") }
    return object
  }

  /// The object in a file that may not be there.
  func objectIfPresent(_ name: String) throws -> JSONObject? { has(name) ? try object(name) : nil }
}
