/// The elements of a value in a trace: operators see them, and whoever else looks at them is told of, since a plan would not.
final class TracedElements: Waiting, @unchecked Sendable {
  let tracer: Tracer
  /// The value's number in the graph.
  let value: Int
  let real: Tensor

  init(_ tracer: Tracer, _ value: Int, _ real: Tensor) {
    (self.tracer, self.value, self.real) = (tracer, value, real)
    super.init(depth: 0)
  }

  override var isTraced: Bool { true }
  override func once(_ publish: (Tensor) -> Void) {}

  /// The elements, for something that is no operator of the graph.
  func read() -> Tensor {
    tracer.refuse(
      "elements of a tensor that depends on the inputs are read (item(), Array(_:), print, or a Swift if or loop over values)")
    return real
  }
}

extension Tensor {
  /// Whether it stands for a value of a graph that is being traced, whose elements are not to be looked at.
  package var isTraced: Bool { body.traced != nil }
}
