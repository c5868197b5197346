import Foundation
import Tensors

extension OperatorTable {
  /// One row of numbers times the transposed weight.
  private static func products(_ h: [Double], _ w: Grid) -> [Double] {
    let n = w.shape[1]
    return (0..<w.shape[0]).map { i in
      var sum = 0.0
      for j in 0..<n { sum += w.values[i * n + j] * h[j] }
      return sum
    }
  }

  /// Outputs, then last states, as one vector: each sequence by itself, step by step.
  ///
  /// `step` makes the next states of one sequence.
  private static func ran(
    _ gates: Grid, _ states: [Grid], lengths: [Int]?, _ step: (_ sums: [Double], _ states: [[Double]]) -> [[Double]]
  ) -> Grid {
    let (batch, time, wide, n) = (gates.shape[0], gates.shape[1], gates.shape[2], states[0].shape[1])
    var outputs: [Double] = []
    var last = Array(repeating: [Double](), count: states.count)
    for b in 0..<batch {
      var state = states.map { s in Array(s.values[(s.shape[0] == 1 ? 0 : b * n)..<(s.shape[0] == 1 ? n : (b + 1) * n)]) }
      for t in 0..<time {
        if t >= lengths?[b] ?? time {
          outputs += Array(repeating: 0, count: n)
          continue
        }
        let start = (b * time + t) * wide
        state = step(Array(gates.values[start..<start + wide]), state)
        outputs += state[0]
      }
      for i in state.indices { last[i] += state[i] }
    }
    return Grid(outputs + last.flatMap { $0 })
  }

  private static func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

  private static func lstm(_ x: [Grid], lengths: [Int]? = nil) -> Grid {
    let n = x[1].shape[1]
    return ran(x[0], [x[2], x[3]], lengths: lengths) { sums, states in
      let gates = zip(sums, products(states[0], x[1])).map { $0 + $1 }
      let c = (0..<n).map { logistic(gates[n + $0]) * states[1][$0] + logistic(gates[$0]) * tanh(gates[2 * n + $0]) }
      return [(0..<n).map { logistic(gates[3 * n + $0]) * tanh(c[$0]) }, c]
    }
  }

  private static func gru(_ x: [Grid], lengths: [Int]? = nil) -> Grid {
    let n = x[1].shape[1]
    return ran(x[0], [x[2]], lengths: lengths) { sums, states in
      let (h, bias) = (states[0], x.count > 3 ? x[3].values : Array(repeating: 0, count: 3 * n))
      let m = zip(products(h, x[1]), bias).map { $0 + $1 }
      let r = (0..<n).map { logistic(sums[$0] + m[$0]) }
      let z = (0..<n).map { logistic(sums[n + $0] + m[n + $0]) }
      let v = (0..<n).map { tanh(sums[2 * n + $0] + r[$0] * m[2 * n + $0]) }
      return [(0..<n).map { (1 - z[$0]) * v[$0] + z[$0] * h[$0] }]
    }
  }

  private static func simple(_ x: [Grid], lengths: [Int]? = nil, _ activation: (Double) -> Double) -> Grid {
    ran(x[0], [x[2]], lengths: lengths) { sums, states in [zip(sums, products(states[0], x[1])).map { activation($0 + $1) }] }
  }

  /// Results as one vector.
  private static func flat(_ parts: Tensor...) -> Tensor { concatenate(parts.map { $0.reshaped([$0.elementCount]) }) }

  /// Some steps, one, none, no sequences, and so many that the weight is packed and threads share the sequences; `k` gates.
  private static func recurrentCases(_ k: Int, states: Int, bias: Bool = false) -> [[[Int]]] {
    [(2, 3, 2), (1, 1, 1), (3, 1, 2), (2, 0, 2), (0, 3, 2), (1, 7, 18), (22, 9, 19), (90, 1, 12)].map { batch, time, n in
      [[batch, time, k * n], [k * n, n]] + Array(repeating: [batch, n], count: states) + (bias ? [[k * n]] : [])
    }
  }

  private static let weights = Domain.real(-0.6, 0.6)
  private static let recurrentCovers = ["struct RecurrentSteps", "struct RecurrentStepsGradient"]
  /// Of three sequences one ends early and one has no step at all.
  private static let ended = [2, 4, 0]

  static let recurrent = list { rows in
    let lstmCovers = ["lstm(_: Tensor, weight: Tensor, hidden: Tensor, cell: Tensor, lengths: [Int]?)"] + recurrentCovers
    rows.add(
      .general("lstm", lstmCovers, cases: recurrentCases(4, states: 2), domains: [.any, weights, .any, .any]) {
        let y = Tensors.lstm($0[0], weight: $0[1], hidden: $0[2], cell: $0[3])
        return flat(y.outputs, y.hidden, y.cell)
      } reference: {
        lstm($0)
      })
    rows.add(
      .general("lstm of sequences of several lengths", lstmCovers, cases: [[[3, 4, 8], [8, 2], [1, 2], [3, 2]]]) {
        let y = Tensors.lstm($0[0], weight: $0[1], hidden: $0[2], cell: $0[3], lengths: ended)
        return flat(y.outputs, y.hidden, y.cell)
      } reference: {
        lstm($0, lengths: ended)
      })
    let gruCovers = ["gru(_: Tensor, weight: Tensor, bias: Tensor?, hidden: Tensor, lengths: [Int]?)"] + recurrentCovers
    rows.add(
      .general("gru", gruCovers, cases: recurrentCases(3, states: 1, bias: true), domains: [.any, weights, .any, .any]) {
        let y = Tensors.gru($0[0], weight: $0[1], bias: $0[3], hidden: $0[2])
        return flat(y.outputs, y.hidden)
      } reference: {
        gru($0)
      })
    rows.add(
      .general("gru without a bias, of several lengths", gruCovers, cases: [[[3, 4, 6], [6, 2], [1, 2]]]) {
        let y = Tensors.gru($0[0], weight: $0[1], hidden: $0[2], lengths: ended)
        return flat(y.outputs, y.hidden)
      } reference: {
        gru($0, lengths: ended)
      })
    let covers =
      ["recurrence(_: Tensor, weight: Tensor, hidden: Tensor, activation: RecurrentActivation, lengths: [Int]?)"] + recurrentCovers
    rows.add(
      .general("recurrence", covers, cases: recurrentCases(1, states: 1), domains: [.any, weights, .any]) {
        let y = Tensors.recurrence($0[0], weight: $0[1], hidden: $0[2])
        return flat(y.outputs, y.hidden)
      } reference: {
        simple($0) { tanh($0) }
      })
    rows.add(
      .general("recurrence with the logistic function, of several lengths", covers, cases: [[[3, 4, 2], [2, 2], [1, 2]]]) {
        // The weight by columns, as the equation x • w has it.
        let y = Tensors.recurrence($0[0], weight: $0[1].transposed(), hidden: $0[2], activation: .sigmoid, lengths: ended)
        return flat(y.outputs, y.hidden)
      } reference: { x in
        simple([x[0], Grid([2, 2]) { x[1][[$0[1], $0[0]]] }, x[2]], lengths: ended) { logistic($0) }
      })
    // Weights too small to bring a sum over the kink.
    rows.add(
      .general(
        "recurrence with relu", covers, cases: [[[3, 4, 2], [2, 2], [3, 2]], [[2, 1, 3], [3, 3], [2, 3]]],
        domains: [.real(-2, 2, avoiding: [0]), .real(-0.01, 0.01), .any]
      ) {
        let y = Tensors.recurrence($0[0], weight: $0[1], hidden: $0[2], activation: .relu)
        return flat(y.outputs, y.hidden)
      } reference: {
        simple($0) { max(0, $0) }
      })
  }
}
