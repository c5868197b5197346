import Foundation

/// What cannot be done, in one sentence.
public struct ArchiveError: Error, CustomStringConvertible {
  /// The whole sentence.
  public let description: String
}

/// Runs `body` on the folder that an archive (`.tgz`) holds, unpacked beside other temporary files for as long; a folder is taken as it is.
public func withUnpacked<R>(_ path: String, _ body: (String) throws -> R) throws -> R {
  if !path.hasSuffix(".tgz") { return try body(path) }
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("onnx-nodes-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let tar = Process()
  tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  tar.arguments = ["tar", "xzf", path, "-C", folder.path]
  try tar.run()
  tar.waitUntilExit()
  if tar.terminationStatus != 0 { throw ArchiveError(description: "\(path): cannot be unpacked") }
  return try body(folder.path)
}
