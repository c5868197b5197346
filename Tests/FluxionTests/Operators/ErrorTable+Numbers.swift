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
