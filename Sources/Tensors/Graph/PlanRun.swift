/// What one run of a plan works in, and its output, whose address stays as it is: one thread's at a time.
///
/// It is kept from call to call, results too: a result that the caller has let go of is written over, one that is still held is not.
class PlanRun: @unchecked Sendable {
  final let plan: Plan
  final let memory: PlanMemory
  final let address: UnsafeMutableRawPointer
  /// Where it goes when another plan's run takes its place; written once.
  final weak var home: PlanRuns?
  private final let layout: LeafLayout
  /// Where the output's tensors are, if it has nothing else.
  private final let offsets: [Int]?

  struct Content {
    /// What the state's changed tensors are computed in, which then changes places with them.
    var spares: [Tensor]
    /// The state that the plan's arguments point to.
    var stamp: UInt64 = 0
    /// Copies of arguments that did not lie in order.
    var held: [Tensor] = []
    /// What is to be put in the output's copy: arguments, constants, random streams.
    var fill: PutLeaves?
    /// Arguments and streams that the state is changed to.
    var arguments: [Tensor] = []
    var streams: [RandomStream] = []
    /// Whether the plan's results point to the output's tensors.
    var isPrepared = false
  }
  // Not properties of the object: at each call those would be guarded against overlapping accesses.
  final let content: UnsafeMutablePointer<Content>

  init(
    _ plan: Plan, _ memory: PlanMemory, _ address: UnsafeMutableRawPointer, _ layout: LeafLayout, _ spares: [Tensor]
  ) {
    (self.plan, self.memory, self.address, self.layout, offsets) = (plan, memory, address, layout, layout.tensorOffsets)
    content = .allocate(capacity: 1)
    content.initialize(to: Content(spares: spares))
  }
  deinit { content.deinitialize(count: 1).deallocate() }

  /// Points the plan's results to the output's tensors, new ones in place of those that somebody still holds.
  final func prepareOutput(_ sources: [TensorSource]) throws(TensorError) {
    let isFirst = !content.pointee.isPrepared
    if let offsets {
      for i in offsets.indices {
        guard case .result(let k) = sources[i] else { continue }
        try prepare(&(address + offsets[i]).assumingMemoryBound(to: Tensor.self).pointee, k, memory, isFirst)
      }
    } else {
      var prepare = PrepareOutput(memory: memory, sources: sources, isFirst: isFirst)
      layout.visit(address, &prepare)
      if let error = prepare.error { throw error }
    }
    content.pointee.isPrepared = true
  }

  /// A copy of the output, which is of this type.
  @inline(__always)
  final func output<Output>(as type: Output.Type) -> Output {
    var output = address.assumingMemoryBound(to: Output.self).pointee
    if content.pointee.fill != nil { finish(&output) }
    return output
  }

  @inline(never)
  private final func finish<Output>(_ output: inout Output) {
    guard var fill = content.pointee.fill else { return }
    visitLeaves(of: &output, &fill)
  }

  /// Lets go of what belongs to the caller.
  @inline(__always)
  final func clear() {
    if !content.pointee.held.isEmpty { content.pointee.held = [] }
    if content.pointee.fill != nil { content.pointee.fill = nil }
    if !content.pointee.arguments.isEmpty { content.pointee.arguments = [] }
  }
}

final class TypedPlanRun<Output>: PlanRun, @unchecked Sendable {
  init(_ shell: Output, _ plan: Plan, _ memory: PlanMemory, _ spares: [Tensor]) {
    let output = UnsafeMutablePointer<Output>.allocate(capacity: 1)
    output.initialize(to: shell)
    super.init(plan, memory, UnsafeMutableRawPointer(output), .of(Output.self), spares)
  }
  deinit {
    let output = address.assumingMemoryBound(to: Output.self)
    output.deinitialize(count: 1)
    output.deallocate()
  }
}

/// Points a plan's result to a tensor, a new one if somebody still holds it.
@inline(__always)
private func prepare(_ x: inout Tensor, _ result: Int, _ memory: PlanMemory, _ isFirst: Bool) throws(TensorError) {
  // Where it is the same as before the plan points to it already.
  if !isFirst && x.isHeldAlone { return }
  x.replace(with: try Tensor(uninitialized: x.shape, x.dtype))
  memory.point(result: result, to: x.pointer)
}

/// Points the plan's results to an output's tensors, new ones in place of those that somebody still holds.
private struct PrepareOutput: LeafVisitor {
  static let isReading = false
  let memory: PlanMemory
  let sources: [TensorSource]
  let isFirst: Bool
  var error: TensorError?
  private var place = 0

  init(memory: PlanMemory, sources: [TensorSource], isFirst: Bool) {
    (self.memory, self.sources, self.isFirst) = (memory, sources, isFirst)
  }

  mutating func tensor(_ x: inout Tensor) {
    defer { place += 1 }
    guard error == nil, case .result(let k) = sources[place] else { return }
    do throws(TensorError) { try prepare(&x, k, memory, isFirst) } catch { self.error = error }
  }
  mutating func stream(_ x: inout RandomStream) {}
  mutating func other(_ hash: (inout Hasher) -> Void) {}
}
