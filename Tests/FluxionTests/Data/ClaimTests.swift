import Data
import Fluxion
import Foundation
import Testing

@testable import FluxionCommand

/// What files claim and do not hold, and paths that are no files: nothing is allocated by a claim, nothing waits forever.
@Suite struct ClaimTests {
  private static let table = Array("1,2\n3,4\n".utf8)

  /// Of what is compressed no more is read than the budget.
  @Test func budgets() throws {
    let idx = IDXFixture.gzip(IDXFixture.header(.uint8, [9]) + Array(1...9))
    let npy = IDXFixture.gzip(NPYFixture.file("|u1", "(9,)", Array(1...9)))
    let csv = IDXFixture.gzip(Self.table)
    #expect(try IDXFile(bytes: idx, maximumBytes: 17).tensor.shape == [9])
    #expect(try NPYFile(bytes: npy, maximumBytes: 77).tensor.shape == [9])
    #expect(try CSVFile(bytes: csv, maximumBytes: 8).tensor.shape == [2, 2])
    // What is not compressed is as large as it is.
    #expect(try CSVFile(bytes: Self.table, maximumBytes: 0).tensor.shape == [2, 2])

    let more = "a larger maximumBytes would allow them"
    let rows: [(String, () throws -> Void)] = [
      ("bytes: gzip stream: more than 16 bytes come out; \(more)", { _ = try IDXFile(bytes: idx, maximumBytes: 16) }),
      (
        "bytes: elements at offset 8: [9] of uint8 take 9 bytes, but at most 8 are read here; \(more)",
        { _ = try IDXFile(bytes: idx, maximumBytes: 8) }
      ),
      ("bytes: gzip stream: more than 76 bytes come out; \(more)", { _ = try NPYFile(bytes: npy, maximumBytes: 76) }),
      ("bytes: gzip stream: more than 7 bytes come out; \(more)", { _ = try CSVFile(bytes: csv, maximumBytes: 7) }),
    ]
    for (sentence, read) in rows { #expect { try read() } throws: { "\($0)" == sentence } }
    #expect { try checked { try IDXFile(bytes: idx, maximumBytes: -1) } } throws: {
      "\($0)" == "IDXFile: maximumBytes: -1; 0 or more would fit"
    }
    try IDXFixture.withFolder { folder in
      try NPZFile.write([("a", .zeros([100])), ("b", .zeros([100]))], compressed: true, to: folder + "/x.npz")
      #expect(try NPZFile(folder + "/x.npz", maximumBytes: 1056).tensor("b").shape == [100])
      #expect { try NPZFile(folder + "/x.npz", maximumBytes: 1055) } throws: {
        "\($0)".hasSuffix("to come to 1056 bytes; at most 1055 are read here, and a larger maximumBytes would allow more")
      }
      try NPZFile.write([("a", .zeros([100]))], to: folder + "/y.npz")
      #expect(try NPZFile(folder + "/y.npz", maximumBytes: 0).tensor("a").shape == [100])
    }
  }

  /// A thousandfold of zeros is beyond what is read by default.
  @Test func bombs() throws {
    try IDXFixture.withFolder { folder in
      let path = folder + "/x.npz"
      try NPZFile.write([("x", .zeros([68_000_000]))], compressed: true, to: path)
      #expect { try NPZFile(path) } throws: { "\($0)".contains("are to come to 272000128 bytes; at most 268435456 are read here") }
      #expect(try TensorFile(path, maximumBytes: 400_000_000).contents.names == ["x"])
    }
  }

  /// A table of empty fields, a byte each, takes a few bytes for each of them: the text, the number, and the pieces that it came in.
  @Test func emptyFieldsTakeLittle() async {
    await #expect(processExitsWith: .success) {
      func peak() -> Int {
        var usage = rusage()
        #if os(Linux)
          getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
          return usage.ru_maxrss << 10
        #else
          getrusage(RUSAGE_SELF, &usage)
          return usage.ru_maxrss
        #endif
      }
      try IDXFixture.withFolder { folder in
        let path = folder + "/empty.csv"
        let line = Data(String(repeating: ",", count: 99_999).appending("\n").utf8)
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        for _ in 0..<200 { try file.write(contentsOf: line) }
        try file.close()
        // What a reader needs whatever it reads is there.
        _ = try CSVFile(bytes: Array("1,,2\n".utf8), missing: 0)
        let before = peak()
        #expect(throws: DataError.self) { try CSVFile(path) }
        let refused = peak() - before
        #expect(try CSVFile(path, hasHeader: false, missing: 0).tensor.shape == [200, 100_000])
        let ratio = Double(peak() - before) / 20e6
        #expect(Double(refused) / 20e6 < 3 && ratio < 14, "\(refused) bytes for a mistake, \(ratio) bytes for each field")
        try? FileHandle.standardError.write(contentsOf: Data("\(refused) \(ratio)\n".utf8))
      }
    }
  }

  // MARK: Pipes

  /// Runs `body` with the path of a pipe that holds bytes and has no writer any more.
  private static func withPipe<R>(_ bytes: [UInt8], _ body: (String) throws -> R) throws -> R {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    defer { close(ends[0]) }
    try #require(write(ends[1], bytes, bytes.count) == bytes.count)
    close(ends[1])
    return try body("/dev/fd/\(ends[0])")
  }

  @Test func pipesAreRead() throws {
    let npy = NPYFixture.file("|u1", "(3,)", [1, 2, 3])
    #expect(try Self.withPipe(npy) { try NPYFile($0).tensor.scalars(Int32.self) } == [1, 2, 3])
    #expect(try Self.withPipe(IDXFixture.gzip(npy)) { try NPYFile($0).tensor.scalars(Int32.self) } == [1, 2, 3])
    #expect(try Self.withPipe(Self.table) { try CSVFile($0).tensor.shape } == [2, 2])
    // Its format is found without losing what shows it.
    for bytes in [npy, IDXFixture.gzip(npy), Self.table, IDXFixture.header(.uint8, [1]) + [7]] {
      #expect(throws: Never.self) { try Self.withPipe(bytes) { try InspectionReport(TensorFile($0)).text() } }
    }
    // What a pipe claims takes no memory before it comes.
    for (shape, part) in [("(60000000,)", "but only 0 follow"), ("(5000000000000,)", "but at most 268435456 are read here")] {
      #expect { try Self.withPipe(NPYFixture.file("<f4", shape, [])) { try NPYFile($0) } } throws: { "\($0)".contains(part) }
    }
    let claim = IDXFixture.header(.float64, [1 << 24])
    #expect { try Self.withPipe(claim) { try IDXFile($0) } } throws: { "\($0)".contains("but only 0 follow") }
    #expect { try Self.withPipe(Self.table) { try CSVFile($0, maximumBytes: 7) } } throws: {
      "\($0)".hasSuffix("pipe: more than 7 bytes come out; a larger maximumBytes would allow them")
    }
  }

  /// A pipe that nobody writes to, and other things that are no files.
  @Test func whatIsNoFileIsRefused() throws {
    try IDXFixture.withFolder { folder in
      let path = folder + "/pipe"
      try #require(mkfifo(path, 0o600) == 0)
      func refuses(_ part: String, _ body: () throws -> Void) {
        let start = ContinuousClock.now
        #expect { try body() } throws: { "\($0)".contains(part) }
        #expect(start.duration(to: .now) < .seconds(20))
      }
      var model = Chain { Dense(2, 1) }
      refuses("\(path): is a pipe that nobody writes to") { try model.load(from: path) }
      refuses("\(path): is a pipe that nobody writes to") { _ = try NPYFile(path) }
      refuses("\(path): is a pipe that nobody writes to") { _ = try TensorFile(path) }
      refuses("\(path): is no regular file") { _ = try SafetensorsFile(path) }
      refuses("\(path): is no regular file") { _ = try NPZFile(path) }
      refuses("cannot be written: it is no regular file") { try model.save(to: path) }
      for place in ["/dev/zero", "/dev/null", folder, folder + "/none"] {
        refuses(place) { try model.load(from: place) }
        refuses(place) { _ = try TensorFile(place) }
      }
    }
  }

  // MARK: Names

  /// é in one scalar and in two are one text to Swift, and two names.
  @Test func namesAreBytes() throws {
    let (one, two) = ("\u{E9}.weight", "e\u{301}.weight")
    let tensors: [(name: String, value: Tensor)] = [(one, Tensor([1], .int64)), (two, Tensor([2], .int64))]
    func check(_ file: any NamedTensors) throws {
      #expect(file.names.map { Array($0.utf8) } == [Array(one.utf8), Array(two.utf8)])
      #expect(try file.tensor(one).item() == 1 && file.tensor(two).item() == 2)
    }
    try check(InMemoryTensors(tensors))
    try IDXFixture.withFolder { folder in
      try SafetensorsFile.write(tensors, to: folder + "/x.safetensors")
      try check(SafetensorsFile(folder + "/x.safetensors"))
      try NPZFile.write(tensors, to: folder + "/x.npz")
      try check(NPZFile(folder + "/x.npz"))
      for name in ["x.safetensors", "x.npz"] { #expect(try InspectionReport(TensorFile("\(folder)/\(name)")).tensors.count == 2) }
      #expect(try !FileComparison(TensorFile(folder + "/x.safetensors"), TensorFile(folder + "/x.npz")).differs)
      try NPZFile.write([tensors[0]], to: folder + "/one.npz")
      #expect(try FileComparison(TensorFile(folder + "/one.npz"), TensorFile(folder + "/x.npz")).lines.count == 1)
    }
    let keys = SafetensorsFixture.file("{\"__metadata__\":{\"\u{E9}\":\"1\",\"e\u{301}\":\"2\"}}")
    #expect(try SafetensorsFile(bytes: keys).metadata == ["\u{E9}": "1"])
    #expect(throws: DataError.self) { try SafetensorsFile(bytes: SafetensorsFixture.file("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}")) }
  }
}
