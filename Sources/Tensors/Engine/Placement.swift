import CKernels

/// Where in a tensor its parts lie that an operator reads: a slice, rows by their numbers, one element of each row.
///
/// The gradient of a part is zero but where the part lies. It is put off, so that the tape adds it to what is there already, in place: n parts of a
/// tensor take the time of one tensor and not of n. It is a tensor as any other to whoever asks for its elements.
protocol Placement: Sendable {
  /// The part of a tensor, in operators.
  func read(_ whole: Tensor) -> Tensor
  /// Adds to the part of a tensor, whose memory nobody else reads meanwhile and whose elements lie in it once each.
  func add(_ part: Tensor, to whole: Tensor) throws(TensorError)
  /// How many views the part is seen through.
  var depth: Int { get }
}

extension Placement {
  var depth: Int { 0 }
}

/// A placement within a view: of a transposed tensor's row, of a slice's element.
private struct Through: Placement {
  /// The view of a tensor.
  let look: @Sendable (Tensor) -> Tensor
  let inner: any Placement
  let depth: Int

  func read(_ whole: Tensor) -> Tensor { inner.read(look(whole)) }
  func add(_ part: Tensor, to whole: Tensor) throws(TensorError) {
    let view = look(whole)
    try inner.add(part, to: view)
    // Where no layout shows the elements in the view's order it is a copy.
    if !view.sharesMemory(with: whole) { copyElements(from: view.reshaped(whole.shape), to: whole) }
  }
}

/// Zeros, or a tensor, with parts added at their placements: [tensor?, parts…].
struct Assemble: Primitive {
  let placements: [any Placement]
  let shape: Shape
  var name: String { "subscript" }
  var keeps: Keeps { .nothing }

  private func hasBase(_ x: [Tensor]) -> Bool { x.count > placements.count }
  func result(_ x: [Tensor]) -> Signature { Signature(shape, x[0].dtype) }
  func evaluate(_ x: [Tensor], _ result: Signature) throws(TensorError) -> Tensor {
    let first = hasBase(x) ? 1 : 0
    if first == 0, x.count == 1, let slice = placements[0] as? Slice {
      let part = slice.axes == nil ? x[0] : x[0].detached.reshaped(slice.region.shape)
      return try Embed(region: slice.region, shape: shape).evaluate(part, result)
    }
    let y = first == 1 ? try x[0].contiguousCopy() : try Tensor(zeros: shape, result.dtype)
    for i in placements.indices { try placements[i].add(x[first + i], to: y) }
    return y
  }
  func gradient(_ x: [Tensor], _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let first = hasBase(x) ? 1 : 0
    var dy = dy
    // Laid out in order once, and not by each of the parts that want it so.
    if x.count > 1 && !dy.isContiguous && dy.hasElements, var copy = try? dy.contiguousCopy() {
      copy.node = dy.node
      dy = copy
    }
    return x.indices.map { i in
      if i < first { return dy }
      guard needs[i] else { return nil }
      let part = placements[i - first].read(dy)
      // Where dy goes on to the whole nobody else refers to it, so that it can be added to in place.
      return first == 1 && needs[0] && part.hasElements && part.sharesMemory(with: dy) ? part.copied(name) : part
    }
  }

  /// The same, in place of a tensor that nobody else refers to, and recorded; false where it cannot be.
  func adds(_ parts: [Tensor], to x: inout Tensor) -> Bool {
    let context = Context.current
    guard context.tapeID != 0, let tape = context.tape, !context.hasFailed, !context.isObserved, x.isContiguous, x.isHeldAlone else {
      return false
    }
    for part in parts where !part.hasElements { return false }
    // A record of the earlier value would keep it: the rule reads shapes alone.
    var before = Tensor(hollow: x.shape, x.dtype)
    before.node = x.node
    let operands = [before] + parts
    let level = operands.level(on: context.tapeID)
    if level == Node.unrecorded { return false }
    let done: Void? = attempt(name) { () throws(TensorError) in
      for i in placements.indices { try placements[i].add(parts[i], to: x) }
    }
    guard done != nil else { return true }
    x.isFrozen = false
    x.node = .none
    if level > 0 { tape.record(self, operands, &x, level) }
    return true
  }
}

extension Tensor {
  /// From this many elements on, and for parts of at most half of them, it is worth putting off.
  private static let leastPlaced = 1024

  /// Zeros of a shape with this tensor at a placement, put off; otherwise what `operator` gives at once.
  func placed(_ placement: some Placement, in shape: Shape, or operator: () -> Tensor) -> Tensor {
    if isWaiting, let slice = placement as? Slice, let y = seen(in: shape, { slice($0) }) { return y }
    let context = Context.current
    guard shape.elementCount >= Tensor.leastPlaced, elementCount <= shape.elementCount / 2, !context.hasFailed, !context.isObserved,
      dtype.isSingleOrDouble, hasElements
    else { return `operator`() }
    return assembled(placement, in: shape, context)
  }

  /// A tensor that waits with a part in it, in another shape as a view's gradient; nil if it is not one.
  ///
  /// Of that shape `look` gives this tensor's layout back.
  func seen(in shape: Shape, _ look: @escaping @Sendable (Tensor) -> Tensor) -> Tensor? {
    let context = Context.current
    guard let (placement, part) = placement, placement.depth < Waiting.deepest, !context.hasFailed, !context.isObserved else { return nil }
    return part.assembled(Through(look: look, inner: placement, depth: placement.depth + 1), in: shape, context)
  }

  private func assembled(_ placement: some Placement, in shape: Shape, _ context: Context) -> Tensor {
    let primitive = Assemble(placements: [placement], shape: shape)
    let waiting = WaitingResult(primitive, [self], Signature(shape, dtype), depth: 1)
    var y = Tensor(.waiting(shape, dtype, waiting))
    let level = context.tapeID == 0 ? 0 : self.level(on: context.tapeID)
    if level > 0, let tape = context.tape {
      tape.record(primitive, [self], &y, level)
      waiting.node = y.node
      tape.waits(y)
    }
    return y
  }

  /// The part and its place, of a gradient of a part that nobody has asked for the elements of.
  var placement: (placement: any Placement, part: Tensor)? {
    guard isWaiting, let waiting = waiting as? WaitingResult<Assemble>, let part = waiting.operands else { return nil }
    return (waiting.primitive.placements[0], part[0])
  }

  /// Adds to elements that nobody else reads, under any layout that has each of them once.
  func addInPlace(_ y: Tensor) throws(TensorError) {
    guard elementCount > 0, let kernel = fx_elementwise(Int32(FX_ADD.rawValue), dtype.code) else { return }
    let (sum, y) = try (ordered, y.ordered)
    let (target, source, size) = (sum.pointer, y.pointer, dtype.byteCount)
    parallel(elementCount, grain: Blocks.grain) { range in
      let at = range.lowerBound * size
      kernel(range.count, target + at, source + at, target, target + at)
    }
    withExtendedLifetime(y) {}
    if !isContiguous { copyElements(from: sum, to: self) }
  }
}

/// The gradients on their way back through a tape's records, by the place of the record whose result they are of.
struct Gradients {
  private var slots: [Tensor?]
  /// Where the pass is recorded for a gradient around it: parts, which are added up by one operator.
  private var parts: [Int: [Tensor]] = [:]
  private let isRecorded = Context.current.tapeID != 0

  init(count: Int) { slots = Array(repeating: nil, count: count) }

  /// Adds a gradient to what is there.
  mutating func add(_ dx: Tensor, at slot: Int) {
    if isRecorded {
      if dx.placement != nil { return parts[slot, default: []].append(dx) }
    } else if slots[slot] != nil, let (placement, part) = dx.placement {
      let isOwn = slots[slot]!.isContiguous && slots[slot]!.isHeldAlone
      let before = slots[slot]!
      if let whole = attempt({ () throws(TensorError) in isOwn ? before : try before.contiguousCopy() }) {
        slots[slot] = whole
        _ = attempt { () throws(TensorError) in try placement.add(part, to: whole) }
      }
      return
    }
    if slots[slot] == nil {
      slots[slot] = dx
    } else {
      slots[slot]! += dx
    }
  }

  /// The gradient that has come together, with its elements, which stays.
  mutating func settled(_ slot: Int) -> Tensor? {
    guard let sum = take(slot) else { return nil }
    _ = sum.hasElements
    slots[slot] = sum
    return sum
  }

  /// The gradient that has come together, which leaves.
  mutating func take(_ slot: Int) -> Tensor? {
    var sum = slots[slot]
    slots[slot] = nil
    guard !parts.isEmpty, let parts = parts.removeValue(forKey: slot) else { return sum }
    if sum == nil && parts.count == 1 { return parts[0] }
    var placed: [(placement: any Placement, part: Tensor)] = []
    for part in parts {
      if let found = part.placement { placed.append(found) } else { sum = sum.map { $0 + part } ?? part }
    }
    if placed.isEmpty { return sum }
    let all = Assemble(placements: placed.map(\.placement), shape: parts[0].shape)
    if sum != nil, all.adds(placed.map(\.part), to: &sum!) { return sum }
    return all((sum.map { [$0] } ?? []) + placed.map(\.part))
  }
}
