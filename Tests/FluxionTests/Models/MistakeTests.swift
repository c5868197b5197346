import Fluxion
import Testing

private struct Growing: Model {
  var weights: [Tensor] = [[1, 2]]
  func callAsFunction(_ x: Tensor) -> Tensor { x }
}

private struct Counting: Model {
  var weight: Tensor = [1]
  var count = Tensor([1, 2], .int64)
  func callAsFunction(_ x: Tensor) -> Tensor { x * weight }
}

private final class Shared: Model, @unchecked Sendable {
  var weight: Tensor = [1]
  func callAsFunction(_ x: Tensor) -> Tensor { x }
}

/// Mistakes with whole models, each with its sentence.
@Suite struct MistakeTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let sentence: String
    let call: @Sendable () throws -> Void
    var testDescription: String { sentence }
  }

  @Test(arguments: [
    Row(sentence: "gradient: the model had 1 parameters before the loss and 2 after it") {
      var model = Growing()
      _ = gradient(at: &model) { model in
        let loss = model.weights[0].sum()
        model.weights.append([3])
        return loss
      }
    },
    Row(sentence: "gradient: parameter count is int64; float32 and float64 are trained, what is not is marked @Constant") {
      var model = Counting()
      _ = gradient(at: &model) { model in model([1]).sum() }
    },
    Row(sentence: "Model: Shared is not a struct; parameters are found in structs, another type writes visit(_:) by hand") {
      _ = Shared().parameters
    },
    Row(sentence: "Dropout: a probability of 1.5; 0 to 1 would fit") {
      _ = Chain {
        Dropout(1.5); SimpleRecurrent(28, 128)
      }
    },
    Row(sentence: "uniform: a bound of nan; a finite number, 0 or more, would fit") { _ = Initializer.uniform(.nan)([2]) },
    Row(sentence: "mse: a result of float32 and a target of float64; convert one with .cast(to:)") {
      _ = mse([1], Tensor([1.0], .float64))
    },
    Row(
      sentence:
        "matmul: [2147483648, 0] • [0, 2147483648]: a result of shape [2147483648, 2147483648] has more elements than memory could hold"
    ) {
      _ = matmul(.zeros([1 << 31, 0]), .zeros([0, 1 << 31]))
    },
    Row(sentence: "reshaped: shape [2147483648, 0, 2147483648] has more elements than memory could hold") {
      _ = Tensor.zeros([0]).reshaped([1 << 31, 0, 1 << 31])
    },
    Row(sentence: "zeros: shape [1125899906842624] has more elements than memory could hold") { _ = Tensor.zeros([1 << 50]) },
    Row(sentence: "LSTM: 2147483648 layers; 1 to 1000000 would fit") { _ = LSTM(2, 3, layers: 1 << 31) },
    Row(sentence: "uniform: shape [-9223372036854775808, 2] has a negative size") { _ = LSTM(2, .min) },
    Row(sentence: "MultiHeadAttention: -9223372036854775808 features in 2 heads; 0 features or more would fit") {
      _ = MultiHeadAttention(.min, heads: 2)
    },
    Row(sentence: "MultiHeadAttention: 2 heads in 4611686018427387904 groups; a number of key heads that divides them would fit") {
      _ = MultiHeadAttention(4, heads: 2, keyHeads: 1 << 62)
    },
    Row(sentence: "zeros: shape [4611686018427387904, 0] has more elements than memory could hold") { _ = Conv2D(1 << 62, kernel: 3) },
    Row(sentence: "Repeat: 9223372036854775807 times; 0 to 1000000 would fit") { _ = Repeat(.max) { Dense(2, 2) } },
    Row(sentence: "Maxout: 4611686018427387904 models; 1 to 1000000 would fit") { _ = Maxout(1 << 62) { Dense(2, 2) } },
    Row(sentence: "Initializer: a gain that makes a standard deviation of nan; a finite number would fit") {
      _ = Initializer.glorotUniform(gain: .nan)([2, 3])
    },
    Row(sentence: "dirac: shape [4611686018427387904, 4, 3] has more elements than memory could hold") {
      _ = Initializer.dirac()([1 << 62, 4, 3])
    },
    Row(sentence: "confusionMatrix: shape [1048576, 1048576] has more elements than memory could hold") {
      _ = confusionMatrix(Tensor([0], .int64), Tensor([0], .int64), classes: 1 << 20)
    },
    Row(sentence: "SinusoidalPositions: shape [9223372036854775807, 4] has more elements than memory could hold") {
      _ = SinusoidalPositions.table(Int.min..<Int.max, features: 4)
    },
    Row(sentence: "RotaryPositions: [2, 3, 4] from position 9223372036854775807 on; at most 9223372036854775804 would fit") {
      _ = RotaryPositions()(.ones([2, 3, 4]), from: .max)
    },
    Row(sentence: Self.firstOfSeveral) {
      let placeholder = Tensor([1.0, 2.0], .float64) + Tensor([1.0, 2.0, 3.0], .float64)
      _ = placeholder.tiled([2, 3])
      _ = placeholder.shape[1...]
    },
  ])
  func namesTheMistake(_ row: Row) {
    #expect {
      try checked { try row.call() }
    } throws: {
      "\($0)" == row.sentence
    }
  }
  private static let firstOfSeveral =
    "+: [2] and [3] do not broadcast: axis -1 is 2 in one and 3 in the other, equal sizes or 1 would fit"

  /// What is left of a failed scope has a shape but no elements: using it is a mistake, not a crash.
  @Test func leftoversOfAFailedScopeAreRefused() {
    let x = Tensor.ones([1000])
    var left = x
    try? checked {
      left = gradient(at: x) { _ in Tensor([1.0, 2.0], .float64) + Tensor([1.0, 2.0, 3.0], .float64) }
    }
    #expect(throws: TensorError.self) { try checked { left + left } }
    #expect(throws: TensorError.self) { try checked { left.reshaped([10, 100]) • .zeros([100, 3]) } }
    #expect { try checked { left + 1 } } throws: {
      "\($0)".hasPrefix("+: [1000] has a shape but no elements: it comes from a run on shapes alone, or from after a mistake")
    }
  }

  @Test func orthogonalInDryRunsAndAfterMistakes() throws {
    #expect(try Chain { { _ in Initializer.orthogonal()([4, 3]) } }.outputShape(for: [1]) == [4, 3])
  }

  @Test func integersPrintExactly() {
    #expect("\(Tensor([Int.max, -9_007_199_254_740_993]))" == "[9223372036854775807,   -9007199254740993] (int64)")
    #expect("\(Tensor.zeros([1 << 24, 0]))" == "[]")
  }
}
