import Foundation
import PyTorchCases
import Testing

/// PyTorch's own operator tests, and the guide that is written from their table.
@Suite struct ConformanceTests {
  static let suites = try! Suite.bundled()

  /// An operator of a folder.
  struct Operator: Sendable, CustomTestStringConvertible {
    let suite: Suite
    let name: String
    var testDescription: String { "\(suite.directory.lastPathComponent): \(name)" }
  }

  @Test(arguments: suites.flatMap { suite in suite.names.map { Operator(suite: suite, name: $0) } })
  func cases(_ item: Operator) throws {
    let report = try item.suite.run(item.name)
    #expect(report.failures.isEmpty)
  }

  /// All operators in the table have cases, but for one that is mapped for the guide: a misspelt name would run none.
  @Test func everyRowHasCases() {
    let names = Set(Self.suites.flatMap(\.names))
    #expect(Set(PyTorchCases.Table.operators.map(\.name)).symmetricDifference(names) == ["nn.functional.fold"])
  }

  private static let root = (0..<4).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent() }

  /// What the guide writes as a call is the name of something public.
  @Test func spellingsAreOfWhatIsThere() throws {
    let files = FileManager.default.enumerator(at: Self.root.appending(path: "Sources"), includingPropertiesForKeys: nil)
    var names: Set = ["Tensor"]
    for case let file as URL in files! where file.pathExtension == "swift" {
      for match in try String(contentsOf: file, encoding: .utf8).matches(of: /(?:public (?:static |mutating )*func|case) `?(\w+)/) {
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
