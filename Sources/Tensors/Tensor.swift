/// An n-dimensional array of numbers: a value, like `Array`.
///
///     let x: Tensor = [[1, 2], [3, 4]]          // float32, shape [2, 2]
///     let y = exp(x) • x.transposed() + 1
///     y[0, -1]                                  // a view; nothing is copied
///
/// A copy is independent; the elements are shared until one of the two is written to. Slicing, transposing, broadcasting and reversing give
/// views. Operators check shapes and dtypes: a mistake stops the program with one sentence, or is thrown from a `checked` scope.
public struct Tensor: @unchecked Sendable {
  // What makes the struct unchecked Sendable: elements are written only where nobody else refers to their body.
  var body: Body
  /// Where the tensor stands on a tape, if it does.
  var node: Node
  /// Whether it is a parameter that stays as it is while its model is trained.
  ///
  /// No gradient is computed for it, and no optimizer changes it. What operators give is never frozen.
  public package(set) var isFrozen = false

  /// The sizes of the axes.
  public var shape: Shape {
    @inline(__always) get { body.withUnsafeMutablePointerToHeader { $0.pointee.shape } }
  }
  /// The steps between neighbours along each axis, in elements: 0 where the axis is broadcast, negative where it is reversed.
  @inline(__always) var strides: Shape { body.withUnsafeMutablePointerToHeader { $0.pointee.strides } }
  /// The position of the first element in the memory, in elements.
  @inline(__always) var offset: Int { body.withUnsafeMutablePointerToHeader { $0.pointee.offset } }
  /// The type of the elements.
  public var dtype: DType {
    @inline(__always) get { body.withUnsafeMutablePointerToHeader { $0.pointee.dtype } }
  }
  /// Elements lie in row-major order without gaps.
  @inline(__always) var isContiguous: Bool { body.withUnsafeMutablePointerToHeader { $0.pointee.isContiguous } }
  /// The number of axes.
  public var rank: Int {
    @inline(__always) get { body.withUnsafeMutablePointerToHeader { $0.pointee.shape.rank } }
  }
  /// The number of elements.
  public var elementCount: Int { body.withUnsafeMutablePointerToHeader { $0.pointee.shape.elementCount } }

  @inline(__always)
  init(_ body: Body) {
    self.body = body
    node = .none
  }

  /// A contiguous tensor whose elements are not set; throws if the shape cannot exist, or the memory cannot be had.
  @inline(__always)
  init(uninitialized shape: Shape, _ dtype: DType) throws(TensorError) { self.init(try .allocate(shape, dtype)) }

  /// A tensor that has a shape and no elements: the result of a dry run, or of an operator after a mistake.
  init(hollow shape: Shape, _ dtype: DType) { self.init(.outline(shape, dtype)) }

  /// What operators give after a mistake in a `checked` scope.
  static var placeholder: Tensor { Tensor(hollow: [], .float32) }

  /// Whether it has the elements that its shape promises; those that have been put off are computed.
  @inline(__always) package var hasElements: Bool { body.hasElements }
  /// Whether they have been put off, and nobody has asked for them yet.
  @inline(__always) var isWaiting: Bool {
    body.withUnsafeMutablePointerToHeader { $0.first == nil && $0.pointee.waiting != nil }
  }
  /// How they come about, while they have not.
  var waiting: Waiting? { isWaiting ? body.withUnsafeMutablePointerToHeader { $0.pointee.waiting } : nil }
  var isHollow: Bool { !hasElements }

  /// The first element's address.
  @inline(__always) var pointer: UnsafeMutableRawPointer {
    body.withUnsafeMutablePointerToHeader { $0.first } ?? absent
  }

  /// Where a tensor without memory has its elements: nowhere, which will do for none.
  @inline(never)
  private var absent: UnsafeMutableRawPointer {
    if elementCount == 0 { return MemoryPool.nowhere }
    if let traced = body.traced { return traced.read().pointer }
    if !body.arrives() { stop("tensor: \(Tensor.absence(shape))") }
    return body.withUnsafeMutablePointerToHeader { $0.first! }
  }

  /// Whether nobody else refers to its elements, which may then be written over; those that have been put off are computed.
  var isHeldAlone: Bool {
    mutating get {
      hasElements && isKnownUniquelyReferenced(&body)
        && body.withUnsafeMutablePointerToHeader { $0.pointee.owner == nil || isKnownUniquelyReferenced(&$0.pointee.owner) }
    }
  }

  /// Whether it is no view of another one's memory.
  var ownsMemory: Bool { body.withUnsafeMutablePointerToHeader { $0.pointee.owner == nil } }

  /// Whether two tensors show parts of one memory.
  func sharesMemory(with other: Tensor) -> Bool { owner === other.owner }
  private var owner: Body { body.withUnsafeMutablePointerToHeader { $0.first == nil ? nil : $0.pointee.owner } ?? body }

  static func absence(_ shape: Shape) -> String {
    "\(shape) has a shape but no elements: it comes from a run on shapes alone, or from after a mistake in a checked scope,"
      + " or a gradient rule reads what its keeps leaves out"
  }

  /// The same elements through another layout.
  package func view(shape: Shape, strides: Shape, offset: Int) -> Tensor {
    Tensor(body.view(shape: shape, strides: strides, offset: offset))
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
