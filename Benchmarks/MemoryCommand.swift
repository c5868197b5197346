import ArgumentParser
import Fluxion

/// `bench memory`: what rows take of memory at most, each in a process of its own.
struct MemoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "memory", abstract: "Prints the most bytes of tensors, and of the process, in twenty calls of a row.",
    discussion: "Each row runs in a process of its own, so that none finds what another has left in the pool.")

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Rows whose names contain one of these.", valueName: "text"))
  var filter = ["train/lenet", "train/gpt", "train/lstm"]

  @Flag(help: "Print one JSON object a line.")
  var json = false

  @Option(help: "How many threads work on an operator. (default: 2, or the one core that there is)")
  var threads: Int?

  @Flag(help: .hidden)
  var here = false

  func run() throws {
    let rows = try selected(filter, of: allRows()).filter { $0.prepare != nil }
    try Release.require()
    if here {
      Bench.setThreads(threads)
      for row in rows { measure(row) }
      return
    }
    let width = rows.map(\.name.count).max() ?? 0
    if !json { show("row".padded(width) + "tensors".padded(-14) + "process".padded(-14)) }
    for row in rows {
      // The name is told in full, so that of `train/mlp/1` and `train/mlp/1-sgd` one runs.
      var arguments = ["memory", "--here", "--filter", row.name]
      if json { arguments.append("--json") }
      if let threads { arguments += ["--threads", "\(threads)"] }
      if !Subprocess.run(arguments) { throw ExitCode.failure }
    }
  }

  private func measure(_ row: Row) {
    guard row.name == filter[0], let prepare = row.prepare else { return }
    let width = filter[0].count
    let job = withSeed(0) { prepare() }
    for _ in 0..<20 { job() }
    let (tensors, process) = (Memory.peakBytes, Subprocess.residentBytes()?.peak)
    if json {
      let resident = process.map { ", \"resident\": \($0)" } ?? ""
      show("{\"row\": \"\(row.name)\", \"engine\": \"fluxion\", \"bytes\": \(tensors)\(resident)}")
    } else {
      show(row.name.padded(width) + mebibytes(tensors).padded(-14) + (process.map(mebibytes) ?? "–").padded(-14))
    }
  }
}

/// `bench flat`: whether memory stays as it is however long a model is trained.
struct FlatCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "flat", abstract: "Trains for long and tells whether live bytes are those of after the tenth step.",
    discussion: "Ends with exit code 1 if they are not. All steps of mlp, lstm and gpt: --seconds 1000.")

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Rows whose names contain one of these.", valueName: "text"))
  var filter = ["train/mlp/64", "train/lstm", "train/gpt"]

  @Option(help: "How many steps each is trained.")
  var steps = 10_000

  @Option(help: "How many seconds a row may take; it then ends with fewer steps.")
  var seconds = 60.0

  @Option(help: "How many threads work on an operator. (default: 2, or the one core that there is)")
  var threads: Int?

  func validate() throws {
    if steps < 11 { throw ValidationError("--steps \(steps): at least 11 would fit") }
  }

  func run() throws {
    let rows = try selected(filter, of: allRows()).filter { $0.prepare != nil }
    try Release.require()
    Bench.setThreads(threads)
    let width = rows.map(\.name.count).max() ?? 0
    show(
      "row".padded(width) + "steps".padded(-8) + "live at 10".padded(-14) + "live at end".padded(-14) + "process at 10".padded(-15)
        + "process at end".padded(-16))
    var isFlat = true
    for row in rows {
      guard let prepare = row.prepare else { continue }
      let job = withSeed(0) { prepare() }
      for _ in 0..<10 { job() }
      let (live, resident) = (Memory.liveBytes, Subprocess.residentBytes()?.now)
      let start = ContinuousClock.now
      var step = 10
      while step < steps, Timer.seconds(since: start) < seconds {
        job()
        step += 1
      }
      let (after, residentAfter) = (Memory.liveBytes, Subprocess.residentBytes()?.now)
      isFlat = isFlat && live == after
      show(
        row.name.padded(width) + "\(step)".padded(-8) + "\(live)".padded(-14) + "\(after)".padded(-14)
          + (resident.map(mebibytes) ?? "–").padded(-15) + (residentAfter.map(mebibytes) ?? "–").padded(-16)
          + (live == after ? "  ok" : "  GROWN"))
    }
    if !isFlat { throw ExitCode.failure }
  }
}

private func mebibytes(_ bytes: Int) -> String { decimal(Double(bytes) / 0x1p20, 1) + " MiB" }
