import Fluxion
import Testing

/// The losses that Tests/Golden/losses.py has, against PyTorch's values and gradients.
@Suite struct MoreLossTests {
  typealias Case = LossTests.Case

  static func call(_ row: Case, _ x: [String: Tensor]) throws -> Tensor {
    let o = row.options
    let reduction: Reduction = o.reduction == "sum" ? .sum : o.reduction == "none" ? .none : .mean
    let (y, t) = (try #require(x["prediction"] ?? x["logits"]), try #require(x["target"]))
    switch row.function {
    case "smooth_l1": return smoothL1(y, t, beta: o.beta ?? 1, reduction: reduction)
    case "log_cosh": return logCosh(y, t, reduction: reduction)
    case "msle": return msle(y, t, reduction: reduction)
    case "cosine_distance": return cosineDistance(y, t, reduction: reduction)
    case "hinge": return hinge(y, t, reduction: reduction)
    case "squared_hinge": return squaredHinge(y, t, reduction: reduction)
    case "contrastive": return contrastive(y, t, margin: o.margin ?? 1, reduction: reduction)
    case "focal": return focal(y, t, gamma: o.gamma ?? 2, weights: x["weights"], reduction: reduction)
    case "binary_focal": return binaryFocal(logits: y, t, gamma: o.gamma ?? 2, alpha: o.alpha, reduction: reduction)
    case "dice": return dice(y, t, axes: o.axes ?? [], reduction: reduction)
    case "tversky":
      return tversky(
        y, t, falsePositives: try #require(o.falsePositives), falseNegatives: try #require(o.falseNegatives), axes: o.axes ?? [],
        reduction: reduction)
    default:
      #expect(row.function == "ctc")
      return ctc(
        y, t, inputLengths: o.inputLengths, targetLengths: o.targetLengths, blank: try #require(o.blank),
        zeroesInfinity: o.zeroesInfinity == true, reduction: reduction)
    }
  }

  @Test(arguments: try golden(LossTests.File.self, "more-losses").cases)
  func equalsPyTorch(_ row: Case) throws {
    let inputs = row.inputs.mapValues { $0.tensor() }
    #expect(distance(try Self.call(row, inputs), row.output.tensor()) < 1e-10)
    let single = inputs.mapValues { $0.dtype == .float64 ? $0.cast(to: .float32) : $0 }
    #expect(distance(try Self.call(row, single), row.output.tensor()) < 1e-5, "float32")
    for (name, wanted) in row.gradients {
      let found = try gradient(at: try #require(inputs[name])) { x in
        (try Self.call(row, inputs.merging([name: x]) { $1 }) * row.upstream.tensor()).sum()
      }
      #expect(distance(found, wanted.tensor()) < 1e-10, "gradient of \(name)")
    }
  }

  /// The call without options is the mean with the defaults.
  @Test func shortFormsAreMeans() {
    let (p, t) = withSeed(1) { (Tensor.uniform([3, 4], in: 0.1..<1), Tensor.uniform([3, 4], in: 0.1..<1)) }
    let ids = Tensor([0, 3, 2], .int64)
    let pairs: [(Tensor, Tensor)] = [
      (smoothL1(p, t), smoothL1(p, t, beta: 1, reduction: .none).mean()), (logCosh(p, t), logCosh(p, t, reduction: .none).mean()),
      (msle(p, t), msle(p, t, epsilon: 1e-7, reduction: .none).mean()),
      (cosineDistance(p, t), cosineDistance(p, t, reduction: .none).mean()), (hinge(p, t), hinge(p, t, reduction: .none).mean()),
      (squaredHinge(p, t), squaredHinge(p, t, reduction: .none).mean()),
      (contrastive(p, t), contrastive(p, t, margin: 1, reduction: .none).mean()),
      (focal(p, ids), focal(p, ids, gamma: 2, reduction: .none).mean()), (dice(p, t), dice(p, t, axes: [0, 1], reduction: .none)),
      (tversky(p, t), tversky(p, t, falsePositives: 0.3, falseNegatives: 0.7, axes: [0, 1], reduction: .none)),
      (binaryFocal(logits: p, t), binaryFocal(logits: p, t, gamma: 2, reduction: .none).mean()),
    ]
    for (i, (short, long)) in pairs.enumerated() { #expect(distance(short, long) < 1e-6, "pair \(i)") }
  }

  /// Large ones are reduced as they are computed: loss and gradient are those of the stored losses.
  @Test func largeLossesAreNotStored() {
    let (p, t) = withSeed(1) { (Tensor.uniform([200, 200], in: 0.1..<1, .float64), Tensor.uniform([200, 200], in: 0.1..<1, .float64)) }
    let losses: [(Tensor, Tensor, Reduction) -> Tensor] = [
      { mse($0, $1, reduction: $2) }, { mae($0, $1, reduction: $2) }, { huber($0, $1, delta: 0.3, reduction: $2) },
      { smoothL1($0, $1, beta: 0.3, reduction: $2) }, { logCosh($0, $1, reduction: $2) }, { msle($0, $1, reduction: $2) },
    ]
    for (i, loss) in losses.enumerated() {
      let (mean, slope) = valueAndGradient(at: p) { p in loss(p, t, .mean) }
      let (stored, storedSlope) = valueAndGradient(at: p) { p in loss(p, t, .none).mean() }
      #expect(distance(mean, stored) < 1e-12 && distance(slope, storedSlope) < 1e-12, "loss \(i)")
      #expect(distance(loss(p, t, .sum), mean * Double(p.elementCount)) < 1e-7, "loss \(i)")
    }
  }

  @Test func focalWithoutGammaIsCrossEntropy() {
    let logits = withSeed(1) { Tensor.normal([5, 4], .float64) }
    let ids = Tensor([3, 1, 0, 2, 1], .int64)
    #expect(distance(focal(logits, ids, gamma: 0, reduction: .mean), crossEntropy(logits, ids)) < 1e-12)
    #expect(
      distance(
        focal(logits, ids, gamma: 0, ignoring: 1, reduction: .mean), crossEntropy(logits, ids, ignoring: 1, reduction: .mean)) < 1e-12)
    // Certain and right: no loss, and a slope of 0 that is a number.
    let certain = Tensor([1000.0, 0, 0], shape: [1, 3], .float64)
    for gamma in [0, 0.5, 1, 2] {
      let (loss, slope) = valueAndGradient(at: certain) { focal($0, Tensor([0], .int64), gamma: gamma, reduction: .mean) }
      #expect(loss.item() == 0 && slope.scalars(Double.self) == [0, 0, 0], "gamma \(gamma)")
    }
  }

  // MARK: ctc

  /// Where no alignment exists the loss is infinite, and its gradient 0 and not NaN.
  @Test func impossibleTargets() {
    let logits = withSeed(1) { Tensor.normal([2, 3, 4]) }
    let (targets, lengths) = (Tensor([1, 1, 2, 1, 2, 3], shape: [2, 3], .int64), [3, 3])
    let losses = ctc(logits, targets, targetLengths: lengths, reduction: .none).scalars(Float.self)
    #expect(losses[0] == .infinity && losses[1].isFinite)
    let slope = gradient(at: logits) { ctc($0, targets, targetLengths: lengths, reduction: .sum) }
    #expect(slope[0].scalars(Float.self).allSatisfy { $0 == 0 })
    #expect(abs(slope[1]).max().item() > 0.01)
    // No steps at all: certain of nothing, impossible for anything else.
    let none = ctc(logits, targets, inputLengths: [0, 0], targetLengths: [0, 1], reduction: .none).scalars(Float.self)
    #expect(none == [0, .infinity])
  }

  /// The probabilities of all targets that two steps can say add up to 1.
  @Test func probabilitiesAddUp() {
    let logits = withSeed(2) { Tensor.normal([1, 2, 3], .float64) }
    let targets: [[Int]] = [[], [1], [2], [1, 2], [2, 1]]
    let total = targets.reduce(0) { sum, ids in
      let padded = Tensor(ids + Array(repeating: 0, count: 2 - ids.count), shape: [1, 2])
      return sum + exp(-ctc(logits, padded, targetLengths: [ids.count], reduction: .sum)).item()
    }
    #expect(abs(total - 1) < 1e-12)
  }

  /// A padded batch is its sequences one by one; what stands in the padding does not count.
  @Test func paddingDoesNotCount() {
    var logits = withSeed(3) { Tensor.normal([2, 6, 4], .float64) }
    let targets = Tensor([1, 2, 3, 3, 99, -7], shape: [2, 3], .int64)
    func losses() -> Tensor { ctc(logits, targets, inputLengths: [6, 4], targetLengths: [3, 1], reduction: .none) }
    let batch = losses()
    #expect(distance(batch[0], ctc(logits[0..<1], targets[0..<1], reduction: .sum)) < 1e-12)
    #expect(distance(batch[1], ctc(logits[1..<2, 0..<4], Tensor([3], shape: [1, 1], .int64), reduction: .sum)) < 1e-12)
    logits[1, 4...] = .full([2, 4], Double.nan, .float64)
    #expect(distance(losses(), batch) == 0)
  }

  @Test func isTheSameForAnyNumberOfThreads() {
    let logits = withSeed(4) { Tensor.normal([9, 80, 12]) }
    let targets = Tensor((0..<9 * 20).map { 1 + $0 * 7 % 11 }, shape: [9, 20])
    func slope() -> [Float] { gradient(at: logits) { ctc($0, targets) }.scalars(Float.self) }
    let before = Threads.count
    defer { Threads.count = before }
    Threads.count = 1
    let one = slope()
    Threads.count = before
    #expect(slope() == one)
  }

  @Test func ctcOnShapesAlone() throws {
    struct Reader: Model {
      func callAsFunction(_ x: Tensor) -> Tensor { ctc(x, .zeros([2, 3], .int64) + 1, reduction: .none) }
    }
    #expect(try Reader().outputShape(for: [2, 7, 4]) == [2])
  }

  struct Mistake: Sendable, CustomTestStringConvertible {
    let sentence: String
    let call: @Sendable () -> Tensor
    var testDescription: String { sentence }
  }

  private static func z(_ shape: Shape) -> Tensor { .zeros(shape) }
  private static func ids(_ shape: Shape) -> Tensor { .ones(shape, .int64) }

  @Test(arguments: [
    Mistake(sentence: "smoothL1: a beta of -1.0; 0 or more would fit") { smoothL1(z([2]), z([2]), beta: -1, reduction: .mean) },
    Mistake(sentence: "logCosh: a result of shape [2] and a target of [3]; equal shapes would fit") { logCosh(z([2]), z([3])) },
    Mistake(sentence: "cosineDistance: vectors without an axis; [..., features] would fit") { cosineDistance(z([]), z([])) },
    Mistake(sentence: "hinge: a result of shape [2] and a target of [3]; equal shapes would fit") { hinge(z([2]), z([3])) },
    Mistake(sentence: "contrastive: a margin of -1.0; 0 or more would fit") {
      contrastive(z([2]), z([2]), margin: -1, reduction: .mean)
    },
    Mistake(sentence: "focal: a gamma of -1.0; 0 or more would fit") { focal(z([2, 3]), ids([2]), gamma: -1, reduction: .mean) },
    Mistake(sentence: "focal: class id 1 at position 0 for 1 classes; 0 to 0 would fit") { focal(z([2, 1]), ids([2])) },
    Mistake(sentence: "binaryFocal: an alpha of 2.0; 0 to 1 would fit") { binaryFocal(logits: z([2]), z([2]), alpha: 2) },
    Mistake(sentence: "binaryFocal: a gamma of -2.0; 0 or more would fit") { binaryFocal(logits: z([2]), z([2]), gamma: -2) },
    Mistake(sentence: "dice: a result of shape [2] and a target of [2, 1]; equal shapes would fit") { dice(z([2]), z([2, 1])) },
    Mistake(sentence: "tversky: a result of shape [2] and a target of [2, 1]; equal shapes would fit") { tversky(z([2]), z([2, 1])) },
    Mistake(sentence: "ctc: logits float32 [5, 3]; float32 or float64 [batch, time, classes] would fit") {
      ctc(z([5, 3]), ids([1, 2]))
    },
    Mistake(sentence: "ctc: targets int64 [3, 2] for logits [2, 5, 3]; class ids of shape [2, length] would fit") {
      ctc(z([2, 5, 3]), ids([3, 2]))
    },
    Mistake(sentence: "ctc: targets float32 [2, 2] for logits [2, 5, 3]; class ids of shape [2, length] would fit") {
      ctc(z([2, 5, 3]), z([2, 2]))
    },
    Mistake(sentence: "ctc: class 3 as the blank of 3 classes; 0 to 2 would fit") { ctc(z([2, 5, 3]), ids([2, 2]), blank: 3) },
    Mistake(sentence: "ctc: 3 input lengths for a batch of 2") { ctc(z([2, 5, 3]), ids([2, 2]), inputLengths: [5, 5, 5]) },
    Mistake(sentence: "ctc: input length 6 at position 1; 0 to 5 would fit") { ctc(z([2, 5, 3]), ids([2, 2]), inputLengths: [5, 6]) },
    Mistake(sentence: "ctc: target length 3 at position 0; 0 to 2 would fit") { ctc(z([2, 5, 3]), ids([2, 2]), targetLengths: [3, 1]) },
    Mistake(sentence: "ctc: class id 1 at position 0 of target 0, which is the blank; 0 to 2 but 1 would fit") {
      ctc(z([2, 5, 3]), ids([2, 2]), blank: 1)
    },
    Mistake(sentence: "ctc: class id 4 at position 1 of target 0, for 3 classes; 0 to 2 but 0 would fit") {
      ctc(z([1, 5, 3]), Tensor([1, 4], shape: [1, 2], .int64))
    },
    Mistake(sentence: "truncatedNormal: mean 0.0 and standard deviation 0.0; finite numbers, the second above 0, would fit") {
      Initializer.truncatedNormal(standardDeviation: 0)([2])
    },
    Mistake(sentence: "normal: a standard deviation of -1.0; a finite number, 0 or more, would fit") {
      Initializer.normal(standardDeviation: -1)([2])
    },
    Mistake(sentence: "Initializer: a gain that makes a standard deviation of nan; a finite number would fit") {
      Initializer.glorotUniform(gain: .nan)([2, 2])
    },
    Mistake(sentence: "orthogonal: a gain of inf; a finite number would fit") { Initializer.orthogonal(gain: .infinity)([2, 2]) },
    Mistake(sentence: "crossEntropy: a label smoothing of 1.5; 0 to 1 would fit") {
      crossEntropy(z([2, 3]), ids([2]), labelSmoothing: 1.5, reduction: .mean)
    },
    Mistake(sentence: "msle: not defined for int64, only for floating-point dtypes; convert with .cast(to:)") { msle(ids([2]), ids([2])) },
    Mistake(sentence: "sparse: a sparsity of 1.5; 0 to 1 would fit") { Initializer.sparse(1.5)([2, 2]) },
    Mistake(sentence: "sparse: a parameter of shape [2]; two axes would fit") { Initializer.sparse(0.5)([2]) },
    Mistake(sentence: "identity: a parameter of shape [2, 3, 4]; two axes would fit, and of a filter dirac()") {
      Initializer.identity()([2, 3, 4])
    },
    Mistake(sentence: "dirac: a parameter of shape [2, 3]; filters [outputs, inputs, window…] would fit, and of a matrix identity()") {
      Initializer.dirac()([2, 3])
    },
    Mistake(sentence: "dirac: 3 groups of 4 outputs; a divisor of 4 would fit") { Initializer.dirac(groups: 3)([4, 2, 3]) },
  ])
  func namesTheMistake(_ row: Mistake) {
    #expect { try checked { row.call() } } throws: { "\($0)" == row.sentence }
  }
}
