import Tensors

private func z(_ shape: Shape, _ dtype: DType = .float32) -> Tensor { .zeros(shape, dtype) }

extension ErrorTable {
  static let images = convolutions + pooling + resampling

  private static let convolutions = [
    ErrorRow("convolution: a weight of shape [3, 3]; 3 to 5 axes would fit, for 1 to 3 spatial ones") {
      _ = convolution(z([1, 3, 8]), weight: z([3, 3]))
    },
    ErrorRow("convolution: [8, 8] for a weight of shape [4, 3, 3, 3]; 4 axes, or 3 without a batch, would fit") {
      _ = convolution(z([8, 8]), weight: z([4, 3, 3, 3]))
    },
    ErrorRow("convolution: [1, 2, 8, 8] for a weight of shape [4, 3, 3, 3]: 3 channels in axis -3 would fit") {
      _ = convolution(z([1, 2, 8, 8]), weight: z([4, 3, 3, 3]))
    },
    ErrorRow("convolution: [1, 3, 8, 8] for a weight of shape [4, 3, 3, 3] in 2 groups: 6 channels in axis -3 would fit") {
      _ = convolution(z([1, 3, 8, 8]), weight: z([4, 3, 3, 3]), groups: 2)
    },
    ErrorRow("convolution: a weight of shape [3, 1, 3] in 2 groups; a number of outputs that 2 divides would fit") {
      _ = convolution(z([1, 2, 8]), weight: z([3, 1, 3]), groups: 2)
    },
    ErrorRow("convolution: 0 groups; 1 or more would fit") { _ = convolution(z([1, 2, 8]), weight: z([3, 1, 3]), groups: 0) },
    ErrorRow("convolution: a bias of shape [2] for 3 outputs; [3] would fit") {
      _ = convolution(z([1, 2, 8]), weight: z([3, 2, 3]), bias: z([2]))
    },
    ErrorRow("convolution: not defined for bool; convert with .cast(to:)") {
      _ = convolution(z([1, 2, 8], .bool), weight: z([3, 2, 3], .bool))
    },
    ErrorRow("convolution: operands of dtypes float32 and float64; convert one with .cast(to: .float32) or .cast(to: .float64)") {
      _ = convolution(z([1, 2, 8]), weight: z([3, 2, 3], .float64))
    },
    ErrorRow("convolution: a stride of 0; 1 to 16777216 would fit") { _ = convolution(z([1, 2, 8]), weight: z([3, 2, 3]), stride: 0) },
    ErrorRow("convolution: a stride of [1, 2] for 1 axis; one number, or 1, would fit") {
      _ = convolution(z([1, 2, 8]), weight: z([3, 2, 3]), stride: [1, 2])
    },
    ErrorRow("convolution: a dilation of [1] for 2 axes; one number, or 2, would fit") {
      _ = convolution(z([1, 2, 8, 8]), weight: z([3, 2, 3, 3]), dilation: [1])
    },
    ErrorRow("convolution: a padding of -1; 0 to 16777216 would fit") {
      _ = convolution(z([1, 2, 8]), weight: z([3, 2, 3]), padding: WindowPadding(before: 0, after: -1))
    },
    ErrorRow("convolution: a window of 0; 1 to 16777216 would fit") { _ = convolution(z([1, 2, 8]), weight: z([3, 2, 0])) },
    ErrorRow(
      "convolution: a window that spans [5, 5] over [8, 2] with padding of [1, 1] before and [1, 1] after: axis -1 is too short, "
        + "3 or more would fit"
    ) { _ = convolution(z([1, 2, 8, 2]), weight: z([3, 2, 3, 3]), padding: 1, dilation: 2) },
    ErrorRow("convolutionTransposed: [1, 2, 8] for a weight of shape [3, 2, 3]: 3 channels in axis -2 would fit") {
      _ = convolutionTransposed(z([1, 2, 8]), weight: z([3, 2, 3]))
    },
    ErrorRow("convolutionTransposed: a weight of shape [3, 2, 3] in 2 groups; a number of channels that 2 divides would fit") {
      _ = convolutionTransposed(z([1, 3, 8]), weight: z([3, 2, 3]), groups: 2)
    },
    ErrorRow("convolutionTransposed: a bias of shape [2] for 4 outputs; [4] would fit") {
      _ = convolutionTransposed(z([1, 2, 8]), weight: z([2, 2, 3]), bias: z([2]), groups: 2)
    },
    ErrorRow("convolutionTransposed: an outputPadding of 2 for a stride of 2 and a dilation of 1; less than one of them would fit") {
      _ = convolutionTransposed(z([1, 2, 8]), weight: z([2, 2, 3]), stride: 2, outputPadding: 2)
    },
    ErrorRow("convolutionTransposed: a padding of [9] leaves nothing of axis -1 of [8] under a window of [3]") {
      _ = convolutionTransposed(z([1, 2, 8]), weight: z([2, 2, 3]), padding: 9)
    },
    ErrorRow("imageToColumns: [8, 8] has no axis of channels before the last 2; one axis more would fit") {
      _ = imageToColumns(z([8, 8]), window: [3, 3])
    },
    ErrorRow("columnsToImage: [1, 8, 9] for a window of [3, 3] over [5, 5]; [..., channels·9, 9] would fit") {
      _ = columnsToImage(z([1, 8, 9]), size: [5, 5], window: 3)
    },
    ErrorRow("columnsToImage: a size of []; 1 to 3 numbers would fit") { _ = columnsToImage(z([1, 9, 9]), size: [], window: 3) },
    ErrorRow("columnsToImage: shape [-5, 5] has a negative size") { _ = columnsToImage(z([1, 9, 9]), size: [-5, 5], window: 3) },
    ErrorRow("columnsToImage: not defined for bool; convert with .cast(to:)") {
      _ = columnsToImage(z([1, 9, 9], .bool), size: [5, 5], window: 3)
    },
  ]

  private static let pooling = [
    ErrorRow("maxPool: [8, 8] has 0 axes behind the first two; 1 to 3 would fit, or a list of sizes for the last ones") {
      _ = maxPool(z([8, 8]), window: 2)
    },
    ErrorRow("maxPool: sizes [2, 2, 2] for [8, 8]; 1 to 2 numbers would fit") { _ = maxPool(z([8, 8]), window: [2, 2, 2]) },
    ErrorRow("maxPool: a window of 0; 1 to 16777216 would fit") { _ = maxPool(z([8, 8]), window: [0, 2]) },
    ErrorRow("maxPool: not defined for bool; convert with .cast(to:)") { _ = maxPool(z([8, 8], .bool), window: [2, 2]) },
    ErrorRow("maxPoolPositions: not defined for bool; convert with .cast(to:)") {
      _ = maxPoolPositions(z([8, 8], .bool), window: [2, 2])
    },
    ErrorRow("maxPool: a padding of 2 for a window that spans 3; at most 1 would fit") {
      _ = maxPool(z([1, 1, 8]), window: 3, padding: 2)
    },
    ErrorRow("maxPool: axis -1 of [0] has no elements; 1 or more would fit") { _ = maxPool(z([1, 1, 0]), window: 2, padding: 1) },
    ErrorRow("maxPoolPositions: a stride of -2; 1 to 16777216 would fit") { _ = maxPoolPositions(z([1, 1, 8]), window: 2, stride: -2) },
    ErrorRow("maxPool: a size of -1; 0 to 16777216 would fit") { _ = maxPool(z([1, 1, 8]), to: -1) },
    ErrorRow("maxPoolPositions: axis -1 of [1, 1, 0] has no elements; 1 or more would fit") { _ = maxPoolPositions(z([1, 1, 0]), to: 1) },
    ErrorRow("meanPool: a divisor of 0; any other number would fit") { _ = meanPool(z([1, 1, 8]), window: 2, divisor: 0) },
    ErrorRow("meanPool: not defined for bool; convert with .cast(to:)") { _ = meanPool(z([1, 1, 8], .bool), window: 2) },
    ErrorRow("meanPool: sizes [] for [8]; 1 to 1 numbers would fit") { _ = meanPool(z([8]), to: []) },
  ]

  private static let resampling = [
    ErrorRow("interpolate: a size of 0; 1 to 16777216 would fit") { _ = interpolate(z([1, 1, 8]), to: 0) },
    ErrorRow("interpolate: not defined for int32, only for floating-point dtypes; convert with .cast(to:)") {
      _ = interpolate(z([1, 1, 8], .int32), to: 4, method: .linear)
    },
    ErrorRow("interpolate: a scale of 1e+18 for axis -1 of [1, 1, 8] gives 8e+18 elements, more than memory could hold") {
      _ = interpolate(z([1, 1, 8]), scale: 1e18)
    },
    ErrorRow("interpolate: shape [1, 1, 524288000000, 524288000000] has more elements than memory could hold") {
      _ = interpolate(z([1, 1, 512, 512]), scale: 1_024_000_000, method: .linear)
    },
    ErrorRow("interpolate: alignsCorners says nothing about the method nearest; linear or cubic would fit") {
      _ = interpolate(z([1, 1, 8]), to: 4, alignsCorners: true)
    },
    ErrorRow("interpolate: antialiases says nothing about the method nearestExact; linear or cubic would fit") {
      _ = interpolate(z([1, 1, 8]), scale: 2, method: .nearestExact, antialiases: true)
    },
    ErrorRow("interpolate: axis 2 of [1, 1, 0] has no elements; 1 or more would fit") { _ = interpolate(z([1, 1, 0]), to: 4) },
    ErrorRow("interpolate: a scale of 0.1 for axis -1 of [1, 1, 8] leaves no element; one that gives 1 or more would fit") {
      _ = interpolate(z([1, 1, 8]), scale: 0.1)
    },
    ErrorRow("interpolate: a scale of nan for axis -1 of [1, 1, 8]; a finite number above 0 would fit") {
      _ = interpolate(z([1, 1, 8]), scale: .nan)
    },
    ErrorRow("gridSample: [1, 3, 8]; [batch, channels, height, width] or [batch, channels, depth, height, width] would fit") {
      _ = gridSample(z([1, 3, 8]), at: z([1, 2, 1]))
    },
    ErrorRow("gridSample: a grid of shape [1, 2, 2, 3] for [1, 3, 8, 8]; [1, rows, columns, 2] would fit") {
      _ = gridSample(z([1, 3, 8, 8]), at: z([1, 2, 2, 3]))
    },
    ErrorRow("gridSample: a grid of shape [2, 2, 2, 2, 3] for [1, 3, 8, 8, 8]; [1, layers, rows, columns, 3] would fit") {
      _ = gridSample(z([1, 3, 8, 8, 8]), at: z([2, 2, 2, 2, 3]))
    },
    ErrorRow("gridSample: [1, 3, 0, 8] has an axis without elements; 1 or more would fit") {
      _ = gridSample(z([1, 3, 0, 8]), at: z([1, 2, 2, 2]))
    },
    ErrorRow("gridSample: operands of dtypes float32 and float64; convert one with .cast(to: .float32) or .cast(to: .float64)") {
      _ = gridSample(z([1, 3, 8, 8]), at: z([1, 2, 2, 2], .float64))
    },
    ErrorRow("gridSample: not defined for int64, only for floating-point dtypes; convert with .cast(to:)") {
      _ = gridSample(z([1, 3, 8, 8], .int64), at: z([1, 2, 2, 2], .int64))
    },
  ]
}
