import Synchronization

/// A tensor's place on a tape.
///
/// It means something only while that tape is the thread's: afterwards the tensor is a constant.
package struct Node: Sendable {
  var tape: UInt64
  var index: Int32
  /// The innermost `gradient` call (counted from 1, the outermost) whose variable the tensor depends on.
  var level: Int32

  static let none = Node(tape: 0, index: 0, level: 0)
  /// In place of a level: another thread than the tape's computed the tensor from one on the tape, so that it is not recorded.
  static let unrecorded = Int32.max
  /// In place of a tape: a model's parameter in a run on shapes alone, its index the label of its part.
  static let labelled = UInt64.max
}

/// The operators that ran on tracked tensors, in order: one flat list for an outermost `gradient` call and those nested in it.
///
/// A nested call is a stretch at the list's end. Its backward pass walks that stretch with operators that are recorded in turn, so that the
/// outer call can differentiate them: higher orders need no code of their own.
package final class Tape {
  private static let nextID = Atomic<UInt64>(1)

  let id = Tape.nextID.add(1, ordering: .relaxed).oldValue
  /// Another thread's open tape that something recorded here depends on; 0 for none.
  private(set) var other: UInt64 = 0
  /// Whether other threads are told that it records.
  var isOpen = false
  // A tape belongs to one thread, and nothing is done while the list is being changed: looking whether that is so takes some 10 ns.
  @exclusivity(unchecked) private var records: [AnyRecord?] = []

  /// Makes `x` a variable of the gradient call at `level`.
  ///
  /// Where it depends on an outer call's variables, that stays known.
  func variable(_ x: Tensor, _ level: Int32) -> Tensor {
    var variable = x
    if x.level(on: id) > 0 {
      record(Identity(), x, &variable, level)
    } else {
      // What comes of another thread's tensor is that thread's to mark, whatever is differentiated of it here.
      if Tape.isOpenElsewhere(id), let tape = x.otherTape(than: id) { other = tape }
      variable.node = Node(tape: id, index: Int32(records.count), level: level)
      records.append(nil)
    }
    return variable
  }

  @inline(__always)
  func record<P: Primitive>(_ primitive: P, _ x: consuming P.Inputs, _ y: inout Tensor, _ level: Int32) where P.Inputs: Operands {
    if level == Node.unrecorded { return refuse(primitive.name, x) }
    if Tape.isOpenElsewhere(id), let tape = x.otherTape(than: id) { other = tape }
    y.node = Node(tape: id, index: Int32(records.count), level: level)
    let keeps = primitive.keeps
    // What nobody reads is not kept.
    if keeps == .output || keeps == .both {
      records.append(RecordWithOutput(primitive, x, keeps, y))
    } else {
      records.append(Record(primitive, x, keeps))
    }
  }

  /// Appends what has been recorded in a way of its own.
  func append(_ record: AnyRecord, _ y: inout Tensor, _ level: Int32) {
    y.node = Node(tape: id, index: Int32(records.count), level: level)
    records.append(record)
  }

  var count: Int { records.count }

  /// What ran at a place; nil for a variable, and for what the pass has let go of.
  fileprivate func record(at index: Int) -> AnyRecord? { records[index] }

  /// Takes down that elements have been put off.
  func waits(_ y: Tensor) { waiting.append(WeakBody(body: y.body)) }

  /// Computes what has been put off and is still held by somebody: at the end of the outermost call, so that nothing waits for longer, nor keeps
  /// operands for it.
  func settle() {
    for place in waiting.indices.reversed() {
      guard let body = waiting[place].body, Tensor(body).waiting?.isAskedFor.load(ordering: .relaxed) ?? false else { continue }
      body.arrives()
    }
    waiting = []
  }
  private struct WeakBody { weak var body: Body? }
  @exclusivity(unchecked) private var waiting: [WeakBody] = []

  /// The variable that a tensor is, or is a view of.
  func origin(of node: Node) -> Int? {
    var node = node
    while node.tape == id, records.indices.contains(Int(node.index)) {
      guard let record = records[Int(node.index)] else { return Int(node.index) }
      guard let source = record.viewed else { return nil }
      node = source
    }
    return nil
  }

  /// The gradients of Σ `seed`·`y` at `variables`, by one walk in reverse over the records since `start`.
  ///
  /// No recursion: the length of a chain does not matter. Unless an outer call needs them (`keeping`), records are let go of as they are
  /// passed, and memory with them.
  ///
  /// An observer hears of each variable's gradient as soon as nothing is left on the tape that adds to it.
  func backward(
    from y: Tensor, seed: Tensor, to variables: [Tensor], since start: Int, level: Int32, keeping: Bool,
    observer: (any BackwardObserver)? = nil
  ) -> [Tensor?] {
    guard y.level(on: id) >= level, y.node.index >= start else { return variables.map { _ in nil } }
    let end = Int(y.node.index)
    var gradients = Gradients(count: end - start + 1)
    gradients.add(seed, at: end - start)
    var isVariable = [Bool](repeating: false, count: end - start + 1)
    for variable in variables where Int(variable.node.index) <= end { isVariable[Int(variable.node.index) - start] = true }
    var index = end
    let profiler = Context.current.profiler
    var progress = observer.map { BackwardProgress($0, firstUses(of: variables, since: start, to: end)) }
    while index >= start {
      defer {
        progress?.passed(index) { gradients.settled($0 - start) }
        index -= 1
      }
      guard let record = records[index] else { continue }
      if !keeping { records[index] = nil }
      if isVariable[index - start] { continue }
      guard var dy = gradients.take(index - start) else { continue }
      if let profiler {
        profiler.backward(of: index, on: id) { record.backward(&dy, tape: id, since: Int32(start), level: level, into: &gradients) }
      } else {
        record.backward(&dy, tape: id, since: Int32(start), level: level, into: &gradients)
      }
      if Context.current.hasFailed { break }
    }
    return variables.map { variable in
      let index = Int(variable.node.index)
      return index <= end ? gradients.take(index - start) : nil
    }
  }
}

/// What is told how far a backward pass has come: whoever sends gradients away while it goes on.
package protocol BackwardObserver: AnyObject {
  /// The gradient of a variable, by its number in the call's list, is whole.
  ///
  /// Variables that nothing depends on are left out.
  func completed(_ variable: Int, _ gradient: Tensor)
  /// An operator's gradient rule has run.
  func advanced()
}

/// The variables of a backward pass whose gradients are still being added to.
private struct BackwardProgress {
  private let observer: any BackwardObserver
  /// The variables with the places of the first records that use them, where the pass comes last; the latest place first.
  private let order: [(variable: Int, node: Int, record: Int)]
  private var next = 0

  init(_ observer: any BackwardObserver, _ uses: [(variable: Int, node: Int, record: Int)]) {
    self.observer = observer
    order = uses.sorted { $0.record != $1.record ? $0.record > $1.record : $0.variable < $1.variable }
  }

  /// The record of a place has been passed.
  mutating func passed(_ record: Int, _ gradient: (Int) -> Tensor?) {
    if Context.current.hasFailed { return }
    while next < order.count, order[next].record >= record {
      if let gradient = gradient(order[next].node) { observer.completed(order[next].variable, gradient) }
      next += 1
    }
    observer.advanced()
  }
}

extension Tape {
  /// Where each variable is used first; those that nothing uses are left out.
  fileprivate func firstUses(of variables: [Tensor], since start: Int, to end: Int) -> [(variable: Int, node: Int, record: Int)] {
    var uses: [Int: Int] = [:]
    let places = Set(variables.map { Int($0.node.index) })
    for index in start...end {
      guard let record = record(at: index) else { continue }
      guard let operands = record.operandNodes else {
        // What it reads is not known: it may be any of them.
        for place in places where uses[place] == nil { uses[place] = start }
        break
      }
      for node in operands where node.tape == id {
        let place = Int(node.index)
        if places.contains(place), uses[place] == nil { uses[place] = index }
      }
    }
    return variables.enumerated().compactMap { i, variable in
      let place = Int(variable.node.index)
      return uses[place].map { (i, place, $0) }
    }
  }
}

/// One use of a primitive: what the gradient rule needs of it.
class AnyRecord {
  /// Where the operands stand; nil where that is not known.
  var operandNodes: [Node]? { nil }
  /// Where the operand stands that the result is a view of.
  var viewed: Node? { nil }
  /// Adds what the gradient rule makes of dy to the operands' gradients; dy may be taken over.
  func backward(_ dy: inout Tensor, tape: UInt64, since start: Int32, level: Int32, into gradients: inout Gradients) {}
}

class Record<P: Primitive>: AnyRecord where P.Inputs: Operands {
  let primitive: P
  let x: P.Inputs

  @inline(__always)
  init(_ primitive: P, _ x: consuming P.Inputs, _ keeps: Keeps) {
    if keeps == .output || keeps == .nothing { x.dropElements() }
    self.primitive = primitive
    self.x = x
  }

  override var viewed: Node? { primitive.isView ? x.node(0) : nil }
  override var operandNodes: [Node]? { (0..<x.count).map { x.node($0) } }

  /// The result, or if the rule does not read it what is known of it from its gradient.
  func output(_ dy: Tensor) -> Tensor { Tensor(hollow: dy.shape, dy.dtype) }

  override func backward(_ dy: inout Tensor, tape: UInt64, since start: Int32, level: Int32, into gradients: inout Gradients) {
    var bits: UInt64 = 0
    for i in 0..<x.count {
      let node = x.node(i)
      if node.tape == tape && node.level >= level && node.index >= start && i < 64 { bits |= 1 << UInt64(i) }
    }
    // Rules find elements where they look for them; only a sum takes what waits as its program, and a view what is part of its operand.
    if dy.isWaiting && P.self != Expand.self && !(primitive.isView && dy.placement != nil) { _ = dy.hasElements }
    let dx = primitive.gradient(x, output(dy), dy, Needs(bits: bits))
    if dx.count != x.count && !dx.isEmpty { return refuse("\(dx.count) gradients for \(x.count) inputs") }
    for (i, dx) in dx.enumerated() {
      guard let dx else { continue }
      let node = x.node(i)
      guard node.tape == tape && node.level >= level && node.index >= start else { continue }
      // What is kept in 16 bits has float32's gradient.
      let isKept = dx.dtype == .float32 && x.dtype(i).isHalf && primitive is any RoundingPrimitive
      if dx.shape != x.shape(i) || dx.dtype != x.dtype(i) && !isKept {
        return refuse("\(dx.dtype) \(dx.shape) for an input of \(x.dtype(i)) \(x.shape(i))")
      }
      gradients.add(dx, at: Int(node.index - start))
    }
  }

  @inline(never)
  private func refuse(_ given: String) { fail(TensorError(primitive.name, "the gradient rule gave \(given)"), with: x) }
}

/// One whose rule reads the result.
private final class RecordWithOutput<P: Primitive>: Record<P> where P.Inputs: Operands {
  let y: Tensor

  @inline(__always)
  init(_ primitive: P, _ x: consuming P.Inputs, _ keeps: Keeps, _ y: consuming Tensor) {
    self.y = y
    super.init(primitive, x, keeps)
  }

  override func output(_ dy: Tensor) -> Tensor { y }
}

/// y = x, as a step of its own on the tape.
struct Identity: Primitive {
  var name: String { "identity" }
  var isView: Bool { true }
  var keeps: Keeps { .nothing }
  func result(_ x: Tensor) -> Signature { Signature(x.shape, x.dtype) }
  func evaluate(_ x: Tensor, _ result: Signature) -> Tensor {
    var y = x
    y.node = .none
    return y
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [dy] }
}
