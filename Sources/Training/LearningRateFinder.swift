import Autodiff
import Data
import Foundation
import Models
import Optimizers
import Tensors

/// The loss of a model at one learning rate after another: what ``Model/learningRateFinder(_:loss:optimizer:from:to:steps:batchSize:seed:)`` gives.
public struct LearningRateCurve: Sendable {
  /// The rates, each step's; they grow by one factor.
  public let rates: [Double]
  /// The loss of each step before it was made.
  public let losses: [Double]

  /// Rates and the losses at them.
  public init(rates: [Double], losses: [Double]) { (self.rates, self.losses) = (rates, losses) }

  /// The losses smoothed: mᵢ = 0.9·mᵢ₋₁ + 0.1·lossᵢ, divided by 1 − 0.9ⁱ.
  public var smoothed: [Double] {
    var (mean, weight) = (0.0, 1.0)
    return losses.map { loss in
      (mean, weight) = (0.9 * mean + 0.1 * loss, weight * 0.9)
      return mean / (1 - weight)
    }
  }

  /// The rate at which the smoothed loss falls most steeply over the logarithm of the rate, before it is lowest; nil if it never falls.
  ///
  /// Smith 2017, *Cyclical Learning Rates*. fastai: `lr_find`'s `steep`.
  public var suggestion: Double? {
    let smoothed = self.smoothed
    guard let lowest = smoothed.indices.min(by: { smoothed[$0] < smoothed[$1] }) else { return nil }
    // Rates are evenly spread over their logarithm, so that differences are slopes.
    let falls = (0..<max(0, lowest)).map { i in (i, smoothed[i + 1] - smoothed[max(0, i - 1)]) }
    guard let steepest = falls.min(by: { $0.1 < $1.1 }), steepest.1 < 0, steepest.0 < rates.count else { return nil }
    return rates[steepest.0]
  }

  /// The losses over the logarithm of the rates as an SVG image.
  public func svg(title: String = "Learning rate") -> String {
    let x = rates.map(log10)
    let finite = x.filter(\.isFinite)
    let range = (finite.min() ?? 0)...(finite.max() ?? 1)
    func points(_ losses: [Double]) -> [(x: Double, y: Double)] { zip(x, losses).filter { $0.0.isFinite }.map { (x: $0.0, y: $0.1) } }
    var series = [
      SVGChart.Series(name: "each step", points: points(losses), isFaint: true),
      SVGChart.Series(name: "smoothed", points: points(smoothed)),
    ]
    if let suggestion, let i = rates.firstIndex(of: suggestion), x[i].isFinite {
      series.append(
        SVGChart.Series(name: "suggestion", color: SVGChart.orange, points: [(x: x[i], y: losses.min() ?? 0), (x: x[i], y: smoothed[i])]))
    }
    let subtitle = suggestion.map { "steepest at \(NumberText.significant($0, 2))" } ?? "the loss never falls"
    return SVGChart(
      title: title, subtitle: subtitle,
      panels: [SVGChart.Panel(title: "Loss", xTitle: "log₁₀ of the learning rate", xRange: range, series: series)]
    ).text
  }
}

extension Trainer {
  /// The loss at one learning rate after another, each a step of training on the next batch: for choosing the rate.
  ///
  /// The rates grow by one factor from `from` to `to`. It ends before `steps` where the smoothed loss is more than four times the lowest so far, or where a loss or
  /// gradient is not finite. Model, optimizer and random streams are afterwards what they were. The loader's passes follow one another.
  public func learningRateFinder<D: Dataset>(
    _ loader: DataLoader<D>, from low: Double = 1e-7, to high: Double = 10, steps: Int = 100,
    step: (_ model: inout M, _ batch: D.Element) throws -> some TrainingLoss
  ) throws -> LearningRateCurve {
    if !(low > 0 && high > low && high.isFinite) {
      fail(TensorError("learningRateFinder", "rates from \(low) to \(high); finite ones above 0, the second one larger, would fit"))
    }
    if steps < 2 { fail(TensorError("learningRateFinder", "\(steps) steps; 2 or more would fit")) }
    if loader.batchCount == 0 { fail(TensorError("learningRateFinder", "no batches to train on")) }
    if hasFailed { return LearningRateCurve(rates: [], losses: []) }
    let stream = randomStreamInForce
    defer { randomStreamInForce = stream }
    var (model, optimizer) = (model, optimizer)
    var (rates, losses): ([Double], [Double]) = ([], [])
    var (mean, weight) = (0.0, 1.0)
    var batches = loader.pass(0)
    var pass = 0
    var lowest = Double.infinity
    for i in 0..<steps {
      var batch = batches.next()
      if batch == nil {
        pass += 1
        batches = loader.pass(pass)
        batch = batches.next()
      }
      guard let batch else { break }
      var (value, gradient) = try valueAndGradient(at: &model) { (model: inout M) throws -> Tensor in try step(&model, batch).asLosses.total
      }
      let loss = value.item()
      if hasFailed || !loss.isFinite { break }
      let rate = low * pow(high / low, Double(i) / Double(steps - 1))
      rates.append(rate)
      losses.append(loss)
      (mean, weight) = (0.9 * mean + 0.1 * loss, weight * 0.9)
      let smoothed = mean / (1 - weight)
      lowest = min(lowest, smoothed)
      if smoothed > lowest + 3 * abs(lowest) && i > 0 { break }
      optimizer.learningRate = rate
      guard let isStep = try? optimizer.prepare(&gradient, of: model) else { break }
      if isStep { optimizer.update(&model, along: gradient) }
      if hasFailed { break }
    }
    return LearningRateCurve(rates: rates, losses: losses)
  }
}

extension Model where Input == Tensor, Output == Tensor {
  /// The loss at one learning rate after another, each a step of training on the next batch: for choosing the rate.
  ///
  ///     let curve = try model.learningRateFinder(train, loss: crossEntropy, optimizer: AdamW())
  ///     print(curve.suggestion ?? .nan)
  ///     try curve.svg().write(toFile: "rates.svg", atomically: true, encoding: .utf8)
  ///
  /// See ``Trainer/learningRateFinder(_:from:to:steps:step:)``. The model and the random streams stay as they are. PyTorch Lightning: `Tuner.lr_find`; fastai: `lr_find`.
  public func learningRateFinder(
    _ data: some Dataset<(Tensor, Tensor)>, loss: (Tensor, Tensor) -> Tensor, optimizer: some Optimizer, from low: Double = 1e-7,
    to high: Double = 10, steps: Int = 100, batchSize: Int = 64, seed: UInt64 = 0
  ) throws -> LearningRateCurve {
    let trainer = Trainer(self, optimizer: optimizer)
    return try trainer.learningRateFinder(
      DataLoader(data, batchSize: batchSize, shuffle: true, seed: seed), from: low, to: high, steps: steps
    ) { model, batch in loss(model(batch.0), batch.1) }
  }
}
