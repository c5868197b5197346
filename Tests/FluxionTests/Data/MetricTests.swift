import Fluxion
import Foundation
import Testing

/// Metrics against scikit-learn's, in Golden/metrics.json, however the examples are cut into batches.
@Suite struct MetricTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let outputs: [Double]
    let shape: [Int]
    let targets: [Double]
    let targetShape: [Int]
    let weights: [Double]?
    let values: [String: Double?]
    let confusion: [Double]?
    let byClass: [Double]?
    var testDescription: String { name }

    var isOfNumbers: Bool { values["mae"] != nil }
    var output: Tensor { Tensor(outputs, shape: Shape(shape)) }
    var target: Tensor {
      let target = Tensor(targets, shape: Shape(targetShape))
      return isOfNumbers ? target : target.cast(to: .int64)
    }
    var weight: Tensor? { weights.map { Tensor($0) } }
  }

  static let cases: [Case] = {
    guard let path = Bundle.module.resourcePath, let data = FileManager.default.contents(atPath: path + "/Golden/metrics.json") else {
      return []
    }
    return (try? JSONDecoder().decode([Case].self, from: data)) ?? []
  }()

  static let all: [any Metric] = [
    .accuracy, .top(2), .top(3), .precision(), .recall(), .f1(), F1(.macro, beta: 2), .precision(.micro), .recall(.micro), .f1(.micro),
    F1(.micro, beta: 2), .precision(.weighted), .recall(.weighted), .f1(.weighted), F1(.weighted, beta: 2), .precision(.binary),
    .recall(.binary), .f1(.binary), .auc, .averagePrecision, .perplexity, .mae, .mse, .rmse, .r2,
  ]

  private static func agree(_ value: Double, _ expected: Double?) -> Bool {
    guard let expected else { return value.isNaN }
    return abs(value - expected) <= 1e-9 * max(1, abs(expected))
  }

  @Test func theFileIsThere() { #expect(Self.cases.count == 20) }

  @Test(arguments: cases) func agreesWithScikitLearn(_ row: Case) throws {
    var seen = 0
    for metric in Self.all {
      guard let expected = row.values[metric.name] else { continue }
      seen += 1
      func check<M: Metric>(_ metric: M) throws {
        var whole = metric
        whole.add(row.output, row.target, weights: row.weight)
        #expect(Self.agree(whole.value, expected), "\(row.name), \(metric.name): \(whole.value), \(String(describing: expected))")
        // In batches of uneven size, one of them empty, gathered by two that are merged.
        var (first, second) = (metric, metric)
        let count = row.shape[0]
        for (start, end) in [(0, min(3, count)), (min(3, count), min(3, count)), (min(3, count), min(4, count)), (min(4, count), count)] {
          let weight = row.weight.map { $0[start..<end] }
          if start < 3 {
            first.add(row.output[start..<end], row.target[start..<end], weights: weight)
          } else {
            second.add(row.output[start..<end], row.target[start..<end], weights: weight)
          }
        }
        first.merge(second)
        #expect(Self.agree(first.value, expected), "\(row.name), \(metric.name), in batches: \(first.value)")
        // Written down and taken up again.
        var visitor = StateVisitor()
        first.visitState(&visitor)
        var copy = metric
        var restoring = StateVisitor(restoring: InMemoryTensors(visitor.tensors, metadata: visitor.values))
        copy.visitState(&restoring)
        try restoring.finish("\(M.self)")
        #expect(copy.value == first.value || copy.value.isNaN && first.value.isNaN)
        first.reset()
        #expect(first.value.isNaN, "\(metric.name) after reset()")
      }
      try check(metric)
    }
    #expect(seen == row.values.count, "\(row.name): \(row.values.keys)")
    if let confusion = row.confusion, let byClass = row.byClass {
      var (matrix, f1) = (ConfusionMatrix(), F1())
      matrix.add(row.output, row.target, weights: row.weight)
      f1.add(row.output, row.target, weights: row.weight)
      #expect(
        zip(matrix.counts.scalars(Double.self), confusion).allSatisfy { abs($0 - $1) < 1e-12 }
          && matrix.counts.elementCount == confusion.count)
      #expect(zip(f1.byClass, byClass).allSatisfy { abs($0 - $1) < 1e-12 } && f1.byClass.count == byClass.count)
    }
  }

  /// Nothing was added: NaN; nor do padding, and examples of weight 0, count.
  @Test func withoutExamples() {
    for metric in Self.all {
      #expect(metric.value.isNaN, "\(metric.name)")
      var padded = metric
      let isOfNumbers = metric is MeanError || metric is R2
      if isOfNumbers {
        padded.add(Tensor([1.0, 2], .float64), Tensor([0.0, 7], .float64), weights: Tensor([0.0, 0], .float64))
      } else if metric.name.contains("recision") || metric.name.contains("recall") || metric.name.contains("f1") {
        // Of two classes, so that the binary average is defined too.
        padded.add(Tensor([[1.0, 2], [3, 0]], .float64), Tensor([-100, -1], .int64))
      } else {
        padded.add(Tensor([[1.0, 2, 0], [3, 0, 1]], .float64), Tensor([-100, -1], .int64))
      }
      #expect(padded.value.isNaN, "\(metric.name) of padding: \(padded.value)")
    }
  }

  /// One convention: what outputs and targets may be, and what they are read as.
  @Test func outputsAndTargets() {
    let scores = Tensor([[1, 3, 2], [5, 0, 0], [0, 0, 4], [1, 2, 0]] as [[Double]])
    let ids = Tensor([1, 0, 1, 1], .int64)
    func x(_ values: Double...) -> Tensor { Tensor(values) }
    func n(_ values: Int...) -> Tensor { Tensor(values) }
    let ties = x(1, 1, 1, 1)
    let rows: [(Tensor, Tensor, Accuracy, Double)] = [
      (scores, ids, Accuracy(), 0.75), (scores.cast(to: .float32), ids.cast(to: .int32), Accuracy(), 0.75),
      (scores, ids.oneHot(classes: 3).cast(to: .float64), Accuracy(), 0.75), (n(1, 0, 2, 1), ids, Accuracy(), 0.75),
      (scores.reshaped([2, 2, 3]), ids.reshaped([2, 2]), Accuracy(), 0.75), (scores, n(1, 0, 1, -1), Accuracy(), 2.0 / 3),
      (x(0.2, -0.1, 3, -4), n(1, 0, 0, 0), Accuracy(), 0.75), (x(0.2, 0.6, 0.9, 0.1), n(1, 1, 1, 0), Accuracy(.probabilities), 0.75),
      (x(0.2, -0.1).reshaped([2, 1]), x(1, 1).reshaped([2, 1]), Accuracy(), 0.5), (x(0.2, -0.1), n(1, 1).cast(to: .bool), Accuracy(), 0.5),
      // Of equal scores the first.
      (ties.reshaped([2, 2]), n(0, 1), Accuracy(), 0.5), (x(1, 1, 1, 1, 1, 1).reshaped([2, 3]), n(1, 2), Accuracy(top: 2), 0.5),
      (scores, ids, Accuracy(top: 3), 1), (scores, ids, Accuracy(top: 99), 1),
    ]
    for (i, (outputs, targets, metric, expected)) in rows.enumerated() {
      var metric = metric
      metric.add(outputs, targets)
      #expect(abs(metric.value - expected) < 1e-12, "row \(i): \(metric.value)")
    }
    // Logits and their probabilities.
    var (a, b) = (AUC(), AUC(.probabilities))
    a.add(scores, ids)
    b.add(scores.softmax(), ids)
    #expect(a.value == b.value)
    var (c, d) = (Perplexity(), Perplexity(.probabilities, ignoring: 0))
    c.add(scores, ids)
    d.add(scores.softmax(), Tensor([1, 0, 1, 1], .int64))
    #expect(c.value > 1 && d.value > c.value)
    // A score that is no number has no rank.
    var broken = AUC()
    broken.add(Tensor([1.0, .nan, 2]), Tensor([0, 1, 1], .int64))
    #expect(broken.value.isNaN)
  }

  @Test func mistakes() {
    let scores = Tensor([[1, 3, 2], [5, 0, 0]] as [[Double]])
    func x(_ values: Double...) -> Tensor { Tensor(values) }
    func n(_ values: Int...) -> Tensor { Tensor(values) }
    let rows: [(String, any Metric, Tensor, Tensor, Tensor?)] = [
      ("accuracy: the class id is 3 at position 1; 0 to 2 would fit", Accuracy(), scores, n(0, 3), nil),
      ("accuracy: outputs float64 [2, 3] for targets int64 [3]; scores [..., classes] and ids [...]", Accuracy(), scores, n(0, 1, 2), nil),
      ("accuracy: the target is 2.0 at position 0, where scores are of two classes", Accuracy(), x(0.5), x(2), nil),
      ("Accuracy: the top 0; 1 or more would fit", Accuracy(), scores, n(0, 1), nil),
      ("top2: outputs int64 [2]; scores [..., classes] would fit", Accuracy(top: 2), n(0, 1), n(0, 1), nil),
      ("F1: 3 classes, and a binary average is of two", F1(.binary), scores, n(0, 1), nil),
      ("AUC: outputs int64 [2], which are ids; scores would fit", AUC(), n(0, 1), n(0, 1), nil),
      ("mae: outputs [2, 3] for targets [2]; equal shapes would fit", MeanError(.mae), scores, x(0, 1), nil),
      ("perplexity: outputs [2, 3] for targets float64 [2]; scores [..., classes] and ids", Perplexity(), scores, x(0, 1), nil),
      ("accuracy: weights [3] for 2 examples; a finite number, 0 or more, for each would fit", Accuracy(), scores, n(0, 1), x(1, 1, 1)),
      ("accuracy: weights [2] for 2 examples", Accuracy(), scores, n(0, 1), x(1, -1)),
    ]
    for (part, metric, outputs, targets, weights) in rows {
      #expect {
        try checked {
          if part.hasPrefix("Accuracy: the top") { _ = Accuracy(top: 0) }
          var metric = metric
          metric.add(outputs, targets, weights: weights)
        }
      } throws: { error in
        if !"\(error)".hasPrefix(part) { Issue.record("\(error) instead of \(part)") }
        return true
      }
    }
  }
}
