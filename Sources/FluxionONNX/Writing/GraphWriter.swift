import Foundation
import Tensors

/// An attribute of a written node.
enum AttributeContent: Hashable {
  case int(Int)
  case float(Double)
  case text(String)
  case ints([Int])
  case texts([String])
}

/// What a value of a trace is in the file.
enum WrittenForm {
  /// A value of this name.
  case named(String)
  /// A smaller value that element-wise operators stretch by themselves, and its sizes.
  case stretched(String, [Size])
  /// Several values, one after the other in one vector, as kernels with several results give them.
  case packed([(name: String, sizes: [Size])])
  /// A value of these sizes, seen as a vector.
  case flat(String, [Size])
}

/// An ONNX graph while it is made from traces.
final class GraphWriter {
  /// The operator set that files are written for.
  static let version = 20

  let traces: [OperatorTrace]
  let dynamic: [DynamicAxis]
  private(set) var nodes: [Onnx_NodeProto] = []
  private(set) var initializers: [(name: String, value: Tensor)] = []
  private var forms: [Int: WrittenForm] = [:]
  private var producers: [Int: Int] = [:]
  private var usedNames: Set<String> = []
  private var known: [NodeKey: [String]] = [:]
  private var numbers: [NumberKey: String] = [:]
  private var constantNames: [Data: String] = [:]
  /// The part that is being written.
  private var part = ""

  private struct NodeKey: Hashable {
    let operation: String
    let inputs: [String]
    let attributes: [String: AttributeContent]
    let outputs: Int
  }
  private struct NumberKey: Hashable {
    let values: [Double]
    let wholes: [Int64]
    let dtype: DType
    let shape: [Int]
  }

  init(_ traces: [OperatorTrace], _ dynamic: [DynamicAxis], reserved: [String]) {
    (self.traces, self.dynamic) = (traces, dynamic)
    usedNames = Set(reserved)
    for (place, node) in traces[0].nodes.enumerated() { producers[node.result] = place }
  }

  // MARK: Names and nodes

  /// A name that nothing else has.
  func unique(_ name: String) -> String {
    var candidate = name
    var count = 0
    while !usedNames.insert(candidate).inserted {
      count += 1
      candidate = "\(name)_\(count)"
    }
    return candidate
  }

  /// Writes a node and gives its outputs' names.
  ///
  /// One that is there already with these inputs and attributes is not written again.
  func node(
    _ operation: String, _ inputs: [String], _ attributes: [String: AttributeContent] = [:], outputs count: Int
  ) -> [String] {
    let key = NodeKey(operation: operation, inputs: inputs, attributes: attributes, outputs: count)
    if let outputs = known[key] { return outputs }
    var node = Onnx_NodeProto()
    node.opType = operation
    node.input = inputs
    node.name = unique((part.isEmpty ? "" : "/\(part)") + "/\(operation)")
    node.output = (0..<count).map { "\(node.name)_output_\($0)" }
    node.attribute = attributes.sorted { $0.key < $1.key }.map { name, content in
      var attribute = Onnx_AttributeProto()
      attribute.name = name
      switch content {
      case .int(let x): (attribute.type, attribute.i) = (.int, Int64(x))
      case .float(let x): (attribute.type, attribute.f) = (.float, Float(x))
      case .text(let x): (attribute.type, attribute.s) = (.string, Data(x.utf8))
      case .ints(let x): (attribute.type, attribute.ints) = (.ints, x.map { Int64($0) })
      case .texts(let x): (attribute.type, attribute.strings) = (.strings, x.map { Data($0.utf8) })
      }
      return attribute
    }
    nodes.append(node)
    known[key] = node.output
    return node.output
  }

  /// A node of one output.
  func node(_ operation: String, _ inputs: [String], _ attributes: [String: AttributeContent] = [:]) -> String {
    node(operation, inputs, attributes, outputs: 1)[0]
  }

  // MARK: Constants

  /// A tensor that is the same at each call.
  func constant(_ x: Tensor, _ name: String = "constant") -> String {
    var key = Data("\(x.dtype) \(x.shape) ".utf8)
    let isSmall = x.elementCount <= 4096
    if isSmall {
      _ = x.withBytes { key.append(contentsOf: $0) }
      if let known = constantNames[key] { return known }
    }
    let name = unique(name)
    initializers.append((name, x))
    if isSmall { constantNames[key] = name }
    return name
  }

  /// A parameter or buffer under its own name.
  func parameter(_ x: Tensor, _ name: String) { initializers.append((name, x)) }

  /// One number for all elements.
  func number(_ value: Double, _ dtype: DType) -> String {
    let key = NumberKey(values: [value], wholes: [], dtype: dtype, shape: [])
    if let name = numbers[key] { return name }
    let name = constant(Tensor.full([], value, .float64).cast(to: dtype))
    numbers[key] = name
    return name
  }

  /// One integer for all elements.
  func whole(_ value: Int64, _ dtype: DType) -> String { constant(Tensor([value], shape: []).cast(to: dtype)) }

  /// Integers as a vector.
  func integers(_ values: [Int]) -> String { constant(Tensor(values.map { Int64($0) }, shape: [values.count])) }

  /// Integers of a shape.
  func integers(_ values: [Int], shape: [Int]) -> String { constant(Tensor(values.map { Int64($0) }, shape: Shape(shape))) }

  // MARK: Values of the traces

  func set(_ value: Int, _ form: WrittenForm) { forms[value] = form }

  /// The sizes of a value.
  func sizes(_ value: Int) -> [Size] {
    let rank = traces[0].values[value].shape.rank
    return (0..<rank).map { axis in Size(traces.map { $0.values[value].shape[axis] }) }
  }

  func dtype(_ value: Int) -> DType { traces[0].values[value].dtype }

  /// The node that gives a value, if one does.
  func producer(_ value: Int) -> OperatorTrace.Node? { producers[value].map { traces[0].nodes[$0] } }

  /// What a value is; a constant is written when it is asked for first.
  func form(_ value: Int) throws(ONNXError) -> WrittenForm {
    if let form = forms[value] { return form }
    let form = try constantForm(value)
    forms[value] = form
    return form
  }

  /// A value under a name, as large as it is.
  func name(_ value: Int) throws(ONNXError) -> String {
    switch try form(value) {
    case .named(let name): return name
    case .stretched(let name, let sizes):
      let target = self.sizes(value)
      if sizes == target { return name }
      let full = node("Expand", [name, try shape(target)])
      return full
    case .packed(let parts):
      let flat = parts.map { node("Reshape", [$0.name, integers([-1])]) }
      let name = flat.count == 1 ? flat[0] : node("Concat", flat, ["axis": .int(0)])
      forms[value] = .named(name)
      return name
    case .flat(let name, _): return node("Reshape", [name, integers([-1])])
    }
  }

  private func constantForm(_ value: Int) throws(ONNXError) -> WrittenForm {
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
    if long.count == 1, dtype.isInteger || dtype.isFloatingPoint, let (start, step, run, period) = progression(all) {
      let size = try self.size(self.sizes(value)[long[0]])
      let count = node("Squeeze", [size, integers([0])])
      var steps = node("Range", [whole(0, .int64), count, whole(1, .int64)])
      if run > 1 { steps = node("Div", [steps, whole(Int64(run), .int64)]) }
      if let period { steps = node("Mod", [steps, whole(Int64(period), .int64)]) }
      let numbers = dtype == .int64 ? steps : node("Cast", [steps], ["to": .int(Int(ONNXElementType(dtype).rawValue))])
      let scaled = step == 1 ? numbers : node("Mul", [numbers, number(step, dtype)])
      let moved = start == 0 ? scaled : node("Add", [scaled, number(start, dtype)])
      if all[0].rank == 1 { return .named(moved) }
      let others = (0..<all[0].rank).filter { $0 != long[0] }
      return .named(node("Unsqueeze", [moved, integers(others)]))
    }
    throw ONNXError(
      message: "a constant \(dtype) \(all[0].shape) depends on the size of a dynamic axis (it is \(all[1].shape) with another size); "
        + "one number for all elements, or numbers at equal distances, would fit")
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

  // MARK: Sizes as values of the file

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

  // MARK: The whole

  /// The nodes, with outputs under their names; those that nothing needs are left out.
  func finish(_ outputs: [(name: String, value: Int)], inputs: [String]) throws(ONNXError) -> [Onnx_NodeProto] {
    var renamed: [String: String] = [:]
    var copies: [(from: String, to: String)] = []
    var sources: [(name: String, source: String)] = []
    for (name, value) in outputs { sources.append((name, try self.name(value))) }
    let made = Set(nodes.flatMap(\.output))
    for (name, source) in sources {
      // An input or a constant, or what two outputs are, has a name already.
      if made.contains(source), renamed[source] == nil {
        renamed[source] = name
      } else {
        copies.append((source, name))
      }
    }
    var all = nodes
    for i in all.indices {
      all[i].input = all[i].input.map { renamed[$0] ?? $0 }
      all[i].output = all[i].output.map { renamed[$0] ?? $0 }
    }
    for (from, to) in copies {
      var node = Onnx_NodeProto()
      (node.opType, node.name) = ("Identity", unique("/Identity"))
      (node.input, node.output) = ([renamed[from] ?? from], [to])
      all.append(node)
    }
    var needed = Set(outputs.map(\.name))
    var kept: [Onnx_NodeProto] = []
    for node in all.reversed() where node.output.contains(where: { needed.contains($0) }) {
      needed.formUnion(node.input)
      kept.append(node)
    }
    return kept.reversed()
  }

  /// The initializers that nodes read.
  func usedInitializers(_ nodes: [Onnx_NodeProto]) -> [(name: String, value: Tensor)] {
    let read = Set(nodes.flatMap(\.input))
    return initializers.filter { read.contains($0.name) }
  }

  /// Writes the nodes that some values depend on.
  func write(_ outputs: [Int]) throws(ONNXError) {
    var isNeeded: Set<Int> = Set(outputs)
    var places: [Int] = []
    for (place, node) in traces[0].nodes.enumerated().reversed()
    where isNeeded.contains(node.result) || node.saved.contains(where: { isNeeded.contains($0) }) {
      places.append(place)
      isNeeded.formUnion(node.operands)
    }
    for place in places.reversed() {
      let call = WriterCall(self, traces.map { $0.nodes[place] })
      part = call.partName
      do throws(ONNXError) {
        if call.node.isRandom {
          throw ONNXError(message: "draws random numbers, which a file would not draw again; in inference mode dropout does not")
        }
        guard let row = WriterTable.row(call.node.kind) else {
          throw ONNXError(message: "has no form in ONNX's operators")
        }
        let form = try row.write(call)
        // Runtimes differ in what they make of no elements.
        if let sizes = call.resultSizes.fixed, sizes.contains(0) {
          set(call.node.result, .named(constant(Tensor.zeros(Shape(sizes), call.resultType))))
        } else {
          set(call.node.result, form)
        }
      } catch {
        var error = error
        if error.field.isEmpty { error.field = call.node.operation + (call.node.part.isEmpty ? "" : " in \(call.node.part)") }
        throw error
      }
    }
    part = ""
  }
}

extension Tensor {
  /// Whether both have one shape, one dtype and the same bits.
  func hasSameBytes(as other: Tensor) -> Bool {
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
