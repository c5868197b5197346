import Autodiff
import Tensors
import Testing

/// A mistake in the use of an operator, and the sentence that tells of it.
struct ErrorRow: Sendable, CustomTestStringConvertible {
  var sentence: String
  var call: @Sendable () -> Void

  init(_ sentence: String, _ call: @escaping @Sendable () -> Void) {
    self.sentence = sentence
    self.call = call
  }

  var testDescription: String { sentence }
}

private func z(_ shape: Shape, _ dtype: DType = .float32) -> Tensor { .zeros(shape, dtype) }

/// The mistakes, by the operators' files.
enum ErrorTable {
  static let rows: [ErrorRow] =
    creation + elementwise + functions + fusedReductions + comparison + views + slices + subscripts + indexing + reductions + products
    + gradients + scans + order + places + linearAlgebra + contractions + images + features + numbers + fourier
    + Wrong.errors

  private static let fractions = "only for floating-point dtypes; convert with .cast(to:)"

  private static let creation = [
    ErrorRow("Tensor: row 1 has 1 numbers and row 0 has 2; rows of equal length would fit") { _ = Tensor([[1, 2], [3]] as [[Int]]) },
    ErrorRow("Tensor: 3 elements do not fill shape [2, 2], which has 4") { _ = Tensor([1.0, 2.0, 3.0], shape: [2, 2], .float64) },
    ErrorRow("Tensor: 2 elements do not fill shape [-1, -2], which has 2") { _ = Tensor([1.0, 2.0], shape: [-1, -2], .float64) },
    ErrorRow("Tensor: a literal with parts of shapes [2] and [1]; all parts need one shape") { _ = [[1, 2], [3]] as Tensor },
    ErrorRow("zeros: shape [2, -1] has a negative size") { _ = z([2, -1]) },
    ErrorRow("ones: shape [4294967296, 4294967296] has more elements than memory could hold") { _ = Tensor.ones([1 << 32, 1 << 32]) },
    ErrorRow("full: shape [-3] has a negative size") { _ = Tensor.full([-3], 1) },
    ErrorRow("eye: shape [-1, -1] has a negative size") { _ = Tensor.eye(-1) },
    ErrorRow("shape: a tensor has at most 8 axes") { _ = z([1, 1, 1, 1, 1, 1, 1, 1, 1]) },
    ErrorRow("arange: from 0 to 3 in steps of 0; any other step would fit") { _ = Tensor.arange(from: 0, to: 3, step: 0) },
    ErrorRow("arange: from 0.0 to 1.0 in steps of 0.0; finite bounds and a finite step other than 0 would fit") {
      _ = Tensor.arange(from: 0.0, to: 1.0, step: 0.0)
    },
    ErrorRow("arange: from 0.0 to inf in steps of 1.0; finite bounds and a finite step other than 0 would fit") {
      _ = Tensor.arange(from: 0.0, to: .infinity)
    },
    ErrorRow("arange: from 0.0 to 1e+18 in steps of 0.001 has 1e+21 elements, more than memory could hold") {
      _ = Tensor.arange(from: 0.0, to: 1e18, step: 1e-3)
    },
    ErrorRow("arange: from 0.0 to 1e+300 in steps of 1e-300 has inf elements, more than memory could hold") {
      _ = Tensor.arange(from: 0.0, to: 1e300, step: 1e-300)
    },
    ErrorRow(
      "arange: from -9223372036854775808 to 9223372036854775807 in steps of 1 has 18446744073709551615 elements, more than memory could hold"
    ) {
      _ = Tensor.arange(from: .min, to: .max)
    },
    ErrorRow("linspace: -1 numbers from 0.0 to 1.0; 0 or more would fit") { _ = Tensor.linspace(from: 0, to: 1, count: -1) },
    ErrorRow("item: [2, 1] has 2 elements; item() is for one") { _ = z([2, 1]).item() },
    ErrorRow("scalars: a float32 tensor has no elements of type Int; convert it with .cast(to: .int64)") {
      _ = z([2]).scalars(Int.self)
    },
    ErrorRow("withElements: a int64 tensor has no elements of type Float; convert it with .cast(to: .float32)") {
      z([2], .int64).withElements(Float.self) { _ in }
    },
    ErrorRow("uniform: shape [-1] has a negative size") { _ = Tensor.uniform([-1]) },
    ErrorRow("uniform: not defined for bool, \(fractions)") { _ = Tensor.uniform([2], .bool) },
    ErrorRow("uniform: from -3e+38 to 3e+38; bounds no further apart than float32's largest number would fit") {
      _ = Tensor.uniform([2], in: -3e38..<3e38)
    },
    ErrorRow("uniform: from 0.0 to inf; bounds no further apart than float64's largest number would fit") {
      _ = Tensor.uniform([2], in: 0..<Double.infinity, .float64)
    },
    ErrorRow("normal: a standard deviation of -1.0; a finite number, 0 or more, would fit") {
      _ = Tensor.normal([2], standardDeviation: -1)
    },
    ErrorRow("normal: a standard deviation of nan; a finite number, 0 or more, would fit") {
      _ = Tensor.normal([2], standardDeviation: .nan)
    },
    ErrorRow("normal: a mean of inf; a finite number would fit") { _ = Tensor.normal([2], mean: .infinity) },
    ErrorRow("normal: not defined for int32, \(fractions)") { _ = Tensor.normal([2], .int32) },
    ErrorRow("bernoulli: a probability of 1.5; 0 to 1 would fit") { _ = Tensor.bernoulli([2], probability: 1.5) },
    ErrorRow("bernoulli: a probability of nan; 0 to 1 would fit") { _ = Tensor.bernoulli([2], probability: .nan) },
    ErrorRow("permutation: of -1 numbers; 0 or more would fit") { _ = Tensor.permutation(-1) },
    ErrorRow("dropout: a probability of -0.1; 0 to 1 would fit") {
      var random = RandomStream(seed: 0)
      _ = z([2]).dropout(probability: -0.1, using: &random)
    },
    ErrorRow("dropout: not defined for int64, \(fractions)") {
      var random = RandomStream(seed: 0)
      _ = z([2], .int64).dropout(probability: 0.1, using: &random)
    },
  ]

  private static func unfit(
    _ name: String, _ a: String = "[2, 3]", _ b: String = "[4]", _ sizes: String = "3 in one and 4 in the other"
  ) -> String {
    "\(name): \(a) and \(b) do not broadcast: axis -1 is \(sizes), equal sizes or 1 would fit"
  }
  private static func mixed(_ name: String) -> String {
    "\(name): operands of dtypes float32 and float64; convert one with .cast(to: .float32) or .cast(to: .float64)"
  }

  private static let elementwise = [
    ErrorRow(unfit("+")) { _ = z([2, 3]) + z([4]) },
    ErrorRow(unfit("-")) { _ = z([2, 3]) - z([4]) },
    ErrorRow(unfit("*")) { _ = z([2, 3]) * z([4]) },
    ErrorRow(unfit("/")) { _ = z([2, 3]) / z([4]) },
    ErrorRow(unfit("%")) { _ = z([2, 3]) % z([4]) },
    ErrorRow(unfit("pow")) { _ = pow(z([2, 3]), z([4])) },
    ErrorRow(unfit("maximum")) { _ = maximum(z([2, 3]), z([4])) },
    ErrorRow(unfit("minimum")) { _ = minimum(z([2, 3]), z([4])) },
    ErrorRow(mixed("+")) { _ = z([2, 3]) + z([3], .float64) },
    ErrorRow(mixed("pow")) { _ = pow(z([2]), z([2], .float64)) },
    ErrorRow("+: 1.5 is not a value of int64; convert the tensor with .cast(to: .float32)") { _ = z([2], .int64) + 1.5 },
    ErrorRow("*: 5000000000 is not a value of int32; convert the tensor with .cast(to: .int64)") { _ = z([2], .int32) * 5_000_000_000 },
    ErrorRow("maximum: 0.5 is not a value of int32; convert the tensor with .cast(to: .float32)") { _ = maximum(z([2], .int32), 0.5) },
    ErrorRow("clamped: 2.5 is not a value of int64; convert the tensor with .cast(to: .float32)") {
      _ = z([2], .int64).clamped(min: 0, max: 2.5)
    },
    ErrorRow("clamped: 2.5 is not a value of int64; convert the tensor with .cast(to: .float32)") { _ = z([2], .int64).clamped(max: 2.5) },
    ErrorRow("leakyRelu: 0.01 is not a value of int32; convert the tensor with .cast(to: .float32)") { _ = leakyRelu(z([2], .int32)) },
    ErrorRow("+: not defined for bool, only for float32, float64, int32, int64; convert with .cast(to:)") {
      _ = z([2], .bool) + z([2], .bool)
    },
    ErrorRow("+: not defined for bool, only for float32, float64, int32, int64; convert with .cast(to:)") { _ = z([2], .bool) + 1 },
    ErrorRow("exp: not defined for int32, only for float32, float64; convert with .cast(to:)") { _ = exp(z([2], .int32)) },
    ErrorRow("gelu: not defined for bool, only for float32, float64; convert with .cast(to:)") { _ = gelu(z([2], .bool)) },
    ErrorRow("Elementwise: a function of 2 numbers, called with 1 tensors") { _ = Elementwise { x, y in x + y }(z([2])) },
    ErrorRow(unfit("Elementwise")) { _ = Elementwise { x, y in x + y }(z([2, 3]), z([4])) },
    ErrorRow("Elementwise: not defined for int64, only for float32, float64; convert with .cast(to:)") {
      _ = Elementwise { x, y in tanh(x) + y }(z([2], .int64), z([2], .int64))
    },
    ErrorRow(mixed("Elementwise")) { _ = Elementwise { x, y, z, w in x + y + z + w }(z([2]), z([2]), z([2], .float64), z([2])) },
    ErrorRow("Elementwise: [4] and [2, 3] do not broadcast: axis -1 is 4 in one and 3 in the other, equal sizes or 1 would fit") {
      _ = Elementwise { x, y, z, w in x * y + z * w }(z([1]), z([4]), z([2, 3]), z([]))
    },
    ErrorRow(unfit("Elementwise")) {
      _ = Elementwise(parameters: ["scale": z([4])]) { x, scale in x * scale }(z([2, 3]))
    },
    ErrorRow("Elementwise: a function of 1 numbers, called with 2 tensors") {
      _ = Elementwise(parameters: ["scale": 2]) { x, scale in x * scale }(z([2]), z([2]))
    },
    ErrorRow("Elementwise: a function of 2 numbers with 2 parameters, which leave none for a tensor") {
      _ = Elementwise(parameters: ["a": 1, "b": 2]) { a, b in a * b }(z([2]))
    },
    ErrorRow("Elementwise: parameters called a, a; each needs a name of its own") {
      _ = Elementwise(parameters: ["a": 1, "a": 2]) { x, a, b in x * a * b }(z([2]))
    },
    ErrorRow("Symbol: == looks at an element, and none is known while a closure is read; .== gives a mask for select(mask, a, b)") {
      _ = Elementwise { x in x == 0 ? 1 : sin(x) / x }(z([2]))
    },
    ErrorRow("Elementwise: not defined for int32, only for float32, float64; convert with .cast(to:)") {
      _ = Elementwise { x in x * 0.5 }(z([2], .int32))
    },
    ErrorRow("+=: [3] cannot take a result of shape [2, 3]") {
      var x = z([3])
      x += z([2, 3])
    },
    ErrorRow(unfit("-=")) {
      var x = z([2, 3])
      x -= z([4])
    },
    ErrorRow(mixed("*=")) {
      var x = z([2])
      x *= z([2], .float64)
    },
    ErrorRow("+=: not defined for bool, only for float32, float64, int32, int64; convert with .cast(to:)") {
      var x = z([2], .bool)
      x += z([2], .bool)
    },
  ]

  private static let comparison = [
    ErrorRow(unfit(".<")) { _ = (z([2, 3]) .< z([4])) },
    ErrorRow(mixed(".==")) { _ = (z([2]) .== z([2], .float64)) },
    ErrorRow(".<=: 5000000000 is not a value of int32; convert the tensor with .cast(to: .int64)") {
      _ = (z([2], .int32) .<= 5_000_000_000)
    },
    ErrorRow(".>: 0.5 is not a value of int64; convert the tensor with .cast(to: .float32)") {
      _ = (z([2], .int64) .> 0.5)
    },
    ErrorRow(unfit(".&")) { _ = (z([2, 3], .bool) .& z([4], .bool)) },
    ErrorRow("select: the mask is float32; comparisons such as x .> 0 give the bool it wants") { _ = select(z([2]), z([2]), z([2])) },
    ErrorRow(mixed("select")) { _ = select(z([2], .bool), z([2]), z([2], .float64)) },
    ErrorRow(unfit("select")) { _ = select(z([2], .bool), z([2, 3]), z([4])) },
    ErrorRow(unfit("select", "[4]", "[2, 3]", "4 in one and 3 in the other")) { _ = select(z([4], .bool), z([2, 3]), z([2, 3])) },
  ]
}
