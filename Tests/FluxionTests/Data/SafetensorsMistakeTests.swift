import Fluxion
import Foundation
import Testing

/// Damaged files: each throws its sentence, and none makes more than the file's own size.
@Suite struct SafetensorsMistakeTests {
  private static func entry(_ name: String, _ type: String, _ shape: String, _ offsets: String) -> String {
    SafetensorsFixture.entry(name, type, shape, offsets)
  }
  private static func file(_ header: String, _ count: Int = 0) -> [UInt8] {
    SafetensorsFixture.file(header, Array(repeating: 0, count: count))
  }
  private static let types = SafetensorsFile.ElementType.allCases.map(\.rawValue).joined(separator: ", ")

  static let lengths: [(contents: [UInt8], sentence: String)] = [
    ([], "header length at offset 0: the file ends after 0 bytes; a safetensors file begins with 8 for its header's length"),
    (
      [2, 0, 0, 0, 0, 0, 0],
      "header length at offset 0: the file ends after 7 bytes; a safetensors file begins with 8 for its header's length"
    ),
    (Array(file("{}").dropLast()), "header length at offset 0: 2, but only 1 bytes follow"),
    (
      SafetensorsFixture.littleEndian(100_000_001 as UInt64) + Array("{}".utf8),
      "header length at offset 0: 100000001; at most 100000000 would fit"
    ),
    (Array("PK\u{3}\u{4}            ".utf8), "header length at offset 0: 2314885530346802000; at most 100000000 would fit"),
    (Array(repeating: 0xFF, count: 9), "header length at offset 0: 18446744073709551615; at most 100000000 would fit"),
  ]

  static let headers: [(contents: [UInt8], sentence: String)] = [
    (file(""), "header at offset 8: the header ends where \"{\" has to come"),
    (file(" {}"), "header at offset 8: the byte 20; \"{\" would fit"),
    (file("hello"), "header at offset 8: \"h\"; \"{\" would fit"),
    (file("[]"), "header at offset 8: \"[\"; \"{\" would fit"),
    (file("{"), "header at offset 9: the header ends where a string has to come"),
    (file("{}x"), "header at offset 10: \"x\"; nothing but blanks would fit"),
    (file("{}{}"), "header at offset 10: \"{\"; nothing but blanks would fit"),
    (file("{1:2}"), "header at offset 9: \"1\"; a string would fit"),
    (file("{\"x\" 1}"), "header at offset 13: \"1\"; \":\" would fit"),
    (file("{\"x\":\(String(repeating: "[", count: 200_000))"), "x at offset 13: \"[\"; \"{\" would fit"),
    (file("{\"x\":\(String(repeating: "{\"x\":", count: 100_000))"), "x at offset 14: x; dtype, shape and data_offsets would fit"),
    (file("{\"x\":null}"), "x at offset 13: \"n\"; \"{\" would fit"),
    (file("{\"\\q\":{}}"), "header at offset 10: an escape that JSON does not have"),
    (file("{\"\\u12\":{}}"), "header at offset 10: an escape that JSON does not have"),
    (file("{\"\\u+123\":{}}"), "header at offset 10: an escape that JSON does not have"),
    (file("{\"\\ud800\":{}}"), "header at offset 10: an escape of half a surrogate pair"),
    (file("{\"\\udc00\":{}}"), "header at offset 10: an escape of half a surrogate pair"),
    (file("{\"\\ud83d\\u0041\":{}}"), "header at offset 10: an escape of half a surrogate pair"),
    (file("{\"a\nb\":{}}"), "header at offset 11: the byte 0A; an escape would fit"),
    (file("{\"ab"), "header at offset 9: the header ends inside a string"),
    (file("{\"ab\\"), "header at offset 12: an escape that JSON does not have"),
    (
      SafetensorsFixture.file([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x7B, 0x7D, 0x7D]),
      "header at offset 9: a string that is not UTF-8"
    ),
    // A slash written as two bytes, and half a surrogate pair written as three.
    (SafetensorsFixture.file([0x7B, 0x22, 0xC0, 0xAF, 0x22]), "header at offset 9: a string that is not UTF-8"),
    (SafetensorsFixture.file([0x7B, 0x22, 0xED, 0xA0, 0x80, 0x22]), "header at offset 9: a string that is not UTF-8"),
    (file("{\(entry("x", "F32", "[]", "[0,4]")),}", 4), "header at offset 61: \"}\"; a string would fit"),
    (
      file("{\(entry("x", "F32", "[]", "[0,4]")) \(entry("y", "F32", "[]", "[0,4]"))}", 4),
      "header at offset 61: \"\"\"; \",\" or \"}\" would fit"
    ),
    (
      file("{\(entry("x", "F32", "[]", "[0,4]")),\(entry("x", "F32", "[]", "[4,8]"))}", 8),
      "header at offset 61: x stands there twice"
    ),
    (
      file("{\(entry("x", "F32", "[]", "[0,4]")),\(entry("\\u0078", "F32", "[]", "[4,8]"))}", 8),
      "header at offset 61: x stands there twice"
    ),
  ]

  static let texts: [(contents: [UInt8], sentence: String)] = [
    (file("{\"__metadata__\":[]}"), "__metadata__ at offset 24: \"[\"; \"{\" would fit"),
    (file("{\"__metadata__\":{\"a\":1}}"), "__metadata__ a at offset 29: \"1\"; a string would fit"),
    (file("{\"__metadata__\":{\"a\":{\"b\":\"c\"}}}"), "__metadata__ a at offset 29: \"{\"; a string would fit"),
    (file("{\"__metadata__\":{\"a\":null}}"), "__metadata__ a at offset 29: \"n\"; a string would fit"),
    (file("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}"), "__metadata__ at offset 32: a stands there twice"),
    (file("{\"__metadata__\":{},\"__metadata__\":{}}"), "header at offset 27: __metadata__ stands there twice"),
  ]

  static let fields: [(contents: [UInt8], sentence: String)] = [
    (file("{\"x\":{}}"), "x at offset 9: has no dtype"),
    (file("{\"x\":{\"dtype\":\"F32\"}}"), "x at offset 9: has no shape"),
    (file("{\"x\":{\"dtype\":\"F32\",\"shape\":[0]}}"), "x at offset 9: has no data_offsets"),
    (file("{\"x\":{\"shape\":[0],\"data_offsets\":[0,0]}}"), "x at offset 9: has no dtype"),
    (file("{\"x\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}"), "x at offset 28: dtype stands there twice"),
    (file("{\"x\":{\"dtype\":\"F32\",\"stride\":[1]}}"), "x at offset 28: stride; dtype, shape and data_offsets would fit"),
    (file("{\"x\":{\"dtype\":4}}"), "dtype of x at offset 22: \"4\"; a string would fit"),
    (file("{\(entry("x", "float", "[]", "[0,4]"))}", 4), "dtype of x at offset 22: float; \(types) are known"),
    (file("{\(entry("x", "f32", "[]", "[0,4]"))}", 4), "dtype of x at offset 22: f32; \(types) are known"),
    (file("{\(entry("x", "F32", "4", "[0,4]"))}", 4), "shape of x at offset 36: \"4\"; \"[\" would fit"),
    (file("{\(entry("x", "F32", "[-1]", "[0,4]"))}", 4), "shape of x at offset 37: -1; an integer that is 0 or above would fit"),
    (file("{\(entry("x", "F32", "[1.0]", "[0,4]"))}", 4), "shape of x at offset 37: 1.0; an integer that is 0 or above would fit"),
    (file("{\(entry("x", "F32", "[1e0]", "[0,4]"))}", 4), "shape of x at offset 37: 1e0; an integer that is 0 or above would fit"),
    (file("{\(entry("x", "F32", "[01]", "[0,4]"))}", 4), "shape of x at offset 37: 01; an integer that is 0 or above would fit"),
    (file("{\(entry("x", "F32", "[\\\"1\\\"]", "[0,4]"))}", 4), "shape of x at offset 37: \"\\\"; an integer would fit"),
    (file("{\(entry("x", "F32", "[1,]", "[0,4]"))}", 4), "shape of x at offset 39: \"]\"; an integer would fit"),
    (file("{\(entry("x", "F32", "[1 2]", "[0,4]"))}", 4), "shape of x at offset 39: \"2\"; \",\" or \"]\" would fit"),
    (
      file("{\(entry("x", "F32", "[9223372036854775808]", "[0,4]"))}", 4),
      "shape of x at offset 37: 9223372036854775808; at most 9223372036854775807 would fit"
    ),
    (
      file("{\(entry("x", "F32", "[4294967296,4294967296]", "[0,0]"))}"),
      "shape of x at offset 36: [4294967296, 4294967296] has more elements than memory could hold"
    ),
    (
      file("{\(entry("x", "F32", "[0,9223372036854775807]", "[0,0]"))}"),
      "shape of x at offset 36: [0, 9223372036854775807] has more elements than memory could hold"
    ),
    (
      file("{\(entry("x", "F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"))}", 4),
      "shape of x at offset 36: has more than 8 sizes, the most axes a tensor can have"
    ),
    (
      file("{\(entry("x", "F32", "[2,3]", "[0,20]"))}", 20),
      "shape of x at offset 36: [2, 3] of F32 take 24 bytes, but data_offsets give 20 bytes"
    ),
    (
      file("{\(entry("x", "F32", "[1000000000]", "[0,4]"))}", 4),
      "shape of x at offset 36: [1000000000] of F32 take 4000000000 bytes, but data_offsets give 4 bytes"
    ),
    (file("{\(entry("x", "F4", "[3]", "[0,2]"))}", 2), "shape of x at offset 35: [3] of F4 take 12 bits, but data_offsets give 2 bytes"),
    (file("{\(entry("x", "F32", "[]", "[4]"))}", 4), "data_offsets of x at offset 56: \"]\"; \",\" would fit"),
    (file("{\(entry("x", "F32", "[]", "[0,4,8]"))}", 4), "data_offsets of x at offset 58: \",\"; \"]\" would fit"),
    (file("{\(entry("x", "F32", "[]", "[-4,0]"))}", 4), "data_offsets of x at offset 55: -4; an integer that is 0 or above would fit"),
  ]

  static let offsets: [(contents: [UInt8], sentence: String)] = [
    (file("{\(entry("x", "F32", "[]", "[4,0]"))}", 4), "data_offsets of x at offset 54: 4 to 0 run backwards"),
    (file("{\(entry("x", "F32", "[]", "[0,4]"))}", 3), "data_offsets of x at offset 54: 0 to 4, but only 3 bytes follow the header"),
    (
      file("{\(entry("x", "F32", "[]", "[9223372036854775803,9223372036854775807]"))}", 4),
      "data_offsets of x at offset 54: 9223372036854775803 to 9223372036854775807, but only 4 bytes follow the header"
    ),
    (
      file("{\(entry("x", "F32", "[2]", "[0,8]")),\(entry("y", "F32", "[]", "[4,8]"))}", 8),
      "data_offsets of y at offset 107: overlap those of x, which end at 8"
    ),
    (
      file("{\(entry("x", "F32", "[]", "[0,4]")),\(entry("y", "F32", "[]", "[0,4]"))}", 4),
      "data_offsets of y at offset 106: overlap those of x, which end at 4"
    ),
    (
      file("{\(entry("x", "F32", "[]", "[0,4]")),\(entry("y", "F32", "[]", "[8,12]"))}", 12),
      "data_offsets of y at offset 106: begin at 8 and leave a gap after x, which ends at 4"
    ),
    (
      file("{\(entry("x", "F32", "[]", "[1,5]"))}", 5),
      "data_offsets of x at offset 54: begin at 1 and leave a gap after the header, which ends at 0"
    ),
    (file("{\(entry("x", "F32", "[]", "[0,4]"))}", 6), "data at offset 65: 2 bytes that belong to no tensor"),
    (file("{}", 1), "data at offset 10: 1 bytes that belong to no tensor"),
  ]

  static let rows = lengths + headers + texts + fields + offsets

  @Test(arguments: rows.indices) func theErrorNamesFieldAndOffset(_ index: Int) throws {
    do throws(DataError) {
      _ = try SafetensorsFile(bytes: Self.rows[index].contents, name: "file")
      Issue.record("no error")
    } catch {
      #expect(error.description == "file: \(Self.rows[index].sentence)")
    }
  }

  @Test func elementsThatHaveNoValueThrow() throws {
    let rows: [(type: String, data: [UInt8], sentence: String)] = [
      ("BOOL", [0, 1, 2], "x at offset 65: 2 as a Boolean; 0 or 1 would fit"),
      (
        "U64", [0, UInt64(Int64.max) + 1].flatMap { SafetensorsFixture.littleEndian($0) },
        "x at offset 71: 9223372036854775808; at most 9223372036854775807 fits an int64"
      ),
    ]
    for row in rows {
      let count = row.type == "U64" ? 2 : 3
      let file = try SafetensorsFile(bytes: SafetensorsFixture.file(row.type, [count], row.data), name: "file")
      do throws(DataError) {
        _ = try file.tensor("x")
        Issue.record("no error")
      } catch {
        #expect(error.description == "file: \(row.sentence)")
      }
    }
    let file = try SafetensorsFile(bytes: Self.file("{}"), name: "file")
    #expect(throws: DataError(file: "file", field: "a\\nb", message: "there is no tensor of this name")) { try file.tensor("a\nb") }
  }

  @Test func longAndStrangeNamesMakeShortSentences() throws {
    let name = "a\\n" + String(repeating: "é", count: 5000)
    #expect(throws: DataError(file: "file", field: "a\\n" + String(repeating: "é", count: 78) + "…", offset: 9, message: "has no dtype")) {
      try SafetensorsFile(bytes: Self.file("{\"\(name)\":{}}"), name: "file")
    }
  }

  @Test func whatIsNoFileThrows() throws {
    try IDXFixture.withFolder { folder in
      let pipe = folder + "/pipe"
      #expect(mkfifo(pipe, 0o600) == 0)
      for (path, message) in [
        ("/nowhere/file", "cannot be opened: No such file or directory"), (folder, "cannot be read: Is a directory"),
        ("/dev/zero", "is no regular file, which can be read at any position"),
        (pipe, "is no regular file, which can be read at any position"),
      ] {
        #expect(throws: DataError(file: path, message: message)) { try SafetensorsFile(path) }
      }
      try IDXFixture.write([], folder + "/empty")
      #expect(throws: DataError.self) { try SafetensorsFile(folder + "/empty") }
    }
  }

  /// A memory map would end the process here.
  @Test func aFileThatIsCutShortWhileItIsOpenThrows() throws {
    try IDXFixture.withFolder { folder in
      let path = folder + "/file"
      try SafetensorsFile.write([("x", Tensor.ones([100_000])), ("y", Tensor.ones([100_000], .bool))], to: path)
      let file = try SafetensorsFile(path)
      #expect(truncate(path, 5000) == 0)
      let start = file.entries[0].byteRange.lowerBound
      let sentence = "the file ends after 5000 bytes; it had \(start + 500_000) when it was opened and has been cut short since"
      #expect(throws: DataError(file: path, field: "x", offset: start, message: sentence)) { try file.tensor("x") }
      #expect(throws: DataError.self) { try file.tensor("y") }
    }
  }

  private static let whole = file(
    "{\"__metadata__\":{\"k\":\"v\"},\(entry("x", "F16", "[2,1]", "[0,4]")),\(entry("é", "BOOL", "[3]", "[4,7]"))}", 7)

  @Test func everyTruncationAndEveryAdditionThrows() throws {
    #expect(try SafetensorsFile(bytes: Self.whole).names == ["x", "é"])
    for count in Self.whole.indices {
      #expect(throws: DataError.self, "\(count) bytes") { try SafetensorsFile(bytes: Array(Self.whole[..<count])) }
    }
    #expect(throws: DataError.self) { try SafetensorsFile(bytes: Self.whole + [0]) }
  }

  @Test func everyMutationThrowsOrGivesTensorsOfTheFilesSize() throws {
    for position in Self.whole.indices {
      for value in [0, 1, 0x20, 0x22, 0x2C, 0x2D, 0x30, 0x39, 0x5B, 0x5C, 0x5D, 0x7B, 0x7D, 0x7F, 0x80, 0xFF] as [UInt8] {
        var mutated = Self.whole
        mutated[position] = value
        do throws(DataError) {
          let file = try SafetensorsFile(bytes: mutated, name: "file")
          #expect(file.entries.reduce(0) { $0 + $1.byteRange.count } <= Self.whole.count)
          for entry in file.entries { #expect(try file.tensor(entry.name).shape == entry.shape) }
        } catch {
          #expect(error.file == "file" && !error.message.isEmpty)
        }
      }
    }
  }
}
