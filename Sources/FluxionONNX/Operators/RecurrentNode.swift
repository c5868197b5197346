import Tensors

/// A recurrent node's settings and operands, checked.
struct RecurrentNode {
  enum Cell: Int {
    case simple = 1
    case gru = 3
    case lstm = 4
  }

  let cell: Cell
  let size: Int
  let directions: [Bool]
  let activations: [Activation]
  let clip: Double?
  let isBatchFirst: Bool
  /// Of a GRU whether the reset gate comes behind the product, of an LSTM whether the input gate is what the forget gate leaves.
  let isCoupled: Bool
  let lengths: [Int]?

  init(_ call: Call, _ cell: Cell) throws(ONNXError) {
    self.cell = cell
    let weight = try call.typed(2)
    guard weight.rank == 3, try call.typed(0).rank == 3, try call.typed(1).rank == 3 else {
      throw .field("input 2", "\(weight.shape); [directions, gates, hidden] would fit")
    }
    size = try call.attributes.int("hidden_size") ?? weight.shape[2]
    let direction = try call.attributes.word("direction", "forward", ["forward", "reverse", "bidirectional"])
    directions = direction == "bidirectional" ? [false, true] : [direction == "reverse"]
    clip = try call.attributes.float("clip")
    isBatchFirst = try call.attributes.flag("layout")
    isCoupled = try call.attributes.flag(cell == .gru ? "linear_before_reset" : "input_forget")
    let rows = cell.rawValue * size
    let expected = Shape([directions.count, rows, size])
    let input = try call.typed(1).shape
    if weight.shape != expected || input[0] != directions.count || input[1] != rows {
      throw .field("input 2", "\(weight.shape); \(expected) would fit")
    }
    let standard: [String] =
      switch cell {
      case .lstm: ["Sigmoid", "Tanh", "Tanh"]
      case .gru: ["Sigmoid", "Tanh"]
      case .simple: ["Tanh"]
      }
    let names = try call.attributes.strings("activations") ?? directions.flatMap { _ in standard }
    let (alphas, betas) = (try call.attributes.floats("activation_alpha") ?? [], try call.attributes.floats("activation_beta") ?? [])
    if names.count != standard.count * directions.count {
      throw .field("attribute activations", "\(names.count); \(standard.count * directions.count) would fit")
    }
    var parsed: [Activation] = []
    for (i, name) in names.enumerated() {
      parsed.append(try Activation(name, alphas.indices.contains(i) ? alphas[i] : nil, betas.indices.contains(i) ? betas[i] : nil))
    }
    activations = parsed
    lengths = call.has(4) ? try call.integers(4) : nil
  }

  /// Y, the last hidden values and, of an LSTM, the last cells.
  func run(_ call: Call) throws(ONNXError) -> [Value] {
    var x = try call.tensor(0)
    let type = try call.type(0)
    if !isBatchFirst { x = x.transposed(0, 1) }
    let (batch, time) = (x.shape[0], x.shape[1])
    if let lengths, lengths.count != batch || lengths.contains(where: { $0 < 0 || $0 > time }) {
      throw .field("input 4", "\(lengths) for a batch of \(batch) with \(time) steps")
    }
    var all: [Tensor] = [], hiddens: [Tensor] = [], cells: [Tensor] = []
    for (d, isReversed) in directions.enumerated() {
      func state(_ i: Int) throws(ONNXError) -> Tensor {
        guard let given = try call.optional(i) else { return .zeros([batch, size], x.dtype) }
        if given.rank != 3 { throw .field("input \(i)", "\(given.shape); three axes would fit") }
        return isBatchFirst ? given[axis: 1, d] : given[axis: 0, d]
      }
      let input = isReversed ? reversed(x) : x
      let weights = (try call.tensor(1)[axis: 0, d] as Tensor, try call.tensor(2)[axis: 0, d] as Tensor)
      let bias = try call.optional(3).map { $0[axis: 0, d] as Tensor }
      let peepholes = cell == .lstm ? try call.optional(7).map { $0[axis: 0, d] as Tensor } : nil
      let part = Array(activations[(d * activations.count / directions.count)..<((d + 1) * activations.count / directions.count)])
      var states = [try state(5)]
      if cell == .lstm { states.append(try state(6)) }
      let step = RecurrentSteps(
        node: self, activations: part, input: weights.0, hidden: weights.1, bias: bias, peepholes: peepholes
      ) { i, make in call.kept("\(d).\(i)", of: [i], make) }
      let (outputs, last) = step.run(input, states)
      all.append(isReversed ? reversed(outputs) : outputs)
      hiddens.append(last[0])
      if cell == .lstm { cells.append(last[1]) }
    }
    // [batch, time, directions, hidden], or the steps first and the directions second.
    let y = isBatchFirst ? stack(all, axis: 2) : stack(all, axis: 1).permuted([2, 1, 0, 3])
    let axis = isBatchFirst ? 1 : 0
    var values: [Value] = [.tensor(TypedTensor(y, type)), .tensor(TypedTensor(stack(hiddens, axis: axis), type))]
    if cell == .lstm { values.append(.tensor(TypedTensor(stack(cells, axis: axis), type))) }
    return values
  }

  /// Sequences backwards, each as long as it is; [batch, time, …].
  private func reversed(_ x: Tensor) -> Tensor {
    guard let lengths else { return x.reversed(axes: [1]) }
    let steps = x.shape[1]
    let places = lengths.flatMap { length in (0..<steps).map { $0 < length ? length - 1 - $0 : $0 } }
    return x.gather(Tensor(places, shape: [lengths.count, steps, 1]).expanded(x.shape), axis: 1)
  }
}

/// A function that gates go through.
struct Activation {
  let name: String
  let alpha: Double
  let beta: Double

  private static let standard: [String: (Double, Double)] = [
    "relu": (0, 0), "tanh": (0, 0), "sigmoid": (0, 0), "softsign": (0, 0), "softplus": (0, 0), "affine": (1, 0), "leakyrelu": (0.01, 0),
    "thresholdedrelu": (1, 0), "scaledtanh": (1, 1), "hardsigmoid": (0.2, 0.5), "elu": (1, 0),
  ]

  init(_ name: String, _ alpha: Double?, _ beta: Double?) throws(ONNXError) {
    self.name = name.lowercased()
    guard let known = Self.standard[self.name] else { throw .field("attribute activations", "\"\(shown(name))\", which is none of ONNX's") }
    (self.alpha, self.beta) = (alpha ?? known.0, beta ?? known.1)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    switch name {
    case "relu": relu(x)
    case "tanh": tanh(x)
    case "sigmoid": sigmoid(x)
    case "softsign": softsign(x)
    case "softplus": softplus(x)
    case "affine": alpha * x + beta
    case "leakyrelu": leakyRelu(x, slope: alpha)
    case "thresholdedrelu": select(x .>= alpha, x, 0)
    case "scaledtanh": alpha * tanh(beta * x)
    case "hardsigmoid": (alpha * x + beta).clamped(min: 0.0, max: 1.0)
    default: elu(x, alpha: alpha)
    }
  }
}
