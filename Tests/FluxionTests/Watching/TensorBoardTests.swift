import Fluxion
import Foundation
import Testing

@testable import Training

@Suite struct TensorBoardTests {
  // MARK: Bytes

  /// RFC 3720, appendix B.4, and the check value of the catalogue of CRCs.
  @Test func checksums() {
    #expect(RecordFile.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(RecordFile.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(RecordFile.checksum(Array(0..<32)) == 0x46DD_794E)
    #expect(RecordFile.checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(RecordFile.checksum([]) == 0)
  }

  /// What TensorBoard's own `RecordWriter` and messages give.
  @Test func eventsAreWrittenAsTensorBoardWritesThem() {
    func text(_ bytes: [UInt8]) -> String { bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
    let scalar = TensorBoardEvent(time: 1.5, step: 300, content: .scalar("loss", 0.25))
    #expect(
      text(RecordFile.framed(scalar.bytes)) == "1b000000000000001a0d9e1309000000000000f83f10ac022a0d0a0b0a046c6f7373150000803e9908deed")
    let version = TensorBoardEvent(time: 1.5, step: 0, content: .version)
    #expect(text(RecordFile.framed(version.bytes)) == "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c")
    let figures = TensorBoardEvent.HistogramFigures(least: -1, largest: 1, sum: 0.5, sumOfSquares: 2.25, limits: [0, 1], counts: [1, 2])
    #expect(
      text(TensorBoardEvent(time: 1.5, step: 1, content: .histogram("w", figures)).bytes)
        == "09000000000000f83f10012a580a560a01772a5109000000000000f0bf11000000000000f03f19000000000000084021000000000000e03f"
        + "29000000000000024032100000000000000000000000000000f03f3a10000000000000f03f0000000000000040")
  }

  // MARK: TensorBoard

  struct Found: Decodable {
    struct Picture: Decodable {
      let step: Int
      let size: [Int]
      let mode: String
      let pixels: [Int]
    }
    let scalars: [String: [[Double]]]
    let histograms: [String: [[Double]]]
    let images: [String: [Picture]]
    let texts: [String: [String]]
    let graph: [[Value]]

    /// A text, texts or numbers.
    enum Value: Decodable, Equatable {
      case text(String)
      case texts([String])
      case sizes([Int])

      var text: String {
        switch self {
        case .text(let text): text
        case .texts(let texts): texts.joined(separator: " ")
        case .sizes(let sizes): "\(sizes)"
        }
      }

      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
          self = .text(text)
        } else if let texts = try? container.decode([String].self), !texts.isEmpty {
          self = .texts(texts)
        } else {
          self = .sizes(try container.decode([Int].self))
        }
      }
    }
  }

  static func read(_ folder: String) throws -> Found {
    let (status, output) = try Python.tensorBoard.run("tensorboard_events.py", [folder])
    #expect(status == 0, "\(output)")
    // Warnings of its libraries stand before it.
    let line = output.split(separator: "\n").last { $0.hasPrefix("{") } ?? ""
    return try JSONDecoder().decode(Found.self, from: Data(line.utf8))
  }

  @Test(.enabled("Python with TensorBoard is not there and could not be installed") { Python.tensorBoard.isReady })
  func tensorBoardReadsWhatIsWritten() throws {
    try IDXFixture.withFolder { folder in
      let net = Chain {
        Dense(4, 8, activation: relu); Dense(8, 2)
      }
      let first = try TensorBoardWriter(folder + "/run")
      for step in 1...5 { try first.scalar("group/loss", 1 / Double(step), step: step) }
      try first.scalar("wild", .infinity, step: 1_000_000_000_000)
      try first.scalar("negative", -1, step: -3)
      try first.histogram("weights", Tensor([-1.0, 0, 0.5, 1, .nan, .infinity]), step: 2)
      try first.histogram("constant", Tensor.ones([3, 3]), step: 2)
      try first.histogram("empty", Tensor.zeros([0]), step: 2)
      try first.image("gray", Tensor([[0.0, 1], [0.5, 2], [-1, .nan]]), step: 3)
      try first.image("colour", Tensor([1.0, 0, 0, 0, 0, 1], shape: [3, 1, 2], .float64), step: 3)
      try first.text("note", "# A *title*", step: 0)
      try first.graph(net.summary(for: [1, 4]))
      let nested = Chain {
        Dense(4, 8)
        Residual {
          Dense(8, 16, activation: relu); Dense(16, 8)
        }
        Parallel(join: .sum) {
          Dense(8, 3)
          Chain {
            relu; Dense(8, 3)
          }
        }
      }
      let other = try TensorBoardWriter(folder + "/nested")
      try other.graph(nested.summary(for: [1, 4]))
      // A second process, from a checkpoint at step 3.
      let second = try TensorBoardWriter(folder + "/run", resumingAt: 4)
      #expect(first.file != second.file)
      for step in 4...6 { try second.scalar("group/loss", 100 + Double(step), step: step) }

      let found = try Self.read(folder + "/run")
      #expect(found.scalars["group/loss"]?.map(\.[0]) == [1, 2, 3, 4, 5, 6])
      #expect(found.scalars["group/loss"]?.map { Float($0[1]) } == [1, 0.5, 1 / 3, 104, 105, 106])
      #expect(found.histograms["weights"] == [[2, -1, 1, 4, 4, 64]])
      #expect(found.histograms["constant"] == [[2, 1, 1, 9, 9, 1]])
      #expect(found.histograms["empty"] == nil)
      let gray = try #require(found.images["gray"]?.first)
      #expect(gray.step == 3 && gray.size == [2, 3] && gray.mode == "L" && gray.pixels == [0, 255, 128, 255, 0, 0])
      let colour = try #require(found.images["colour"]?.first)
      #expect(colour.size == [2, 1] && colour.mode == "RGB" && colour.pixels == [255, 0, 0, 0, 0, 255])
      #expect(found.texts["note"] == ["# A *title*"])
      func rows(_ graph: [[Found.Value]]) -> [String] { graph.map { $0.map(\.text).joined(separator: " ") } }
      #expect(
        rows(found.graph) == [
          "input Input [] []", "model/layers/0 Dense input [1, 8]", "model/layers/1 Dense model/layers/0 [1, 2]",
          "model Chain model/layers/1 [1, 2]",
        ])
      let graph = rows(try Self.read(folder + "/nested").graph)
      #expect(graph.contains("model/layers/1/layers/0 Dense model/layers/0 [1, 16]"), "\(graph)")
      #expect(graph.contains("model/layers/1 Chain model/layers/1/layers/1 [1, 8]"), "\(graph)")
      #expect(graph.contains("model/layers/2/layers/0 Dense model/layers/1 [1, 3]"), "\(graph)")
      #expect(graph.contains("model/layers/2/layers/1/layers/1 Dense model/layers/2/layers/1/layers/0 [1, 3]"), "\(graph)")
      #expect(graph.contains("model/layers/2 Parallel model/layers/2/layers/0 model/layers/2/layers/1 [1, 3]"), "\(graph)")
      #expect(graph.last == "model Chain model/layers/2 [1, 3]")
    }
  }

  @Test func mistakes() throws {
    try IDXFixture.withFolder { folder in
      try IDXFixture.write([1], folder + "/file")
      #expect(throws: DataError(file: folder + "/file", message: "cannot be made a directory")) { try TensorBoardWriter(folder + "/file") }
      let board = try TensorBoardWriter(folder)
      for image in [Tensor.zeros([2]), .zeros([5, 2, 2]), .zeros([2, 2], .int64), .zeros([1, 0, 2])] {
        #expect(throws: TensorError.self) { try checked { try board.image("x", image, step: 0) } }
      }
      let sentence =
        "TensorBoardWriter.image: int64 [2, 2]; floating point [height, width] or [channels, height, width] of 1 to 4 channels would fit"
      #expect { try checked { try board.image("x", .zeros([2, 2], .int64), step: 0) } } throws: { "\($0)" == sentence }
    }
  }
}
