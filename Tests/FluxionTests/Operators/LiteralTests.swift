import Fluxion
import Testing

@testable import Tensors

/// What literals become: float32, and integers what they stand beside.
struct LiteralTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let dtype: DType
    let scalars: [Double]
    let make: @Sendable () -> Tensor

    init(_ description: String, _ dtype: DType, _ scalars: [Double], _ make: @escaping @Sendable () -> Tensor) {
      (testDescription, self.dtype, self.scalars, self.make) = (description, dtype, scalars, make)
    }
  }

  private static let labels = Tensor([2, 0, 1], .int64)
  private static let wide = Tensor([0.1, 0.2, 0.3], .float64)

  static let rows = [
    // Every form has the same dtype.
    Row("let x: Tensor = [0.1]", .float32, [0.5]) { [0.5] },
    Row("Tensor([0.5])", .float32, [0.5]) { Tensor([0.5]) },
    Row("Tensor(0.5)", .float32, [0.5]) { Tensor(0.5) },
    Row("Tensor(3)", .float32, [3]) { Tensor(3) },
    Row("Tensor([[0, 0]])", .float32, [0, 0]) { Tensor([[0, 0]]) },
    Row("let x: Tensor = [[0, 0]]", .float32, [0, 0]) { [[0, 0]] },
    Row("Tensor([-1, 2.5])", .float32, [-1, 2.5]) { Tensor([-1, 2.5]) },
    Row("Tensor([1, 2], shape: [2, 1])", .float32, [1, 2]) { Tensor([1, 2], shape: [2, 1]) },
    Row("Tensor([true, false])", .bool, [1, 0]) { Tensor([true, false]) },
    Row("let x: Tensor = [true, false]", .bool, [1, 0]) { [true, false] },
    Row("a named dtype", .int64, [3, 1]) { Tensor([3, 1], .int64) },
    Row("0.1 as float64", .float64, [0.1]) { Tensor([0.1], .float64) },
    // Variables keep their types.
    Row("Tensor(x) of Double", .float64, [0.1]) {
      let x = 0.1
      return Tensor(x)
    },
    Row("Tensor(x) of [Int]", .int64, [3]) {
      let x = [3]
      return Tensor(x)
    },
    Row("[Int] as float32", .float32, [3]) {
      let x = [3]
      return Tensor(x, .float32)
    },
    // Integers beside another dtype.
    Row("labels .== [2, 1, 1]", .bool, [1, 0, 1]) { labels .== [2, 1, 1] },
    Row("labels + [1, 2, 3]", .int64, [3, 2, 4]) { labels + [1, 2, 3] },
    Row("Tensor([1, 2, 3]) - labels", .int64, [-1, 2, 2]) { Tensor([1, 2, 3]) - labels },
    Row("labels - [5]", .int64, [-3, -5, -4]) { labels - [5] },
    Row("float64 * [1, 2, 3]", .float64, [0.1, 0.2 * 2, 0.3 * 3]) { wide * [1, 2, 3] },
    Row("labels += [1, 1, 1]", .int64, [3, 1, 2]) {
      var y = labels
      y += [1, 1, 1]
      return y
    },
    Row("concatenate with integers", .int64, [2, 0, 1, 7]) { concatenate([labels, [7]], axis: 0) },
    Row("maximum of a view", .int64, [2, 1, 1]) { maximum(labels, Tensor([[1, 1, 1]])[0]) },
    Row("matmul in float64", .float64, [0.1 + 0.2 * 2 + 0.3 * 3]) { wide.reshaped([1, 3]) • [[1], [2], [3]] },
    // Integers where class ids or positions are expected.
    Row("x[Tensor([2, 0])]", .float64, [0.3, 0.1]) { wide[Tensor([2, 0])] },
    Row("take", .float64, [0.3, 0.1]) { wide.take([2, 0], axis: 0) },
    Row("oneHot", .float32, [0, 1, 1, 0]) { Tensor([1, 0]).oneHot(classes: 2) },
    Row("bincount", .int64, [1, 2]) { Tensor([1, 0, 1]).bincount() },
    Row("embedding", .float64, [0.3, 0.1]) { embedding([2, 0], wide.reshaped([3, 1])) },
    Row("crossEntropy of ids", .float64, [Double.log(2)]) { crossEntropy(Tensor.zeros([3, 2], .float64), [1, 0, 1], reduction: .mean) },
    Row("crossEntropy of ids that are taken", .float64, [Double.log(2)]) {
      crossEntropy(Tensor.zeros([2, 2], .float64), Tensor([1, 0, 1]).take([2, 0]), reduction: .mean)
    },
    Row("accuracy of ids", .float64, [0.5]) { Tensor(accuracy([[1.0, 0.5], [0, 1]], [0, 0])) },
    Row("accuracy of predictions", .float64, [0.5]) { Tensor(accuracy(Tensor([1, 0], .int64), [1, 1])) },
    Row("confusionMatrix", .int64, [0, 1, 0, 1]) { confusionMatrix([1, 1], [0, 1], classes: 2) },
    // They are float32 where nothing tells otherwise.
    Row("Tensor([7, 2]) / 2", .float32, [3.5, 1]) { Tensor([7, 2]) / 2 },
    // Numbers that are written.
    Row("w[0, 1] = 5", .float64, [0, 5, 0, 0]) {
      var w = Tensor.zeros([2, 2], .float64)
      w[0, 1] = 5
      return w
    },
    Row("w[axis: 1, Tensor([1])] = 4", .float64, [0, 4, 0, 4]) {
      var w = Tensor.zeros([2, 2], .float64)
      w[axis: 1, Tensor([1])] = 4
      return w
    },
    Row("w[mask] = 0.5", .float32, [0.5, 2, 0.5]) {
      var w: Tensor = [-1, 2, -3]
      w[w .< 0] = 0.5
      return w
    },
    Row("w[1...] = 7 of int64", .int64, [2, 7, 7]) {
      var w = labels
      w[1...] = 7
      return w
    },
    Row("w[0] = a variable", .float32, [3, 2]) {
      var w: Tensor = [1, 2]
      let value = 3.0
      w[0] = value
      return w
    },
  ]

  @Test(arguments: rows)
  func givesTheDtype(_ row: Row) {
    let y = row.make()
    #expect(y.dtype == row.dtype)
    let tolerance = row.dtype == .float32 ? 1e-6 : 1e-15
    #expect(y.elementCount == row.scalars.count)
    for (a, b) in zip(y.scalars(Double.self), row.scalars) { #expect(abs(a - b) <= tolerance * abs(b)) }
  }

  @Test func keepsDigitsThatAreNamed() {
    #expect(Tensor([9_007_199_254_740_993], .int64).item(as: Int.self) == 9_007_199_254_740_993)
    #expect(Tensor([0.1], .float64).scalars(Double.self) == [0.1])
  }

  /// Gradients flow to the literal in the dtype that it has by itself.
  @Test func hasGradients() {
    let x: Tensor = [1, 2, 3]
    let gradient = gradient(at: x) { x in (x * Tensor([1, 2, 3], .float64)).sum() }
    #expect(gradient.dtype == .float32)
    #expect(gradient.scalars(Double.self) == [1, 2, 3])
  }

  @Test func readsNumbersOfEveryDtype() {
    let x = Tensor([1, 0, 2], .int64)
    #expect(x.scalars(Double.self) == [1, 0, 2])
    #expect(x.scalars(Float.self) == [1, 0, 2])
    #expect(x.cast(to: .int32).scalars(Int.self) == [1, 0, 2])
    #expect(x.cast(to: .bool).scalars(Int.self) == [1, 0, 1])
    #expect(x.cast(to: .float32).scalars(Double.self) == [1, 0, 2])
    #expect([Double](x) == [1, 0, 2])
    let number: any Scalar = x[2]
    #expect(number as? Double == 2)
  }

  struct Mistake: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let make: @Sendable () -> Tensor
    init(_ sentence: String, _ make: @escaping @Sendable () -> Tensor) { (testDescription, self.make) = (sentence, make) }
  }

  static let mistakes = [
    Mistake("Tensor: 16777217 is no number of float32, which literals are; name the dtype: Tensor(…, .int64)") { [1, 16_777_217] },
    Mistake("Tensor: 0.5 is not a value of int64; the dtype .float32 would fit") { Tensor([1, 0.5], .int64) },
    Mistake("Tensor: 3000000000 is not a value of int32; the dtype .int64 would fit") { Tensor([3_000_000_000], .int32) },
    Mistake("Tensor: a literal of numbers and of true or false; one of the two would fit") { [1, true] },
    Mistake("Tensor: a literal with parts of shapes [2] and [1]; all parts need one shape") { Tensor([[1, 2], [3]]) },
    Mistake("Tensor: 3 elements do not fill shape [2], which has 2") { Tensor([1, 2, 3], shape: [2]) },
    Mistake("+: operands of dtypes float64 and float32; convert one with .cast(to: .float64) or .cast(to: .float32)") {
      wide + [0.5, 1, 2]
    },
    Mistake("/: not defined for int64, only for float32, float64; convert with .cast(to:), or use floorDivide or truncatingDivide") {
      labels / labels
    },
    Mistake("/: not defined for int64, only for float32, float64; convert with .cast(to:), or use floorDivide or truncatingDivide") {
      labels / 2
    },
    Mistake("subscript: 0.5 is not a value of int64; a tensor of .float32 would fit") {
      var w = labels
      w[0] = 0.5
      return w
    },
    Mistake("scalars: a float32 tensor has no elements of type Int; convert it with .cast(to: .int64)") {
      Tensor([0.5].map { $0 } as [Float]).scalars(Int.self).isEmpty ? .zeros([]) : .zeros([])
    },
  ]

  @Test(arguments: mistakes)
  func namesTheMistake(_ row: Mistake) {
    let error = #expect(throws: TensorError.self) { try checked { row.make() } }
    #expect(error.map { "\($0)" } == row.testDescription)
  }
}
