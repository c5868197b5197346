import Tensors

/// Parts of a number of examples, as lists of their positions: at random, with the same shares of each class, by groups, or k-fold.
///
///     let parts = Splits.random(1000, into: [0.8, 0.1, 0.1], seed: 1)
///     for (train, validation) in Splits.stratifiedFolds(5, by: classes, seed: 1) { … }
///
/// Data sets and tables have these as methods: ``Dataset/split(into:seed:)``, ``Table/split(into:seed:)``. Every position is in one part; the same seed gives the
/// same parts; without one it comes from the stream in force. scikit-learn: `train_test_split`, `KFold`, `StratifiedKFold`, `GroupKFold`.
public enum Splits {
  /// What fold number i of k leaves to train on, and what it holds out.
  public typealias Fold = (train: [Int], validation: [Int])

  /// Parts of `count` examples in random order; their sizes are the shares of `count`, rounded so that they add up.
  ///
  /// - Parameter fractions: Numbers of 0 to 1 that add up to 1.
  public static func random(_ count: Int, into fractions: [Double], seed: UInt64? = nil) -> [[Int]] {
    guard isCount(count), areFractions(fractions) else { return fractions.map { _ in [] } }
    var stream = stream(seed)
    let order = (0..<count).shuffled(using: &stream)
    var (parts, start, share): ([[Int]], Int, Double) = ([], 0, 0)
    for (i, fraction) in fractions.enumerated() {
      share += fraction
      let end = i == fractions.count - 1 ? count : Swift.min(count, Swift.max(start, Int((share * Double(count)).rounded())))
      parts.append(Array(order[start..<end]))
      start = end
    }
    return parts
  }

  /// Parts with the same shares of each class, as nearly as whole examples allow, each in random order.
  ///
  /// - Parameter classes: The class of each example.
  public static func stratified(by classes: [Int], into fractions: [Double], seed: UInt64? = nil) -> [[Int]] {
    guard areFractions(fractions) else { return fractions.map { _ in [] } }
    var stream = stream(seed)
    var parts = [[Int]](repeating: [], count: fractions.count)
    // Class after class, each example goes to the part that is most behind its share: no part is then off by a whole example, in all and in each class.
    for (number, example) in byClass(classes, &stream).enumerated() {
      let behind = fractions.indices.map { fractions[$0] * Double(number + 1) - Double(parts[$0].count) }
      parts[behind.indices.max { behind[$0] < behind[$1] } ?? 0].append(example)
    }
    return parts.map { $0.shuffled(using: &stream) }
  }

  /// Parts that no group is in two of: what comes from one patient, or one picture, stays together.
  ///
  /// Groups are dealt out in random order, each to the part that is most behind its share of the examples.
  public static func grouped(by groups: [Int], into fractions: [Double], seed: UInt64? = nil) -> [[Int]] {
    guard areFractions(fractions) else { return fractions.map { _ in [] } }
    var stream = stream(seed)
    var parts = [[Int]](repeating: [], count: fractions.count)
    for members in members(groups).shuffled(using: &stream) {
      let behind = fractions.indices.map { fractions[$0] * Double(groups.count) - Double(parts[$0].count) }
      parts[behind.indices.max { behind[$0] < behind[$1] } ?? 0] += members
    }
    return parts
  }

  /// k folds of `count` examples, whose sizes differ by one at most; in order if not shuffled.
  public static func folds(_ k: Int, of count: Int, shuffle: Bool = true, seed: UInt64? = nil) -> [Fold] {
    guard isCount(count), isFoldCount(k, count) else { return emptyFolds(k) }
    var order = Array(0..<count)
    if shuffle {
      var stream = stream(seed)
      order.shuffle(using: &stream)
    }
    var fold = [Int](repeating: 0, count: count)
    for (number, example) in order.enumerated() { fold[example] = number * k / count }
    return folds(k, fold)
  }

  /// k folds with the same numbers of each class, up to one.
  public static func stratifiedFolds(_ k: Int, by classes: [Int], seed: UInt64? = nil) -> [Fold] {
    guard isFoldCount(k, classes.count) else { return emptyFolds(k) }
    var stream = stream(seed)
    var fold = [Int](repeating: 0, count: classes.count)
    for (number, example) in byClass(classes, &stream).enumerated() { fold[example] = number % k }
    return folds(k, fold)
  }

  /// k folds that no group is in two of, as equal as groups allow: the largest group first, each to the smallest fold.
  public static func groupedFolds(_ k: Int, by groups: [Int]) -> [Fold] {
    let members = members(groups)
    guard isFoldCount(k, members.count, "groups") else { return emptyFolds(k) }
    var (fold, sizes) = ([Int](repeating: 0, count: groups.count), [Int](repeating: 0, count: k))
    // A stable order: groups of one size as they come.
    for group in members.enumerated().sorted(by: { ($1.element.count, $0.offset) < ($0.element.count, $1.offset) }).map(\.element) {
      let smallest = sizes.indices.min { sizes[$0] < sizes[$1] } ?? 0
      for example in group { fold[example] = smallest }
      sizes[smallest] += group.count
    }
    return folds(k, fold)
  }

  // MARK: What they share

  private static func folds(_ k: Int, _ fold: [Int]) -> [Fold] {
    (0..<k).map { i in (fold.indices.filter { fold[$0] != i }, fold.indices.filter { fold[$0] == i }) }
  }

  /// What folds are after a mistake: as many as asked for, with nothing in them.
  static func emptyFolds(_ k: Int) -> [Fold] { Array(repeating: ([], []), count: countAfterMistake(k)) }

  /// The examples of each group, in the order in which groups first come.
  private static func members(_ groups: [Int]) -> [[Int]] {
    var (members, places): ([[Int]], [Int: Int]) = ([], [:])
    for (example, group) in groups.enumerated() {
      if let place = places[group] {
        members[place].append(example)
      } else {
        places[group] = members.count
        members.append([example])
      }
    }
    return members
  }

  /// The examples class by class, the classes in ascending order, within each in random order.
  private static func byClass(_ classes: [Int], _ stream: inout RandomStream) -> [Int] {
    var members: [Int: [Int]] = [:]
    for (example, label) in classes.enumerated() { members[label, default: []].append(example) }
    return members.keys.sorted().flatMap { members[$0]!.shuffled(using: &stream) }
  }

  private static func stream(_ seed: UInt64?) -> RandomStream { seed.map { RandomStream(seed: $0) } ?? currentRandomStream() }

  private static func isCount(_ count: Int) -> Bool {
    if count < 0 {
      fail(TensorError("Splits", "\(count) examples; 0 or more would fit"))
      return false
    }
    return attempt { () throws(TensorError) in try checkList(count, of: 16, "Splits", "the positions of \(count) examples") } != nil
  }

  private static func areFractions(_ fractions: [Double]) -> Bool {
    let sum = fractions.reduce(0, +)
    if !fractions.isEmpty, fractions.allSatisfy({ $0 >= 0 && $0 <= 1 }), abs(sum - 1) < 1e-6 { return true }
    fail(TensorError("Splits", "fractions \(fractions), whose sum is \(sum); numbers of 0 to 1 that add up to 1 would fit"))
    return false
  }

  private static func isFoldCount(_ k: Int, _ count: Int, _ what: String = "examples") -> Bool {
    if k >= 2 && k <= count { return true }
    fail(
      TensorError(
        "Splits",
        "\(k) folds of \(count) \(what); \(count >= 2 ? "2 to \(count)" : "2 or more \(what), and as many folds at most,") would fit"))
    return false
  }
}

/// Class ids, or groups, of a tensor: int32 or int64 [count].
func listOfIDs(_ ids: Tensor, count: Int, _ operation: String) -> [Int]? {
  let ids = ids.integersOfLiteral
  if ids.rank == 1, ids.dtype.isInteger, ids.shape[0] == count { return ids.cast(to: .int64).scalars(Int.self) }
  fail(TensorError(operation, "ids \(ids.dtype) \(ids.shape) of \(count) examples; int64 [\(count)] would fit"))
  return nil
}
