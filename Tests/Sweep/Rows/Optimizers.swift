import Fluxion

extension Table {
  /// Two steps of an optimizer on a layer.
  private static func trained(_ optimizer: some Optimizer) -> Tensor {
    var (optimizer, layer) = (optimizer, withSeed(1) { Dense(3, 2) })
    let x = Tensor.ones([2, 3])
    for _ in 0..<2 {
      let slopes = gradient(at: &layer) { layer in (layer(x) * layer(x)).sum() }
      optimizer.update(&layer, along: slopes)
    }
    return layer(x)
  }

  /// Two schedules' rates at the beginning, at a step, and after a loss.
  static func rates(_ schedule: some Schedule, _ h: Hostile) -> Any {
    var schedule = schedule
    let step = h.i(5)
    let before = [schedule.rate(at: 0), schedule.rate(at: step)]
    for _ in 0..<3 { schedule.observe(h.d(1)) }
    return before + [schedule.rate(at: step), schedule.rate(at: 1)]
  }

  mutating func optimizers() {
    row("Adadelta.init(learningRate:rho:epsilon:weightDecay:)") { h in
      Table.trained(Adadelta(learningRate: h.d(1), rho: h.d(0.9), epsilon: h.d(1e-6), weightDecay: h.d(0)))
    }
    row("Adadelta.learningRate", "Adadelta.rho", "Adadelta.epsilon", "Adadelta.weightDecay") { h in
      var optimizer = Adadelta()
      optimizer.learningRate = h.d(optimizer.learningRate)
      optimizer.rho = h.d(optimizer.rho)
      optimizer.epsilon = h.d(optimizer.epsilon)
      optimizer.weightDecay = h.d(optimizer.weightDecay)
      return Table.trained(optimizer)
    }
    row("Adagrad.init(learningRate:rateDecay:weightDecay:initialSum:epsilon:)") { h in
      Table.trained(Adagrad(learningRate: h.d(1e-2), rateDecay: h.d(0), weightDecay: h.d(0), initialSum: h.d(0), epsilon: h.d(1e-10)))
    }
    row("Adagrad.learningRate", "Adagrad.rateDecay", "Adagrad.weightDecay", "Adagrad.initialSum", "Adagrad.epsilon") { h in
      var optimizer = Adagrad()
      optimizer.learningRate = h.d(optimizer.learningRate)
      optimizer.rateDecay = h.d(optimizer.rateDecay)
      optimizer.weightDecay = h.d(optimizer.weightDecay)
      optimizer.initialSum = h.d(optimizer.initialSum)
      optimizer.epsilon = h.d(optimizer.epsilon)
      return Table.trained(optimizer)
    }
    row("Adam.init(learningRate:beta1:beta2:epsilon:weightDecay:amsgrad:)") { h in
      Table.trained(Adam(learningRate: h.d(1e-3), beta1: h.d(0.9), beta2: h.d(0.999), epsilon: h.d(1e-8), weightDecay: h.d(0)))
    }
    row("Adam.learningRate", "Adam.beta1", "Adam.beta2", "Adam.epsilon", "Adam.weightDecay") { h in
      var optimizer = Adam()
      optimizer.learningRate = h.d(optimizer.learningRate)
      optimizer.beta1 = h.d(optimizer.beta1)
      optimizer.beta2 = h.d(optimizer.beta2)
      optimizer.epsilon = h.d(optimizer.epsilon)
      optimizer.weightDecay = h.d(optimizer.weightDecay)
      return Table.trained(optimizer)
    }
    row("AdamW.init(learningRate:beta1:beta2:epsilon:weightDecay:amsgrad:)") { h in
      Table.trained(AdamW(learningRate: h.d(1e-3), beta1: h.d(0.9), beta2: h.d(0.999), epsilon: h.d(1e-8), weightDecay: h.d(0.01)))
    }
    row("AdamW.learningRate", "AdamW.beta1", "AdamW.beta2", "AdamW.epsilon", "AdamW.weightDecay") { h in
      var optimizer = AdamW()
      optimizer.learningRate = h.d(optimizer.learningRate)
      optimizer.beta1 = h.d(optimizer.beta1)
      optimizer.beta2 = h.d(optimizer.beta2)
      optimizer.epsilon = h.d(optimizer.epsilon)
      optimizer.weightDecay = h.d(optimizer.weightDecay)
      return Table.trained(optimizer)
    }
    row("Adamax.init(learningRate:beta1:beta2:epsilon:weightDecay:)") { h in
      Table.trained(Adamax(learningRate: h.d(2e-3), beta1: h.d(0.9), beta2: h.d(0.999), epsilon: h.d(1e-8), weightDecay: h.d(0)))
    }
    row("Adamax.learningRate", "Adamax.beta1", "Adamax.beta2", "Adamax.epsilon", "Adamax.weightDecay") { h in
      var optimizer = Adamax()
      optimizer.learningRate = h.d(optimizer.learningRate)
      optimizer.beta1 = h.d(optimizer.beta1)
      optimizer.beta2 = h.d(optimizer.beta2)
      optimizer.epsilon = h.d(optimizer.epsilon)
      optimizer.weightDecay = h.d(optimizer.weightDecay)
      return Table.trained(optimizer)
    }
    row("LAMB.init(learningRate:beta1:beta2:epsilon:weightDecay:)") { h in
      Table.trained(LAMB(learningRate: h.d(1e-3), beta1: h.d(0.9), beta2: h.d(0.999), epsilon: h.d(1e-6), weightDecay: h.d(0.01)))
    }
    row("LAMB.learningRate", "LAMB.beta1", "LAMB.beta2", "LAMB.epsilon", "LAMB.weightDecay") { h in
      var optimizer = LAMB()
      optimizer.learningRate = h.d(optimizer.learningRate)
      optimizer.beta1 = h.d(optimizer.beta1)
      optimizer.beta2 = h.d(optimizer.beta2)
      optimizer.epsilon = h.d(optimizer.epsilon)
      optimizer.weightDecay = h.d(optimizer.weightDecay)
      return Table.trained(optimizer)
    }
    row("Lion.init(learningRate:beta1:beta2:weightDecay:)") { h in
      Table.trained(Lion(learningRate: h.d(1e-4), beta1: h.d(0.9), beta2: h.d(0.99), weightDecay: h.d(0)))
    }
    row("Lion.learningRate", "Lion.beta1", "Lion.beta2", "Lion.weightDecay") { h in
      var optimizer = Lion()
      optimizer.learningRate = h.d(optimizer.learningRate)
      optimizer.beta1 = h.d(optimizer.beta1)
      optimizer.beta2 = h.d(optimizer.beta2)
      optimizer.weightDecay = h.d(optimizer.weightDecay)
      return Table.trained(optimizer)
    }
    row("NAdam.init(learningRate:beta1:beta2:epsilon:weightDecay:momentumDecay:decoupledWeightDecay:)") { h in
      Table.trained(
        NAdam(
          learningRate: h.d(2e-3), beta1: h.d(0.9), beta2: h.d(0.999), epsilon: h.d(1e-8), weightDecay: h.d(0), momentumDecay: h.d(4e-3)))
    }
    row("NAdam.learningRate", "NAdam.beta1", "NAdam.beta2", "NAdam.epsilon", "NAdam.weightDecay", "NAdam.momentumDecay") { h in
      var optimizer = NAdam()
      optimizer.learningRate = h.d(optimizer.learningRate)
      optimizer.beta1 = h.d(optimizer.beta1)
      optimizer.beta2 = h.d(optimizer.beta2)
      optimizer.epsilon = h.d(optimizer.epsilon)
      optimizer.weightDecay = h.d(optimizer.weightDecay)
      optimizer.momentumDecay = h.d(optimizer.momentumDecay)
      return Table.trained(optimizer)
    }
    row("RAdam.init(learningRate:beta1:beta2:epsilon:weightDecay:decoupledWeightDecay:)") { h in
      Table.trained(RAdam(learningRate: h.d(1e-3), beta1: h.d(0.9), beta2: h.d(0.999), epsilon: h.d(1e-8), weightDecay: h.d(0)))
    }
    row("RAdam.learningRate", "RAdam.beta1", "RAdam.beta2", "RAdam.epsilon", "RAdam.weightDecay") { h in
      var optimizer = RAdam()
      optimizer.learningRate = h.d(optimizer.learningRate)
      optimizer.beta1 = h.d(optimizer.beta1)
      optimizer.beta2 = h.d(optimizer.beta2)
      optimizer.epsilon = h.d(optimizer.epsilon)
      optimizer.weightDecay = h.d(optimizer.weightDecay)
      return Table.trained(optimizer)
    }
    row("RMSProp.init(learningRate:alpha:epsilon:weightDecay:momentum:centered:)") { h in
      Table.trained(RMSProp(learningRate: h.d(1e-2), alpha: h.d(0.99), epsilon: h.d(1e-8), weightDecay: h.d(0), momentum: h.d(0)))
    }
    row("RMSProp.learningRate", "RMSProp.alpha", "RMSProp.epsilon", "RMSProp.weightDecay", "RMSProp.momentum") { h in
      var optimizer = RMSProp()
      optimizer.learningRate = h.d(optimizer.learningRate)
      optimizer.alpha = h.d(optimizer.alpha)
      optimizer.epsilon = h.d(optimizer.epsilon)
      optimizer.weightDecay = h.d(optimizer.weightDecay)
      optimizer.momentum = h.d(optimizer.momentum)
      return Table.trained(optimizer)
    }
    row("SGD.init(learningRate:momentum:dampening:weightDecay:nesterov:)") { h in
      Table.trained(SGD(learningRate: h.d(0.5), momentum: h.d(0), dampening: h.d(0), weightDecay: h.d(0)))
    }
    row("SGD.learningRate", "SGD.momentum", "SGD.dampening", "SGD.weightDecay") { h in
      var optimizer = SGD(learningRate: 0.1)
      optimizer.learningRate = h.d(optimizer.learningRate)
      optimizer.momentum = h.d(optimizer.momentum)
      optimizer.dampening = h.d(optimizer.dampening)
      optimizer.weightDecay = h.d(optimizer.weightDecay)
      return Table.trained(optimizer)
    }
    row("Optimizer.learningRate", "OptimizerChain.learningRate") { h in
      var chain = OptimizerChain {
        ClipNorm(1)
        SGD(learningRate: 0.1)
      }
      chain.learningRate = h.d(0.1)
      return Table.trained(chain)
    }
    row("ParameterGroups.learningRate") { h in
      var groups = ParameterGroups(SGD(learningRate: 0.1)) { ParameterGroup("weight", Adam(learningRate: 0.2)) }
      groups.learningRate = h.d(0.1)
      return Table.trained(groups)
    }
    row("Accumulate.init(_:)") { h in
      let steps = h.i(2)
      return Table.trained(
        OptimizerChain {
          Accumulate(steps)
          SGD(learningRate: 0.1)
        })
    }
    row("ClipNorm.init(_:order:requiresFinite:)") { h in
      let (maximum, order) = (h.d(1), h.d(2))
      return Table.trained(
        OptimizerChain {
          ClipNorm(maximum, order: order)
          SGD(learningRate: 0.1)
        })
    }
    row("ClipValues.init(_:)") { h in
      let limit = h.d(1)
      return Table.trained(
        OptimizerChain {
          ClipValues(limit)
          SGD(learningRate: 0.1)
        })
    }
    row("DecayWeights.init(_:where:)", "ScaleGradients.init(by:)") { h in
      let (decay, factor) = (h.d(0.1), h.d(2))
      return Table.trained(
        OptimizerChain {
          DecayWeights(decay)
          ScaleGradients(by: factor)
          SGD(learningRate: 0.1)
        })
    }
    row("AddNoise.init(variance:fading:seed:)") { h in
      let (variance, fading, seed) = (h.d(0.1), h.d(0.55), h.u(1))
      return Table.trained(
        OptimizerChain {
          AddNoise(variance: variance, fading: fading, seed: seed)
          SGD(learningRate: 0.1)
        })
    }
    row("Model.clipNorm(_:order:requiresFinite:)") { h in
      var layer = Dense(3, 2)
      return layer.clipNorm(h.d(0.5), order: h.d(2))
    }
    row("Model.clipValues(_:)") { h in
      var layer = Dense(3, 2)
      layer.clipValues(h.d(0.5))
      return layer(h.x)
    }
  }

  mutating func schedules() {
    row("WarmUp.init(steps:from:then:)", "WarmUp.rate(at:)", "WarmUp.observe(_:)", "ConstantRate.init(_:)", "ConstantRate.rate(at:)") { h in
      Table.rates(WarmUp(steps: h.i(10), from: h.d(0), then: ConstantRate(h.d(0.1))), h)
    }
    row(
      "Schedule.then(_:from:)", "ScheduleSequence.rate(at:)", "ScheduleSequence.observe(_:)", "Schedule.rate(at:)", "Schedule.observe(_:)"
    ) { h in
      Table.rates(ConstantRate(0.1).then(Cosine(from: 0.1, steps: 10), from: h.i(3)), h)
    }
    row("Schedule.scaled(by:)", "ScaledSchedule.rate(at:)", "ScaledSchedule.observe(_:)", "Schedule.observe(_:)") { h in
      Table.rates(ConstantRate(0.1).scaled(by: h.d(2)), h)
    }
    row("Cosine.init(from:to:steps:)", "Cosine.rate(at:)") { h in Table.rates(Cosine(from: h.d(0.1), to: h.d(0), steps: h.i(10)), h) }
    row("CosineRestarts.init(from:to:steps:growth:)", "CosineRestarts.rate(at:)") { h in
      Table.rates(CosineRestarts(from: h.d(0.1), to: h.d(0), steps: h.i(10), growth: h.i(2)), h)
    }
    row("StepDecay.init(from:by:every:)", "StepDecay.rate(at:)") { h in
      Table.rates(StepDecay(from: h.d(0.1), by: h.d(0.1), every: h.i(3)), h)
    }
    row("MultiStep.init(from:by:at:)", "MultiStep.rate(at:)") { h in
      Table.rates(MultiStep(from: h.d(0.1), by: h.d(0.1), at: h.list(2, 4)), h)
    }
    row("Exponential.init(from:by:)", "Exponential.rate(at:)") { h in Table.rates(Exponential(from: h.d(0.1), by: h.d(0.9)), h) }
    row("Polynomial.init(from:to:steps:power:)", "Polynomial.rate(at:)") { h in
      Table.rates(Polynomial(from: h.d(0.1), to: h.d(0), steps: h.i(10), power: h.d(2)), h)
    }
    row("PiecewiseLinear.init(_:)", "PiecewiseLinear.rate(at:)") { h in
      Table.rates(PiecewiseLinear([(step: h.i(0), rate: h.d(0.1)), (step: h.i(10), rate: h.d(0.2))]), h)
    }
    row("OneCycle.init(peak:steps:warmUp:initialDivisor:finalDivisor:curve:hasThreePhases:)", "OneCycle.rate(at:)") { h in
      Table.rates(
        OneCycle(peak: h.d(0.1), steps: h.i(10), warmUp: h.d(0.3), initialDivisor: h.d(25), finalDivisor: h.d(1e4), hasThreePhases: true), h
      )
    }
    row(
      "ReduceOnPlateau.init(from:by:patience:threshold:cooldown:minimum:smallestChange:)", "ReduceOnPlateau.rate(at:)",
      "ReduceOnPlateau.observe(_:)", "ReduceOnPlateau.Threshold.relative(_:)", "ReduceOnPlateau.Threshold.absolute(_:)"
    ) { h in
      let relative = ReduceOnPlateau(
        from: h.d(0.1), by: h.d(0.1), patience: h.i(1), threshold: .relative(h.d(1e-4)), cooldown: h.i(0), minimum: h.d(0),
        smallestChange: h.d(1e-8))
      return [Table.rates(relative, h), Table.rates(ReduceOnPlateau(from: 0.1, threshold: .absolute(h.d(0.1))), h)]
    }
    row("Schedule.svg(steps:title:subtitle:)") { h in Cosine(from: 0.1, steps: 10).svg(steps: h.i(10), title: "rate").count }
  }
}
