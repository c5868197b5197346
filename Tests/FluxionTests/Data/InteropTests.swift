import Fluxion
import Foundation
import Tensors
import Testing

@testable import FluxionCommand

/// What is written here is read by the formats' own Python libraries, and what they write is read here: Tests/Interop/interop.py.
@Suite struct InteropTests {
  struct Format: Sendable, CustomTestStringConvertible {
    let name: String
    let write: @Sendable ([(name: String, value: Tensor)], [String: String], String) throws -> Void
    let read: @Sendable (String) throws -> any NamedTensors
    /// Whether it holds texts beside the tensors.
    var hasMetadata = true
    /// Whether it holds one tensor, without a name: that of ours is the first sample's, that of theirs the file's.
    var holdsOne = false
    var testDescription: String { name }
  }

  /// One row a format; its functions in Python stand in `FORMATS`.
  static let formats = [
    Format(name: "safetensors", write: { try SafetensorsFile.write($0, metadata: $1, to: $2) }, read: { try SafetensorsFile($0) }),
    Format(name: "npz", write: { tensors, _, path in try NPZFile.write(tensors, to: path) }, read: { try NPZFile($0) }, hasMetadata: false),
    Format(
      name: "compressed.npz", write: { tensors, _, path in try NPZFile.write(tensors, compressed: true, to: path) },
      read: { try NPZFile($0) }, hasMetadata: false),
    Format(
      name: "npy", write: { tensors, _, path in try NPYFile.write(tensors[0].value, to: path) }, read: { try TensorFile($0).contents },
      hasMetadata: false, holdsOne: true),
    Format(
      name: "csv", write: { tensors, _, path in try CSVFile.write(tensors[0].value, to: path) }, read: { try TensorFile($0).contents },
      hasMetadata: false, holdsOne: true),
  ]

  private static let samples: [(name: String, value: Tensor)] = [
    ("float32", Tensor([[0, -0.0, .infinity], [-.infinity, Float.leastNonzeroMagnitude, .nan]] as [[Float]])),
    ("float64", Tensor([0.1, -.greatestFiniteMagnitude, .leastNonzeroMagnitude, .nan])),
    ("bool", Tensor([true, false, true])),
    ("int32", Tensor([.min, -1, .max] as [Int32])),
    ("int64", Tensor([.min, -1, .max] as [Int64])),
    ("scalar", Tensor(1.5 as Float)),
    ("empty", Tensor.zeros([0, 5], .int32)),
    ("eight", Tensor.arange(6).reshaped([1, 2, 1, 3, 1, 1, 1, 1])),
    ("transposed", Tensor.arange(24).cast(to: .float32).reshaped([2, 3, 4]).transposed(0, 2)),
    ("reversed", Tensor.arange(6).reversed()),
    ("name . é 😀 \" \\", Tensor.ones([2])),
    ("long", Tensor.arange(100_000).cast(to: .float64)),
  ]

  @Test(
    .enabled("Python with NumPy and safetensors is not there and could not be installed") { Python.interop.isReady }, arguments: formats)
  func pythonReadsOursAndWeReadPythons(_ format: Format) throws {
    try IDXFixture.withFolder { folder in
      let metadata = format.hasMetadata ? ["format": "pt", "quote \" \\ \n\u{1}": "é 😀 \u{2028}", "": ""] : [:]
      let samples = format.holdsOne ? Array(Self.samples.prefix(1)) : Self.samples
      try format.write(samples, metadata, "\(folder)/ours.\(format.name)")
      let ours = Description(samples, metadata)
      try JSONEncoder().encode(ours).write(to: URL(fileURLWithPath: folder + "/ours.json"))
      let (status, output) = try Python.interop.run("interop.py", [folder, format.name])
      #expect(status == 0, "\(output)")
      guard status == 0 else { return }

      let theirs = try JSONDecoder().decode(Description.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/theirs.json")))
      let file = try format.read("\(folder)/theirs.\(format.name)")
      let read = Description(try file.names.map { ($0, try file.tensor($0)) }, file.metadata)
      #expect(read.metadata == theirs.metadata)
      #expect(read.tensors.keys.sorted() == theirs.tensors.keys.sorted())
      for (name, tensor) in theirs.tensors { #expect(read.tensors[name] == tensor, "\(name)") }
      for name in file.names {
        let (outline, tensor) = (try #require(file.outline(name)), try file.tensor(name))
        #expect(outline.shape == tensor.shape && outline.dtype == tensor.dtype, "\(name)")
      }
    }
  }

  /// Tensors and texts as both sides write them down.
  private struct Description: Codable {
    struct Contents: Codable, Equatable {
      let dtype: String
      let shape: [Int]
      let bytes: String
    }
    let tensors: [String: Contents]
    let metadata: [String: String]

    init(_ tensors: [(name: String, value: Tensor)], _ metadata: [String: String]) {
      let contents = tensors.map { name, value in
        (name, Contents(dtype: "\(value.dtype)", shape: Array(value.shape), bytes: value.withBytes { Description.hexadecimal($0) } ?? ""))
      }
      self.tensors = Dictionary(uniqueKeysWithValues: contents)
      self.metadata = metadata
    }

    private static func hexadecimal(_ bytes: UnsafeRawBufferPointer) -> String {
      let digits = Array("0123456789abcdef".utf8)
      return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
  }
}
