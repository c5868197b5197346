/// An n-dimensional array of numbers: a value, like `Array`.
///
///     let x: Tensor = [[1, 2], [3, 4]]          // float32, shape [2, 2]
///     let y = exp(x) • x.transposed() + 1
///     y[0, -1]                                  // a view; nothing is copied
///
/// A copy is independent; the elements are shared until one of the two is written to. Slicing, transposing, broadcasting and reversing give
/// views. Operators check shapes and dtypes: a mistake stops the program with one sentence, or is thrown from a `checked` scope.
public struct Tensor: @unchecked Sendable {
  // What makes the struct unchecked Sendable: elements are written only through a storage that is uniquely held.
  // Nil where there are no elements to hold: in dry runs, after mistakes, on the tape.
  var storage: Storage?
  /// The sizes of the axes.
  public internal(set) var shape: Shape
  /// The steps between neighbours along each axis, in elements: 0 where the axis is broadcast, negative where it is reversed.
  var strides: Shape
  /// The position of the first element in the storage, in elements.
  var offset: Int
  /// The type of the elements.
  public internal(set) var dtype: DType
  /// Elements lie in row-major order without gaps.
  var isContiguous: Bool
  /// Whether it is a parameter that stays as it is while its model is trained.
  ///
  /// No gradient is computed for it, and no optimizer changes it. What operators give is never frozen.
  public package(set) var isFrozen = false
  /// Where the tensor stands on a tape, if it does.
  var node: Node

  /// The number of axes.
  public var rank: Int { shape.rank }
  /// The number of elements.
  public var elementCount: Int { shape.elementCount }

  init(storage: Storage?, shape: Shape, strides: Shape, offset: Int, dtype: DType, isContiguous: Bool) {
    self.storage = storage
    self.shape = shape
    self.strides = strides
    self.offset = offset
    self.dtype = dtype
    self.isContiguous = isContiguous
    self.node = .none
  }

  /// A contiguous tensor whose elements are not set; the caller has checked that `shape` can exist.
  @inline(__always)
  init(uninitialized shape: Shape, _ dtype: DType) {
    storage = .allocate(shape.elementCount &* dtype.byteCount)
    self.shape = shape
    strides = shape.contiguousStrides
    offset = 0
    self.dtype = dtype
    isContiguous = true
    node = .none
  }

  /// A tensor that has a shape and no elements: the result of a dry run, or of an operator after a mistake.
  init(hollow shape: Shape, _ dtype: DType) {
    // Not contiguous, as nothing lies anywhere: the short ways, which look for that only, leave it to the door.
    self.init(
      storage: nil, shape: shape, strides: shape.contiguousStrides, offset: 0, dtype: dtype, isContiguous: shape.elementCount == 0)
  }

  /// What operators give after a mistake in a `checked` scope.
  static var placeholder: Tensor { Tensor(hollow: [], .float32) }

  var isHollow: Bool { storage == nil && elementCount > 0 }

  /// The first element's address.
  @inline(__always) var pointer: UnsafeMutableRawPointer {
    guard let storage else { return absent }
    return storage.base + offset &* dtype.byteCount
  }

  /// Where a tensor without storage has its elements: nowhere, which will do for none.
  @inline(never)
  private var absent: UnsafeMutableRawPointer {
    if elementCount > 0 { fatalError("tensor: \(Tensor.absence(shape))") }
    return Storage.nowhere
  }

  static func absence(_ shape: Shape) -> String {
    "\(shape) has a shape but no elements: it comes from a run on shapes alone, or from after a mistake in a checked scope,"
      + " or a gradient rule reads what its keeps leaves out"
  }

  /// The same elements through another layout.
  package func view(shape: Shape, strides: Shape, offset: Int) -> Tensor {
    Tensor(
      storage: storage, shape: shape, strides: strides, offset: offset, dtype: dtype,
      isContiguous: Tensor.isContiguous(shape, strides))
  }

  static func isContiguous(_ shape: Shape, _ strides: Shape) -> Bool {
    var step = 1
    var axis = shape.rank - 1
    while axis >= 0 {
      let size = shape[axis]
      if size == 0 { return true }
      if size != 1 && strides[axis] != step { return false }
      step *= size
      axis -= 1
    }
    return true
  }
}
