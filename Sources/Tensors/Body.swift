import Synchronization

/// What a tensor refers to: its layout, and either memory of its own or the body whose memory it is a view of.
///
/// One object, so that a tensor is copied by counting one reference and travels in registers. It never changes but for the elements. Few
/// elements lie in the object itself (one allocation), more come from the pool.
final class Body: ManagedBuffer<Body.Fields, UInt64> {
  struct Fields {
    var shape: Shape
    /// The steps between neighbours along each axis, in elements: 0 where the axis is broadcast, negative where it is reversed.
    var strides: Shape
    /// The first element's address; nil where there are no elements to point at: in dry runs, after mistakes, on the tape.
    var first: UnsafeMutableRawPointer?
    /// The first element's position in the memory, in elements.
    var offset: Int
    /// Whose memory a view shows; nil where the memory is its own.
    var owner: Body?
    /// How many bytes of its own a tensor asked for; they begin at the first element.
    var byteCount: Int
    /// The pool's size class, -1 where the bytes lie in the object, -2 where there are none of its own.
    var sizeClass: Int16
    var dtype: DType
    /// Elements lie in row-major order without gaps.
    var isContiguous: Bool
    /// How its elements come about, where that has been put off: the first element's address is nil until then.
    var waiting: Waiting? = nil
  }

  /// A contiguous tensor's, its elements not set.
  @inline(__always)
  static func allocate(_ shape: Shape, _ dtype: DType) -> Body {
    let byteCount = shape.elementCount &* dtype.byteCount
    let isInline = byteCount <= MemoryPool.smallest
    let object = Body.create(minimumCapacity: isInline ? (byteCount + 7) >> 3 : 0) { object in
      let (memory, sizeClass) =
        isInline
        ? (object.withUnsafeMutablePointerToElements { UnsafeMutableRawPointer($0) }, -1) : MemoryPool.shared.take(byteCount)
      return Fields(
        shape: shape, strides: shape.contiguousStrides, first: memory, offset: 0, owner: nil, byteCount: byteCount,
        sizeClass: Int16(truncatingIfNeeded: sizeClass), dtype: dtype, isContiguous: true)
    }
    MemoryPool.count(byteCount)
    return unsafeDowncast(object, to: Body.self)
  }

  /// The same memory through another layout, `offset` counted from where the memory begins.
  func view(shape: Shape, strides: Shape, offset: Int) -> Body {
    _ = hasElements
    let object = Body.create(minimumCapacity: 0) { _ in
      withUnsafeMutablePointerToHeader { fields in
        Fields(
          shape: shape, strides: strides,
          first: fields.pointee.first.map { $0 + (offset &- fields.pointee.offset) &* fields.pointee.dtype.byteCount }, offset: offset,
          owner: fields.pointee.first == nil ? nil : fields.pointee.owner ?? self, byteCount: 0, sizeClass: -2,
          dtype: fields.pointee.dtype, isContiguous: Tensor.isContiguous(shape, strides))
      }
    }
    return unsafeDowncast(object, to: Body.self)
  }

  deinit {
    withUnsafeMutablePointerToHeader {
      if $0.pointee.sizeClass == -2 { return }
      MemoryPool.live.subtract($0.pointee.byteCount, ordering: .relaxed)
      if $0.pointee.sizeClass >= 0, let memory = $0.pointee.first { MemoryPool.shared.give(memory, Int($0.pointee.sizeClass)) }
    }
  }

  // MARK: Elements that come later

  /// A contiguous tensor's whose elements are computed when they are asked for.
  ///
  /// Until then it says that it is not contiguous, so that the short ways, which look for that only, leave it to the door.
  static func waiting(_ shape: Shape, _ dtype: DType, _ waiting: Waiting) -> Body {
    let object = Body.create(minimumCapacity: 0) { _ in
      Fields(
        shape: shape, strides: shape.contiguousStrides, first: nil, offset: 0, owner: nil, byteCount: 0, sizeClass: -2,
        dtype: dtype, isContiguous: false, waiting: waiting)
    }
    return unsafeDowncast(object, to: Body.self)
  }

  /// Whether there are the elements that the shape promises; those that have been put off are computed.
  @inline(__always) var hasElements: Bool {
    withUnsafeMutablePointerToHeader { $0.pointee.first != nil || $0.pointee.shape.elementCount == 0 } || arrives()
  }

  /// Computes elements that have been put off; false if there are none to come.
  @discardableResult
  @inline(never)
  func arrives() -> Bool {
    withUnsafeMutablePointerToHeader { fields in
      guard let waiting = fields.pointee.waiting else { return fields.pointee.first != nil }
      waiting.once {
        let result = waiting.compute()
        fields.pointee.owner = result.body.withUnsafeMutablePointerToHeader { $0.pointee.owner } ?? result.body
        fields.pointee.offset = result.offset
        fields.pointee.strides = result.strides
        fields.pointee.isContiguous = result.isContiguous
        atomicMemoryFence(ordering: .releasing)
        fields.pointee.first = result.pointer
      }
      return true
    }
  }

  // MARK: Outlines

  /// How many outlines a thread keeps.
  static let outlineCount = 64

  /// A shape without elements: what a run on shapes alone gives, and what a record keeps of an operand that its rule does not read.
  ///
  /// Few shapes come again and again, so the last ones are kept, at places that follow from the shape.
  static func outline(_ shape: Shape, _ dtype: DType) -> Body {
    var place = shape.rank &+ Int(dtype.rawValue) &* 8
    for axis in 0..<Swift.min(shape.rank, 4) { place = place &* 31 &+ shape.sizes[unchecked: axis] }
    place = (place ^ place >> 6 ^ place >> 12) & (outlineCount - 1)
    let known = Context.current.outline(place)
    if let body = known.pointee,
      body.withUnsafeMutablePointerToHeader({ $0.pointee.dtype == dtype && $0.pointee.shape == shape })
    {
      return body
    }
    let body = newOutline(shape, dtype)
    known.pointee = body
    return body
  }

  @inline(never)
  private static func newOutline(_ shape: Shape, _ dtype: DType) -> Body {
    let object = Body.create(minimumCapacity: 0) { _ in
      // Not contiguous, as nothing lies anywhere: the short ways, which look for that only, leave it to the door.
      Fields(
        shape: shape, strides: shape.contiguousStrides, first: nil, offset: 0, owner: nil, byteCount: 0, sizeClass: -2,
        dtype: dtype, isContiguous: shape.elementCount == 0)
    }
    return unsafeDowncast(object, to: Body.self)
  }
}
