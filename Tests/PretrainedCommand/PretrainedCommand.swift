import ArgumentParser
import Fluxion
import Foundation
import Pretrained

/// `swift run -c release pretrainedtests DIRECTORY`: models and tokenizers of Hugging Face, run against what transformers and tokenizers gave.
@main
struct PretrainedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pretrainedtests",
    abstract: "Runs models and tokenizers against references made with transformers and tokenizers.",
    discussion: """
      The directory has models/NAME with config.json, weights, expected.json and expected.safetensors, and tokenizers/NAME with \
      tokenizer.json and cases.jsonl. A model passes when its outputs are within the tolerance of expected.json and its greedy tokens are \
      equal, with the key-value cache and without; a tokenizer when ids, tokens, offsets, decoded texts and types of all its texts are equal.
      """)

  @Argument(help: "The directory.")
  var directory: String

  @Option(help: "Only models and tokenizers whose name has this in it.")
  var only: String?

  @Flag(help: "Check what holds for every model without references, too: caches, batches, adapters, few bits.")
  var laws = false

  @Flag(help: "Show every difference of a tokenizer, not the first three.")
  var verbose = false

  func run() throws {
    var (passed, failed) = (0, 0)
    func report(_ name: String, _ body: () throws -> (isPass: Bool, text: String)) {
      let result: (isPass: Bool, text: String)
      do { result = try body() } catch { result = (false, "\(error)") }
      print("\(result.isPass ? "pass" : "FAIL") \(name): \(result.text)")
      if result.isPass { passed += 1 } else { failed += 1 }
    }
    for name in folders("models") { report("models/\(name)") { try ModelCheck(directory + "/models/" + name).run() } }
    if laws { for name in folders("models") { report("laws/\(name)") { try LawCheck(folder: directory + "/models/" + name).run() } } }
    for name in folders("tokenizers") {
      report("tokenizers/\(name)") { try TokenizerCheck(directory + "/tokenizers/" + name, shown: verbose ? .max : 3).run() }
    }
    if passed + failed == 0 { throw ValidationError("no models/NAME or tokenizers/NAME in \(directory)") }
    print("\(passed) passed, \(failed) failed")
    if failed > 0 { throw ExitCode.failure }
  }

  private func folders(_ kind: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory + "/" + kind)) ?? []
    return names.filter { name in
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(atPath: "\(directory)/\(kind)/\(name)", isDirectory: &isFolder)
      return exists && isFolder.boolValue && (only.map { name.contains($0) } ?? true)
    }.sorted()
  }
}
