import Fluxion
import Foundation
import Testing

@Suite struct IDXTests {
  @Test func readsEveryTypePlainAndCompressed() throws {
    try IDXFixture.withFolder { folder in
      for sample in IDXFixture.samples {
        let middle = sample.bytes.count / 2
        let members = [sample.bytes[..<middle], [], sample.bytes[middle...]].flatMap { IDXFixture.gzip(Array($0)) }
        for contents in [sample.bytes, IDXFixture.gzip(sample.bytes), members] {
          try IDXFixture.write(contents, folder + "/file")
          let file = try IDXFile(folder + "/file")
          #expect(file.elementType == sample.type)
          #expect(file.tensor.shape == Shape(sample.sizes))
          #expect(file.tensor.dtype == sample.type.dtype)
          #expect(file.tensor.cast(to: .float64).scalars(Double.self) == sample.values)
        }
      }
    }
  }

  @Test func everyTruncationAndEveryAdditionThrows() throws {
    try IDXFixture.withFolder { folder in
      for sample in IDXFixture.samples {
        for whole in [sample.bytes, IDXFixture.gzip(sample.bytes)] {
          for count in 0..<whole.count {
            try IDXFixture.write(Array(whole[..<count]), folder + "/file")
            #expect(throws: DataError.self, "\(count) of \(whole.count) bytes") { try IDXFile(folder + "/file") }
          }
          for tail in [[0], [0x1F, 0x8B], Array(repeating: 65, count: 100_000)] as [[UInt8]] {
            try IDXFixture.write(whole + tail, folder + "/file")
            #expect(throws: DataError.self) { try IDXFile(folder + "/file") }
          }
        }
      }
    }
  }

  /// A mutated file throws, or it is another good file; a compressed one cannot be another without failing its checksum.
  @Test func everyMutationThrowsOrGivesATensorOfTheFilesSize() throws {
    for sample in IDXFixture.samples {
      for (isCompressed, whole) in [(false, sample.bytes), (true, IDXFixture.gzip(sample.bytes))] {
        for position in whole.indices {
          let old = whole[position]
          let values: [UInt8] = [0, 1, 8, 9, 0x0E, 0x7F, 0x80, 0xFF, old ^ 1, old &+ 1]
          for value in values where value != old {
            var mutated = whole
            mutated[position] = value
            do throws(DataError) {
              let file = try IDXFile(bytes: mutated, name: "file")
              if isCompressed {
                #expect(file.tensor.cast(to: .float64).scalars(Double.self) == sample.values)
              } else {
                #expect(4 + 4 * file.shape.rank + file.shape.elementCount * file.elementType.byteCount == whole.count)
                #expect(file.tensor.shape == file.shape)
              }
            } catch {
              #expect(error.file == "file" && !error.message.isEmpty)
            }
          }
        }
      }
    }
  }

  static let mistakes: [(contents: [UInt8], sentence: String)] = [
    ([], "magic number at offset 0: the file ends after 0 bytes, inside the header of an IDX file"),
    (Array("\u{7F}ELF".utf8), "magic number at offset 0: 7F 45; an IDX file begins with 00 00"),
    ([0, 0, 0x0A, 1], "type code at offset 2: 0A; 08, 09, 0B, 0C, 0D, 0E are known"),
    ([0, 0, 8], "rank at offset 3: the file ends after 3 bytes, inside the header of an IDX file"),
    ([0, 0, 8, 0], "rank at offset 3: 0; 1 to 8 would fit"),
    ([0, 0, 8, 9], "rank at offset 3: 9; 1 to 8 would fit"),
    ([0, 0, 8, 2, 0, 0, 0, 1, 0, 0], "dimension 1 at offset 8: the file ends after 10 bytes, inside the header of an IDX file"),
    ([0, 0, 8, 1, 0x80, 0, 0, 0], "dimension 0 at offset 4: 2147483648; at most 2147483647 would fit"),
    (
      IDXFixture.header(.float64, [0, 1 << 30, 1 << 30, 1 << 30]),
      "dimension 2 at offset 12: 1073741824 makes more elements than memory could hold"
    ),
    (
      IDXFixture.header(.uint8, [0, 1 << 25, 1 << 25]),
      "dimension 2 at offset 12: 33554432 makes more elements than memory could hold"
    ),
    (
      IDXFixture.header(.int16, [1 << 30]) + [1, 2],
      "elements at offset 8: [1073741824] of int16 take 2147483648 bytes, but only 2 can follow"
    ),
    (
      IDXFixture.gzip(IDXFixture.header(.int16, [1 << 30]) + [1, 2]),
      "elements at offset 8: [1073741824] of int16 take 2147483648 bytes, but at most 11352 can follow"
    ),
    (IDXFixture.gzip(IDXFixture.header(.uint8, [5]) + [1, 2]), "elements at offset 8: [5] of uint8 take 5 bytes, but only 2 follow"),
    (IDXFixture.header(.uint8, [2]) + [1, 2, 3], "elements at offset 8: [2] of uint8 take 2 bytes, but more follow at offset 10"),
    (
      IDXFixture.gzip(IDXFixture.header(.uint8, [2]) + Array(repeating: 1, count: 60_000)),
      "elements at offset 8: [2] of uint8 take 2 bytes, but more follow at offset 10"
    ),
    (
      IDXFixture.gzip(IDXFixture.header(.uint8, [2]) + [1, 2]).dropLast(6) + [9, 9, 10, 0, 0, 0],
      "gzip stream at offset 29: incorrect data check"
    ),
    (
      Array(IDXFixture.gzip(IDXFixture.header(.uint8, [2]) + [1, 2]).dropLast(3)),
      "gzip stream at offset 30: ends before its data does: the file is truncated"
    ),
    (
      IDXFixture.gzip(IDXFixture.header(.uint8, [2]) + [1, 2]) + [1],
      "gzip stream at offset 33: bytes follow its end that are no gzip member"
    ),
  ]

  @Test(arguments: mistakes.indices) func errorNamesFileFieldAndOffset(_ index: Int) throws {
    try IDXFixture.withFolder { folder in
      let path = folder + "/labels"
      try IDXFixture.write(Self.mistakes[index].contents, path)
      do throws(DataError) {
        _ = try IDXFile(path)
        Issue.record("no error")
      } catch {
        #expect(error.description == "\(path): \(Self.mistakes[index].sentence)")
      }
    }
  }

  @Test func whatIsNoFileThrows() throws {
    let path = "/nowhere/file"
    #expect(throws: DataError(file: path, message: "cannot be opened: No such file or directory")) { try IDXFile(path) }
    #expect(throws: DataError(file: "/", message: "cannot be read: Is a directory")) { try IDXFile("/") }
    // A device that never ends has no size to be checked beforehand.
    #expect(throws: DataError(file: "/dev/zero", field: "type code", offset: 2, message: "00; 08, 09, 0B, 0C, 0D, 0E are known")) {
      try IDXFile("/dev/zero")
    }
  }
}
