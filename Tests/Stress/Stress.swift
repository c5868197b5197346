import ArgumentParser
import Fluxion
import Foundation

/// Threads that share tensors, some hundred thousand times: what is wrong between them shows rarely.
@main struct Stress: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stress", abstract: "Lets threads share tensors again and again, and compares what they give.")

  @Option(help: "How often each form is repeated.") var repetitions = 100_000
  @Option(help: "At most this many seconds for each form.") var seconds = Double.infinity
  @Option(help: "Only the forms whose names contain this.") var form: String?
  @Option(help: "How many threads there are beside the one that trains.") var partners = 3

  func run() throws {
    let partners = (0..<max(1, partners)).map { _ in Partner() }
    var failures = 0
    for form in forms + readers where self.form.map({ form.name.contains($0) }) ?? true {
      let repeated = form.make(partners)
      let start = Date()
      var (done, wrong) = (0, 0)
      while done < repetitions && (done & 63 != 0 || Date().timeIntervalSince(start) < seconds) {
        if let sentence = repeated(done) {
          if wrong == 0 { print("\(form.name), repetition \(done): \(sentence)") }
          wrong += 1
        }
        done += 1
      }
      failures += wrong
      let line = String(format: "%@: %d repetitions in %.1f s, %d wrong\n", form.name, done, Date().timeIntervalSince(start), wrong)
      FileHandle.standardOutput.write(Data(line.utf8))
    }
    if failures > 0 { throw ExitCode.failure }
  }
}
