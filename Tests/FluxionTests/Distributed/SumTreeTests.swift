import Testing

@testable import FluxionMPI

/// The order in which shards are added does not depend on which process has them.
@Suite struct SumTreeTests {
  /// How a sum comes about, as text.
  private func total(_ shards: Int, _ filled: [Int], processes: Int) -> String {
    let tree = SumTree(shards: shards, filled: filled)
    var known: [Range<Int>: String] = [:]
    for process in 0..<processes {
      let own = shards * process / processes..<shards * (process + 1) / processes
      var stack: [String] = []
      for step in tree.steps(of: own) {
        switch step {
        case .push(let shard): stack.append("\(shard)")
        case .add:
          let right = stack.removeLast()
          stack.append("(\(stack.removeLast())+\(right))")
        }
      }
      let roots = tree.roots(of: own)
      #expect(roots.count == stack.count)
      for (root, sum) in zip(roots, stack) { known[root] = sum }
    }
    return tree.total({ known[$0] }, { "(\($0)+\($1))" }) ?? ""
  }

  @Test func isTheSameForAnyNumberOfProcesses() {
    for shards in 1...17 {
      for filled in [Array(0..<shards), Array(0..<shards).filter { $0 % 3 != 1 }, [shards - 1], []] {
        let one = total(shards, filled, processes: 1)
        for processes in 2...max(2, shards) where processes <= shards {
          #expect(total(shards, filled, processes: processes) == one, "\(filled) of \(shards) over \(processes)")
        }
      }
    }
  }

  @Test func isABinaryTree() {
    #expect(total(8, Array(0..<8), processes: 4) == "(((0+1)+(2+3))+((4+5)+(6+7)))")
    #expect(total(6, Array(0..<6), processes: 3) == "(((0+1)+(2+3))+(4+5))")
    #expect(total(8, [0, 2, 3, 7], processes: 2) == "((0+(2+3))+7)")
  }
}
