import Fluxion
import Testing

@Suite struct InfiniteLogitTests {
  /// Losses and log-sum-exp at infinite logits: the limits, as far as there are any.
  @Test func infiniteLogits() {
    let inf = Double.infinity
    struct Case {
      let name: String
      let x: Tensor
      let value: Double
      let slope: [Double]
      let f: (Tensor) -> Tensor
    }
    for dtype in [DType.float32, .float64] {
      func numbers(_ x: [Double], _ shape: Shape? = nil) -> Tensor { Tensor(x, shape: shape ?? [x.count]).cast(to: dtype) }
      func entropy(_ t: Double, positive: Double? = nil) -> (Tensor) -> Tensor {
        { x in binaryCrossEntropy(logits: x, numbers([t]), positiveWeights: positive.map { numbers([$0]) }) }
      }
      var cases = [
        Case(name: "BCE(∞, 1)", x: numbers([inf]), value: 0, slope: [0], f: entropy(1)),
        Case(name: "BCE(∞, 0)", x: numbers([inf]), value: inf, slope: [1], f: entropy(0)),
        Case(name: "BCE(−∞, 0)", x: numbers([-inf]), value: 0, slope: [0], f: entropy(0)),
        Case(name: "BCE(−∞, 1)", x: numbers([-inf]), value: inf, slope: [-1], f: entropy(1)),
        Case(name: "BCE(∞, 1), weighted", x: numbers([inf]), value: 0, slope: [0], f: entropy(1, positive: 3)),
        Case(name: "BCE(−∞, 1), weighted", x: numbers([-inf]), value: inf, slope: [-3], f: entropy(1, positive: 3)),
        Case(name: "focal(∞, 1)", x: numbers([inf]), value: 0, slope: [0]) { binaryFocal(logits: $0, numbers([1])) },
        Case(name: "focal(∞, 0)", x: numbers([inf]), value: inf, slope: []) { binaryFocal(logits: $0, numbers([0])) },
        Case(name: "logSumExp of one ∞", x: numbers([1, inf, 2]), value: inf, slope: [0, 1, 0]) { $0.logSumExp() },
        Case(name: "logSumExp of two", x: numbers([inf, 3, inf, -inf]), value: inf, slope: [0.5, 0, 0.5, 0]) { $0.logSumExp() },
        Case(name: "logSumExp of −∞", x: numbers([-inf, -inf]), value: -inf, slope: [0, 0]) { $0.logSumExp() },
        Case(name: "kl at −∞", x: numbers([-inf, 0]), value: 0, slope: [0, -1]) {
          klDivergence($0, numbers([-inf, 0]), isLogTarget: true, reduction: .sum)
        },
        Case(name: "kl at 0", x: numbers([-inf, 0]), value: 0, slope: [0, -1]) { klDivergence($0, numbers([0, 1]), reduction: .sum) },
        Case(name: "poisson at 0", x: numbers([-inf]), value: 0, slope: [0]) { poissonLikelihood($0, numbers([0])) },
        Case(name: "contrastive of what is far", x: numbers([1e30]), value: 0, slope: [0]) { contrastive($0, numbers([1])) },
      ]
      for (classes, name) in [(3, "few classes"), (40, "many classes")] {
        func logits(_ first: [Double]) -> Tensor { numbers(first + Array(repeating: 0, count: classes - first.count), [1, classes]) }
        let zeros = [Double](repeating: 0, count: classes - 3)
        cases += [
          Case(name: "crossEntropy at ∞, \(name)", x: logits([0, inf, 0]), value: 0, slope: [0, 0, 0] + zeros) {
            crossEntropy($0, Tensor([1], .int64))
          },
          Case(name: "crossEntropy beside ∞, \(name)", x: logits([0, inf, 0]), value: inf, slope: [-1, 1, 0] + zeros) {
            crossEntropy($0, Tensor([0], .int64))
          },
          Case(
            name: "crossEntropy beside −∞, \(name)", x: numbers([0] + Array(repeating: -inf, count: classes - 1), [1, classes]), value: 0,
            slope: [0, 0, 0] + zeros
          ) {
            crossEntropy($0, Tensor([0], .int64))
          },
          Case(
            name: "crossEntropy of probabilities, \(name)", x: numbers([0] + Array(repeating: -inf, count: classes - 1), [1, classes]),
            value: 0, slope: [0, 0, 0] + zeros
          ) {
            crossEntropy($0, numbers([1, 0, 0] + zeros, [1, classes]))
          },
        ]
      }
      for row in cases {
        let (value, slope) = valueAndGradient(at: row.x) { row.f($0).sum() }
        #expect(value.item() == row.value, "\(row.name) in \(dtype)")
        if !row.slope.isEmpty { #expect(slope.numbers == row.slope, "the gradient of \(row.name) in \(dtype)") }
      }
    }
  }
}
