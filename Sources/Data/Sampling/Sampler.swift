import Tensors

/// Which examples a pass over a data set gives, and in which order.
///
///     DataLoader(digits, batchSize: 64, sampler: BalancedSampler(classes: digits.targets), seed: 1)
///
/// A sampler of one's own is a type with these two functions. PyTorch: `Sampler`.
public protocol Sampler: Sendable {
  /// The number of examples of a pass over a data set of `count`.
  func count(of count: Int) -> Int
  /// Their positions, each below `count`; random numbers are drawn from the stream, which follows from the loader's seed and the pass.
  func positions(of count: Int, using random: inout RandomStream) -> [Int]
}

/// All examples in their own order.
public struct SequentialSampler: Sampler {
  /// A sampler in order.
  public init() {}
  /// All of them.
  public func count(of count: Int) -> Int { count }
  /// 0, 1, 2, ….
  public func positions(of count: Int, using random: inout RandomStream) -> [Int] { Array(0..<Swift.max(0, count)) }
}

/// Examples at random, each as probable as another: each once, or drawn with replacement.
///
/// PyTorch: `RandomSampler`.
public struct RandomSampler: Sampler {
  private let drawn: Int?

  /// Each example once, in random order.
  public init() { drawn = nil }
  /// So many examples, drawn with replacement.
  public init(drawing count: Int) { drawn = checkedDraws(count, "RandomSampler") }

  /// All of them, or as many as are drawn.
  public func count(of count: Int) -> Int { count > 0 ? drawn ?? count : 0 }
  /// A random order, or draws.
  public func positions(of count: Int, using random: inout RandomStream) -> [Int] {
    guard count > 0 else { return [] }
    return drawn.map { (0..<$0).map { _ in Int.random(in: 0..<count, using: &random) } } ?? (0..<count).shuffled(using: &random)
  }
}

/// Some of the examples, in order or shuffled.
///
/// PyTorch: `SubsetRandomSampler`.
public struct SubsetSampler: Sampler {
  /// The positions of the examples.
  public let indices: [Int]
  /// Whether each pass has a random order.
  public let shuffle: Bool

  /// A sampler of the examples at some positions.
  public init(_ indices: [Int], shuffle: Bool = true) { (self.indices, self.shuffle) = (indices, shuffle) }

  /// As many as there are positions.
  public func count(of count: Int) -> Int { indices.count }
  /// The positions.
  public func positions(of count: Int, using random: inout RandomStream) -> [Int] { shuffle ? indices.shuffled(using: &random) : indices }
}

/// Examples drawn with replacement, each as probable as its weight says.
///
///     WeightedSampler([1, 1, 10])            // the third one ten times as often
///
/// PyTorch: `WeightedRandomSampler`.
public struct WeightedSampler: Sampler {
  /// The sums of the weights up to and with each example.
  private let sums: [Double]
  private let drawn: Int

  /// A weight for each example, finite and 0 or more, not all 0; a pass draws `count` examples, as many as there are unless told.
  public init(_ weights: [Double], count: Int? = nil) {
    var (sums, sum): ([Double], Double) = ([], 0)
    sums.reserveCapacity(weights.count)
    // Scaled, so that the sum of large weights does not overflow.
    let largest = weights.max() ?? 0
    for weight in weights {
      sum += weight / largest
      sums.append(sum)
    }
    if let i = weights.firstIndex(where: { !($0 >= 0 && $0.isFinite) }) {
      fail(TensorError("WeightedSampler", "a weight of \(weights[i]) for example \(i); a finite number, 0 or more, would fit"))
      sums = []
    } else if largest == 0 {
      fail(TensorError("WeightedSampler", "\(weights.count) weights without one above 0"))
      sums = []
    }
    self.sums = sums
    drawn = checkedDraws(count ?? weights.count, "WeightedSampler")
  }

  /// As many as a pass draws.
  public func count(of count: Int) -> Int { sums.isEmpty ? 0 : drawn }

  /// Draws; a mistake unless there is a weight for each example.
  public func positions(of count: Int, using random: inout RandomStream) -> [Int] {
    guard let total = sums.last else { return [] }
    guard sums.count == count else {
      fail(TensorError("WeightedSampler", "\(sums.count) weights for \(count) examples"))
      return []
    }
    let lastWithWeight = sums.firstIndex(of: total) ?? 0
    return (0..<drawn).map { _ in
      let at = Double.random(in: 0..<total, using: &random)
      // The first whose sum is above: one without a weight has the sum of the one before, and is never it.
      var (low, high) = (0, lastWithWeight)
      while low < high {
        let middle = (low + high) / 2
        if sums[middle] > at { high = middle } else { low = middle + 1 }
      }
      return low
    }
  }
}

/// Examples drawn with replacement, so that each class is as probable as another, however many examples it has.
public struct BalancedSampler: Sampler {
  private let members: [[Int]]
  private let exampleCount: Int
  private let drawn: Int

  /// The class of each example; a pass draws `count` examples, as many as there are unless told.
  public init(classes: [Int], count: Int? = nil) {
    var members: [Int: [Int]] = [:]
    for (example, label) in classes.enumerated() { members[label, default: []].append(example) }
    self.members = members.keys.sorted().map { members[$0]! }
    exampleCount = classes.count
    drawn = checkedDraws(count ?? classes.count, "BalancedSampler")
  }

  /// The same from class ids, int32 or int64 [examples].
  public init(classes: Tensor, count: Int? = nil) {
    self.init(classes: listOfIDs(classes, count: classes.rank == 1 ? classes.shape[0] : 0, "BalancedSampler") ?? [], count: count)
  }

  /// As many as a pass draws.
  public func count(of count: Int) -> Int { members.isEmpty ? 0 : drawn }

  /// Draws; a mistake unless there is a class for each example.
  public func positions(of count: Int, using random: inout RandomStream) -> [Int] {
    if members.isEmpty { return [] }
    guard exampleCount == count else {
      fail(TensorError("BalancedSampler", "\(exampleCount) class ids for \(count) examples"))
      return []
    }
    return (0..<drawn).map { _ in
      let group = members[Int.random(in: members.indices, using: &random)]
      return group[Int.random(in: group.indices, using: &random)]
    }
  }
}

/// A number of draws; a mistake, and none, if it is below 0 or more than memory could hold.
private func checkedDraws(_ count: Int, _ sampler: String) -> Int {
  if count < 0 {
    fail(TensorError(sampler, "\(count) draws; 0 or more would fit"))
    return 0
  }
  return attempt { () throws(TensorError) in try checkList(count, of: 8, sampler, "the positions of \(count) examples") } == nil ? 0 : count
}
