import Foundation
import Testing

/// What the compiler says of usual mistakes: each block of Tests/CompileErrors/Mistakes.swift has the message that it expects.
struct CompileErrorTests {
  struct Block: Sendable {
    var expected: String
    var lines: Range<Int>
  }

  private static let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../CompileErrors/Mistakes.swift")

  /// The blocks, each from its `expect` to the next.
  static func blocks() throws -> [Block] {
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
    let starts = lines.indices.filter { lines[$0].hasPrefix("// expect: ") }
    return starts.enumerated().map { i, start in
      Block(expected: String(lines[start].dropFirst(11)), lines: start + 1..<(i + 1 < starts.count ? starts[i + 1] : lines.count) + 1)
    }
  }

  /// The compiler's errors and notes by line.
  static func diagnostics() throws -> [(line: Int, text: String)] {
    // The folder of the build that the tests are part of.
    let build = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
    let root = file.deletingLastPathComponent().appending(path: "../..").standardizedFileURL
    // What Fluxion's modules import in turn.
    let folders =
      try [root.appending(path: "Sources"), build].flatMap {
        try FileManager.default.contentsOfDirectory(at: $0, includingPropertiesForKeys: nil)
      }
      + [build.appending(path: "../../checkouts/swift-numerics/Sources/_NumericsShims/include")]
    let maps = folders.filter {
      $0.lastPathComponent != "CAccelerate" && FileManager.default.fileExists(atPath: $0.appending(path: "module.modulemap").path)
    }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      ["swiftc", "-typecheck", "-swift-version", "6", "-diagnostic-style", "llvm", "-I", build.appending(path: "Modules").path, file.path]
      + maps.flatMap { ["-Xcc", "-fmodule-map-file=" + $0.appending(path: "module.modulemap").path] }
    let output = FileManager.default.temporaryDirectory.appending(path: "diagnostics-\(UUID().uuidString)")
    try Data().write(to: output)
    defer { try? FileManager.default.removeItem(at: output) }
    process.standardError = try FileHandle(forWritingTo: output)
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return try String(contentsOf: output, encoding: .utf8).split(separator: "\n").compactMap { line in
      guard let match = line.firstMatch(of: /Mistakes\.swift:(\d+):\d+: (?:error|note): (.*)/), let number = Int(match.1) else {
        return nil
      }
      return (number, String(match.2))
    }
  }

  @Test func compilerSaysWhatToWrite() throws {
    let (blocks, found) = (try Self.blocks(), try Self.diagnostics())
    #expect(blocks.count > 10)
    for block in blocks {
      let texts = found.filter { block.lines.contains($0.line) }.map(\.text)
      if block.expected == "none" {
        #expect(texts == [])
      } else {
        #expect(texts.contains { $0.contains(block.expected) }, "\(block.expected): \(texts)")
      }
    }
  }
}
