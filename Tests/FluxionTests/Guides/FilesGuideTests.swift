import Fluxion
import Foundation
import Testing

@testable import FluxionCommand

/// The code of Guides/Files.md, compiled and run.
@Suite struct FilesGuideTests {
  private let x: Tensor = [[1, 2], [3, 4]]

  @Test func arrays() throws {
    try IDXFixture.withFolder { folder in
      let x: Tensor = [[1, 2], [3, 4]]
      try NPYFile.write(x, to: folder + "/x.npy")
      let y = try NPYFile(folder + "/x.npy").tensor
      #expect(isIdentical(x, y))
    }
  }

  @Test func archives() throws {
    try IDXFixture.withFolder { folder in
      try NPZFile.write([("weight", x), ("bias", [0, 1])], to: folder + "/layer.npz")
      let layer = try NPZFile(folder + "/layer.npz")
      print(layer.names)  // ["weight", "bias"]
      let bias = try layer.tensor("bias")
      #expect(layer.names == ["weight", "bias"] && isIdentical(bias, [0, 1]))

      // The table that the guide shows.
      var root = URL(filePath: #filePath)
      for _ in 0..<4 { root.deleteLastPathComponent() }
      let guide = try String(contentsOf: root.appending(path: "Guides/Files.md"), encoding: .utf8)
      let text = try InspectionReport(TensorFile(folder + "/layer.npz")).text().replacing(folder + "/", with: "")
      #expect(guide.contains("$ fluxion inspect layer.npz\n\(text)\n```"), "\(text)")
    }
  }

  @Test func tables() throws {
    try IDXFixture.withFolder { folder in
      try CSVFile.write(x, header: ["height", "width"], to: folder + "/sizes.csv")
      let sizes = try CSVFile(folder + "/sizes.csv")
      print(sizes.columnNames ?? [])  // ["height", "width"]
      let table = sizes.tensor  // float32 [2, 2]
      #expect(sizes.columnNames == ["height", "width"] && isIdentical(table, x))
    }
  }

  @Test func gapsInTables() throws {
    let gaps = try CSVFile(bytes: Array("1,,3".utf8), dtype: .float64, missing: .nan)
    #expect(gaps.tensor.isNaN.scalars(Bool.self) == [false, true, false])
  }
}
