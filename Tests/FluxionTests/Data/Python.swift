import Foundation

/// A Python of the tests' own, in .build, with what a file of Tests/Interop names.
struct Python {
  /// For the formats of tensors.
  static let interop = Python("interop", requirements: "requirements.txt", modules: "ml_dtypes, numpy, safetensors")
  /// For event files.
  static let tensorBoard = Python("tensorboard", requirements: "tensorboard.txt", modules: "PIL, tensorboard")

  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  private let environment: String
  /// Whether it is set up: false where there is no Python, or no network and nothing installed before.
  let isReady: Bool

  private init(_ name: String, requirements: String, modules: String) {
    environment = Self.root.appendingPathComponent(".build/\(name)").path
    let python = environment + "/bin/python3"
    func works() -> Bool { (try? Self.call(python, ["-c", "import \(modules)"]).status) == 0 }
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", "--timeout", "15", "-r"]
    isReady =
      works()
      || (try? Self.call("/usr/bin/env", ["python3", "-m", "venv", environment]).status) == 0
        && (try? Self.call(python, install + [Self.script(requirements)]).status) == 0 && works()
  }

  /// Runs a script of Tests/Interop.
  func run(_ script: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
    try Self.call(environment + "/bin/python3", [Self.script(script)] + arguments)
  }

  private static func script(_ name: String) -> String { root.appendingPathComponent("Tests/Interop/\(name)").path }

  /// Runs a program and gives what it printed.
  static func call(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
    let (process, pipe) = (Process(), Pipe())
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }
}
