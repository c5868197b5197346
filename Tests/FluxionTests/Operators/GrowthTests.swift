import Autodiff
import Foundation
import Testing

@testable import Tensors

/// That time and memory grow as what an operator reads and writes, or as the order of work that is its own.
///
/// Every row of the operator table runs on operands four times as long, along each axis alone and along all. Beside the bytes of operands and
/// result, those of buffers may be no more than a few times as many, at either size; the quadratic kind has hundreds. Bytes are exact. Time is the
/// least of several runs, and only where it is milliseconds.
@Suite struct GrowthTests {
  /// Operators whose work grows faster than their operands and results, by their rows' names: the order of the time in the bytes of both.
  static let orders: [(name: String, order: Double)] = [
    // Each element of the result is a sum along an axis of the operands.
    ("matmul", 1.5), ("einsum", 1.5), ("tensordot", 1.5), ("distanceMatrix", 1.5), ("x •", 1.5), ("attention", 1.5), ("linear", 1.5),
    // Each number of the image meets each of the kernel.
    ("convolution", 2),
    // Factorizations of square matrices.
    ("inverse", 1.5), ("determinant", 1.5), ("solve", 1.5), ("lu", 1.5), ("qr", 1.5), ("svd", 1.5), ("symmetric", 1.5), ("matrix", 1.5),
    ("householder", 2), ("ldl", 1.5), ("covariance", 1.5), ("correlation", 1.5),
    ("pseudoInverse", 1.5), ("leastSquares", 1.5), ("polarDecomposition", 1.5),
  ]

  /// Rows of operators that have to have a square of an axis in memory, by what their names contain, and why.
  static let squares = [
    "lu:": "the permutation is a matrix, [m, m]", "lu unpacked": "so is it here", "luSolve": "the permutation is a matrix, [n, n]",
    "ldlSolve": "so are the permutation and the blocks of d", "covariance": "of many variables it is a square",
    "correlation": "so is it here",
    "householderProduct": "each reflection is an operator of its own", "complete": "so is q", "full": "so are u and v",
    "polarDecomposition": "p is [n, n], also of few rows", "multilabelMargin": "each target is compared with each other class",
  ]

  /// Operators none of whose rows takes other sizes, and why.
  static let fixed: [String: String] = {
    var reasons = [
      "cholesky(_: Tensor)": "more of the row's numbers are not positive definite", "eigen(_: Tensor)": "they have complex eigenvalues",
      "eigenvalues(_: Tensor)": "they have complex eigenvalues", "struct Reshape": "its rows ask for shapes of one count",
    ]
    (reasons["struct Cholesky"], reasons["struct Eigen"]) = (reasons["cholesky(_: Tensor)"], reasons["eigen(_: Tensor)"])
    for name in [
      "arange(_: Int)", "arange(from: Double, to: Double, step: Double, _: DType)", "arange(from: Int, to: Int, step: Int)",
      "eye(_: Int, _: Int?, _: DType)", "full(_: Shape, _: S, _: DType)", "init(_: S)", "init(_: [S])", "init(_: [S], shape: Shape)",
      "init(_: [[S]])", "init(_: [S], _: DType)", "init(arrayLiteral: TensorLiteral)", "init(_: TensorLiteral)",
      "init(_: TensorLiteral, _: DType)", "init(_: TensorLiteral, shape: Shape)", "init(_: TensorLiteral, shape: Shape, _: DType)",
      "linspace(from: Double, to: Double, count: Int, _: DType)",
      "window(_: SignalWindow, count: Int, isPeriodic: Bool, _: DType)",
      "ones(_: Shape, _: DType)", "ones(like: Tensor)", "zeros(_: Shape, _: DType)", "zeros(like: Tensor)",
    ] { reasons["Tensor.\(name)"] = "its rows have no operands" }
    for name in ["fftfreq", "rfftfreq"] { reasons["\(name)(_: Int, spacing: Double, _: DType)"] = "its rows have no operands" }
    return reasons
  }()

  /// How many bytes for each one of operands and result are no reason to look closer: a gradient keeps what its rule reads, and has operators of
  /// its own.
  static let allowance = (peak: 12.0, taken: 24.0)

  static func cost(_ row: OperatorRow, _ x: [Tensor], isGradient: Bool, runs: Int = 1) -> Cost? {
    let dtype = row.measuredDType
    guard isGradient else { return Cost.of(operands: x, runs: runs) { row.apply(x, dtype) } }
    var result = 0
    var cost = Cost.of(operands: x, runs: runs) {
      let slopes = gradient(at: x) { x in
        let y = row.apply(x, dtype)
        result = y.elementCount * y.dtype.byteCount
        return (y * y).sum()
      }
      // After a mistake there are none.
      return slopes.count > row.slopedInputs[0] ? slopes[row.slopedInputs[0]] : x[0]
    }
    cost?.own += Double(result)
    return cost
  }

  /// What grows too fast, in words; nil if nothing does.
  static func complaint(_ row: OperatorRow, _ few: [Tensor], _ many: [Tensor], isGradient: Bool, _ small: Cost, _ large: Cost) -> String? {
    if squares.keys.contains(where: { row.name.contains($0) }) { return nil }
    for (name, bytes, allowed) in [("peak", \Cost.peak, allowance.peak), ("taken", \Cost.taken, allowance.taken)] {
      let (before, after) = (small[keyPath: bytes] / small.own, large[keyPath: bytes] / large.own)
      if after > 1.8 * max(before, allowed) { return "\(name) bytes, \(before) and \(after) times those of operands and result" }
    }
    let order = orders.first { row.name.hasPrefix($0.name) }?.order ?? 1
    func isSlow(_ small: Cost, _ large: Cost) -> Bool {
      large.seconds > 5e-3 && large.seconds > 3 * pow(large.own / small.own, order) * max(small.seconds, 3e-4)
    }
    if !isSlow(small, large) { return nil }
    // Another process may have had the processor.
    for runs in [4, 8] {
      guard let small = cost(row, few, isGradient: isGradient, runs: runs),
        let large = cost(row, many, isGradient: isGradient, runs: runs), isSlow(small, large)
      else { return nil }
    }
    return "\(small.seconds) and \(large.seconds) s for \(small.own) and \(large.own) bytes of operands and result"
  }

  @Test func operators() async {
    await #expect(processExitsWith: .success) {
      var measured: [String: Int] = [:]
      // Of an operator with many rows the first two.
      for row in OperatorTable.rows where row.covers.contains(where: { measured[$0, default: 0] < 2 }) {
        var isMeasured = false
        for scaling in Scaling.all(row) {
          let (few, many) = (row.tensors(scaling.scaled(scaling.factors[0])), row.tensors(scaling.scaled(scaling.factors[1])))
          for isGradient in row.slopedInputs.isEmpty ? [false] : [false, true] {
            // Once for what is made at the first use and kept.
            guard GrowthTests.cost(row, few, isGradient: isGradient) != nil, let small = GrowthTests.cost(row, few, isGradient: isGradient),
              let large = GrowthTests.cost(row, many, isGradient: isGradient)
            else { continue }
            isMeasured = true
            let complaint = GrowthTests.complaint(row, few, many, isGradient: isGradient, small, large)
            #expect(complaint == nil, "\(row.name) of \(many.map(\.shape))\(isGradient ? ", gradient" : "")")
          }
        }
        if isMeasured { for name in row.covers { measured[name, default: 0] += 1 } }
      }
      let covered = Set(OperatorTable.rows.flatMap(\.covers))
      #expect(covered.subtracting(measured.keys) == Set(GrowthTests.fixed.keys))
    }
  }

  /// The check of the check: operators that grow too fast are found, by the most bytes and by all that are taken.
  @Test func sabotage() async {
    await #expect(processExitsWith: .success) {
      let rows = [
        // All pairs in memory, of which a vector is left.
        OperatorRow.general("pairs", [], cases: [[[4]]]) { x in
          (x[0].unsqueezed(axis: 1) * x[0].unsqueezed(axis: 0)).sum(axis: 0)
        } reference: {
          $0[0]
        },
        // A copy of all for each.
        OperatorRow.general("copies", [], cases: [[[4]]]) { x in
          stack((0..<x[0].elementCount).map { (x[0] * 1)[$0] })
        } reference: {
          $0[0]
        },
      ]
      for row in rows {
        for isGradient in row.slopedInputs.isEmpty ? [false] : [false, true] {
          let (few, many) = (row.tensors([[1024]]), row.tensors([[4096]]))
          guard let small = GrowthTests.cost(row, few, isGradient: isGradient),
            let large = GrowthTests.cost(row, many, isGradient: isGradient)
          else {
            Issue.record("\(row.name) has no cost")
            continue
          }
          #expect(GrowthTests.complaint(row, few, many, isGradient: isGradient, small, large) != nil, "\(row.name)")
        }
      }
    }
  }
}
