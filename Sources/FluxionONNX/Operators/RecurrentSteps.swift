import Tensors

/// One direction of a recurrent node over [batch, time, inputs].
struct RecurrentSteps {
  let node: RecurrentNode
  let activations: [Activation]
  /// [gates · hidden, inputs] and [gates · hidden, hidden], in ONNX's order of the gates.
  let input: Tensor
  let hidden: Tensor
  /// Of the inputs and of the hidden values, one behind the other.
  let bias: Tensor?
  let peepholes: Tensor?
  /// Gives what is made of an operand of the node, once if that may be kept.
  let kept: (_ operand: Int, _ make: () -> Tensor) -> Tensor

  private var size: Int { node.size }
  private var inputBias: Tensor? { bias.map { $0[axis: 0, 0..<($0.shape[0] / 2)] } }
  private var hiddenBias: Tensor? { bias.map { $0[axis: 0, ($0.shape[0] / 2)..<$0.shape[0]] } }

  /// All outputs, [batch, time, hidden], and the states after the last step.
  func run(_ x: Tensor, _ states: [Tensor]) -> (outputs: Tensor, states: [Tensor]) {
    let names = activations.map(\.name)
    let isPlain = node.clip == nil && peepholes == nil && x.shape[1] > 0 && size > 0
    switch node.cell {
    case .lstm where isPlain && !node.isCoupled && names == ["sigmoid", "tanh", "tanh"]:
      // ONNX has input, output, forget and cell; Fluxion input, forget, cell and output.
      let order = [0, 2, 3, 1]
      let sum = bias.map { _ in kept(3) { rows((inputBias ?? .zeros([])) + (hiddenBias ?? .zeros([])), order) } }
      let gates = linear(x, weight: kept(1) { rows(input, order) }, bias: sum)
      let weight = kept(2) { rows(hidden, order) }
      let (outputs, h, c) = lstm(gates, weight: weight, hidden: states[0], cell: states[1], lengths: node.lengths)
      return (outputs, [h, c])
    case .gru where isPlain && node.isCoupled && names == ["sigmoid", "tanh"]:
      // ONNX has update, reset and new; Fluxion reset, update and new.
      let order = [1, 0, 2]
      // Both halves of the bias in the new order.
      let biases = bias.map { bias in kept(3) { rows(bias, order + order.map { $0 + 3 }) } }
      let gates = linear(x, weight: kept(1) { rows(input, order) }, bias: biases.map { $0[axis: 0, 0..<(3 * size)] })
      let (outputs, h) = gru(
        gates, weight: kept(2) { rows(hidden, order) }, bias: biases.map { $0[axis: 0, (3 * size)..<(6 * size)] }, hidden: states[0],
        lengths: node.lengths)
      return (outputs, [h])
    case .simple where isPlain && ["tanh", "relu", "sigmoid"].contains(names[0]):
      let sum = bias.map { _ in kept(3) { (inputBias ?? .zeros([])) + (hiddenBias ?? .zeros([])) } }
      let activation: RecurrentActivation = names[0] == "tanh" ? .tanh : names[0] == "relu" ? .relu : .sigmoid
      let (outputs, h) = recurrence(
        linear(x, weight: input, bias: sum), weight: hidden, hidden: states[0], activation: activation, lengths: node.lengths)
      return (outputs, [h])
    default: return runSteps(x, states)
    }
  }

  /// Parts of a weight or bias in another order.
  private func rows(_ x: Tensor, _ order: [Int]) -> Tensor {
    concatenate(order.map { x[axis: 0, ($0 * size)..<(($0 + 1) * size)] }, axis: 0)
  }

  private func runSteps(_ x: Tensor, _ first: [Tensor]) -> (outputs: Tensor, states: [Tensor]) {
    let (batch, time) = (x.shape[0], x.shape[1])
    if time == 0 { return (.zeros([batch, 0, size], x.dtype), first) }
    let sums = linear(x, weight: input, bias: inputBias)
    var states = first
    var outputs: [Tensor] = []
    for t in 0..<time {
      let next = step(sums[axis: 1, t], states)
      guard let lengths = node.lengths, lengths.contains(where: { $0 <= t }) else {
        states = next
        outputs.append(next[0])
        continue
      }
      // A sequence that has ended keeps its states and gives zeros.
      let goesOn = Tensor(lengths.map { $0 > t }, shape: [batch, 1])
      states = zip(next, states).map { select(goesOn, $0, $1) }
      outputs.append(select(goesOn, next[0], 0))
    }
    return (stack(outputs, axis: 1), states)
  }

  private func clipped(_ x: Tensor) -> Tensor { node.clip.map { x.clamped(min: -$0, max: $0) } ?? x }

  private func part(_ x: Tensor, _ i: Int) -> Tensor { x[axis: -1, (i * size)..<((i + 1) * size)] }

  private func step(_ sums: Tensor, _ states: [Tensor]) -> [Tensor] {
    let h = states[0]
    switch node.cell {
    case .simple: return [activations[0](clipped(sums + linear(h, weight: hidden, bias: hiddenBias)))]
    case .gru:
      let (f, g) = (activations[0], activations[1])
      let two = linear(h, weight: hidden[axis: 0, 0..<(2 * size)], bias: hiddenBias.map { $0[axis: 0, 0..<(2 * size)] })
      let z = f(clipped(part(sums, 0) + part(two, 0)))
      let r = f(clipped(part(sums, 1) + part(two, 1)))
      let weight: Tensor = hidden[axis: 0, (2 * size)..<(3 * size)]
      let bias = hiddenBias.map { $0[axis: 0, (2 * size)..<(3 * size)] as Tensor }
      let inner = node.isCoupled ? r * linear(h, weight: weight, bias: bias) : linear(r * h, weight: weight, bias: bias)
      return [(1 - z) * g(clipped(part(sums, 2) + inner)) + z * h]
    case .lstm:
      let (f, g, k) = (activations[0], activations[1], activations[2])
      let c = states[1]
      let all = sums + linear(h, weight: hidden, bias: hiddenBias)
      func peep(_ i: Int, _ c: Tensor) -> Tensor { peepholes.map { part($0, i) * c } ?? .zeros([], c.dtype) }
      let forget = f(clipped(part(all, 2) + peep(2, c)))
      let enter = node.isCoupled ? 1 - forget : f(clipped(part(all, 0) + peep(0, c)))
      let cell = forget * c + enter * g(clipped(part(all, 3)))
      let leave = f(clipped(part(all, 1) + peep(1, cell)))
      return [leave * k(cell), cell]
    }
  }
}
