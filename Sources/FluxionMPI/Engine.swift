import CMessages
import Foundation

/// MPI in this process: collectives that are waited for with a deadline, and texts by which processes tell each other why they stop.
final class Engine: @unchecked Sendable {
  let rank: Int
  let count: Int
  /// How long another process is waited for.
  let timeout: Duration
  /// Why nothing more can be sent or received.
  private(set) var broken: WorldError?
  /// What MPI may still write to after a collective was given up.
  private var abandoned: [AnyObject] = []
  private var nextLook = ContinuousClock.now
  /// The processes that have answered since they were asked.
  private var answered: Set<Int> = []

  private enum Kind: Int32 {
    case stopped = 1
    case ended = 2
    case question = 3
    case answer = 4
  }

  init(rank: Int, count: Int, timeout: Duration) { (self.rank, self.count, self.timeout) = (rank, count, timeout) }

  /// A process alone: nothing is sent.
  var isAlone: Bool { count == 1 }

  /// A collective that goes on by itself, with the memory that it reads and writes.
  struct Request {
    fileprivate let handle: OpaquePointer
    fileprivate let memory: [AnyObject]
  }

  /// Begins a collective.
  func begin(
    _ operation: String, _ memory: [AnyObject], _ call: (UnsafeMutablePointer<OpaquePointer?>) -> Int32
  ) throws(WorldError) -> Request {
    if let broken { throw broken }
    var handle: OpaquePointer?
    let error = call(&handle)
    guard error == 0, let handle else { throw lost(WorldError(operation, sentence(error))) }
    return Request(handle: handle, memory: memory)
  }

  /// Whether a collective is done, without waiting.
  func isDone(_ request: Request, _ operation: String) throws(WorldError) -> Bool {
    if let broken { throw broken }
    var done: Int32 = 0
    let error = fxm_test(request.handle, &done)
    if error != 0 {
      abandoned += request.memory
      throw lost(WorldError(operation, sentence(error)))
    }
    return done != 0
  }

  /// Waits for collectives, in order, until the deadline; `meanwhile` lets others go on.
  func wait(_ request: Request, _ operation: String) throws(WorldError) {
    var turns = 0
    let start = ContinuousClock.now
    do {
      while try !isDone(request, operation) {
        turns += 1
        try rest(turns, since: start, operation)
      }
    } catch {
      abandoned += request.memory
      throw error
    }
  }

  /// A turn of a loop that waits: lets other processes run, hears what they say, and throws at the deadline.
  func rest(_ turns: Int, since start: ContinuousClock.Instant, _ operation: String) throws(WorldError) {
    if turns < 100 { fxm_yield() } else { fxm_sleep(turns < 1000 ? 20 : 100) }
    if turns % 64 != 0 { return }
    try hear(operation)
    if start.duration(to: .now) > timeout { throw late(operation) }
  }

  /// Keeps memory that a collective may still write to.
  func abandon(_ requests: [Request]) { abandoned += requests.flatMap(\.memory) }

  /// Takes the texts that have come, and answers questions; throws if a process has stopped.
  func hear(_ operation: String) throws(WorldError) {
    if isAlone { return }
    if let broken { throw broken }
    while let (from, kind, text) = notice() {
      switch kind {
      case .question: send(.answer, to: from, "")
      case .answer: answered.insert(from)
      case .stopped: throw lost(WorldError(operation, "process \(from) has stopped: \(text)"))
      case .ended: throw lost(WorldError(operation, "process \(from) goes no further: \(text)"))
      }
    }
  }

  /// The same now and then, while something else goes on.
  func hearNowAndThen(_ operation: String) throws(WorldError) {
    let now = ContinuousClock.now
    if now < nextLook { return }
    nextLook = now + .milliseconds(5)
    try hear(operation)
  }

  private func notice() -> (Int, Kind, String)? {
    var (from, kind): (Int32, Int32) = (-1, 0)
    var text = [CChar](repeating: 0, count: 2048)
    let error = fxm_take_notice(&from, &kind, &text, Int32(text.count))
    guard error == 0, from >= 0, let kind = Kind(rawValue: kind) else { return nil }
    return (Int(from), kind, String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }

  private func send(_ kind: Kind, to process: Int, _ text: String) {
    let bytes = text.utf8.prefix(1500).map { CChar(bitPattern: $0) }
    _ = (bytes + [0]).withUnsafeBufferPointer { fxm_notify(Int32(process), kind.rawValue, $0.baseAddress!, Int32(bytes.count)) }
  }

  /// Tells all others why this process goes no further.
  func report(_ sentence: String) {
    if isAlone || broken != nil { return }
    for process in 0..<count where process != rank { send(.stopped, to: process, sentence) }
    _ = lost(WorldError("report", "this process has stopped: \(sentence)"))
  }

  /// At the deadline: who does not answer, and what the others are told.
  private func late(_ operation: String) -> WorldError {
    answered = [rank]
    for process in 0..<count where process != rank { send(.question, to: process, "") }
    let start = ContinuousClock.now
    while answered.count < count, start.duration(to: .now) < .seconds(2) {
      do throws(WorldError) { try hear(operation) } catch { return error }
      fxm_sleep(2000)
    }
    let silent = (0..<count).filter { !answered.contains($0) }
    let names = silent.map(String.init).joined(separator: ", ")
    let who =
      switch silent.count {
      case 0: "all processes answer, but not all take part"
      case 1: "process \(names) does not answer"
      default: "processes \(names) do not answer"
      }
    let error = WorldError(operation, "waited for longer than \(timeout.seconds) s; \(who); FLUXION_MPI_TIMEOUT or timeout: sets how long")
    for process in 0..<count where process != rank { send(.stopped, to: process, error.description) }
    return lost(error)
  }

  /// From now on every call throws this error.
  private func lost(_ error: WorldError) -> WorldError {
    if let broken { return broken }
    broken = error
    fxm_set_broken()
    return error
  }

  private func sentence(_ error: Int32) -> String {
    var text = [CChar](repeating: 0, count: 1024)
    fxm_error(error, &text, Int32(text.count))
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  // MARK: Bytes

  /// The bytes that each process has; counts are told first.
  func allGather(_ bytes: [UInt8], _ operation: String) throws(WorldError) -> [[UInt8]] {
    if isAlone { return [bytes] }
    let lengths = try gatherEqual(littleEndian(bytes.count), operation).map { bytes in
      Int(bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }
    // As many at once as an int can count.
    let step = Int(Int32.max) / 2 / count
    var parts = [[UInt8]](repeating: [], count: count)
    var at = 0
    let longest = lengths.max() ?? 0
    while at < longest {
      let own = bytes.dropFirst(at).prefix(step)
      let counts = lengths.map { Int32(min(max($0 - at, 0), step)) }
      var offsets: [Int32] = []
      var total = 0
      for count in counts {
        offsets.append(Int32(total))
        total += Int(count)
      }
      let (from, to, sizes) = (Memory(Array(own)), Memory(total), Counts(counts, offsets))
      let request = try begin(operation, [from, to, sizes]) {
        fxm_all_gather(
          Int32(FXM_CONTROL), from.start, Int32(from.count), to.start, sizes.counts, sizes.offsets, Int32(FXM_BYTE), $0)
      }
      try wait(request, operation)
      for process in 0..<count { parts[process] += to[Int(offsets[process])..<Int(offsets[process]) + Int(counts[process])] }
      at += step
    }
    return parts
  }

  /// The same for as many bytes on each process.
  private func gatherEqual(_ bytes: [UInt8], _ operation: String) throws(WorldError) -> [[UInt8]] {
    let (from, to) = (Memory(bytes), Memory(bytes.count * count))
    let sizes = Counts([Int32](repeating: Int32(bytes.count), count: count), (0..<count).map { Int32($0 * bytes.count) })
    let request = try begin(operation, [from, to, sizes]) {
      fxm_all_gather(
        Int32(FXM_CONTROL), from.start, Int32(bytes.count), to.start, sizes.counts, sizes.offsets, Int32(FXM_BYTE), $0)
    }
    try wait(request, operation)
    return (0..<count).map { to[$0 * bytes.count..<($0 + 1) * bytes.count] }
  }
}

/// Counts and offsets at fixed addresses: MPI reads them until a collective is done.
final class Counts: @unchecked Sendable {
  let counts: UnsafeMutablePointer<Int32>
  let offsets: UnsafeMutablePointer<Int32>

  init(_ counts: [Int32], _ offsets: [Int32]) {
    self.counts = .allocate(capacity: counts.count)
    self.offsets = .allocate(capacity: counts.count)
    self.counts.initialize(from: counts, count: counts.count)
    self.offsets.initialize(from: offsets, count: counts.count)
  }

  deinit {
    counts.deallocate()
    offsets.deallocate()
  }
}

private func littleEndian(_ value: Int) -> [UInt8] { withUnsafeBytes(of: Int64(value).littleEndian) { Array($0) } }

extension Duration {
  /// In seconds, as a number to be read.
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds / 1_000_000_000_000_000) / 1000 }
}
