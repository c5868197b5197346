import Fluxion
import Foundation
import Tensors
import Testing

@Suite struct SafetensorsTests {
  @Test(arguments: SafetensorsFixture.readable.indices) func readsEveryTypeExactly(_ index: Int) throws {
    let (type, data, value) = SafetensorsFixture.readable[index]
    // At every address: behind a tensor of a few bytes the elements are aligned to nothing.
    for shift in 0..<8 {
      let header =
        "{\(SafetensorsFixture.entry("pad", "U8", "[\(shift)]", "[0,\(shift)]")),"
        + "\(SafetensorsFixture.entry("x", type, "[1,\(value.elementCount)]", "[\(shift),\(shift + data.count)]"))}"
      let bytes = SafetensorsFixture.file(header, Array(repeating: 7, count: shift) + data)
      let file = try SafetensorsFile(bytes: bytes)
      #expect(file.names == ["pad", "x"])
      let outline = try #require(file.outline("x"))
      #expect(outline.shape == [1, value.elementCount] && outline.dtype == value.dtype)
      #expect(file.entries[1].elementType.rawValue == type)
      #expect(file.entries[1].byteRange == bytes.count - data.count..<bytes.count)
      let read = try file.tensor("x")
      #expect(read.shape == outline.shape)
      #expect(bits(read) == bits(value))
    }
  }

  @Test func halvesAndBrainFloatsAreExactInEveryBit() throws {
    let patterns = UInt16.min ... .max
    for (type, reference) in [("F16", half), ("BF16", { Float(bitPattern: UInt32($0) << 16) })] as [(String, (UInt16) -> Float)] {
      let data = patterns.flatMap(SafetensorsFixture.littleEndian)
      let read = try SafetensorsFile(bytes: SafetensorsFixture.file(type, [65536], data)).tensor("x").scalars(Float.self)
      let wrong = zip(patterns, read).first { pattern, value in
        let expected = reference(pattern)
        return expected.isNaN ? !value.isNaN || value.sign != expected.sign : value.bitPattern != expected.bitPattern
      }
      #expect(wrong == nil)
    }
  }

  /// From the definition of the format, by arithmetic.
  private func half(_ pattern: UInt16) -> Float {
    let (exponent, fraction) = (Int(pattern >> 10 & 31), Float(pattern & 0x3FF))
    let magnitude: Float =
      switch exponent {
      case 0: fraction * 0x1p-24
      case 31: fraction == 0 ? .infinity : .nan
      default: Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction / 1024)
      }
    return pattern & 0x8000 == 0 ? magnitude : -magnitude
  }

  private func bits(_ x: Tensor) -> [UInt8] { x.withBytes { Array($0) } ?? [] }

  @Test func whatIsWrittenIsReadBack() throws {
    let matrix = Tensor.arange(24).cast(to: .float32).reshaped([2, 3, 4])
    let tensors: [(name: String, value: Tensor)] = [
      ("flag", Tensor([true, false, true])), ("scalar", Tensor(2.5 as Double)), ("matrix", matrix),
      ("transposed", matrix.transposed(0, 2)), ("reversed", matrix.reversed(axes: 1)), ("column", matrix[0..., 1, 2...]),
      ("broadcast", Tensor([1, 2, 3] as [Int32]).expanded([4, 3])), ("empty", Tensor.zeros([3, 0, 2], .int64)),
      ("numbers", Tensor([.min, 0, .max] as [Int64])), ("nan", Tensor([Float(bitPattern: 0x7FC1_2345), -.infinity])),
      ("", Tensor(1 as Int32)), ("quote \" \\ / \n\t\u{1} é 😀", Tensor([false])),
    ]
    let texts = ["format": "pt", "": "", "quote \" \\ \u{1F}": "\u{0}\n😀\u{2028}"]
    try IDXFixture.withFolder { folder in
      let path = folder + "/file.safetensors"
      try SafetensorsFile.write(tensors, metadata: texts, to: path)
      let file = try SafetensorsFile(path)
      #expect(file.source == path)
      #expect(file.names == tensors.map(\.name))
      #expect(file.metadata == texts)
      for ((name, value), entry) in zip(tensors, file.entries) {
        let read = try file.tensor(name)
        #expect(read.shape == value.shape && read.dtype == value.dtype && bits(read) == bits(value), "\(name)")
        #expect(entry.byteRange.lowerBound % value.dtype.byteCount == 0, "\(name) is aligned")
      }
      // Read as bytes it is the same file.
      let bytes = try Array(Data(contentsOf: URL(fileURLWithPath: path)))
      #expect(try SafetensorsFile(bytes: bytes).entries == file.entries)
      try SafetensorsFile.write(tensors, metadata: texts, to: path + "2")
      #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path + "2"))) == bytes)
    }
  }

  @Test func theHeaderIsAsPythonsWriterMakesIt() throws {
    try IDXFixture.withFolder { folder in
      try SafetensorsFile.write([("b", Tensor([true])), ("a", Tensor([[1, 2]] as [[Float]]))], metadata: ["k": "v"], to: folder + "/file")
      let bytes = try Array(Data(contentsOf: URL(fileURLWithPath: folder + "/file")))
      let header =
        #"{"__metadata__":{"k":"v"},"b":{"dtype":"BOOL","shape":[1],"data_offsets":[8,9]},"#
        + #""a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}"#
      let padding = String(repeating: " ", count: -header.utf8.count & 7)
      #expect(bytes == SafetensorsFixture.file(header + padding, [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40, 1]))

      try SafetensorsFile.write([], to: folder + "/file")
      #expect(try Array(Data(contentsOf: URL(fileURLWithPath: folder + "/file"))) == SafetensorsFixture.file("{}      "))
      #expect(try SafetensorsFile(folder + "/file").names.isEmpty)
    }
  }

  @Test func unusualHeadersThatAreRightAreRead() throws {
    let text = """
      { "\\u0061\\ud83d\\ude00\\n\\/" : { "data_offsets" : [ 4 , 4 ],\t"shape":[ 0 , 5 ],\r\n"dtype":"F64" } ,
        "b":{"shape":[],"dtype":"F32","data_offsets":[0,4]},"__metadata__":{} }
      """
    let file = try SafetensorsFile(bytes: SafetensorsFixture.file(text, [0, 0, 0x80, 0x3F]))
    #expect(file.names == ["a😀\n/", "b"])
    #expect(try file.tensor("a😀\n/").shape == [0, 5])
    #expect(try file.tensor("b").item() == 1)
    #expect(file.outline("c") == nil)
  }

  @Test func complexNumbersAreReadAndWritten() throws {
    try IDXFixture.withFolder { folder in
      let x = complex([1, -0.5], [2, 3])
      try SafetensorsFile.write([("x", x)], to: folder + "/x.safetensors")
      let file = try SafetensorsFile(folder + "/x.safetensors")
      #expect(file.entries[0].elementType == .complex64 && isIdentical(try file.tensor("x"), x))
      let wide = x.cast(to: .complex128)
      #expect { try SafetensorsFile.write([("x", wide)], to: folder + "/y.safetensors") } throws: {
        "\($0)".contains("a complex128 tensor, for which the format has no type; .cast(to: .complex64) or .viewAsReal() would fit")
      }
      try NPYFile.write(wide, to: folder + "/x.npy")
      #expect(isIdentical(try NPYFile(folder + "/x.npy").tensor, wide))
    }
  }

  @Test func whatCannotBeReadIsListed() throws {
    for (type, shape, size) in [("F8_E4M3", [3], 3), ("F8_E5M2", [1], 1), ("F4", [2, 3], 3), ("F6_E2M3", [4], 3)] {
      let file = try SafetensorsFile(bytes: SafetensorsFixture.file(type, shape, Array(repeating: 0, count: size)), name: "file")
      #expect(file.entries.map(\.elementType.rawValue) == [type])
      #expect(file.outline("x")?.shape == Shape(shape))
      let readable = "F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL, C64 can"
      let place = 8 + SafetensorsFixture.file(type, shape, []).count - 8 + String(size).count - 1
      #expect(throws: DataError(file: "file", field: "x", offset: place, message: "\(type) cannot be read; \(readable)")) {
        try file.tensor("x")
      }
    }
  }

  @Test func aFileThatIsReplacedIsReadAsItWas() throws {
    try IDXFixture.withFolder { folder in
      let path = folder + "/file"
      try SafetensorsFile.write([("x", Tensor([1, 2] as [Float]))], to: path)
      let old = try SafetensorsFile(path)
      try SafetensorsFile.write([("x", Tensor([3, 4, 5] as [Float]))], to: path)
      #expect(try old.tensor("x").scalars(Float.self) == [1, 2])
      #expect(try SafetensorsFile(path).tensor("x").scalars(Float.self) == [3, 4, 5])
    }
  }

  @Test func manyThreadsReadOneFile() throws {
    try IDXFixture.withFolder { folder in
      let path = folder + "/file"
      let tensors = (0..<16).map { (name: "\($0)", value: Tensor.full([1000], Float($0))) }
      try SafetensorsFile.write(tensors, to: path)
      let file = try SafetensorsFile(path)
      DispatchQueue.concurrentPerform(iterations: 64) { i in
        let read = try? file.tensor("\(i % 16)").scalars(Float.self)
        #expect(read == Array(repeating: Float(i % 16), count: 1000))
      }
    }
  }
}
