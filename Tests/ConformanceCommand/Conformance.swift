import ArgumentParser
import Foundation
import PyTorchCases

/// `swift run -c release conformance`: PyTorch's own operator tests, run against Fluxion.
@main
struct Conformance: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conformance",
    abstract: "Runs PyTorch's operator tests against Fluxion and says what falls short.",
    discussion: """
      A case passes when results and gradients are PyTorch's: float64 within 1e-9 relative or 1e-10 absolute, float32 within 1e-4 or 1e-5 \
      (both a thousand times wider for factorisations and iterative functions), others exactly. An operator passes when all its cases do.
      """)

  @Argument(help: ArgumentHelp("A folder of NAME.json and NAME.safetensors. (default: both folders that come with the project)"))
  var directory: String?

  @Option(name: .customLong("operator"), help: ArgumentHelp("Only this operator, by PyTorch's name.", valueName: "name"))
  var name: String?

  @Flag(help: "Show every case that falls short, and every operator with its largest error.")
  var verbose = false

  @Flag(help: "Print Guides/FromPyTorch.md, written from the table, and run nothing.")
  var guide = false

  func run() throws {
    if guide { return print(Guide.text, terminator: "") }
    let suites: [Suite]
    do {
      suites = try directory.map { [try Suite(URL(filePath: $0))] } ?? Suite.bundled()
    } catch {
      try stop("\(error)")
    }
    if let name, !suites.contains(where: { $0.names.contains(name) }) {
      try stop("no cases of '\(name)' in \(suites.map(\.directory.path).joined(separator: " or "))")
    }
    var failed = false
    for suite in suites {
      let names = name.map { name in suite.names.filter { $0 == name } } ?? suite.names
      if !names.isEmpty { failed = try run(suite, names) || failed }
    }
    if failed { throw ExitCode.failure }
  }

  /// Runs operators of a folder and shows what falls short; whether something is wrong.
  private func run(_ suite: Suite, _ names: [String]) throws -> Bool {
    var (operators, cases, total, failed) = (0, 0, 0, false)
    // With the cases in which PyTorch rounds in between.
    var allowingRounding = (operators: 0, cases: 0)
    for name in names {
      let report: Suite.Report
      do {
        report = try suite.run(name)
      } catch {
        try stop("\(error)")
      }
      operators += report.isComplete ? 1 : 0
      cases += report.passed
      let allowed = report.passed + report.rounded
      allowingRounding.operators += allowed == report.total ? 1 : 0
      allowingRounding.cases += allowed
      total += report.total
      failed = failed || report.hasFailed
      show(report)
    }
    let folder = suite.directory.lastPathComponent
    if allowingRounding.cases > cases {
      let (operators, cases) = allowingRounding
      print("\(folder): with cases that differ only by PyTorch's 16-bit rounding: operators: \(operators), cases: \(cases)")
    }
    print("\(folder): operators: \(operators) of \(names.count) passed, cases: \(cases) of \(total)")
    return failed
  }

  private func show(_ report: Suite.Report) {
    let counts = "\(report.name): \(report.passed) of \(report.total)"
    let worst = report.worst.error > 0 ? ", largest error \(report.worst.error) in \(report.worst.id)" : ""
    if report.isComplete {
      if verbose { print(counts + worst) }
      return
    }
    for (reason, count) in report.refused.sorted(by: { $0.key < $1.key }) { print("\(counts), refused \(count): \(reason)") }
    if let first = report.failures.first { print("\(counts)\(worst): \(first)") }
    if verbose { for failure in report.failures.dropFirst() { print("  \(failure)") } }
  }

  private func stop(_ message: String) throws -> Never {
    FileHandle.standardError.write(Data("conformance: \(message)\n".utf8))
    throw ExitCode(2)
  }
}
