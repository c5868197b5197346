import Fluxion
import Foundation
import Testing

@Suite struct NPYTests {
  @Test(arguments: NPYFixture.samples) func readsEveryTypeOrderAndVersion(_ sample: NPYFixture.Sample) throws {
    try IDXFixture.withFolder { folder in
      try IDXFixture.write(IDXFixture.gzip(sample.bytes), folder + "/x.npy")
      for file in [try NPYFile(bytes: sample.bytes), try NPYFile(folder + "/x.npy")] {
        #expect(file.elementType == sample.type && file.tensor.dtype == sample.type.dtype)
        #expect(file.tensor.shape == sample.shape)
        #expect(file.tensor.cast(to: .float64).scalars(Double.self) == sample.values)
      }
    }
  }

  @Test func everyHalfIsExact() throws {
    let all = (0..<65_536).map { UInt16($0) }
    let x = try NPYFile(bytes: NPYFixture.file("<f2", "(65536,)", all.flatMap(NPYFixture.littleEndian))).tensor.scalars(Float.self)
    for (bits, value) in zip(all, x) {
      // Read from its parts: 1.fraction · 2^(exponent - 15), or 0.fraction · 2^-14.
      let (exponent, fraction) = (Int(bits >> 10 & 31), Double(bits & 1023))
      let size =
        exponent == 0
        ? fraction * 0x1p-24 : exponent == 31 ? (fraction == 0 ? .infinity : .nan) : (1024 + fraction) * exp2(Double(exponent - 25))
      let expected = bits >> 15 == 1 ? -size : size
      #expect(expected.isNaN ? value.isNaN : Double(value) == expected && (value.sign == .minus) == (bits >> 15 == 1), "\(bits)")
    }
  }

  @Test func largeIntegersStayExact() throws {
    let bytes = [UInt64(Int64.max), 1 << 53 + 1].flatMap(NPYFixture.littleEndian)
    #expect(try NPYFile(bytes: NPYFixture.file("<u8", "(2,)", bytes)).tensor.scalars(Int64.self) == [.max, 1 << 53 + 1])
  }

  static let written: [Tensor] = [
    Tensor([[1.5, -2], [.nan, -0.0]] as [[Float]]), Tensor([0.1, -.infinity, -0.0]), Tensor([Int32.min, 7]), Tensor([Int64.max]),
    Tensor([true, false, true]),
    Tensor(Float(3)), .zeros([0, 4]), .ones([2, 3, 4]).transposed(), Tensor(Array(0..<24), shape: [2, 3, 4])[0..., 1..<3],
    .zeros([1, 1, 1, 1, 1, 1, 1, 1]), Tensor.arange(100_000).cast(to: .float32),
  ]

  @Test(arguments: written) func whatIsWrittenIsRead(_ x: Tensor) throws {
    try IDXFixture.withFolder { folder in
      try NPYFile.write(x, to: folder + "/x.npy")
      let y = try NPYFile(folder + "/x.npy").tensor
      #expect(isIdentical(x, y))
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/x.npy")))
      #expect((bytes.count - x.elementCount * x.dtype.byteCount) % 64 == 0)
    }
  }

  @Test func everyTruncationAndEveryAdditionThrows() {
    for sample in NPYFixture.samples {
      for count in 0..<sample.bytes.count {
        #expect(throws: DataError.self, "\(count) of \(sample.bytes.count) bytes") { try NPYFile(bytes: Array(sample.bytes[..<count])) }
      }
      #expect(throws: DataError.self) { try NPYFile(bytes: sample.bytes + [0]) }
    }
  }

  @Test func everyMutationThrowsOrGivesATensor() {
    for sample in NPYFixture.samples {
      for position in sample.bytes.indices {
        for value in [0, 0x31, 0xFF, sample.bytes[position] ^ 1] as [UInt8] {
          var bytes = sample.bytes
          bytes[position] = value
          do throws(DataError) {
            let file = try NPYFile(bytes: bytes)
            #expect(file.tensor.elementCount * file.elementType.byteCount <= bytes.count && file.tensor.dtype == file.elementType.dtype)
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
    func add(_ dictionary: String, _ sentence: String) { add(NPYFixture.file(dictionary, [0, 0, 0, 0]), sentence) }
    func add(descr: String, _ sentence: String) {
      add("{'descr': \(descr), 'fortran_order': False, 'shape': (1,), }", "descr at offset 20: " + sentence)
    }
    func add(shape: String, at offset: Int, _ sentence: String) {
      add("{'descr': '<f4', 'fortran_order': False, 'shape': \(shape), }", "shape at offset \(offset): " + sentence)
    }
    let known = "f2, f4, f8, i1, i2, i4, i8, u1, u2, u4, u8, b1 would fit"
    let start: [UInt8] = [0x93] + Array("NUMPY".utf8)
    add([], "magic number at offset 0: it ends after 0 bytes, inside the header of an .npy file")
    add(Array("PK\u{3}\u{4}and more".utf8), "magic number at offset 0: 50 4B 03 04 61 6E; an .npy file begins with 93 4E 55 4D 50 59")
    add(start + [4, 0, 0, 0], "version at offset 6: 4.0; 1.0, 2.0 and 3.0 are known")
    add(start + [1, 1, 0, 0], "version at offset 6: 1.1; 1.0, 2.0 and 3.0 are known")
    add(start + [1, 0, 5], "header length at offset 8: it ends after 9 bytes, inside the header of an .npy file")
    add(start + [2, 0, 255, 255, 255, 255], "header length at offset 8: 4294967295; at most 1048576 would fit")
    add(start + [2, 0, 0, 0, 1, 0, 1, 2], "header at offset 12: it ends after 14 bytes, inside the header of an .npy file")
    add("", "header at offset 11: the end of the header; a dictionary begins with {")
    add("[1]", "header at offset 10: '[1]\\u{A}'; a dictionary begins with {")
    add("{'descr' '<f4'}", "header at offset 19: ''<f4'}\\u{A}'; a key is followed by :")
    add("{'descr': '<f4' 'shape'}", "header at offset 26: ''shape'}'; a value is followed by , or }")
    add("{descr: '<f4'}", "header at offset 11: 'descr: ''; a key in quotes would fit")
    add("{'descr': '<f4", "descr at offset 20: a quote that is never closed")
    add("{'descr': '<f4', }", "header at offset 10: lacks the key fortran_order")
    add("{}", "header at offset 10: lacks the key descr")
    add("{'descr': '<f4', 'fortran_order': False, }", "header at offset 10: lacks the key shape")
    add("{'color': 1}", "header at offset 11: the key 'color'; descr, fortran_order and shape are known")
    add("{'descr': '<f4', 'descr': '<f4'}", "header at offset 27: the key 'descr' for the second time")
    add("{'descr': '<f4', 'fortran_order': 0}", "fortran_order at offset 44: '0}\\u{A}'; True or False would fit")
    add("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", "header at offset 66: 'x\\u{A}'; nothing follows the dictionary")
    add(descr: "[('x', '<f4')]", "elements of several fields; \(known)")
    add(descr: "('<f4', (2,))", "elements of several fields; \(known)")
    add(descr: "4", "'4, 'fort'; descr in quotes would fit")
    add(descr: "'<c8'", "elements of complex numbers, '<c8'; \(known)")
    add(descr: "'<U3'", "elements of texts, '<U3'; \(known)")
    add(descr: "'|S9'", "elements of texts, '|S9'; \(known)")
    add(descr: "'|O'", "elements of Python objects, '|O'; \(known)")
    add(descr: "'|V2'", "elements of raw bytes, '|V2'; \(known)")
    add(descr: "'<M8[ns]'", "elements of times, '<M8[ns]'; \(known)")
    add(descr: "'<f16'", "elements of floats of another size, '<f16'; \(known)")
    add(descr: "'eval(x)\u{7}'", "elements of an unknown type, 'eval(x)\\u{7}'; \(known)")
    add(shape: "3", at: 60, "'3, }\\u{A}'; a shape begins with (")
    add(shape: "(3)", at: 62, "(3) is no tuple; (3,) would fit")
    add(shape: "(-1,)", at: 61, "dimension 0 is -1; 0 or more would fit")
    add(shape: "(2, -9223372036854775807)", at: 64, "dimension 1 is -9223372036854775807; 0 or more would fit")
    add(shape: "(99999999999999999999,)", at: 61, "a size beyond 9223372036854775807")
    add(shape: "(1, x)", at: 64, "'x), }\\u{A}'; a size would fit")
    add(shape: "(1 2)", at: 63, "'2), }\\u{A}'; a size is followed by , or )")
    add(shape: "(1, 1, 1, 1, 1, 1, 1, 1, 1)", at: 86, "9 dimensions; 0 to 8 would fit")
    add(shape: "(4294967296, 4294967296)", at: 10, "[4294967296, 4294967296] has more elements than memory could hold")
    add(shape: "(0, 4294967296, 4294967296)", at: 10, "[0, 4294967296, 4294967296] has more elements than memory could hold")
    add(NPYFixture.file("<f8", "(2,)", [1, 2]), "elements at offset 68: [2] of float64 take 16 bytes, but only 2 can follow")
    add(
      NPYFixture.file("<f8", "(1000000000000,)", []),
      "elements at offset 80: [1000000000000] of float64 take 8000000000000 bytes, but only 0 can follow")
    add(
      IDXFixture.gzip(NPYFixture.file("|u1", "(100000000,)", [1, 2])),
      "elements at offset 76: [100000000] of uint8 take 100000000 bytes, but at most 11352 can follow")
    add(IDXFixture.gzip(NPYFixture.file("|u1", "(9,)", [1, 2])), "elements at offset 68: [9] of uint8 take 9 bytes, but only 2 follow")
    add(NPYFixture.file("<i2", "(1,)", [1, 2, 3]), "elements at offset 68: [1] of int16 take 2 bytes, but more follow at offset 70")
    add(
      NPYFixture.file("<u8", "(2,)", NPYFixture.littleEndian(1 as UInt64) + NPYFixture.littleEndian(UInt64.max)),
      "elements at offset 76: 18446744073709551615; at most 9223372036854775807 fits an int64")
    add(NPYFixture.file("|b1", "(3,)", [0, 1, 2]), "elements at offset 70: 2 as a Boolean; 0 or 1 would fit")
    return rows
  }()

  @Test(arguments: mistakes) func errorNamesFileFieldAndOffset(_ row: Mistake) {
    #expect {
      try NPYFile(bytes: row.bytes, name: "x.npy")
    } throws: {
      "\($0)" == "x.npy: \(row.sentence)"
    }
  }

  @Test func whatIsNoFileThrows() {
    #expect(throws: DataError(file: "/nowhere/x", message: "cannot be opened: No such file or directory")) { try NPYFile("/nowhere/x") }
    #expect(throws: DataError(file: "/", message: "cannot be read: Is a directory")) { try NPYFile("/") }
    #expect(throws: DataError(file: "/nowhere/x", message: "cannot be written: No such file or directory")) {
      try NPYFile.write([1], to: "/nowhere/x")
    }
    #expect(throws: DataError(file: "/", message: "cannot be written: Is a directory")) { try NPYFile.write([1], to: "/") }
  }
}

/// Whether two tensors have the same shape, dtype and bits.
func isIdentical(_ x: Tensor, _ y: Tensor) -> Bool {
  guard x.shape == y.shape && x.dtype == y.dtype else { return false }
  switch x.dtype {
  case .float32: return x.scalars(Float.self).map(\.bitPattern) == y.scalars(Float.self).map(\.bitPattern)
  case .float64: return x.scalars(Double.self).map(\.bitPattern) == y.scalars(Double.self).map(\.bitPattern)
  case .int32: return x.scalars(Int32.self) == y.scalars(Int32.self)
  case .int64: return x.scalars(Int64.self) == y.scalars(Int64.self)
  case .bool: return x.scalars(Bool.self) == y.scalars(Bool.self)
  case .float16, .bfloat16, .complex64, .complex128: return x.withBytes { Array($0) } == y.withBytes { Array($0) }
  }
}
