import Fluxion
import Foundation

extension Table {
  private static let examples = TensorDataset(Tensor.ones([6, 3]), Tensor.ones([6, 2]))

  mutating func data() {
    row("DataLoader.init(_:batchSize:shuffle:seed:dropLast:prefetch:workers:)") { h in
      let loader = DataLoader(Table.examples, batchSize: h.i(4), shuffle: true, seed: h.u(1), workers: h.i(2))
      return [loader.batchCount, loader.underestimatedCount, Array(loader).count]
    }
    row("DataLoader.init(_:batchSize:shuffle:seed:dropLast:prefetch:workers:)") { h in
      let loader = DataLoader(Table.examples, batchSize: h.i(4), dropLast: true)
      return [loader.batchCount, Array(loader).count]
    }
    row("DataLoader.pass(_:from:)") { h in
      Array(DataLoader(Table.examples, batchSize: 4, shuffle: true, seed: 1).pass(h.i(1), from: h.i(0))).count
    }
    row("Dataset.batch(_:)") { h in
      let data = Odd(count: h.i(3))
      let loader = DataLoader(data, batchSize: h.i(2))
      return [loader.batchCount, Array(loader.prefix(3)).count]
    }
    row("TensorDataset.batch(_:)") { h in Table.examples.batch(h.list(1, 2)) }
    row("TensorDataset.subscript(_:)") { h in Table.examples[h.range(0, 2)].inputs }
    row("TensorDataset.split(at:)") { h in Table.examples.split(at: h.i(2)).0.inputs }
    row(
      "CSVFile.init(bytes:name:dtype:separator:hasHeader:missing:maximumBytes:)",
      "CSVFile.init(_:dtype:separator:hasHeader:missing:maximumBytes:)"
    ) { h in
      try CSVFile(bytes: Array("1,2\n3,\n".utf8), dtype: .float64, hasHeader: false, missing: h.d(0), maximumBytes: h.i(1 << 20)).tensor
    }
    row("NPYFile.init(bytes:name:maximumBytes:)", "NPYFile.init(_:maximumBytes:)") { h in
      let header = Array("{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }".utf8) + [10]
      return try NPYFile(bytes: [0x93] + "NUMPY".utf8 + [1, 0, UInt8(header.count), 0] + header + [7, 8], maximumBytes: h.i(1 << 20)).tensor
    }
    row("NPZFile.init(bytes:name:maximumBytes:)", "NPZFile.init(_:maximumBytes:)") { h in
      // An archive of nothing: its directory's end.
      try NPZFile(bytes: [0x50, 0x4B, 5, 6] + Array(repeating: 0, count: 18), maximumBytes: h.i(1 << 20)).names.count
    }
    row("IDXFile.init(bytes:name:maximumBytes:)", "IDXFile.init(_:maximumBytes:)") { h in
      try IDXFile(bytes: [0, 0, 8, 1, 0, 0, 0, 2, 7, 8], maximumBytes: h.i(1 << 20)).shape.count
    }
    row("EarlyStopping.init(on:patience:minimumImprovement:restoringBest:)", "EarlyStopping.observe(_:)") { h in
      var stopping = EarlyStopping(patience: h.i(1), minimumImprovement: h.d(0))
      for _ in 0..<3 { stopping.observe(h.d(1)) }
      return stopping.isOver
    }
    row("TrainingState.init(_:_:schedule:earlyStopping:seed:)", "TrainingState.seed", "TrainingState.advance(loss:)") { h in
      var state = TrainingState(Dense(3, 2), SGD(learningRate: 0.1), schedule: Cosine(from: 0.1, steps: 3), seed: h.u(1))
      state.seed = h.u(2)
      state.advance(loss: h.d(0.5))
      state.advance()
      return state.optimizer.learningRate
    }
    row(
      "Model.fit(_:validation:loss:optimizer:epochs:batchSize:shuffle:seed:metric:schedule:earlyStopping:checkpoints:every:keep:resume:strict:progress:onEpoch:)"
    ) { h in
      var layer = Dense(3, 2)
      // Epochs without end are what was asked for: a loss that is no number ends them.
      let history = try layer.fit(
        Table.examples, validation: Table.examples, loss: { y, target in mse(y, target) * (Table.isEndless(h) ? Double.nan : 1.0) },
        optimizer: SGD(learningRate: 0.1), epochs: h.i(2), batchSize: h.i(4), seed: h.u(1), progress: .none)
      return history.epochs.count
    }
    row(
      "CheckpointInterval.epochs(_:)", "CheckpointInterval.steps(_:)"
    ) { h in
      let folder = NSTemporaryDirectory() + "sweep-\(ProcessInfo.processInfo.processIdentifier)-\(UInt64.random(in: 0 ... .max))"
      defer { try? FileManager.default.removeItem(atPath: folder) }
      var layer = Dense(3, 2)
      let keep = h.i(2)
      for (name, interval) in [("a", CheckpointInterval.epochs(h.i(1))), ("b", .steps(h.i(1)))] {
        try layer.fit(
          Table.examples, loss: mse, optimizer: SGD(learningRate: 0.1), epochs: 2, batchSize: 4, checkpoints: "\(folder)/\(name)",
          every: interval, keep: keep, progress: .none)
      }
      return layer(h.x)
    }
    row("Model.evaluate(_:loss:metric:batchSize:)") { h in Dense(3, 2).evaluate(Table.examples, loss: mse, batchSize: h.i(4)).loss }
  }

  private static func isEndless(_ h: Hostile) -> Bool {
    if case .integer(_, let value) = h.attack { return value > 1000 }
    return false
  }
}

/// A data set that says of itself what it likes.
private struct Odd: Dataset {
  let count: Int
  func batch(_ indices: [Int]) -> Int { indices.count }
}
