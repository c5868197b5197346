import ArgumentParser
import ONNXNodeTests

/// `onnxtests [DIRECTORY]`: ONNX's own node tests.
@main
struct ONNXTestsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "onnxtests", abstract: "Runs ONNX's node tests.",
    discussion: """
      A test is a folder with model.onnx, test_data_set_N/input_J.pb and output_J.pb, and a file `tolerance` (relative, absolute) if it has one of its \
      own. The exit code is 0 if at least the share of the tests passes whose element types Fluxion has a dtype for.
      """)

  @Argument(help: "A folder of tests, one test, or an archive of them (.tgz).")
  var directory = "Tests/ONNXTestsCommand/Cases/nodes.tgz"

  @Option(help: "The share of tests that have to pass.")
  var share = 0.95

  @Option(help: "Only tests with this in their names.")
  var filter: String?

  @Flag(help: "Print each test as it ends.")
  var verbose = false

  func run() throws {
    try withUnpacked(directory) { try run(in: $0) }
  }

  private func run(in folder: String) throws {
    let tests = NodeTest.all(in: folder).filter { test in filter.map { test.name.contains($0) } ?? true }
    if tests.isEmpty { throw ValidationError("\(directory) has no node tests: folders with model.onnx and test_data_set_0 would fit") }
    let report = NodeTestReport(tests) { name, outcome in if verbose { print(name, outcome) } }
    print(report.text)
    if report.share < share { throw ExitCode(1) }
  }
}
