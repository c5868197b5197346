import Tensors

/// How the state of optimizers is divided among processes, each of which has a stretch of each parameter's: ZeRO's first stage (Rajbhandari and
/// others 2020).
package struct StatePartition: Sendable {
  /// The process, and how many there are.
  package let rank: Int
  package let count: Int
  /// Brings together a parameter's state of which this process has a stretch, given the parameter's name; all processes call it in the same order.
  package let whole: @Sendable (_ part: Tensor, _ name: String) -> Tensor

  /// In force while an optimizer makes a step, or shows its state.
  @TaskLocal package static var current: StatePartition?

  package init(rank: Int, count: Int, whole: @escaping @Sendable (Tensor, String) -> Tensor) {
    (self.rank, self.count, self.whole) = (rank, count, whole)
  }

  /// The elements of a parameter that are this process's.
  package func range(of elements: Int) -> Range<Int> { Self.range(of: elements, rank: rank, count: count) }

  /// The elements of a parameter that are a process's.
  package static func range(of elements: Int, rank: Int, count: Int) -> Range<Int> {
    // Without overflow: count · rank may be beyond the integers where elements are many.
    let (whole, rest) = elements.quotientAndRemainder(dividingBy: count)
    func bound(_ i: Int) -> Int { whole * i + Swift.min(i, rest) }
    return bound(rank)..<bound(rank + 1)
  }
}
