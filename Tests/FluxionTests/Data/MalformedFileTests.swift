import Fluxion
import Foundation
import Testing

/// Valid files of every format, damaged at random: each reader throws a sentence or gives a tensor, and neither traps nor waits.
@Suite struct MalformedFileTests {
  private static let count = ProcessInfo.processInfo.environment["FLUXION_MALFORMED"].flatMap { Int($0) } ?? 1000

  private static func files(_ folder: String) throws -> [(name: String, bytes: [UInt8])] {
    let tensors: [(name: String, value: Tensor)] = [("a", Tensor([[1, 2], [3, .nan]] as [[Float]])), ("b", Tensor([true, false]))]
    try SafetensorsFile.write(tensors, metadata: ["format": "pt"], to: folder + "/x.safetensors")
    try SafetensorsFile.write(tensors, metadata: ["format": "pt"], checksums: true, to: folder + "/y.safetensors")
    try NPZFile.write(tensors, to: folder + "/x.npz")
    try NPZFile.write(tensors, compressed: true, to: folder + "/y.npz")
    try NPYFile.write(tensors[0].value, to: folder + "/x.npy")
    try CSVFile.write(tensors[0].value, header: ["x", "y"], to: folder + "/x.csv")
    try (tensors[0].value.replacingNonFinite() / 4.0).writeImage(to: folder + "/x.png")
    try Tensor.ones([3, 9, 10]).writeImage(to: folder + "/x.jpg")
    let encoder = TableEncoder(fitting: Table(rows: [["a": 1, "b": "x"]]), numbers: ["a"], categories: ["b"])
    try encoder.save(to: folder + "/x.json")
    let names = ["x.safetensors", "y.safetensors", "x.npz", "y.npz", "x.npy", "x.csv", "x.png", "x.jpg", "x.json"]
    var files = try names.map { (name: $0, bytes: Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)")))) }
    files += IDXFixture.samples.enumerated().map { ("\($0.offset).idx", $0.element.bytes) }
    files +=
      [("x.table", Array("a,b,c\n1,2.5,x\n,NA,\"y z\"\n3,4,\n".utf8))]
      + GoldenImageFile.all.map { ("x.\($0.name.hasSuffix("png") ? "png" : "jpg")", $0.bytes) }
    files += files.filter { $0.name.hasSuffix("npy") || $0.name.hasSuffix("csv") || $0.name == "0.idx" }.map {
      ($0.name + ".gz", IDXFixture.gzip($0.bytes))
    }
    return files
  }

  /// One of what happens to files: bits that flip, bytes that are others, parts that are missing, doubled or moved.
  private static func damaged(_ bytes: [UInt8], _ random: inout RandomStream) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
      let place = Int.random(in: bytes.indices, using: &random)
      let length = Int.random(in: 1...8, using: &random)
      let part = place..<min(bytes.count, place + length)
      switch Int.random(in: 0..<7, using: &random) {
      case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 2: for i in part { bytes[i] = 0xFF }
      case 3: bytes.removeSubrange(part)
      case 4: bytes.insert(contentsOf: bytes[part], at: Int.random(in: 0...bytes.count, using: &random))
      case 5: bytes.removeLast(bytes.count - place)
      default: bytes.append(contentsOf: (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) })
      }
    }
    return bytes
  }

  private static func read(_ name: String, _ bytes: [UInt8]) throws {
    func all(_ file: any NamedTensors) throws {
      for name in file.names { _ = try file.tensor(name).copyOfElements }
    }
    switch name.split(separator: ".")[1] {
    case "safetensors": try all(SafetensorsFile(bytes: bytes))
    case "npz": try all(NPZFile(bytes: bytes))
    case "npy": _ = try NPYFile(bytes: bytes).tensor.copyOfElements
    case "png", "jpg": _ = try Tensor(imageBytes: bytes, maximumBytes: 1 << 24).copyOfElements
    case "json": _ = try TableEncoder(bytes: bytes)
    case "table": _ = try Table(bytes: bytes)
    case "csv": _ = try CSVFile(bytes: bytes).tensor.copyOfElements
    default: _ = try IDXFile(bytes: bytes).tensor.copyOfElements
    }
  }

  @Test func readersThrowOrRead() throws {
    let files = try IDXFixture.withFolder { try Self.files($0) }
    var random = RandomStream(seed: 11)
    var outcomes: [String: (thrown: Int, read: Int)] = [:]
    for i in 0..<Self.count {
      let (name, bytes) = files[i % files.count]
      let kind = String(name.drop { $0 != "." }.dropFirst())
      do {
        try Self.read(name, Self.damaged(bytes, &random))
        outcomes[kind, default: (0, 0)].read += 1
      } catch let error as DataError {
        #expect(!error.message.isEmpty && error.description.utf8.count < 2000)
        outcomes[kind, default: (0, 0)].thrown += 1
      }
    }
    #expect(outcomes.values.reduce(0) { $0 + $1.thrown + $1.read } == Self.count)
    // The damage is one that readers see.
    #expect(outcomes.values.allSatisfy { $0.thrown > 0 })
    if Self.count > 1000 {
      for (kind, outcome) in outcomes.sorted(by: { $0.key < $1.key }) {
        print("\(kind): \(outcome.thrown) threw, \(outcome.read) were read")
      }
    }
  }
}
