import Fluxion
import Foundation
import Testing

@Suite struct CSVTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let text: String
    var dtype = DType.float64
    var separator: Character?
    var hasHeader: Bool?
    var missing: Double?
    let shape: Shape
    let values: [Double]
    var names: [String]?
    var testDescription: String { text.debugDescription }
  }

  static let rows: [Row] = [
    Row(text: "1,2,3\n4,5,6\n", shape: [2, 3], values: [1, 2, 3, 4, 5, 6]),
    Row(text: "1,2\r\n3,4\r\n", shape: [2, 2], values: [1, 2, 3, 4]),
    Row(text: "1,2\r3,4", shape: [2, 2], values: [1, 2, 3, 4]),
    Row(text: "\u{FEFF}1\n\n \t\n2\n\n", shape: [2, 1], values: [1, 2]),
    Row(text: "1;2\n3;4", shape: [2, 2], values: [1, 2, 3, 4]),
    Row(text: "1\t2\n3\t4", shape: [2, 2], values: [1, 2, 3, 4]),
    Row(text: "1|2\n3|4", separator: "|", shape: [2, 2], values: [1, 2, 3, 4]),
    Row(text: "1 2\n3 4", separator: " ", shape: [2, 2], values: [1, 2, 3, 4]),
    Row(text: " 1 ,\t2 \n", separator: ",", shape: [1, 2], values: [1, 2]),
    Row(text: "\"1\",\"2\" \n \"3\" ,4", shape: [2, 2], values: [1, 2, 3, 4]),
    Row(text: "x,y\n1,2", shape: [1, 2], values: [1, 2], names: ["x", "y"]),
    Row(text: "# x;y z\n1;2", shape: [1, 2], values: [1, 2], names: ["x", "y z"]),
    Row(text: "\"a,\"\"b\"\"\",\"c\nd\",\n1,2,3", shape: [1, 3], values: [1, 2, 3], names: ["a,\"b\"", "c\nd", ""]),
    Row(text: "\"x;\ty\",z\n1,2", shape: [1, 2], values: [1, 2], names: ["x;\ty", "z"]),
    Row(text: "größe\n1", shape: [1, 1], values: [1], names: ["größe"]),
    Row(text: "1st,2nd\n", hasHeader: true, shape: [0, 2], values: [], names: ["1st", "2nd"]),
    Row(text: "1st,2nd\n1,2", shape: [1, 2], values: [1, 2], names: ["1st", "2nd"]),
    Row(text: "1,2,3", hasHeader: false, shape: [1, 3], values: [1, 2, 3]),
    Row(text: "x,y\n", shape: [0, 2], values: [], names: ["x", "y"]),
    Row(text: "1,2\n3,4", hasHeader: true, shape: [1, 2], values: [3, 4], names: ["1", "2"]),
    Row(text: "1,,3\n,,\n", missing: -1, shape: [2, 3], values: [1, -1, 3, -1, -1, -1]),
    Row(text: ",\n1,2\n", missing: 0, shape: [2, 2], values: [0, 0, 1, 2]),
    Row(text: "1,\"\"\n", missing: 7, shape: [1, 2], values: [1, 7]),
    Row(text: "1,+2,-3,.5,5.,1e3,1E-3,-1.5e+2", shape: [1, 8], values: [1, 2, -3, 0.5, 5, 1000, 0.001, -150]),
    Row(text: "inf,-Infinity,+INF", shape: [1, 3], values: [.infinity, -.infinity, .infinity]),
    Row(text: "1e400,-1e400,1e-400,0e999999999999999999999", shape: [1, 4], values: [.infinity, -.infinity, 0, 0]),
    Row(text: "2147483647,-2147483648,3.0,2e3,-0", dtype: .int32, shape: [1, 5], values: [2_147_483_647, -2_147_483_648, 3, 2000, 0]),
    Row(text: "0,1,true,False", dtype: .bool, shape: [1, 4], values: [0, 1, 1, 0]),
    Row(text: "1.5,2\n3,-65504", dtype: .float16, shape: [2, 2], values: [1.5, 2, 3, -65504]),
    Row(text: "1.5,2\n3,1.00390625", dtype: .bfloat16, shape: [2, 2], values: [1.5, 2, 3, 1]),
    Row(text: "1.5,2\n3,-4", dtype: .complex64, shape: [2, 2], values: [1.5, 2, 3, -4]),
    Row(text: "1.5,2\n3,-4", dtype: .complex128, shape: [2, 2], values: [1.5, 2, 3, -4]),
    Row(text: "yes\ntrue", dtype: .bool, shape: [1, 1], values: [1], names: ["yes"]),
  ]

  @Test(arguments: rows) func reads(_ row: Row) throws {
    let options = (row.dtype, row.separator, row.hasHeader, row.missing)
    let file = try CSVFile(
      bytes: Array(row.text.utf8), dtype: options.0, separator: options.1, hasHeader: options.2, missing: options.3)
    #expect(file.tensor.shape == row.shape && file.tensor.dtype == row.dtype)
    #expect(file.tensor.real.cast(to: .float64).scalars(Double.self) == row.values)
    #expect(file.columnNames == row.names)
  }

  /// Beside Swift's own reading of the same text, for both types: each rounds once.
  @Test func everyNumberIsTheNearest() throws {
    var texts: [String] = [
      "0", "-0", "1", "9007199254740993", "9007199254740992.999999999999999999", "9007199254740993.0000000000000000000000001",
      "1.00000005960464477539062500000000000000000000000000001", "1.000000059604644775390625", "1.0000000596046447",
      "1.00000017881393432617187499",
      "16777217", "16777217.0000001", "0.1", "1.17549435e-38", "1.1754943e-38", "1e-45", "7.006492321624085e-46", "7.006492321624086e-46",
      "3.4028235677973366e38", "3.4028235677973365e38", "2.2250738585072011e-308", "2.2250738585072012e-308", "5e-324",
      "2.4703282292062327e-324",
      "2.4703282292062328e-324", "1.7976931348623158e308", "1.7976931348623159e308", "179769313486231580793e289",
      "123456789012345678901234567890",
      "0.000000000000000000000000000000000000000000000000000000000001", "1" + String(repeating: "0", count: 400) + "e-400",
      "0." + String(repeating: "0", count: 400) + "1e401", "4503599627370496.5", "4503599627370497.5", "1e23", "8.5e22", "1e22", "1e-22",
      "9e-23",
      "6250000000000000000000000000000001e-40", "1844674407370955161600001", "18446744073709551615", "18446744073709551616",
    ]
    var stream = RandomStream(seed: 5)
    for _ in 0..<2000 {
      let bits = stream.next()
      let (x, y) = (Double(bitPattern: bits), Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
      if x.isFinite { texts.append("\(x)") }
      if y.isFinite { texts += ["\(y)", "\(Double(y))", "\((Double(y) + Double(y.nextUp)) / 2)"] }
      texts.append("\(Int64(bitPattern: bits) >> (bits & 63))e\(Int(bits >> 8 & 63) - 32)")
    }
    texts.removeAll { $0.contains("inf") || $0.contains("nan") }
    let bytes = Array(texts.joined(separator: "\n").utf8)
    let doubles = try CSVFile(bytes: bytes, dtype: .float64).tensor.scalars(Double.self)
    let floats = try CSVFile(bytes: bytes).tensor.scalars(Float.self)
    for (i, text) in texts.enumerated() {
      #expect(doubles[i].bitPattern == strtod(text, nil).bitPattern, "\(text)")
      #expect(floats[i].bitPattern == strtof(text, nil).bitPattern, "\(text)")
    }
    let nans = try CSVFile(bytes: Array("nan,-NaN".utf8)).tensor.scalars(Float.self)
    #expect(nans[0].isNaN && nans[1].isNaN)
  }

  static let written: [(tensor: Tensor, header: [String], text: String)] = [
    (Tensor([[1, 0.1], [-0.0, 1e-30]] as [[Float]]), [], "1.0,0.1\n-0.0,1e-30\n"),
    (Tensor([0.1, .infinity, -.infinity]), ["x"], "x\n0.1\ninf\n-inf\n"),
    (Tensor([[1, 2], [3, 4]] as [[Int]]).transposed(), ["a,b", "say \"c\""], "\"a,b\",\"say \"\"c\"\"\"\n1,3\n2,4\n"),
    (Tensor([true, false]), [], "1\n0\n"),
    (Tensor(Int32(7)), [], "7\n"),
    (.zeros([0, 2]), ["x", " y"], "x,\" y\"\n"),
    (Tensor([Int64.min, .max]), [], "-9223372036854775808\n9223372036854775807\n"),
  ]

  @Test(arguments: written.indices) func whatIsWrittenIsRead(_ index: Int) throws {
    let row = Self.written[index]
    try IDXFixture.withFolder { folder in
      let path = folder + "/x.csv"
      try CSVFile.write(row.tensor, header: row.header, to: path)
      #expect(String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self) == row.text)
      let file = try CSVFile(path, dtype: row.tensor.dtype)
      let expected = row.tensor.rank == 2 ? row.tensor : row.tensor.reshaped([-1, 1])
      #expect(isIdentical(file.tensor, expected))
      #expect(file.columnNames == (row.header.isEmpty ? nil : row.header))
    }
  }

  @Test func randomFloatsComeBackToTheBit() throws {
    try IDXFixture.withFolder { folder in
      for dtype in [DType.float32, .float64] {
        let x = withSeed(3) { Tensor.normal([5000, 3], dtype) }
        try CSVFile.write(x, separator: "\t", to: folder + "/x.csv")
        #expect(isIdentical(try CSVFile(folder + "/x.csv", dtype: dtype).tensor, x))
      }
    }
  }

  @Test func readsWhatGzipCompressed() throws {
    try IDXFixture.withFolder { folder in
      try IDXFixture.write(IDXFixture.gzip(Array("x,y\n1,2\n".utf8)), folder + "/x.csv.gz")
      #expect(try CSVFile(folder + "/x.csv.gz").tensor.scalars(Float.self) == [1, 2])
    }
  }

  static let mistakes: [(row: Row, sentence: String)] = [
    (wrong(""), "holds no numbers"),
    (wrong("\n \n"), "holds no numbers"),
    (wrong("1,2\n3"), "line 2: 1 field; line 1 has 2"),
    (wrong("x,y\n\n1,2,3\n"), "line 3: 3 fields; line 1 has 2"),
    (wrong("1,,3"), "line 1, column 2 at offset 2: is empty; a number, or a value for missing ones, would fit"),
    (wrong("x,y\n1,"), "line 2, column 2 'y' at offset 6: is empty; a number, or a value for missing ones, would fit"),
    (wrong("1,2\n\n3,four"), "line 3, column 2 at offset 7: 'four' is no number"),
    (wrong("x,2\n3,4"), "line 1, column 1 at offset 0: 'x' is no number"),
    (wrong("x\n0x10"), "line 2, column 1 'x' at offset 2: '0x10' is no number"),
    (wrong("1,2\n1,5;2"), "line 2, column 2 at offset 6: '5;2' is no number"),
    (wrong("1\n1e"), "line 2, column 1 at offset 2: '1e' is no number"),
    (wrong("1\n1e+"), "line 2, column 1 at offset 2: '1e+' is no number"),
    (wrong("1\n."), "line 2, column 1 at offset 2: '.' is no number"),
    (wrong("1\n-"), "line 2, column 1 at offset 2: '-' is no number"),
    (wrong("1\n1 2"), "line 2, column 1 at offset 2: '1 2' is no number"),
    (wrong("1\n1.2.3"), "line 2, column 1 at offset 2: '1.2.3' is no number"),
    (wrong("1\nnano"), "line 2, column 1 at offset 2: 'nano' is no number"),
    (wrong("1\n\"2"), "line 2, column 1 at offset 2: a quote that is never closed"),
    (wrong("1\n\"2\"3"), "line 2, column 1 at offset 5: '3' behind a closing quote"),
    (wrong("\"1\n\",2\n3,4"), "line 1, column 1 at offset 1: '1\\u{A}' is no number"),
    (
      wrong("1\n" + String(repeating: "z", count: 99)), "line 2, column 1 at offset 2: '\(String(repeating: "z", count: 40))…' is no number"
    ),
    (wrong("1\n\u{1B}[31m"), "line 2, column 1 at offset 2: '\\u{1B}[31m' is no number"),
    (
      wrong("1 2 3\n"),
      "line 1, column 1 at offset 0: '1 2 3' is no number; another separator, or hasHeader: true for a line of names, would fit"
    ),
    (
      wrong("\n-1,5;.2,7\n\n"),
      "line 2, column 1 at offset 1: '-1,5' is no number; another separator, or hasHeader: true for a line of names, would fit"
    ),
    (wrong("1\n2\0"), "text at offset 3: a zero byte; a table of numbers is text"),
    (wrong("1\n2.5", .int32), "line 2, column 1 at offset 2: '2.5' is no int32"),
    (wrong("2147483648", .int32), "line 1, column 1 at offset 0: '2147483648' is no int32"),
    (wrong("1\nnan", .int64), "line 2, column 1 at offset 2: 'nan' is no int64"),
    (wrong("9223372036854775808", .int64), "line 1, column 1 at offset 0: '9223372036854775808' is no int64"),
    (wrong("1\n2", .bool), "line 2, column 1 at offset 2: '2' is not 0, 1, false or true"),
  ]

  private static func wrong(_ text: String, _ dtype: DType = .float32) -> Row { Row(text: text, dtype: dtype, shape: [], values: []) }

  @Test(arguments: mistakes.indices) func errorNamesLineColumnAndOffset(_ index: Int) {
    let (row, sentence) = Self.mistakes[index]
    #expect {
      try CSVFile(bytes: Array(row.text.utf8), name: "x.csv", dtype: row.dtype)
    } throws: {
      "\($0)" == "x.csv: \(sentence)"
    }
  }

  @Test func everyTruncationAndMutationThrowsOrGivesATable() {
    for row in Self.rows {
      let bytes = Array(row.text.utf8)
      for position in bytes.indices {
        var changed = [Array(bytes[..<position])]
        for value in [0x22, 0x2C, 0x0A, 0x65, 0xFF, 0] as [UInt8] {
          changed.append(bytes)
          changed[changed.count - 1][position] = value
        }
        for bytes in changed {
          do throws(DataError) {
            let file = try CSVFile(bytes: bytes, dtype: row.dtype, missing: 0)
            #expect(file.tensor.rank == 2 && file.tensor.elementCount <= bytes.count + 1)
          } catch {
            #expect(error.file == "bytes" && !error.message.isEmpty)
          }
        }
      }
    }
  }

  @Test func whatCannotBeReadOrWrittenThrows() {
    #expect(throws: DataError(file: "/dev/zero", field: "text", offset: 0, message: "a zero byte; a table of numbers is text")) {
      try CSVFile("/dev/zero")
    }
    #expect(throws: DataError(file: "/", message: "cannot be read: Is a directory")) { try CSVFile("/") }
    #expect(throws: DataError(file: "/nowhere/x", message: "cannot be written: No such file or directory")) {
      try CSVFile.write([1], to: "/nowhere/x")
    }
  }

  static let programMistakes: [(sentence: String, call: @Sendable () throws -> Void)] = [
    ("CSVFile.write: [2, 1, 1] has 3 axes; up to 2 would fit", { try CSVFile.write(.zeros([2, 1, 1]), to: "/nowhere/x") }),
    ("CSVFile.write: 1 names for 2 columns", { try CSVFile.write([[1, 2]], header: ["a"], to: "/nowhere/x") }),
    (
      "CSVFile.write: the separator \"5\"; an ASCII character that no number and no quote has would fit",
      { try CSVFile.write([1], separator: "5", to: "/nowhere/x") }
    ),
    (
      "CSVFile: the separator \"→\"; an ASCII character that no number and no quote has would fit",
      { _ = try CSVFile(bytes: [49], separator: "→") }
    ),
    ("CSVFile: nan for missing values, which int32 does not have", { _ = try CSVFile(bytes: [49], dtype: .int32, missing: .nan) }),
  ]

  @Test(arguments: programMistakes.indices) func mistakesAreNamed(_ index: Int) {
    #expect {
      try checked { try Self.programMistakes[index].call() }
    } throws: {
      "\($0)" == Self.programMistakes[index].sentence
    }
  }
}
