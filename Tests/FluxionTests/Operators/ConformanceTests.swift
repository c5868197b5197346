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
    #expect(Set(PyTorchCases.Table.operators.map(\.name)).symmetricDifference(Self.suite.names) == Self.withoutCases)
  }

  private static let root = (0..<4).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent() }

  /// What the guide writes as a call is the name of something public.
  @Test func spellingsAreOfWhatIsThere() throws {
    let files = FileManager.default.enumerator(at: Self.root.appending(path: "Sources"), includingPropertiesForKeys: nil)
    var names: Set = ["Tensor"]
    for case let file as URL in files! where file.pathExtension == "swift" {
      for match in try String(contentsOf: file, encoding: .utf8).matches(of: /public (?:static |mutating )*func `?(\w+)/) {
        names.insert(String(match.1))
      }
    }
    for row in PyTorchCases.Table.operators where row.missing == nil {
      let calls = row.fluxion.matches(of: /(\w+)\(/).map { String($0.1) }
      let unknown = calls.filter { !names.contains($0) }
      #expect(unknown.isEmpty, "\(row.name): \(row.fluxion)")
    }
  }

  @Test func guideIsUpToDate() throws {
    let page = try String(contentsOf: Self.root.appending(path: "Guides/FromPyTorch.md"), encoding: .utf8)
    #expect(page == Guide.text, "write it anew: swift run conformance --guide > Guides/FromPyTorch.md")
  }
}
