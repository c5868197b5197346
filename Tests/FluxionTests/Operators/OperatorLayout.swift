import Tensors

/// The ways an operand can lie in memory, each made from a base tensor by views.
enum OperatorLayout: String, CaseIterable, Sendable {
  case contiguous
  /// The base has the axes in reverse order.
  case transposed
  /// The base is larger: the operand begins behind its first element, and takes every other one of the last axis.
  case sliced
  /// The base is reversed along every axis.
  case reversed
  /// The base has size 1 along the first axis: stride 0.
  case expanded
  /// The base is one number: all strides are 0.
  case filled

  /// Numbers that an operand of this layout can have, made from any numbers of its shape.
  func fitting(_ grid: Grid) -> Grid {
    if grid.values.isEmpty || grid.rank == 0 { return grid }
    switch self {
    case .expanded: return Grid([1] + grid.shape.dropFirst(), Array(grid.values.prefix(grid.count / grid.shape[0]))).expanded(grid.shape)
    case .filled: return Grid(grid.values[0]).expanded(grid.shape)
    default: return grid
    }
  }

  /// The base's numbers; what the operand must not read is NaN, or 99 of an integer.
  func base(_ grid: Grid, _ dtype: DType) -> Grid {
    if grid.rank == 0 { return grid }
    switch self {
    case .contiguous: return grid
    case .transposed: return grid.permuted(Array((0..<grid.rank).reversed()))
    case .sliced:
      let last = grid.rank - 1
      let shape = grid.shape.enumerated().map { $0 == last ? 2 * $1 + 1 : $1 + 2 }
      let unread = dtype.isFloatingPoint ? Double.nan : dtype == .bool ? 1 : 99
      var base = Grid(unread).expanded(shape)
      var steps = Grid.steps(shape)
      let start = steps.reduce(0, +)
      steps[last] *= 2
      for (offset, value) in zip(Grid.offsets(grid.shape, steps, from: start), grid.values) { base.values[offset] = value }
      return base
    case .reversed: return Grid(grid.shape, grid.values.reversed())
    case .expanded:
      let shape = [1] + grid.shape.dropFirst()
      return grid.shape[0] == 0 ? Grid(1).expanded(shape) : Grid(shape, Array(grid.values.prefix(grid.count / grid.shape[0])))
    case .filled: return Grid(grid.values.first ?? 1)
    }
  }

  /// The operand, of the given shape, as views of the base.
  func view(_ base: Tensor, _ shape: [Int]) -> Tensor {
    if shape.isEmpty { return base }
    switch self {
    case .contiguous: return base
    case .transposed: return base.permuted(Array((0..<shape.count).reversed()))
    case .sliced:
      var x = base
      for (axis, size) in shape.enumerated().dropLast() { x = x.split(sizes: [1, size, 1], axis: axis)[1] }
      return x[.ellipsis, .stride(from: 1, by: 2)]
    case .reversed: return base.reversed()
    case .expanded, .filled: return base.expanded(Shape(shape))
    }
  }
}
