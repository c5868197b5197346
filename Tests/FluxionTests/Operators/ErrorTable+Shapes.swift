import Autodiff
import Tensors

private func z(_ shape: Shape, _ dtype: DType = .float32) -> Tensor { .zeros(shape, dtype) }

extension ErrorTable {
  static let views = [
    ErrorRow("reshaped: [2, 3] to [4]: 6 elements do not fit 4") { _ = z([2, 3]).reshaped([4]) },
    ErrorRow("reshaped: [2, 3] to [4, -1]: 6 elements do not fit a multiple of 4") { _ = z([2, 3]).reshaped([4, -1]) },
    ErrorRow("reshaped: [-1, -1] leaves more than one size open") { _ = z([2, 3]).reshaped([-1, -1]) },
    ErrorRow("reshaped: [-2, 3] has a negative size; only -1 is one, for the size that follows from the others") {
      _ = z([2, 3]).reshaped([-2, 3])
    },
    ErrorRow("reshaped: [2, 3] to [4294967296, 4294967296]: that is more elements than memory could hold") {
      _ = z([2, 3]).reshaped([1 << 32, 1 << 32])
    },
    ErrorRow("permuted: axes [0, 0] are not the axes of [2, 3], each once") { _ = z([2, 3]).permuted([0, 0]) },
    ErrorRow("permuted: axes [0] are not the axes of [2, 3], each once") { _ = z([2, 3]).permuted([0]) },
    ErrorRow("transposed: axis 2 of [2, 3]; -2 to 1 would fit") { _ = z([2, 3]).transposed(0, 2) },
    ErrorRow("transposed: axis -2 of [3]; -1 to 0 would fit") { _ = z([3]).transposed() },
    ErrorRow("squeezed: axis 1 of [1, 3] has size 3, not 1") { _ = z([1, 3]).squeezed(axes: 1) },
    ErrorRow("squeezed: axis 2 of [1, 3]; -2 to 1 would fit") { _ = z([1, 3]).squeezed(axes: [2]) },
    ErrorRow("unsqueezed: axis 3 for [1, 3]; -3 to 2 would fit") { _ = z([1, 3]).unsqueezed(axis: 3) },
    ErrorRow("flattened: axis 5 of [1, 3]; -2 to 1 would fit") { _ = z([1, 3]).flattened(to: 5) },
    ErrorRow("flattened: from axis 1 to axis 0 of [1, 3]; a last axis behind the first would fit") {
      _ = z([1, 3]).flattened(from: 1, to: 0)
    },
    ErrorRow("reversed: axis -1 of [1, 3] is named twice in [1, -1]") { _ = z([1, 3]).reversed(axes: 1, -1) },
    ErrorRow("expanded: [2, 3] to [2, 4]: each axis, counted from the last, must be equal or 1") { _ = z([2, 3]).expanded([2, 4]) },
    ErrorRow("expanded: [2, 3] to [3]: each axis, counted from the last, must be equal or 1") { _ = z([2, 3]).expanded([3]) },
    ErrorRow("expanded: shape [-1] has a negative size") { _ = z([1]).expanded([-1]) },
    ErrorRow("expanded: shape [4294967296, 4294967296] has more elements than memory could hold") {
      _ = z([1]).expanded([1 << 32, 1 << 32])
    },
  ]

  static let slices = [
    ErrorRow("concatenate: no tensors; one or more would fit") { _ = concatenate([]) },
    ErrorRow("concatenate: [2, 3] and [4, 3] differ beside axis 1; equal sizes or 1 would fit") {
      _ = concatenate([z([2, 3]), z([4, 3])], axis: 1)
    },
    ErrorRow("concatenate: [2, 3] and [3] differ beside axis 0; equal sizes or 1 would fit") { _ = concatenate([z([2, 3]), z([3])]) },
    ErrorRow("concatenate: axis 2 of [2, 3]; -2 to 1 would fit") { _ = concatenate([z([2, 3]), z([2, 3])], axis: 2) },
    ErrorRow("concatenate: operands of dtypes float32 and int32; convert one with .cast(to: .float32) or .cast(to: .int32)") {
      _ = concatenate([z([2]), z([2], .int32)])
    },
    ErrorRow("stack: no tensors; one or more would fit") { _ = stack([]) },
    ErrorRow("stack: [2] and [3] differ; equal shapes would fit") { _ = stack([z([2]), z([3])]) },
    ErrorRow("stack: axis 2 for tensors of shape [2]; -2 to 1 would fit") { _ = stack([z([2]), z([2])], axis: 2) },
    ErrorRow("split: sizes [1, 2] for axis 0 of [4, 2]; sizes that add up to 4, none negative, would fit") {
      _ = z([4, 2]).split(sizes: [1, 2])
    },
    ErrorRow("split: sizes [5, -1] for axis 0 of [4, 2]; sizes that add up to 4, none negative, would fit") {
      _ = z([4, 2]).split(sizes: [5, -1])
    },
    ErrorRow("split: axis 2 of [4, 2]; -2 to 1 would fit") { _ = z([4, 2]).split(sizes: [4], axis: 2) },
    ErrorRow("split: parts of size 0 along axis 1 of [4, 2]; 1 or more would fit") { _ = z([4, 2]).split(size: 0, axis: -1) },
    ErrorRow("chunk: 0 parts along axis 0 of [4, 2]; 1 or more would fit") { _ = z([4, 2]).chunk(0) },
    ErrorRow("chunk: axis 3 of [4, 2]; -2 to 1 would fit") { _ = z([4, 2]).chunk(1, axis: 3) },
    ErrorRow("tiled: counts [1, -2] for [4, 2]; 0 or more would fit") { _ = z([4, 2]).tiled([1, -2]) },
    ErrorRow("repeated: -1 times along axis 1 of [4, 2]; 0 or more would fit") { _ = z([4, 2]).repeated(-1, axis: 1) },
    ErrorRow("repeated: axis 2 of [4, 2]; -2 to 1 would fit") { _ = z([4, 2]).repeated(2, axis: 2) },
    ErrorRow("padded: 2 amounts for the 1 axes of [4]; one for each, or for the last ones only, would fit") {
      _ = z([4]).padded([(1, 1), (1, 1)])
    },
    ErrorRow("padded: by -3 and -2 elements along axis 0 of [4]; at most 4 can be taken away") { _ = z([4]).padded([(-3, -2)]) },
    ErrorRow("padded: shape [4611686018427387904, 4] has more elements than memory could hold") {
      _ = z([4, 4]).padded([(1 << 62 - 4, 0), (0, 0)])
    },
  ]

  static let subscripts = [
    ErrorRow("subscript: index 2 for axis 0 of [2, 3]; -2 to 1 would fit") { _ = z([2, 3])[2] },
    ErrorRow("subscript: index -4 for axis 1 of [2, 3]; -3 to 2 would fit") { _ = z([2, 3])[0, -4] },
    ErrorRow("subscript: index 0 for axis 0 of [0, 3]; it has no elements") { _ = z([0, 3])[0] },
    ErrorRow("subscript: 3 indices for [2, 3], which has 2 axes") { _ = z([2, 3])[0, 0, 0] },
    ErrorRow("subscript: more than one ellipsis") { _ = z([2, 3])[.ellipsis, .ellipsis] },
    ErrorRow("subscript: bound 4 for axis 1 of [2, 3]; -3 to 3 would fit") { _ = z([2, 3])[.all, 1..<4] },
    ErrorRow("subscript: bound -5 for axis 1 of [2, 3]; -3 to 3 would fit") { _ = z([2, 3])[.all, (-5)...] },
    ErrorRow("subscript: a stride of 0 for axis 0 of [2, 3]") { _ = z([2, 3])[.stride(by: 0)] },
    ErrorRow("subscript: the result would have more than 8 axes") { _ = z([1, 1, 1, 1, 1, 1, 1, 1])[.newAxis] },
    ErrorRow("subscript: index 2 at position 1 for axis 0 of [2, 3]; -2 to 1 would fit") { _ = z([2, 3])[Tensor([0, 2], .int64)] },
    ErrorRow("subscript: index 3 at position 0 for axis 1 of [2, 3]; -3 to 2 would fit") {
      _ = z([2, 3])[Tensor([1], .int64), Tensor([3], .int64)]
    },
    ErrorRow("subscript: index tensors of shapes [2] and [3] do not broadcast; equal sizes or 1 would fit") {
      _ = z([2, 3])[Tensor([0, 0], .int64), Tensor([0, 0, 0], .int64)]
    },
    ErrorRow("subscript: an index tensor of float32; int32 and int64 hold positions, bool is a mask") { _ = z([2, 3])[z([2])] },
    ErrorRow("subscript: a mask of shape [3] for axes 0 to 0 of [2, 3]") { _ = z([2, 3])[z([3], .bool)] },
    ErrorRow("subscript: a value of shape [2] for a part of shape [3]; equal sizes or 1 would fit") {
      var x = z([2, 3])
      x[0] = z([2])
    },
    ErrorRow("subscript: a float64 value for a float32 tensor; convert it with .cast(to: .float32)") {
      var x = z([2, 3])
      x[0] = z([3], .float64)
    },
    ErrorRow("subscript: operands of dtypes float32 and float64; convert one with .cast(to: .float32) or .cast(to: .float64)") {
      var x = z([2, 3])
      x[Tensor([0], .int64)] = z([3], .float64)
    },
    ErrorRow("subscript: index 5 for axis 0 of [2, 3]; -2 to 1 would fit") {
      var x = z([2, 3])
      x[5] = z([3])
    },
    ErrorRow("subscript: index 7 at position 0 for axis 0 of [2, 3]; -2 to 1 would fit") {
      var x = z([2, 3])
      x[Tensor([7], .int64)] = z([3])
    },
  ]

  static let indexing = [
    ErrorRow("take: index 4 at position 1 for axis 0 of [4, 2]; -4 to 3 would fit") { _ = z([4, 2]).take(Tensor([0, 4], .int64)) },
    ErrorRow("take: indices are float32; int32 or int64 would fit") { _ = z([4, 2]).take(z([2])) },
    ErrorRow("take: axis 2 of [4, 2]; -2 to 1 would fit") { _ = z([4, 2]).take(Tensor([0], .int64), axis: 2) },
    ErrorRow("take: axis 0 of a scalar, which has none") { _ = z([]).take(Tensor([0], .int64)) },
    ErrorRow("gather: index -5 at position 0 for axis 0 of [4, 2]; -4 to 3 would fit") {
      _ = z([4, 2]).gather(Tensor([-5, 0], shape: [1, 2], .int64), axis: 0)
    },
    ErrorRow("gather: indices of shape [3, 3] for [4, 2]: they need the same axes, none longer but axis 0") {
      _ = z([4, 2]).gather(z([3, 3], .int64), axis: 0)
    },
    ErrorRow("gather: indices are bool; int32 or int64 would fit") { _ = z([4, 2]).gather(z([4, 2], .bool), axis: 0) },
    ErrorRow("scatterAdd: indices of shape [1, 2] for values of shape [2, 2]; equal shapes would fit") {
      _ = z([4, 2]).scatterAdd(z([2, 2]), at: z([1, 2], .int64), axis: 0)
    },
    ErrorRow("scatterAdd: index 4 at position 0 for axis 0 of [4, 2]; -4 to 3 would fit") {
      _ = z([4, 2]).scatterAdd(z([1, 2]), at: Tensor([4, 0], shape: [1, 2], .int64), axis: 0)
    },
    ErrorRow("scatterAdd: not defined for bool; convert with .cast(to:)") {
      _ = z([4], .bool).scatterAdd(z([4], .bool), at: z([4], .int64), axis: 0)
    },
    ErrorRow("scatterAdd: operands of dtypes float32 and int32; convert one with .cast(to: .float32) or .cast(to: .int32)") {
      _ = z([4]).scatterAdd(z([4], .int32), at: z([4], .int64), axis: 0)
    },
    ErrorRow("oneHot: id 3 at position 1 for 3 classes; 0 to 2 would fit") { _ = Tensor([0, 3], .int64).oneHot(classes: 3) },
    ErrorRow("oneHot: id -1 at position 0 for 3 classes; 0 to 2 would fit") { _ = Tensor([-1], .int64).oneHot(classes: 3) },
    ErrorRow("oneHot: class ids are float32; int32 or int64 would fit") { _ = z([2]).oneHot(classes: 3) },
    ErrorRow("oneHot: -1 classes for ids of shape [2]; 0 or more would fit") { _ = z([2], .int64).oneHot(classes: -1) },
  ]

  static let reductions =
    ["sum", "mean", "prod", "max", "min", "any", "all", "variance", "standardDeviation", "logSumExp", "argmax", "argmin"].map { name in
      ErrorRow("\(name): axis 2 of [2, 3]; -2 to 1 would fit") { reduce(z([2, 3]), name, [2]) }
    } + [
      ErrorRow("sum: axis -2 of [2, 3] is named twice in [0, -2]") { reduce(z([2, 3]), "sum", [0, -2]) },
      ErrorRow("logSumExp: axis -2 of [2, 3] is named twice in [0, -2]") { reduce(z([2, 3]), "logSumExp", [0, -2]) },
      ErrorRow("max: axis 0 of [0, 3] has no elements to choose from") { reduce(z([0, 3]), "max", []) },
      ErrorRow("argmin: axis 0 of [0, 3] has no elements to choose from") { reduce(z([0, 3]), "argmin", [0]) },
      ErrorRow("mean: not defined for int64, only for floating-point dtypes; convert with .cast(to:)") {
        reduce(z([2], .int64), "mean", [])
      },
      ErrorRow("variance: not defined for bool, only for floating-point dtypes; convert with .cast(to:)") {
        reduce(z([2], .bool), "variance", [])
      },
      ErrorRow("standardDeviation: not defined for int32, only for floating-point dtypes; convert with .cast(to:)") {
        reduce(z([2], .int32), "standardDeviation", [])
      },
      ErrorRow("logSumExp: not defined for int32, only for floating-point dtypes; convert with .cast(to:)") {
        reduce(z([2], .int32), "logSumExp", [])
      },
      ErrorRow("softmax: axis 2 of [2, 3]; -2 to 1 would fit") { _ = z([2, 3]).softmax(axis: 2) },
      ErrorRow("softmax: not defined for int64, only for floating-point dtypes; convert with .cast(to:)") { _ = z([2], .int64).softmax() },
      ErrorRow("logSoftmax: axis -3 of [2, 3]; -2 to 1 would fit") { _ = z([2, 3]).logSoftmax(axis: -3) },
      ErrorRow("logSoftmax: not defined for bool, only for floating-point dtypes; convert with .cast(to:)") {
        _ = z([2], .bool).logSoftmax()
      },
      ErrorRow("crossEntropy: logits of shape [2, 3] and labels of shape [3]; [rows, classes] and [rows] would fit") {
        _ = z([2, 3]).crossEntropyRows(z([3], .int64))
      },
      ErrorRow("crossEntropy: label 3 at position 1 for 3 classes; 0 to 2 would fit") {
        _ = z([2, 3]).crossEntropyRows(Tensor([0, 3], .int64))
      },
      ErrorRow("crossEntropy: labels are int32; convert with .cast(to: .int64)") { _ = z([2, 3]).crossEntropyRows(z([2], .int32)) },
    ]

  private static func reduce(_ x: Tensor, _ name: String, _ axes: [Int]) {
    switch name {
    case "sum": _ = x.sum(axes: axes)
    case "mean": _ = x.mean(axes: axes)
    case "prod": _ = x.prod(axes: axes)
    case "max": _ = x.max(axes: axes)
    case "min": _ = x.min(axes: axes)
    case "any": _ = x.any(axes: axes)
    case "all": _ = x.all(axes: axes)
    case "variance": _ = x.variance(axes: axes)
    case "standardDeviation": _ = x.standardDeviation(axes: axes)
    case "logSumExp": _ = x.logSumExp(axes: axes)
    case "argmax": _ = x.argmax(axis: axes[0])
    default: _ = x.argmin(axis: axes[0])
    }
  }

  static let products = [
    ErrorRow("matmul: [32, 10] • [12, 5]: inner dimensions 10 and 12 differ") { _ = (z([32, 10]) • z([12, 5])) },
    ErrorRow("matmul: [3] • [4]: inner dimensions 3 and 4 differ") { _ = matmul(z([3]), z([4])) },
    ErrorRow("matmul: [2, 3, 4] • [5]: inner dimensions 4 and 5 differ") { _ = matmul(z([2, 3, 4]), z([5])) },
    ErrorRow("matmul: [2, 3, 4] • [3, 4, 5]: batch axes [2] and [3] do not broadcast") { _ = matmul(z([2, 3, 4]), z([3, 4, 5])) },
    ErrorRow("matmul: [] • [2]: a scalar is no matrix; use *") { _ = matmul(z([]), z([2])) },
    ErrorRow("matmul: operands of dtypes float32 and int64; convert one with .cast(to: .float32) or .cast(to: .int64)") {
      _ = (z([2, 2]) • z([2, 2], .int64))
    },
    ErrorRow("matmul: not defined for bool; convert with .cast(to:)") { _ = (z([2, 2], .bool) • z([2, 2], .bool)) },
    ErrorRow("linear: [5, 3] for a weight of shape [2, 4]: the last axis must be 4") { _ = linear(z([5, 3]), weight: z([2, 4])) },
    ErrorRow("linear: [5, 3] for a weight of shape [2, 4]: the last axis must be 4") {
      _ = linear(z([5, 3]), weight: z([2, 4]), bias: z([2]))
    },
    ErrorRow("linear: [6, 5, 3] for a weight of shape [2, 4]: the last axis must be 4") {
      _ = linear(z([6, 5, 3]), weight: z([2, 4]), bias: z([2]))
    },
    ErrorRow("linear: [5, 3] for a weight of shape [3]; a weight of [outputs, inputs] would fit") {
      _ = linear(z([5, 3]), weight: z([3]))
    },
    ErrorRow("linear: a weight of shape [2, 3] and a bias of [3]; [outputs, inputs] and [outputs] would fit") {
      _ = linear(z([5, 3]), weight: z([2, 3]), bias: z([3]))
    },
    ErrorRow("linear: not defined for int64, only for floating-point dtypes; convert with .cast(to:)") {
      _ = linear(z([5, 3], .int64), weight: z([2, 3], .int64), bias: z([2], .int64))
    },
  ]

  static let gradients = [
    ErrorRow("gradient: of a float32 tensor of shape [2]; one float32 or float64 number, such as a .sum(), would fit") {
      _ = gradient(at: z([2])) { $0 * 2 }
    },
    ErrorRow("gradient: of a int64 tensor of shape []; one float32 or float64 number, such as a .sum(), would fit") {
      _ = gradient(at: z([2])) { $0.cast(to: .int64).sum() }
    },
    ErrorRow("gradient: at a tensor of int64; only floating-point and complex dtypes have gradients") {
      _ = gradient(at: z([2], .int64)) { $0.sum() }
    },
    ErrorRow("customGradient: the pullback gave float32 [] for an input of float32 [2]") {
      _ = gradient(at: z([2])) { x in
        customGradient(at: x) {
          $0
        } pullback: { _, _, dy in
          dy.sum()
        }.sum()
      }
    },
    ErrorRow("jacobian: of [1, 1, 1, 1, 1] at [1, 1, 1, 1] would have more than 8 axes") {
      _ = jacobian(of: { $0.unsqueezed(axis: 0) }, at: z([1, 1, 1, 1]))
    },
    ErrorRow("shape: [2] has no axis 1; its axes are -1 to 0") { _ = z([2]).shape[1] },
    ErrorRow("shape: [] has no axis -1; a scalar has none") { _ = z([]).shape[-1] },
    ErrorRow("shape: [2, 3] has no axes 0..<-1; its axes are 0 to 1") { _ = z([2, 3]).shape[..<(-1)] },
    ErrorRow("shape: [2, 3] has no axes 0..<3; its axes are 0 to 1") { _ = z([2, 3]).shape[...2] },
    ErrorRow("shape: [2, 3] has no axes 1..<3; its axes are 0 to 1") { _ = z([2, 3]).shape[1...2] },
    ErrorRow("shape: [2, 3] has no axes 0..<9223372036854775807; its axes are 0 to 1") { _ = z([2, 3]).shape[...Int.max] },
    ErrorRow("shape: [] has no axes 1..<0; a scalar has none") { _ = z([]).shape[1...] },
  ]
}
