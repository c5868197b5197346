import Fluxion

/// Every optimizer, with settings away from their defaults: what laws for optimizers go through.
struct OptimizerRow: Sendable, CustomStringConvertible {
  let description: String
  let make: @Sendable () -> any Optimizer

  init(_ description: String, _ make: @escaping @Sendable () -> any Optimizer) {
    self.description = description
    self.make = make
  }

  /// Those for any model; the others have a group called encoder.
  static let ungrouped = all.filter { !$0.description.lowercased().contains("groups") }

  static let all = [
    OptimizerRow("SGD") { SGD(learningRate: 0.1, weightDecay: 0.1) },
    OptimizerRow("SGD, momentum") { SGD(learningRate: 0.1, momentum: 0.9, dampening: 0.1, weightDecay: 0.1) },
    OptimizerRow("SGD, Nesterov") { SGD(learningRate: 0.1, momentum: 0.9, nesterov: true) },
    OptimizerRow("Adam") { Adam(learningRate: 0.01, weightDecay: 0.1) },
    OptimizerRow("Adam, AMSGrad") { Adam(learningRate: 0.01, beta2: 0.5, amsgrad: true) },
    OptimizerRow("AdamW") { AdamW(learningRate: 0.01, weightDecay: 0.1) },
    OptimizerRow("AdamW, AMSGrad") { AdamW(learningRate: 0.01, beta2: 0.5, amsgrad: true) },
    OptimizerRow("RMSProp") { RMSProp(learningRate: 0.01, weightDecay: 0.1) },
    OptimizerRow("RMSProp, centred") { RMSProp(learningRate: 0.001, alpha: 0.9, momentum: 0.9, centered: true) },
    OptimizerRow("Adagrad") { Adagrad(learningRate: 0.1, rateDecay: 0.1, weightDecay: 0.1, initialSum: 0.1) },
    OptimizerRow("Adadelta") { Adadelta(learningRate: 0.5, weightDecay: 0.1) },
    OptimizerRow("Adamax") { Adamax(learningRate: 0.01, weightDecay: 0.1) },
    OptimizerRow("NAdam") { NAdam(learningRate: 0.01, weightDecay: 0.1, momentumDecay: 0.1) },
    OptimizerRow("RAdam") { RAdam(learningRate: 0.01, beta2: 0.9, weightDecay: 0.1, decoupledWeightDecay: true) },
    OptimizerRow("Lion") { Lion(learningRate: 0.001, weightDecay: 0.1) },
    OptimizerRow("LAMB") { LAMB(learningRate: 0.01, weightDecay: 0.1) },
    OptimizerRow("ParameterGroups") {
      ParameterGroups(AdamW(learningRate: 0.1)) { ParameterGroup("encoder", NAdam(learningRate: 0.1, weightDecay: 0.1)) }
    },
    OptimizerRow("OptimizerChain") {
      OptimizerChain {
        SkipNonFinite(); Accumulate(2); Centralize(); AddNoise(variance: 0.1, seed: 5); DecayWeights(0.1); ClipNorm(1);
        ScaleGradients(by: 2)
        Adam(learningRate: 0.01)
      }
    },
    OptimizerRow("chains of groups of chains") {
      OptimizerChain {
        ClipValues(0.5)
        ParameterGroups(LAMB(learningRate: 0.1)) {
          ParameterGroup(
            "encoder",
            OptimizerChain {
              Accumulate(3); RMSProp(learningRate: 0.1)
            })
        }
      }
    },
  ]
}
