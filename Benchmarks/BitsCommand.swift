import ArgumentParser
import Fluxion
import Tensors

/// `bench bits`: whether results depend on the number of threads.
struct BitsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bits", abstract: "Runs rows on one thread and on several, and tells whether the results are the same to the bit.",
    discussion: "Of a train/ row all parameters after ten steps are compared, of others the result. Ends with exit code 1 if one differs.")

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Rows whose names contain one of these.", valueName: "text"))
  var filter = ["train/", "infer/"]

  @Option(help: "How many calls come before the comparison.")
  var calls = 10

  @Option(parsing: .upToNextOption, help: "The numbers of threads that are compared with one.")
  var threads = [2, 3]

  func run() throws {
    let rows = try selected(filter, of: allRows()).filter { $0.prepare != nil }
    try Release.require()
    // Beyond the number of cores, so that more threads than this machine has are no fewer.
    Bench.setThreads(threads.max())
    let width = rows.map(\.name.count).max() ?? 0
    var isSame = true
    for row in rows {
      guard let prepare = row.prepare else { continue }
      let one = outcome(of: prepare, threads: 1)
      let differing = threads.filter { outcome(of: prepare, threads: $0) != one }
      isSame = isSame && differing.isEmpty
      let count = one.reduce(0) { $0 + $1.count }
      let verdict = differing.isEmpty ? "same on \(threads.map(String.init).joined(separator: " and "))" : "DIFFERENT on \(differing)"
      show(row.name.padded(width) + "\(count) bytes".padded(-18) + "  " + verdict)
    }
    if !isSame { throw ExitCode.failure }
  }

  private func outcome(of prepare: () -> Job, threads: Int) -> [[UInt8]] {
    Threads.count = threads
    return withSeed(0) {
      let job = prepare()
      for _ in 0..<calls { job() }
      return job.outcome().map { x in
        x.read { Array(UnsafeRawBufferPointer(start: $0, count: x.elementCount * x.dtype.byteCount)) } ?? []
      }
    }
  }
}
