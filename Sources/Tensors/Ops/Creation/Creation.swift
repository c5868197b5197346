import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Shape {
  /// More elements than any memory of this machine could hold, twice over.
  private static let tooMany = Swift.max(1 << 32, 2 * sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)))

  /// That a tensor of this shape can exist at all.
  @inline(__always)
  package func check(_ operation: String) throws(TensorError) {
    var count = 1
    for axis in 0..<rank {
      let size = sizes[unchecked: axis]
      // An axis of size 0 must not hide what the others multiply to.
      let (product, overflow) = count.multipliedReportingOverflow(by: Swift.max(size, 1))
      if size < 0 || overflow || product > Shape.tooMany { throw impossible(operation) }
      count = product
    }
  }

  @inline(never)
  func impossible(_ operation: String) -> TensorError {
    let reason = contains { $0 < 0 } ? "has a negative size" : "has more elements than memory could hold"
    return TensorError(operation, "shape \(self) \(reason)")
  }
}

extension Tensor {
  /// Zeros, for kernels to add to.
  init(zeros shape: Shape, _ dtype: DType) throws(TensorError) {
    try self.init(uninitialized: shape, dtype)
    let (out, size) = (pointer, dtype.byteCount)
    parallel(shape.elementCount, grain: Blocks.grain) { range in
      (out + range.lowerBound * size).initializeMemory(as: UInt8.self, repeating: 0, count: range.count * size)
    }
  }

  // MARK: From Swift

  /// A scalar of a number's own dtype (`Float` gives float32, `Int` int64, …); a literal is float32, see ``TensorLiteral``.
  @_disfavoredOverload
  public init<S: Scalar>(_ value: S) {
    // Few bytes lie in the object: there is no memory that could be refused.
    try! self.init(uninitialized: [], S.dtype)
    pointer.storeBytes(of: value, as: S.self)
  }

  /// A vector of an array's elements; the dtype is the array's (`[Float]` gives float32, `[Int]` int64, …), a literal is float32.
  @_disfavoredOverload
  public init<S: Scalar>(_ elements: [S]) { self.init(elements, shape: [elements.count]) }

  /// A matrix of rows of equal length, of the dtype of the numbers; a literal is float32.
  @_disfavoredOverload
  public init<S: Scalar>(_ rows: [[S]]) {
    let count = rows.first?.count ?? 0
    if let i = rows.firstIndex(where: { $0.count != count }) {
      fail(TensorError("Tensor", "row \(i) has \(rows[i].count) numbers and row 0 has \(count); rows of equal length would fit"))
      self = .placeholder
      return
    }
    self.init(rows.flatMap { $0 }, shape: [rows.count, count])
  }

  /// A vector of an array's elements in a dtype that holds them exactly, or in the nearest float32 or float64.
  @_disfavoredOverload
  public init<S: Scalar>(_ elements: [S], _ dtype: DType) {
    let isPossible: Void? = attempt("Tensor") { () throws(TensorError) in
      for element in elements { try element.number.check(dtype, "Tensor", remedy: "the dtype .% would fit") }
    }
    self = isPossible == nil ? .placeholder : Tensor(elements, shape: [elements.count]).cast(to: dtype)
  }

  /// An array's elements in row-major order.
  @_disfavoredOverload
  public init<S: Scalar>(_ elements: [S], shape: Shape) {
    guard elements.count == shape.elementCount, (try? shape.check("")) != nil else {
      fail(TensorError("Tensor", "\(elements.count) elements do not fill shape \(shape), which has \(shape.elementCount)"))
      self = .placeholder
      return
    }
    guard let made = Tensor.made(shape, S.dtype, "Tensor", always: true) else {
      self = .placeholder
      return
    }
    self = made
    elements.withUnsafeBytes { if let base = $0.baseAddress { pointer.copyMemory(from: base, byteCount: $0.count) } }
  }

  // MARK: Constant and regular

  /// `shape` filled with 0 (false).
  public static func zeros(_ shape: Shape, _ dtype: DType = .float32) -> Tensor { filled(shape, .integer(0), dtype, "zeros") }
  /// `shape` filled with 1 (true).
  public static func ones(_ shape: Shape, _ dtype: DType = .float32) -> Tensor { filled(shape, .integer(1), dtype, "ones") }
  /// `shape` filled with one value, which the dtype must be able to hold.
  ///
  /// An integer dtype takes integers of its range, bool takes 0 and 1: 0.5 or NaN for int64 is a mistake. A float dtype takes the nearest of its
  /// numbers, beyond float32's range ±∞. The same holds for every number that an operator takes beside a tensor. PyTorch: `full`.
  public static func full<S: Scalar>(_ shape: Shape, _ value: S, _ dtype: DType = .float32) -> Tensor {
    filled(shape, value.number, dtype, "full")
  }
  private static func filled(_ shape: Shape, _ number: Number, _ dtype: DType, _ name: String) -> Tensor {
    if Context.current.hasFailed { return .placeholder }
    guard attempt({ () throws(TensorError) in try number.check(dtype, name, remedy: "the dtype .% would fit") }) != nil else {
      return .placeholder
    }
    return made(shape, dtype, name) { range, out in number.fill(out, dtype, range.count) }
  }
  /// 0 (false) in the shape and dtype of another tensor.
  public static func zeros(like x: Tensor) -> Tensor { zeros(x.shape, x.dtype) }
  /// 1 (true) in the shape and dtype of another tensor.
  public static func ones(like x: Tensor) -> Tensor { ones(x.shape, x.dtype) }

  /// The identity matrix, or `rows` by `columns` with ones on the main diagonal.
  public static func eye(_ rows: Int, _ columns: Int? = nil, _ dtype: DType = .float32) -> Tensor {
    let columns = columns ?? rows
    let y = filled([rows, columns], .integer(0), dtype, "eye")
    guard !y.isHollow, y.rank == 2 else { return y }
    for i in 0..<Swift.min(rows, columns) { fillElements(y.pointer + i * (columns + 1) * dtype.byteCount, 1, dtype, 1) }
    return y
  }

  /// A tensor whose elements are not set, for an operation of that name, without elements in a run on shapes alone; nil after a mistake.
  ///
  /// - Parameter always: Also in a run on shapes alone.
  static func made(_ shape: Shape, _ dtype: DType, _ name: String, always: Bool = false) -> Tensor? {
    if Context.current.isDry && !always { return Tensor(hollow: shape, dtype) }
    return attempt(name) { () throws(TensorError) in try Tensor(uninitialized: shape, dtype) }
  }

  static func made(_ shape: Shape, _ dtype: DType, _ name: String, _ body: (Range<Int>, UnsafeMutableRawPointer) -> Void) -> Tensor {
    let context = Context.current
    if context.hasFailed { return .placeholder }
    guard attempt({ () throws(TensorError) in try shape.check(name) }) != nil else { return .placeholder }
    if context.isDry { return Tensor(hollow: shape, dtype) }
    guard let y = made(shape, dtype, name) else { return .placeholder }
    let (out, size) = (y.pointer, dtype.byteCount)
    parallel(shape.elementCount, grain: Blocks.grain) { range in body(range, out + range.lowerBound * size) }
    return y
  }
}

// MARK: - Back to Swift

extension Tensor {
  /// The only element of a tensor of one element, as the nearest Double: an integer beyond 2⁵³ is rounded, which ``item(as:)`` does not.
  public func item() -> Double {
    if isHollow { return 0 }
    guard elementCount == 1 else {
      fail(TensorError("item", "\(shape) has \(elementCount) elements; item() is for one"))
      return 0
    }
    let x = detached.cast(to: .float64)
    // After a mistake in a checked scope nothing is converted.
    if x.isHollow { return 0 }
    return withExtendedLifetime(x) { x.pointer.load(as: Double.self) }
  }

  /// The only element, as a Swift number; see ``scalars(_:)`` for what is converted.
  public func item<S: Scalar>(as type: S.Type) -> S {
    if elementCount == 1 || isHollow { return scalars(type).first ?? S.zeroValue }
    fail(TensorError("item", "\(shape) has \(elementCount) elements; item(as:) is for one"))
    return S.zeroValue
  }

  /// The elements in row-major order, as Swift numbers: `Float` of float32, `Int` of int64, ….
  ///
  /// As `Float` or `Double` they may be of any dtype, each the nearest number. Integers and truth values are of their own dtype, or of one that
  /// holds all of the tensor's: what would be cut off is a mistake that names `cast(to:)`.
  public func scalars<S: Scalar>(_ type: S.Type = S.self) -> [S] {
    if isHollow || Context.current.hasFailed { return [] }
    if S.dtype != dtype, S.dtype.isFloatingPoint || S.dtype == .int64 && !dtype.isFloatingPoint || S.dtype == .int32 && dtype == .bool {
      return detached.cast(to: S.dtype).scalars(type)
    }
    guard S.dtype == dtype else {
      fail(TensorError("scalars", "a \(dtype) tensor has no elements of type \(S.self); convert it with .cast(to: .\(S.dtype))"))
      return []
    }
    guard
      let x = attempt(
        "scalars",
        { () throws(TensorError) in
          try checkRoom(S.self); return try ordered
        })
    else { return [] }
    return withExtendedLifetime(x) {
      Array(UnsafeBufferPointer(start: x.pointer.assumingMemoryBound(to: S.self), count: elementCount))
    }
  }

  /// Calls `body` with the elements in row-major order, copied only if they do not lie so already.
  ///
  /// A type that is not the dtype's is a mistake; in a `checked` scope `body` then gets no elements.
  public func withElements<S: Scalar, R, E: Error>(_ type: S.Type, _ body: (UnsafeBufferPointer<S>) throws(E) -> R) throws(E) -> R {
    guard S.dtype == dtype, !isHollow else {
      if S.dtype != dtype {
        fail(TensorError("withElements", "a \(dtype) tensor has no elements of type \(S.self); convert it with .cast(to: .\(S.dtype))"))
      }
      return try body(UnsafeBufferPointer(start: nil, count: 0))
    }
    guard let x = attempt("withElements", { () throws(TensorError) in try ordered }) else {
      return try body(UnsafeBufferPointer(start: nil, count: 0))
    }
    return try withExtendedLifetime(x) { () throws(E) in
      try body(UnsafeBufferPointer(start: x.pointer.assumingMemoryBound(to: S.self), count: elementCount))
    }
  }
}

extension Tensor {
  /// That there is memory for its elements as an array of Swift's, which would otherwise end the program.
  func checkRoom<S>(_ type: S.Type) throws(TensorError) {
    let byteCount = elementCount &* MemoryLayout<S>.stride
    if byteCount >= SystemMemory.mapped { SystemMemory.free(try MemoryPool.shared.room(byteCount), byteCount) }
  }
}

extension Array where Element: Scalar {
  /// A tensor's elements in row-major order; see ``Tensor/scalars(_:)``.
  public init(_ tensor: Tensor) { self = tensor.scalars(Element.self) }
}
