import Fluxion
import Foundation
import Testing

// The code of Guides/Models.md, to the letter.

struct TwoPaths: Model {
  var left = Dense(32, activation: tanh), right = Dense(32)
  var cell = GRU(16)
  var out = Dense(4)

  mutating func callAsFunction(_ x: Tensor) -> Tensor {
    let (a, b) = (left(x), right(x))
    return out(concatenate([a, cell(a * b)], axis: -1))
  }
}

struct Scale: Placed, InputAdapting {
  var factor: Tensor
  var place = Place()
  private(set) var isWaiting = false

  init(_ size: Int) { factor = .ones([size]) }

  init() {
    self.init(0)
    isWaiting = true
  }

  mutating func adapt(to shape: Shape) {
    factor = .ones([shape[-1]])
    isWaiting = false
  }

  func callAsFunction(_ x: Tensor) -> Tensor { placed(on: x) { layer in x * layer.factor } }
}

@Suite struct ModelsGuideTests {
  @Test func severalInputs() {
    struct TextClassifier: Model {
      var words = EmbeddingBag(1000, 16, padding: 0), head = Dense(16, 2)
      func callAsFunction(_ texts: (ids: Tensor, offsets: Tensor)) -> Tensor { head(words(texts.ids, offsets: texts.offsets)) }
    }
    let classifier = TextClassifier()
    let scores = classifier((ids: Tensor([5, 9, 7, 2, 4], .int64), offsets: Tensor([0, 2], .int64)))  // [2, 2]: texts of 2 and 3 words
    #expect(scores.shape == [2, 2])
    #expect(classifier.words([[5, 9, 0]]).isClose(to: classifier.words([[5, 9]])))
  }

  @Test func structsAndShapes() throws {
    var paths = TwoPaths()
    try paths.adapt(toInput: [1, 8])
    let whole = try Chain(input: [8]) {
      TwoPaths(); relu; Dense(2)
    }
    #expect(paths(.zeros([3, 8])).shape == [3, 4])
    #expect(whole.predict(.zeros([3, 8])).shape == [3, 2])

    let transformer = Chain {
      Embedding(65, 32); LearnedPositions(64, 32)
      Repeat(2) { TransformerEncoderBlock(32, heads: 4, isCausal: true) }
      Dense(32, 65)
    }
    var generator = transformer.incremental()
    let prompt = generator(Tensor([[1, 2, 3]]))  // [1, 3, 65]
    let token = generator(Tensor([[4]]))  // [1, 1, 65]: what the model gives for [1, 2, 3, 4], its last row
    generator.reset()
    #expect(prompt.shape == [1, 3, 65])
    #expect(distance(token[0, 0], transformer.predict(Tensor([[1, 2, 3, 4]]))[0, 3]) < 1e-5)
    #expect(distance(generator(Tensor([[1, 2, 3]])), prompt) == 0)

    let shape = try whole.outputShape(for: [32, 8])  // [32, 2]
    print(try transformer.summary(for: [1, 64], .int64))
    #expect(shape == [32, 2])
    try expectInGuide("\(transformer.summary(for: [1, 64], .int64))")
  }

  @Test func combinators() throws {
    let block = Chain {
      Residual {
        LayerNorm(); Dense(64, activation: gelu); Dropout(0.1)
      }
      Parallel(join: .concatenation()) {
        Dense(32); Maxout(2) { Dense(32) }
      }
      SkipConnection(join: Join { answers in answers[0] * sigmoid(answers[1]) }) { Dense(64) }
      Repeat(3) { Residual { Dense(64, activation: tanh) } };
      { x in x.reshaped([-1, 8, 8]) }
    }
    var whole = block
    try whole.adapt(toInput: [1, 64])
    #expect(whole(.zeros([2, 64])).shape == [2, 8, 8])
  }

  @Test func recurrence() {
    let cell = Chain {
      LSTM(8, 16, layers: 2); Dropout(0.1); Dense(16, 4)
    }

    var everyStep = cell.unrolled()  // [batch, time, 8] to [batch, time, 4], from fresh states
    var fixedLength = cell.unrolled(steps: 50)  // sequences of 50 steps, no others
    var lastStep = cell.unrolled(outputs: .last)  // [batch, 4]
    var stream = cell.unrolled(stateful: true)  // states pass from call to call, gradients do not; reset() starts anew
    var decoder = cell.unrolled(steps: 10, input: .same)  // [batch, 8] at each of ten steps
    var learned = cell.unrolled(initialState: .trained)  // initial states are parameters
    var backwards = cell.unrolled().reversedInTime()  // y[:, t] knows x[:, t] and what comes after it
    var both = Bidirectional { GRU(8, 16) }  // two models, joined

    let padded = Tensor.normal([3, 12, 8])
    let answers = everyStep(padded, lengths: [12, 7, 9])  // what is behind a sequence's end has no influence
    let inside = withLengths([12, 7, 9]) { both(padded) }  // the same where sequences are somewhere inside of a model

    var sampler = stream.step  // one step at a time, from the states it has
    let next = sampler(padded[.all, 0])  // [batch, 8] to [batch, 4]

    #expect(answers.shape == [3, 12, 4] && inside.shape == [3, 12, 32] && next.shape == [3, 4])
    #expect(fixedLength(.zeros([2, 50, 8])).shape == [2, 50, 4] && lastStep(padded).shape == [3, 4])
    #expect(stream(padded).shape == [3, 12, 4] && decoder(padded[.all, 0]).shape == [3, 10, 4])
    #expect(learned(padded).shape == backwards(padded).shape)
  }

  @Test func parameters() throws {
    var network = Chain {
      Dense(8, 16, activation: relu); Dense(16, 4)
    }
    print(network.parameters.map(\.name))  // ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]
    network.freeze(\.layers[0])  // or freeze("layers.0"): no gradient, no update, not a bit changes
    network.thaw()

    let (before, after) = (network, network * 0.5)  // arithmetic over models
    var average = before
    average.move(toward: after, by: 0.01)  // a step of a moving average

    var optimizer = ParameterGroups(AdamW(learningRate: 1e-3)) {
      ParameterGroup("layers.0", AdamW(learningRate: 1e-5))
      ParameterGroup(where: { $0.hasSuffix("bias") }, AdamW(learningRate: 1e-3, weightDecay: 0))
    }
    let gradient = gradient(at: &network) { network in network(.ones([2, 8])).sum() }
    optimizer.update(&network, along: gradient)

    network.updateParameters { name, value in if name == "layers.1.bias" { value = value / 0.0 } }
    print(network)
    var broken = Chain {
      Dense(8, 16, activation: relu); Dense(16, 4)
    }
    broken.updateParameters { name, value in if name == "layers.1.bias" { value = value / 0.0 } }
    try expectInGuide("\(broken)")
    #expect(
      try Chain(input: [3]) {
        Scale(); Dense(2)
      }.outputShape(for: [5, 3]) == [5, 2])
  }

  /// What is printed stands in the guide as it is.
  private func expectInGuide(_ text: String) throws {
    var root = URL(filePath: #filePath)
    for _ in 0..<4 { root.deleteLastPathComponent() }
    let guide = try String(contentsOf: root.appending(path: "Guides/Models.md"), encoding: .utf8)
    #expect(guide.contains("```\n\(text)\n```"), "Guides/Models.md should show\n\(text)")
  }
}
