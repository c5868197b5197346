import Tensors

private func z(_ shape: Shape, _ dtype: DType = .float32) -> Tensor { .zeros(shape, dtype) }

extension ErrorTable {
  private static let fractions = "only for float32, float64; convert with .cast(to:)"
  private static func unfit(_ name: String) -> String {
    "\(name): [2, 3] and [4] do not broadcast: axis -1 is 3 in one and 4 in the other, equal sizes or 1 would fit"
  }

  /// Functions of numbers, and numbers that a dtype does not have.
  static let functions = [
    ErrorRow("logGamma: not defined for int64, \(fractions)") { _ = logGamma(z([2], .int64)) },
    ErrorRow("atan2: not defined for bool, \(fractions)") { _ = atan2(z([2], .bool), z([2], .bool)) },
    ErrorRow("polygamma: order -1; 0 or more would fit") { _ = polygamma(-1, z([2])) },
    ErrorRow("round: decimals -2 of int64; convert the tensor with .cast(to: .float64)") { _ = round(z([2], .int64), decimals: -2) },
    ErrorRow(unfit("hypot")) { _ = hypot(z([2, 3]), z([4])) },
    ErrorRow(unfit("floorDivide")) { _ = floorDivide(z([2, 3]), z([4])) },
    ErrorRow(unfit("lerp")) { _ = lerp(z([2, 3]), z([4]), weight: 0.5) },
    ErrorRow(unfit("lerp")) { _ = lerp(z([2, 3]), z([3]), weight: z([4])) },
    ErrorRow(unfit("clamped")) { _ = z([2, 3]).clamped(min: z([3]), max: z([4])) },
    ErrorRow(unfit("maximumNumber")) { _ = maximumNumber(z([2, 3]), z([4])) },
    ErrorRow("truncatingRemainder: 0.5 is not a value of int32; convert the tensor with .cast(to: .float32)") {
      _ = truncatingRemainder(z([2], .int32), 0.5)
    },
    ErrorRow("hardTanh: 0.5 is not a value of int64; convert the tensor with .cast(to: .float32)") {
      _ = hardTanh(z([2], .int64), min: 0, max: 0.5)
    },
    ErrorRow("glu: axis 1 of [2, 3] has an odd size, and so no halves; an even size would fit") { _ = glu(z([2, 3])) },
    ErrorRow("glu: axis 2 of [2, 4]; -2 to 1 would fit") { _ = glu(z([2, 4]), axis: 2) },
    ErrorRow("+: 1e+300 is not a value of int64; convert the tensor with .cast(to: .float32)") { _ = z([2], .int64) + 1e300 },
    ErrorRow("*: 9007199254740992.0 is not a value of int32; convert the tensor with .cast(to: .float32)") {
      _ = z([2], .int32) * (1 << 53 + 1)
    },
    ErrorRow(".==: 2.0 is not a value of bool; convert the tensor with .cast(to: .float32)") { _ = (z([2], .bool) .== 2) },
    ErrorRow(".>: 0.5 is not a value of bool; convert the tensor with .cast(to: .float32)") { _ = (0.5 .> z([2], .bool)) },
    ErrorRow("maximum: -1.0 is not a value of bool; convert the tensor with .cast(to: .float32)") { _ = maximum(z([2], .bool), -1) },
  ]

  /// Kernels that end in a reduction.
  static let fusedReductions: [ErrorRow] = {
    let square = Elementwise { x in x * x }
    let product = Elementwise { x, y in x * y }
    return [
      ErrorRow("Elementwise.mean: a function of 2 numbers, called with 1 tensors") { _ = product.mean(z([2])) },
      ErrorRow(unfit("Elementwise.sum")) { _ = product.sum(z([2, 3]), z([4])) },
      ErrorRow("Elementwise.sum: operands of dtypes float32 and int64; convert one with .cast(to: .float32) or .cast(to: .int64)") {
        _ = product.sum(z([2, 3]), z([3], .int64))
      },
      ErrorRow("Elementwise.mean: not defined for int32, \(fractions)") { _ = square.mean(z([2], .int32)) },
      ErrorRow("Elementwise.sum: axis 2 of [2, 3]; -2 to 1 would fit") { _ = square.sum(z([2, 3]), axis: 2) },
      ErrorRow("Elementwise.prod: axis -1 of [2, 3] is named twice in [1, -1]") { _ = square.prod(z([2, 3]), axes: [1, -1]) },
      ErrorRow("Elementwise.max: axis 1 of [2, 0] has no elements to choose from") { _ = square.max(z([2, 0]), axis: 1) },
      ErrorRow("Elementwise.min: axis 0 of [0] has no elements to choose from") { _ = square.min(z([0])) },
    ]
  }()
}
