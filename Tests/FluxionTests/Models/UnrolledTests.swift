import Fluxion
import Testing

/// One model of a step, used in other ways by calls on it.
@Suite struct UnrolledTests {
  private static func step() -> Chain {
    withSeed(7) {
      Chain {
        SimpleRecurrent(3, 4); Dense(4, 4, activation: tanh);
        ComposedRecurrent(
          Chain {
            Dense(9, 5); Dropout(0.3)
          }, outputs: 5);
        { x in x * 2.0 }
      }
    }
  }
  private let x = withSeed(8) { Tensor.normal([3, 6, 3]) }

  @Test func outputsOfEveryStepOrTheLast() {
    var (all, last, steps) = (Self.step().unrolled(), Self.step().unrolled(steps: 6, outputs: .last), Self.step())
    let y = all(x)
    #expect(y.shape == [3, 6, 5])
    #expect(distance(last(x), y[.all, -1]) < 1e-6)
    for t in 0..<6 { #expect(distance(steps(x[.all, t]), y[.all, t]) < 1e-6) }
  }

  @Test func statefulCallsContinueAndFreshOnesDoNot() {
    var (whole, parts) = (Self.step().unrolled(), Self.step().unrolled(stateful: true))
    let y = whole(x)
    let pieces = concatenate([parts(x[.all, 0..<2]), parts(x[.all, 2..<6])], axis: 1)
    #expect(distance(pieces, y) < 1e-6)
    #expect(distance(whole(x), y) == 0)
    #expect(distance(parts(x), y) > 1e-3)
    parts.reset()
    #expect(distance(parts(x), y) < 1e-6)
  }

  @Test func theSameInputAtEachStep() {
    var decoder = Self.step().unrolled(steps: 4, input: .same)
    var steps = Self.step()
    let y = decoder(x[.all, 0])
    #expect(y.shape == [3, 4, 5])
    for t in 0..<4 { #expect(distance(steps(x[.all, 0]), y[.all, t]) < 1e-6) }
  }

  @Test func reversedTwiceIsTheSame() {
    var (forward, backward, twice) = (
      Self.step().unrolled(), Self.step().unrolled().reversedInTime(), Self.step().unrolled().reversedInTime().reversedInTime()
    )
    #expect(distance(backward(x), forward(x.reversed(axes: 1)).reversed(axes: 1)) == 0)
    #expect(distance(twice(x), forward(x)) == 0)
    // A model that contains sequences is reversed as a whole.
    let chain = Chain {
      Self.step().unrolled(); Dense(5, 2)
    }
    var (wrapped, plain) = (chain.reversedInTime().reversedInTime(), chain)
    #expect(distance(wrapped(x), plain(x)) == 0)
    #expect(wrapped.parameters.map(\.name) == plain.parameters.map(\.name))
  }

  /// A padded batch is its sequences one by one: answers, last answers, states, loss and gradients; in either direction.
  @Test(arguments: [false, true])
  func paddedEqualsUnpadded(isReversed: Bool) {
    let lengths = [4, 6, 1]
    func model(_ outputs: StepOutputs = .all) -> Unrolled<Chain> {
      let model = Self.step().unrolled(outputs: outputs)
      return isReversed ? model.reversedInTime() : model
    }
    var (batch, last) = (model(), model(.last))
    let y = batch(x, lengths: lengths)
    let ends = last(x, lengths: lengths)
    for (i, length) in lengths.enumerated() {
      var (single, singleLast) = (model(), model(.last))
      let own = x[i..<i + 1, 0..<length]
      #expect(distance(single(own), y[i..<i + 1, 0..<length]) < 1e-6)
      #expect(y[i, length...].copyOfElements.allSatisfy { $0 == 0 })
      #expect(distance(singleLast(own), ends[i..<i + 1]) < 1e-6)
      let (state, whole) = (single.step.layers[0].as(SimpleRecurrent.self)!, batch.step.layers[0].as(SimpleRecurrent.self)!)
      #expect(distance(state.hidden, whole.hidden[i..<i + 1]) < 1e-6)
    }
    // Dropout draws other numbers for other batches.
    func undropped() -> Unrolled<Chain> {
      let plain = Chain(Array(model().step.layers.prefix(2))).unrolled()
      return isReversed ? plain.reversedInTime() : plain
    }
    var padded = undropped()
    let together = gradient(at: &padded) { model in withLengths(lengths) { model(x) }.squared.sum() }
    var apart = undropped()
    let singly = gradient(at: &apart) { model in
      lengths.enumerated().map { i, length in model(x[i..<i + 1, 0..<length]).squared.sum() }.reduce(Tensor.zeros([])) { $0 + $1 }
    }
    for (a, b) in zip(together.parameters, singly.parameters) { #expect(distance(a.value, b.value) < 1e-5) }
  }

  @Test func lengthsReachSequencesInsideOfModels() {
    var chain = Chain {
      Dense(3, 3); Self.step().unrolled(); Dense(5, 2, hasBias: false)
    }
    let y = withLengths([2, 6, 0]) { chain(x) }
    #expect(y[0, 2...].copyOfElements.allSatisfy { $0 == 0 } && y[2].copyOfElements.allSatisfy { $0 == 0 })
    #expect(y[1].copyOfElements.contains { $0 != 0 })
  }

  @Test func initialStatesAreTrained() throws {
    var model = withSeed(7) { SimpleRecurrent(3, 4) }.unrolled(initialState: .trained)
    #expect(model.parameters.map(\.name) == ["wx", "wh", "b", "initial_hidden"])
    let gradient = gradient(at: &model) { model in model(x).squared.sum() }
    #expect(gradient.parameters[3].value.copyOfElements.contains { $0 != 0 })
    var optimizer = SGD(learningRate: 0.1)
    let before = model.predict(x)
    optimizer.update(&model, along: gradient)
    #expect(model.parameters[3].value.copyOfElements.contains { $0 != 0 })
    #expect(distance(model.predict(x), before) > 0)
    // Against central differences.
    let base = model
    try checkGradient(
      of: { first in
        var model = base
        model.castParameters(to: .float64)
        model.updateParameters { name, value in if name == "initial_hidden" { value = first } }
        return model(x.cast(to: .float64))
      }, at: model.parameters[3].value.cast(to: .float64))
  }

  struct Mistake: Sendable, CustomTestStringConvertible {
    let sentence: String
    let call: @Sendable () -> Void
    var testDescription: String { sentence }
  }

  @Test(arguments: [
    Mistake(sentence: "unrolled: [2, 5, 3] for 4 steps; [batch, 4, features] would fit, in Unrolled<SimpleRecurrent>") {
      _ = SimpleRecurrent(3, 4).unrolled(steps: 4).predict(.zeros([2, 5, 3]))
    },
    Mistake(sentence: "unrolled: a length of 6 for sequence 1 of [2, 5, 3]; 0 to 5 would fit") {
      var model = SimpleRecurrent(3, 4).unrolled()
      _ = model(.zeros([2, 5, 3]), lengths: [1, 6])
    },
    Mistake(sentence: "unrolled: 3 lengths for 2 sequences of [2, 5, 3]") {
      var model = SimpleRecurrent(3, 4).unrolled()
      _ = model(.zeros([2, 5, 3]), lengths: [1, 1, 1])
    },
    Mistake(
      sentence:
        "Recurrent: a value of shape [2, 5, 4] for a state that was [1, 4] at first; a step takes no time axis, and .unrolled() runs a model over sequences"
    ) {
      var model = SimpleRecurrent(3, 4)
      _ = model(.zeros([2, 5, 3]))
    },
    Mistake(
      sentence: "ComposedRecurrent: [2, 5, 3] has a time axis, and a step takes [batch, inputs]; .unrolled() runs the model over sequences"
    ) {
      var model = ComposedRecurrent(Dense(7, 4), outputs: 4)
      _ = model(.zeros([2, 5, 3]))
    },
    Mistake(sentence: "unrolled: no initial state to train: Dense has no @Recurrent state") {
      _ = Dense(3, 4).unrolled(initialState: .trained)
    },
    Mistake(
      sentence:
        "unrolled: the same input at each step, and no number of steps; .unrolled(steps: 10, input: .same) would fit, in Unrolled<SimpleRecurrent>"
    ) { _ = SimpleRecurrent(3, 4).unrolled(input: .same).predict(.zeros([2, 3])) },
    Mistake(sentence: "unrolled: [2, 0, 3] has no step whose answer would be the last; one or more would fit") {
      var model = SimpleRecurrent(3, 4).unrolled(outputs: .last)
      _ = model(.zeros([2, 0, 3]))
    },
    Mistake(sentence: "unrolled: [3] for a sequence; [batch, time, features] would fit") {
      var model = SimpleRecurrent(3, 4).unrolled()
      _ = model(.zeros([3]))
    },
  ])
  func namesTheMistake(_ row: Mistake) {
    #expect { try checked { row.call() } } throws: { "\($0)" == row.sentence }
  }

  @Test func noStepsGiveNoAnswers() {
    var model = Self.step().unrolled()
    #expect(model(.zeros([2, 0, 3])).shape == [2, 0, 5])
  }
}
