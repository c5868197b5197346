import Synchronization

// A gradient is recorded on the thread that asked for it. What another thread computes from a tensor that is being differentiated is marked with its
// tape: to look at it is free, to use it on the tape's own thread is a mistake, as its part of the gradient would be missing.
extension Tape {
  /// How many threads have a tape that is open.
  private static let openCount = Atomic<Int>(0)
  /// Where threads say which tape is open there, a place for each that has had one: looked at without a lock, but for who takes a place.
  private static let places = Places()

  /// Whether a thread other than that of an open tape (0 for none) records on a tape: what every operator asks.
  @inline(__always)
  static func isOpenElsewhere(_ own: UInt64) -> Bool { openCount.load(ordering: .relaxed) > (own == 0 ? 0 : 1) }

  /// Whether a tape is open on some thread.
  static func isOpen(_ tape: UInt64) -> Bool { places.contains(tape) }

  /// Says that this thread records on the tape from here on.
  func open() {
    let context = Context.current
    if context.openTape == nil { context.openTape = Tape.places.take() }
    context.openTape?.pointee.store(id, ordering: .relaxed)
    // Who has been handed a tensor of the tape has synchronized with this thread in some way, and sees both.
    Tape.openCount.add(1, ordering: .relaxed)
    isOpen = true
  }

  /// Says that it does so no more.
  func close() {
    if !isOpen { return }
    isOpen = false
    Context.current.openTape?.pointee.store(0, ordering: .relaxed)
    Tape.openCount.subtract(1, ordering: .relaxed)
  }

  /// Gives back a thread's place when it ends.
  static func giveBack(_ place: UnsafeMutablePointer<Atomic<UInt64>>) { places.give(place) }

  /// Refuses an operator on what another thread computed.
  @inline(never)
  func refuse(_ operation: String, _ x: some Operands) {
    let shape = (0..<x.count).first { x.node($0).tape == id && x.node($0).level == Node.unrecorded }.map { x.shape($0) } ?? []
    let error = TensorError(
      operation,
      "an operand of shape \(shape) was computed on another thread than its gradient, which would miss that part; compute it on the gradient's"
        + " thread, or take .detached of it as a constant")
    fail(error, with: x)
  }

  private struct Places: ~Copyable, @unchecked Sendable {
    /// Threads that differentiate at the same time; beyond that many, what others compute from their tensors is not marked.
    private static let count = 4096
    private let first = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: Places.count)
    private let used = Atomic<Int>(0)
    private let free = Lock<[Int]>([])

    func take() -> UnsafeMutablePointer<Atomic<UInt64>>? {
      let place: Int? = free.withLock { free in
        if let place = free.popLast() { return place }
        let place = used.load(ordering: .relaxed)
        if place == Places.count { return nil }
        (first + place).initialize(to: Atomic(0))
        used.store(place + 1, ordering: .releasing)
        return place
      }
      return place.map { first + $0 }
    }

    func give(_ place: UnsafeMutablePointer<Atomic<UInt64>>) {
      place.pointee.store(0, ordering: .relaxed)
      let index = place - first
      free.withLock { $0.append(index) }
    }

    func contains(_ tape: UInt64) -> Bool {
      for place in 0..<used.load(ordering: .acquiring) where first[place].load(ordering: .relaxed) == tape { return true }
      return false
    }
  }
}

extension Node {
  /// What another thread computed from a tensor on a tape.
  init(unrecordedOn tape: UInt64) { self.init(tape: tape, index: -1, level: Node.unrecorded) }
}

extension Operands {
  /// The open tape of another thread that an operand stands on, or depends on.
  @inline(never)
  func otherTape(than own: UInt64) -> UInt64? {
    for i in 0..<count {
      let tape = node(i).tape
      if tape != 0 && tape != own && Tape.isOpen(tape) { return tape }
    }
    return nil
  }

  /// Marks a result that is not recorded, if an operand stands on another thread's open tape.
  @inline(never)
  func mark(_ y: inout Tensor, _ own: UInt64) {
    if let tape = otherTape(than: own) { y.node = Node(unrecordedOn: tape) }
  }
}
