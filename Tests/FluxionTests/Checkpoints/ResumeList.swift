import Fluxion
import Testing

/// What a run that is taken up again has to come out with the same bits for: an optimizer, and a schedule if there is one.
///
/// Each is made twice: once for the run that is written, once, with other settings, for the run that takes it up.
struct ResumeRow: Sendable, CustomTestStringConvertible {
  let name: String
  let optimizer: @Sendable (_ rate: Double) -> any Optimizer
  var schedule: (@Sendable () -> any Schedule)?

  var testDescription: String { name }
}

/// The optimizers, transformations and schedules that the law of resumption is held to.
let resumeList: [ResumeRow] = optimizerRows() + scheduleRows()

private func optimizerRows() -> [ResumeRow] {
  [
    ResumeRow(name: "SGD", optimizer: { SGD(learningRate: $0) }),
    ResumeRow(name: "SGD, momentum", optimizer: { SGD(learningRate: $0, momentum: 0.9, dampening: 0.1, weightDecay: 0.01) }),
    ResumeRow(name: "SGD, Nesterov", optimizer: { SGD(learningRate: $0, momentum: 0.9, nesterov: true) }),
    ResumeRow(name: "Adam", optimizer: { Adam(learningRate: $0, weightDecay: 0.01) }),
    ResumeRow(name: "AdamW", optimizer: { AdamW(learningRate: $0) }),
    ResumeRow(
      name: "ParameterGroups",
      optimizer: { rate in
        ParameterGroups(AdamW(learningRate: rate)) {
          ParameterGroup("normal", SGD(learningRate: rate, momentum: 0.9))
          ParameterGroup(where: { name in name.hasSuffix("bias") }, Adam(learningRate: rate / 2))
        }
      }),
    ResumeRow(name: "an optimizer of one's own", optimizer: { SignedDescent(learningRate: $0) }),
  ]
}

private func scheduleRows() -> [ResumeRow] {
  [
    ResumeRow(name: "a schedule with a memory", optimizer: { AdamW(learningRate: $0) }, schedule: { Doubting() })
  ]
}

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
