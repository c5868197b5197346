import Tensors

extension OperatorTable {
  /// Branches and loops, as Swift's own.
  static let controls: [Operator] = [
    Operator("If", [1, 11, 13, 16, 19, 21, 23, 24, 25], "`if`") { call in
      let branch = try call.integer(0) != 0 ? "then_branch" : "else_branch"
      return try call.run(call.graph(branch), []).map { $0 ?? .nothing }
    },
    Operator("Loop", [1, 11, 13, 16, 19, 21, 23, 24, 25], "`while`") { call in try call.looped() },
    Operator("Scan", [8, 9, 11, 16, 19, 21, 23, 24, 25], "`for` over positions of an axis") { call in
      call.version < 9 ? try call.scannedByBatch() : try call.scanned()
    },
  ]
}

extension Call {
  func looped() throws -> [Value] {
    let body = try graph("body")
    let most = has(0) ? try integer(0) : Int.max
    var goesOn = has(1) ? try integer(1) != 0 : true
    var carried = Array(inputs.dropFirst(2))
    let count = carried.count
    let results = body.graph.outputs.count - 1 - count
    if results < 0 || body.graph.inputs.count != count + 2 {
      throw ONNXError.field(
        "attribute body", "\(body.graph.inputs.count) inputs and \(body.graph.outputs.count) outputs for \(count) values")
    }
    var scans = Array(repeating: [Value](), count: results)
    var i = 0
    while goesOn && i < most {
      let outputs = try run(body, [.tensor(.scalar(i)), .tensor(.scalar(goesOn ? 1 : 0, .bool))] + carried)
      guard case .tensor(let condition)? = outputs.first else { throw ONNXError.field("attribute body", "gives no condition") }
      goesOn = try condition.integers("attribute body").first.map { $0 != 0 } ?? false
      carried = Array(outputs[1...count])
      for k in 0..<results {
        guard let value = outputs[1 + count + k] else { throw ONNXError.field("attribute body", "leaves out output \(1 + count + k)") }
        scans[k].append(value)
      }
      i += 1
    }
    var values = carried.map { $0 ?? .nothing }
    for k in 0..<results { values.append(try stacked(scans[k], body.graph, output: 1 + count + k, axis: 0)) }
    return values
  }

  /// What iterations gave as one tensor; of none the shape that the body declares, with 0 for sizes that it leaves open.
  private func stacked(_ values: [Value], _ graph: Graph, output: Int, axis: Int, isReversed: Bool = false) throws -> Value {
    var tensors: [Tensor] = []
    var type: ONNXElementType?
    for value in values {
      guard case .tensor(let x) = value else {
        throw ONNXError.field("attribute body", "gives \(value.kind) to be joined; a tensor would fit")
      }
      tensors.append(x.tensor)
      type = x.type
    }
    if let type {
      if axis < -tensors[0].rank - 1 || axis > tensors[0].rank { throw ONNXError.field("axes", "\(axis) for \(tensors[0].shape)") }
      return .tensor(TypedTensor(stack(isReversed ? tensors.reversed() : tensors, axis: axis), type))
    }
    guard graph.outputTypes.indices.contains(output), case .tensor(let declared, let dimensions) = graph.outputTypes[output] else {
      return .tensor(TypedTensor(.zeros([0]), .float))
    }
    let sizes = (dimensions ?? []).map { dimension in
      if case .size(let size) = dimension { return max(0, size) }
      return 0
    }
    return .tensor(TypedTensor(.zeros(Shape([0] + sizes.prefix(7)), try declared.held("attribute body")), declared))
  }

  func scanned() throws -> [Value] {
    let body = try graph("body")
    guard let count = try attributes.int("num_scan_inputs"), count >= 1, count <= inputs.count else {
      throw ONNXError.field("attribute num_scan_inputs", "1 to \(inputs.count) would fit")
    }
    let states = inputs.count - count
    let results = body.graph.outputs.count - states
    guard results >= 0, body.graph.inputs.count == inputs.count else {
      throw ONNXError.field("attribute body", "\(body.graph.inputs.count) inputs for \(inputs.count)")
    }
    func list(_ name: String, _ count: Int) throws -> [Int] {
      let list = try attributes.ints(name) ?? Array(repeating: 0, count: count)
      if list.count != count { throw ONNXError.field("attribute \(name)", "\(list.count) numbers; \(count) would fit") }
      return list
    }
    let directions = try list("scan_input_directions", count), axes = try list("scan_input_axes", count)
    let outDirections = try list("scan_output_directions", results), outAxes = try list("scan_output_axes", results)
    var sequences: [(x: TypedTensor, axis: Int, isReversed: Bool)] = []
    for k in 0..<count {
      let x = try typed(states + k)
      sequences.append((x, try axis(axes[k], rank: x.rank, "attribute scan_input_axes"), directions[k] != 0))
    }
    let length = sequences[0].x.shape[sequences[0].axis]
    if sequences.contains(where: { $0.x.shape[$0.axis] != length }) { throw ONNXError.field("inputs", "scan inputs differ in length") }
    var carried = Array(inputs[..<states])
    var scans = Array(repeating: [Value](), count: results)
    for t in 0..<length {
      let parts = sequences.map { s in
        Value?.some(.tensor(TypedTensor(s.x.tensor[axis: s.axis, s.isReversed ? length - 1 - t : t], s.x.type)))
      }
      let outputs = try run(body, carried + parts)
      carried = Array(outputs[..<states])
      for k in 0..<results {
        guard let value = outputs[states + k] else { throw ONNXError.field("attribute body", "leaves out output \(states + k)") }
        scans[k].append(value)
      }
    }
    var values = carried.map { $0 ?? .nothing }
    for k in 0..<results {
      values.append(try stacked(scans[k], body.graph, output: states + k, axis: outAxes[k], isReversed: outDirections[k] != 0))
    }
    return values
  }

  /// Version 8: for each of a batch, [batch, steps, …], with lengths before the states.
  func scannedByBatch() throws -> [Value] {
    let body = try graph("body")
    guard let count = try attributes.int("num_scan_inputs"), count >= 1, count < inputs.count else {
      throw ONNXError.field("attribute num_scan_inputs", "1 to \(inputs.count - 1) would fit")
    }
    let states = inputs.count - 1 - count
    let results = body.graph.outputs.count - states
    let directions = try attributes.ints("directions") ?? Array(repeating: 0, count: count)
    guard results >= 0, directions.count == count else { throw ONNXError.field("attribute body", "too few outputs") }
    let first = try typed(states + 1)
    if first.rank < 2 { throw ONNXError.field("inputs", "\(first.shape); [batch, steps, …] would fit") }
    let (batch, steps) = (first.shape[0], first.shape[1])
    let lengths = has(0) ? try integers(0) : Array(repeating: steps, count: batch)
    if lengths.count != batch || lengths.contains(where: { $0 < 0 || $0 > steps }) { throw ONNXError.field("input 0", "\(lengths)") }
    var all = Array(repeating: [Tensor](), count: states + results)
    var types = Array(repeating: ONNXElementType.float, count: states + results)
    for b in 0..<batch {
      var carried: [Value?] = []
      for s in 0..<states { carried.append(.tensor(TypedTensor(try tensor(1 + s)[axis: 0, b], try type(1 + s)))) }
      var scans = Array(repeating: [Value](), count: results)
      for t in 0..<lengths[b] {
        var parts: [Value?] = []
        for k in 0..<count {
          let x: Tensor = try tensor(1 + states + k)[axis: 0, b]
          parts.append(.tensor(TypedTensor(x[axis: 0, directions[k] != 0 ? lengths[b] - 1 - t : t], try type(1 + states + k))))
        }
        let outputs = try run(body, carried + parts)
        carried = Array(outputs[..<states])
        for k in 0..<results { if let value = outputs[states + k] { scans[k].append(value) } }
      }
      for s in 0..<states { if case .tensor(let x)? = carried[s] { (types[s], _) = (x.type, all[s].append(x.tensor)) } }
      for k in 0..<results {
        guard case .tensor(let x) = try stacked(scans[k], body.graph, output: states + k, axis: 0) else { continue }
        var amounts = Array(repeating: (before: 0, after: 0), count: x.rank)
        amounts[0].after = steps - lengths[b]
        types[states + k] = x.type
        all[states + k].append(x.tensor.padded(amounts))
      }
    }
    return zip(all, types).map { .tensor(TypedTensor($0.isEmpty ? .zeros([0]) : stack($0, axis: 0), $1)) }
  }
}
