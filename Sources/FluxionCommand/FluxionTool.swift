import ArgumentParser
import Fluxion
import Foundation

/// `fluxion`: looks into files of tensors, converts and compares them, and tells what the library found on this machine.
@main
struct FluxionTool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fluxion",
    abstract: "Looks into files of tensors, converts and compares them.",
    discussion: "Files are safetensors (checkpoints too), NumPy's npy and npz, CSV of numbers, and IDX; their contents tell which.",
    subcommands: [Inspect.self, Convert.self, Diff.self, Generate.self, Embed.self, Doctor.self])

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let code as ExitCode {
      exit(withError: code)
    } catch let error as ToolError {
      stop(error.message)
    } catch let error as DataError {
      stop(error.description)
    } catch {
      // What was asked for, as help; anything else is a mistake in the call.
      if exitCode(for: error) == .success { exit(withError: error) }
      stop(fullMessage(for: error).replacing("Error: ", with: "", maxReplacements: 1))
    }
  }

  /// One sentence, and 2 as `diff` has it for trouble: 1 says that files differ.
  private static func stop(_ message: String) -> Never {
    FileHandle.standardError.write(Data("fluxion: \(message)\n".utf8))
    Foundation.exit(2)
  }
}

/// What cannot be done, in one sentence.
struct ToolError: Error, CustomStringConvertible {
  let message: String
  init(_ message: String) { self.message = message }
  var description: String { message }
}
