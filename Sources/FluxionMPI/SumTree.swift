/// The order in which what belongs to shards is added: a binary tree over all shards, the same whoever computes them.
///
/// A node over several shards is the sum of its left part, whose size is the largest power of two below the node's, and the rest. Shards without
/// examples are left out.
struct SumTree {
  /// A node: the shards that it is the sum of.
  typealias Node = Range<Int>

  let shards: Int
  private let filled: Set<Int>

  init(shards: Int, filled: [Int]) { (self.shards, self.filled) = (shards, Set(filled)) }

  /// What to do with a stack of sums: push a shard's, or add the two on top.
  enum Step: Equatable {
    case push(Int)
    case add
  }

  private func has(_ node: Node) -> Bool { node.contains { filled.contains($0) } }

  private func parts(_ node: Node) -> (Node, Node) {
    var size = 1
    while size * 2 < node.count { size *= 2 }
    return (node.lowerBound..<node.lowerBound + size, node.lowerBound + size..<node.upperBound)
  }

  /// The steps that add up what a process can of its own shards; what is left on the stack are the sums of ``roots(of:)``.
  func steps(of own: Node) -> [Step] { steps(0..<shards, own) }

  private func steps(_ node: Node, _ own: Node) -> [Step] {
    if !node.overlaps(own) || !has(node) { return [] }
    if node.count == 1 { return [.push(node.lowerBound)] }
    let (left, right) = parts(node)
    let isOwn = own.lowerBound <= node.lowerBound && node.upperBound <= own.upperBound
    return steps(left, own) + steps(right, own) + (isOwn && has(left) && has(right) ? [.add] : [])
  }

  /// The largest nodes that a process has all filled shards' sums of, in order.
  func roots(of own: Node) -> [Node] { roots(0..<shards, own) }

  private func roots(_ node: Node, _ own: Node) -> [Node] {
    if !node.overlaps(own) || !has(node) { return [] }
    if own.lowerBound <= node.lowerBound && node.upperBound <= own.upperBound { return [node] }
    let (left, right) = parts(node)
    return roots(left, own) + roots(right, own)
  }

  /// The sum of all, given those of the processes' roots; nil where no shard is filled.
  func total<T>(_ known: (Node) -> T?, _ add: (T, T) -> T) -> T? { total(0..<shards, known, add) }

  private func total<T>(_ node: Node, _ known: (Node) -> T?, _ add: (T, T) -> T) -> T? {
    if !has(node) { return nil }
    if let sum = known(node) { return sum }
    if node.count == 1 { return nil }
    let (left, right) = parts(node)
    guard let a = total(left, known, add) else { return total(right, known, add) }
    return total(right, known, add).map { add(a, $0) } ?? a
  }
}
