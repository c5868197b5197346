import Fluxion
import Foundation
import Testing

/// PyTorch's weights load as they are: `Tests/Golden/state_dicts.py` writes them, and what PyTorch makes of an input.
@Suite struct StateDictTests {
  /// PyTorch's `nn.Sequential`, part by part.
  private static func lenet(_ side: Int, _ c1: Int, _ c2: Int, _ h1: Int, _ h2: Int) -> Chain {
    let flat = c2 * ((side / 2 - 4) / 2) * ((side / 2 - 4) / 2)
    return Chain {
      Conv2D(1, c1, kernel: 5, padding: 2)
      relu
      MaxPool2D(2)
      Conv2D(c1, c2, kernel: 5)
      relu
      MaxPool2D(2)
      Flatten()
      Dense(flat, h1)
      relu
      Dense(h1, h2)
      relu
      Dense(h2, 10)
    }
  }

  /// With PyTorch's names.
  private struct Recurrence: Model {
    var lstm: Unrolled<LSTM>
    var out: Dense
    init(_ inputs: Int, _ hidden: Int) {
      lstm = LSTM(inputs, hidden, layers: 2).unrolled()
      out = Dense(hidden, inputs)
    }
    mutating func callAsFunction(_ x: Tensor) -> Tensor { out(lstm(x)) }
  }

  private struct Block: Model {
    var n1, n2: LayerNorm
    var qkv, o, up, down: Dense
    let heads: Int
    init(_ d: Int, _ heads: Int) {
      (n1, n2) = (LayerNorm(d), LayerNorm(d))
      (qkv, o, up, down) = (Dense(d, 3 * d), Dense(d, d), Dense(d, 4 * d), Dense(4 * d, d))
      self.heads = heads
    }
    func callAsFunction(_ x: Tensor) -> Tensor {
      let (batch, time, d) = (x.shape[0], x.shape[1], x.shape[2])
      let parts = qkv(n1(x)).split(sizes: [d, d, d], axis: -1).map {
        $0.reshaped([batch, time, heads, d / heads]).transposed(1, 2)
      }
      let seen = attention(parts[0], parts[1], parts[2], isCausal: true)
      let y = x + o(seen.transposed(1, 2).reshaped([batch, time, d]))
      return y + down(gelu(up(n2(y))))
    }
  }

  private struct GPT: Model {
    var e, p: Embedding
    var b: Chain
    var n: LayerNorm
    var u: Dense
    init(_ vocabulary: Int, _ d: Int, _ heads: Int, _ blocks: Int, _ time: Int) {
      (e, p) = (Embedding(vocabulary, d), Embedding(time, d))
      b = Chain { for _ in 0..<blocks { Block(d, heads) } }
      (n, u) = (LayerNorm(d), Dense(d, vocabulary))
    }
    mutating func callAsFunction(_ x: Tensor) -> Tensor { u(n(b(e(x) + p(.arange(x.shape[1]))))) }
  }

  /// `FLUXION_STATE_DICTS` names a directory that was written with `--full`.
  private static let full = ProcessInfo.processInfo.environment["FLUXION_STATE_DICTS"]

  private static func check<M: Model<Tensor, Tensor>>(_ name: String, _ model: M, in folder: String) throws {
    let answers = try SafetensorsFile(folder + "/state-dicts.safetensors")
    var model = model
    let report = try model.load(from: "\(folder)/\(name).safetensors")
    #expect(report.loaded.count == model.namedTensors().count && report.unexpected.isEmpty)
    let difference = distance(model.predict(try answers.tensor("\(name).input")), try answers.tensor("\(name).output"))
    #expect(difference < 1e-5, "\(name)")
    if full != nil { print("\(name): \(model.parameterCount) parameters, largest difference \(difference)") }
  }

  @Test func outputsAreThoseOfPyTorch() throws {
    let folder = try #require(Bundle.module.resourcePath) + "/Golden"
    try Self.check("lenet", Self.lenet(20, 3, 4, 24, 16), in: folder)
    try Self.check("lstm", Recurrence(8, 24), in: folder)
    try Self.check("gpt", GPT(17, 24, 3, 2, 16), in: folder)
    let normalised = Chain {
      Chain {
        Conv2D(1, 3, kernel: 3, hasBias: false)
        BatchNorm(3)
        relu
      }
      Flatten()
      Dense(108, 4)
    }
    try Self.check("batchnorm", normalised, in: folder)
    #expect(try SafetensorsFile(folder + "/batchnorm.safetensors").tensor("0.1.num_batches_tracked").item() == 3)
  }

  @Test(.enabled(if: full != nil, "FLUXION_STATE_DICTS is not set")) func outputsAreThoseOfPyTorchInFullSize() throws {
    let folder = try #require(Self.full)
    try Self.check("lenet", Self.lenet(28, 6, 16, 120, 84), in: folder)
    try Self.check("lstm", Recurrence(64, 256), in: folder)
    try Self.check("gpt", GPT(65, 128, 4, 4, 64), in: folder)
  }

  /// A chain that has the same parts under names of its own.
  @Test func namesOfOnesOwnAreRenamed() throws {
    let folder = try #require(Bundle.module.resourcePath) + "/Golden"
    var chain = Chain {
      LSTM(8, 24, layers: 2).unrolled(); Dense(24, 8)
    }
    try chain.load(from: folder + "/lstm.safetensors", renaming: ["lstm": "layers.0", "out": "layers.1"])
    let answers = try SafetensorsFile(folder + "/state-dicts.safetensors")
    #expect(distance(chain.predict(try answers.tensor("lstm.input")), try answers.tensor("lstm.output")) < 1e-5)
  }
}
