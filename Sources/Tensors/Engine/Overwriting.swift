// What a tensor's part is overwritten with, inside of a gradient call: in place, and its gradient in place, so that a loop that writes all of a
// tensor piece by piece takes the time of one tensor.
extension Tape {
  /// Overwrites a part of `x`, and records it; elements that somebody else holds are copied first.
  func overwrite(_ region: Region, of x: inout Tensor, with part: Tensor) {
    let node = x.node
    // A record of an earlier value would keep it from being overwritten: the rule reads shapes alone.
    var before = Tensor(hollow: x.shape, x.dtype)
    before.node = node
    let operands = Pair(before, part)
    let level = operands.level(on: id)
    if level == Node.unrecorded { return refuse("subscript", operands) }
    if !x.isContiguous || !x.isHeldAlone {
      guard let copy = attempt("subscript", { [x] () throws(TensorError) in try x.contiguousCopy() }) else { return }
      x = copy
    }
    copyElements(from: part, to: region.view(x))
    x.isFrozen = false
    append(OverwritingRecord(Replace(region: region), operands, .nothing), &x, level)
  }
}

final class OverwritingRecord: Record<Replace> {
  override func backward(_ dy: inout Tensor, tape: UInt64, since start: Int32, level: Int32, into gradients: inout Gradients) {
    // A pass that is recorded is differentiated: by the rule.
    guard Context.current.tapeID == 0, Context.current.profiler == nil, dy.hasElements else {
      return super.backward(&dy, tape: tape, since: start, level: level, into: &gradients)
    }
    func slot(_ node: Node) -> Int? {
      node.tape == tape && node.level >= level && node.index >= start ? Int(node.index - start) : nil
    }
    let region = primitive.region
    let (ofWhole, ofPart) = (slot(x.a.node), slot(x.b.node))
    if let ofPart {
      let part = region.view(dy)
      guard let own = attempt("subscript", { () throws(TensorError) in ofWhole == nil ? part : try part.contiguousCopy() }) else { return }
      gradients.add(own, at: ofPart)
    }
    guard let ofWhole else { return }
    var dx = dy
    dy = .placeholder
    if !dx.isContiguous || !dx.isHeldAlone {
      guard let copy = attempt("subscript", { [dx] () throws(TensorError) in try dx.contiguousCopy() }) else { return }
      dx = copy
    }
    copyElements(from: Tensor.zeros([], dx.dtype).expanded(region.shape), to: region.view(dx))
    gradients.add(dx, at: ofWhole)
  }
}
