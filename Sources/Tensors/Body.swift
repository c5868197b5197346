import Synchronization

/// What a tensor refers to: its layout, and either memory of its own or the body whose memory it is a view of.
///
/// One object, so that a tensor is copied by counting one reference and travels in registers. It never changes but for the elements. Few
/// elements lie in the object itself (one allocation), more come from the pool.
///
/// Threads share it. Where elements come later, the address is what says that they are there: whoever computes them sets the owner, then stores the
/// address with release; whoever loads it, which takes an acquire, may read the owner and the elements. All else is final from the beginning.
final class Body: ManagedBuffer<Body.Fields, UInt64> {
  /// Made by the memberwise initialiser: with one written by hand it is copied into the object field by field, some 15 ns for each tensor.
  struct Fields {
    /// The first element's address; nil where there are no elements to point at: in dry runs, after mistakes, on the tape.
    ///
    /// It stands at the beginning, where it is read as an atomic; see `UnsafeMutablePointer.first`.
    let address: UnsafeMutableRawPointer?
    let shape: Shape
    /// The steps between neighbours along each axis, in elements: 0 where the axis is broadcast, negative where it is reversed.
    let strides: Shape
    /// The first element's position in the memory, in elements; of elements that come later, from where they begin.
    let offset: Int
    /// Whose memory a view shows; nil where the memory is its own.
    var owner: Body?
    /// How many bytes of its own a tensor asked for; they begin at the first element.
    let byteCount: Int
    /// The pool's size class; -1 where the bytes lie in the object, -2 where there are none of its own, -3 where they are no class's.
    let sizeClass: Int16
    let dtype: DType
    /// Elements lie in row-major order without gaps.
    let isContiguous: Bool
    /// A literal of integers without a dtype of its own: it may become int64 or float64 beside such; see `TensorLiteral`.
    var isIntegerLiteral = false
    /// How its elements come about, where that has been put off: the first element's address is nil until then.
    var waiting: Waiting? = nil
  }

  /// A contiguous tensor's, its elements not set.
  @inline(__always)
  static func allocate(_ shape: Shape, _ dtype: DType) throws(TensorError) -> Body {
    let (count, isImpossible) = shape.countOrOverflow
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: dtype.byteCount)
    if isImpossible || overflow { throw shape.impossible("") }
    if PlannedAllocations.areUsed.load(ordering: .relaxed), let planned = try Context.current.allocations?.next(shape, dtype, byteCount) {
      return planned
    }
    return try unplanned(shape, dtype, byteCount)
  }

  @inline(__always)
  static func unplanned(_ shape: Shape, _ dtype: DType, _ byteCount: Int) throws(TensorError) -> Body {
    if byteCount > MemoryPool.smallest { return try pooled(shape, dtype, byteCount) }
    let object = Body.create(minimumCapacity: (byteCount + 7) >> 3) { object in
      Fields(
        address: object.withUnsafeMutablePointerToElements { UnsafeMutableRawPointer($0) }, shape: shape,
        strides: shape.contiguousStrides, offset: 0, owner: nil, byteCount: byteCount, sizeClass: -1, dtype: dtype, isContiguous: true)
    }
    MemoryPool.count(byteCount)
    return unsafeDowncast(object, to: Body.self)
  }

  /// More than lies in the object: out of line, since every kernel allocates.
  @inline(never)
  private static func pooled(_ shape: Shape, _ dtype: DType, _ byteCount: Int) throws(TensorError) -> Body {
    guard let (memory, sizeClass) = MemoryPool.shared.take(byteCount) else {
      throw MemoryPool.shared.refusal(byteCount, for: "\(dtype) \(shape)")
    }
    let object = Body.create(minimumCapacity: 0) { _ in
      Fields(
        address: memory, shape: shape, strides: shape.contiguousStrides, offset: 0, owner: nil, byteCount: byteCount,
        sizeClass: Int16(truncatingIfNeeded: sizeClass), dtype: dtype, isContiguous: true)
    }
    MemoryPool.count(byteCount)
    return unsafeDowncast(object, to: Body.self)
  }

  /// The same memory through another layout, `offset` counted from where the memory begins.
  ///
  /// Of another dtype, whose elements shape, strides and offset are in, where complex numbers are seen as their parts or the other way round.
  func view(shape: Shape, strides: Shape, offset: Int, as dtype: DType? = nil) -> Body {
    _ = hasElements
    // Operators make views of the elements behind a traced value; whoever else makes one would lose the trace.
    if let traced { return traced.read().body.view(shape: shape, strides: strides, offset: offset, as: dtype) }
    let object = Body.create(minimumCapacity: 0) { _ in
      withUnsafeMutablePointerToHeader { fields in
        let before = fields.pointee.dtype
        return Fields(
          address: fields.first.map { $0 + (offset &* (dtype ?? before).byteCount &- fields.pointee.offset &* before.byteCount) }, shape: shape,
          strides: strides, offset: offset,
          owner: fields.first == nil ? nil : fields.pointee.owner ?? self, byteCount: 0, sizeClass: -2,
          dtype: dtype ?? before, isContiguous: Tensor.isContiguous(shape, strides),
          isIntegerLiteral: fields.pointee.isIntegerLiteral)
      }
    }
    return unsafeDowncast(object, to: Body.self)
  }

  /// Whether it is a literal of integers, or a view of one.
  var isIntegerLiteral: Bool { withUnsafeMutablePointerToHeader { $0.pointee.isIntegerLiteral } }

  /// Marks what has just been made, and nobody else has seen, as a literal of integers.
  func becomeIntegerLiteral() { withUnsafeMutablePointerToHeader { $0.pointee.isIntegerLiteral = true } }

  deinit {
    withUnsafeMutablePointerToHeader {
      if $0.pointee.sizeClass == -2 { return }
      MemoryPool.live.subtract($0.pointee.byteCount, ordering: .relaxed)
      if $0.pointee.sizeClass != -1, let memory = $0.first {
        MemoryPool.shared.give(memory, Int($0.pointee.sizeClass), $0.pointee.byteCount)
      }
    }
  }

  // MARK: Elements that come later

  /// A contiguous tensor's whose elements are computed when they are asked for.
  static func waiting(_ shape: Shape, _ dtype: DType, _ waiting: Waiting) -> Body {
    let object = Body.create(minimumCapacity: 0) { _ in
      Fields(
        address: nil, shape: shape, strides: shape.contiguousStrides, offset: 0, owner: nil, byteCount: 0, sizeClass: -2,
        dtype: dtype, isContiguous: true, waiting: waiting)
    }
    return unsafeDowncast(object, to: Body.self)
  }

  /// Whether there are the elements that the shape promises; those that have been put off are computed.
  @inline(__always) var hasElements: Bool {
    withUnsafeMutablePointerToHeader { $0.first != nil || $0.pointee.shape.elementCount == 0 } || arrives()
  }

  /// Computes elements that have been put off; false if there are none to come.
  @discardableResult
  @inline(never)
  func arrives() -> Bool {
    withUnsafeMutablePointerToHeader { fields in
      if fields.pointee.waiting?.isTraced ?? false { return true }
      fields.pointee.waiting?.once { result in
        // Without memory for them there are none.
        guard let result = try? result.ordered, let first = result.body.withUnsafeMutablePointerToHeader({ $0.first }) else { return }
        fields.pointee.owner = result.body
        fields.publish(first)
      }
      return fields.first != nil || fields.pointee.shape.elementCount == 0
    }
  }

  // MARK: Traces and plans

  /// What stands for a value in a trace, in the layout of its elements.
  static func traced(_ elements: TracedElements) -> Body {
    let real = elements.real
    let object = Body.create(minimumCapacity: 0) { _ in
      Fields(
        address: nil, shape: real.shape, strides: real.strides, offset: real.offset, owner: nil, byteCount: 0, sizeClass: -2,
        dtype: real.dtype, isContiguous: real.isContiguous, isIntegerLiteral: real.body.isIntegerLiteral, waiting: elements)
    }
    return unsafeDowncast(object, to: Body.self)
  }

  /// The elements behind what stands for a value in a trace.
  var traced: TracedElements? {
    withUnsafeMutablePointerToHeader { $0.pointee.waiting.flatMap { $0.isTraced ? unsafeDowncast($0, to: TracedElements.self) : nil } }
  }

  /// Elements in memory that somebody else keeps, at an address that may change; see ``moveTo(_:)``.
  static func placed(_ address: UnsafeMutableRawPointer?, like x: Tensor) -> Body {
    let object = Body.create(minimumCapacity: 0) { _ in
      Fields(
        address: address, shape: x.shape, strides: x.strides, offset: 0, owner: nil, byteCount: 0, sizeClass: -2, dtype: x.dtype,
        isContiguous: x.isContiguous)
    }
    return unsafeDowncast(object, to: Body.self)
  }

  /// Lets a body that was ``placed(_:like:)`` show other memory; nobody reads it meanwhile.
  func move(to address: UnsafeMutableRawPointer?) { withUnsafeMutablePointerToHeader { $0.move(to: address) } }

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
        address: nil, shape: shape, strides: shape.contiguousStrides, offset: 0, owner: nil, byteCount: 0, sizeClass: -2,
        dtype: dtype, isContiguous: shape.elementCount == 0)
    }
    return unsafeDowncast(object, to: Body.self)
  }
}

extension UnsafeMutablePointer where Pointee == Body.Fields {
  // A header of a `ManagedBuffer` must be copyable, which an atomic is not: what lies at its beginning is taken for one.
  @inline(__always) private var address: UnsafeMutablePointer<Atomic<UnsafeMutableRawPointer?>> {
    UnsafeMutableRawPointer(self).assumingMemoryBound(to: Atomic<UnsafeMutableRawPointer?>.self)
  }

  /// The first element's address, and with it the right to read the owner and the elements.
  @inline(__always) var first: UnsafeMutableRawPointer? { address.pointee.load(ordering: .acquiring) }

  /// Points to other elements.
  fileprivate func move(to first: UnsafeMutableRawPointer?) { address.pointee.store(first, ordering: .relaxed) }

  /// Lets others see elements that came later.
  fileprivate func publish(_ first: UnsafeMutableRawPointer) { address.pointee.store(first, ordering: .releasing) }
}
