import Tensors

// Models of one shape as vectors: what moving averages and interpolations are made of.
//
//     average = average * 0.999 + model * 0.001
//     average.move(toward: model, by: 0.001)          // the same, in place
//
// Arithmetic is that of the parameters; what else a model holds (states, buffers, constants) is the left operand's.

extension Model {
  /// The sums of the parameters.
  public static func + (a: Self, b: Self) -> Self { combined(a, b, "+") { $0 + $1 } }
  /// The differences of the parameters.
  public static func - (a: Self, b: Self) -> Self { combined(a, b, "-") { $0 - $1 } }
  /// Every parameter times a number.
  public static func * (a: Self, b: Double) -> Self { changed(a) { $0 * b } }
  /// Every parameter times a number.
  public static func * (a: Double, b: Self) -> Self { changed(b) { $0 * a } }
  /// Every parameter divided by a number.
  public static func / (a: Self, b: Double) -> Self { changed(a) { $0 / b } }
  /// Adds the parameters of another model.
  public static func += (a: inout Self, b: Self) { a = a + b }
  /// Subtracts the parameters of another model.
  public static func -= (a: inout Self, b: Self) { a = a - b }
  /// Multiplies every parameter by a number.
  public static func *= (a: inout Self, b: Double) { a = a * b }

  /// Moves every parameter toward another model's, p += amount·(q − p): a step of an exponential moving average.
  ///
  /// Buffers, such as running statistics, become the other model's.
  public mutating func move(toward other: Self, by amount: Double) {
    let moved = Self.combined(self, other, "move(toward:by:)") { p, q in p + (q - p) * amount }
    if hasFailed { return }
    self = moved
    var buffers = Buffers()
    var copy = other
    copy.visit(&buffers)
    buffers.isWriting = true
    visit(&buffers)
  }

  /// The square root of the sum of all parameters' squares: of a gradient, what clipping looks at.
  public var norm: Double { parameters.reduce(0) { $0 + $1.value.sumOfSquares }.squareRoot() }

  private static func changed(_ a: Self, _ body: @escaping (Tensor) -> Tensor) -> Self {
    var a = a
    a.updateParameters { _, value in value = body(value) }
    return a
  }

  private static func combined(_ a: Self, _ b: Self, _ name: String, _ body: (Tensor, Tensor) -> Tensor) -> Self {
    let (left, right) = (a.parameters, b.parameters)
    if let mismatch = mismatch(left, right) {
      fail(TensorError(name, "models that differ: \(mismatch)"))
      return a
    }
    var (result, i) = (a, 0)
    result.updateParameters { _, value in
      value = body(value, right[i].value)
      i += 1
    }
    return result
  }

  private static func mismatch(_ a: [(name: String, value: Tensor)], _ b: [(name: String, value: Tensor)]) -> String? {
    for (p, q) in zip(a, b) {
      if p.name != q.name { return "\(p.name) in one is \(q.name) in the other" }
      if p.value.shape != q.value.shape { return "\(p.name) is \(p.value.shape) in one and \(q.value.shape) in the other" }
      if p.value.dtype != q.value.dtype { return "\(p.name) is \(p.value.dtype) in one and \(q.value.dtype) in the other" }
    }
    return a.count == b.count ? nil : "one has \(a.count) parameters and the other \(b.count)"
  }
}

/// Reads buffers in order, then writes them in order.
private struct Buffers: ModelVisitor {
  var values: [Tensor] = []
  var isWriting = false
  private var index = 0

  mutating func value<S: ModelState>(of state: inout S, _ name: PartName) {
    guard S.self is Buffer.Type else { return }
    if !isWriting { return values.append(state.value) }
    if index < values.count { state.value = values[index] }
    index += 1
  }
}
