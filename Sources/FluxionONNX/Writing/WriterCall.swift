import Tensors

/// One operator of the traces while it is written: its operands as values of the file, and its attributes.
struct WriterCall {
  let graph: GraphWriter
  /// The same use at each trace.
  let nodes: [OperatorTrace.Node]
  private let trees: [AttributeTree]
  private let tensorCount: Int

  init(_ graph: GraphWriter, _ nodes: [OperatorTrace.Node]) {
    self.graph = graph
    self.nodes = nodes
    let read = nodes.map { AttributeTree.of($0.primitive) }
    trees = read.map(\.tree)
    tensorCount = read[0].tensorCount
  }

  var node: OperatorTrace.Node { nodes[0] }

  /// The model part without its type: `layers.0`.
  var partName: String {
    let part = node.part
    if let bracket = part.firstIndex(of: "("), part.hasSuffix(")") { return part[..<bracket].trimmingCharacters() }
    // The model itself has only a type.
    return ""
  }

  // MARK: Operands

  /// How many tensors it takes, those among the attributes left out.
  var operandCount: Int { node.operands.count - tensorCount }
  /// The operand's value in the trace.
  func value(_ i: Int) -> Int { node.operands[i] }
  /// The operand under a name, as large as it is.
  func name(_ i: Int) throws(ONNXError) -> String { try graph.name(node.operands[i]) }
  /// The operand, smaller where operators that broadcast would stretch it.
  func smallName(_ i: Int) throws(ONNXError) -> String {
    if case .stretched(let name, _) = try form(i) { return name }
    return try name(i)
  }
  func form(_ i: Int) throws(ONNXError) -> WrittenForm { try graph.form(node.operands[i]) }
  func sizes(_ i: Int) -> [Size] { graph.sizes(node.operands[i]) }
  func dtype(_ i: Int) -> DType { graph.dtype(node.operands[i]) }
  var resultSizes: [Size] { graph.sizes(node.result) }
  var resultType: DType { graph.dtype(node.result) }
  func ones(_ rank: Int) -> [Size] { Array(repeating: Size(nodes.map { _ in 1 }), count: rank) }

  /// Operands of one element-wise operator: none larger than it has to be, as ONNX's operators broadcast by themselves.
  func broadcastNames(_ operands: [Int]) throws(ONNXError) -> [String] {
    var names: [(name: String, sizes: [Size])] = []
    for i in operands {
      if case .stretched(let name, let sizes) = try form(i) {
        names.append((name, sizes))
      } else {
        names.append((try name(i), self.sizes(i)))
      }
    }
    let target = resultSizes
    let covers = target.indices.allSatisfy { axis in
      names.contains { _, sizes in
        let place = axis - (target.count - sizes.count)
        return place >= 0 && sizes[place] == target[axis]
      }
    }
    if covers { return names.map(\.name) }
    var full: [String] = []
    for (k, i) in operands.enumerated() { full.append(k == 0 ? try name(i) : names[k].name) }
    return full
  }

  // MARK: Attributes

  private func all<T: Equatable>(_ path: String, _ read: (AttributeTree) -> T?) throws(ONNXError) -> T {
    let values = trees.map { tree in tree.at(path).flatMap(read) }
    guard let first = values[0] else { throw ONNXError(message: "has no attribute \(path) that can be written") }
    if !values.allSatisfy({ $0 == first }) {
      throw ONNXError(message: "its \(path) depends on the size of a dynamic axis, which cannot be written")
    }
    return first
  }

  func int(_ path: String) throws(ONNXError) -> Int { try all(path) { if case .int(let x) = $0 { x } else { nil } } }
  func double(_ path: String) throws(ONNXError) -> Double { try all(path) { if case .double(let x) = $0 { x } else { nil } } }
  func bool(_ path: String) throws(ONNXError) -> Bool { try all(path) { if case .bool(let x) = $0 { x } else { nil } } }
  func ints(_ path: String) throws(ONNXError) -> [Int] { try all(path) { $0.integers } }
  func doubles(_ path: String) throws(ONNXError) -> [Double] { try all(path) { if case .doubles(let x) = $0 { x } else { nil } } }
  /// The case of an enumeration.
  func choice(_ path: String) throws(ONNXError) -> (name: String, content: AttributeTree?) {
    let name = try all(path) { if case .choice(let name, _) = $0 { name } else { nil } }
    guard case .choice(_, let content)? = trees[0].at(path) else { return (name, nil) }
    return (name, content)
  }
  func has(_ path: String) -> Bool {
    switch trees[0].at(path) {
    case nil, AttributeTree.none?: false
    default: true
    }
  }
  /// Integers that may depend on dynamic axes.
  func sizes(at path: String) throws(ONNXError) -> [Size] {
    let lists = trees.compactMap { $0.at(path)?.integers }
    guard lists.count == trees.count, lists.allSatisfy({ $0.count == lists[0].count }) else {
      throw ONNXError(message: "has no attribute \(path) that can be written")
    }
    return lists[0].indices.map { i in Size(lists.map { $0[i] }) }
  }
  /// A tensor among the attributes, as the number of an operand; nil where there is none.
  func tensor(_ path: String) -> Int? {
    guard case .tensor(let k)? = trees[0].at(path) else { return nil }
    return operandCount + k
  }
  /// The name of a tensor among the attributes.
  func attributeName(_ path: String) throws(ONNXError) -> String {
    guard let i = tensor(path) else { throw ONNXError(message: "has no attribute \(path) that can be written") }
    return try name(i)
  }

  /// An axis counted from the front.
  func axis(_ path: String, of i: Int = 0) throws(ONNXError) -> Int {
    let axis = try int(path)
    return axis < 0 ? axis + sizes(i).count : axis
  }

  /// A size that has to be the same at every call.
  func fixed(_ size: Size, _ what: String) throws(ONNXError) -> Int {
    guard let fixed = size.fixed else { throw ONNXError(message: "\(what) depends on a dynamic axis, which cannot be written") }
    return fixed
  }
}

extension Substring {
  fileprivate func trimmingCharacters() -> String {
    var text = self
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}

/// How a primitive is written.
struct WriterRow: Sendable {
  /// The primitive's type.
  let kind: String
  let write: @Sendable (WriterCall) throws(ONNXError) -> WrittenForm

  init(_ kind: String, _ write: @escaping @Sendable (WriterCall) throws(ONNXError) -> WrittenForm) {
    (self.kind, self.write) = (kind, write)
  }

  /// A row that gives a value's name.
  static func named(_ kind: String, _ write: @escaping @Sendable (WriterCall) throws(ONNXError) -> String) -> WriterRow {
    WriterRow(kind) { (call) throws(ONNXError) in .named(try write(call)) }
  }
}

/// All primitives that can be written.
enum WriterTable {
  static let families: [[WriterRow]] = [
    elementwise, layouts, regions, diagonals, indexing, scattering, products, reductions, scans, sorting, convolutions, pools, sampling,
    normalizations, embeddings, attentions, recurrences,
  ]

  private static let rows = Dictionary(uniqueKeysWithValues: families.joined().map { ($0.kind, $0) })

  static func row(_ kind: String) -> WriterRow? { rows[kind] }
}
