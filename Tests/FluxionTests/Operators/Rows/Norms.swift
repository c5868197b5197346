import RealModule
import Tensors

extension OperatorTable {
  static let norms = list { rows in
    let covers = ["Tensor.norm(_: Double, axes: [Int], keepDims: Bool)", "Tensor.norm(_: Double, axis: Int, keepDims: Bool)"]
    for order in [2, 1, 3, 1.5, 0.5, -1, -2.5, .infinity, -.infinity, 0.0] {
      let isPower = ![0, 1, .infinity, -.infinity].contains(order)
      for (title, axes, keepDims) in [("over all", [Int](), false), ("over [0, 2]", [0, 2], true), ("over -1", [-1], false)] {
        let domain: Domain = order.isInfinite ? .distinct : .real(-2, 2, avoiding: [0])
        let row = OperatorRow.general(
          "norm \(order) \(title)", covers + (isPower ? ["struct PowerNorm"] : []), cases: [[[2, 3, 4]], [[1, 1, 1]], [[10, 11, 12]]],
          domains: [domain]
        ) {
          axes.count == 1 ? $0[0].norm(order, axis: axes[0]) : $0[0].norm(order, axes: axes, keepDims: keepDims)
        } reference: {
          $0[0].reduced(axes, keepDims: keepDims) { x in
            let sizes = x.map { abs($0) }
            if order == .infinity { return sizes.max()! }
            if order == -.infinity { return sizes.min()! }
            if order == 0 { return Double(x.count { $0 != 0 }) }
            return Double.pow(sizes.reduce(0) { $0 + Double.pow($1, order) }, 1 / order)
          }
        }.with {
          $0.isComposite = true
          if order == 0 { $0.slope = .flat }
          // Of equal sizes all are the largest: there the norm has a kink.
          if order.isInfinite { $0.takesEqualElements = false }
        }
        rows.add(row)
      }
    }
    // At 0 the gradient of least size is 0; of what is not finite the norm is not.
    rows.add(
      OperatorRow.unary(
        "norm of one number", covers[0], domain: .real(-2, 2, avoiding: [0]),
        specials: "0 = 0 | 0; -3 = 3 | -1; inf = inf; nan = nan; -3e38 = 3e38 | -1; 1e-38 = 1e-38 | 1"
      ) {
        $0.reshaped([-1, 1]).norm(axis: 1).reshaped($0.shape)
      } reference: {
        abs($0)
      })
    rows.add(
      OperatorRow.unary(
        "norm 3 of one number", covers[0], domain: .real(-2, 2, avoiding: [0]),
        specials: "0 = 0 | 0; -3 = 3 | -1; nan = nan; -3e38 = 3e38 | -1; 1e-38 = 1e-38 | 1"
      ) {
        $0.reshaped([-1, 1]).norm(3, axis: 1).reshaped($0.shape)
      } reference: {
        abs($0)
      })

    let matrixNorms: [(String, MatrixNorm, @Sendable (Matrix) -> Double)] = [
      ("frobenius", .frobenius, { $0.flat.reduce(0) { $0 + $1 * $1 }.squareRoot() }), ("nuclear", .nuclear, { $0.svd.s.reduce(0, +) }),
      ("one", .one, { $0.transpose.map { $0.reduce(0) { $0 + abs($1) } }.max()! }),
      ("minusOne", .minusOne, { $0.transpose.map { $0.reduce(0) { $0 + abs($1) } }.min()! }), ("two", .two, { $0.svd.s.max()! }),
      ("minusTwo", .minusTwo, { $0.svd.s.min()! }), ("infinity", .infinity, { $0.map { $0.reduce(0) { $0 + abs($1) } }.max()! }),
      ("minusInfinity", .minusInfinity, { $0.map { $0.reduce(0) { $0 + abs($1) } }.min()! }),
    ]
    for (name, order, reference) in matrixNorms {
      let covers = ["Tensor.matrixNorm(_: MatrixNorm, axes: (rows: Int, columns: Int), keepDims: Bool)"]
      for cases in [[[[3, 4]], [[2, 4, 3]], [[1, 1]]], [[[2, 3, 2]]]] as [[[[Int]]]] {
        rows.add(
          .general("matrixNorm \(name) of \(cases[0])", covers, cases: cases, domains: [.real(-2, 2, avoiding: [0])]) {
            $0[0].matrixNorm(order)
          } reference: {
            $0[0].eachMatrix([]) { [reference($0)] }
          }.with {
            $0.takesEqualElements = false
            $0.isComposite = true
          })
      }
      rows.add(
        .general("matrixNorm \(name) in other axes", covers, cases: [[[3, 2, 4]]], domains: [.real(-2, 2, avoiding: [0])]) {
          $0[0].matrixNorm(order, axes: (-1, 0), keepDims: true)
        } reference: {
          let y = $0[0].permuted([1, 2, 0]).eachMatrix([]) { [reference($0)] }
          return Grid([1, 2, 1], y.values)
        }.with {
          $0.takesEqualElements = false
          $0.isComposite = true
        })
    }
  }
}
