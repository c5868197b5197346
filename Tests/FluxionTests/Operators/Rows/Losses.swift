import Fluxion
import Foundation
import Tensors

extension OperatorTable {
  static let losses = list { rows in
    let pairs = [[[2, 3, 4], [2, 3, 4]], [[1], [1]], [[0, 3], [0, 3]], [[40, 50], [40, 50]]]
    func add(
      _ name: String, domains: [Domain] = [.any, .any], slope: OperatorRow.Slope = .inputs([0, 1]),
      _ loss: @escaping @Sendable (Tensor, Tensor) -> Tensor, reference: @escaping @Sendable (Double, Double) -> Double
    ) {
      rows.add(
        .general(name, [], cases: pairs, domains: domains, slope: slope) {
          loss($0[0], $0[1])
        } reference: {
          .zip($0[0], $0[1], reference)
        })
    }
    let signs = Domain.whole(0...1)
    add("smoothL1", domains: [.multiples(offset: 0), .multiples(offset: 0.125)]) {
      smoothL1($0, $1, beta: 0.5, reduction: .none)
    } reference: {
      abs($0 - $1) <= 0.5 ? ($0 - $1) * ($0 - $1) : abs($0 - $1) - 0.25
    }
    add("logCosh") {
      logCosh($0, $1, reduction: .none)
    } reference: {
      log(cosh($0 - $1))
    }
    add("msle", domains: [.real(0.5, 3), .real(0.5, 3)]) {
      msle($0, $1, epsilon: 0.25, reduction: .none)
    } reference: {
      pow(log(($0 + 0.25) / ($1 + 0.25)), 2)
    }
    add("hinge", domains: [.real(-2, 2, avoiding: [-1, 1]), signs], slope: .inputs([0])) {
      hinge($0, 2 * $1 - 1, reduction: .none)
    } reference: {
      max(0, 1 - (2 * $1 - 1) * $0)
    }
    add("squaredHinge", domains: [.real(-2, 2, avoiding: [-1, 1]), signs], slope: .inputs([0])) {
      squaredHinge($0, 2 * $1 - 1, reduction: .none)
    } reference: {
      pow(max(0, 1 - (2 * $1 - 1) * $0), 2)
    }
    add("contrastive", domains: [.real(0, 2, avoiding: [1.5]), signs], slope: .inputs([0])) {
      contrastive($0, $1, margin: 1.5, reduction: .none)
    } reference: {
      $1 == 0 ? $0 * $0 : pow(max(0, 1.5 - $0), 2)
    }
    add("binaryFocal", domains: [.any, .real(0.1, 0.9)]) {
      binaryFocal(logits: $0, $1, gamma: 1.5, alpha: 0.25, reduction: .none)
    } reference: {
      let p = 1 / (1 + exp(-$0))
      return (0.25 * $1 + 0.75 * (1 - $1)) * pow($1 * (1 - p) + (1 - $1) * p, 1.5) * -($1 * log(p) + (1 - $1) * log(1 - p))
    }
    rows[rows.count - 1].isComposite = true
    let softplus: @Sendable (Double) -> Double = { max($0, 0) + log1p(exp(-abs($0))) }
    add("binaryCrossEntropy", domains: [.real(0.1, 0.9), .real(0.1, 0.9)]) {
      binaryCrossEntropy($0, $1, reduction: .none)
    } reference: {
      -($1 * log($0) + (1 - $1) * log(1 - $0))
    }
    add("binaryCrossEntropy of logits") {
      binaryCrossEntropy(logits: $0, $1, positiveWeights: .full([], 1.7, $0.dtype), reduction: .none)
    } reference: {
      1.7 * $1 * softplus(-$0) + (1 - $1) * softplus($0)
    }
    add("klDivergence", domains: [.any, .real(0.1, 2)]) {
      klDivergence($0, $1, reduction: .none)
    } reference: {
      $1 * (log($1) - $0)
    }
    add("klDivergence of a logarithm") {
      klDivergence($0, $1, isLogTarget: true, reduction: .none)
    } reference: {
      exp($1) * ($1 - $0)
    }
    let stirling: @Sendable (Double) -> Double = { $0 > 1 ? $0 * log($0) - $0 + 0.5 * log(2 * .pi * $0) : 0 }
    add("poissonLikelihood", domains: [.any, .real(0, 3, avoiding: [1])]) {
      poissonLikelihood($0, $1, isFull: true, reduction: .none)
    } reference: {
      exp($0) - $1 * $0 + stirling($1)
    }
    add("poissonLikelihood of counts", domains: [.real(0.5, 3), .real(0, 3)]) {
      poissonLikelihood($0, $1, isLog: false, epsilon: 0.25, reduction: .none)
    } reference: {
      $0 - $1 * log($0 + 0.25)
    }
    add("softMargin") {
      softMargin($0, $1, reduction: .none)
    } reference: {
      softplus(-$0 * $1)
    }
    add("hingeEmbedding", domains: [.real(-2, 2, avoiding: [0, 1.5]), signs], slope: .inputs([0])) {
      hingeEmbedding($0, 2 * $1 - 1, margin: 1.5, reduction: .none)
    } reference: {
      $1 == 1 ? $0 : max(0, 1.5 - $0)
    }
    triples(&rows)
    classes(&rows)
    alignments(&rows)
  }

  /// Targets of up to three classes, some of them repeated, for sequences of different lengths.
  @Sendable private static func targets(_ batch: Int, _ time: Int, _ classes: Int) -> CTCTargets {
    let lengths = (0..<batch).map { $0 % 2 == 0 ? min(3, (time + 1) / 2) : 1 }
    let ids = (0..<batch).flatMap { i in (0..<3).map { $0 < lengths[i] ? 1 + ($0 / 2 + i) % (classes - 1) : 0 } }
    return CTCTargets(
      ids: Tensor(ids, shape: [batch, 3]), inputLengths: (0..<batch).map { $0 % 2 == 0 ? time : max(1, time - 1) },
      targetLengths: lengths, blank: 0)
  }

  private static func alignments(_ rows: inout [OperatorRow]) {
    rows.add(
      .general(
        "ctc", ["Tensor.ctcLosses(_: CTCTargets)", "struct CTC", "struct CTCGradient"],
        cases: [[[2, 5, 4]], [[1, 1, 2]], [[0, 3, 3]], [[3, 9, 50]]]
      ) {
        $0[0].ctcLosses(targets($0[0].shape[0], $0[0].shape[1], $0[0].shape[2]))
      } reference: { x in
        // The sum over the paths, as probabilities and not as logarithms.
        let (batch, time, classes) = (x[0].shape[0], x[0].shape[1], x[0].shape[2])
        let targets = targets(batch, time, classes)
        let ids = targets.ids.scalars(Int.self)
        return Grid(
          (0..<batch).map { i in
            let length = targets.targetLengths[i]
            let labels = (0..<2 * length + 1).map { $0 % 2 == 1 ? ids[i * 3 + $0 / 2] : 0 }
            var sums = labels.map { _ in 0.0 }
            for t in 0..<targets.inputLengths[i] {
              let last = sums
              for (s, label) in labels.enumerated() {
                var sum = t == 0 ? (s < 2 ? 1 : 0) : last[s] + (s > 0 ? last[s - 1] : 0)
                if t > 0 && s > 1 && label != 0 && label != labels[s - 2] { sum += last[s - 2] }
                sums[s] = sum * exp(x[0][[i, t, label]])
              }
            }
            return -log(sums[2 * length] + (length > 0 ? sums[2 * length - 1] : 0))
          })
      })
  }

  private static func triples(_ rows: inout [OperatorRow]) {
    rows.add(
      .general("gaussianLikelihood", [], cases: [[[2, 3], [2, 3], [2, 1]], [[0], [0], []]], domains: [.any, .any, .real(0.5, 2)]) {
        gaussianLikelihood($0[0], $0[1], variance: $0[2], isFull: true, reduction: .none)
      } reference: { x in
        .zip(x[0], x[1], x[2]) { 0.5 * (log($2) + ($0 - $1) * ($0 - $1) / $2 + log(2 * .pi)) }
      })
    rows.add(
      .general(
        "marginRanking", [], cases: [[[2, 3, 4], [2, 3, 4], [2, 3, 4]]],
        domains: [.multiples(offset: 0), .multiples(offset: 0.125), .whole(0...1)], slope: .inputs([0, 1])
      ) {
        marginRanking($0[0], $0[1], 2 * $0[2] - 1, margin: 0.5, reduction: .none)
      } reference: { x in
        .zip(x[0], x[1], x[2]) { max(0, 0.5 - (2 * $2 - 1) * ($0 - $1)) }
      })
    rows.add(
      .general(
        "cosineEmbedding", [], cases: [[[2, 3, 4], [2, 3, 4], [2, 3]]], domains: [.real(0.2, 2), .real(-0.5, 2), .whole(0...1)],
        slope: .inputs([0, 1])
      ) {
        cosineEmbedding($0[0], $0[1], 2 * $0[2] - 1, margin: -0.5, reduction: .none)
      } reference: { x in
        func sum(_ x: Grid) -> Grid { x.reduced([2], keepDims: false) { $0.reduce(0, +) } }
        let squares = Grid.zip(sum(x[0].map { $0 * $0 }), sum(x[1].map { $0 * $0 })) { (($0 + 1e-12) * ($1 + 1e-12)).squareRoot() }
        return .zip(sum(.zip(x[0], x[1]) { $0 * $1 }), squares, x[2]) { $2 == 1 ? 1 - $0 / $1 : max(0, $0 / $1 + 0.5) }
      }.with {
        $0.takesEqualElements = false
        $0.isComposite = true
      })
    for swaps in [false, true] {
      rows.add(
        .general("tripletMargin\(swaps ? ", swapping" : "")", [], cases: [[[5, 4], [5, 4], [5, 4]]]) {
          tripletMargin($0[0], $0[1], $0[2], margin: 2, swaps: swaps, reduction: .none)
        } reference: { x in
          func distance(_ a: Grid, _ b: Grid) -> Grid {
            Grid.zip(a, b) { ($0 - $1 + 1e-6) * ($0 - $1 + 1e-6) }.reduced([1], keepDims: false) { $0.reduce(0, +).squareRoot() }
          }
          let far = swaps ? Grid.zip(distance(x[0], x[2]), distance(x[1], x[2])) { min($0, $1) } : distance(x[0], x[2])
          return .zip(distance(x[0], x[1]), far) { max(0, $0 - $1 + 2) }
        }.with {
          $0.takesEqualElements = false
          $0.isComposite = true
        })
    }
  }

  private static func classes(_ rows: inout [OperatorRow]) {
    let ids: @Sendable (Int, Int) -> [Int] = { rows, classes in (0..<rows).map { ($0 * 7 + 3) % classes } }
    let cases = [[[5, 4]], [[1, 1]], [[40, 50]]]
    rows.add(
      .general("negativeLogLikelihood", [], cases: [[[5, 4], [4]], [[0, 3], [3]]], slope: .inputs([0, 1])) {
        negativeLogLikelihood(
          $0[0], Tensor(ids($0[0].shape[0], $0[0].shape[1])), weights: $0[1], ignoring: 2, reduction: .none)
      } reference: { x in
        let ids = ids(x[0].shape[0], x[0].shape[1])
        return Grid(ids.enumerated().map { $1 == 2 ? 0 : -x[0][[$0, $1]] * x[1].values[$1] })
      })
    for p in [1, 2] {
      rows.add(
        .general("multiMargin to the power of \(p)", [], cases: cases, domains: [.distinct]) {
          multiMargin($0[0], Tensor(ids($0[0].shape[0], $0[0].shape[1])), p: p, margin: 0.4, reduction: .none)
        } reference: { x in
          let (n, classes) = (x[0].shape[0], x[0].shape[1])
          let ids = ids(n, classes)
          return Grid(
            (0..<n).map { row in
              (0..<classes).reduce(0) {
                $1 == ids[row] ? $0 : $0 + pow(max(0, 0.4 - x[0][[row, ids[row]]] + x[0][[row, $1]]), Double(p))
              } / Double(classes)
            })
        }.with { $0.takesEqualElements = false })
    }
    // Two targets in each row, then none, then what does not count.
    rows.add(
      .general("multilabelMargin", [], cases: [[[5, 4]], [[3, 5]]], domains: [.distinct]) {
        let (n, classes) = ($0[0].shape[0], $0[0].shape[1])
        let targets = (0..<n).flatMap { row in (0..<classes).map { $0 < 2 ? (row + 2 * $0) % classes : $0 == 2 ? -1 : 0 } }
        return multilabelMargin($0[0], Tensor(targets, shape: [n, classes]), reduction: .none)
      } reference: { x in
        let (n, classes) = (x[0].shape[0], x[0].shape[1])
        return Grid(
          (0..<n).map { row in
            let targets = [row % classes, (row + 2) % classes]
            var sum = 0.0
            for t in targets {
              for i in 0..<classes where !targets.contains(i) { sum += max(0, 1 - x[0][[row, t]] + x[0][[row, i]]) }
            }
            return sum / Double(classes)
          })
      }.with { $0.takesEqualElements = false })
  }
}
