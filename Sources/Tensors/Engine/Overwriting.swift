// What a tensor's part is overwritten with, inside of a gradient call: in place, and its gradient in place, so that a loop that writes all of a
// tensor piece by piece takes the time of one tensor.
/// An operator whose result is its first operand with a part overwritten by the second.
protocol Overwriting: Primitive where Inputs == Pair {
  /// Overwrites the part of a contiguous tensor that nobody else refers to.
  func overwrite(_ whole: Tensor, with part: Tensor) throws(TensorError)
  /// The gradient of what is written, in operators.
  func written(_ x: Pair, _ dy: Tensor) -> Tensor
}

extension Tape {
  /// Overwrites a part of `x`, and records it; elements that somebody else holds are copied first.
  func overwrite<P: Overwriting>(_ primitive: P, of x: inout Tensor, with part: Tensor) {
    let node = x.node
    // A record of an earlier value would keep it from being overwritten: the rule reads shapes alone.
    var before = Tensor(hollow: x.shape, x.dtype)
    before.node = node
    let operands = Pair(before, part)
    let level = operands.level(on: id)
    if level == Node.unrecorded { return refuse(primitive.name, operands) }
    if !x.isContiguous || !x.isHeldAlone {
      guard let copy = x.copied(primitive.name) else { return }
      x = copy
    }
    guard attempt(primitive.name, { [x] () throws(TensorError) in try primitive.overwrite(x, with: part) }) != nil else { return }
    x.isFrozen = false
    append(OverwritingRecord(primitive, operands, .nothing), &x, level)
  }
}

final class OverwritingRecord<P: Overwriting>: Record<P> {
  override func backward(_ dy: inout Tensor, tape: UInt64, since start: Int32, level: Int32, into gradients: inout Gradients) {
    let context = Context.current
    guard !context.isObserved, !context.hasFailed, dy.hasElements else {
      return super.backward(&dy, tape: tape, since: start, level: level, into: &gradients)
    }
    func slot(_ node: Node) -> Int? {
      node.tape == tape && node.level >= level && node.index >= start ? Int(node.index - start) : nil
    }
    let (ofWhole, ofPart) = (slot(x.a.node), slot(x.b.node))
    if let ofPart {
      // A copy, so that nobody else refers to the gradient of the whole, which is changed next.
      let part = primitive.written(x, dy)
      if context.hasFailed { return }
      guard let own = ofWhole != nil && part.hasElements && part.sharesMemory(with: dy) ? part.copied(primitive.name) : part else { return }
      gradients.add(own, at: ofPart)
    }
    guard let ofWhole else { return }
    var dx = dy
    dy = .placeholder
    let zero = Tensor.zeros([], dx.dtype).expanded(x.b.shape)
    // A pass that is recorded is differentiated in turn: what it overwrites is on the tape as what the program does.
    if context.tapeID != 0, dx.isTracked(context), let tape = context.tape {
      tape.overwrite(primitive, of: &dx, with: zero)
      if context.hasFailed { return }
    } else {
      if !dx.isContiguous || !dx.isHeldAlone {
        guard let copy = dx.copied(primitive.name) else { return }
        dx = copy
      }
      guard attempt(primitive.name, { [dx] () throws(TensorError) in try primitive.overwrite(dx, with: zero) }) != nil else { return }
    }
    gradients.add(dx, at: ofWhole)
  }
}

extension Tensor {
  /// The elements in memory of their own, at the same place on the tape; nil after a mistake.
  func copied(_ name: String) -> Tensor? {
    guard hasElements, var copy = attempt(name, { () throws(TensorError) in try contiguousCopy() }) else { return nil }
    copy.node = node
    return copy
  }
}
