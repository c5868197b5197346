import Models
import Tensors

/// A model's operators at several sizes of its inputs.
struct TracedModel {
  /// The parameters and buffers, which are the first inputs of the traces.
  let parameters: [(name: String, value: Tensor)]
  /// The states that a call reads and changes: places among the inputs of the traces, values they begin with.
  private(set) var states: [(name: String, value: Tensor, input: Int, output: Int)] = []
  /// The names of the tensors that the model is called with, and their places.
  let inputs: [(name: String, input: Int)]
  let outputs: [(name: String, output: Int)]
  private let held: [Int: Tensor]
  private(set) var traces: [OperatorTrace]
  /// How many variants there are for each size that varies, and which trace belongs to which.
  private(set) var axes: [(name: String, input: Int, axis: Int)]

  /// Traces a model on an example, and on others in which axes have other sizes.
  ///
  /// - Parameter grows: Whether states that grow from call to call are inputs and outputs too, of a size that may change.
  init<M: Model>(_ model: M, _ example: M.Input, dynamicAxes: [Int], grows: Bool) throws {
    let tensors = TensorLeaves.of(example)
    if tensors.isEmpty { throw ONNXError(field: "input", message: "has no tensor; one or several, in tuples or structs, would fit") }
    var names = leafNames(example, "input")
    if names.count != tensors.count { names = tensors.indices.map { tensors.count == 1 ? "input" : "input.\($0)" } }
    let held = ModelTensors(model)
    let (axes, variants) = try Self.variants(tensors, names, dynamicAxes)

    let growth = grows ? try Self.growth(model, example, held) : []
    let first = try Self.trace(model, example, held, Self.settled(model, example, held, growth))
    parameters = held.parameters
    let stateStart = held.parameters.count
    let inputStart = stateStart + first.stateCount
    let reserved = Set(held.parameters.map(\.name))
    func free(_ name: String) -> String { reserved.contains(name) ? free(name + "_") : name }
    inputs = names.enumerated().map { (free($1), inputStart + $0) }
    var outputNames = leafNames(first.output, "output")
    let outputCount = first.trace.outputs.count - first.stateCount
    if outputCount == 0 { throw ONNXError(field: "output", message: "has no tensor; one or several, in tuples or structs, would fit") }
    if outputNames.count != outputCount { outputNames = (0..<outputCount).map { outputCount == 1 ? "output" : "output.\($0)" } }
    let taken = reserved.union(inputs.map(\.name))
    func other(_ name: String) -> String { taken.contains(name) ? other(name + "_") : name }
    outputs = outputNames.enumerated().map { (other($1), first.trace.outputs[$0]) }
    self.axes = axes.map { (free($0.name), inputStart + $0.tensor, $0.axis) }
    traces = [first.trace]
    self.held = Dictionary(uniqueKeysWithValues: first.states.enumerated().map { (stateStart + $0, $1.value) })
    for candidates in variants {
      traces += try Self.traces(model, example, tensors, candidates, held, growth)
    }
    if growth.contains(where: { $0 != nil }) {
      func longer(_ factor: Int) -> [Growth?] { growth.map { $0.map { Growth(axis: $0.axis, length: $0.length * factor) } } }
      for factor in [2, 3] {
        traces.append(try Self.trace(model, example, held, Self.settled(model, example, held, longer(factor))).trace)
      }
      // Other sizes of both at once, as a size may be a sum of the two.
      for candidates in variants { traces += try Self.traces(model, example, tensors, candidates, held, longer(2)) }
    }
    try checkStructure()
    // A state that is not read, or that stays as it is, is none to a caller.
    for (i, state) in first.states.enumerated() {
      let (input, output) = (stateStart + i, first.trace.outputs[outputCount + i])
      if input == output || !isRead(input, by: outputs.map(\.output) + [output]) { continue }
      states.append((free(state.name), state.value, input, output))
    }
    // How much was before is the size of one of them.
    let growing = zip(held.states, growth).compactMap { state, growth in growth.map { (name: state.name, axis: $0.axis) } }
    if growing.isEmpty { return }
    for (name, axis) in growing {
      guard let i = first.states.firstIndex(where: { $0.name == name }), states.contains(where: { $0.input == stateStart + i }) else {
        continue
      }
      self.axes.append((self.axes.contains { $0.name == "past" } ? "past_" : "past", stateStart + i, axis))
      return
    }
    throw ONNXError(
      field: growing[0].name,
      message: "grows from call to call, and no operator reads its elements, so that it cannot be an input of the file")
  }

  /// The value of a state that a call does not change.
  func initialState(_ input: Int) -> Tensor { held[input] ?? .zeros([]) }

  /// Whether some values depend on an input.
  private func isRead(_ input: Int, by outputs: [Int]) -> Bool {
    var needed = Set(outputs)
    for node in traces[0].nodes.reversed() where needed.contains(node.result) { needed.formUnion(node.operands) }
    return needed.contains(input)
  }

  // MARK: Other sizes

  private typealias Axis = (name: String, tensor: Int, axis: Int, members: [Int])
  /// Sizes to try for an axis, two of which have to work: multiples first, as networks halve their images.
  private typealias Variant = (axis: Int, members: [Int], sizes: [[Int]])

  private static func variants(
    _ tensors: [Tensor], _ names: [String], _ dynamicAxes: [Int]
  ) throws(ONNXError) -> (axes: [Axis], variants: [Variant]) {
    var axes: [Axis] = []
    let shapes = tensors.map { "\($0.shape)" }.joined(separator: ", ")
    for axis in dynamicAxes {
      let most = tensors.map(\.rank).max() ?? 0
      guard axis >= 0, axis < most else {
        throw ONNXError(field: "dynamicAxes", message: "axis \(axis); 0 to \(most - 1) would fit the input \(shapes)")
      }
      if dynamicAxes.filter({ $0 == axis }).count > 1 {
        throw ONNXError(field: "dynamicAxes", message: "axis \(axis) twice; each once would fit")
      }
      // Inputs of one size along the axis share it.
      var groups: [(size: Int, members: [Int])] = []
      for (i, x) in tensors.enumerated() where axis < x.rank {
        let size = x.shape[axis]
        if let place = groups.firstIndex(where: { $0.size == size }) { groups[place].members.append(i) } else { groups.append((size, [i])) }
      }
      for (k, group) in groups.enumerated() {
        if group.size < 1 { throw ONNXError(field: "dynamicAxes", message: "axis \(axis) has size 0 in the example; 1 or more would fit") }
        let base = axis == 0 ? "batch" : "axis\(axis)"
        axes.append((k == 0 ? base : "\(base)_\(names[group.members[0]])", group.members[0], axis, group.members))
      }
    }
    let variants: [Variant] = axes.map { axis in
      let n = tensors[axis.tensor].shape[axis.axis]
      let tries = [[2 * n, 3 * n], [n + 1, n + 2], [n - 1, n - 2]].filter { $0.allSatisfy { $0 > 0 } }
      return (axis.axis, axis.members, tries)
    }
    return (axes, variants)
  }

  private static func traces<M: Model>(
    _ model: M, _ example: M.Input, _ tensors: [Tensor], _ variant: Variant, _ held: ModelTensors, _ growth: [Growth?]
  ) throws -> [OperatorTrace] {
    var failure: (any Error)?
    for sizes in variant.sizes {
      do {
        return try sizes.map { size in
          var changed = tensors
          for i in variant.members {
            let n = tensors[i].shape[variant.axis]
            let places = Tensor((0..<size).map { Int64($0 % n) }, shape: [size])
            changed[i] = tensors[i].take(places, axis: variant.axis)
          }
          let input = TensorLeaves.replacing(in: example, changed)
          return try trace(model, input, held, settled(model, input, held, growth)).trace
        }
      } catch {
        failure = failure ?? error
      }
    }
    throw failure ?? ONNXError(message: "no other size could be tried")
  }

  private func checkStructure() throws(ONNXError) {
    let first = traces[0]
    for other in traces.dropFirst() {
      for (a, b) in zip(first.nodes, other.nodes)
      where a.kind != b.kind || a.operation != b.operation || a.operands != b.operands || a.result != b.result {
        let place = a.part.isEmpty ? "" : ", in \(a.part)"
        throw ONNXError(
          field: "dynamicAxes",
          message:
            "which operators are called depends on the size of a dynamic axis (\(a.operation), elsewhere \(b.operation)\(place)); a model "
            + "that calls the same operators at every size would fit")
      }
      if first.nodes.count != other.nodes.count || first.outputs != other.outputs {
        throw ONNXError(
          field: "dynamicAxes",
          message:
            "the model calls \(first.nodes.count) operators at one size of a dynamic axis and \(other.nodes.count) at another; one that calls "
            + "the same operators at every size would fit")
      }
    }
  }

  // MARK: One trace

  /// Along which axis a state grows from call to call, and how long it is in a trace.
  private struct Growth {
    let axis: Int
    let length: Int
  }

  /// How states grow that have another shape after two calls than after one; nil for those that have not.
  private static func growth<M: Model>(_ model: M, _ input: M.Input, _ held: ModelTensors) throws -> [Growth?] {
    var copy = model
    func run() throws -> [Shape] {
      _ = try checked { withMode(.inference) { copy(input) } }
      return ModelTensors(copy).states.map(\.value.shape)
    }
    let (once, twice) = (try run(), try run())
    return try held.states.indices.map { i throws(ONNXError) -> Growth? in
      guard once.indices.contains(i), twice.indices.contains(i), once[i] != twice[i] else { return nil }
      let axes = once[i].rank == twice[i].rank ? (0..<once[i].rank).filter { once[i][$0] != twice[i][$0] } : []
      guard axes.count == 1, once[i][axes[0]] > 0, twice[i][axes[0]] > once[i][axes[0]] else {
        throw ONNXError(
          field: held.states[i].name, message: "is \(once[i]) after one call and \(twice[i]) after two; growth along one axis would fit")
      }
      return Growth(axis: axes[0], length: once[i][axes[0]])
    }
  }

  /// The values that the states have before the call, in the shapes that they keep; nil for a state that grows from call to call, or if it is known
  /// how, what it is after a call, as long as it is to be.
  private static func settled<M: Model>(
    _ model: M, _ input: M.Input, _ held: ModelTensors, _ growth: [Growth?]
  ) throws -> [Tensor?] {
    if held.states.isEmpty { return [] }
    var copy = model
    func run() throws -> [Tensor] {
      _ = try checked { withMode(.inference) { copy(input) } }
      return ModelTensors(copy).states.map(\.value)
    }
    let values = try run()
    let (once, twice) = (values.map(\.shape), try run().map(\.shape))
    return held.states.indices.map { i in
      if growth.indices.contains(i), let growth = growth[i], once.indices.contains(i), once[i][growth.axis] > 0 {
        let places = (0..<growth.length).map { Int64($0 % once[i][growth.axis]) }
        return values[i].detached.take(Tensor(places, shape: [growth.length]), axis: growth.axis)
      }
      guard once.indices.contains(i), once[i] == twice[i] else { return nil }
      let value = held.states[i].value.detached
      if value.shape == once[i] { return value }
      // A first value of [1, size] broadcasts to the batch.
      guard value.rank == once[i].rank, zip(value.shape, once[i]).allSatisfy({ $0 == $1 || $0 == 1 }) else { return nil }
      return value.expanded(once[i])
    }
  }

  private static func trace<M: Model>(
    _ model: M, _ input: M.Input, _ held: ModelTensors, _ states: [Tensor?]
  ) throws -> (trace: OperatorTrace, output: M.Output, states: [(name: String, value: Tensor)], stateCount: Int) {
    let labels = PartLabels()
    var copy = model.labelled(labels)
    let known = zip(held.states, states).compactMap { state, value in value.map { (name: state.name, value: $0) } }
    let inputs = held.parameters.map(\.value) + known.map(\.value) + TensorLeaves.of(input)
    var result: M.Output?
    let trace = try traceOperators(inputs, held.streams, labels) { values in
      let parameterCount = held.parameters.count
      var next = parameterCount
      let traced = states.map { state -> Tensor? in
        if state == nil { return nil }
        next += 1
        return values[next - 1]
      }
      var put = PutTraced(parameters: values[..<parameterCount], states: traced[...])
      copy.visit(&put)
      let arguments = TensorLeaves.replacing(in: input, Array(values[(parameterCount + known.count)...]))
      let output = try checked { withMode(.inference) { copy.callLabelled(arguments) } }
      result = output
      let after = ModelTensors(copy).states.map(\.value)
      return TensorLeaves.of(output) + zip(after, states).compactMap { $1 == nil ? nil : $0 }
    }
    guard let result else { throw ONNXError(message: "the model gave nothing") }
    return (trace, result, known, known.count)
  }
}
