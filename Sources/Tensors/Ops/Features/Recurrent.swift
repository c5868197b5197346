/// What the simplest recurrence passes its sums through.
public enum RecurrentActivation: Sendable, Hashable {
  case sigmoid, tanh, relu
}

/// Long short-term memory over all steps of a sequence (Hochreiter and Schmidhuber 1997, with the forget gate of Gers and others 2000).
///
/// With i, f, g, o the quarters of gates[:, t] + h • weightᵀ, the first, second and fourth through the logistic function and g through tanh:
/// c ← f·c + i·g, h ← o·tanh(c). What the gates take from the inputs, one product for all steps, is computed before:
///
///     lstm(linear(x, weight: inputWeight, bias: bias), weight: weight, hidden: h, cell: c)
///
/// Derivative: back through time in one pass, with one product for the weight. PyTorch: `lstm` of one layer, `batch_first`.
///
/// - Parameters:
///   - gates: [batch, time, 4·hidden].
///   - weight: [4·hidden, hidden].
///   - hidden: h before the first step, [batch, hidden] or [1, hidden].
///   - cell: c before the first step, likewise.
///   - lengths: How many steps each sequence has; behind them outputs are 0, and h and c stay.
/// - Returns: h after each step, [batch, time, hidden], and h and c after the last one, [batch, hidden].
public func lstm(
  _ gates: Tensor, weight: Tensor, hidden: Tensor, cell: Tensor, lengths: [Int]? = nil
) -> (outputs: Tensor, hidden: Tensor, cell: Tensor) {
  let parts = recurrent(.lstm, gates, weight, [hidden, cell], nil, lengths)
  return (parts[0], parts[1], parts[2])
}

/// Gated recurrent units over all steps of a sequence (Cho and others 2014, with the reset gate behind the product, as in cuDNN).
///
/// With r, z, n the thirds of gates[:, t] and mʳ, mᶻ, mⁿ those of h • weightᵀ + bias: r = σ(r + mʳ), z = σ(z + mᶻ), n = tanh(n + r·mⁿ) and
/// h ← (1 − z)·n + z·h.
///
/// Derivative: back through time in one pass, with one product for the weight. PyTorch: `gru` of one layer, `batch_first`.
///
/// - Parameters:
///   - gates: [batch, time, 3·hidden].
///   - weight: [3·hidden, hidden].
///   - bias: [3·hidden].
///   - hidden: h before the first step, [batch, hidden] or [1, hidden].
///   - lengths: How many steps each sequence has; behind them outputs are 0, and h stays.
/// - Returns: h after each step, [batch, time, hidden], and after the last one, [batch, hidden].
public func gru(
  _ gates: Tensor, weight: Tensor, bias: Tensor? = nil, hidden: Tensor, lengths: [Int]? = nil
) -> (outputs: Tensor, hidden: Tensor) {
  let parts = recurrent(.gru, gates, weight, [hidden], bias, lengths)
  return (parts[0], parts[1])
}

/// The simplest recurrence over all steps of a sequence (Elman 1990): h ← activation(sums[:, t] + h • weightᵀ).
///
/// Derivative: back through time in one pass, with one product for the weight. PyTorch: `rnn_tanh`, `rnn_relu` of one layer, `batch_first`.
///
/// - Parameters:
///   - sums: [batch, time, hidden].
///   - weight: [hidden, hidden].
///   - hidden: h before the first step, [batch, hidden] or [1, hidden].
///   - lengths: How many steps each sequence has; behind them outputs are 0, and h stays.
/// - Returns: h after each step, [batch, time, hidden], and after the last one, [batch, hidden].
public func recurrence(
  _ sums: Tensor, weight: Tensor, hidden: Tensor, activation: RecurrentActivation = .tanh, lengths: [Int]? = nil
) -> (outputs: Tensor, hidden: Tensor) {
  let parts = recurrent(.simple(activation), sums, weight, [hidden], nil, lengths)
  return (parts[0], parts[1])
}

/// Checks the operands and runs the steps: outputs and last states.
private func recurrent(
  _ cell: RecurrentCell, _ gates: Tensor, _ weight: Tensor, _ states: [Tensor], _ bias: Tensor?, _ lengths: [Int]?
) -> [Tensor] {
  let fits: ()? = attempt { () throws(TensorError) in try cell.check(gates, weight, states, bias, lengths) }
  guard fits != nil, !Context.current.hasFailed else { return states.map { _ in .placeholder } + [.placeholder] }
  let (batch, time, size) = (gates.shape[0], gates.shape[1], weight.shape[1])
  let spread = states.map { $0.shape[0] == batch ? $0 : $0.expanded([batch, size]) }
  var x = [gates, weight] + spread
  if case .gru = cell { x.append(bias ?? .zeros([weight.shape[0]], gates.dtype)) }
  var kept: Tensor?
  if cell.keptGates > 0 && x.contains(where: { $0.isTracked }) && !Context.current.isDry {
    kept = Tensor.made([batch, time, cell.keptGates * size], gates.dtype.computed, cell.name)
    if kept == nil { return states.map { _ in .placeholder } + [.placeholder] }
  }
  let primitive = RecurrentSteps(cell: cell, lengths: lengths.map { Tensor($0.map { Int64($0) }) }, kept: kept)
  return primitive(x).unpacked([Shape(batch, time, size)] + states.map { _ in Shape(batch, size) })
}

extension RecurrentCell {
  fileprivate func check(
    _ gates: Tensor, _ weight: Tensor, _ states: [Tensor], _ bias: Tensor?, _ lengths: [Int]?
  ) throws(TensorError) {
    func wrong(_ message: String) -> TensorError { TensorError(name, message) }
    for other in [weight] + states + (bias.map { [$0] } ?? []) where other.dtype != gates.dtype {
      throw wrong(mixedDTypes(gates.dtype, other.dtype).message)
    }
    if !gates.dtype.isFloatingPoint {
      throw wrong("not defined for \(gates.dtype), only for floating-point dtypes; convert with .cast(to:)")
    }
    let wide = self.gates == 1 ? "hidden" : "\(self.gates)·hidden"
    guard gates.rank == 3, weight.rank == 2, weight.shape[0] == self.gates * weight.shape[1], gates.shape[2] == weight.shape[0] else {
      throw wrong(
        "gates of shape \(gates.shape) and a weight of shape \(weight.shape); [batch, time, \(wide)] and [\(wide), hidden] would fit")
    }
    let (batch, time, size) = (gates.shape[0], gates.shape[1], weight.shape[1])
    for state in states where state.shape != Shape(batch, size) && state.shape != Shape(1, size) {
      throw wrong("a state of shape \(state.shape) for gates of shape \(gates.shape); [\(batch), \(size)] or [1, \(size)] would fit")
    }
    if let bias, bias.shape != [weight.shape[0]] { throw wrong("a bias of shape \(bias.shape); [\(weight.shape[0])] would fit") }
    guard let lengths else { return }
    if lengths.count != batch { throw wrong("\(lengths.count) lengths for \(batch) sequences; one for each would fit") }
    if let i = lengths.firstIndex(where: { $0 < 0 || $0 > time }) {
      throw wrong("a length of \(lengths[i]) for sequence \(i) of \(time) steps; 0 to \(time) would fit")
    }
  }
}
