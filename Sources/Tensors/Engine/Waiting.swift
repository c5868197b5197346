import Synchronization

/// Elements that are computed when somebody asks for them, and not before.
///
/// Inside a gradient call large element-wise results, and what they are reduced to, are put off: a backward pass often needs neither the values nor
/// the loss, since what is asked for is the gradient, and computes what it does need of a value in the pass that needs it. Operators read their
/// operands by way of the door, where elements come about. Nothing is put off for longer than the outermost call lasts: ``Tape`` knows what waits.
///
/// Operands that wait in turn are computed first. More than ``deepest`` in a row never wait, so that the stack does not grow with the program.
class Waiting: @unchecked Sendable {
  static let deepest = 16

  /// Whether the elements are to be there when the outermost gradient call is over.
  let isAskedFor = Atomic(true)
  /// Where the tensor stands on the tape that it was recorded on.
  var node = Node.none
  /// How many wait one for the other.
  let depth: Int
  /// Whether it is ``TracedElements``, which are there and must not be looked at.
  var isTraced: Bool { false }

  init(depth: Int) { self.depth = depth }

  /// Computes the elements and gives them to `publish`, unless somebody has done so; waits for who has begun.
  func once(_ publish: (Tensor) -> Void) { fatalError("overridden") }
  /// Σ over axes, which stay with size 1, without the elements being stored; nil where that is not possible, or they are there.
  func summed(_ axes: [Int], keepDims: Bool, isMean: Bool) -> Tensor? { nil }
}

/// The result of a primitive that waits.
class WaitingResult<P: Primitive>: Waiting, @unchecked Sendable where P.Inputs: Operands {
  let primitive: P
  let signature: Signature
  /// The operands; nil when the elements are there.
  ///
  /// One lock for those who read them, who compute the elements, and who let go of them. It is held while the elements are computed, which takes the
  /// locks of operands that wait: always from a result to what it is made of, so that no two threads wait for each other.
  private let x: Lock<P.Inputs?>

  init(_ primitive: P, _ x: P.Inputs, _ signature: Signature, depth: Int) {
    (self.primitive, self.signature) = (primitive, signature)
    self.x = Lock(x)
    super.init(depth: depth)
  }

  /// The operands, held by whoever asks; nil when the elements are there.
  final var operands: P.Inputs? { x.withLock { $0 } }

  final override func once(_ publish: (Tensor) -> Void) {
    // What is let go of may be the last of a long chain: not under the lock.
    let done: P.Inputs? = x.withLock { x in
      guard let operands = x else { return nil }
      publish(compute(operands))
      x = nil
      return operands
    }
    withExtendedLifetime(done) {}
  }

  private func compute(_ x: P.Inputs) -> Tensor {
    guard x.hasElements else { return .placeholder }
    return attempt(primitive.name) { () throws(TensorError) in try primitive.evaluate(x, signature) } ?? .placeholder
  }
}

/// That of an element-wise program, which a sum takes as its own.
final class WaitingMap<X: Operands>: WaitingResult<Map<X>>, @unchecked Sendable {
  override func summed(_ axes: [Int], keepDims: Bool, isMean: Bool) -> Tensor? {
    operands.map { MapReduce(map: primitive, kind: isMean ? .mean : .sum, axes: axes, keepDims: keepDims)($0) }
  }
}

extension Primitive where Inputs: Operands {
  /// The operator on operands inside of a gradient call, its elements put off; nil if it is not to wait: for few elements it is not worth it, what
  /// no variable is in is not part of what is differentiated, and in a profile each operator has its own time.
  @inline(never)
  func waiting(_ x: Inputs, _ context: Context, _ make: (Inputs, Signature, Int) -> Waiting) -> Tensor? {
    if context.hasFailed || context.isObserved { return nil }
    let level = x.level(on: context.tapeID)
    guard level > 0, x.shape(0).elementCount >= Blocks.grain || x.waits, let signature = try? result(x), signature.dtype.isSingleOrDouble,
      (try? signature.shape.check("")) != nil
    else { return nil }
    var depth = 0
    for i in 0..<x.count {
      let x = x.operand(i)
      if let waiting = x.waiting { depth = Swift.max(depth, waiting.depth) } else if !x.hasElements { return nil }
    }
    if depth >= Waiting.deepest {
      if !x.hasElements { return nil }
      depth = 0
    }
    let waiting = make(x, signature, depth + 1)
    var y = Tensor(.waiting(signature.shape, signature.dtype, waiting))
    let tape = context.tape!
    tape.record(self, x, &y, level)
    waiting.node = y.node
    tape.waits(y)
    return y
  }
}

extension Map {
  /// The operator on its operands.
  @inline(__always)
  func callAsFunction(_ x: consuming X) -> Tensor {
    let context = Context.current
    if context.tapeID != 0, let y = waiting(x, context, { WaitingMap(self, $0, $1, depth: $2) }) { return y }
    return enter(x, checksKernel: false)
  }

  /// The same in a gradient rule, put off where that is not recorded: whoever asks for it does so by the rule's end.
  func later(_ x: X) -> Tensor {
    let context = Context.current
    guard context.tapeID == 0, !context.hasFailed, !context.isObserved, x.shape(0).elementCount >= Blocks.grain,
      let signature = try? result(x), !signature.dtype.isHalfOrComplex, x.hasElements
    else { return self(x) }
    return Tensor(.waiting(signature.shape, signature.dtype, WaitingMap(self, x, signature, depth: 1)))
  }
}

extension MapReduce {
  /// The operator on its operands.
  @inline(__always)
  func callAsFunction(_ x: consuming X) -> Tensor {
    let context = Context.current
    if context.tapeID != 0, let y = waiting(x, context, { WaitingResult(self, $0, $1, depth: $2) }) { return y }
    return enter(x, checksKernel: false)
  }
}

extension Reduce {
  /// The operator on its operand; a sum of what waits is one pass with it.
  func callAsFunction(_ x: Tensor) -> Tensor {
    guard kind == .sum || kind == .mean, x.isWaiting else { return enter(x, checksKernel: false) }
    let context = Context.current
    // Through another place on the tape it would not be found. Should another thread have computed the elements meanwhile, they are summed up to the
    // same bits.
    if let waiting = x.waiting, waiting.node.tape == x.node.tape, waiting.node.index == x.node.index, !context.isObserved,
      (try? result(x)) != nil, let y = waiting.summed(axes, keepDims: keepDims, isMean: kind == .mean)
    {
      return y
    }
    return enter(x, checksKernel: false)
  }
}

extension Tensor {
  /// Says that nobody is going to ask for elements that have been put off, so that they need not come by themselves.
  package func isNotAskedFor() { waiting?.isAskedFor.store(false, ordering: .relaxed) }
}
