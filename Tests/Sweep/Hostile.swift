import Fluxion

/// What a row's call takes its numbers from: the ones it names, but for one, or for all of a kind, which is a hostile number instead.
final class Hostile {
  /// Which numbers of a call are hostile: one by its position among the call's integers or doubles, or all of them.
  enum Attack: Equatable {
    case none
    case integer(Int?, Int)
    case double(Int?, Double)
  }

  /// The integers every integer is replaced by: ends of the ranges of 32 and 64 bits and their neighbours.
  static let integers = [
    Int.min, .min + 1, -1 << 32, -1 << 31 - 1, -1 << 31, -1, 0, 1, 2, 1 << 31 - 1, 1 << 31, 1 << 31 + 1, 1 << 32, 1 << 62, .max - 1, .max,
  ]
  /// The doubles every double is replaced by.
  static let doubles = [
    Double.nan, -.infinity, .infinity, -Double.greatestFiniteMagnitude, .greatestFiniteMagnitude, .leastNonzeroMagnitude, -0.0, 0, -1, 1e10,
    1e18, -1e300,
  ]

  let attack: Attack
  /// How many numbers of each kind the call has asked for.
  private(set) var integerCount = 0
  private(set) var doubleCount = 0

  init(_ attack: Attack) { self.attack = attack }

  /// An integer of the call.
  func i(_ usual: Int) -> Int {
    defer { integerCount += 1 }
    if case .integer(let position, let value) = attack, position == nil || position == integerCount { return value }
    return usual
  }

  /// A double of the call.
  func d(_ usual: Double) -> Double {
    defer { doubleCount += 1 }
    if case .double(let position, let value) = attack, position == nil || position == doubleCount { return value }
    return usual
  }

  /// An unsigned integer of the call, with the integer's bits.
  func u(_ usual: Int) -> UInt64 { UInt64(bitPattern: Int64(i(usual))) }

  // Ranges, whose ends Swift itself wants in order.
  func range(_ a: Int, _ b: Int) -> Range<Int> {
    let (a, b) = (i(a), i(b))
    return min(a, b)..<max(a, b)
  }
  func closed(_ a: Int, _ b: Int) -> ClosedRange<Int> {
    let (a, b) = (i(a), i(b))
    return min(a, b)...max(a, b)
  }
  func interval(_ a: Double, _ b: Double) -> Range<Double> {
    let (a, b) = (d(a), d(b))
    return a <= b ? a..<b : b < a ? b..<a : 0..<1
  }
  func closed(_ a: Double, _ b: Double) -> ClosedRange<Double> {
    let (a, b) = (d(a), d(b))
    return a <= b ? a...b : b < a ? b...a : 0...1
  }

  func shape(_ sizes: Int...) -> Shape { Shape(sizes.map(i)) }
  func list(_ numbers: Int...) -> [Int] { numbers.map(i) }
  func axes(_ numbers: Int...) -> PerAxis { PerAxis(numbers.map(i)) }
  func padding(_ numbers: Int...) -> WindowPadding { WindowPadding(PerAxis(numbers.map(i))) }

  // Operands, made anew for each call: [2, 3], a symmetric matrix, images, a sequence, and ids.
  var x = Tensor([0.5, -1, 2, 0.25, 1.5, -0.5], shape: [2, 3], .float64).cast(to: .float32)
  var square = Tensor([4.0, 1, 0.5, 1, 3, 0.25, 0.5, 0.25, 2], shape: [3, 3], .float64).cast(to: .float32)
  var images = Tensor.arange(256).cast(to: .float32).reshaped([2, 4, 4, 8]) / 256.0
  var sequence = Tensor.arange(24).cast(to: .float32).reshaped([2, 3, 4]) / 24.0
  let ids = Tensor([0, 1, 2, 1, 0, 2], shape: [2, 3], .int64)
  let labels = Tensor([1, 0], .int64)
  var random = RandomStream(seed: 1)

  /// A model's answer in training and in inference, and the shape it is said to have.
  func call<M: Model<Tensor, Tensor>>(_ model: M, _ x: Tensor) throws -> Any {
    var (trained, answering) = (model, model)
    _ = model.description
    let shape = try model.outputShape(for: x.shape, x.dtype)
    let a = withMode(.training) { trained(x) }
    let b = answering(x)
    return [a, b, Tensor([shape.elementCount])]
  }
}
