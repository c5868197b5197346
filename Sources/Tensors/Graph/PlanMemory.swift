/// A graph as a list of steps in one block of memory: one thread's at a time.
///
/// Every value has its place in the block, which others take when it is not needed any more; results have memory of the caller's. A run points
/// arguments and results to their tensors and goes through the list: nothing is dispatched, checked, recorded or allocated.
final class PlanMemory: @unchecked Sendable {
  /// A tensor that shows an argument or a result or a part of it, and how far its first element is from theirs, in bytes.
  private typealias Shown = (body: Body, offset: Int)

  /// Those of a list of arguments or results, one behind the other; steps keep the bodies.
  private struct Places {
    private var list: [(body: Unmanaged<Body>, offset: Int)] = []
    private var starts = [0]

    init(_ shown: [[Shown]]) {
      for of in shown {
        list += of.map { (.passUnretained($0.body), $0.offset) }
        starts.append(list.count)
      }
    }

    @inline(__always)
    func point(_ i: Int, to address: UnsafeMutableRawPointer) {
      for place in starts[i]..<starts[i + 1] { list[place].body._withUnsafeGuaranteedRef { $0.move(to: address + list[place].offset) } }
    }
  }

  private let steps: [PlanStep]
  /// The steps again, and their kernels, without references that are counted; whether they have weights alone as their operands.
  private let list: [(kernel: Unmanaged<PlanKernel>?, step: Unmanaged<PlanStep>, isOfWeights: Bool)]
  /// The stamp of the weights that the results of those steps have been computed of; 0 for none.
  private var computed: UInt64 = 0
  private let drawing: [PlanStep]
  private let arguments: Places
  private let results: Places
  /// Whose places those are.
  private let bodies: [Body]
  private let block: Tensor
  /// What stays from run to run.
  let weights: PlanWeights
  private let allocations = PlannedAllocations(isRecording: false)
  let byteCount: Int
  var stepCount: Int { steps.count }
  /// Whether a step draws random numbers.
  var draws: Bool { !drawing.isEmpty }

  private init(
    _ steps: [PlanStep], _ arguments: [[Shown]], _ results: [[Shown]], _ block: Tensor, _ weights: PlanWeights, _ byteCount: Int
  ) {
    (self.steps, self.block, self.weights, self.byteCount) = (steps, block, weights, byteCount)
    list = steps.map { ($0.kernel.map { .passUnretained($0) }, .passUnretained($0), $0.isOfWeights) }
    (self.arguments, self.results) = (Places(arguments), Places(results))
    bodies = (arguments + results).flatMap { $0.map(\.body) }
    drawing = steps.filter { $0.draw != nil }
  }

  /// Where an argument is in the next run.
  @inline(__always)
  func point(argument i: Int, to address: UnsafeMutableRawPointer) { arguments.point(i, to: address) }

  /// Where the first arguments are in the next run.
  func point(argumentsTo list: [Tensor]) {
    for i in list.indices { arguments.point(i, to: list[i].pointer) }
  }

  /// Where a result goes in the next run.
  @inline(__always)
  func point(result i: Int, to address: UnsafeMutableRawPointer) { results.point(i, to: address) }

  func run(_ streams: [RandomStream], _ context: Context) throws(TensorError) {
    if draws { for step in drawing { if let draw = step.draw { step.draws(from: streams[draw.stream]) } } }
    let isProfiled = context.isObserved && context.profiler != nil
    let isComputed = computed != 0 && computed == weights.stamp
    computed = 0
    for i in list.indices {
      if isComputed && list[i].isOfWeights { continue }
      if !isProfiled, let kernel = list[i].kernel, kernel._withUnsafeGuaranteedRef({ $0.run() }) { continue }
      try list[i].step.takeUnretainedValue().run(in: allocations, isProfiled ? context.profiler : nil)
    }
    computed = weights.stamp
  }

  // MARK: Making

  /// Whose elements a value shows, and where among them it begins.
  private enum Home {
    case input(Int, offset: Int)
    case piece(Int, offset: Int)
    case constant
  }

  /// - Parameter weightCount: How many of the first arguments are the same tensors in most runs.
  static func made(
    _ graph: TracedGraph, _ arguments: [Tensor], _ streams: [RandomStream], weightCount: Int
  ) throws(TensorError) -> (PlanMemory, [Tensor]) {
    var values: [Int: Tensor] = graph.constants
    var homes: [Int: Home] = [:]
    for number in graph.constants.keys { homes[number] = .constant }
    for (i, x) in arguments.enumerated() {
      values[i] = x.detached
      homes[i] = .input(i, offset: 0)
    }
    var pieces: [PlanPiece] = []
    /// The pieces that each step's kernel asked for, in order, with their layouts; whether the kernel runs at all.
    var requests: [[(piece: Int, like: Tensor)]] = []
    var isStep: [Bool] = []
    let lastUses = graph.lastUses
    let isOfWeights = graph.nodesOfWeights(count: weightCount)
    /// Which results each value is, the pieces that lie where a result goes, and the results that are copied there after a step.
    var outputs: [Int: [Int]] = [:]
    for (k, number) in graph.outputs.enumerated() { outputs[number, default: []].append(k) }
    var places: [Int: Int] = [:]
    var copied: [[(result: Int, value: Int)]] = Array(repeating: [], count: graph.nodes.count)
    var results: [Int: Tensor] = [:]
    /// The pieces that another value has taken over, and the last step that did.
    var overwritten: [Int: Int] = [:]

    for (place, node) in graph.nodes.enumerated() {
      for number in node.saved {
        let x = graph.values[number]
        values[number] = try Tensor(zeros: x.shape, x.dtype)
        homes[number] = .piece(pieces.count, offset: 0)
        pieces.append(PlanPiece(byteCount: x.shape.elementCount * x.dtype.byteCount, steps: place...place))
      }
      let recording = PlannedAllocations(isRecording: true)
      let step = node.step { values[$0]! }
      if let draw = node.draw { step.draws(from: streams[draw.stream]) }
      let y = try recording.use { () throws(TensorError) in try step.run() }
      if !y.hasElements { throw TensorError(node.name, "gave no elements", location: node.location) }
      requests.append(
        recording.bodies.map { body in
          pieces.append(PlanPiece(byteCount: Tensor(body).elementCount * Tensor(body).dtype.byteCount, steps: place...place))
          // Its layout, without its elements.
          return (pieces.count - 1, Tensor(.placed(nil, like: Tensor(body))))
        })
      // Whose memory the result lies in: one of the requests, or an operand's.
      let own = recording.bodies.firstIndex { Tensor($0).sharesMemory(with: y) }
      // Any other operator that gives an operand back may do so because of its elements.
      let viewed = node.isView ? node.operands.first { values[$0]!.sharesMemory(with: y) } : nil
      if own == 0, recording.bodies.count == 1, let operand = overwritable(by: node, place, y, values, homes, pieces),
        case .piece(let i, _)? = homes[operand]
      {
        pieces.removeLast()
        overwritten[i] = place
        requests[place] = [(i, requests[place][0].like)]
        homes[node.result] = .piece(i, offset: 0)
        isStep.append(true)
      } else if let own {
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
        pieces.append(PlanPiece(byteCount: y.elementCount * y.dtype.byteCount, steps: place...place))
        homes[node.result] = .piece(pieces.count - 1, offset: 0)
        isStep.append(true)
        values[node.result] = try y.contiguousCopy()
      }
      if values[node.result] == nil { values[node.result] = y.detached }
      for number in node.saved + [node.result] {
        let y = values[number]!
        // What weights give alone stays from run to run, while all other steps run again.
        let start = isOfWeights[place] ? 0 : place
        var end = isOfWeights[place] ? graph.nodes.count : lastUses[number] ?? place
        // A result that is all of a piece is computed where it goes. Any other is copied at once: a small part would keep a large piece.
        for k in outputs[number] ?? [] {
          results[k] = try y.contiguousCopy()
          if case .piece(let i, 0)? = homes[number], places[i] == nil, y.isContiguous,
            y.elementCount * y.dtype.byteCount == pieces[i].byteCount
          {
            (places[i], end) = (k, graph.nodes.count)
          } else {
            copied[place].append((k, number))
          }
        }
        // A piece is needed for as long as any value that shows it.
        if case .piece(let i, _)? = homes[number] {
          pieces[i].steps = min(pieces[i].steps.lowerBound, start)...max(pieces[i].steps.upperBound, end)
        }
      }
      for operand in Set(node.operands) where lastUses[operand] == place && graph.constants[operand] == nil && operand >= arguments.count {
        // Its layout is still wanted, its elements are not.
        values[operand] = values[operand].map { Tensor(.placed(nil, like: $0)) }
      }
    }
    // From here on layouts are enough.
    for (number, x) in values { if case .constant? = homes[number] { continue } else { values[number] = Tensor(.placed(nil, like: x)) } }
    let order = order(graph, lastUses, homes, requests, given: Set(places.keys), copied, overwritten, &pieces)
    let byteCount = arrange(&pieces, except: Set(places.keys))
    let block = try Tensor(uninitialized: [Swift.max(1, (byteCount + 63) / 8)], .int64)
    let start = UnsafeMutableRawPointer(bitPattern: (UInt(bitPattern: block.pointer) + 63) & ~63)!
    var shown: [[Shown]] = arguments.map { _ in [] }
    var given: [[Shown]] = graph.outputs.map { _ in [] }
    func piece(_ i: Int, _ offset: Int, like x: Tensor) -> Body {
      guard let k = places[i] else { return .placed(start + pieces[i].offset + offset, like: x) }
      given[k].append((.placed(nil, like: x), offset))
      return given[k][given[k].count - 1].body
    }
    var fixed: [Int: Tensor] = [:]
    let weights = PlanWeights()
    for (number, value) in values {
      switch homes[number] {
      case .constant?, nil:
        fixed[number] = value
        weights.insert(value)
      case .piece(let i, let offset)?: fixed[number] = Tensor(piece(i, offset, like: value))
      case .input(let i, let offset)?:
        shown[i].append((.placed(nil, like: value), offset))
        fixed[number] = Tensor(shown[i][shown[i].count - 1].body)
        if i < weightCount { weights.insert(fixed[number]!) }
      }
    }
    for (place, node) in graph.nodes.enumerated() where isOfWeights[place] { weights.insert(fixed[node.result]!) }
    var steps: [PlanStep] = []
    for place in order {
      let node = graph.nodes[place]
      defer {
        for (k, number) in copied[place] {
          let body = Body.placed(nil, like: Tensor(hollow: fixed[number]!.shape, fixed[number]!.dtype))
          given[k].append((body, 0))
          steps.append(CopyStep(fixed[number]!, to: Tensor(body)))
        }
      }
      if !isStep[place] { continue }
      let step = node.step { fixed[$0]! }
      step.bodies = requests[place].map { piece($0.piece, 0, like: $0.like) }
      step.result = fixed[node.result]!
      step.isOfWeights = isOfWeights[place]
      step.prepare(weights)
      steps.append(step)
    }
    return (PlanMemory(steps, shown, given, block, weights, byteCount), graph.outputs.indices.map { results[$0]! })
  }

  /// The order of the steps: those with results of the caller's alone are put off where that takes less memory.
  private static func order(
    _ graph: TracedGraph, _ lastUses: [Int: Int], _ homes: [Int: Home], _ requests: [[(piece: Int, like: Tensor)]], given: Set<Int>,
    _ copied: [[(result: Int, value: Int)]], _ overwritten: [Int: Int], _ pieces: inout [PlanPiece]
  ) -> [Int] {
    var order = StepOrder(pieces.indices.filter { !given.contains($0) }.map { pieces[$0] }, stepCount: graph.nodes.count)
    // Once one is put off, the most may be at another step.
    var isChanged = true
    while isChanged {
      isChanged = false
      for (place, node) in graph.nodes.enumerated() {
        guard node.draw == nil, node.saved.isEmpty, !node.isCheck, lastUses[node.result] == nil, copied[place].isEmpty,
          case .piece(let result, _)? = homes[node.result], given.contains(result)
        else { continue }
        let own = Set(requests[place].map(\.piece)).subtracting(given)
        let read = Set(node.operands.compactMap { if case .piece(let i, _)? = homes[$0] { i } else { nil } })
        // What another value takes over afterwards, a result as well, cannot be kept.
        if read.contains(where: { overwritten[$0] ?? 0 > place }) || own.contains(where: { pieces[$0].steps != place...place }) {
          continue
        }
        if order.putOff(place, own: own, operands: read.subtracting(given), &pieces) { isChanged = true }
      }
    }
    return order.list
  }

  /// An operand of an element-wise operator whose memory its result can take: of the same size, and needed by nobody else from then on.
  private static func overwritable(
    by node: TracedNode, _ place: Int, _ y: Tensor, _ values: [Int: Tensor], _ homes: [Int: Home], _ pieces: [PlanPiece]
  ) -> Int? {
    guard node.elementwise != nil else { return nil }
    func piece(_ operand: Int) -> Int? { if case .piece(let i, _)? = homes[operand] { i } else { nil } }
    return node.operands.first { operand in
      guard case .piece(let i, 0)? = homes[operand], let x = values[operand], x.isContiguous, x.dtype == y.dtype, x.shape == y.shape,
        pieces[i].steps.upperBound == place, pieces[i].byteCount == y.elementCount * y.dtype.byteCount
      else { return false }
      return node.operands.allSatisfy { $0 == operand || piece($0) != i }
    }
  }

  /// Gives each piece a place such that no two that are needed at a step overlap: the largest first, each as low as it can be.
  private static func arrange(_ pieces: inout [PlanPiece], except: Set<Int>) -> Int {
    var placed: [Int] = []
    var end = 0
    let order = pieces.indices.filter { !except.contains($0) }.sorted { (pieces[$0].byteCount, $1) > (pieces[$1].byteCount, $0) }
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
}
