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
  func check(_ operation: String) throws(TensorError) {
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
  private func impossible(_ operation: String) -> TensorError {
    let reason = contains { $0 < 0 } ? "has a negative size" : "has more elements than memory could hold"
    return TensorError(operation, "shape \(self) \(reason)")
  }
}

extension Tensor {
  // MARK: From Swift

  /// A scalar.
  public init<S: Scalar>(_ value: S) {
    self.init(uninitialized: [], S.dtype)
    pointer.storeBytes(of: value, as: S.self)
  }

  /// A vector of an array's elements; the dtype follows the array's (`Float` gives float32, `Int` int64, …).
  public init<S: Scalar>(_ elements: [S]) { self.init(elements, shape: [elements.count]) }

  /// A matrix of rows of equal length: `Tensor([[1, 2, 3], [4, 5, 6]])` is int64 [2, 3].
  public init<S: Scalar>(_ rows: [[S]]) {
    let count = rows.first?.count ?? 0
    if let i = rows.firstIndex(where: { $0.count != count }) {
      fail(TensorError("Tensor", "row \(i) has \(rows[i].count) numbers and row 0 has \(count); rows of equal length would fit"))
      self = .placeholder
      return
    }
    self.init(rows.flatMap { $0 }, shape: [rows.count, count])
  }

  /// An array's elements in row-major order.
  public init<S: Scalar>(_ elements: [S], shape: Shape) {
    guard elements.count == shape.elementCount, (try? shape.check("")) != nil else {
      fail(TensorError("Tensor", "\(elements.count) elements do not fill shape \(shape), which has \(shape.elementCount)"))
      self = .placeholder
      return
    }
    self.init(uninitialized: shape, S.dtype)
    elements.withUnsafeBytes { if let base = $0.baseAddress { pointer.copyMemory(from: base, byteCount: $0.count) } }
  }

  // MARK: Constant and regular

  /// `shape` filled with 0 (false).
  public static func zeros(_ shape: Shape, _ dtype: DType = .float32) -> Tensor { filled(shape, 0, dtype, "zeros") }
  /// `shape` filled with 1 (true).
  public static func ones(_ shape: Shape, _ dtype: DType = .float32) -> Tensor { filled(shape, 1, dtype, "ones") }
  /// `shape` filled with one value.
  public static func full<S: Scalar>(_ shape: Shape, _ value: S, _ dtype: DType = .float32) -> Tensor {
    filled(shape, value, dtype, "full")
  }
  private static func filled<S: Scalar>(_ shape: Shape, _ value: S, _ dtype: DType, _ name: String) -> Tensor {
    made(shape, dtype, name) { range, out in
      // An Int beyond 2⁵³ must arrive unrounded.
      if dtype == .int64, let value = (value as? Int) ?? (value as? Int64).map(Int.init) {
        withUnsafePointer(to: value) { fx_fill(dtype.code, range.count, $0, out) }
      } else {
        fillElements(out, value.double, dtype, range.count)
      }
    }
  }
  /// 0 (false) in the shape and dtype of another tensor.
  public static func zeros(like x: Tensor) -> Tensor { zeros(x.shape, x.dtype) }
  /// 1 (true) in the shape and dtype of another tensor.
  public static func ones(like x: Tensor) -> Tensor { ones(x.shape, x.dtype) }

  /// The identity matrix, or `rows` by `columns` with ones on the main diagonal.
  public static func eye(_ rows: Int, _ columns: Int? = nil, _ dtype: DType = .float32) -> Tensor {
    let columns = columns ?? rows
    let y = filled([rows, columns], 0, dtype, "eye")
    guard !y.isHollow, y.rank == 2 else { return y }
    for i in 0..<Swift.min(rows, columns) { fillElements(y.pointer + i * (columns + 1) * dtype.byteCount, 1, dtype, 1) }
    return y
  }

  /// The integers 0 ..< count: int64.
  public static func arange(_ count: Int) -> Tensor { arange(from: 0, to: count) }
  /// The integers from `start` up to and without `end`, in steps of `step`: int64.
  public static func arange(from start: Int, to end: Int, step: Int = 1) -> Tensor {
    guard step != 0 else {
      fail(TensorError("arange", "from \(start) to \(end) in steps of 0; any other step would fit"))
      return .placeholder
    }
    let isEmpty = step > 0 ? end <= start : end >= start
    let (distance, overflow) = end.subtractingReportingOverflow(start)
    guard isEmpty || !overflow && step != .min else {
      fail(TensorError("arange", "from \(start) to \(end) in steps of \(step); bounds less far apart would fit"))
      return .placeholder
    }
    return made([isEmpty ? 0 : (Swift.abs(distance) - 1) / Swift.abs(step) + 1], .int64, "arange") { range, out in
      fx_arange_i(DType.int64.code, range.count, range.lowerBound, Int64(start), Int64(step), out)
    }
  }
  /// The numbers start + i·step below `end`, each rounded once.
  public static func arange(from start: Double, to end: Double, step: Double = 1, _ dtype: DType = .float32) -> Tensor {
    let count = ((end - start) / step).rounded(.up)
    guard count.isFinite, count < 0x1p52 else {
      fail(TensorError("arange", "from \(start) to \(end) in steps of \(step); finite bounds and a step other than 0 would fit"))
      return .placeholder
    }
    // Integers and bools are made of the rounded numbers.
    if !dtype.isFloatingPoint { return arange(from: start, to: end, step: step, .float64).cast(to: dtype) }
    return made([Swift.max(0, Int(count))], dtype, "arange") { range, out in
      fx_arange_f(dtype.code, range.count, range.lowerBound, start, step, out)
    }
  }

  /// `count` numbers at equal distances, both ends included; accurate at both ends.
  public static func linspace(from start: Double, to end: Double, count: Int, _ dtype: DType = .float32) -> Tensor {
    guard count >= 0 else {
      fail(TensorError("linspace", "\(count) numbers from \(start) to \(end); 0 or more would fit"))
      return .placeholder
    }
    // Integers and bools are made of the rounded numbers.
    if !dtype.isFloatingPoint { return linspace(from: start, to: end, count: count, .float64).cast(to: dtype) }
    let step = count > 1 ? (end - start) / Double(count - 1) : 0
    return made([count], dtype, "linspace") { range, out in
      func fill<S: BinaryFloatingPoint>(_ out: UnsafeMutablePointer<S>) {
        for i in range {
          out[i - range.lowerBound] = S(i < (count + 1) / 2 ? start + Double(i) * step : end - Double(count - 1 - i) * step)
        }
      }
      if dtype == .float32 { fill(out.assumingMemoryBound(to: Float.self)) } else { fill(out.assumingMemoryBound(to: Double.self)) }
    }
  }

  private static func made(_ shape: Shape, _ dtype: DType, _ name: String, _ body: (Range<Int>, UnsafeMutableRawPointer) -> Void) -> Tensor
  {
    let context = Context.current
    if context.hasFailed { return .placeholder }
    guard attempt({ () throws(TensorError) in try shape.check(name) }) != nil else { return .placeholder }
    if context.isDry { return Tensor(hollow: shape, dtype) }
    let y = Tensor(uninitialized: shape, dtype)
    let (out, size) = (y.pointer, dtype.byteCount)
    parallel(shape.elementCount, grain: Blocks.grain) { range in body(range, out + range.lowerBound * size) }
    return y
  }
}

// MARK: - Back to Swift

extension Tensor {
  /// The only element, as a Double; for a tensor of one element.
  public func item() -> Double {
    if isHollow { return 0 }
    guard elementCount == 1 else {
      fail(TensorError("item", "\(shape) has \(elementCount) elements; item() is for one"))
      return 0
    }
    let x = detached.cast(to: .float64)
    return withExtendedLifetime(x) { x.pointer.load(as: Double.self) }
  }

  /// The only element, as a Swift number of the tensor's own dtype.
  public func item<S: Scalar>(as type: S.Type) -> S {
    if elementCount == 1 || isHollow { return scalars(type).first ?? S.zeroValue }
    fail(TensorError("item", "\(shape) has \(elementCount) elements; item(as:) is for one"))
    return S.zeroValue
  }

  /// The elements in row-major order, as Swift numbers of the tensor's own dtype: `Float` for float32, `Int` for int64, ….
  public func scalars<S: Scalar>(_ type: S.Type = S.self) -> [S] {
    if isHollow || Context.current.hasFailed { return [] }
    guard S.dtype == dtype else {
      fail(TensorError("scalars", "a \(dtype) tensor has no elements of type \(S.self); convert it with .cast(to: .\(S.dtype))"))
      return []
    }
    let x = isContiguous ? self : contiguousCopy()
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
    let x = isContiguous ? self : contiguousCopy()
    return try withExtendedLifetime(x) { () throws(E) in
      try body(UnsafeBufferPointer(start: x.pointer.assumingMemoryBound(to: S.self), count: elementCount))
    }
  }
}

extension Array where Element: Scalar {
  /// A tensor's elements in row-major order; the element type must be the tensor's own.
  public init(_ tensor: Tensor) { self = tensor.scalars(Element.self) }
}
