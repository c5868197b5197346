import Data
import Fluxion
import Foundation
import Testing

@testable import FluxionCommand

/// The `fluxion` command, by its functions and as a process.
@Suite struct CommandTests {
  // MARK: Formats

  static let formats: [(name: String, bytes: [UInt8], format: FileFormat?)] = [
    ("x", NPYFixture.file("|u1", "(1,)", [1]), .npy),
    ("x.csv", NPYFixture.file("|u1", "(1,)", [1]), .npy),
    ("x.npy.gz", IDXFixture.gzip(NPYFixture.file("|u1", "(1,)", [1])), .npy),
    ("x", NPYFixture.zip([]), .npz),
    ("x", IDXFixture.header(.uint8, [1]) + [7], .idx),
    ("train-images-idx3-ubyte.gz", IDXFixture.gzip(IDXFixture.header(.uint8, [1]) + [7]), .idx),
    ("x", [2, 0, 0, 0, 0, 0, 0, 0] + Array("{}".utf8), .safetensors),
    ("x", Array("1,2\n".utf8), .csv),
    ("x.tsv", Array("1\t2\n".utf8), .csv),
    ("x.safetensors", Array("version of a pointer".utf8), .safetensors),
    ("x.npz", [], .npz),
    ("x", [], nil),
    ("x", [0, 0, 0, 0], nil),
    ("x.npz.gz", IDXFixture.gzip(NPYFixture.zip([])), nil),
  ]

  @Test(arguments: formats.indices) func contentsTellTheFormat(_ index: Int) throws {
    let (name, bytes, format) = Self.formats[index]
    try IDXFixture.withFolder { folder in
      try IDXFixture.write(bytes, "\(folder)/\(name)")
      if let format {
        #expect(try FileFormat(contentsOf: "\(folder)/\(name)") == format)
      } else {
        #expect(throws: DataError.self) { try FileFormat(contentsOf: "\(folder)/\(name)") }
      }
    }
  }

  // MARK: Statistics

  static let statistics: [(Tensor, String)] = [
    (Tensor([1, 2, 3, 4] as [Float]), "min 1, max 4, mean 2.5, std 1.118, zeros 0, nan 0, infinite 0"),
    (
      Tensor([0, -0.0, .nan, .infinity, -.infinity, 0.1] as [Float]),
      "min 0, max 0.1, mean 0.033333, std 0.04714, zeros 2, nan 1, infinite 2"
    ),
    (Tensor([Double.nan]), "min -, max -, mean -, std -, zeros 0, nan 1, infinite 0"),
    (
      Tensor([Double.greatestFiniteMagnitude, .greatestFiniteMagnitude]),
      "min 1.7977e+308, max 1.7977e+308, mean -, std -, zeros 0, nan 0, infinite 0"
    ),
    (
      Tensor([Int64.max, .max - 1]), "min 9223372036854775806, max 9223372036854775807, mean 9.2234e+18, std 0, zeros 0, nan 0, infinite 0"
    ),
    (Tensor([Int32.min, 0]), "min -2147483648, max 0, mean -1.0737e+09, std 1.0737e+09, zeros 1, nan 0, infinite 0"),
    (Tensor([true, false, true, true]), "min 0, max 1, mean 0.75, std 0.43301, zeros 1, nan 0, infinite 0"),
    (.zeros([0, 3]), "min -, max -, mean -, std -, zeros 0, nan 0, infinite 0"),
    (Tensor([[1, 2], [3, 4]] as [[Int]]).transposed()[0], "min 1, max 3, mean 2, std 1, zeros 0, nan 0, infinite 0"),
  ]

  @Test(arguments: statistics.indices) func statisticsAreThoseOfTheFiniteElements(_ index: Int) {
    let (tensor, expected) = Self.statistics[index]
    let s = Statistics(tensor)
    func text(_ value: Double?) -> String { value.map { brief($0) } ?? "-" }
    let (minimum, maximum) = (s.minimum?.description ?? "-", s.maximum?.description ?? "-")
    #expect(
      "min \(minimum), max \(maximum), mean \(text(s.mean)), std \(text(s.standardDeviation)), zeros \(s.zeros), nan \(s.nan), infinite \(s.infinite)"
        == expected)
    #expect(s.elements == tensor.elementCount && s.isFinite == (s.nan + s.infinite == 0))
  }

  @Test func numbersAreShort() {
    let rows: [(Double, String)] = [
      (0, "0"), (-0.0, "0"), (1, "1"), (99999, "99999"), (100_000, "1e+05"), (123_456, "1.2346e+05"), (0.0001, "0.0001"),
      (0.00001, "1e-05"),
      (-1.5e-7, "-1.5e-07"), (.infinity, "inf"), (.nan, "nan"),
    ]
    for (value, text) in rows { #expect(brief(value) == text) }
    #expect([0, 999, 1000, 1_234_567].map(grouped) == ["0", "999", "1,000", "1,234,567"])
  }

  // MARK: Inspect

  @Test func inspectShowsATable() throws {
    try IDXFixture.withFolder { folder in
      let path = folder + "/x.safetensors"
      try SafetensorsFile.write(
        [
          ("weight", Tensor([[1, -2], [0, 4]] as [[Float]])), ("bias", Tensor([.nan, 1, -.infinity] as [Float])),
          ("step", Tensor(Int64(7))),
        ],
        metadata: ["format": "pt", "note": "two\nlines \u{1B}[31m"], to: path)
      let report = try InspectionReport(TensorFile(path))
      #expect(
        report.text() == """
          \(path): safetensors, 3 tensors, 8 parameters, 36 bytes

             name    shape   type     bytes  min  max  mean     std  zeros
             weight  [2, 2]  float32     16   -2    4  0.75  2.1651      1
          !  bias    [3]     float32     12    1    1     1       0      0  1 NaN, 1 infinite
             step    []      int64        8    7    7     7       0      0

          metadata
            format  pt
            note    two\\u{A}lines \\u{1B}[31m

          ! not finite: bias
          """)
      let json = try #require(try JSONSerialization.jsonObject(with: Data(report.json().utf8)) as? [String: Any])
      let tensors = try #require(json["tensors"] as? [[String: Any]])
      #expect(json["parameters"] as? Int == 8 && json["bytes"] as? Int == 36 && json["format"] as? String == "safetensors")
      #expect(tensors.map { $0["name"] as? String } == ["weight", "bias", "step"])
      let bias = try #require(tensors[1]["statistics"] as? [String: Any])
      #expect(bias["nan"] as? Int == 1 && bias["infinite"] as? Int == 1 && bias["minimum"] as? Double == 1)
    }
  }

  @Test func aCheckpointsMetadataStaysReadable() throws {
    try IDXFixture.withFolder { folder in
      let path = folder + "/x.safetensors"
      let metadata = Dictionary(uniqueKeysWithValues: (100..<200).map { ("entry.\($0)", String(repeating: "v", count: 500)) })
      try SafetensorsFile.write([], metadata: metadata, to: path)
      let report = try InspectionReport(TensorFile(path))
      #expect(report.text().contains("  entry.119  \(String(repeating: "v", count: 60))…\n  … and 80 more; --metadata shows them"))
      #expect(!report.text().contains("entry.120"))
      #expect(report.text(allMetadata: true).contains("entry.199  \(String(repeating: "v", count: 500))"))
    }
  }

  @Test func inspectShowsWhatCannotBeRead() throws {
    try IDXFixture.withFolder { folder in
      let array = NPYFixture.file("|b1", "(1,)", [2])
      try IDXFixture.write(NPYFixture.zip([.init(name: "a.npy", contents: array)]), folder + "/x.npz")
      let text = try InspectionReport(TensorFile(folder + "/x.npz")).text()
      #expect(text.contains("cannot be read") && text.contains("2 as a Boolean; 0 or 1 would fit"))
    }
  }

  // MARK: Convert

  private static let sample: [(name: String, value: Tensor)] = [
    ("weight", Tensor([[1, 0.1], [-0.0, .nan]] as [[Float]])), ("step", Tensor(Int64.max)), ("mask", Tensor([true, false])),
  ]

  @Test func convertsThereAndBack() throws {
    try IDXFixture.withFolder { folder in
      try SafetensorsFile.write(Self.sample, metadata: ["format": "pt"], to: folder + "/a.safetensors")
      for (compressed, name) in [(false, "b.npz"), (true, "c.npz")] {
        let notes = try conversion(folder + "/a.safetensors", to: "\(folder)/\(name)", compressed: compressed)
        #expect(notes == ["\(folder)/\(name) has no place for metadata: 1 text is left out"])
        #expect(try conversion("\(folder)/\(name)", to: folder + "/d.safetensors").isEmpty)
        #expect(try !FileComparison(TensorFile(folder + "/a.safetensors"), TensorFile(folder + "/d.safetensors")).differs)
      }
      #expect(try conversion(folder + "/a.safetensors", to: folder + "/e.safetensors").isEmpty)
      #expect(try SafetensorsFile(folder + "/e.safetensors").metadata == ["format": "pt"])

      _ = try conversion(folder + "/b.npz", to: folder + "/weight.npy", only: "weight")
      _ = try conversion(folder + "/weight.npy", to: folder + "/weight.csv")
      _ = try conversion(folder + "/weight.csv", to: folder + "/weight.tsv")
      _ = try conversion(folder + "/weight.tsv", to: folder + "/weight.npz")
      #expect(isIdentical(try NPZFile(folder + "/weight.npz").tensor("weight"), Self.sample[0].value))
      _ = try conversion(folder + "/b.npz", to: folder + "/step.csv", only: "step")
      _ = try conversion(folder + "/step.csv", to: folder + "/step.npy", dtype: .int64)
      #expect(try NPYFile(folder + "/step.npy").tensor.scalars(Int64.self) == [.max])
      _ = try conversion(folder + "/weight.npy", to: folder + "/double.npy", dtype: .float64)
      #expect(try NPYFile(folder + "/double.npy").elementType == .float64)

      try IDXFixture.write(IDXFixture.header(.uint8, [2, 1]) + [7, 9], folder + "/labels-idx2-ubyte")
      for ending in ["safetensors", "npz", "npy", "csv"] {
        _ = try conversion(folder + "/labels-idx2-ubyte", to: "\(folder)/labels-idx2-ubyte.\(ending)")
        #expect(
          try !FileComparison(TensorFile(folder + "/labels-idx2-ubyte"), TensorFile("\(folder)/labels-idx2-ubyte.\(ending)")).lines
            .contains { $0.contains("elements") })
      }
    }
  }

  @Test func aTableKeepsItsHeader() throws {
    try IDXFixture.withFolder { folder in
      try IDXFixture.write(Array("a;b\n1;2\n".utf8), folder + "/a.csv")
      _ = try conversion(folder + "/a.csv", to: folder + "/b.csv")
      #expect(try String(contentsOfFile: folder + "/b.csv", encoding: .utf8) == "a,b\n1.0,2.0\n")
    }
  }

  @Test func whatCannotBeConvertedIsSaid() throws {
    try IDXFixture.withFolder { folder in
      let a = folder + "/a.npz"
      try NPZFile.write([("x", [1]), ("cube", .zeros([1, 1, 1]))], to: a)
      let rows: [(to: String, only: String?, sentence: String)] = [
        ("\(folder)/b.npy", nil, "\(a) has 2 tensors, and \(folder)/b.npy holds one; --tensor NAME chooses it"),
        ("\(folder)/b.csv", "cube", "cube is [1, 1, 1]; a table has up to 2 axes"),
        ("\(folder)/b.npy", "y", "\(a) has no tensor y; there are x, cube"),
        ("\(folder)/b.pt", nil, "\(folder)/b.pt: an ending .safetensors, .npz, .npy, .csv or .tsv would tell how to write it"),
        ("\(folder)/b.idx", nil, "\(folder)/b.idx: an ending .safetensors, .npz, .npy, .csv or .tsv would tell how to write it"),
        ("\(folder)/no/b.npz", nil, "\(folder)/no/b.npz: cannot be written: No such file or directory"),
      ]
      for row in rows {
        #expect {
          try conversion(a, to: row.to, only: row.only)
        } throws: {
          "\($0)" == row.sentence
        }
      }
    }
  }

  // MARK: Diff

  static let comparisons: [(a: [(name: String, value: Tensor)], b: [(name: String, value: Tensor)], tolerance: Double, text: String)] = [
    ([("x", [1, 2])], [("x", [1, 2])], 0, "the tensors are equal"),
    ([("x", [1, 2]), ("y", [0])], [("y", [0]), ("x", [1, 2])], 0, "all 2 tensors are equal"),
    (
      [("x", Tensor([1, 2, 4] as [Float]))], [("x", Tensor([1, 2.5, 3] as [Float]))], 0,
      "x: 2 of 3 elements differ, by at most 1, relative 0.25"
    ),
    ([("x", [1, 2])], [("x", [1, 2.5])], 0.5, "the tensors are equal within 0.5; the largest difference is 0.5"),
    ([("x", [1, 2, 3])], [("x", [1, 2.5, 9])], 1, "x: 1 of 3 elements differs, by at most 6, relative 0.66667"),
    (
      [("x", Tensor([.nan, .infinity, .nan, 1] as [Float]))], [("x", Tensor([.nan, .infinity, 0, -.infinity] as [Float]))], 100,
      "x: 2 of 4 elements differ, by at most inf, relative inf"
    ),
    ([("x", Tensor([Int64.max]))], [("x", Tensor([Int64.max - 1]))], 0, "x: 1 of 1 element differs, by at most 1, relative 1.0842e-19"),
    ([("x", Tensor([Int64.max]))], [("x", Tensor([Int64.min]))], 0, "x: 1 of 1 element differs, by at most 1.8447e+19, relative 2"),
    ([("x", Tensor([true]))], [("x", Tensor([false]))], 0, "x: 1 of 1 element differs, by at most 1, relative 1"),
    ([("x", Tensor([1] as [Float]))], [("x", Tensor([1] as [Double]))], 0, "x: float32 and float64"),
    (
      [("x", Tensor([1] as [Float]))], [("x", Tensor([2] as [Int32]))], 0,
      "x: float32 and int32; 1 of 1 element differs, by at most 1, relative 0.5"
    ),
    ([("x", [1])], [("x", [[1]])], 0, "x: float32 [1] and float32 [1, 1]"),
    ([("x", [1]), ("y", [1])], [("z", [1]), ("y", [1])], 0, "only in a.npz: x\nonly in b.npz: z"),
    ([], [], 0, "all 0 tensors are equal"),
  ]

  @Test(arguments: comparisons.indices) func diffSaysWhereFilesDiffer(_ index: Int) throws {
    let row = Self.comparisons[index]
    try IDXFixture.withFolder { folder in
      try NPZFile.write(row.a, to: folder + "/a.npz")
      try NPZFile.write(row.b, to: folder + "/b.npz")
      let comparison = try FileComparison(TensorFile(folder + "/a.npz"), TensorFile(folder + "/b.npz"), tolerance: row.tolerance)
      #expect(comparison.text.replacing(folder + "/", with: "") == row.text)
      #expect(comparison.differs == !row.text.contains("equal"))
    }
  }

  @Test func metadataIsComparedWhenAskedFor() throws {
    try IDXFixture.withFolder { folder in
      try SafetensorsFile.write([], metadata: ["same": "1", "step": "3", "old": ""], to: folder + "/a.safetensors")
      try SafetensorsFile.write([], metadata: ["same": "1", "step": "4", "new": ""], to: folder + "/b.safetensors")
      let (a, b) = (try TensorFile(folder + "/a.safetensors"), try TensorFile(folder + "/b.safetensors"))
      #expect(try !FileComparison(a, b).differs)
      let text = try FileComparison(a, b, metadata: true).text.replacing(folder + "/", with: "")
      #expect(text == "metadata only in b.safetensors: new\nmetadata only in a.safetensors: old\nmetadata step: 3 and 4")
    }
  }

  // MARK: As a process

  private struct Outcome: Equatable {
    var status: Int32
    var output: String
    var error: String
  }

  private func run(_ arguments: [String], in folder: String) throws -> Outcome {
    let process = Process()
    process.executableURL = Bundle.module.bundleURL.deletingLastPathComponent().appendingPathComponent("fluxion")
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    let (output, error) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, error)
    try process.run()
    let texts = [output, error].map { String(decoding: $0.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self) }
    process.waitUntilExit()
    return Outcome(status: process.terminationStatus, output: texts[0], error: texts[1])
  }

  @Test func exitCodesAreThoseOfDiff() throws {
    try IDXFixture.withFolder { folder in
      try NPYFile.write([1, 2], to: folder + "/a.npy")
      try NPYFile.write([1, 3], to: folder + "/b.npy")
      try IDXFixture.write(Array("1\n".utf8) + [0], folder + "/c.csv")
      #expect(try run(["diff", "a.npy", "a.npy"], in: folder) == Outcome(status: 0, output: "the tensors are equal\n", error: ""))
      #expect(
        try run(["diff", "a.npy", "b.npy"], in: folder)
          == Outcome(status: 1, output: "a: 1 of 2 elements differs, by at most 1, relative 0.33333\n", error: ""))
      #expect(try run(["diff", "--tolerance", "1", "a.npy", "b.npy"], in: folder).status == 0)
      #expect(
        try run(["diff", "a.npy", "d.npy"], in: folder)
          == Outcome(status: 2, output: "", error: "fluxion: d.npy: cannot be opened: No such file or directory\n"))
      #expect(
        try run(["inspect", "c.csv"], in: folder)
          == Outcome(status: 2, output: "", error: "fluxion: c.csv: text at offset 2: a zero byte; a table of numbers is text\n"))
      #expect(try run(["diff", "--tolerance", "-1", "a.npy", "b.npy"], in: folder).status == 2)
      #expect(try run(["diff", "a.npy"], in: folder).status == 2)
      #expect(try run(["inspect", "a.npy"], in: folder).status == 0)
      #expect(try run(["inspect", "--json", "a.npy"], in: folder).output.hasPrefix("{"))
      #expect(try run(["convert", "a.npy", "a.safetensors"], in: folder) == Outcome(status: 0, output: "", error: ""))
      #expect(try run(["convert", "a.npy", "a.pt"], in: folder).status == 2)
      #expect(try run(["--help"], in: folder).status == 0)
    }
  }
}
