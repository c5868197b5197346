import Fluxion
import Foundation
import Testing
import Training

// The code of Guides/Optimizers.md, to the letter.

struct Signs: GradientTransformation {
  func apply<M: Model>(to gradient: inout M, of model: M) -> Bool {
    gradient.updateParameters { _, value in if !value.isFrozen { value = sign(value) } }
    return true
  }
}

struct InverseSquareRoot: Schedule {
  let peak: Double
  let warmUp: Int

  func rate(at step: Int) -> Double {
    let step = Double(step + 1)
    return peak * min(step / Double(warmUp), (Double(warmUp) / step).squareRoot())
  }
}

@Suite struct OptimizersGuideTests {
  private static let guides: URL = {
    var root = URL(filePath: #filePath)
    for _ in 0..<4 { root.deleteLastPathComponent() }
    return root.appending(path: "Guides")
  }()

  @Test func training() {
    var model = withSeed(1) {
      Chain {
        Dense(4, 8, activation: { tanh($0) })
        Dense(8, 3)
      }
    }
    func batch(_ step: Int) -> (Tensor, Tensor) {
      let x = withSeed(UInt64(step)) { Tensor.normal([16, 4]) }
      return (x, x[.all, ..<3].argmax(axis: 1))
    }
    let (first, targets) = batch(1000)
    let before = crossEntropy(model.predict(first), targets).item()

    var optimizer = OptimizerChain {
      Accumulate(2)  // a step every two batches, along the mean of their gradients
      ClipNorm(1)
      AdamW(learningRate: 1e-3, weightDecay: 0.1)
    }
    let schedule = WarmUp(steps: 10, then: Cosine(from: 1e-3, to: 1e-5, steps: 90))

    for step in 0..<100 {
      let (x, y) = batch(step)
      let gradient = gradient(at: &model) { model in crossEntropy(model(x), y) }
      optimizer.learningRate = schedule.rate(at: step)
      optimizer.update(&model, along: gradient)
    }
    #expect(crossEntropy(model.predict(first), targets).item() < before)

    func validationLoss(_ epoch: Int) -> Double { epoch < 5 ? 1 / Double(epoch + 1) : 0.2 }
    var plateau = ReduceOnPlateau(from: 1e-3, by: 0.5, patience: 2)
    for epoch in 0..<20 {
      plateau.observe(validationLoss(epoch))
      optimizer.learningRate = plateau.rate(at: epoch)
    }
    // Every third loss of the fifteen that are no better.
    #expect(abs(optimizer.learningRate - 1e-3 / 32) < 1e-12)
  }

  @Test func transformations() {
    var model = withSeed(1) { Chain { Dense(4, 3) } }
    let (x, y) = (Tensor.normal([8, 4]), Tensor([0, 1, 2, 0, 1, 2, 0, 1], .int64))
    var all: [any Optimizer] = []
    do {
      let groups = ParameterGroups(
        OptimizerChain {
          ClipNorm(1); AdamW()
        }
      ) {
        ParameterGroup(
          "layers.0",
          OptimizerChain {
            Centralize(); SGD(learningRate: 0.1, momentum: 0.9)
          })
      }
      let clipped = OptimizerChain {
        ClipNorm(1)  // the norm over all groups
        ParameterGroups(AdamW()) { ParameterGroup("layers.0", SGD(learningRate: 0.1)) }
      }
      all = [groups, clipped]
    }
    var gradient = gradient(at: &model) { model in crossEntropy(model(x), y) }
    let norm = gradient.clipNorm(1)  // what it was
    gradient.clipValues(0.1)
    #expect(norm > 0 && gradient.parameters.allSatisfy { abs($0.value).max().item() < 0.1001 })
    all.append(
      OptimizerChain {
        Signs(); SGD(learningRate: 0.5)
      })
    for var optimizer in all {
      let before = model
      optimizer.update(&model, along: gradient)
      #expect((model - before).norm > 0)
    }
  }

  @Test func composition() {
    let rates = WarmUp(steps: 100, from: 1e-5, then: ConstantRate(1e-3))
      .then(Cosine(from: 1e-3, to: 1e-5, steps: 800), from: 1000)
      .then(ConstantRate(1e-5), from: 1800)
    let image = rates.svg(steps: 2000, title: "Up, level and down")
    #expect(image.contains("Up, level and down") && image.contains("<polyline"))
    #expect([0, 100, 999, 1000, 1800].map { rates.rate(at: $0) } == [1e-5, 1e-3, 1e-3, 1e-3, 1e-5])
    let inverse = InverseSquareRoot(peak: 1, warmUp: 4)
    #expect([0, 3, 15].map { inverse.rate(at: $0) } == [0.25, 1, 0.5])
  }

  /// The table of defaults says what the code says.
  @Test(
    arguments: [
      SGD(learningRate: 1), Adam(), AdamW(), NAdam(), RAdam(), Adamax(), RMSProp(), Adagrad(), Adadelta(), Lion(), LAMB(),
    ] as [any Optimizer])
  func defaultsAreInTheGuide(_ optimizer: any Optimizer) throws {
    let settings = Mirror(reflecting: optimizer).children.compactMap { child in
      child.label.flatMap { $0 == "state" ? nil : $0 == "learningRate" && optimizer is SGD ? $0 : "\($0) \(child.value)" }
    }
    let row = "| `\(type(of: optimizer))` | \(settings.joined(separator: ", ")) |"
    let guide = try String(contentsOf: Self.guides.appending(path: "Optimizers.md"), encoding: .utf8)
    #expect(guide.contains(row), "Guides/Optimizers.md should have the row\n\(row)")
    #expect(guide.contains("| `\(type(of: optimizer))` | "))
  }

  /// What the schedules of the guide's table give, drawn.
  private static func drawing() -> String {
    let steps = 100
    var plateau = ReduceOnPlateau(from: 0.1, by: 0.5, patience: 10)
    let plateauRates = (0..<steps).map { step in
      let rate = plateau.rate(at: step)
      plateau.observe(max(0.3, 1 - 0.03 * Double(step)) - (step >= 60 ? min(0.1, 0.01 * Double(step - 60)) : 0))
      return (x: Double(step), y: rate)
    }
    let panels = [
      StepDecay(from: 0.1, by: 0.5, every: 25).panel(steps: steps, title: "StepDecay"),
      MultiStep(from: 0.1, by: 0.3, at: [30, 80]).panel(steps: steps, title: "MultiStep"),
      Exponential(from: 0.1, by: 0.96).panel(steps: steps, title: "Exponential"),
      Polynomial(from: 0.1, steps: 80, power: 2).panel(steps: steps, title: "Polynomial, power 2"),
      PiecewiseLinear([(0, 0.02), (30, 0.1), (60, 0.05), (100, 0)]).panel(steps: steps, title: "PiecewiseLinear"),
      Cosine(from: 0.1, to: 0.01, steps: 80).panel(steps: steps, title: "Cosine"),
      CosineRestarts(from: 0.1, steps: 15, growth: 2).panel(steps: steps, title: "CosineRestarts"),
      OneCycle(peak: 0.1, steps: 100).panel(steps: steps, title: "OneCycle"),
      OneCycle(peak: 0.1, steps: 100, hasThreePhases: true).panel(steps: steps, title: "OneCycle, three phases"),
      SVGChart.Panel(
        title: "ReduceOnPlateau", xRange: 0...Double(steps), series: [SVGChart.Series(points: plateauRates)], isFromZero: true),
      WarmUp(steps: 20, then: Cosine(from: 0.1, steps: 80)).panel(steps: steps, title: "WarmUp, then Cosine"),
      ConstantRate(0.1).then(Exponential(from: 0.05, by: 0.97), from: 40).panel(steps: steps, title: "then(_:from:)"),
    ]
    return SVGChart(title: "Schedules", subtitle: "The learning rate of each of a hundred steps", panels: panels, columns: 4).text
  }

  @Test func schedulesAreDrawn() throws {
    let file = Self.guides.appending(path: "schedules.svg")
    if ProcessInfo.processInfo.environment["FLUXION_DRAW"] != nil {
      try Self.drawing().write(to: file, atomically: true, encoding: .utf8)
    }
    let drawn = try String(contentsOf: file, encoding: .utf8)
    #expect(drawn == Self.drawing(), "draw it anew: FLUXION_DRAW=1 swift test --filter schedulesAreDrawn")
  }
}
