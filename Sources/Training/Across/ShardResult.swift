import Data
import Models
import Tensors

/// What a shard's run gives beside its gradient.
struct ShardResult {
  /// Which shard, or batch of validation data.
  let index: Int
  /// Where its examples lie in the batch.
  let range: Range<Int>
  /// The mean loss of its examples, and its parts.
  let loss: Double
  let parts: [Evaluation.Figure]
  /// Metrics that have seen its examples alone.
  let metrics: [any Metric]
  /// The states that it has left; nil for those that it has not changed.
  let states: [Tensor?]

  func write(to writer: inout ByteWriter) {
    writer.int(index)
    writer.int(range.lowerBound)
    writer.int(range.upperBound)
    writer.double(loss)
    writer.list(parts) { part, writer in
      writer.text(part.name)
      writer.double(part.value)
    }
    writer.list(metrics) { metric, writer in
      writer.text(metric.name)
      var (metric, visitor) = (metric, StateVisitor())
      visitor.part(&metric, "metric")
      writer.state(visitor)
    }
    writer.list(states) { state, writer in
      writer.int(state == nil ? 0 : 1)
      if let state { writer.tensor(state) }
    }
  }

  /// Reads what another process has written; metrics are of the kinds of `blanks`, which have seen nothing.
  init(from reader: inout ByteReader, blanks: [any Metric]) throws {
    index = try reader.int()
    let (start, end) = (try reader.int(), try reader.int())
    guard start <= end else { throw ByteReader.Malformed() }
    range = start..<end
    loss = try reader.double()
    parts = try reader.list { reader in Evaluation.Figure(try reader.text(), try reader.double()) }
    metrics = try reader.list { reader -> any Metric in
      let name = try reader.text()
      var known = blanks.first { $0.name == name }
      // It may have followed from a shard of the other process, before this one had any.
      if known == nil && blanks.isEmpty && name == Accuracy().name { known = Accuracy() }
      guard var metric = known else { throw ByteReader.Malformed() }
      var visitor = StateVisitor(restoring: try reader.state())
      visitor.part(&metric, "metric")
      try visitor.finish(name)
      return metric
    }
    states = try reader.list { reader in try reader.int() == 0 ? nil : try reader.tensor() }
  }

  init(
    index: Int, range: Range<Int>, loss: Double, parts: [Evaluation.Figure], metrics: [any Metric], states: [Tensor?]
  ) {
    (self.index, self.range, self.loss, self.parts) = (index, range, loss, parts)
    (self.metrics, self.states) = (metrics, states)
  }
}

extension GradientExchange {
  /// The results of all processes, in the order of their indices.
  func gathered(_ own: [ShardResult], blanks: [any Metric]) throws -> [ShardResult] {
    if count == 1 { return own.sorted { $0.index < $1.index } }
    var writer = ByteWriter()
    writer.list(own) { $0.write(to: &$1) }
    let all = try allGather(writer.bytes).enumerated().flatMap { process, bytes -> [ShardResult] in
      if process == rank { return own }
      var reader = ByteReader(bytes)
      return try reader.list { try ShardResult(from: &$0, blanks: blanks) }
    }
    return all.sorted { $0.index < $1.index }
  }
}

/// Metrics of the same kinds that have seen nothing.
func blank(_ metrics: [any Metric]) -> [any Metric] {
  var blanks = metrics
  for i in blanks.indices { blanks[i].reset() }
  return blanks
}

/// Adds what metrics of the same names have gathered, in their order.
func merge(_ others: [any Metric], into metrics: inout [any Metric]) {
  func merged<K: Metric>(_ metric: K, _ other: any Metric) -> K {
    var metric = metric
    if let other = other as? K { metric.merge(other) }
    return metric
  }
  for (i, other) in others.enumerated() where i < metrics.count { metrics[i] = merged(metrics[i], other) }
}
