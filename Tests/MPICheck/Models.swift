import Fluxion

/// What is trained in several numbers of processes: each has something that could depend on how many there are.
enum Case: String, CaseIterable {
  /// Dropout, layers and batches that eight does not divide.
  case perceptron
  /// Running statistics, convolutions, clipping by norm.
  case convolution
  /// Statistics of whole batches, some of which leave processes without a shard.
  case synchronized
  /// Hidden values, unrolled over time.
  case recurrent
  /// Hidden values that pass from batch to batch.
  case stateful
  /// One parameter used twice, one frozen, one that nothing uses; gradients of three batches together.
  case tied
  /// Batches that are ready, in a struct, of which the last are smaller than the number of shards; a step of its own.
  case ready

  /// Trains, and gives the model's parameters by name.
  func train(
    across exchange: any GradientExchange, checkpoints: String? = nil, resume: Bool = false, epochs: Int = 2,
    compiled: Bool = false, each: @escaping (Int) -> Void = { _ in }
  ) throws -> [(name: String, value: Tensor)] {
    switch self {
    case .perceptron:
      var model = withSeed(1) {
        Chain {
          Dense(12, 24, activation: gelu); Dropout(0.3); LayerNorm(24); Dropout(0.1); Dense(24, 3)
        }
      }
      return try fit(&model, classes(12, count: 101), Adam(learningRate: 0.01), batchSize: 20)
    case .convolution:
      var model = withSeed(2) {
        Chain {
          Reshape([1, 6, 6]); Conv2D(1, 4, kernel: 3, padding: 1); BatchNorm(4); relu; Flatten(); Dense(144, 3)
        }
      }
      return try fit(&model, classes(36, count: 128), SGD(learningRate: 0.05, momentum: 0.9), batchSize: 32, clip: .norm(0.5))
    case .synchronized:
      var model = withSeed(2) {
        Chain {
          Reshape([1, 6, 6])
          Conv2D(1, 4, kernel: 3, padding: 1)
          SyncBatchNorm(4)
          relu
          Flatten()
          Dense(144, 8)
          SyncBatchNorm(8)
          Dense(8, 3)
        }
      }
      return try fit(&model, classes(36, count: 67), Adam(learningRate: 0.01), batchSize: 32)
    case .recurrent:
      var model = withSeed(3) {
        Chain {
          Reshape([4, 3]); LSTM(3, 16).unrolled(); { x in x[.all, -1] }; Dense(16, 3)
        }
      }
      return try fit(&model, classes(12, count: 96), RMSProp(learningRate: 0.01), batchSize: 24)
    case .stateful:
      var model = withSeed(4) {
        Chain {
          Reshape([4, 3]);
          Chain {
            GRU(3, 8); Dropout(0.2)
          }.unrolled(stateful: true); { x in x[.all, -1] }; Dense(8, 3)
        }
      }
      return try fit(&model, classes(12, count: 96), AdamW(learningRate: 0.01), batchSize: 16, tested: 32)
    case .tied:
      var model = withSeed(5) { Tied() }
      model.freeze("frozen")
      return try fit(&model, classes(8, count: 90), Adam(learningRate: 0.02), batchSize: 14, clip: .value(0.1), accumulate: 3)
    case .ready:
      let model = withSeed(6) {
        Chain {
          Dense(12, 24, activation: gelu); Dropout(0.3); LayerNorm(24); Dense(24, 3)
        }
      }
      let batches = DataLoader(classes(12, count: 101), batchSize: 16, shuffle: false, seed: 1).map { batch in
        Ready(inputs: batch.0, targets: [batch.1])
      }
      var trainer = Trainer(model, optimizer: AdamW(learningRate: 0.01))
      // A run of ready batches has the seed of the stream in force.
      _ = try withSeed(8) {
        try trainer.fit(
          batches, epochs: epochs, validation: Array(batches[3...]), metrics: [.accuracy], clip: .norm(1), checkpoints: checkpoints,
          every: .steps(3), resume: resume, progress: .none, callbacks: [.afterBatch { figures, _ in each(figures.step) }],
          compiled: compiled, across: exchange
        ) { model, batch in
          let outputs = model(batch.inputs)
          return Losses(total: crossEntropy(outputs, batch.targets[0]), outputs: outputs, targets: batch.targets[0])
        }
      }
      return trainer.model.parameters
    }

    func fit<M: Model, O: Optimizer>(
      _ model: inout M, _ data: TensorDataset, _ optimizer: O, batchSize: Int, tested: Int = 37, clip: GradientClipping? = nil,
      accumulate: Int = 1
    ) throws -> [(name: String, value: Tensor)] where M.Input == Tensor, M.Output == Tensor {
      try model.fit(
        data, validation: data[0..<tested], loss: crossEntropy, optimizer: optimizer, epochs: epochs, batchSize: batchSize, seed: 7,
        metrics: [.accuracy, .top(2)], clip: clip, accumulate: accumulate, checkpoints: checkpoints, every: .steps(3), resume: resume,
        progress: .none, callbacks: [.afterBatch { figures, _ in each(figures.step) }], compiled: compiled, across: exchange)
      return model.parameters
    }
  }

  private func classes(_ size: Int, count: Int) -> TensorDataset {
    withSeed(11) {
      let x = Tensor.normal([count, size])
      return TensorDataset(x, x[.all, 0..<3].argmax(axis: 1))
    }
  }
}

/// A batch of a kind of its own.
struct Ready {
  let inputs: Tensor
  var targets: [Tensor]
}

/// A parameter used twice, one that is frozen, and one that nothing uses.
struct Tied: Model {
  var shared = Tensor.normal([8, 8]) * 0.3
  var frozen = Tensor.normal([8, 8]) * 0.3
  var unused = Tensor.ones([5])
  var out = Dense(8, 3)

  func callAsFunction(_ x: Tensor) -> Tensor { out(tanh(tanh(x • shared) • frozen) • shared) }
}
