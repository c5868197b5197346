/// The sizes of a tensor's axes, kept inline: at most eight, no heap allocation.
///
///     let shape: Shape = [32, 784]
///     shape.rank          // 2
///     shape.elementCount  // 25_088
///     shape[-1]           // 784; negative axes count from the end
public struct Shape: Sendable, Hashable, RandomAccessCollection, ExpressibleByArrayLiteral, CustomStringConvertible {
  /// The most axes a tensor can have.
  public static let maximumRank = 8

  var sizes: InlineArray<8, Int>
  /// The number of axes.
  public private(set) var rank: Int

  /// The shape of a scalar: no axes.
  public init() {
    sizes = .init(repeating: 0)
    rank = 0
  }

  /// A shape of `rank` axes, all of one size.
  public init(repeating size: Int, rank: Int) {
    self.init()
    guard 0...Shape.maximumRank ~= rank else {
      fail(TensorError("shape", "\(rank) axes of size \(size); 0 to \(Shape.maximumRank) axes would fit"))
      return
    }
    for _ in 0..<rank { append(size) }
  }

  /// One, two or three axes, without a detour through an array.
  @inline(__always)
  init(_ a: Int, _ b: Int? = nil, _ c: Int? = nil) {
    self.init()
    sizes[unchecked: 0] = a
    rank = 1
    if let b {
      sizes[unchecked: 1] = b
      rank = 2
    }
    if let c {
      sizes[unchecked: 2] = c
      rank = 3
    }
  }

  /// The sizes in order; more than eight are a mistake that stops the program or the `checked` scope.
  public init(_ elements: some Sequence<Int>) {
    self.init()
    for size in elements {
      let isFull = rank == Shape.maximumRank
      append(size)
      // One too many is a mistake, and the end: a sequence may have any number of elements.
      if isFull { return }
    }
  }

  /// A shape of these sizes.
  public init(arrayLiteral elements: Int...) { self.init(elements) }

  /// 0.
  public var startIndex: Int { 0 }
  /// The number of axes.
  public var endIndex: Int { rank }
  /// The number of axes.
  public var count: Int { rank }

  /// The size of an axis; negative axes count from the end.
  public subscript(axis: Int) -> Int {
    @inline(__always) get {
      let i = axis < 0 ? axis + rank : axis
      // Inside a failed `checked` scope tensors are placeholders without axes: reading one must not stop the program.
      guard i >= 0 && i < rank else { return Shape.missing(axis, in: self) }
      return sizes[unchecked: i]
    }
    @inline(__always) set {
      let i = axis < 0 ? axis + rank : axis
      guard i >= 0 && i < rank else {
        _ = Shape.missing(axis, in: self)
        return
      }
      sizes[unchecked: i] = newValue
    }
  }

  /// The axes from one on.
  public subscript(range: PartialRangeFrom<Int>) -> Swift.Slice<Shape> { slice(range.lowerBound, rank) }
  /// The axes before one.
  public subscript(range: PartialRangeUpTo<Int>) -> Swift.Slice<Shape> { slice(0, range.upperBound) }
  /// The axes up to one, which is among them.
  public subscript(range: PartialRangeThrough<Int>) -> Swift.Slice<Shape> { slice(0, range.upperBound.saturatingPlus(1)) }
  /// The axes of a range.
  public subscript(range: Range<Int>) -> Swift.Slice<Shape> { slice(range.lowerBound, range.upperBound) }
  /// The axes of a range, its last among them.
  public subscript(range: ClosedRange<Int>) -> Swift.Slice<Shape> { slice(range.lowerBound, range.upperBound.saturatingPlus(1)) }

  /// Those that are there of the axes asked for, and a mistake if some are not: in a failed `checked` scope shapes are of placeholders.
  private func slice(_ start: Int, _ end: Int) -> Swift.Slice<Shape> {
    if !(0 <= start && start <= end && end <= rank) {
      fail(
        TensorError("shape", "\(self) has no axes \(start)..<\(end); \(rank == 0 ? "a scalar has none" : "its axes are 0 to \(rank - 1)")"))
    }
    let last = Swift.min(Swift.max(end, 0), rank)
    return Swift.Slice(base: self, bounds: Swift.min(Swift.max(start, 0), last)..<last)
  }

  @inline(never)
  private static func missing(_ axis: Int, in shape: Shape) -> Int {
    let axes = shape.rank == 0 ? "a scalar has none" : "its axes are \(-shape.rank) to \(shape.rank - 1)"
    fail(TensorError("shape", "\(shape) has no axis \(axis); \(axes)"))
    return 1
  }

  /// The number of elements: the product of the sizes, 1 for a scalar; `Int.max` where it is larger than that, which no tensor's is.
  public var elementCount: Int {
    // By name, as far as most shapes go: an element at a computed place costs a copy of all eight.
    switch rank {
    case 0: return 1
    case 1: return sizes[unchecked: 0]
    case 2: return sizes[unchecked: 0].saturatingTimes(sizes[unchecked: 1])
    case 3: return sizes[unchecked: 0].saturatingTimes(sizes[unchecked: 1]).saturatingTimes(sizes[unchecked: 2])
    default:
      var product = sizes[unchecked: 0].saturatingTimes(sizes[unchecked: 1]).saturatingTimes(sizes[unchecked: 2])
      for axis in 3..<Swift.max(3, rank) { product = product.saturatingTimes(sizes[unchecked: axis]) }
      return product
    }
  }

  /// The number of elements, and whether there is none: for a negative size, or more than an integer holds.
  @inline(__always)
  var countOrOverflow: (count: Int, isImpossible: Bool) {
    let (a, b) = (sizes[unchecked: 0], sizes[unchecked: 1])
    switch rank {
    case 0: return (1, false)
    case 1: return (a, a < 0)
    case 2:
      let (count, overflow) = a.multipliedReportingOverflow(by: b)
      return (count, overflow || a | b < 0)
    default: return countOfMany
    }
  }

  private var countOfMany: (count: Int, isImpossible: Bool) {
    var (count, isImpossible) = (1, false)
    for axis in 0..<rank {
      let (product, overflow) = count.multipliedReportingOverflow(by: sizes[unchecked: axis])
      isImpossible = isImpossible || overflow || sizes[unchecked: axis] < 0
      count = product
    }
    return (count, isImpossible)
  }

  /// The row-major strides, in elements.
  var contiguousStrides: Shape {
    let (b, c) = (sizes[unchecked: 1], sizes[unchecked: 2])
    switch rank {
    case 0: return self
    case 1: return Shape(1)
    case 2: return Shape(b, 1)
    case 3: return Shape(b &* c, c, 1)
    default: break
    }
    var strides = self
    var step = 1
    var axis = rank - 1
    while axis >= 0 {
      strides.sizes[unchecked: axis] = step
      step &*= sizes[unchecked: axis]
      axis -= 1
    }
    return strides
  }

  /// Whether all sizes are equal.
  public static func == (a: Shape, b: Shape) -> Bool {
    guard a.rank == b.rank else { return false }
    let rank = a.rank
    if rank > 0 && a.sizes[unchecked: 0] != b.sizes[unchecked: 0] { return false }
    if rank > 1 && a.sizes[unchecked: 1] != b.sizes[unchecked: 1] { return false }
    if rank > 2 && a.sizes[unchecked: 2] != b.sizes[unchecked: 2] { return false }
    if rank <= 3 { return true }
    for axis in 3..<rank where a.sizes[unchecked: axis] != b.sizes[unchecked: axis] { return false }
    return true
  }

  /// Hashes the sizes.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(rank)
    for axis in 0..<rank { hasher.combine(sizes[axis]) }
  }

  /// As it is written in Swift and Python: `[32, 784]`.
  public var description: String { "[" + map { String($0) }.joined(separator: ", ") + "]" }

  // MARK: Editing

  mutating func append(_ size: Int) {
    guard rank < Shape.maximumRank else { return fail(TensorError("shape", "a tensor has at most \(Shape.maximumRank) axes")) }
    sizes[unchecked: rank] = size
    rank += 1
  }

  func inserting(_ size: Int, at axis: Int) -> Shape {
    var result = Shape(self[..<axis])
    result.append(size)
    for size in self[axis...] { result.append(size) }
    return result
  }

  /// Where along each axis an element of row-major order lies.
  func indices(of place: Int) -> Shape {
    var (indices, rest) = (self, place)
    for axis in (0..<rank).reversed() {
      indices[axis] = rest % self[axis]
      rest /= self[axis]
    }
    return indices
  }

  func replacing(_ axis: Int, with size: Int) -> Shape {
    var result = self
    result[axis] = size
    return result
  }
}
