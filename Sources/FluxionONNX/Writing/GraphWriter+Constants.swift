import Tensors

extension GraphWriter {
  /// A constant of the traces: the same at all, or what can be made anew for each size.
  func constantForm(_ value: Int) throws(ONNXError) -> WrittenForm {
    let all = traces.compactMap { $0.constants[value] }
    guard all.count == traces.count else {
      throw ONNXError(message: "what an operator wrote beside its result has no form in ONNX's operators")
    }
    let compact = all.map { $0.withoutRepetitions }
    let sizes = (0..<compact[0].rank).map { axis in Size(compact.map { $0.shape[axis] }) }
    if compact.allSatisfy({ $0.hasSameBytes(as: compact[0]) }) {
      let name = constant(compact[0])
      return sizes == self.sizes(value) ? .named(name) : .stretched(name, sizes)
    }
    // What is made anew for each size: one number, or numbers at equal distances.
    let firsts = all.map { $0.elementCount == 0 ? nil : $0.reshaped([-1])[0] as Tensor }
    if all.allSatisfy({ $0.hasEqualElements }), let first = firsts.first(where: { $0 != nil }) ?? nil,
      firsts.allSatisfy({ $0 == nil || $0!.hasSameBytes(as: first) })
    {
      return .stretched(constant(first), sizes.map { _ in Size(traces.map { _ in 1 }) })
    }
    let long = self.sizes(value).indices.filter { self.sizes(value)[$0].example != 1 || self.sizes(value)[$0].fixed == nil }
    let dtype = all[0].dtype
    // Positions that count on from what was before begin at a size.
    let starts = firsts.map { $0.map { $0.cast(to: .float64).item() } ?? .nan }
    let isMoved = dtype != .bool && starts.contains { $0 != starts[0] } && starts.allSatisfy { $0 == $0.rounded() && abs($0) < 0x1p53 }
    let begin = isMoved ? Size(starts.map { Int($0) }) : nil
    let counted = begin == nil ? all : zip(all, starts).map { $0.cast(to: .float64) - $1 }
    if long.count == 1, dtype.isInteger || dtype.isFloatingPoint, let (start, step, run, period) = progression(counted) {
      let size = try self.size(self.sizes(value)[long[0]])
      let count = node("Squeeze", [size, integers([0])])
      var steps = node("Range", [whole(0, .int64), count, whole(1, .int64)])
      if run > 1 { steps = node("Div", [steps, whole(Int64(run), .int64)]) }
      if let period { steps = node("Mod", [steps, whole(Int64(period), .int64)]) }
      let numbers = dtype == .int64 ? steps : node("Cast", [steps], ["to": .int(Int(ONNXElementType(dtype).rawValue))])
      let scaled = step == 1 ? numbers : node("Mul", [numbers, number(step, dtype)])
      var moved = start == 0 ? scaled : node("Add", [scaled, number(start, dtype)])
      if let begin {
        let first = node("Squeeze", [try self.size(begin), integers([0])])
        moved = node("Add", [moved, dtype == .int64 ? first : node("Cast", [first], ["to": .int(Int(ONNXElementType(dtype).rawValue))])])
      }
      if all[0].rank == 1 { return .named(moved) }
      let others = (0..<all[0].rank).filter { $0 != long[0] }
      return .named(node("Unsqueeze", [moved, integers(others)]))
    }
    if let mask = try causalMask(compact) { return sizes == self.sizes(value) ? .named(mask) : .stretched(mask, sizes) }
    throw ONNXError(
      message: "a constant \(dtype) \(all[0].shape) depends on the size of a dynamic axis (it is \(all[1].shape) with another size); "
        + "one number for all elements, or numbers at equal distances, would fit")
  }

  /// Booleans that are true up to a column that moves on with the row, in all of the tensors: which keys queries see that come after others.
  private func causalMask(_ all: [Tensor]) throws(ONNXError) -> String? {
    guard all.allSatisfy({ $0.dtype == .bool && $0.rank >= 2 && $0.shape.dropLast(2).allSatisfy { $0 == 1 } && $0.elementCount > 0 }) else {
      return nil
    }
    var firsts: [Int] = []
    for x in all {
      let (rows, columns) = (x.shape[-2], x.shape[-1])
      let elements = x.reshaped([-1]).scalars(Bool.self)
      let first = elements[..<columns].firstIndex(of: false) ?? columns
      guard elements.indices.allSatisfy({ elements[$0] == ($0 % columns < first + $0 / columns) }), rows > 1 || first < columns else {
        return nil
      }
      firsts.append(first)
    }
    func numbers(_ axis: Int) throws(ONNXError) -> String {
      let count = node("Squeeze", [try size(Size(all.map { $0.shape[axis] })), integers([0])])
      return node("Range", [whole(0, .int64), count, whole(1, .int64)])
    }
    let first = node("Squeeze", [try size(Size(firsts)), integers([0])])
    let ends = node("Unsqueeze", [node("Add", [try numbers(-2), first]), integers([1])])
    let mask = node("Less", [try numbers(-1), ends])
    return all[0].rank == 2 ? mask : node("Unsqueeze", [mask, integers(Array(0..<(all[0].rank - 2)))])
  }

  /// Elements that are start + step·(⌊i / run⌋ modulo period) in all of the tensors, if there are such numbers.
  ///
  /// They are 0, 1, 2, …, or 0, 0, 1, 1, …, or 0, 1, 0, 1, ….
  private func progression(_ all: [Tensor]) -> (start: Double, step: Double, run: Int, period: Int?)? {
    let lists = all.map { $0.cast(to: .float64).reshaped([-1]).scalars(Double.self) }
    guard let longest = lists.max(by: { $0.count < $1.count }), let start = longest.first,
      let run = longest.firstIndex(where: { $0 != start })
    else { return nil }
    let step = longest[run] - start
    let period = stride(from: run, to: longest.count, by: run).first { longest[$0] == start }.map { $0 / run }
    let agrees = lists.allSatisfy { list in
      list.enumerated().allSatisfy { i, y in
        let place = period.map { i / run % $0 } ?? i / run
        return y == start + Double(place) * step
      }
    }
    return agrees ? (start, step, run, period) : nil
  }
}

extension Tensor {
  /// Whether both have one shape, one dtype and the same bits.
  package func hasSameBytes(as other: Tensor) -> Bool {
    guard shape == other.shape, dtype == other.dtype else { return false }
    return withBytes { a in other.withBytes { b in a.elementsEqual(b) } ?? false } ?? false
  }

  /// Whether all elements have the same bits.
  var hasEqualElements: Bool {
    let size = dtype.byteCount
    return withBytes { bytes in
      bytes.count <= size || bytes[..<(bytes.count - size)].elementsEqual(bytes[size...])
    } ?? false
  }
}
