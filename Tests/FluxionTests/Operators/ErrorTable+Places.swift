import Tensors

private func z(_ shape: Shape, _ dtype: DType = .float32) -> Tensor { .zeros(shape, dtype) }

extension ErrorTable {
  /// Scattering, windows, diagonals, padding, rearranging, splitting.
  static let places = writing + windows + diagonals + rearranging + parts

  private static let mixed = "operands of dtypes float32 and float64; convert one with .cast(to: .float32) or .cast(to: .float64)"

  private static let writing = [
    ErrorRow("scatter: indices of shape [1, 2] for values of shape [2, 2]; equal shapes would fit") {
      _ = z([4, 2]).scatter(z([2, 2]), at: z([1, 2], .int64), axis: 0)
    },
    ErrorRow("scatter: indices of shape [2, 3] for [4, 2]: they need the same axes, none longer but axis 0") {
      _ = z([4, 2]).scatter(z([2, 3]), at: z([2, 3], .int64), axis: 0)
    },
    ErrorRow("scatter: index 4 at position 0 for axis 0 of [4, 2]; -4 to 3 would fit") {
      _ = z([4, 2]).scatter(z([1, 1]), at: Tensor([4], shape: [1, 1], .int64), axis: 0)
    },
    ErrorRow("scatter: axis 2 of [4, 2]; -2 to 1 would fit") { _ = z([4, 2]).scatter(z([1, 1]), at: z([1, 1], .int64), axis: 2) },
    ErrorRow("scatter: \(mixed)") { _ = z([4]).scatter(z([1], .float64), at: z([1], .int64), axis: 0) },
    ErrorRow("scatter: not defined for bool; convert with .cast(to:)") {
      _ = z([4], .bool).scatter(z([1], .bool), at: z([1], .int64), axis: 0, combining: .maximum)
    },
    ErrorRow("scatter: index -5 at position 0 for axis 0 of [4]; -4 to 3 would fit") {
      _ = z([4]).scatter(z([1]), at: Tensor([-5], .int64), axis: 0, combining: .product)
    },
    ErrorRow("adding: indices of shape [1, 1]; a vector would fit") { _ = z([4, 2]).adding(z([1, 2]), at: z([1, 1], .int64), axis: 0) },
    ErrorRow("adding: values of shape [2, 3] at 2 indices; [2, 2] would fit") {
      _ = z([4, 2]).adding(z([2, 3]), at: Tensor([0, 1], .int64), axis: 0)
    },
    ErrorRow("adding: index 2 at position 1 for axis 1 of [4, 2]; -2 to 1 would fit") {
      _ = z([4, 2]).adding(z([4, 2]), at: Tensor([0, 2], .int64), axis: -1)
    },
    ErrorRow("adding: axis 2 of [4, 2]; -2 to 1 would fit") { _ = z([4, 2]).adding(z([4, 2]), at: Tensor([0], .int64), axis: 2) },
    ErrorRow("adding: \(mixed)") { _ = z([4]).adding(z([1], .float64), at: Tensor([0], .int64), axis: 0) },
    ErrorRow("adding: not defined for bool; convert with .cast(to:)") { _ = z([4], .bool).adding(z([1], .bool), at: Tensor([0], .int64)) },
    ErrorRow("subscript: a value of shape [3] for a part of shape [2]; equal sizes or 1 would fit") {
      _ = z([4, 2]).adding(z([3]), at: 1)
    },
    ErrorRow("subscript: axis 2 of [4, 2]; -2 to 1 would fit") { _ = z([4, 2])[axis: 2, 0] },
    ErrorRow("subscript: axis -3 of [4, 2]; -2 to 1 would fit") {
      var x = z([4, 2])
      x[axis: -3, 0] = z([2])
    },
    ErrorRow("subscript: index 4 for axis 0 of [4, 2]; -4 to 3 would fit") { _ = z([4, 2])[at: [4]] },
  ]

  private static let windows = [
    ErrorRow("windows: of size 5 in steps of 1 along axis 0 of [4]; a size of 0 to 4 and a positive step would fit") {
      _ = z([4]).windows(axis: 0, size: 5)
    },
    ErrorRow("windows: of size 2 in steps of 0 along axis 0 of [4]; a size of 0 to 4 and a positive step would fit") {
      _ = z([4]).windows(axis: -1, size: 2, step: 0)
    },
    ErrorRow("windows: axis 1 of [4]; -1 to 0 would fit") { _ = z([4]).windows(axis: 1, size: 2) },
    ErrorRow("windows: of [1, 1, 1, 1, 1, 1, 1, 1] would have more than 8 axes") {
      _ = z([1, 1, 1, 1, 1, 1, 1, 1]).windows(axis: 0, size: 1)
    },
    ErrorRow("strided: shape [2, 2] and strides [1]; as many strides as axes would fit") { _ = z([4]).strided([2, 2], strides: [1]) },
    ErrorRow("strided: shape [-1] has a negative size") { _ = z([4]).strided([-1], strides: [1]) },
    ErrorRow("strided: [2, 2] with strides [2, 1] from 1 has places 1 to 4; [4] has 0 to 3") {
      _ = z([4]).strided([2, 2], strides: [2, 1], offset: 1)
    },
    ErrorRow("strided: [3] with strides [-1] from 1 has places -1 to 1; [4] has 0 to 3") {
      _ = z([4]).strided([3], strides: [-1], offset: 1)
    },
    ErrorRow("strided: [3] with strides [9223372036854775807] from 0 has places beyond any memory; [4] has 0 to 3") {
      _ = z([4]).strided([3], strides: [.max])
    },
    ErrorRow("strided: [1] with strides [0] from 0 has places 0 to 0; [0] has none") { _ = z([0]).strided([1], strides: [1]) },
    ErrorRow("padded: by 1 and 3 elements along axis 1 of [2, 3], mode reflect; at most 2 would fit") {
      _ = z([2, 3]).padded([(1, 3)], mode: .reflect)
    },
    ErrorRow("padded: by 4 and 0 elements along axis 1 of [2, 3], mode circular; at most 3 would fit") {
      _ = z([2, 3]).padded([(4, 0)], mode: .circular)
    },
    ErrorRow("padded: by 1 and 0 elements along axis 0 of [0, 3], mode replicate; at most 0 would fit") {
      _ = z([0, 3]).padded([(1, 0), (0, 0)], mode: .replicate)
    },
    ErrorRow("padded: by -3 and -2 elements along axis 0 of [4]; at most 4 can be taken away") {
      _ = z([4]).padded([(-3, -2)], mode: .replicate)
    },
  ]

  private static let diagonals = [
    ErrorRow("diagonal: axis -2 of [3]; -1 to 0 would fit") { _ = z([3]).diagonal() },
    ErrorRow("diagonal: of axes 0 and -2 of [2, 3], which are the same; two different axes would fit") {
      _ = z([2, 3]).diagonal(axes: (0, -2))
    },
    ErrorRow("replacingDiagonal: axis 2 of [2, 3]; -2 to 1 would fit") { _ = z([2, 3]).replacingDiagonal(with: z([2]), axes: (0, 2)) },
    ErrorRow("replacingDiagonal: values of shape [3] for diagonal 0 of [2, 3]; [2] would fit") {
      _ = z([2, 3]).replacingDiagonal(with: z([3]))
    },
    ErrorRow("replacingDiagonal: \(mixed)") { _ = z([2, 3]).replacingDiagonal(with: z([2], .float64)) },
    ErrorRow("diagonalMatrix: of [] along axes -2 and -1; 1 to 7 axes would fit") { _ = z([]).diagonalMatrix() },
    ErrorRow("diagonalMatrix: of [3] along axes 0 and 2; two different axes of -2 to 1 would fit") {
      _ = z([3]).diagonalMatrix(axes: (0, 2))
    },
    ErrorRow("diagonalMatrix: shape [4611686018427387906, 4611686018427387906] has more elements than memory could hold") {
      _ = z([3]).diagonalMatrix(offset: .min)
    },
    ErrorRow("lowerTriangle: of [3]; a matrix, or several along more axes, would fit") { _ = z([3]).lowerTriangle() },
    ErrorRow("upperTriangle: of []; a matrix, or several along more axes, would fit") { _ = z([]).upperTriangle() },
    ErrorRow("blockDiagonal: no tensors; one or more would fit") { _ = blockDiagonal([]) },
    ErrorRow("blockDiagonal: a tensor of shape [1, 1, 1]; matrices, vectors and scalars would fit") { _ = blockDiagonal([z([1, 1, 1])]) },
    ErrorRow("meshgrid: a tensor of shape [2, 1]; vectors and scalars would fit") { _ = meshgrid([z([2]), z([2, 1])]) },
    ErrorRow("shape: a tensor has at most 8 axes") { _ = meshgrid(Array(repeating: z([1]), count: 9)) },
  ]

  private static let rearranging = [
    ErrorRow("rolled: 2 shifts along 1 axes of [3]; a shift for each axis would fit") { _ = z([3]).rolled(by: [1, 2], axes: [0]) },
    ErrorRow("rolled: axis 1 of [3]; -1 to 0 would fit") { _ = z([3]).rolled(by: 1, axis: 1) },
    ErrorRow("rotated: axis 1 of [3]; -1 to 0 would fit") { _ = z([3]).rotated() },
    ErrorRow("rotated: along axes 1 and -1 of [2, 3], which are the same; two different axes would fit") {
      _ = z([2, 3]).rotated(axes: (1, -1))
    },
    ErrorRow("moved: axis -2 of [2, 3] is named twice in [0, -2]") { _ = z([2, 3]).moved(axes: [0, -2], to: [0, 1]) },
    ErrorRow("moved: axis 2 of [2, 3]; -2 to 1 would fit") { _ = z([2, 3]).moved(axes: [0], to: [2]) },
    ErrorRow("moved: axes [0] to [1, 0] of [2, 3]; as many places as axes would fit") { _ = z([2, 3]).moved(axes: [0], to: [1, 0]) },
    ErrorRow("unflattened: axis 1 of [2, 6] into [4, 2]; sizes whose product is 6, 8 axes at most in all, would fit") {
      _ = z([2, 6]).unflattened(axis: -1, into: [4, 2])
    },
    ErrorRow("unflattened: axis 0 of [2, 6] into [-1, -1]; sizes whose product is 2, 8 axes at most in all, would fit") {
      _ = z([2, 6]).unflattened(axis: 0, into: [-1, -1])
    },
    ErrorRow("unflattened: axis 2 of [2, 6]; -2 to 1 would fit") { _ = z([2, 6]).unflattened(axis: 2, into: [1]) },
    ErrorRow("pixelShuffled: [3, 2, 2] by 2; […, channels, height, width] with a multiple of 4 channels would fit") {
      _ = z([3, 2, 2]).pixelShuffled(by: 2)
    },
    ErrorRow("pixelUnshuffled: [1, 3, 2] by 2; […, channels, height, width] with height and width multiples of 2 would fit") {
      _ = z([1, 3, 2]).pixelUnshuffled(by: 2)
    },
    ErrorRow("reversed: axis 2 of [2, 3]; -2 to 1 would fit") { _ = z([2, 3]).reversed(axes: [2]) },
  ]

  private static let parts = [
    ErrorRow("split: 0 parts along axis 0 of [4]; 1 or more would fit") { _ = z([4]).split(parts: 0) },
    ErrorRow("split: axis 1 of [4]; -1 to 0 would fit") { _ = z([4]).split(at: [1], axis: 1) },
    ErrorRow("unstacked: axis 1 of [4]; -1 to 0 would fit") { _ = z([4]).unstacked(axis: 1) },
    ErrorRow("repeated: int64 counts of shape [2] for axis 0 of [4]; integers, one or 4 of them, would fit") {
      _ = z([4]).repeated(Tensor([1, 2], .int64), axis: 0)
    },
    ErrorRow("repeated: float32 counts of shape [4] for axis 0 of [4]; integers, one or 4 of them, would fit") {
      _ = z([4]).repeated(z([4]), axis: 0)
    },
    ErrorRow("repeated: -1 times along axis 0 of [2]; 0 or more would fit") { _ = z([2]).repeated(Tensor([3, -1], .int64), axis: 0) },
    ErrorRow("repeated: how often the elements of [2] repeat is not known in a run on shapes alone") {
      dryRun { _ = z([2]).repeated(Tensor.outline([2], .int64), axis: 0) }
    },
    ErrorRow("repeated: shape [4611686018427387902] has more elements than memory could hold") {
      _ = z([2]).repeated(Tensor([Int.max, Int.max]), axis: 0)
    },
  ]
}
