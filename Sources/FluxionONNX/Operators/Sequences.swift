import Tensors

extension OperatorTable {
  /// Lists of tensors, and values that may be missing.
  static let sequences: [Operator] = [
    Operator("SequenceConstruct", [11], "an array of the operands") { call in
      var list: [Value] = []
      for i in call.inputs.indices { list.append(.tensor(try call.typed(i))) }
      return [.sequence(list, try call.type(0))]
    },
    Operator("SequenceEmpty", [11], "an empty array") { call in
      [.sequence([], try call.attributes.elementType("dtype") ?? .float)]
    },
    Operator("SequenceAt", [11], "`list[i]`") { call in
      let list = try call.sequence(0)
      return [list[try call.position(1, count: list.count)]]
    },
    Operator("SequenceInsert", [11], "`list.insert(x, at: i)`") { call in
      var list = try call.sequence(0)
      let at = call.has(2) ? try call.position(2, count: list.count + 1, wraps: list.count) : list.count
      list.insert(.tensor(try call.typed(1)), at: at)
      return [.sequence(list, try call.type(1))]
    },
    Operator("SequenceErase", [11], "`list.remove(at: i)`") { call in
      var list = try call.sequence(0)
      if list.isEmpty { throw ONNXError.field("input 0", "an empty sequence; one with elements would fit") }
      list.remove(at: call.has(1) ? try call.position(1, count: list.count) : list.count - 1)
      return [.sequence(list, try call.sequenceType(0))]
    },
    Operator("SequenceLength", [11], "`list.count`") { call in [.tensor(.scalar(try call.sequence(0).count))] },
    Operator("ConcatFromSequence", [11], "`concatenate(list, axis:)`, `stack(list, axis:)`") { call in
      var (tensors, type) = ([Tensor](), ONNXElementType.float)
      for value in try call.sequence(0) {
        guard case .tensor(let x) = value else { throw ONNXError.field("input 0", "holds \(value.kind)") }
        tensors.append(x.tensor)
        type = x.type
      }
      guard let axis = try call.attributes.int("axis"), let first = tensors.first else {
        throw ONNXError.field("attribute axis", "an axis, and a sequence with elements, would fit")
      }
      let isNew = try call.attributes.flag("new_axis")
      let known = try call.axis(axis, rank: first.rank + (isNew ? 1 : 0))
      return [.tensor(TypedTensor(isNew ? stack(tensors, axis: known) : concatenate(tensors, axis: known), type))]
    },
    Operator("SplitToSequence", [11, 24], "`x.split(sizes:axis:)`, `x.unstacked(axis:)`") { call in
      let x = try call.typed(0)
      let axis = try call.axis(try call.attributes.int("axis", 0), rank: x.rank)
      let n = x.shape[axis]
      var parts: [Tensor]
      if call.has(1) {
        let sizes = try call.integers(1)
        let isOne = try call.typed(1).rank == 0
        if isOne && (sizes.first ?? 0) < 1 || sizes.contains(where: { $0 < 0 }) { throw ONNXError.field("input 1", "\(sizes)") }
        parts = isOne ? x.tensor.split(size: sizes[0], axis: axis) : x.tensor.split(sizes: sizes, axis: axis)
      } else {
        parts = n == 0 ? [] : x.tensor.split(size: 1, axis: axis)
        if !(try call.attributes.flag("keepdims", true)) { parts = parts.map { $0.squeezed(axes: [axis]) } }
      }
      return [.sequence(parts.map { .tensor(TypedTensor($0, x.type)) }, x.type)]
    },
    Operator("SequenceMap", [17], "`zip(lists).map { body }`") { call in
      let body = try call.graph("body")
      let first = try call.sequence(0)
      var results = Array(repeating: [Value](), count: body.graph.outputs.count)
      for i in first.indices {
        var inputs: [Value?] = [first[i]]
        for k in call.inputs.indices.dropFirst() {
          guard case .sequence(let list, _) = try call.value(k) else {
            inputs.append(try call.value(k))
            continue
          }
          if list.count != first.count { throw ONNXError.field("input \(k)", "\(list.count) elements; \(first.count) would fit") }
          inputs.append(list[i])
        }
        for (k, value) in try call.run(body, inputs).enumerated() { results[k].append(value ?? .nothing) }
      }
      return results.map { list in
        if case .tensor(let x)? = list.first { return .sequence(list, x.type) }
        return .sequence(list, .float)
      }
    },
    Operator("Optional", [15, 28], "`x`, or `nil`") { call in [call.has(0) ? try call.value(0) : .nothing] },
    Operator("OptionalHasElement", [15, 18, 28], "`x != nil`") { call in
      var has = call.has(0)
      if has, case .nothing = try call.value(0) { has = false }
      return [.tensor(.scalar(has ? 1 : 0, .bool))]
    },
    Operator("OptionalGetElement", [15, 18, 28], "`x!`; nil is an error") { call in
      let value = try call.value(0)
      if case .nothing = value { throw ONNXError.field("input 0", "an empty optional; one with a value would fit") }
      return [value]
    },
  ]
}

extension Call {
  func sequence(_ i: Int) throws(ONNXError) -> [Value] {
    let value = try self.value(i)
    guard case .sequence(let list, _) = value else { throw .field("input \(i)", "is \(value.kind); a sequence would fit") }
    return list
  }

  func sequenceType(_ i: Int) throws(ONNXError) -> ONNXElementType {
    guard case .sequence(_, let type) = try value(i) else { return .float }
    return type
  }

  /// A position in a list of `count`, of which negative ones count from the end of `wraps`.
  func position(_ i: Int, count: Int, wraps: Int? = nil) throws(ONNXError) -> Int {
    let given = try integer(i)
    let position = given < 0 ? given.saturatingPlus(wraps ?? count) : given
    guard position >= 0, position < count else { throw .field("input \(i)", "position \(given) of \(count)") }
    return position
  }
}
