import Tensors

/// Numbers that no shape, list or machine can hold.
extension ErrorTable {
  /// A view of one number, which takes no memory whatever its sizes.
  private static func wide(_ sizes: [Int]) -> Tensor { Tensor(Float(1)).expanded(Shape(sizes)) }
  private static let tooMany = "has more elements than memory could hold"

  static let numbers = [
    ErrorRow("matmul: [1048576, 1] • [1, 1048576]: a result of shape [1048576, 1048576] \(tooMany)") {
      _ = matmul(wide([1 << 20, 1]), wide([1, 1 << 20]))
    },
    ErrorRow("matmul: [2147483648, 1] • [1, 2147483648]: a result of shape [2147483648, 2147483648] \(tooMany)") {
      let x = wide([1 << 31, 1])
      _ = matmul(x, x.transposed())
    },
    ErrorRow("matmul: [1, 2147483648] • [2147483648, 1]: sizes up to 2147483647 would fit") {
      let x = wide([1, 1 << 31])
      _ = matmul(x, x.transposed())
    },
    ErrorRow("linear: [1048576, 1] for a weight of shape [1048576, 1]: a result of shape [1048576, 1048576] \(tooMany)") {
      _ = linear(wide([1 << 20, 1]), weight: wide([1 << 20, 1]), bias: wide([1 << 20]))
    },
    ErrorRow("besselJ: order 2; 0 or 1 would fit") { _ = besselJ(2, wide([3])) },
    ErrorRow("besselK: order -1; 0 or 1 would fit") { _ = Elementwise { besselK(-1, $0) } },
    ErrorRow("multivariateLogGamma: dimension 0; 1 or more would fit") { _ = multivariateLogGamma(0, wide([3])) },
    ErrorRow("window: of -1 points; 0 or more would fit") { _ = Tensor.window(.hann, count: -1) },
    ErrorRow("window: a beta of nan; a finite number of 0 or more would fit") { _ = Tensor.window(.kaiser(beta: .nan), count: 4) },
    ErrorRow("&: not defined for float32, only for int32, int64, bool; convert with .cast(to:)") { _ = wide([3]) & wide([3]) },
    ErrorRow("combiningSegments: lengths that add up to 2.0 for 3 rows; 3 would fit") {
      _ = Tensor.ones([3]).combiningSegments(lengths: [1, 1], by: .sum)
    },
    ErrorRow("centralDifferences: 2 points along axis 0; 3 or more would fit") { _ = Tensor.ones([2]).centralDifferences(edgeOrder: 2) },
    ErrorRow("covariance: weights of shape [2] for 3 observations; [3] would fit") {
      _ = Tensor.ones([2, 3]).covariance(weights: .ones([2]))
    },
    ErrorRow("histogram: edges of shape [1]; a vector of 2 or more would fit") { _ = Tensor.ones([3]).histogram(edges: [1]) },
    ErrorRow("maxUnpool: positions of shape [2] and int64 for [1, 1, 2]; integers of that shape would fit") {
      _ = maxUnpool(.ones([1, 1, 2]), at: .zeros([2], .int64), window: 2)
    },
    ErrorRow("luUnpacked: a pivot of 4; 1 to 3 would fit") { _ = luUnpacked(.ones([3, 3]), pivots: [4, 2, 3]) },
    ErrorRow("ldlSolve: a pivot of 0; ±1 to ±3 would fit") { _ = ldlSolve(.ones([3, 3]), pivots: [0, 2, 3], .ones([3])) },
    ErrorRow("householderProduct: scales of shape [3] for reflections of [3, 2]; one for each of the first columns would fit") {
      _ = householderProduct(.ones([3, 2]), scales: .ones([3]))
    },
    ErrorRow("shape: -1 axes of size 1; 0 to 8 axes would fit") { _ = Shape(repeating: 1, rank: -1) },
    ErrorRow("shape: 4611686018427387904 axes of size 2; 0 to 8 axes would fit") { _ = Shape(repeating: 2, rank: 1 << 62) },
    ErrorRow("shape: a tensor has at most 8 axes") { _ = Shape(0..<Int.max) },
    ErrorRow("permutation: shape [4611686018427387904] \(tooMany)") { _ = Tensor.permutation(1 << 62) },
    ErrorRow("permutation: shape [9223372036854775807] \(tooMany)") { _ = Tensor.permutation(.max) },
    ErrorRow("arange: from 0 to -9223372036854775808 in steps of -1 has 9223372036854775808 elements, more than memory could hold") {
      _ = Tensor.arange(from: 0, to: .min, step: -1)
    },
    ErrorRow("split: 9223372036854775807 parts take 9223372036854775807 bytes, more than memory could hold") {
      _ = Tensor.ones([3]).split(parts: .max)
    },
    ErrorRow("split: 4611686018427387904 parts take 9223372036854775807 bytes, more than memory could hold") {
      _ = Tensor.ones([3]).split(parts: 1 << 62)
    },
    ErrorRow(
      "convolution: [1, 4, 4] for a weight of shape [2, 2, 1] in 4611686018427387904 groups: 9223372036854775807 channels in axis -2 would fit"
    ) {
      _ = convolution(.ones([1, 4, 4]), weight: .ones([2, 2, 1]), groups: 1 << 62)
    },
    ErrorRow("imageToColumns: shape [1, 9223372036854775807, 125] \(tooMany)") {
      _ = imageToColumns(.ones([1, 1, 4, 4, 4]), window: 16_777_216, padding: 8_388_608)
    },
    ErrorRow("interpolate: the places and weights of 40000000000 elements take 5120000000000 bytes, more than memory could hold") {
      _ = interpolate(.ones([1, 1, 4]), scale: 1e10)
    },
    ErrorRow("shape: [2, 3] has no axes -9223372036854775808..<-9223372036854775808; its axes are 0 to 1") {
      _ = ([2, 3] as Shape)[Int.min..<Int.min]
    },
  ]
}
