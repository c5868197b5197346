import Autodiff
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
    ErrorRow("*: 9007199254740993 is not a value of int32; convert the tensor with .cast(to: .int64)") {
      _ = z([2], .int32) * (1 << 53 + 1)
    },
    ErrorRow(".==: 2 is not a value of bool; convert the tensor with .cast(to: .int64)") { _ = (z([2], .bool) .== 2) },
    ErrorRow(".>: 0.5 is not a value of bool; convert the tensor with .cast(to: .float32)") { _ = (0.5 .> z([2], .bool)) },
    ErrorRow("maximum: -1 is not a value of bool; convert the tensor with .cast(to: .int64)") { _ = maximum(z([2], .bool), -1) },
    // Numbers that an integer dtype cannot hold, wherever they meet it.
    ErrorRow("full: 0.5 is not a value of int64; the dtype .float32 would fit") { _ = Tensor.full([1], 0.5, .int64) },
    ErrorRow("full: nan is not a value of int32; the dtype .float32 would fit") { _ = Tensor.full([0], Double.nan, .int32) },
    ErrorRow("full: 3000000000 is not a value of int32; the dtype .int64 would fit") { _ = Tensor.full([1], 3_000_000_000, .int32) },
    ErrorRow("full: 7 is not a value of bool; the dtype .int64 would fit") { _ = Tensor.full([1], 7, .bool) },
    ErrorRow("fill: 0.5 is not a value of int64; convert the tensor with .cast(to: .float32)") {
      var x = z([2], .int64)
      x.fill(with: 0.5)
    },
    ErrorRow("select: inf is not a value of int32; convert the tensor with .cast(to: .float32)") {
      _ = select(z([2], .bool), z([2], .int32), Double.infinity)
    },
    ErrorRow("select: 0.5 is not a value of bool; convert the tensor with .cast(to: .float32)") {
      _ = select(z([2], .bool), 0.5, z([2], .bool))
    },
    ErrorRow("padded: 0.5 is not a value of int64; convert the tensor with .cast(to: .float32)") {
      _ = z([2], .int64).padded([(1, 1)], value: 0.5)
    },
    ErrorRow("padded: 2147483648 is not a value of int32; convert the tensor with .cast(to: .int64)") {
      _ = z([2], .int32).padded([(1, 1)], value: 1 << 31)
    },
    ErrorRow("clamped: nan is not a value of int64; convert the tensor with .cast(to: .float32)") {
      _ = z([2], .int64).clamped(min: Double.nan)
    },
    ErrorRow("hardShrink: 0.5 is not a value of int64; convert the tensor with .cast(to: .float32)") { _ = hardShrink(z([2], .int64)) },
    ErrorRow("softShrink: 0.5 is not a value of int32; convert the tensor with .cast(to: .float32)") {
      _ = softShrink(z([40_000], .int32))
    },
    ErrorRow("Elementwise: not defined for int32, only for float32, float64, int64; convert with .cast(to:)") {
      _ = Elementwise { x in x + 5_000_000_000 }(z([2], .int32))
    },
    ErrorRow("Elementwise: not defined for int32, only for float32, float64, int64; convert with .cast(to:)") {
      _ = Elementwise { x in x + 9_007_199_254_740_993 }(z([2], .int32))
    },
    ErrorRow("arange: 0.25 is not a value of int64; the dtype .float32 would fit") {
      _ = Tensor.arange(from: 0, to: 1, step: 0.25, .int64)
    },
    ErrorRow("arange: 2147483648.0 is not a value of int32; the dtype .int64 would fit") {
      _ = Tensor.arange(from: 2_147_483_647.0, to: 2_147_483_649.0, .int32)
    },
    ErrorRow("linspace: 0.5 is not a value of int64; the dtype .float32 would fit") {
      _ = Tensor.linspace(from: 0, to: 0.5, count: 3, .int64)
    },
    ErrorRow("cast: NaN at [1, 0] has no int64; replacingNonFinite() puts numbers in its place") {
      _ = Tensor([[1.0, 2], [.nan, .nan]]).cast(to: .int64)
    },
    ErrorRow("cast: NaN at [39999] has no int32; replacingNonFinite() puts numbers in its place") {
      _ = (Tensor.arange(from: 0.0, to: 40_000.0) - Float.infinity * Tensor.arange(from: -39_999.0, to: 1.0)).cast(to: .int32)
    },
    // Results that no memory holds, by the operator's own name.
    ErrorRow("+: [1073741824, 1] and [1, 1073741824] broadcast to [1073741824, 1073741824], which has more elements than memory could hold")
    {
      _ = z([1]).expanded([1 << 30, 1]) + z([1]).expanded([1, 1 << 30])
    },
    ErrorRow("tiled: shape [2305843009213693952, 3] has more elements than memory could hold") { _ = z([2, 3]).tiled([1 << 60, 1]) },
    ErrorRow("repeated: shape [2, 9223372036854775807] has more elements than memory could hold") {
      _ = z([2, 3]).repeated(.max, axis: 1)
    },
    ErrorRow("oneHot: shape [2, 1152921504606846976] has more elements than memory could hold") {
      _ = Tensor([0, 1], .int64).oneHot(classes: 1 << 60)
    },
    ErrorRow("kronecker: shape [1099511627776, 1048576] has more elements than memory could hold") {
      _ = kronecker(z([1]).expanded([1 << 20, 1 << 10]), z([1]).expanded([1 << 20, 1 << 10]))
    },
    ErrorRow("stack: shape [33, 4294967296] has more elements than memory could hold") {
      _ = stack(Array(repeating: z([1]).expanded([1 << 32]), count: 33))
    },
    // Settings that lie where they mean nothing.
    ErrorRow("hardTanh: bounds of 1.0 and nan; a lower one that is not above the upper one would fit") {
      _ = hardTanh(z([2]), min: 1, max: .nan)
    },
    ErrorRow("celu: an alpha of 0.0; a finite number other than 0 would fit") { _ = celu(z([2]), alpha: 0) },
    ErrorRow("softplus: a beta of 0.0 and a threshold of inf; a finite number other than 0, and a number, would fit") {
      _ = softplus(z([2]), beta: 0)
    },
    ErrorRow("softShrink: a lambda of -1.0; a finite number, 0 or more, would fit") { _ = softShrink(z([2]), lambda: -1) },
    ErrorRow("hardShrink: a lambda of nan; a number would fit") { _ = hardShrink(z([2]), lambda: .nan) },
    ErrorRow("logit: an epsilon of 1.5; 0 to 1 would fit") { _ = logit(z([2]), epsilon: 1.5) },
    ErrorRow("norm: an order of nan; a number would fit") { _ = z([2]).norm(.nan) },
    ErrorRow("layerNorm: an epsilon of inf; a finite number would fit") { _ = layerNorm(z([2, 3]), over: [3], epsilon: .infinity) },
    ErrorRow("rmsNorm: an epsilon of nan; a finite number would fit") { _ = rmsNorm(z([2, 3]), over: [3], epsilon: .nan) },
    ErrorRow("groupNorm: an epsilon of nan; a finite number would fit") { _ = groupNorm(z([2, 4]), groups: 2, epsilon: .nan) },
    ErrorRow("batchNorm: an epsilon of nan; a finite number would fit") { _ = batchNorm(z([2, 4]), epsilon: .nan) },
    ErrorRow("batchNorm: a momentum of 1.5; 0 to 1 would fit") {
      var (mean, variance) = (z([4]), z([4]))
      _ = batchNorm(z([2, 4]), updating: &mean, &variance, momentum: 1.5)
    },
    ErrorRow("normalized: an epsilon of -1.0; a finite number, 0 or more, would fit") { _ = z([2]).normalized(axis: 0, epsilon: -1) },
    ErrorRow("attention: a scale of nan; a finite number would fit") { _ = attention(z([2, 3]), z([2, 3]), z([2, 3]), scale: .nan) },
    ErrorRow("checkGradient: a tolerance of nan; a finite number, 0 or more, would fit") {
      try? checkGradient(of: { $0 }, at: z([2]), tolerance: .nan)
    },
    ErrorRow("checkGradient: a step of 0.0; a finite number above 0 would fit") { try? checkGradient(of: { $0 }, at: z([2]), step: 0) },
    ErrorRow("pseudoInverse: a relative tolerance of -1.0; a finite number, 0 or more, would fit") {
      _ = pseudoInverse(z([2, 2]), relativeTolerance: -1)
    },
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
