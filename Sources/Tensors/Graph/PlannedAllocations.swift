import Synchronization

/// Where an operator of a plan gets its memory from: at first from the pool, which is taken down, and then what has been taken down, in order.
///
/// Kernels allocate as ever. How often, and how much, follows from shapes and layouts alone, which are a plan's own; one that asks for something
/// else than before gets it from the pool.
final class PlannedAllocations {
  /// Whether any thread has some: what every allocation asks.
  static let areUsed = Atomic<Bool>(false)

  /// What the operator that runs got, or is to get.
  var bodies: [Body] = []
  private var place = 0
  private let isRecording: Bool

  init(isRecording: Bool) { self.isRecording = isRecording }

  /// What the next operator is to get.
  @inline(__always)
  func begin(_ bodies: [Body]) {
    self.bodies = bodies
    place = 0
  }

  /// The memory that is planned for the next request; nil if there is none.
  func next(_ shape: Shape, _ dtype: DType, _ byteCount: Int) throws(TensorError) -> Body? {
    if isRecording {
      let body = try Body.unplanned(shape, dtype, byteCount)
      bodies.append(body)
      return body
    }
    guard place < bodies.count, bodies[place].isLike(shape, dtype) else { return nil }
    place += 1
    return bodies[place - 1]
  }

  /// Runs `body` with requests that go to the pool.
  static func without<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    let context = Context.current
    let outer = context.allocations
    context.allocations = nil
    defer { context.allocations = outer }
    return try body()
  }

  /// Runs `body` with requests that come here.
  func use<R>(_ body: () throws(TensorError) -> R) throws(TensorError) -> R {
    PlannedAllocations.areUsed.store(true, ordering: .relaxed)
    let context = Context.current
    let outer = context.allocations
    context.allocations = self
    defer { context.allocations = outer }
    return try body()
  }
}

extension Body {
  /// Whether it has the shape and dtype of a request.
  @inline(__always)
  func isLike(_ shape: Shape, _ dtype: DType) -> Bool {
    withUnsafeMutablePointerToHeader { $0.pointee.dtype == dtype && $0.pointee.shape == shape }
  }
}
