import ArgumentParser
import Fluxion
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `swift run bench`: how fast Fluxion is, beside what this machine could give and what DESIGN.md §5 allows.
@main
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures Fluxion: time, memory, and where the time goes.",
    discussion:
      "`bench --filter train/` is short for `bench time --filter train/`. A debug build reports no figures; it runs a release build.",
    subcommands: [TimeCommand.self, ProfileCommand.self, MemoryCommand.self, FlatCommand.self, BitsCommand.self],
    defaultSubcommand: TimeCommand.self)

  /// Parses the arguments and runs, unless this is the process that `start/xor` times, which has no need of a parser.
  static func main() {
    CommandLine.arguments.dropFirst() == ["--first-step"] ? takeFirstStep() : main(nil)
  }

  /// Sets the engine's number of threads, beyond the number of cores if that was asked for.
  static func setThreads(_ threads: Int?) {
    // The pool reads it when it is first used, and so do the processes that are started from here.
    if let threads { setenv("FLUXION_NUM_THREADS", String(threads), 1) }
    Threads.count = threads ?? 2
  }
}

/// `bench time`: the rows' times.
struct TimeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "time",
    abstract: "Times Fluxion's operators, training steps and overheads, and holds them against their limits and budgets.",
    discussion: """
      kernel/, train/ and infer/ rows do what the peers' scripts do under the same names. cblas/ and copy/ rows are raw matrix \
      products and memory copies: what the machine gives at best in the same run. overhead/ rows are operators on 16 elements. A \
      time is that of the fastest of eight batches of calls.
      """)

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Only rows whose names contain one of these.", valueName: "text"))
  var filter: [String] = []

  @Flag(help: "Print one JSON object a line, as the peers' scripts do, and nothing else.")
  var json = false

  @Flag(help: "Print the rows' names and measure nothing.")
  var list = false

  @Option(help: "How many threads work on an operator. (default: 2 as for the peers, or the one core that there is)")
  var threads: Int?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("What the peers' scripts printed on this machine, which train/ and infer/ rows are to beat.", valueName: "file"))
  var peers: [String] = []

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads \(threads): at least 1 would fit") }
  }

  func run() throws {
    let rows = allRows()
    let wanted = try selected(filter, of: rows)
    if list {
      for row in wanted { print(row.name) }
      return
    }
    let fastest: Peers
    do { fastest = try Peers(files: peers) } catch { try stop(error.message) }
    try Release.require()
    Bench.setThreads(threads)
    if let core = getenv("OPENBLAS_CORETYPE") {
      let type = String(cString: core)
      let note = "bench: OPENBLAS_CORETYPE=\(type) is set, so cblas/ rows, and what runs on CBLAS or LAPACKE, run that type's kernels\n"
      note.withCString { _ = write(STDERR_FILENO, $0, strlen($0)) }
    }
    if let remark = Machine.current.remark { Subprocess.complain("bench: \(remark)") }
    if json { return printObjects(wanted) }
    var table = Table(wanted, among: rows, peers: fastest)
    table.print()
  }

  private func stop(_ message: String) throws -> Never { try Subprocess.stop(message) }
}
