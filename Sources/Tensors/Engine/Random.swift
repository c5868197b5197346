import CKernels

/// A stream of random numbers: Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011), a function of a seed and a position and of nothing else.
///
/// A stream is a value: a copy draws the same numbers, and results do not depend on the number of threads.
///
///     var random = RandomStream(seed: 7)
///     let x = Tensor.normal([3, 4], using: &random)
public struct RandomStream: Sendable, Hashable {
  /// Which of 2⁶⁴ streams it is.
  public let seed: UInt64
  /// The next 32-bit word.
  public private(set) var position: UInt64 = 0

  /// The stream of a seed, from its beginning or from a position on.
  public init(seed: UInt64, position: UInt64 = 0) {
    self.seed = seed
    self.position = position
  }

  /// A stream that no other run of the program has.
  public static func ofSystem() -> RandomStream {
    var generator = SystemRandomNumberGenerator()
    return RandomStream(seed: generator.next())
  }

  /// Takes `words` words out of the stream and tells where they begin.
  mutating func take(_ words: Int) -> UInt64 {
    // Whole blocks of four, so that what is drawn never shares one with what is drawn next.
    defer { position &+= UInt64(words &+ 3) & ~3 }
    return position
  }

  /// A stream of its own for a part of a program, such as one dropout layer.
  public mutating func split() -> RandomStream {
    Context.current.tracer?.draws(from: self)
    return RandomStream(seed: bits())
  }

  /// The stream that follows from this one after so many splits, each of the one before.
  ///
  /// It asks nothing of the thread, whose context may be about to be made with it.
  func split(times: UInt64) -> RandomStream {
    var stream = self
    for _ in 0..<times { stream = RandomStream(seed: stream.bits()) }
    return stream
  }

  private mutating func bits() -> UInt64 {
    var words: [UInt32] = [0, 0]
    fx_random_bits(seed, take(2), 2, &words)
    return UInt64(words[0]) << 32 | UInt64(words[1])
  }
}

extension RandomStream: RandomNumberGenerator {
  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    Context.current.tracer?.draws(from: self)
    return bits()
  }
}

/// Runs `body` with a stream of its own for everything in it that draws random numbers without naming a stream: initialisers, dropout,
/// creators.
///
///     let model = withSeed(42) { Chain { Dense(784, 10) } }   // the same weights every time
public func withSeed<R, E: Error>(_ seed: UInt64, _ body: () throws(E) -> R) throws(E) -> R {
  let context = Context.current
  let outer = context.random
  context.random = RandomStream(seed: seed)
  defer { context.random = outer }
  return try body()
}

/// The stream in force on this thread: what a checkpoint keeps of it.
package var randomStreamInForce: RandomStream {
  get { Context.current.random }
  set { Context.current.random = newValue }
}

/// A stream split off the one that is in force where this is called: the system's, or ``withSeed(_:_:)``'s.
public func currentRandomStream() -> RandomStream { Context.current.random.split() }

// MARK: - Creators

extension Tensor {
  /// Numbers of equal probability in `range` (its end not included): float32 with 24 random bits, float64 with 53.
  public static func uniform(
    _ shape: Shape, in range: Range<Double> = 0..<1, _ dtype: DType = .float32, using random: inout RandomStream
  ) -> Tensor {
    let widest = dtype.largestNumber
    guard range.upperBound - range.lowerBound <= widest, range.lowerBound >= -widest, range.upperBound <= widest else {
      fail(
        TensorError(
          "uniform", "from \(range.lowerBound) to \(range.upperBound); bounds no further apart than \(dtype)'s largest number would fit"))
      return .placeholder
    }
    let numbers = drawn(.uniform(range.lowerBound, range.upperBound), shape, dtype, &random)
    // What is rounded up to the end, which is not in the range, becomes the number before it.
    guard dtype.isHalf, let most = dtype.halfBelow(range.upperBound), most >= range.lowerBound else { return numbers }
    return minimum(numbers, most)
  }
  /// The same from the stream in force.
  public static func uniform(_ shape: Shape, in range: Range<Double> = 0..<1, _ dtype: DType = .float32) -> Tensor {
    uniform(shape, in: range, dtype, using: &Context.current.random)
  }

  /// Normally distributed numbers, by Box and Muller's method; all of them the mean where the standard deviation is 0.
  public static func normal(
    _ shape: Shape, mean: Double = 0, standardDeviation: Double = 1, _ dtype: DType = .float32, using random: inout RandomStream
  ) -> Tensor {
    guard Setting.finite.holds(mean, "a mean", "normal"),
      Setting.nonNegative.holds(standardDeviation, "a standard deviation", "normal")
    else { return .placeholder }
    return drawn(.normal(mean, standardDeviation), shape, dtype, &random)
  }
  /// The same from the stream in force.
  public static func normal(_ shape: Shape, mean: Double = 0, standardDeviation: Double = 1, _ dtype: DType = .float32) -> Tensor {
    normal(shape, mean: mean, standardDeviation: standardDeviation, dtype, using: &Context.current.random)
  }

  /// True with a probability, else false: bool.
  public static func bernoulli(_ shape: Shape, probability: Double, using random: inout RandomStream) -> Tensor {
    guard Setting.fraction.holds(probability, "a probability", "bernoulli") else { return .placeholder }
    return drawn(.bernoulli(probability), shape, .bool, &random)
  }
  /// The same from the stream in force.
  public static func bernoulli(_ shape: Shape, probability: Double) -> Tensor {
    bernoulli(shape, probability: probability, using: &Context.current.random)
  }

  /// The numbers 0 ..< count in random order, each order equally probable: int64.
  public static func permutation(_ count: Int, using random: inout RandomStream) -> Tensor {
    guard count >= 0 else {
      fail(TensorError("permutation", "of \(count) numbers; 0 or more would fit"))
      return .placeholder
    }
    guard attempt({ () throws(TensorError) in try Shape(count).check("permutation") }) != nil else { return .placeholder }
    let draw = Draw(seed: random.seed, position: random.take(RandomPermutation.words(count)))
    return RandomPermutation(count: count, draw: draw)([])
  }
  /// The same from the stream in force.
  public static func permutation(_ count: Int) -> Tensor { permutation(count, using: &Context.current.random) }

  private static func drawn(
    _ distribution: RandomTensor.Distribution, _ shape: Shape, _ dtype: DType, _ random: inout RandomStream
  ) -> Tensor {
    let name = distribution.name
    guard attempt({ () throws(TensorError) in try shape.check(name) }) != nil else { return .placeholder }
    guard dtype.isFloatingPoint || dtype == .bool && distribution.isBernoulli else {
      fail(TensorError(name, "not defined for \(dtype), only for floating-point dtypes; convert with .cast(to:)"))
      return .placeholder
    }
    if dtype.isHalf { return drawn(distribution, shape, .float32, &random).cast(to: dtype) }
    let draw = Draw(seed: random.seed, position: random.take(shape.elementCount * distribution.words(dtype)))
    return RandomTensor(distribution: distribution, signature: Signature(shape, dtype), draw: draw)([])
  }
}

/// A primitive that draws from a random stream, from a position on.
///
/// In a compiled function the stream is another one, or further on, at each call.
protocol RandomPrimitive: Primitive {
  /// Of which stream it draws, and from where on; nil if it draws nothing.
  var draw: Draw? { get set }
}

/// A place in a random stream.
struct Draw: Hashable, Sendable {
  var seed: UInt64
  var position: UInt64
}

/// Numbers drawn from a distribution: a function of a stream's seed and position alone.
private struct RandomTensor: RandomPrimitive, NonDifferentiable {
  enum Distribution: Hashable {
    case uniform(Double, Double)
    case normal(Double, Double)
    case bernoulli(Double)

    var name: String {
      switch self {
      case .uniform: "uniform"
      case .normal: "normal"
      case .bernoulli: "bernoulli"
      }
    }
    var isBernoulli: Bool { if case .bernoulli = self { true } else { false } }
    /// The 32-bit words that an element takes.
    func words(_ dtype: DType) -> Int {
      switch self {
      case .uniform: dtype == .float64 ? 2 : 1
      case .normal: dtype == .float64 ? 4 : 2
      case .bernoulli: 1
      }
    }
  }

  let distribution: Distribution
  let signature: Signature
  var draw: Draw?
  var name: String { distribution.name }
  var keeps: Keeps { .nothing }

  func result(_ x: [Tensor]) -> Signature { signature }
  func evaluate(_ x: [Tensor], _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    guard let draw else { return y }
    let (seed, position) = (draw.seed, draw.position)
    let (out, code, size, words) = (y.pointer, result.dtype.code, result.dtype.byteCount, distribution.words(result.dtype))
    parallel(y.elementCount, grain: Blocks.grain) { range in
      let (first, n, out) = (position &+ UInt64(range.lowerBound * words), range.count, out + range.lowerBound * size)
      switch distribution {
      case .uniform(let low, let high): fx_random_uniform(code, seed, first, n, low, high, out)
      case .normal(let mean, let deviation): fx_random_normal(code, seed, first, n, mean, deviation, out)
      case .bernoulli(let probability): fx_random_bernoulli(seed, first, n, probability, out.assumingMemoryBound(to: UInt8.self))
      }
    }
    return y
  }
}

/// The numbers 0 ..< count in random order.
///
/// Dealt out to buckets at random, which are then shuffled each for itself: orders are as probable as by one shuffle of all, whose every step
/// would wait for memory (Rao 1961, Sandelius 1962).
private struct RandomPermutation: RandomPrimitive, NonDifferentiable {
  let count: Int
  var draw: Draw?
  var name: String { "permutation" }
  var keeps: Keeps { .nothing }

  private static func buckets(_ count: Int) -> Int {
    var buckets = 1
    while buckets < 4096 && count / buckets > 4096 { buckets *= 2 }
    return buckets
  }
  /// The 32-bit words that are drawn: one for each number's bucket if there are several, and two for its place.
  static func words(_ count: Int) -> Int { (buckets(count) > 1 ? count : 0) + 2 * count }

  func result(_ x: [Tensor]) -> Signature { Signature([count], .int64) }
  func evaluate(_ x: [Tensor], _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: result.shape, .int64)
    guard let draw else { return y }
    let (total, buckets) = (Self.words(count), Self.buckets(count))
    let words = try Tensor(uninitialized: [total], .int32)
    let (order, bits) = (y.pointer.assumingMemoryBound(to: Int64.self), words.pointer.assumingMemoryBound(to: UInt32.self))
    parallel(total, grain: Blocks.grain) { range in
      fx_random_bits(draw.seed, draw.position &+ UInt64(range.lowerBound), range.count, bits + range.lowerBound)
    }
    var ends = [count]
    if buckets == 1 {
      fx_arange_i(DType.int64.code, count, 0, 0, 1, order)
    } else {
      ends = Array(repeating: 0, count: buckets)
      fx_deal(count, buckets, bits, order, &ends)
    }
    let dealing = total - 2 * count
    ends.withUnsafeBufferPointer { ends in
      parallel(buckets, grain: 1) { range in
        for i in range {
          let start = i == 0 ? 0 : ends[i - 1]
          fx_shuffle(ends[i] - start, bits + dealing + 2 * start, order + start)
        }
      }
    }
    withExtendedLifetime(words) {}
    return y
  }
}
