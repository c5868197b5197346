#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What the peers' scripts measured: the lines they print, kept in files.
struct Peers {
  /// The fastest engine for each row.
  private(set) var fastest: [String: (engine: String, seconds: Double)] = [:]

  private struct Line: Decodable {
    let row: String
    let engine: String
    /// Missing where the peer failed.
    let us: Double?
  }

  /// Reads files of one JSON object a line.
  init(files: [String]) throws(FileError) {
    for file in files {
      guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { throw FileError(message: "\(file) cannot be read") }
      for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() where !line.isEmpty {
        guard let line = try? JSONDecoder().decode(Line.self, from: Data(line.utf8)) else {
          throw FileError(message: "\(file), line \(number + 1): not {\"row\": …, \"engine\": …, \"us\": …}")
        }
        guard let us = line.us else { continue }
        if us * 1e-6 < fastest[line.row]?.seconds ?? .infinity { fastest[line.row] = (line.engine, us * 1e-6) }
      }
    }
  }

  /// A file that the peers' scripts did not write.
  struct FileError: Error {
    let message: String
  }
}
