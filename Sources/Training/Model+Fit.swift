import Data
import Models
import Optimizers
import Tensors

extension Model where Input == Tensor, Output == Tensor {
  /// Trains on batches of a data set for a number of epochs, and tells how it goes.
  ///
  ///     let history = try model.fit(train, validation: test, loss: crossEntropy, optimizer: Adam(learningRate: 1e-3), epochs: 10)
  ///
  /// Each step minimises `loss(outputs, targets)`, the mean over a batch of `batchSize` examples. `metric` is accuracy where the targets
  /// are class ids, unless another one is given. Orders follow from `seed`, or from the stream in force (see ``withSeed(_:_:)``). After
  /// each epoch `onEpoch` gets its figures and the model; what it throws ends the training.
  ///
  /// A loss that is not finite throws ``TrainingError``; the model is then as it was before that step.
  @discardableResult
  public mutating func fit<O: Optimizer>(
    _ train: some Dataset<(Tensor, Tensor)>, validation: (any Dataset<(Tensor, Tensor)>)? = nil, loss: (Tensor, Tensor) -> Tensor,
    optimizer: O, epochs: Int, batchSize: Int = 64, shuffle: Bool = true, seed: UInt64? = nil, metric: Metric? = nil,
    progress: ProgressDisplay = .automatic, onEpoch: ((History.Epoch, Self) throws -> Void)? = nil
  ) throws -> History {
    var history = History()
    let loader = DataLoader(train, batchSize: batchSize, shuffle: shuffle, seed: seed)
    if epochs < 0 { fail(TensorError("fit", "\(epochs) epochs; 0 or more would fit")) }
    if train.count == 0 { fail(TensorError("fit", "no examples to train on")) }
    if hasFailed { return history }
    var optimizer = optimizer
    var metric = metric
    var display = ProgressReporter(progress, epochs: epochs, steps: loader.batchCount)
    defer { display.close() }

    for epoch in 1...max(epochs, 1) where epochs > 0 {
      var mean = RunningMean()
      let start = ContinuousClock.now
      display.begin(epoch)
      for (step, (x, y)) in loader.enumerated() {
        guard let (value, outputs) = try self.step(x, y, loss, &optimizer, epoch: epoch, step: step + 1) else { return history }
        if metric == nil && y.dtype.isInteger && outputs.rank == y.rank + 1 { metric = .accuracy }
        history.stepLosses.append(value)
        mean.add(value, metric?.mean(outputs, y), count: x.shape[0])
        display.update(step + 1, mean, metric?.name)
      }
      let seconds = start.duration(to: .now).seconds
      let result = validation.map { evaluate($0, loss: loss, metric: metric, batchSize: batchSize) }
      if hasFailed { return history }
      history.metricName = metric?.name
      let figures = History.Epoch(
        number: epoch, training: mean.evaluation, validation: result, seconds: seconds, itemsPerSecond: Double(mean.count) / seconds)
      history.epochs.append(figures)
      display.end(figures, metric?.name)
      try onEpoch?(figures, self)
    }
    return history
  }

  /// One step; nil after a mistake in a `checked` scope.
  private mutating func step<O: Optimizer>(
    _ x: Tensor, _ y: Tensor, _ loss: (Tensor, Tensor) -> Tensor, _ optimizer: inout O, epoch: Int, step: Int
  ) throws -> (loss: Double, outputs: Tensor)? {
    // A run changes hidden values, too; they must not stay if the step does not count.
    var before: Self? = self
    let (value, gradient, outputs) = valueAndGradient(at: &self) { model in
      let outputs = model(x)
      return (loss(outputs, y), outputs.detached)
    }
    let number = value.item()
    if let model = before, hasFailed || !number.isFinite {
      self = model
      if hasFailed { return nil }
      throw TrainingError.nonFiniteLoss(number, epoch: epoch, step: step)
    }
    // The optimizer writes in place only what nobody else holds.
    before = nil
    optimizer.update(&self, along: gradient)
    return hasFailed ? nil : (number, outputs)
  }

  /// The mean loss and metric over a data set, in inference mode; the model stays as it is.
  public func evaluate(
    _ data: some Dataset<(Tensor, Tensor)>, loss: (Tensor, Tensor) -> Tensor, metric: Metric? = nil, batchSize: Int = 64
  ) -> Evaluation {
    var mean = RunningMean()
    for (x, y) in DataLoader(data, batchSize: batchSize, seed: 0) {
      let outputs = predict(x)
      mean.add(loss(outputs, y).item(), metric?.mean(outputs, y), count: x.shape[0])
      if hasFailed { break }
    }
    return mean.evaluation
  }
}

extension Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
