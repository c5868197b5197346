import Tensors

/// An array of numbers in plain Swift: what the references of the operator table compute with, independent of the engine.
///
/// Tests are built without optimisation, where loops over pointers are ten times faster than `map`: hence the few of them here.
struct Grid: Sendable, Equatable {
  var shape: [Int]
  /// The numbers in row-major order.
  var values: [Double]

  init(_ shape: [Int], _ values: [Double]) {
    precondition(values.count == shape.reduce(1, *))
    self.shape = shape
    self.values = values
  }

  /// The number at each position, visited in row-major order.
  init(_ shape: [Int], at number: ([Int]) -> Double) {
    self.shape = shape
    let count = shape.reduce(1, *)
    var position = Array(repeating: 0, count: shape.count)
    values = []
    values.reserveCapacity(count)
    for _ in 0..<count {
      values.append(number(position))
      var axis = shape.count - 1
      while axis >= 0 {
        position[axis] += 1
        if position[axis] < shape[axis] { break }
        position[axis] = 0
        axis -= 1
      }
    }
  }

  /// A scalar.
  init(_ value: Double) { self.init([], [value]) }
  /// A vector.
  init(_ values: [Double]) { self.init([values.count], values) }

  var rank: Int { shape.count }
  var count: Int { values.count }

  /// The largest finite magnitude.
  var largest: Double { values.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 } }

  subscript(position: [Int]) -> Double {
    get { values[index(position)] }
    set { values[index(position)] = newValue }
  }

  private func index(_ position: [Int]) -> Int {
    var index = 0
    for axis in 0..<shape.count { index = index * shape[axis] + position[axis] }
    return index
  }

  // MARK: Layouts

  /// The row-major steps of a shape.
  static func steps(_ shape: [Int]) -> [Int] {
    var steps = shape
    var step = 1
    for axis in shape.indices.reversed() {
      steps[axis] = step
      step *= shape[axis]
    }
    return steps
  }

  /// Where the elements of a shape lie, in row-major order, if neighbours along the axes are `steps` apart.
  static func offsets(_ shape: [Int], _ steps: [Int], from start: Int = 0) -> [Int] {
    var offsets = [start]
    for (size, step) in Swift.zip(shape, steps) {
      offsets = [Int](unsafeUninitializedCapacity: offsets.count * size) { out, count in
        for offset in offsets {
          var i = 0
          while i < size {
            out[count] = offset + i * step
            count += 1
            i += 1
          }
        }
      }
    }
    return offsets
  }

  /// The numbers at offsets, in another shape.
  func gathered(_ shape: [Int], _ offsets: [Int]) -> Grid {
    Grid(shape, Self.numbers(offsets.count) { values[offsets[$0]] })
  }

  func permuted(_ axes: [Int]) -> Grid {
    let steps = Self.steps(shape)
    let shape = axes.map { self.shape[$0] }
    return gathered(shape, Self.offsets(shape, axes.map { steps[$0] }))
  }

  /// The numbers as a larger shape sees them: axes of size 1, and those in front that are missing, repeat.
  func expanded(_ shape: [Int]) -> Grid {
    if shape == self.shape { return self }
    let (lead, steps) = (shape.count - rank, Self.steps(self.shape))
    return gathered(shape, Self.offsets(shape, shape.indices.map { $0 < lead || self.shape[$0 - lead] == 1 ? 0 : steps[$0 - lead] }))
  }

  // MARK: Functions

  private static func numbers(_ count: Int, _ number: (Int) -> Double) -> [Double] {
    [Double](unsafeUninitializedCapacity: count) { out, filled in
      while filled < count {
        out[filled] = number(filled)
        filled += 1
      }
    }
  }

  func map(_ transform: (Double) -> Double) -> Grid {
    values.withUnsafeBufferPointer { x in Grid(shape, Self.numbers(x.count) { transform(x[$0]) }) }
  }

  /// The shape that grids broadcast to.
  private static func common(_ grids: [Grid]) -> [Int] {
    let rank = grids.map(\.rank).max()!
    return (0..<rank).map { axis in
      grids.compactMap { axis >= rank - $0.rank ? $0.shape[axis - rank + $0.rank] : nil }.first { $0 != 1 } ?? 1
    }
  }

  /// A function of two grids' numbers, which broadcast together.
  static func zip(_ x: Grid, _ y: Grid, _ function: (Double, Double) -> Double) -> Grid {
    let shape = common([x, y])
    let (x, y) = (x.expanded(shape).values, y.expanded(shape).values)
    return x.withUnsafeBufferPointer { x in
      y.withUnsafeBufferPointer { y in Grid(shape, numbers(x.count) { function(x[$0], y[$0]) }) }
    }
  }

  /// A function of three grids' numbers, which broadcast together.
  static func zip(_ x: Grid, _ y: Grid, _ z: Grid, _ function: (Double, Double, Double) -> Double) -> Grid {
    let shape = common([x, y, z])
    let (x, y, z) = (x.expanded(shape).values, y.expanded(shape).values, z.expanded(shape).values)
    return Grid(shape, numbers(x.count) { function(x[$0], y[$0], z[$0]) })
  }

  /// A function of the numbers along some axes (all, if none are given), in row-major order.
  func reduced(_ axes: [Int], keepDims: Bool, _ function: ([Double]) -> Double) -> Grid {
    let axes = axes.isEmpty ? Array(0..<rank) : axes.map { $0 < 0 ? $0 + rank : $0 }
    let kept = shape.indices.map { axes.contains($0) ? 1 : shape[$0] }
    // Axes that are reduced move nowhere in the result.
    let steps = Swift.zip(Self.steps(kept), shape.indices).map { axes.contains($1) ? 0 : $0 }
    var lists = Array(repeating: [Double](), count: kept.reduce(1, *))
    for (list, value) in Swift.zip(Self.offsets(shape, steps), values) { lists[list].append(value) }
    return Grid(keepDims ? kept : shape.indices.filter { !axes.contains($0) }.map { shape[$0] }, lists.map(function))
  }
}

// MARK: - To and from tensors

extension Grid {
  /// The numbers as a contiguous tensor.
  func tensor(_ dtype: DType) -> Tensor {
    func typed<S: Scalar>(_ number: (Double) -> S) -> Tensor {
      values.withUnsafeBufferPointer { x in
        let elements = [S](unsafeUninitializedCapacity: x.count) { out, filled in
          while filled < x.count {
            out[filled] = number(x[filled])
            filled += 1
          }
        }
        return Tensor(elements, shape: Shape(shape))
      }
    }
    return switch dtype {
    case .float32: typed { Float($0) }
    case .float64: Tensor(values, shape: Shape(shape))
    case .int32: typed { Int32($0) }
    case .int64: typed { Int64($0) }
    case .bool: typed { $0 != 0 }
    case .float16, .bfloat16, .complex64, .complex128: Tensor(values, shape: Shape(shape)).cast(to: dtype)
    }
  }

  /// A tensor's elements as numbers; true is 1.
  init(_ x: Tensor) {
    func numbers<S: Scalar>(_ number: (S) -> Double) -> [Double] {
      x.withElements(S.self) { x in Self.numbers(x.count) { number(x[$0]) } }
    }
    let values: [Double] =
      switch x.dtype {
      case .float32: numbers { (x: Float) in Double(x) }
      case .float64: x.scalars(Double.self)
      case .int32: numbers { (x: Int32) in Double(x) }
      case .int64: numbers { (x: Int64) in Double(x) }
      case .bool: numbers { (x: Bool) in x ? 1 : 0 }
      case .float16, .bfloat16: x.scalars(Double.self)
      case .complex64, .complex128: x.viewAsReal().scalars(Double.self)
      }
    self.init(Array(x.shape), values)
  }

  /// The first number that is further from the expected one than `tolerance` allows, as text; NaN equals NaN.
  ///
  /// A tolerance of 0 asks for equal bits but for NaN's.
  func mismatch(_ expected: Grid, tolerance: Double) -> String? {
    if shape != expected.shape { return "the shape is \(shape), \(expected.shape) is expected" }
    return values.withUnsafeBufferPointer { values in
      expected.values.withUnsafeBufferPointer { expected in
        var i = 0
        while i < values.count {
          let (value, wanted) = (values[i], expected[i])
          let isEqual = value == wanted && (tolerance > 0 || value.sign == wanted.sign) || value.isNaN && wanted.isNaN
          let isNear = tolerance > 0 && wanted.isFinite && abs(value - wanted) <= tolerance
          if !isEqual && !isNear { return "element \(i) of \(shape) is \(value), \(wanted) is expected within \(tolerance)" }
          i += 1
        }
        return nil
      }
    }
  }
}
