import Tensors

extension OperatorTable {
  /// Shapes, and the same elements in other ones.
  static let shapes: [Operator] = [
    Operator("Shape", [1, 13, 15, 19, 21, 23, 24, 25], "`x.shape`") { call in
      let shape = Array(try call.typed(0).shape)
      func bound(_ position: Int) -> Int { max(0, min(shape.count, position < 0 ? position + shape.count : position)) }
      let start = bound(try call.attributes.int("start", 0))
      let end = bound(try call.attributes.int("end", shape.count))
      return [.tensor(.vector(start < end ? Array(shape[start..<end]) : []))]
    },
    Operator("Size", [1, 13, 19, 21, 23, 24, 25], "`x.elementCount`") { call in
      [.tensor(.scalar(try call.typed(0).elementCount))]
    },
    Operator("Reshape", [1, 5, 13, 14, 19, 21, 23, 24, 25], "`x.reshaped(shape)`") { call in
      let x = try call.typed(0)
      let wanted = call.version < 5 ? try call.attributes.ints("shape") ?? [] : try call.integers(1)
      let keepsZero = try call.attributes.flag("allowzero")
      var sizes = wanted
      for (i, size) in wanted.enumerated() where size == 0 && !keepsZero {
        guard i < x.rank else { throw ONNXError.field("input 1", "\(wanted) takes over axis \(i) of \(x.shape), which it has not") }
        sizes[i] = x.shape[i]
      }
      if let open = sizes.firstIndex(of: -1) {
        let rest = sizes.enumerated().reduce(1) { $1.offset == open ? $0 : $0.multipliedReportingOverflow(by: $1.element).partialValue }
        guard rest > 0 ? x.elementCount % rest == 0 : x.elementCount == 0 else {
          throw ONNXError.field("input 1", "\(wanted) for \(x.shape)")
        }
        sizes[open] = rest > 0 ? x.elementCount / rest : 0
      }
      return [.tensor(try x.reshaped(sizes))]
    },
    Operator("Flatten", [1, 9, 11, 13, 21, 23, 24, 25], "`x.reshaped([rows, -1])`") { call in
      let x = try call.typed(0)
      let axis = try call.attributes.int("axis", 1)
      let start = axis == x.rank ? axis : try call.axis(axis, rank: x.rank)
      return [.tensor(try x.reshaped([x.shape[..<start].reduce(1, *), x.shape[start...].reduce(1, *)]))]
    },
    Operator("Squeeze", [1, 11, 13, 21, 23, 24, 25], "`x.squeezed(axes:)`") { call in
      let x = try call.typed(0)
      let given = call.version < 13 ? try call.attributes.ints("axes") : call.has(1) ? try call.integers(1) : nil
      let axes = try given.map { try call.axes($0, rank: x.rank, "axes") } ?? (0..<x.rank).filter { x.shape[$0] == 1 }
      if let bad = axes.first(where: { x.shape[$0] != 1 }) { throw ONNXError.field("axes", "axis \(bad) of \(x.shape) has not size 1") }
      return [.tensor(try x.reshaped((0..<x.rank).filter { !axes.contains($0) }.map { x.shape[$0] }))]
    },
    Operator("Unsqueeze", [1, 11, 13, 21, 23, 24, 25], "`x.unsqueezed(axis:)`") { call in
      let x = try call.typed(0)
      let given = call.version < 13 ? try call.attributes.ints("axes") ?? [] : try call.integers(1)
      let rank = x.rank + given.count
      if rank > 8 { throw ONNXError.field("axes", "\(rank) axes; at most 8 would fit") }
      let axes = Set(try call.axes(given, rank: rank, "axes"))
      var old = x.shape.makeIterator()
      return [.tensor(try x.reshaped((0..<rank).map { axes.contains($0) ? 1 : old.next() ?? 1 }))]
    },
    .one("Transpose", [1, 13, 21, 23, 24, 25], "`x.permuted(axes)`") { call in
      let x = try call.tensor(0)
      let axes = try call.attributes.ints("perm") ?? Array((0..<x.rank).reversed())
      return x.permuted(axes)
    },
    Operator("Identity", [1, 13, 14, 16, 19, 21, 23, 24, 25], "`x`") { call in [try call.value(0)] },
    .one("Expand", [8, 13], "`x.expanded(shape)`") { call in
      let x = try call.tensor(0)
      let wanted = try call.integers(1)
      let rank = max(x.rank, wanted.count)
      if rank > 8 { throw ONNXError.field("input 1", "\(rank) axes; at most 8 would fit") }
      let own = Array(repeating: 1, count: rank - x.rank) + Array(x.shape)
      let other = Array(repeating: 1, count: rank - wanted.count) + wanted
      // Both broadcast: a 1 of either takes the other's size.
      return x.expanded(Shape(zip(own, other).map { $1 == 1 ? $0 : $1 }))
    },
    .one("Tile", [1, 6, 13], "`x.tiled(counts)`") { call in
      let x = try call.tensor(0)
      if call.version < 6 {
        var counts = Array(repeating: 1, count: x.rank)
        counts[try call.axis(try call.integer(2), rank: x.rank, "input 2")] = try call.integer(1)
        return x.tiled(counts)
      }
      let counts = try call.integers(1)
      if counts.count != x.rank { throw ONNXError.field("input 1", "\(counts) for \(x.shape); a number for each axis would fit") }
      return x.tiled(counts)
    },
    Operator("Concat", [1, 4, 11, 13], "`concatenate(tensors, axis:)`") { call in
      var parts: [TypedTensor] = []
      for i in call.inputs.indices { parts.append(try call.typed(i)) }
      guard let first = parts.first else { throw ONNXError.field("inputs", "none; one or more would fit") }
      let standard = call.version < 4 ? 1 : nil
      guard let given = try call.attributes.int("axis") ?? standard else { throw ONNXError.field("attribute axis", "is missing") }
      let axis = try call.axis(given, rank: first.rank)
      let hosts = parts.compactMap(\.host)
      if first.rank == 1, hosts.count == parts.count {
        let elements = hosts.flatMap(\.elements)
        if elements.count <= HostIntegers.most { return [.tensor(.vector(elements, first.type))] }
      }
      return [.tensor(TypedTensor(concatenate(parts.map(\.tensor), axis: axis), first.type))]
    },
    Operator("Split", [1, 2, 11, 13, 18], "`x.split(sizes:axis:)`") { call in
      let x = try call.tensor(0)
      let axis = try call.axis(try call.attributes.int("axis", 0), rank: x.rank)
      let isInput = call.version >= 13 || call.version < 2
      let given = isInput && call.has(1) ? try call.integers(1) : try call.attributes.ints("split")
      let type = try call.type(0)
      let parts = try call.split(x, axis, given, count: try call.attributes.int("num_outputs") ?? call.outputCount)
      return parts.map { .tensor(TypedTensor($0, type)) }
    },
    .one("DepthToSpace", [1, 11, 13, 28], "reshaped, permuted and reshaped") { call in
      let x = try call.tensor(0)
      let block = try call.block(x)
      let (b, c, h, w) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
      if c % (block * block) != 0 { throw ONNXError.field("attribute blocksize", "\(block) for \(c) channels") }
      let rest = c / (block * block)
      if try call.attributes.word("mode", "DCR", ["DCR", "CRD"]) == "DCR" {
        return x.reshaped([b, block, block, rest, h, w]).permuted([0, 3, 4, 1, 5, 2]).reshaped([b, rest, h * block, w * block])
      }
      return x.reshaped([b, rest, block, block, h, w]).permuted([0, 1, 4, 2, 5, 3]).reshaped([b, rest, h * block, w * block])
    },
    .one("SpaceToDepth", [1, 13, 28], "reshaped, permuted and reshaped") { call in
      let x = try call.tensor(0)
      let block = try call.block(x)
      let (b, c, h, w) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
      if h % block != 0 || w % block != 0 { throw ONNXError.field("attribute blocksize", "\(block) for \(x.shape)") }
      let parts = x.reshaped([b, c, h / block, block, w / block, block])
      // Version 28 orders the new channels also by the old ones first.
      let isCRD = try call.attributes.word("mode", "DCR", ["DCR", "CRD"]) == "CRD"
      return parts.permuted(isCRD ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4]).reshaped([b, c * block * block, h / block, w / block])
    },
    .one("CenterCropPad", [18], "`x.padded(amounts)`, or a part of x") { call in
      let x = try call.tensor(0)
      let sizes = try call.integers(1)
      let axes = try call.attributes.ints("axes").map { try call.axes($0, rank: x.rank) } ?? Array(0..<x.rank)
      if axes.count != sizes.count { throw ONNXError.field("input 1", "\(sizes) for \(axes.count) axes") }
      var amounts = Array(repeating: (before: 0, after: 0), count: x.rank)
      for (axis, size) in zip(axes, sizes) {
        if size < 0 || size > 1 << 40 { throw ONNXError.field("input 1", "\(sizes); sizes of 0 or more would fit") }
        let more = size - x.shape[axis]
        amounts[axis] = more >= 0 ? (more / 2, more - more / 2) : (-((-more) / 2), more + (-more) / 2)
      }
      return x.padded(amounts)
    },
    .one("Pad", [1, 2, 11, 13, 18, 19, 21, 23, 24, 25], "`x.padded(amounts, mode:)`") { call in try call.padded() },
  ]
}

extension TypedTensor {
  /// The same elements in another shape.
  func reshaped(_ sizes: [Int]) throws(ONNXError) -> TypedTensor {
    if sizes.count > 8 { throw .field("shape", "\(sizes.count) axes; at most 8 would fit") }
    if let host, sizes.reduce(1, { $0.multipliedReportingOverflow(by: $1).partialValue }) == host.elements.count {
      return TypedTensor(host: HostIntegers(shape: sizes, elements: host.elements), type)
    }
    return TypedTensor(tensor.reshaped(Shape(sizes)), type)
  }
}

extension Call {
  /// The block size of an image's operator.
  func block(_ x: Tensor) throws(ONNXError) -> Int {
    let block = try attributes.int("blocksize", 0)
    if block < 1 || block > 1 << 20 { throw .field("attribute blocksize", "\(block); 1 or more would fit") }
    if x.rank != 4 { throw .field("input 0", "\(x.shape); [batch, channels, height, width] would fit") }
    return block
  }

  /// The parts of a tensor along an axis, by sizes or as many as there are outputs.
  func split(_ x: Tensor, _ axis: Int, _ sizes: [Int]?, count: Int) throws(ONNXError) -> [Tensor] {
    if let sizes {
      if sizes.contains(where: { $0 < 0 }) { throw .field("split", "\(sizes); sizes of 0 or more would fit") }
      return x.split(sizes: sizes, axis: axis)
    }
    if count < 1 || count > 1 << 20 { throw .field("num_outputs", "\(count); 1 or more would fit") }
    // Even parts, of which the last may be smaller.
    let (n, size) = (x.shape[axis], (x.shape[axis] + count - 1) / count)
    let parts = (0..<count).map { max(0, min(size, n - $0 * size)) }
    return x.split(sizes: parts, axis: axis)
  }

  /// `Pad` of every version.
  func padded() throws(ONNXError) -> Tensor {
    let x = try tensor(0)
    let given: [Int]
    if version < 11 {
      given = try attributes.ints(version < 2 ? "paddings" : "pads") ?? []
    } else {
      given = try integers(1)
    }
    var axes = Array(0..<x.rank)
    if version >= 18, has(3) { axes = try self.axes(integers(3), rank: x.rank, "input 3") }
    if given.count != 2 * axes.count { throw .field("pads", "\(given.count) numbers; \(2 * axes.count) would fit") }
    if given.contains(where: { $0.magnitude > 1 << 40 }) { throw .field("pads", "\(given)") }
    var amounts = Array(repeating: (before: 0, after: 0), count: x.rank)
    for (i, axis) in axes.enumerated() { amounts[axis] = (given[i], given[i + axes.count]) }
    switch try attributes.word("mode", "constant", ["constant", "reflect", "edge"] + (version >= 19 ? ["wrap"] : [])) {
    case "reflect": return x.padded(amounts, mode: .reflect)
    case "edge": return x.padded(amounts, mode: .replicate)
    case "wrap": return try wrapped(x, amounts)
    default:
      if version < 11 { return x.padded(amounts, value: try attributes.float("value", 0)) }
      guard has(2) else { return x.dtype == .bool ? x.padded(amounts, value: false) : x.padded(amounts) }
      let value = try typed(2)
      if x.dtype.isFloatingPoint { return x.padded(amounts, value: try double(2)) }
      let number = try value.integers("input 2").first ?? 0
      return x.dtype == .bool ? x.padded(amounts, value: number != 0) : x.padded(amounts, value: number)
    }
  }

  /// The elements again and again, also further than once around.
  private func wrapped(_ x: Tensor, _ amounts: [(before: Int, after: Int)]) throws(ONNXError) -> Tensor {
    var y = x
    for (axis, amount) in amounts.enumerated() where amount != (0, 0) {
      let n = x.shape[axis]
      let length = n + amount.before + amount.after
      if n == 0 || length < 0 || length > 1 << 26 { throw .field("pads", "\(amount) around axis \(axis) of \(x.shape)") }
      y = y.take(Tensor((0..<length).map { (($0 - amount.before) % n + n) % n }, shape: [length]), axis: axis)
    }
    return y
  }
}
