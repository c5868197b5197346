import Autodiff
import Foundation

@testable import Tensors

/// What a use of an operator costs beside what it reads and writes.
struct Cost: Sendable {
  /// The bytes of operands and result.
  var own = 0.0
  /// The most bytes of tensors at once, beside those that were there.
  var peak = 0.0
  /// The bytes of all buffers that were taken.
  var taken = 0.0
  /// The process's time on all processors, which does not depend on what else runs on the machine.
  var seconds = 0.0

  private static var processorSeconds: Double { Double(clock()) / 1e6 }  // POSIX: a million ticks a second

  /// The cost of a use, its time the least of several; nil if it is a mistake.
  static func of(operands: [Tensor], runs: Int, _ body: () throws -> Tensor) -> Cost? {
    var cost = Cost()
    for run in 0..<runs {
      Memory.resetPeak()
      let (live, taken, start) = (Memory.liveBytes, MemoryPool.shared.takenBytes, processorSeconds)
      guard let y = try? checked(body) else { return nil }
      // Elements that were put off are part of it.
      guard y.hasElements else { return nil }
      let seconds = processorSeconds - start
      cost.seconds = run == 0 ? seconds : min(cost.seconds, seconds)
      cost.peak = Double(Memory.peakBytes - live)
      cost.taken = Double(MemoryPool.shared.takenBytes - taken)
      cost.own = Double((operands + [y]).reduce(0) { $0 + $1.elementCount * $1.dtype.byteCount })
    }
    return cost
  }
}

/// Operands of a row that are made larger along some of their axes.
struct Scaling: Sendable {
  /// The sizes of the axes that are scaled.
  let sizes: Set<Int>
  let shapes: [[Int]]
  /// The factors of the smaller and the larger operands.
  let factors: [Int]

  private static func scaled(_ shapes: [[Int]], _ sizes: Set<Int>, _ factor: Int) -> [[Int]] {
    shapes.map { $0.map { sizes.contains($0) ? $0 * factor : $0 } }
  }
  private static func count(_ shapes: [[Int]]) -> Int { shapes.reduce(0) { $0 + $1.reduce(1, *) } }

  func scaled(_ factor: Int) -> [[Int]] { Self.scaled(shapes, sizes, factor) }

  /// Axes of equal size are scaled together, as they may have to agree: those of one size at a time, and all.
  static func all(_ row: OperatorRow) -> [Scaling] {
    var result: [Scaling] = []
    guard
      let shapes = row.cases.first(where: { shapes in count(shapes) > 0 && shapes.contains { $0.contains { $0 > 1 } } })
    else { return [] }
    let sizes = Set(shapes.flatMap { $0 }.filter { $0 > 1 })
    for chosen in (sizes.count > 1 ? [sizes] : []) + sizes.sorted().map({ [$0] }) {
      // Some 1,000 elements, and four times as many along each axis.
      var factor = 1
      while count(scaled(shapes, chosen, factor * 2)) <= 2048 { factor *= 2 }
      let larger = count(scaled(shapes, chosen, factor * 4)) > 1 << 16 ? factor * 2 : factor * 4
      result.append(Scaling(sizes: chosen, shapes: shapes, factors: [factor, larger]))
    }
    return result
  }
}

extension OperatorRow {
  /// The operands of a case as they lie in memory.
  func tensors(_ shapes: [[Int]]) -> [Tensor] { operands(shapes, measuredDType).map { $0.tensor(measuredDType) } }
  /// The dtype that costs are measured in.
  var measuredDType: DType { dtypes.contains(.float32) ? .float32 : dtypes[0] }
}
