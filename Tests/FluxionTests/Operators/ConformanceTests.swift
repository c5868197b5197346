import Foundation
import PyTorchCases
import Testing

/// PyTorch's own operator tests, and the guide that is written from their table.
@Suite struct ConformanceTests {
  static let suite = try! Suite.bundled()

  @Test(arguments: suite.names)
  func cases(_ name: String) throws {
    let report = try Self.suite.run(name)
    #expect(report.failures.isEmpty)
  }

  /// Nothing is in the table that has no cases: a misspelt name would run none.
  @Test func everyRowHasCases() {
    #expect(Set(Table.operators.map(\.name)) == Set(Self.suite.names))
  }

  @Test func guideIsUpToDate() throws {
    let root = (0..<4).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent() }
    let page = try String(contentsOf: root.appending(path: "Guides/FromPyTorch.md"), encoding: .utf8)
    #expect(page == Guide.text, "write it anew: swift run conformance --guide > Guides/FromPyTorch.md")
  }
}
