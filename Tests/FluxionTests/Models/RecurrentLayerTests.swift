import Fluxion
import Foundation
import Testing

/// LSTM, GRU and the simple recurrence against PyTorch's (Tests/Golden/recurrent.py makes the file).
@Suite struct RecurrentGoldenTests {
  struct File: Decodable { let cases: [Case] }
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let kind: String
    let inputs: Int
    let outputs: Int
    let layers: Int
    let isBidirectional: Bool
    let lengths: [Int]?
    let parameters: [String: GoldenTensor]
    let input: GoldenTensor
    let states: [String: GoldenTensor]?
    let output: GoldenTensor
    let last: [String: GoldenTensor]
    let upstream: GoldenTensor
    let lastUpstream: [String: GoldenTensor]
    let inputGradient: GoldenTensor
    let parameterGradients: [String: GoldenTensor]
    let stateGradients: [String: GoldenTensor]?
    var testDescription: String { name }

    var initialState: InitialState { states == nil ? .fixed : .trained }

    /// PyTorch's model; its layers in both directions, and those of RNN, are parts of a chain.
    func model() -> Chain {
      let hasBias = kind.hasPrefix("rnn") || parameters["bias_ih_l0"] != nil
      func one<M: Model<Tensor, Tensor>>(_ make: () -> M) -> Layer {
        isBidirectional
          ? Layer(Bidirectional(make(), make(), initialState: initialState)) : Layer(make().unrolled(initialState: initialState))
      }
      let directions = isBidirectional ? 2 : 1
      if !isBidirectional && kind == "lstm" { return Chain([one { LSTM(inputs, outputs, layers: layers, hasBias: hasBias) }]) }
      if !isBidirectional && kind == "gru" { return Chain([one { GRU(inputs, outputs, layers: layers, hasBias: hasBias) }]) }
      return Chain(
        (0..<layers).map { layer in
          let inputs = layer == 0 ? inputs : directions * outputs
          switch kind {
          case "lstm": return one { LSTM(inputs, outputs, hasBias: hasBias) }
          case "gru": return one { GRU(inputs, outputs, hasBias: hasBias) }
          default: return one { SimpleRecurrent(inputs, outputs, activation: kind == "rnn_tanh" ? .tanh : .relu) }
          }
        })
    }

    /// What PyTorch has for one of our parameters, in its parameters and states or in their gradients.
    func value(_ name: String, _ values: [String: GoldenTensor], _ states: [String: GoldenTensor]?, isGradient: Bool) throws -> Tensor {
      // layers.1.backward.wx, layers.0.weight_ih_l0_reverse, layers.0.initial_hidden_l1
      var parts = name.split(separator: ".").map(String.init)
      let chainLayer = try #require(Int(parts[1]))
      var leaf = parts.removeLast()
      let isReverse = leaf.hasSuffix("_reverse") || parts.contains("backward")
      leaf = leaf.replacing("_reverse", with: "")
      var layer = chainLayer
      if let match = leaf.firstMatch(of: /_l(\d+)$/) {
        layer += Int(match.1)!
        leaf = String(leaf[..<match.range.lowerBound])
      }
      let suffix = "_l\(layer)" + (isReverse ? "_reverse" : "")
      func named(_ name: String) throws -> Tensor { try #require(values[name + suffix]).tensor() }
      switch leaf {
      case "wx": return try named("weight_ih").transposed()
      case "wh": return try named("weight_hh").transposed()
      case "b": return isGradient ? try named("bias_ih") : try named("bias_ih") + named("bias_hh")
      case "initial_hidden", "initial_cell":
        let all = try #require(states?[leaf.replacing("initial_", with: "")]).tensor()
        return all[isBidirectional ? 2 * layer + (isReverse ? 1 : 0) : layer]
      default: return try named(leaf)
      }
    }
  }

  private static let cases = (try? golden(File.self, "recurrent").cases) ?? []

  @Test func theFileIsThere() { #expect(Self.cases.count == 26) }

  @Test(arguments: cases, [DType.float32, .float64])
  func equalsPyTorch(_ row: Case, _ dtype: DType) throws {
    var model = row.model()
    model.castParameters(to: dtype)
    let names = model.parameters.map(\.name)
    let values = try names.map { try row.value($0, row.parameters, row.states, isGradient: false).cast(to: dtype) }
    var next = 0
    model.updateParameters { _, value in
      value = values[next]
      next += 1
    }
    let states = row.last.keys.sorted()
    func run(_ model: inout Chain, _ x: Tensor) -> (y: Tensor, last: [Tensor]) {
      let y = row.lengths.map { lengths in withLengths(lengths) { model(x) } } ?? model(x)
      return (y, states.map { LastStates.of(&model, $0) })
    }
    func loss(_ model: inout Chain, _ x: Tensor) -> Tensor {
      let (y, last) = run(&model, x)
      let sums = zip(states, last).map { name, value in (value * row.lastUpstream[name]!.tensor().cast(to: dtype)).sum() }
      return sums.reduce((y * row.upstream.tensor().cast(to: dtype)).sum()) { $0 + $1 }
    }
    let x = row.input.tensor().cast(to: dtype)
    let tolerance = dtype == .float32 ? 1e-5 : 1e-12
    let base = model
    var copy = base
    let (y, last) = run(&copy, x)
    #expect(distance(y, row.output.tensor()) < tolerance)
    for (name, value) in zip(states, last) { #expect(distance(value, row.last[name]!.tensor()) < tolerance, "last \(name)") }

    let slope = gradient(at: x) { x in
      var model = base
      return loss(&model, x)
    }
    #expect(distance(slope, row.inputGradient.tensor()) < tolerance)
    let slopes = gradient(at: &model) { model in loss(&model, x) }
    for (name, value) in slopes.parameters {
      let wanted = try row.value(name, row.parameterGradients, row.stateGradients, isGradient: true)
      #expect(distance(value, wanted) < tolerance, "\(name)")
    }
  }
}

/// The values that states of a name have, [layers and directions, batch, outputs].
private struct LastStates: ModelVisitor {
  let name: String
  var found: [Tensor] = []

  static func of(_ model: inout Chain, _ name: String) -> Tensor {
    var visitor = LastStates(name: name)
    model.visit(&visitor)
    return stack(visitor.found)
  }

  mutating func value<S: ModelState>(of state: inout S, _ name: PartName) {
    if name.description.hasPrefix(self.name) { found.append(state.value) }
  }
}

/// What holds for recurrent layers whatever their numbers are.
@Suite struct RecurrentLayerTests {
  private static let x = withSeed(8) { Tensor.normal([3, 6, 4]) }
  struct Kind: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let make: @Sendable () -> any Model<Tensor, Tensor>
    func model() -> any Model<Tensor, Tensor> { withSeed(7) { make() } }
  }
  static let kinds = [
    Kind(testDescription: "LSTM") { LSTM(4, 5, layers: 2) }, Kind(testDescription: "GRU") { GRU(4, 5, layers: 2) },
    Kind(testDescription: "SimpleRecurrent") { SimpleRecurrent(4, 5, activation: .tanh) },
    Kind(testDescription: "Composed") {
      ComposedRecurrent(
        Chain {
          Dense(9, 5); Dropout(0.1)
        }, outputs: 5)
    },
  ]

  @Test(arguments: kinds)
  func unrolledEqualsStepwise(_ kind: Kind) {
    func check<M: Model<Tensor, Tensor>>(_ model: M) {
      var (steps, sequence) = (model, model.unrolled())
      let y = sequence(Self.x)
      for t in 0..<6 { #expect(distance(steps(Self.x[.all, t]), y[.all, t]) < 1e-6) }
      // The states are the same, too: what comes next agrees.
      #expect(distance(steps(Self.x[.all, 0]), sequence.step(Self.x[.all, 0])) < 1e-6)
      // And what is learnt from it: step by step within one gradient, the gradient goes through all steps.
      let dropless = withMode(.inference) { gradients(of: model) }
      for (a, b) in zip(dropless.0, dropless.1) { #expect(distance(a, b) < 1e-5) }
    }
    func gradients<M: Model<Tensor, Tensor>>(of model: M) -> ([Tensor], [Tensor]) {
      var (steps, sequence) = (model, model.unrolled())
      let one = gradient(at: &steps) { model in
        (0..<6).map { model(Self.x[.all, $0]).squared.sum() }.reduce(Tensor.zeros([])) { $0 + $1 }
      }
      let all = gradient(at: &sequence) { model in model(Self.x).squared.sum() }
      return (one.parameters.map(\.value), all.parameters.map(\.value))
    }
    check(kind.model())
  }

  @Test(arguments: kinds)
  func reversedTwiceIsTheSame(_ kind: Kind) {
    func check<M: Model<Tensor, Tensor>>(_ model: M) {
      let (plain, backward) = (model.unrolled(), model.unrolled().reversedInTime())
      #expect(distance(backward.reversedInTime().predict(Self.x), plain.predict(Self.x)) == 0)
      #expect(distance(backward.predict(Self.x), plain.predict(Self.x.reversed(axes: 1)).reversed(axes: 1)) == 0)
    }
    check(kind.model())
  }

  /// A padded batch's loss and gradients are the sums of those of its sequences one by one; in one direction or both.
  @Test(arguments: kinds, [false, true])
  func paddedEqualsUnpadded(_ kind: Kind, isBidirectional: Bool) {
    let lengths = [4, 6, 1]
    func check<M: Model<Tensor, Tensor>>(_ model: M) {
      var padded = model
      let (together, slopes) = withMode(.inference) {
        valueAndGradient(at: &padded) { model in withLengths(lengths) { model(Self.x) }.squared.sum() }
      }
      var single = model
      let (apart, wanted) = withMode(.inference) {
        valueAndGradient(at: &single) { model in
          lengths.enumerated().map { i, length in model(Self.x[i..<i + 1, 0..<length]).squared.sum() }.reduce(Tensor.zeros([])) { $0 + $1 }
        }
      }
      #expect(distance(together, apart) < 1e-5)
      for (a, b) in zip(slopes.parameters, wanted.parameters) { #expect(distance(a.value, b.value) < 1e-5, "\(a.name)") }
    }
    func make<M: Model<Tensor, Tensor>>(_ model: M) {
      if isBidirectional { check(Bidirectional(model, model)) } else { check(model.unrolled()) }
    }
    make(kind.model())
  }

  /// As many sequences and numbers as are cut for threads and packed.
  @Test func sameBitsWhateverTheThreads() {
    func train(threads: Int) -> [[Float]] {
      let before = Threads.count
      Threads.count = threads
      defer { Threads.count = before }
      return withSeed(21) {
        var model = Chain {
          LSTM(7, 33, layers: 2).unrolled(); GRU(33, 21).unrolled(); SimpleRecurrent(21, 40).unrolled()
        }
        let x = Tensor.normal([26, 9, 7])
        var optimizer = Adam(learningRate: 1e-2)
        for _ in 0..<3 {
          let step = gradient(at: &model) { model in model(x).squared.mean() }
          optimizer.update(&model, along: step)
        }
        return model.parameters.map { $0.value.scalars(Float.self) }
      }
    }
    let one = train(threads: 1)
    #expect(one == train(threads: 2))
    #expect(!one.joined().contains { !$0.isFinite })
  }

  @Test func parametersAreNamedAndBeginAsPyTorchs() {
    let model = withSeed(3) { LSTM(30, 25, layers: 2) }
    let kinds = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
    #expect(model.parameters.map(\.name) == kinds.map { $0 + "_l0" } + kinds.map { $0 + "_l1" })
    #expect(
      model.parameters.map(\.value.shape) == [[100, 30], [100, 25], [100], [100], [100, 25], [100, 25], [100], [100]])
    for (name, value) in model.parameters {
      let largest = abs(value).max().item()
      #expect(largest <= 0.2 && largest > 0.18, "\(name)")
      #expect(abs(value.mean().item()) < 0.05, "\(name)")
    }
    let both = Bidirectional { GRU(3, 4, hasBias: false) }
    #expect(both.parameters.map(\.name) == ["weight_ih_l0", "weight_hh_l0", "weight_ih_l0_reverse", "weight_hh_l0_reverse"])
    #expect(distance(both.parameters[0].value, both.parameters[2].value) > 0.01)
    let parts = Bidirectional(SimpleRecurrent(3, 4), SimpleRecurrent(3, 4), initialState: .trained)
    #expect(parts.parameters.map(\.name).suffix(4) == ["backward.wx", "backward.wh", "backward.b", "backward.initial_hidden"])
    #expect(LSTM(3, 4).unrolled(initialState: .trained).parameters.map(\.name).suffix(2) == ["initial_hidden_l0", "initial_cell_l0"])
  }

  @Test func directionsAreMerged() {
    let (a, b) = withSeed(5) { (LSTM(4, 5), GRU(4, 5)) }
    let there = a.unrolled().predict(Self.x)
    let back = b.unrolled().reversedInTime().predict(Self.x)
    #expect(distance(Bidirectional(a, b).predict(Self.x), concatenate([there, back], axis: -1)) == 0)
    #expect(distance(Bidirectional(a, b, join: .sum).predict(Self.x), there + back) == 0)
    let product = Bidirectional(a, b, join: .product)
    #expect(distance(product.predict(Self.x), there * back) == 0)
    // Each direction's last step: the backward one's is the first.
    let last = Bidirectional(a, b, outputs: .last).predict(Self.x)
    #expect(distance(last, concatenate([there[.all, -1], back[.all, 0]], axis: -1)) == 0)
    var ended = Bidirectional(a, b, outputs: .last)
    let y = ended(Self.x, lengths: [2, 6, 3])
    #expect(distance(y[0, 0..<5], there[0, 1]) < 1e-6)
  }

  @Test func openSizesFollowFromChains() throws {
    let model = try Chain(input: [6, 4]) {
      Bidirectional(LSTM(5), LSTM(5)); GRU(3, layers: 2).unrolled(outputs: .last); Dense(2)
    }
    #expect(model.predict(Self.x).shape == [3, 2])
    #expect(model[parameter: "layers.0.weight_ih_l0_reverse"]?.shape == [20, 4])
    #expect(model[parameter: "layers.1.weight_ih_l0"]?.shape == [9, 10])
    #expect(try model.outputShape(for: [7, 3, 4]) == [7, 2])
  }

  /// States pass on, and from a call in a gradient they come as constants.
  @Test func statesPassFromCallToCall() {
    var (whole, parts) = (withSeed(4) { LSTM(4, 5, layers: 2) }.unrolled(), withSeed(4) { LSTM(4, 5, layers: 2) }.unrolled(stateful: true))
    let y = whole(Self.x)
    #expect(distance(concatenate([parts(Self.x[.all, 0..<2]), parts(Self.x[.all, 2..<6])], axis: 1), y) < 1e-6)
    let before = parts
    let slope = gradient(at: &parts) { model in model(Self.x).squared.sum() }
    var again = before
    #expect(
      zip(slope.parameters, gradient(at: &again) { model in model(Self.x).squared.sum() }.parameters).allSatisfy {
        distance($0.value, $1.value) == 0
      })
    #expect(parts.step.layers[0].hidden.shape == [3, 5])
    parts.reset()
    #expect(parts.step.layers[0].cell.shape == [1, 5])
  }
}

/// Mistakes with recurrent layers, each with its sentence.
@Suite struct RecurrentMistakeTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let sentence: String
    let call: @Sendable () throws -> Void
    var testDescription: String { sentence }
  }

  @Test(arguments: [
    Row(sentence: "LSTM: [32, 50, 64] has a time axis, and a step takes [batch, 64]; .unrolled() runs the model over sequences") {
      var model = LSTM(64, 8)
      _ = model(.zeros([32, 50, 64]))
    },
    Row(sentence: "GRU: [64] as the input of a step; [batch, 64] would fit") {
      var model = GRU(64, 8)
      _ = model(.zeros([64]))
    },
    Row(sentence: "linear: [2, 1, 5] for a weight of shape [32, 4]: the last axis must be 4") {
      var model = LSTM(4, 8)
      _ = model(.zeros([2, 5]))
    },
    Row(sentence: "lstm: a state of shape [3, 8] for gates of shape [2, 1, 32]; [2, 8] or [1, 8] would fit") {
      var model = LSTM(4, 8)
      _ = model(.zeros([3, 4]))
      _ = model(.zeros([2, 4]))
    },
    Row(sentence: "LSTM: 0 layers; 1 or more would fit") { _ = LSTM(4, 8, layers: 0) },
    Row(
      sentence: "GRU: a dropout of 0.5 between the layers of one; layers: 2 or more, or a Dropout behind it, would fit"
    ) { _ = GRU(4, 8, dropout: 0.5) },
    Row(sentence: "LSTM: a size that follows from the input is open; give it, or make the chain Chain(input:)") {
      var model = LSTM(8)
      _ = model(.zeros([3, 4]))
    },
    Row(sentence: "LSTM: [2, 4] as a sequence; [batch, time, 4] would fit") {
      var model = LSTM(4, 8)
      _ = model.overTime(.zeros([2, 4]), lengths: nil)
    },
    Row(sentence: "unrolled: a length of 6 for sequence 1 of [2, 5, 4]; 0 to 5 would fit") {
      var model = Bidirectional(LSTM(4, 8), LSTM(4, 8))
      _ = model(.zeros([2, 5, 4]), lengths: [1, 6])
    },
  ])
  func namesTheMistake(_ row: Row) {
    #expect {
      try checked { try row.call() }
    } throws: {
      "\($0)" == row.sentence
    }
  }
}
