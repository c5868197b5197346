// Sizes as values of the file: constants, or arithmetic on the shapes of inputs and other values.
extension GraphWriter {
  /// A size as a vector of one integer.
  ///
  /// - Parameter values: Values of the trace that may have it as the size of an axis.
  func size(_ size: Size, among values: [Int] = []) throws(ONNXError) -> String {
    if let fixed = size.fixed { return integers([fixed]) }
    if let axis = dynamic.first(where: { $0.size == size }) { return sizeOfAxis(axis.input, axis.axis) }
    for value in values {
      guard let axis = sizes(value).firstIndex(of: size), case .named(let name)? = forms[value] else { continue }
      return sizeOfAxis(name, axis)
    }
    guard let formula = SizeFormula(size, dynamic) else {
      if let (axis, rest) = size.sum(of: dynamic) { return node("Add", [sizeOfAxis(axis.input, axis.axis), try self.size(rest)]) }
      let found = size.values.map(String.init).joined(separator: ", ")
      throw ONNXError(
        message: "a size (\(found) at the sizes that were tried) follows from the dynamic axes in a way that cannot be written")
    }
    var result = ""
    for axis in formula.axes {
      let factor = sizeOfAxis(dynamic[axis].input, dynamic[axis].axis)
      result = result.isEmpty ? factor : node("Mul", [result, factor])
    }
    if formula.numerator != 1 { result = node("Mul", [result, integers([formula.numerator])]) }
    if formula.denominator != 1 { result = node("Div", [result, integers([formula.denominator])]) }
    return formula.offset == 0 ? result : node("Add", [result, integers([formula.offset])])
  }

  private func sizeOfAxis(_ name: String, _ axis: Int) -> String {
    node("Shape", [name], ["start": .int(axis), "end": .int(axis + 1)])
  }

  /// Sizes as a vector.
  func shape(_ sizes: [Size], among values: [Int] = []) throws(ONNXError) -> String {
    if let fixed = sizes.fixed { return integers(fixed) }
    var parts: [String] = []
    for size in sizes { parts.append(try self.size(size, among: values)) }
    return parts.count == 1 ? parts[0] : node("Concat", parts, ["axis": .int(0)])
  }

  /// A value in other sizes.
  func reshape(_ name: String, _ from: [Size], _ to: [Size], among values: [Int] = []) throws(ONNXError) -> String {
    if from == to { return name }
    if let fixed = to.fixed { return node("Reshape", [name, integers(fixed)], fixed.contains(0) ? ["allowzero": .int(1)] : [:]) }
    // A size of the same place is copied by 0, and one may follow from the others.
    var plan: [Int?] = to.enumerated().map { axis, size in
      size.fixed ?? (from.indices.contains(axis) && from[axis] == size ? 0 : nil)
    }
    if plan.count(where: { $0 == nil }) <= 1, !to.contains(where: { $0.fixed == 0 }) {
      for axis in plan.indices where plan[axis] == nil { plan[axis] = -1 }
      return node("Reshape", [name, integers(plan.map { $0 ?? -1 })])
    }
    return node("Reshape", [name, try shape(to, among: values)], ["allowzero": .int(1)])
  }
}
