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

  /// Operators that are mapped for the guide and for cases of others' making; there are none of them here.
  static let withoutCases: Set = [
    "nn.functional.adaptive_avg_pool3d", "nn.functional.adaptive_max_pool3d", "nn.functional.fold", "nn.functional.interpolate.area",
    "nn.functional.interpolate.nearest-exact", "nn.functional.interpolate.trilinear", "nn.functional.multilabel_margin_loss",
  ]

  /// All others in the table have cases: a misspelt name would run none.
  @Test func everyRowHasCases() {
    #expect(Set(Table.operators.map(\.name)).symmetricDifference(Self.suite.names) == Self.withoutCases)
  }

  @Test func guideIsUpToDate() throws {
    let root = (0..<4).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent() }
    let page = try String(contentsOf: root.appending(path: "Guides/FromPyTorch.md"), encoding: .utf8)
    #expect(page == Guide.text, "write it anew: swift run conformance --guide > Guides/FromPyTorch.md")
  }
}
