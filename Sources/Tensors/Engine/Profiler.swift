#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What takes down operators while they are profiled: the door sends each through ``run(_:_:_:_:)``.
///
/// An operator that another's kernel calls is part of that one. The profiler's own work is outside the operators' time and counted apart.
final class Profiler {
  /// What an event was: an operator in a part of a model, in one phase of a step.
  struct Kind: Hashable {
    var operation: String
    var part: Int32
    var phase: Profile.Phase
  }

  /// One use of an operator; times in nanoseconds.
  struct Event {
    var kind: Int
    var start: UInt64
    var end: UInt64
    var bytes: Int
    var multiplyAdds: Int
    var liveBytes: Int
  }

  private(set) var events: [Event] = []
  private(set) var kinds: [Kind] = []
  /// The parts' names; the first is that of no part.
  private(set) var parts = [""]
  /// Nanoseconds that the profiler took itself.
  private(set) var overhead: UInt64 = 0

  private var numbers: [Kind: Int] = [:]
  private var partNumbers: [String: Int32] = ["": 0]
  private var isRunning = false
  private var phase = Profile.Phase.forward
  /// The part that a backward rule or an update works for.
  private var part: Int32?
  /// The parts of a tape's records, by position.
  private var recorded: [Int32] = []
  private var tape: UInt64 = 0

  static var now: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// Runs a primitive's kernel.
  func run<P: Primitive>(
    _ primitive: P, _ x: P.Inputs, _ signature: Signature, _ context: Context
  ) throws(TensorError) -> Tensor where P.Inputs: Operands {
    if isRunning { return try primitive.evaluate(x, signature) }
    let entry = Self.now
    let part = self.part ?? self.part(of: x, context)
    var bytes = 0
    if !primitive.isView {
      bytes = signature.shape.elementCount * signature.dtype.byteCount
      for i in 0..<x.count { bytes += x.operand(i).storedByteCount }
    }
    let multiplyAdds = primitive.multiplyAdds(x, signature)
    isRunning = true
    defer { isRunning = false }
    let start = Self.now
    let y = try primitive.evaluate(x, signature)
    let end = Self.now
    // What the door records next stands at the tape's end.
    if let tape = context.tape { note(part, at: tape.count, on: tape.id) }
    add(primitive.name, part, start, end, bytes, multiplyAdds)
    overhead += start - entry + (Self.now - end)
    return y
  }

  /// Runs what changes tensors in place, behind the door's back.
  func run(_ operation: String, bytes: Int, _ body: () -> Void) {
    if isRunning { return body() }
    let entry = Self.now
    let part = self.part ?? part(of: Tensor.placeholder, .current)
    isRunning = true
    let start = Self.now
    body()
    let end = Self.now
    isRunning = false
    add(operation, part, start, end, bytes, 0)
    overhead += start - entry + (Self.now - end)
  }

  /// Runs a record's gradient rule, whose operators belong to the part that the record was made in.
  func backward(of index: Int, on tape: UInt64, _ body: () -> Void) {
    let known = self.tape == tape && recorded.indices.contains(index) ? recorded[index] : 0
    within(.backward, known, body)
  }

  /// Runs an optimizer's change of a parameter.
  func update(_ operation: String, of owner: (path: String, type: Any.Type)?, bytes: Int, _ body: () -> Void) {
    let entry = Self.now
    let part = owner.map { number(Context.current.place($0.path, $0.type)) } ?? 0
    overhead += Self.now - entry
    within(.update, part) { run(operation, bytes: bytes, body) }
  }

  /// Runs what profiles alone ask for.
  func exclude<R>(_ body: () -> R) -> R {
    let entry = Self.now
    defer { overhead += Self.now - entry }
    return body()
  }

  private func within(_ phase: Profile.Phase, _ part: Int32, _ body: () -> Void) {
    let outer = (self.phase, self.part)
    (self.phase, self.part) = (phase, part)
    defer { (self.phase, self.part) = outer }
    body()
  }

  // MARK: Parts

  /// The part that has one of the operands as a parameter, if that is known and tells more than the parts being called; else those.
  private func part<X: Operands>(of x: X, _ context: Context) -> Int32 {
    let last = context.path.count - 1
    let known = last >= 0 && context.path[last].profiled > 0 ? parts[Int(context.path[last].profiled)] : context.location
    for i in 0..<x.count {
      guard let owner = context.owner(of: x.node(i)) else { continue }
      let found = context.place(owner.path, owner.type)
      if found.count <= known.count { continue }
      let part = number(found)
      // A layer that is known by its type so far has a name from here on.
      if last >= 0, context.path[last].type == owner.type { context.path[last].profiled = part }
      return part
    }
    return number(known)
  }

  private func number(_ name: String) -> Int32 {
    if let number = partNumbers[name] { return number }
    let number = Int32(parts.count)
    parts.append(name)
    partNumbers[name] = number
    return number
  }

  private func note(_ part: Int32, at index: Int, on tape: UInt64) {
    if self.tape != tape {
      self.tape = tape
      recorded.removeAll(keepingCapacity: true)
    }
    while recorded.count <= index { recorded.append(0) }
    recorded[index] = part
  }

  private func add(_ operation: String, _ part: Int32, _ start: UInt64, _ end: UInt64, _ bytes: Int, _ multiplyAdds: Int) {
    let kind = Kind(operation: operation, part: part, phase: phase)
    let number = numbers[kind] ?? kinds.count
    if number == kinds.count {
      kinds.append(kind)
      numbers[kind] = number
    }
    events.append(Event(kind: number, start: start, end: end, bytes: bytes, multiplyAdds: multiplyAdds, liveBytes: Memory.liveBytes))
  }
}

extension Tensor {
  /// Bytes that reading it once touches: elements along an axis that is broadcast are one.
  fileprivate var storedByteCount: Int {
    var count = dtype.byteCount
    for axis in 0..<rank where strides[axis] != 0 || shape[axis] == 0 { count *= shape[axis] }
    return count
  }
}

/// Whether this thread's operators are profiled.
package var isProfiled: Bool { Context.current.profiler != nil }

/// What a profile asks for and nothing else does, its time left out; nil where there is no profile.
package func forProfile<R>(_ body: () -> R) -> R? { Context.current.profiler?.exclude(body) }

/// Runs what changes tensors without going through the door; in a profile, as an operator of that name.
@inline(__always)
package func profiled(_ operation: @autoclosure () -> String, bytes: @autoclosure () -> Int, _ body: () -> Void) {
  guard let profiler = Context.current.profiler else { return body() }
  profiler.run(operation(), bytes: bytes(), body)
}

/// The same for an optimizer's change of a parameter, given the part that has it.
@inline(__always)
package func profiledUpdate(_ operation: String, of part: (path: String, type: Any.Type)?, bytes: Int, _ body: () -> Void) {
  guard let profiler = Context.current.profiler else { return body() }
  profiler.update(operation, of: part, bytes: bytes, body)
}
