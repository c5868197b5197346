import Fluxion
import Foundation

// A training run to be killed: `trainee DIRECTORY WEIGHTS [STEPS]` trains with checkpoints in a directory every so many steps (3 unless
// told), going on with what is there, and writes the model in the end. Whenever it is killed and begun again, the weights come out the same.

let arguments = CommandLine.arguments
if arguments.dropFirst() == ["threads"] {
  // How many threads there are where this process runs.
  print(Threads.count)
  exit(0)
}
guard arguments.count >= 3 else {
  FileHandle.standardError.write(Data("usage: trainee DIRECTORY WEIGHTS [STEPS]\n".utf8))
  exit(2)
}

/// Everything that has a memory: running statistics, hidden values from call to call, a dropout's stream and the stream in force.
struct Reader: Model {
  var normal = BatchNorm(6)
  var cell = Chain {
    GRU(6, 8); Dropout(0.2)
  }.unrolled(stateful: true)
  var out = Dense(8, 3)

  /// [batch, 2, 6] to [batch, 3].
  mutating func callAsFunction(_ x: Tensor) -> Tensor {
    let noise = currentMode == .training ? Tensor.normal(x.shape) * 0.01 : .zeros(x.shape)
    let rows = normal((x + noise).reshaped([-1, 6])).reshaped(x.shape)
    return out(cell(rows)[.all, -1])
  }
}

do {
  let weights = arguments[2]
  let steps = arguments.count > 3 ? Int(arguments[3]) ?? 3 : 3
  let data = withSeed(5) {
    let x = Tensor.normal([96, 12])
    return TensorDataset(x.reshaped([96, 2, 6]), x[.all, 0..<3].argmax(axis: 1))
  }
  try withSeed(8) {
    var model = Reader()
    try model.fit(
      data, validation: data[0..<32], loss: crossEntropy, optimizer: AdamW(learningRate: 0.01), epochs: 30, batchSize: 16,
      schedule: Falling(from: 0.01), earlyStopping: EarlyStopping(patience: 100, restoringBest: false), checkpoints: arguments[1],
      every: .steps(steps), resume: true, progress: .none)
    try model.save(to: weights, includingState: true)
  }
} catch {
  FileHandle.standardError.write(Data("error: \(error)\n".utf8))
  exit(1)
}

/// A schedule with a memory of the losses that it heard of.
struct Falling: Schedule {
  var rate: Double
  var last = Double.infinity
  init(from rate: Double) { self.rate = rate }
  func rate(at step: Int) -> Double { rate / Double(1 + step) }
  mutating func observe(_ loss: Double) {
    rate *= loss < last ? 1.01 : 0.9
    last = loss
  }
}
