import Fluxion
import Testing

private struct Block: Model {
  var norm = Dense(8, 8, activation: tanh)
  var wide: Tensor = .ones([8, 16])
  var narrow: Tensor = .ones([16, 8])

  func callAsFunction(_ x: Tensor) -> Tensor { x + norm(x) • wide • narrow }
}

private struct Net: Model {
  var encoder = Dense(4, 8, activation: relu)
  var blocks = [Block(), Block(), Block()]
  var dropout = Dropout(0.5)
  var head = Chain {
    Dense(8, 6); gelu; { x in x * 2.0 }
  }

  mutating func callAsFunction(_ x: Tensor) -> Tensor {
    var x = encoder(x)
    for i in blocks.indices { x = blocks[i](x) }
    return head(dropout(x))
  }
}

@Suite struct SummaryTests {
  @Test func everyPartHasItsFigures() throws {
    var net = Net()
    net.freeze(\.encoder)
    let before = net.parameters.map(\.value.copyOfElements)
    let summary = try net.summary(for: [2, 4])
    #expect(summary.parts.map(\.path).prefix(4) == ["", "encoder", "blocks.0", "blocks.0.norm"])
    #expect(summary.parameterCount == net.parameterCount)
    // 2 rows through 4·8, three times 8·8 + 8·16 + 16·8, and 8·6.
    #expect(summary.multiplyAdds == 2 * (32 + 3 * (64 + 128 + 128) + 48))
    #expect(summary.parts[1].frozen == 40)
    #expect(summary.parts[0].output == [2, 6])
    // A part without a place of its own: what its parameters gave last.
    #expect(summary.parts[2].output == [2, 8])
    #expect(net.parameters.map(\.value.copyOfElements) == before)
    #expect(
      "\(summary)" == """
        part                     output  parameters  multiply-adds  activations
        ───────────────────────────────────────────────────────────────────────
        Net                      [2, 6]       1,078          2.1 k      1.4 KiB
          encoder (Dense)        [2, 8]          40             64        128 B
          blocks.0–2 (Block) ×3  [2, 8]         328            640        320 B
            norm (Dense)         [2, 8]          72            128        128 B
          dropout (Dropout)      [2, 8]           0              0          0 B
          head (Chain)           [2, 6]          54             96        144 B
            layers.0 (Dense)     [2, 6]          54             96         48 B
            layers.1 (Function)  [2, 6]           0              0         48 B
            layers.2 (Function)  [2, 6]           0              0         48 B
        ───────────────────────────────────────────────────────────────────────
        1,078 parameters, 40 of them frozen · 2.1 k multiply-adds · 1.4 KiB of activations
        """)
  }

  @Test func runsOnShapesAlone() throws {
    // A terabyte of results.
    let summary = try Chain {
      Dense(1 << 10, 1 << 10); relu
    }.summary(for: [1 << 20, 1 << 10])
    #expect(summary.activationBytes == 3 << 32 - 1 << 32)
    #expect(summary.multiplyAdds == 1 << 40)
  }

  @Test func namesThePartThatDoesNotFit() {
    var net = Net()
    net.head = Chain { Dense(9, 1) }
    #expect { try net.summary(for: [2, 4]) } throws: {
      "\($0)" == "linear: [2, 8] for a weight of shape [1, 9]: the last axis must be 9, in head.layers.0 (Dense)"
    }
  }

  @Test func countsTheStepsOfAnUnrolledModel() throws {
    struct Step: Model {
      var inner = SimpleRecurrent(4, 8)
      mutating func callAsFunction(_ x: Tensor) -> Tensor { inner(x) * 2.0 }
    }
    let summary = try Step().unrolled(steps: 5).summary(for: [2, 5, 4])
    #expect(summary.parts[0].output == [2, 5, 8])
    #expect(summary.multiplyAdds == 5 * 2 * (4 * 8) + 5 * 8 * 8 + 4 * 8 * 8)
  }
}

@Suite struct DescriptionTests {
  @Test func modelsPrintAsTheyAreWritten() {
    #expect("\(Dense(4, 2, activation: relu, hasBias: false))" == "Dense(4, 2, activation: relu, hasBias: false)")
    #expect("\(Dense(3))" == "Dense(3)")
    #expect(
      "\(Chain { Dense(4, 8, activation: gelu); Residual { tanh; Dense(8, 8) }; { x in x * 2.0 + 1.0 } })" == """
        Chain {
          Dense(4, 8, activation: gelu)
          Residual {
            tanh
            Dense(8, 8)
          }
          { x in … }
        }
        """)
    #expect(
      "\(Net())" == """
        Net(
          encoder: Dense(4, 8, activation: relu),
          blocks: [
            Block(norm: Dense(8, 8, activation: tanh), wide: float32 [8, 16], narrow: float32 [16, 8]),
            Block(norm: Dense(8, 8, activation: tanh), wide: float32 [8, 16], narrow: float32 [16, 8]),
            Block(norm: Dense(8, 8, activation: tanh), wide: float32 [8, 16], narrow: float32 [16, 8])],
          dropout: Dropout(0.5),
          head: Chain {
            Dense(8, 6)
            gelu
            { x in … }
          })
        """)
  }

  @Test func parametersThatWentWrongAreMarked() {
    var chain = Chain {
      Dense(2, 2); Dense(2, 2); Dense(2, 2)
    }
    var count = 0
    chain.updateParameters { _, value in
      count += 1
      if count == 1 { value = value * Double.nan }
      if count == 4 { value = Tensor([1, -Float.infinity]) }
      if count > 4 { value = .zeros(value.shape) }
    }
    #expect(
      "\(chain)" == """
        Chain {
          Dense(2, 2)   // weight: 4 NaN
          Dense(2, 2)   // bias: 1 infinite
          Dense(2, 2)   // all zero
        }
        """)
  }
}
