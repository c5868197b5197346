import Dispatch

/// Gathers requests that wait into batches, which the model then answers in one forward.
///
/// A batch begins when `size` requests wait or the first of them has waited for `delay`, whichever comes first. While one is computed the next
/// one gathers, so that batches grow with the load.
public actor Batcher {
  /// Gives an output row for each input row, in order.
  public typealias Forward = @Sendable (_ rows: [[Float]]) throws -> [[Float]]

  /// What was done since the start.
  public struct Statistics: Sendable, Codable, Equatable {
    /// Requests that were answered, mistakes not counted.
    public var answers = 0
    /// Forwards that answered them.
    public var batches = 0
    /// The most requests in one forward.
    public var largestBatch = 0
  }

  /// More requests wait than there is room for.
  public struct Full: Error, CustomStringConvertible {
    /// How many wait.
    public let count: Int
    /// The whole sentence.
    public var description: String { "\(count) requests wait already; try again later" }
  }

  private struct Request {
    let row: [Float]
    let arrival: ContinuousClock.Instant
    let continuation: CheckedContinuation<[Float], any Error>
  }

  /// What was done since the start.
  public private(set) var statistics = Statistics()
  private let forward: Forward
  private let size: Int
  private let delay: Duration
  private let limit: Int
  /// A forward takes its time: it would hold up one of the few threads that all tasks share.
  private let queue = DispatchQueue(label: "forward")
  private var waiting: [Request] = []
  private var pause: Task<Void, Never>?
  private var isRunning = false

  /// - Parameters:
  ///   - size: The most requests in one batch.
  ///   - delay: How long the first request waits for others at most.
  ///   - limit: How many requests may wait at once; those beyond it are refused with ``Full``, so that memory has a bound.
  ///   - forward: What answers a batch.
  public init(size: Int = 64, delay: Duration = .milliseconds(1), limit: Int = 4096, forward: @escaping Forward) {
    precondition(size > 0 && limit > 0, "size \(size), limit \(limit); 1 or more would fit")
    (self.size, self.delay, self.limit, self.forward) = (size, delay, limit, forward)
  }

  /// The output for one row; throws what the forward of its batch throws, and ``Full``.
  public func answer(to row: [Float]) async throws -> [Float] {
    guard waiting.count < limit else { throw Full(count: waiting.count) }
    return try await withCheckedThrowingContinuation { continuation in
      waiting.append(Request(row: row, arrival: .now, continuation: continuation))
      if waiting.count >= size { pause?.cancel() }
      if !isRunning {
        isRunning = true
        Task { await run() }
      }
    }
  }

  /// Answers batch after batch until nothing waits.
  private func run() async {
    while let first = waiting.first {
      let deadline = first.arrival + delay
      if waiting.count < size && ContinuousClock.now < deadline {
        let pause = Task { _ = try? await Task.sleep(until: deadline, clock: .continuous) }
        self.pause = pause
        await pause.value
        self.pause = nil
      }
      let batch = Array(waiting.prefix(size))
      waiting.removeFirst(batch.count)
      let rows = batch.map(\.row)
      let result: Result<[[Float]], any Error> = await withCheckedContinuation { continuation in
        queue.async { [forward] in continuation.resume(returning: Result { try forward(rows) }) }
      }
      switch result {
      case .success(let outputs):
        precondition(outputs.count == batch.count, "\(outputs.count) outputs for \(batch.count) rows")
        for (request, output) in zip(batch, outputs) { request.continuation.resume(returning: output) }
        statistics.answers += batch.count
        statistics.batches += 1
        statistics.largestBatch = max(statistics.largestBatch, batch.count)
      case .failure(let error):
        for request in batch { request.continuation.resume(throwing: error) }
      }
    }
    isRunning = false
  }
}
