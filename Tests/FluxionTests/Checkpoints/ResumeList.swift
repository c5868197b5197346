import Fluxion
import Testing

/// What a run that is taken up again has to come out with the same bits for: an optimizer, and a schedule if there is one.
struct ResumeRow: Sendable, CustomTestStringConvertible {
  let name: String
  let optimizer: @Sendable () -> any Optimizer
  var schedule: (@Sendable () -> any Schedule)?

  var testDescription: String { name }
}

/// The optimizers, transformations and schedules that the law of resumption is held to: those of the lists of the other laws, and some of one's
/// own.
let resumeList: [ResumeRow] =
  OptimizerRow.all.map { ResumeRow(name: $0.description, optimizer: $0.make) }
  + [ResumeRow(name: "an optimizer of one's own", optimizer: { SignedDescent(learningRate: 0.01) })]
  + ScheduleTests.schedules.sorted { $0.key < $1.key }.map { name, schedule in
    ResumeRow(name: name, optimizer: { AdamW() }, schedule: { schedule })
  }
  + [ResumeRow(name: "a schedule of one's own", optimizer: { AdamW() }, schedule: { Doubting() })]

/// Steps by the sign of a moving average: all it keeps is found by reflection.
private struct SignedDescent: Optimizer {
  var learningRate: Double
  var averages: [String: Tensor] = [:]

  mutating func update<M: Model>(_ model: inout M, along gradient: M) {
    let gradients = Dictionary(uniqueKeysWithValues: gradient.parameters.map { ($0.name, $0.value) })
    model.updateParameters { name, value in
      guard !value.isFrozen, let g = gradients[name] else { return }
      let average = averages[name].map { $0 * 0.9 + g * 0.1 } ?? g
      averages[name] = average
      value = value - sign(average) * learningRate
    }
  }
}

/// Falls by itself, and faster after a loss that is no better than the last.
private struct Doubting: Schedule {
  var rate = 0.02
  var last: Double?
  func rate(at step: Int) -> Double { rate / Double(step + 1) }
  mutating func observe(_ loss: Double) {
    if let last, loss >= last { rate /= 2 }
    last = loss
  }
}
