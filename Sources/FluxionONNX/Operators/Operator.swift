import Tensors

/// A row of the operator table: an ONNX operator and how Fluxion says it.
struct Operator: Sendable {
  typealias Run = @Sendable (_ call: Call) throws -> [Value]

  /// The operator's name in ONNX.
  let name: String
  /// The versions at which its definition changed.
  let versions: [Int]
  /// How Fluxion says it, for the guide.
  let text: String
  let run: Run
  /// Whether its results have no elements but those of its operands, so that halves are rounded already.
  var movesElements: Bool { Self.movers.contains(name) }

  private static let movers: Set<String> = [
    "Reshape", "Transpose", "Slice", "Gather", "GatherElements", "GatherND", "Concat", "Split", "Squeeze", "Unsqueeze", "Identity",
    "Expand", "Tile",
    "Flatten", "Where", "Cast", "CastLike", "BitCast", "Constant", "ConstantOfShape", "Shape", "Size", "MaxPool", "Relu", "Neg", "Abs",
    "If", "Loop", "Scan",
    "SequenceMap", "SequenceAt", "SequenceInsert", "SequenceErase", "SequenceConstruct", "SplitToSequence", "function", "DepthToSpace",
    "SpaceToDepth",
    "Compress", "ScatterElements", "ScatterND", "Unique", "TopK",
  ]

  init(_ name: String, _ versions: [Int], _ text: String, _ run: @escaping Run) {
    (self.name, self.versions, self.text, self.run) = (name, versions, text, run)
  }

  /// An operator with one tensor as its result, of the first operand's type.
  static func one(
    _ name: String, _ versions: [Int], _ text: String, _ run: @escaping @Sendable (_ call: Call) throws -> Tensor
  ) -> Operator {
    Operator(name, versions, text) { call in [.tensor(TypedTensor(try run(call), try call.type(0)))] }
  }

  /// The same with Booleans as its result.
  static func mask(
    _ name: String, _ versions: [Int], _ text: String, _ run: @escaping @Sendable (_ call: Call) throws -> Tensor
  ) -> Operator {
    Operator(name, versions, text) { call in [.tensor(TypedTensor(try run(call), .bool))] }
  }
}

/// One use of an operator while a model runs.
struct Call {
  let node: Node
  /// The operands; nil for those left out.
  let inputs: [Value?]
  let environment: Environment
  let frame: Environment.Frame

  var version: Int { node.version }
  var attributes: Attributes { node.attributes }
  /// How many outputs somebody named.
  var outputCount: Int { node.outputs.count }
  func isWanted(_ output: Int) -> Bool { output < node.outputs.count && node.outputs[output] >= 0 }

  func has(_ i: Int) -> Bool { i < inputs.count && inputs[i] != nil }

  func value(_ i: Int) throws(ONNXError) -> Value {
    guard i < inputs.count, let value = inputs[i] else { throw .field("input \(i)", "is missing") }
    return value
  }

  func typed(_ i: Int) throws(ONNXError) -> TypedTensor {
    let value = try self.value(i)
    guard case .tensor(let x) = value else { throw .field("input \(i)", "is \(value.kind); a tensor would fit") }
    return x
  }

  func tensor(_ i: Int) throws(ONNXError) -> Tensor { try typed(i).tensor }
  func optional(_ i: Int) throws(ONNXError) -> Tensor? { has(i) ? try tensor(i) : nil }
  func type(_ i: Int) throws(ONNXError) -> ONNXElementType { try typed(i).type }

  /// The elements of an operand that has to be known: axes, sizes, positions.
  func integers(_ i: Int) throws(ONNXError) -> [Int] { try typed(i).integers("input \(i)") }
  func integer(_ i: Int) throws(ONNXError) -> Int {
    let elements = try integers(i)
    guard elements.count == 1 else { throw .field("input \(i)", "\(elements.count) elements; one would fit") }
    return elements[0]
  }
  func doubles(_ i: Int) throws(ONNXError) -> [Double] { try typed(i).doubles("input \(i)") }
  func double(_ i: Int) throws(ONNXError) -> Double {
    let elements = try doubles(i)
    guard elements.count == 1 else { throw .field("input \(i)", "\(elements.count) elements; one would fit") }
    return elements[0]
  }

  func graph(_ name: String) throws(ONNXError) -> Subgraph {
    guard let graph = node.graphs[name] else { throw .field("attribute \(name)", "is missing; a graph would fit") }
    return graph
  }

  /// An axis, of which negative ones count from the end.
  func axis(_ axis: Int, rank: Int, _ field: String = "attribute axis") throws(ONNXError) -> Int {
    guard axis >= -rank && axis < rank else {
      throw .field(field, "\(axis); " + (rank == 0 ? "a scalar has no axes" : "\(-rank) to \(rank - 1) would fit"))
    }
    return axis < 0 ? axis + rank : axis
  }

  func axes(_ axes: [Int], rank: Int, _ field: String = "attribute axes") throws(ONNXError) -> [Int] {
    var seen: Set<Int> = []
    var result: [Int] = []
    for axis in axes {
      let axis = try self.axis(axis, rank: rank, field)
      if !seen.insert(axis).inserted { throw .field(field, "\(axes) names an axis twice") }
      result.append(axis)
    }
    return result
  }
}
