import Tensors

extension WriterTable {
  /// Rectangular parts, as views, with padding around them, and replaced.
  static let regions: [WriterRow] = [
    WriterRow("Slice") { (call) throws(ONNXError) in
      let (starts, counts) = (try call.sizes(at: "region.starts"), try call.sizes(at: "region.shape"))
      let steps = try call.ints("region.steps")
      if case .packed(let parts) = try call.form(0), counts.count == 1 {
        // One of the results of a kernel with several.
        var start = Size(call.nodes.map { _ in 0 })
        for part in parts {
          let count = part.sizes.count(call.nodes.count)
          if start == starts[0] && count == counts[0] { return .flat(part.name, part.sizes) }
          start = start + count
        }
      }
      let part = try call.graph.part(
        try call.name(0), call.sizes(0), starts, counts, steps, among: Array(call.node.operands.prefix(call.operandCount)))
      guard call.has("axes") else { return .named(part) }
      let axes = try call.ints("axes")
      let gone = counts.indices.filter { !axes.contains($0) }
      let new = axes.indices.filter { axes[$0] < 0 }
      var name = gone.isEmpty ? part : call.graph.node("Squeeze", [part, call.graph.integers(gone)])
      let kept = axes.filter { $0 >= 0 }
      if kept != kept.sorted() { throw ONNXError(message: "exchanges axes of a part, which cannot be written") }
      if !new.isEmpty { name = call.graph.node("Unsqueeze", [name, call.graph.integers(new)]) }
      return .named(name)
    },
    .named("Embed") { (call) throws(ONNXError) in
      let (starts, counts, shape) = (
        try call.sizes(at: "region.starts"), try call.sizes(at: "region.shape"), try call.sizes(at: "shape")
      )
      if try call.ints("region.steps").contains(where: { $0 != 1 }) {
        throw ONNXError(message: "of elements that stand apart has no form in ONNX's operators")
      }
      var (before, after) = ([Int](), [Int]())
      for axis in starts.indices {
        before.append(try call.fixed(starts[axis], "the padding"))
        after.append(try call.fixed(shape[axis] - starts[axis] - counts[axis], "the padding"))
      }
      let value: String
      switch try call.choice("value").content {
      case .double(let x)?: value = call.graph.number(x, call.resultType)
      case .int(let x)?: value = call.graph.whole(Int64(x), call.resultType)
      default: value = call.graph.number(0, call.resultType)
      }
      return call.graph.node("Pad", [try call.name(0), call.graph.integers(before + after), value])
    },
    .named("Replace") { (call) throws(ONNXError) in
      let (starts, counts) = (try call.sizes(at: "region.starts"), try call.sizes(at: "region.shape"))
      if try call.ints("region.steps").contains(where: { $0 != 1 }) {
        throw ONNXError(message: "of elements that stand apart has no form in ONNX's operators")
      }
      let region = try starts.indices.map { (axis) throws(ONNXError) in
        (
          start: try call.fixed(starts[axis], "the place"), isAll: starts[axis].fixed == 0 && counts[axis] == call.sizes(0)[axis],
          count: counts[axis]
        )
      }
      var ends: [Int: Int] = [:]
      for (axis, part) in region.enumerated() where !part.isAll { ends[axis] = part.start + (try call.fixed(part.count, "the part")) }
      /// x with the part from an axis on replaced.
      func replaced(_ x: String, _ axis: Int) throws(ONNXError) -> String {
        guard let next = (axis..<region.count).first(where: { !region[$0].isAll }), let end = ends[next] else { return try call.name(1) }
        let start = region[next].start
        var parts: [String] = []
        if start > 0 { parts.append(call.graph.slice(x, axis: next, 0, start)) }
        parts.append(try replaced(call.graph.slice(x, axis: next, start, end), next + 1))
        if call.sizes(0)[next].fixed != end { parts.append(call.graph.slice(x, axis: next, end, .max)) }
        return parts.count == 1 ? parts[0] : call.graph.node("Concat", parts, ["axis": .int(next)])
      }
      return try replaced(try call.name(0), 0)
    },
  ]

  /// Diagonals of the matrices that two axes span.
  static let diagonals: [WriterRow] = [
    .named("Diagonal") { (call) throws(ONNXError) in
      let (rows, columns) = (try call.axis("rows"), try call.axis("columns"))
      let (m, n) = (try call.fixed(call.sizes(0)[rows], "a diagonal"), try call.fixed(call.sizes(0)[columns], "a diagonal"))
      let order = call.sizes(0).indices.filter { $0 != rows && $0 != columns } + [rows, columns]
      let moved = call.graph.transpose(try call.name(0), order)
      let kept = call.resultSizes.dropLast()
      let flat = try call.graph.reshape(
        moved, order.map { call.sizes(0)[$0] }, kept + [Size(call.nodes.map { _ in m * n })], among: [call.value(0)])
      let places = diagonal(m, n, try call.int("offset")).map { $0.row * n + $0.column }
      return call.graph.node("Gather", [flat, call.graph.integers(places)], ["axis": .int(kept.count)])
    },
    .named("PutDiagonal") { (call) throws(ONNXError) in
      let rank = call.sizes(0).count
      func axis(_ path: String) throws(ONNXError) -> Int { try call.axis(path) }
      let (rows, columns) = (try axis("diagonal.rows"), try axis("diagonal.columns"))
      let (m, n) = (try call.fixed(call.sizes(0)[rows], "a diagonal"), try call.fixed(call.sizes(0)[columns], "a diagonal"))
      let order = (0..<rank).filter { $0 != rows && $0 != columns } + [rows, columns]
      let places = diagonal(m, n, try call.int("diagonal.offset"))
      if places.isEmpty { return try call.name(0) }
      var (mask, from) = ([Bool](repeating: false, count: m * n), [Int](repeating: 0, count: m * n))
      for (i, place) in places.enumerated() { (mask[place.row * n + place.column], from[place.row * n + place.column]) = (true, i) }
      let values = call.graph.node("Gather", [try call.name(1), call.graph.integers(from, shape: [m, n])], ["axis": .int(rank - 2)])
      let isDiagonal = call.graph.constant(Tensor(mask, shape: [m, n]))
      let y = ElementwiseWriter(call.graph, [], call.resultType).chosen(isDiagonal, values, call.graph.transpose(try call.name(0), order))
      var back = order
      for (to, from) in order.enumerated() { back[from] = to }
      return call.graph.transpose(y, back)
    },
  ]

  /// The places on a diagonal of an m by n matrix, in order.
  private static func diagonal(_ m: Int, _ n: Int, _ offset: Int) -> [(row: Int, column: Int)] {
    let (row, column) = offset >= 0 ? (0, offset) : (offset == .min ? m : -offset, 0)
    return (0..<Swift.max(0, Swift.min(m - row, n - column))).map { (row + $0, column + $0) }
  }
}

extension GraphWriter {
  /// A rectangular part: starts, counts and steps of all axes.
  func part(
    _ name: String, _ sizes: [Size], _ starts: [Size], _ counts: [Size], _ steps: [Int], among values: [Int]
  ) throws(ONNXError) -> String {
    var (axes, from, to, by) = ([Int](), [String](), [String](), [Int]())
    for axis in sizes.indices {
      let (size, start, count, step) = (sizes[axis], starts[axis], counts[axis], steps[axis])
      if step == 1, start.fixed == 0, count == size { continue }
      axes.append(axis)
      by.append(step)
      let last = start + count.times(step)
      if step > 0 {
        from.append(try place(start, size, among: values))
        let isWhole = zip(last.values, size.values).allSatisfy { $0 >= $1 }
        to.append(isWhole ? integers([.max]) : try place(last, size, among: values))
      } else {
        from.append(start == size - Size(size.values.map { _ in 1 }) ? integers([.max]) : try place(start, size, among: values))
        to.append(last.values.allSatisfy { $0 < 0 } ? integers([.min]) : try place(last, size, among: values))
      }
    }
    return axes.isEmpty ? name : slice(name, axes, from: from, to: to, by: by)
  }

  /// A place along an axis, counted from its end where that is always the same number.
  private func place(_ place: Size, _ size: Size, among values: [Int]) throws(ONNXError) -> String {
    if place.fixed == nil, let fromEnd = (place - size).fixed, fromEnd < 0 { return integers([fromEnd]) }
    return try self.size(place, among: values)
  }
}
