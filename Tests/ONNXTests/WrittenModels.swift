import Data
import Fluxion
import Foundation
import LayerRows
import Tensors
import Testing

@testable import FluxionONNX
@testable import charrnn
@testable import customlayers
@testable import digits
@testable import gpt
@testable import translation

/// A model that is written, and what it is called with: tensors by their names in the file.
struct WrittenModel: Sendable, CustomTestStringConvertible {
  let name: String
  /// Writes the model; what it is given and what it answers, in the file's order.
  let write: @Sendable (_ path: String, _ dynamicAxes: [Int]) throws -> (inputs: [Tensor], outputs: [Tensor])
  /// What it answers to a batch of another size, and that batch; nil where the batch of the example is part of the model.
  var larger: (@Sendable () -> (inputs: [Tensor], outputs: [Tensor]))?
  var testDescription: String { name }

  init<M: Model>(_ name: String, _ make: @escaping @Sendable () -> M, _ input: @escaping @Sendable () -> M.Input) {
    self.name = name
    write = { path, dynamicAxes in
      let (model, input) = (withSeed(3) { make() }, withSeed(4) { input() })
      try model.writeONNX(to: path, input: input, dynamicAxes: dynamicAxes)
      return (TensorLeaves.of(input), TensorLeaves.of(model.predict(input)))
    }
  }

  /// Of one tensor, whose batch may be larger.
  init<M: Model<Tensor, Tensor>>(_ name: String, batchOf make: @escaping @Sendable () -> M, _ input: @escaping @Sendable () -> Tensor) {
    self.init(name, make, input)
    larger = {
      let (model, input) = (withSeed(3) { make() }, withSeed(4) { input() })
      let more = concatenate([input, input.reversed(axes: 0), input[0..<1]], axis: 0)
      return ([more], [model.predict(more)])
    }
  }
}

/// The layers and the examples' models.
let writtenModels: [WrittenModel] = layerModels() + exampleModels()

private func layerModels() -> [WrittenModel] {
  layerList.map { row in
    func open<M: Model<Tensor, Tensor>>(_ model: M) -> WrittenModel {
      // Batch statistics and shapes that name the batch are of one batch.
      row.isBatchwise
        ? WrittenModel(row.name, batchOf: { row.layer() as! M }, { row.sample() })
        : WrittenModel(row.name, { row.layer() as! M }, { row.sample() })
    }
    return open(row.layer())
  }
}

/// A block of Examples/Tasks/ResNet.swift.
private func residualBlock(_ channels: Int) -> Chain {
  Chain {
    Residual {
      Conv2D(channels, channels, kernel: 3, padding: 1)
      BatchNorm(channels)
      relu
      Conv2D(channels, channels, kernel: 3, padding: 1)
      BatchNorm(channels)
    }
    relu
  }
}

/// The network of Examples/Tasks/Physics.swift.
private struct Field: Model {
  var network = Chain {
    Dense(2, 32, activation: tanh); Dense(32, 32, activation: tanh); Dense(32, 1)
  }
  mutating func callAsFunction(_ points: Tensor) -> Tensor {
    network(points)[.all, 0] * points[.all, 0] * (1 - points[.all, 0]) * points[.all, 1] * (1 - points[.all, 1])
  }
}

private func exampleModels() -> [WrittenModel] {
  @Sendable func image() -> Tensor { Tensor.uniform([3, 784]) }
  return [
    WrittenModel("Digits, perceptron", batchOf: { digits.perceptron() }, image),
    WrittenModel("Digits, LeNet", batchOf: { digits.lenet() }, image),
    WrittenModel("Digits, row reader", batchOf: { digits.rowReader() }, image),
    WrittenModel(
      "GPT", batchOf: { LanguageModel(characters: 20, context: 12, width: 16, blocks: 2, heads: 2, dropout: 0.1) },
      { (Tensor.uniform([2, 9]) * 20.0).cast(to: .int64) }),
    WrittenModel(
      "CharRNN, sequences", batchOf: { charrnn.reader(characters: 20, hidden: 8, dropout: 0.3).unrolled() },
      { (Tensor.uniform([2, 7]) * 20.0).cast(to: .int64) }),
    WrittenModel(
      "CharRNN, one step", { charrnn.reader(characters: 20, hidden: 8, dropout: 0.3) }, { (Tensor.uniform([2]) * 20.0).cast(to: .int64) }),
    WrittenModel(
      "CharRNN, sequences with state", { charrnn.reader(characters: 20, hidden: 8, dropout: 0.3).unrolled(stateful: true) },
      { (Tensor.uniform([2, 7]) * 20.0).cast(to: .int64) }),
    WrittenModel(
      "Translation", { Translator(size: 12) },
      {
        let days = [Day.all[0], Day.all[500], Day.all[40000]]
        return (Source(days.map(\.iso)), Target(days))
      }),
    WrittenModel(
      "CustomLayers, attention by distance", { DistanceAttention(8, size: 16) },
      { (query: Tensor.normal([5, 8]), pairs: Tensor.normal([5, 12, 18])) }),
    WrittenModel(
      "CustomLayers, springs", batchOf: { Springs(masses: [1.5, 0.6], stiffness: [4, 2.5]) }, { Tensor.normal([4, 2], .float64) }),
    WrittenModel(
      "CustomLayers, wavelets",
      batchOf: {
        Chain {
          Dense(2, 32); wavelet; Dense(32, 32); trainedSwish(32); Dense(32, 2)
        }
      }, { Tensor.normal([6, 2]) }),
    WrittenModel(
      "CustomLayers, bits",
      batchOf: {
        Chain {
          Dense(32, 64, activation: tanh); Dense(64, 8); bits; Dense(8, 64, activation: relu); Dense(64, 32)
        }
      }, { Tensor.eye(32) }),
    WrittenModel(
      "Tasks, ResNet",
      batchOf: {
        Chain {
          Reshape([1, 28, 28]); RandomAffine(rotation: 10, shift: 0.1); RandomErasing(); Conv2D(1, 16, kernel: 3, stride: 2, padding: 1)
          BatchNorm(16); relu; residualBlock(16); GlobalMeanPool(); Dense(16, 10)
        }
      }, image),
    WrittenModel("Tasks, physics", batchOf: { Field() }, { Tensor.uniform([6, 2]) }),
    WrittenModel(
      "Tasks, tables",
      batchOf: {
        Chain {
          Scaler.standard(fitting: .normal([9, 6])); Dense(6, 32, activation: relu); Dropout(0.2); Dense(32, 2)
        }
      }, { Tensor.normal([5, 6]) }),
    WrittenModel(
      "Tasks, cart pole",
      batchOf: {
        Chain {
          Dense(4, 64, activation: relu); Dense(64, 64, activation: relu); Dense(64, 2)
        }
      }, { Tensor.normal([5, 4]) }),
  ]
}
