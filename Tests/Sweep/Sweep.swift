import Fluxion
import Foundation

// Hostile numbers for everything public that takes a number: `sweep [--symbols DIRECTORY] [--filter TEXT] [--verbose]`.
//
// Each call of the table is made with each of its integers replaced by the ends of their ranges and their neighbours, and each of its doubles
// by NaN, infinities and extremes, in `checked` and in processes of their own: it has to give an answer or a sentence, within seconds and a
// bounded memory. With the modules' symbol graphs, a public declaration that takes a number and has no row is a fault as well.

@main struct Main {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    func value(of option: String) -> String? {
      arguments.firstIndex(of: option).flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
    }
    let filter = value(of: "--filter") ?? ProcessInfo.processInfo.environment["FLUXION_SWEEP"] ?? ""
    let rows = Table().rows.filter { row in filter.isEmpty || row.names.contains { $0.contains(filter) } }
    if let at = arguments.firstIndex(of: "--child") {
      return try Child.run(rows, from: Child.Position(row: Int(arguments[at + 1])!, attack: Int(arguments[at + 2])!), to: rows.count)
    }
    var faults: [String] = []
    if let directory = value(of: "--symbols") {
      let (missing, stale) = try Symbols.gaps(Table().rows, directory)
      faults += missing.map { "\($0): takes a number and has no row, or fewer rows than overloads" }
      faults += stale.map { "\($0): a row or an exemption of what is not there" }
    }
    setenv("FLUXION_SWEEP", filter, 1)
    let began = ContinuousClock.now
    var sweep = Sweep(rows, isVerbose: arguments.contains("--verbose"))
    try sweep.run()
    faults += sweep.faults
    for fault in faults { print("FAULT \(fault)") }
    let seconds = (ContinuousClock.now - began).components.seconds
    print("\(rows.count) rows, \(sweep.caseCount) cases, \(faults.count) faults in \(seconds) s")
    if !faults.isEmpty { exit(1) }
  }
}
