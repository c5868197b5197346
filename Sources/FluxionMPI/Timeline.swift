import Foundation

/// What was sent when, and when something was waited for: how much of it was hidden behind the backward pass.
///
///     world.timeline.isRecording = true
///     try model.fit(train, …, across: world)
///     print(world.timeline.hidden)                              // 0.83
///     try world.timeline.write(to: "trace-\(world.rank).json")  // for chrome://tracing and Perfetto
public final class Timeline: @unchecked Sendable {
  /// Something that took time.
  public struct Event: Sendable {
    /// `bucket 0`, `wait`, `backward`.
    public let name: String
    /// Seconds since the world began.
    public let start: Double
    /// Seconds.
    public let duration: Double
    /// The bytes that left the process; 0 where none did.
    public let bytes: Int
  }

  /// Whether events are kept; off at first.
  public var isRecording = false
  /// The events in the order in which they ended.
  public private(set) var events: [Event] = []
  private let begun = ContinuousClock.now
  private let rank: Int

  init(rank: Int) { self.rank = rank }

  func add(_ name: String, from start: ContinuousClock.Instant, bytes: Int = 0) {
    if !isRecording { return }
    events.append(Event(name: name, start: begun.duration(to: start).precise, duration: start.duration(to: .now).precise, bytes: bytes))
  }

  /// The share of the time with something on its way in which the process was not waiting for it: 0 to 1; nil where nothing was sent.
  public var hidden: Double? {
    // The time in which one bucket at least was on its way.
    var (total, end) = (0.0, -Double.infinity)
    for event in events.filter({ $0.bytes > 0 }).sorted(by: { $0.start < $1.start }) {
      total += max(0, event.start + event.duration - max(end, event.start))
      end = max(end, event.start + event.duration)
    }
    let waited = events.filter { $0.name == "wait" }.reduce(0) { $0 + $1.duration }
    return total > 0 ? max(0, 1 - waited / total) : nil
  }

  /// Forgets all events.
  public func reset() { events = [] }

  /// Writes the events in Chrome's format; the process id is the rank.
  public func write(to path: String) throws {
    let rows = events.map { event in
      let lane = event.name == "wait" ? 1 : event.bytes > 0 ? 2 : 0
      return "{\"name\":\"\(event.name)\",\"ph\":\"X\",\"pid\":\(rank),\"tid\":\(lane),\"ts\":\(Int(event.start * 1e6)),"
        + "\"dur\":\(Int(event.duration * 1e6)),\"args\":{\"bytes\":\(event.bytes)}}"
    }
    try ("[" + rows.joined(separator: ",\n") + "]\n").write(toFile: path, atomically: true, encoding: .utf8)
  }
}

extension Duration {
  /// In seconds.
  var precise: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
