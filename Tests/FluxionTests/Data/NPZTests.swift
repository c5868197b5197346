import Fluxion
import Foundation
import Testing

@Suite struct NPZTests {
  private typealias Member = NPYFixture.Member

  private static let array = NPYFixture.file("<i2", "(2,)", [1, 0, 2, 0])

  @Test(arguments: [false, true]) func whatIsWrittenIsRead(_ compressed: Bool) throws {
    try IDXFixture.withFolder { folder in
      let names = ["weight", "layers.0.bias", "", "größe", "a/b"]
      let tensors = (names + NPYTests.written.indices.map { "x\($0)" }).enumerated().map {
        (name: $0.element, value: NPYTests.written[$0.offset % NPYTests.written.count])
      }
      try NPZFile.write(tensors, compressed: compressed, to: folder + "/x.npz")
      let file = try NPZFile(folder + "/x.npz")
      #expect(file.names == tensors.map(\.name) && file.metadata.isEmpty && file.source == folder + "/x.npz")
      for (name, value) in tensors {
        let outline = try #require(file.outline(name))
        #expect(outline.shape == value.shape && outline.dtype == value.dtype)
        #expect(isIdentical(try file.tensor(name), value), "\(name)")
      }
      let first = try Data(contentsOf: URL(fileURLWithPath: folder + "/x.npz"))
      try NPZFile.write(tensors, compressed: compressed, to: folder + "/x.npz")
      #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/x.npz")) == first)
      #expect(file.outline("none") == nil)
      #expect(throws: DataError.self) { try file.tensor("none") }
    }
  }

  @Test func anEmptyArchiveHasNoNames() throws {
    try IDXFixture.withFolder { folder in
      try NPZFile.write([], to: folder + "/x.npz")
      #expect(try NPZFile(folder + "/x.npz").names.isEmpty)
      #expect(try NPZFile(bytes: NPYFixture.zip([], comment: "of nothing")).names.isEmpty)
    }
  }

  @Test func namesThatCannotBeWrittenThrow() throws {
    try IDXFixture.withFolder { folder in
      try IDXFixture.write([1], folder + "/x.npz")
      let rows: [([(name: String, value: Tensor)], String)] = [
        ([("a", [1]), ("a", [2])], "tensor 'a': is there twice; each name can be written once"),
        ([("a\0b", [1])], "tensor 'a\\u{0}b': has a zero byte in its name"),
        (
          [(String(repeating: "n", count: 65_532), [1])],
          "tensor '\(String(repeating: "n", count: 40))…': has a name of 65532 bytes; at most 65531 would fit"
        ),
      ]
      for (tensors, sentence) in rows {
        #expect {
          try NPZFile.write(tensors, to: folder + "/x.npz")
        } throws: {
          "\($0)" == "\(folder)/x.npz: \(sentence)"
        }
      }
      #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/x.npz")) == Data([1]))
    }
  }

  /// Archives as other programs write them.
  static let good: [(what: String, bytes: [UInt8])] = {
    let deflated = NPYFixture.deflated(array)
    let (count, packed) = (UInt32(array.count), UInt32(deflated.count))
    let long = NPYFixture.littleEndian(1 as UInt16) + NPYFixture.littleEndian(16 as UInt16)
    let sizes = NPYFixture.littleEndian(UInt64(count)) + NPYFixture.littleEndian(UInt64(packed))
    return [
      ("stored", NPYFixture.zip([Member(name: "a.npy", contents: array)])),
      ("with a comment", NPYFixture.zip([Member(name: "a.npy", contents: array)], comment: "PK\u{5}\u{6} is no end")),
      ("deflated", NPYFixture.zip([Member(name: "a.npy", contents: deflated, method: 8, plain: array)])),
      (
        "described behind its contents",
        NPYFixture.zip([Member(name: "a.npy", contents: deflated, method: 8, flags: 8, headerCRC: 0, headerSizes: (0, 0), plain: array)])
      ),
      (
        "zip64 in its header, as numpy writes",
        NPYFixture.zip([
          Member(
            name: "a.npy", contents: deflated, method: 8, headerExtra: [9, 9, 1, 0, 7] + long + sizes, headerSizes: (.max, .max),
            plain: array)
        ])
      ),
      (
        "zip64 throughout",
        NPYFixture.zip([
          Member(
            name: "a.npy", contents: deflated, method: 8, size: .max, compressedSize: .max, extra: long + sizes, headerExtra: long + sizes,
            plain: array)
        ])
      ),
      ("with a zip64 end", zip64([Member(name: "a.npy", contents: array)]) { _ in }),
    ]
  }()

  /// An archive whose end is a record of zip64, where `adjust` has had its way.
  private static func zip64(_ members: [Member], _ adjust: (inout [UInt8]) -> Void) -> [UInt8] {
    let plain = NPYFixture.zip(members)
    let end = plain.count - 22
    let (size, start) = (plain[(end + 12)..<(end + 16)], plain[(end + 16)..<(end + 20)])
    let none: [UInt8] = [0, 0, 0, 0]
    var record: [UInt8] = NPYFixture.littleEndian(0x0606_4B50 as UInt32) + [44] + none + [0, 0, 0, 45, 0, 45, 0] + none + none
    for _ in 0..<2 { record += NPYFixture.littleEndian(UInt64(members.count)) }
    record += Array(size) + none + Array(start) + none
    record += NPYFixture.littleEndian(0x0706_4B50 as UInt32) + none + NPYFixture.littleEndian(UInt64(end)) + [1, 0, 0, 0]
    adjust(&record)
    let tail = [UInt8](repeating: 0xFF, count: 12)
    return Array(plain[..<end]) + record + NPYFixture.littleEndian(0x0605_4B50 as UInt32) + none + tail + [0, 0]
  }

  @Test(arguments: good.indices) func readsWhatOtherProgramsWrite(_ index: Int) throws {
    let file = try NPZFile(bytes: Self.good[index].bytes)
    #expect(file.names == ["a"], "\(Self.good[index].what)")
    #expect(try file.tensor("a").scalars(Int32.self) == [1, 2])
  }

  @Test func everyTruncationThrowsAndNoMutationGivesOtherNumbers() {
    for (what, whole) in Self.good {
      for count in 0..<whole.count {
        #expect(throws: DataError.self, "\(what), \(count) of \(whole.count) bytes") { try NPZFile(bytes: Array(whole[..<count])) }
      }
      for position in whole.indices {
        for value in [0, 1, 8, 0x7F, 0xFF, whole[position] ^ 1, whole[position] ^ 0x80] as [UInt8] where value != whole[position] {
          var bytes = whole
          bytes[position] = value
          do throws(DataError) {
            let file = try NPZFile(bytes: bytes)
            for name in file.names { #expect(try file.tensor(name).scalars(Int32.self) == [1, 2], "\(what), \(value) at \(position)") }
          } catch {
            #expect(error.file == "bytes" && !error.message.isEmpty)
          }
        }
      }
    }
  }

  struct Mistake: Sendable, CustomTestStringConvertible {
    let bytes: [UInt8]
    let sentence: String
    var testDescription: String { sentence }
  }

  static let mistakes: [Mistake] = {
    var rows: [Mistake] = []
    func add(_ bytes: [UInt8], _ sentence: String) { rows.append(Mistake(bytes: bytes, sentence: sentence)) }
    // With one member `a.npy`, changed: its header is at 0, its contents at 35, its entry behind them.
    let entry = 35 + array.count
    func add(_ sentence: String, _ change: (inout Member) -> Void) {
      var member = Member(name: "a.npy", contents: array)
      change(&member)
      add(NPYFixture.zip([member]), sentence)
    }
    func patch(_ sentence: String, _ change: (inout [UInt8]) -> Void) {
      add(NPYFixture.zip([Member(name: "a.npy", contents: array)], adjust: change), sentence)
    }
    let (deflated, zeros) = (NPYFixture.deflated(array), [UInt8](repeating: 0, count: 8))
    let none = "end of the directory: there is none: this is no zip archive, or one that has been cut short"
    let end = entry + 51
    add([], none)
    add(Array("PK\u{3}\u{4}".utf8) + Array(repeating: 0, count: 70_000), none)
    patch(none) { $0.append(0) }
    patch(none) { $0.removeLast() }
    patch("end of the directory at offset \(end): the archive has several volumes; one file would fit") { $0[end + 4] = 1 }
    patch("end of the directory at offset \(end): the archive has several volumes; one file would fit") { $0[end + 8] = 2 }
    patch("end of the directory at offset \(end): the directory is to take 50 bytes from offset \(entry) on; it ends at \(end)") {
      $0[end + 12] = 50
    }
    patch("end of the directory at offset \(end): the directory is to take 51 bytes from offset 4278190080 on; it ends at \(end)") {
      ($0[end + 16], $0[end + 19]) = (0, 255)
    }
    patch("end of the directory at offset \(end): 65535 members, but the directory has 51 bytes") {
      for i in 8..<12 { $0[end + i] = 255 }
    }
    patch("directory at offset \(entry): 51 bytes follow its 0 entries") { ($0[end + 8], $0[end + 10]) = (0, 0) }
    patch("entry 0 at offset \(entry): 51 4B 01 02; 50 4B 01 02 would fit") { $0[entry] = 0x51 }
    patch("entry 0 at offset \(entry): its name, extra fields and comment of 65285 bytes go beyond the directory") { $0[entry + 33] = 255 }
    patch("member 'a.npy' at offset 0: 51 4B 03 04 where its header should be; 50 4B 03 04 would fit") { $0[0] = 0x51 }
    add("entry 0 at offset \(entry): member 'a.npy' is encrypted") { $0.flags = 1 }
    add("member 'a.npy' at offset 0: it is encrypted") { $0.headerFlags = 1 }
    add("entry 0 at offset \(entry): member 'a.npy' is compressed by method 12; 0 and 8 are known") { $0.method = 12 }
    add("member 'a.npy' at offset 0: its header has method 8, the directory 0") { $0.headerMethod = 8 }
    add("member 'a.npy' at offset 0: its header calls it 'b.npy'") { $0.headerName = "b.npy" }
    add("member 'a.npy' at offset 0: its header calls it 'a.np'") { $0.headerName = "a.np" }
    add("entry 0 at offset \(entry): member 'a.npy' is stored, but takes \(array.count) bytes and has 9") { $0.size = 9 }
    add("entry 0 at offset \(entry): member 'a.npy' of 999999 bytes at offset 0 is beyond the members, which end before \(entry)") {
      ($0.size, $0.compressedSize) = (999_999, 999_999)
    }
    add(
      "entry 0 at offset \(entry): member 'a.npy' of \(array.count) bytes at offset 4294967294 is beyond the members, which end before \(entry)"
    ) {
      $0.offset = .max - 1
    }
    add("entry 0 at offset \(entry): member 'a.npy' has no zip64 sizes") { $0.offset = .max }
    add("entry 0 at offset \(entry): member 'a.npy' is in another volume") { $0.disk = 1 }
    add("member 'a.npy' at offset 0: its header has no zip64 sizes") { $0.headerSizes = (.max, .max) }
    add(
      "member 'a.npy' at offset 0: its header has 5 bytes in \(array.count) and checksum 0, the directory \(array.count) in \(array.count) and 1"
    ) {
      ($0.headerSizes, $0.headerCRC, $0.crc) = ((UInt32(array.count), 5), 0, 1)
    }
    add("member 'a.npy' at offset 0: it takes \(array.count + 9) bytes from offset 35 on; the members end at \(entry)") {
      ($0.size, $0.compressedSize) = (UInt32(array.count + 9), UInt32(array.count + 9))
    }
    add("entry 0 at offset 35: member 'a.npy' is to have 4294967294 bytes; the 0 it takes cannot be inflated to so many") {
      ($0.method, $0.contents, $0.size) = (8, [], .max - 1)
    }
    add("entry 0 at offset \(entry - 2): the name '\u{FFFD}\u{FFFD}\\u{7}' is not UTF-8") { $0.rawName = [0xFF, 0xFE, 7] }
    add("entry 0 at offset \(entry - 2): the name 'a\\u{0}b' is not UTF-8") { $0.rawName = [97, 0, 98] }
    add("member 'readme.txt' at offset 40: is no array; the members of an .npz file end in .npy") { $0.name = "readme.txt" }
    add("member 'a.npy', magic number at offset 0: 00 00 00 00 00 00; an .npy file begins with 93 4E 55 4D 50 59") { $0.contents = zeros }
    add("member 'a.npy' at offset 35: [2] of int16 take 4 bytes behind a header of \(array.count - 4); the member has \(array.count + 1)") {
      $0.contents.append(0)
    }
    add("member 'a.npy' at offset 35: [2] of int16 take 4 bytes behind a header of \(array.count - 4); the member has \(array.count - 1)") {
      $0.contents.removeLast()
    }
    // Read only when the array is asked for.
    add("member 'a.npy' at offset 35: its checksum is \(String(NPYFixture.crc32(array), radix: 16)); the archive tells of 7") { $0.crc = 7 }
    func inflate(_ sentence: String, _ contents: [UInt8]) {
      add("member 'a.npy' at offset 35: " + sentence) { ($0.method, $0.contents, $0.plain) = (8, contents, array) }
    }
    inflate("invalid block type", [7] + deflated.dropFirst())
    inflate("its compressed bytes end before its contents do", Array(deflated.dropLast()))
    inflate("3 bytes follow the end of its compressed bytes", deflated + [1, 2, 3])
    inflate("\(array.count - 1) bytes come out; the archive tells of \(array.count)", NPYFixture.deflated(Array(array.dropLast())))
    inflate("more than the \(array.count) bytes that the archive tells come out", NPYFixture.deflated(array + [1]))
    // Several members.
    let two = [Member(name: "a.npy", contents: array), Member(name: "a.npy", contents: array)]
    add(NPYFixture.zip(two), "entry 1 at offset \(2 * entry + 51): a second member 'a.npy'")
    add(
      NPYFixture.zip([Member(name: "b.npy", contents: array), Member(name: "a.npy", contents: array, offset: 0)]),
      "member 'a.npy' at offset 0: its header calls it 'b.npy'")
    // A member inside another one's contents, which are an archive's member themselves.
    let inner = NPYFixture.zip([Member(name: "b.npy", contents: array)])
    let outer = Member(name: "a.npy", contents: Array(inner[..<entry]))
    add(
      NPYFixture.zip([outer, Member(name: "b.npy", contents: array, offset: 35)]),
      "member 'a.npy' at offset 35: its \(entry) bytes overlap the member 'b.npy' at offset 35")
    // The end of zip64.
    let one = [Member(name: "a.npy", contents: array)]
    add(zip64(one) { $0[0] = 0 }, "end of the directory at offset \(end): there is no zip64 record")
    add(
      zip64(one) { $0[56 + 15] = 1 },
      "end of the directory at offset \(end + 56): the zip64 record is to be at offset \(1 << 56 + end), where none can be")
    add(zip64(one) { $0[24] = 9 }, "end of the directory at offset \(end): the archive has several volumes; one file would fit")
    add(
      zip64(one) { for i in 24..<40 { $0[i] = 255 } },
      "end of the directory at offset \(end): \(UInt64.max) members, but the directory has 51 bytes")
    add(
      zip64(one) { for i in 40..<56 { $0[i] = 255 } },
      "end of the directory at offset \(end): the directory is to take \(UInt64.max) bytes from offset \(UInt64.max) on; it ends at \(end)")
    return rows
  }()

  @Test(arguments: mistakes) func errorNamesFileFieldAndOffset(_ row: Mistake) {
    #expect {
      let file = try NPZFile(bytes: row.bytes, name: "x.npz")
      for name in file.names { _ = try file.tensor(name) }
    } throws: {
      "\($0)" == "x.npz: \(row.sentence)"
    }
  }

  @Test func aFileThatIsReplacedIsReadAsItWas() throws {
    try IDXFixture.withFolder { folder in
      let path = folder + "/x.npz"
      try NPZFile.write([("a", [1, 2])], to: path)
      let file = try NPZFile(path)
      try NPZFile.write([("b", [3])], to: path)
      #expect(try file.tensor("a").scalars(Float.self) == [1, 2])
      #expect(try NPZFile(path).names == ["b"])
    }
  }
}
