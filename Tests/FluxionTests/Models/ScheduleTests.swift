import Fluxion
import Testing

/// Learning rates against PyTorch's, step by step (Tests/Golden/schedules.py makes the file), and what holds for schedules.
@Suite struct ScheduleTests {
  struct File: Decodable { let cases: [Case] }
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let rates: [Double]
    let losses: [Double]?
    var testDescription: String { name }
  }

  static let schedules: [String: any Schedule] = [
    "constant": ConstantRate(0.1),
    "step": StepDecay(from: 0.1, by: 0.5, every: 30),
    "step, defaults": StepDecay(from: 0.1, every: 10),
    "multi-step": MultiStep(from: 0.1, at: [80, 30, 80]),
    "exponential": Exponential(from: 0.1, by: 0.95),
    "polynomial": Polynomial(from: 0.1, steps: 50, power: 2),
    "polynomial, root": Polynomial(from: 0.1, steps: 50, power: 0.5),
    "linear": Polynomial(from: 0.1, to: 0.02, steps: 40),
    "linear up": PiecewiseLinear([(0, 0.025), (40, 0.1)]),
    "cosine": Cosine(from: 0.1, to: 0.001, steps: 100),
    "cosine, restarts": CosineRestarts(from: 0.1, to: 0.01, steps: 30),
    "cosine, longer restarts": CosineRestarts(from: 0.1, steps: 10, growth: 2),
    "one cycle": OneCycle(peak: 0.1, steps: 100),
    "one cycle, linear": OneCycle(peak: 0.5, steps: 73, warmUp: 0.21, initialDivisor: 10, finalDivisor: 100, curve: .linear),
    "one cycle, three phases": OneCycle(peak: 0.2, steps: 90, warmUp: 0.4, hasThreePhases: true),
    "one cycle, no warm-up": OneCycle(peak: 0.2, steps: 50, warmUp: 0),
    "warm-up and cosine": WarmUp(steps: 10, from: 0.01, then: Cosine(from: 0.1, to: 0.001, steps: 40)),
    "sequence": ConstantRate(0.1).then(Exponential(from: 0.1, by: 0.9), from: 7).then(StepDecay(from: 0.1, by: 0.5, every: 5), from: 20),
    "plateau": ReduceOnPlateau(from: 0.1),
    "plateau, impatient": ReduceOnPlateau(
      from: 0.1, by: 0.5, patience: 2, threshold: .relative(1e-3), cooldown: 3, minimum: 1e-3),
    "plateau, absolute": ReduceOnPlateau(from: 0.1, by: 0.3, patience: 0, threshold: .absolute(0.01), smallestChange: 1e-3),
  ]

  @Test(arguments: try golden(File.self, "schedules").cases)
  func equalsPyTorch(_ row: Case) throws {
    var schedule = try #require(Self.schedules[row.name])
    for (step, wanted) in row.rates.enumerated() {
      let rate = schedule.rate(at: step)
      #expect(abs(rate - wanted) <= 1e-12 * max(abs(wanted), 0.01), "\(rate) and not \(wanted) at step \(step)")
      if let losses = row.losses { schedule.observe(losses[step]) }
    }
    #expect(Set(row.rates).count > 1 || row.name == "constant")
  }

  /// Before the first step and behind the last there is a rate, too.
  @Test(arguments: schedules.keys.sorted())
  func everyStepHasARate(_ name: String) throws {
    let schedule = try #require(Self.schedules[name])
    #expect(schedule.rate(at: -5) == schedule.rate(at: 0))
    for step in [0, 1, 99, 100, 101, 1_000_000, .max / 2] { #expect(schedule.rate(at: step).isFinite, "step \(step)") }
  }

  @Test func whatStaysBehindTheEnd() {
    #expect(Cosine(from: 1, to: 0.25, steps: 10).rate(at: 15) == 0.25)
    #expect(Polynomial(from: 1, to: 0.25, steps: 10).rate(at: 15) == 0.25)
    #expect(abs(OneCycle(peak: 1, steps: 10).rate(at: 15) - 1 / 25e4) < 1e-18)
    let line = PiecewiseLinear([(10, 1), (20, 2), (20, 0.5), (30, 0.25)])
    #expect([0, 10, 15, 19, 20, 25, 30, 99].map { line.rate(at: $0) } == [1, 1, 1.5, 1.9, 0.5, 0.375, 0.25, 0.25])
    #expect(WarmUp(steps: 0, then: ConstantRate(1)).rate(at: 0) == 1)
    #expect([0, 1, 4, 5].map { WarmUp(steps: 4, then: ConstantRate(1)).scaled(by: 2).rate(at: $0) } == [0, 0.5, 2, 2])
  }

  /// One that remembers is taken up again with what it remembers, wherever it stands.
  @Test func memoryIsKept() throws {
    func plateau() -> some Schedule {
      WarmUp(steps: 3, then: ConstantRate(0.5).then(ReduceOnPlateau(from: 0.5, by: 0.5, patience: 1, cooldown: 2).scaled(by: 2), from: 2))
    }
    func taken<S: Schedule>(_ schedule: S, _ fresh: S) throws -> S {
      var (schedule, fresh) = (schedule, fresh)
      var visitor = StateVisitor()
      schedule.visitState(&visitor)
      var restorer = StateVisitor(restoring: InMemoryTensors(visitor.tensors, metadata: visitor.values))
      fresh.visitState(&restorer)
      try restorer.finish("schedule")
      return fresh
    }
    var schedule = plateau()
    for loss in [1, 0.5, 0.6, 0.7, 0.8] { schedule.observe(loss) }
    // Once reduced, and cooling.
    #expect(schedule.rate(at: 10) == 0.5)
    var again = try taken(schedule, plateau())
    for loss in [0.9, 0.9, 0.9, 0.9, 0.4, 0.5, 0.6, .nan, .nan] {
      schedule.observe(loss)
      again.observe(loss)
      #expect(schedule.rate(at: 10) == again.rate(at: 10))
    }
    #expect(schedule.rate(at: 10) < 0.2)
    // Never shown a loss, it is as it was made.
    #expect(try taken(plateau(), plateau()).rate(at: 10) == 1)
  }

  @Test(arguments: [
    ErrorRow("ConstantRate: a rate of nan; a finite number, 0 or more, would fit") { _ = ConstantRate(.nan) },
    ErrorRow("StepDecay: a change every 0 steps; 1 or more would fit") { _ = StepDecay(from: 1, every: 0).rate(at: 3) },
    ErrorRow("MultiStep: a factor of -1.0; a finite number, 0 or more, would fit") { _ = MultiStep(from: 1, by: -1, at: [3]) },
    ErrorRow("Exponential: a rate of -1.0; a finite number, 0 or more, would fit") { _ = Exponential(from: -1, by: 0.5) },
    ErrorRow("Polynomial: 0 steps; 1 or more would fit") { _ = Polynomial(from: 1, steps: 0).rate(at: 0) },
    ErrorRow("Polynomial: a power of 0.0; a finite number above 0 would fit") { _ = Polynomial(from: 1, steps: 2, power: 0) },
    ErrorRow("PiecewiseLinear: no points; one or more would fit") { _ = PiecewiseLinear([]).rate(at: 3) },
    ErrorRow("PiecewiseLinear: a point at step 3 after one at step 5; points in the order of their steps would fit") {
      _ = PiecewiseLinear([(5, 1), (3, 2)]).rate(at: 4)
    },
    ErrorRow("Cosine: -1 steps; 1 or more would fit") { _ = Cosine(from: 1, steps: -1).rate(at: 1) },
    ErrorRow("CosineRestarts: a growth of 0; 1 or more would fit") { _ = CosineRestarts(from: 1, steps: 2, growth: 0).rate(at: 9) },
    ErrorRow("CosineRestarts: 0 steps; 1 or more would fit") { _ = CosineRestarts(from: 1, steps: 0).rate(at: 9) },
    ErrorRow("OneCycle: a warm-up of 1.5; 0 to 1 would fit") { _ = OneCycle(peak: 1, steps: 10, warmUp: 1.5).rate(at: 3) },
    ErrorRow("OneCycle: a final divisor of 0.0; a finite number above 0 would fit") {
      _ = OneCycle(peak: 1, steps: 10, finalDivisor: 0)
    },
    ErrorRow("WarmUp: -1 steps; 0 or more would fit") { _ = WarmUp(steps: -1, then: ConstantRate(1)).rate(at: 0) },
    ErrorRow("then: a boundary at step -1; 0 or more would fit") { _ = ConstantRate(1).then(ConstantRate(2), from: -1).rate(at: 0) },
    ErrorRow("scaled(by:): a factor of inf; a finite number, 0 or more, would fit") { _ = ConstantRate(1).scaled(by: .infinity) },
    ErrorRow("ReduceOnPlateau: a factor of 1.0; 0 or more and less than 1 would fit") { _ = ReduceOnPlateau(from: 1, by: 1) },
    ErrorRow("ReduceOnPlateau: -1 epochs of patience; 0 or more would fit") { _ = ReduceOnPlateau(from: 1, patience: -1) },
    ErrorRow("ReduceOnPlateau: a threshold of -1.0; a finite number, 0 or more, would fit") {
      _ = ReduceOnPlateau(from: 1, threshold: .absolute(-1))
    },
  ]) func wrongSettings(_ row: ErrorRow) {
    #expect {
      try checked { row.call() }
    } throws: {
      "\($0)" == row.sentence
    }
  }
}
