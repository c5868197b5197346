import FluxionONNX
import Foundation
import ONNXNodeTests
import Testing

/// ONNX's own node tests, of which `onnxtests` runs more.
@Suite struct NodeSuiteTests {
  private static var archive: String {
    var root = URL(filePath: #filePath)
    for _ in 0..<3 { root.deleteLastPathComponent() }
    return root.appending(path: "Tests/ONNXTestsCommand/Cases/nodes.tgz").path
  }

  @Test func mostPass() throws {
    try withUnpacked(Self.archive) { folder in
      let report = NodeTestReport(NodeTest.all(in: folder))
      #expect(report.outcomes.count > 900)
      #expect(report.share >= 0.95, "\(report.text)")
    }
  }
}
