/// A graph as a list of steps in one block of memory: a compiled function for one signature.
///
/// Every value has its place in the block, which others take when it is not needed any more. A run points the inputs' tensors to the arguments,
/// goes through the list, and copies the results out of the block: nothing is dispatched, checked, recorded or allocated but the results.
final class Plan: @unchecked Sendable, CustomStringConvertible {
  let graph: TracedGraph
  /// How many operators the function called.
  private let tracedCount: Int
  /// How long it took to trace the function again and to make the plan.
  private let duration: Duration
  /// The bytes of the block.
  private let byteCount: Int
  private let stepCount: Int
  /// Steps with memory of their own, one for each thread that runs the plan at a time.
  private let idle: Lock<[PlanMemory]>

  private init(_ graph: TracedGraph, _ tracedCount: Int, _ memory: PlanMemory, _ duration: Duration) {
    (self.graph, self.tracedCount, self.duration) = (graph, tracedCount, duration)
    (byteCount, stepCount) = (memory.byteCount, memory.stepCount)
    idle = Lock([memory])
  }

  /// Makes the steps by running the graph once on these inputs; with what that gave.
  static func made(
    _ graph: TracedGraph, tracedCount: Int, _ inputs: [Tensor], _ streams: [RandomStream], since start: ContinuousClock.Instant
  ) throws(TensorError) -> (Plan, [Tensor]) {
    let (memory, outputs) = try PlanMemory.made(graph, inputs, streams)
    return (Plan(graph, tracedCount, memory, start.duration(to: .now)), outputs)
  }

  var description: String {
    let milliseconds = Double(duration.components.seconds) * 1e3 + Double(duration.components.attoseconds) * 1e-15
    let formulas = graph.nodes.compactMap(\.formula).filter { $0.count > 12 }.prefix(3).map { ", \($0)" }.joined()
    let time = (milliseconds * 100).rounded() / 100
    return "\(tracedCount) operators, in the plan \(stepCount), \(byteCount) bytes, made in \(time) ms\(formulas)"
  }

  /// The results for these inputs.
  func run(_ inputs: [Tensor], _ streams: [RandomStream]) throws(TensorError) -> [Tensor] {
    guard let memory = idle.withLock({ $0.popLast() }) else {
      // Another thread is running it.
      let (memory, outputs) = try PlanMemory.made(graph, inputs, streams)
      idle.withLock { $0.append(memory) }
      return outputs
    }
    defer { idle.withLock { $0.append(memory) } }
    return try memory.run(inputs, streams)
  }
}

/// The steps of a plan and the block that they work in: one thread's at a time.
private final class PlanMemory: @unchecked Sendable {
  private let steps: [PlanStep]
  private let drawing: [PlanStep]
  /// The tensors that show an input or a part of it, and how far its first element is from the input's, in bytes.
  private let inputs: [[(body: Body, offset: Int)]]
  private let outputs: [Tensor]
  private let block: Tensor
  private let allocations = PlannedAllocations(isRecording: false)
  let byteCount: Int
  var stepCount: Int { steps.count }

  private init(_ steps: [PlanStep], _ inputs: [[(body: Body, offset: Int)]], _ outputs: [Tensor], _ block: Tensor, _ byteCount: Int) {
    (self.steps, self.inputs, self.outputs, self.block, self.byteCount) = (steps, inputs, outputs, block, byteCount)
    drawing = steps.filter { $0.draw != nil }
  }

  func run(_ arguments: [Tensor], _ streams: [RandomStream]) throws(TensorError) -> [Tensor] {
    for i in inputs.indices {
      let first = arguments[i].pointer
      for (body, offset) in inputs[i] { body.move(to: first + offset) }
    }
    for step in drawing { if let draw = step.draw { step.draws(from: streams[draw.stream]) } }
    try allocations.use { [allocations] () throws(TensorError) in
      for step in steps {
        allocations.begin(step.bodies)
        let y = try step.run()
        if let result = step.result, y.pointer != result.pointer { copyElements(from: y, to: result) }
      }
    }
    allocations.begin([])
    var results: [Tensor] = []
    results.reserveCapacity(outputs.count)
    for output in outputs { results.append(try output.contiguousCopy()) }
    return results
  }

  // MARK: Making

  /// A piece of memory that steps work in: the result of one, or what its kernel needs meanwhile.
  private struct Piece {
    var byteCount: Int
    /// The steps from which to which it is needed.
    var steps: ClosedRange<Int>
    var offset = 0
  }

  /// Whose elements a value shows, and where among them it begins.
  private enum Home {
    case input(Int, offset: Int)
    case piece(Int, offset: Int)
    case constant
  }

  static func made(
    _ graph: TracedGraph, _ arguments: [Tensor], _ streams: [RandomStream]
  ) throws(TensorError) -> (PlanMemory, [Tensor]) {
    var values: [Int: Tensor] = graph.constants
    var homes: [Int: Home] = [:]
    for number in graph.constants.keys { homes[number] = .constant }
    for (i, x) in arguments.enumerated() {
      values[i] = x.detached
      homes[i] = .input(i, offset: 0)
    }
    var pieces: [Piece] = []
    /// The pieces that each step's kernel asked for, in order, with their layouts; whether the kernel runs at all.
    var requests: [[(piece: Int, like: Tensor)]] = []
    var isStep: [Bool] = []
    let lastUses = graph.lastUses

    for (place, node) in graph.nodes.enumerated() {
      for number in node.saved {
        let (x, end) = (graph.values[number], lastUses[number] ?? place)
        values[number] = try Tensor(zeros: x.shape, x.dtype)
        homes[number] = .piece(pieces.count, offset: 0)
        pieces.append(Piece(byteCount: x.shape.elementCount * x.dtype.byteCount, steps: place...end))
      }
      let recording = PlannedAllocations(isRecording: true)
      let step = node.step { values[$0]! }
      if let draw = node.draw { step.draws(from: streams[draw.stream]) }
      let y = try recording.use { () throws(TensorError) in try step.run() }
      if !y.hasElements { throw TensorError(node.name, "gave no elements", location: node.location) }
      requests.append(
        recording.bodies.map { body in
          pieces.append(Piece(byteCount: Tensor(body).elementCount * Tensor(body).dtype.byteCount, steps: place...place))
          // Its layout, without its elements.
          return (pieces.count - 1, Tensor(.placed(nil, like: Tensor(body))))
        })
      // Whose memory the result lies in: one of the requests, or an operand's.
      let own = recording.bodies.firstIndex { Tensor($0).sharesMemory(with: y) }
      // Any other operator that gives an operand back may do so because of its elements.
      let viewed = node.isView ? node.operands.first { values[$0]!.sharesMemory(with: y) } : nil
      if let own {
        let piece = pieces.count - recording.bodies.count + own
        homes[node.result] = .piece(piece, offset: y.pointer - Tensor(recording.bodies[own]).pointer)
        isStep.append(true)
      } else if let operand = viewed, let home = homes[operand] {
        let offset = y.pointer - values[operand]!.pointer
        homes[node.result] =
          switch home {
          case .input(let i, let before): .input(i, offset: before + offset)
          case .piece(let i, let before): .piece(i, offset: before + offset)
          case .constant: .constant
          }
        isStep.append(node.isCheck)
      } else {
        // In memory that no request was for: it is copied to a piece of its own.
        pieces.append(Piece(byteCount: y.elementCount * y.dtype.byteCount, steps: place...place))
        homes[node.result] = .piece(pieces.count - 1, offset: 0)
        isStep.append(true)
        values[node.result] = try y.contiguousCopy()
      }
      if values[node.result] == nil { values[node.result] = y.detached }
      // A piece is needed for as long as any value that shows it.
      if case .piece(let i, _)? = homes[node.result] {
        let end = lastUses[node.result] ?? place
        pieces[i].steps = min(pieces[i].steps.lowerBound, place)...max(pieces[i].steps.upperBound, end)
      }
      for operand in Set(node.operands) where lastUses[operand] == place && graph.constants[operand] == nil && operand >= arguments.count {
        // Its layout is still wanted, its elements are not.
        values[operand] = values[operand].map { Tensor(.placed(nil, like: $0)) }
      }
    }
    let results = try graph.outputs.map { (number) throws(TensorError) in try values[number]!.contiguousCopy() }
    let byteCount = arrange(&pieces)
    let block = try Tensor(uninitialized: [Swift.max(1, (byteCount + 63) / 8)], .int64)
    let start = UnsafeMutableRawPointer(bitPattern: (UInt(bitPattern: block.pointer) + 63) & ~63)!
    return (
      assembled(graph, arguments, values, homes, pieces.map(\.offset), requests, isStep, block, start, byteCount), results
    )
  }

  /// Gives each piece a place such that no two that are needed at a step overlap: the largest first, each as low as it can be.
  private static func arrange(_ pieces: inout [Piece]) -> Int {
    var placed: [Int] = []
    var end = 0
    let order = pieces.indices.sorted { (pieces[$0].byteCount, $1) > (pieces[$1].byteCount, $0) }
    for i in order {
      let size = (pieces[i].byteCount + 63) & ~63
      var offset = 0
      // Those in the way, from the lowest on.
      for other in placed where pieces[other].steps.overlaps(pieces[i].steps) {
        if pieces[other].offset >= offset + size { break }
        offset = Swift.max(offset, pieces[other].offset + ((pieces[other].byteCount + 63) & ~63))
      }
      pieces[i].offset = offset
      end = Swift.max(end, offset + size)
      let at = placed.firstIndex { pieces[$0].offset > offset } ?? placed.count
      placed.insert(i, at: at)
    }
    return end
  }

  private static func assembled(
    _ graph: TracedGraph, _ arguments: [Tensor], _ values: [Int: Tensor], _ homes: [Int: Home], _ offsets: [Int],
    _ requests: [[(piece: Int, like: Tensor)]], _ isStep: [Bool], _ block: Tensor, _ start: UnsafeMutableRawPointer, _ byteCount: Int
  ) -> PlanMemory {
    var fixed: [Int: Tensor] = [:]
    var inputs: [[(body: Body, offset: Int)]] = arguments.map { _ in [] }
    for (number, value) in values {
      switch homes[number] {
      case .constant?, nil: fixed[number] = value
      case .piece(let i, let offset)?: fixed[number] = Tensor(.placed(start + offsets[i] + offset, like: value))
      case .input(let i, let offset)?:
        let body = Body.placed(nil, like: value)
        inputs[i].append((body, offset))
        fixed[number] = Tensor(body)
      }
    }
    var steps: [PlanStep] = []
    for (place, node) in graph.nodes.enumerated() where isStep[place] {
      let step = node.step { fixed[$0]! }
      step.bodies = requests[place].map { .placed(start + offsets[$0.piece], like: $0.like) }
      step.result = fixed[node.result]!
      steps.append(step)
    }
    return PlanMemory(steps, inputs, graph.outputs.map { fixed[$0]! }, block, byteCount)
  }
}
