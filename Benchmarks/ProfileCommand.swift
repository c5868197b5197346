import ArgumentParser
import Fluxion

/// `bench profile`: where the time of a row goes.
struct ProfileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile", abstract: "Profiles some calls of a row, by operator and by model part.")

  @Argument(help: "The row's name.")
  var row: String

  @Option(help: "How many calls are profiled, after ten without.")
  var calls = 10

  @Option(help: ArgumentHelp("Also write a Chrome trace.", valueName: "file"))
  var trace: String?

  @Option(help: "How many threads work on an operator. (default: 2, or the one core that there is)")
  var threads: Int?

  func run() throws {
    guard let prepare = allRows().first(where: { $0.name == row })?.prepare else {
      try Subprocess.stop("there is no row '\(row)'; bench --list shows the names")
    }
    try Release.require()
    Bench.setThreads(threads)
    let job = withSeed(0) { prepare() }
    for _ in 0..<10 { job() }
    let (_, profile) = profile { for _ in 0..<calls { job() } }
    show("\(calls) \(calls == 1 ? "call" : "calls") of \(row)\n\n\(profile)")
    if let trace { try profile.writeTrace(to: trace) }
  }
}
