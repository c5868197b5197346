// Where in a model an operator runs: what errors name, and what summaries are made of.

/// A step into a model: `layers.1 (Dense)`.
struct PathComponent {
  var name: StaticString
  /// A position, -1 for none; for a part found by its label, the label.
  var index: Int
  var type: Any.Type
  var isLabel = false
  /// The profiler's number of the part, once a parameter has told it; 0 before.
  var profiled: Int32 = 0
}

/// Runs `body` as a part of a model, so that a mistake inside it names the part: `… in layers.1 (Dense)`.
///
/// Containers call it around each of their parts; a model of one's own may, for parts whose place its errors should tell.
@inline(__always)
public func withPart<R>(_ name: StaticString, _ index: Int = -1, of type: Any.Type, _ body: () -> R) -> R {
  let context = Context.current
  context.path.append(PathComponent(name: name, index: index, type: type))
  defer { context.path.removeLast() }
  return body()
}

extension Context {
  /// Where the operators that run now stand: `layers.1.encoder (Dense)`, or nothing outside of models.
  ///
  /// A label is a whole path; what was entered before it is part of that.
  var location: String {
    // A profile enters layers whose names are not known: where there is a part with a name around them, that is the place.
    guard let last = path.last(where: { $0.isLabel || $0.index >= 0 || $0.name.utf8CodeUnitCount > 0 }) ?? path.last else { return "" }
    var names: [String] = []
    for step in path {
      if step.isLabel {
        names = [labels?.path(step.index) ?? ""]
      } else {
        names.append(step.index >= 0 ? "\(step.name).\(step.index)" : "\(step.name)")
      }
    }
    return place(names.filter { !$0.isEmpty }.joined(separator: "."), last.type)
  }

  /// The place of the part that one of the operands is a parameter of, if that is known and tells more than the parts being called.
  func location<X: Operands>(of x: X) -> String {
    let known = location
    for i in 0..<x.count {
      guard let owner = owner(of: x.node(i)) else { continue }
      let found = place(owner.path, owner.type)
      if found.count > known.count { return found }
    }
    return known
  }

  func owner(of node: Node) -> (path: String, type: Any.Type)? {
    if node.tape == Node.labelled { return labels.map { ($0.path(Int(node.index)), $0.types[Int(node.index)]) } }
    guard let tape, let variables else { return nil }
    return tape.origin(of: node).flatMap { variables.part(ofVariable: $0) }
  }

  func place(_ path: String, _ type: Any.Type) -> String {
    path.isEmpty ? name(of: type) : "\(path) (\(name(of: type)))"
  }
}

/// A type with a name of its own for errors and summaries, the one people write: `Conv2D` for `Convolution<2>`.
package protocol NamedType {
  /// The name.
  static var typeName: String { get }
}

/// What errors and summaries call a type.
package func name(of type: Any.Type) -> String { (type as? any NamedType.Type)?.typeName ?? "\(type)" }

/// Who knows a gradient call's variables: the model they are parameters of.
package protocol VariableNames {
  /// The path and the type of the part that has the variable of a tape position, if that is one of these.
  func part(ofVariable index: Int) -> (path: String, type: Any.Type)?
}

/// The names of a model's parts while a run on shapes alone goes through them, and what it finds out.
package final class PartLabels {
  package var paths: [String] = []
  package var types: [Any.Type] = []
  /// What ran in each part, and the shape of what it gave.
  package var runs: [PartRun] = []
  /// Whether layers whose sizes are open complete themselves by what they are called with.
  package var completes = false
  /// The operators that ran, in order.
  package private(set) var operators: [String] = []
  /// The shape that each part was called with first.
  package var inputs: [Int: Shape] = [:]
  fileprivate var entered: [Int] = []

  package init() {}

  /// A new label, 1 and on: 0 is none.
  package func add(_ path: String, _ type: Any.Type) -> Int {
    if paths.isEmpty {
      paths.append("")
      types.append(Never.self)
      runs.append(PartRun())
    }
    paths.append(path)
    types.append(type)
    runs.append(PartRun())
    return paths.count - 1
  }

  func path(_ label: Int) -> String { paths.indices.contains(label) ? paths[label] : "" }

  /// Takes down an operator that ran: for the part whose parameter it uses, or else for the innermost part that is running.
  func ran<P: Primitive>(_ primitive: P, _ x: P.Inputs, _ result: Signature) where P.Inputs: Operands {
    operators.append(primitive.name)
    var label = entered.last ?? 0
    for i in 0..<x.count where x.node(i).tape == Node.labelled && runs[Int(x.node(i).index)].depth == 0 {
      label = Int(x.node(i).index)
      // A part without a place of its own: what its parameters gave last stands for what it gives.
      runs[label].output = result.shape
    }
    if !runs.indices.contains(label) { return }
    runs[label].multiplyAdds = runs[label].multiplyAdds.saturatingPlus(primitive.multiplyAdds(x, result))
    if primitive.isView { return }
    runs[label].byteCount = runs[label].byteCount.saturatingPlus(result.shape.elementCount.saturatingTimes(result.dtype.byteCount))
  }
}

/// What one part of a model has, and did in a run on shapes alone.
package struct PartRun {
  /// The label of the part it stands in.
  package var parent = 0
  /// Numbers of its own parameters, the parts inside it left out.
  package var parameters = 0
  /// Those of them that are frozen.
  package var frozen = 0
  /// How often it was called.
  package var calls = 0
  /// Products of two numbers that were added up, the parts inside it left out.
  package var multiplyAdds = 0
  /// Bytes of the tensors that its operators made, the parts inside it left out.
  package var byteCount = 0
  /// The shape of what it gave last.
  package var output: Shape?
  /// How many of its calls are running.
  fileprivate var depth = 0
}

/// Whether parts are to tell when they are entered: in a run on shapes alone whose parts have labels, and in a profile.
@inline(__always)
package var isLabelled: Bool { Context.current.isLabelled }

/// The labels, if so.
package var partLabels: PartLabels? { Context.current.labels }

/// Runs `body` on shapes alone, as a run through the parts that have these labels.
package func dryRun<R>(through labels: PartLabels, _ body: () -> R) -> R {
  let context = Context.current
  let (outer, variables, random) = (context.labels, context.variables, context.random)
  context.labels = labels
  context.variables = nil
  // What is drawn on the way is not kept: the stream goes on from where it was.
  defer {
    context.labels = outer
    context.variables = variables
    context.random = random
  }
  return dryRun { body() }
}

/// Runs `body` as the part of a label, and takes down the shape of what it gives if that is a tensor.
package func entering<R>(_ label: Int, of type: Any.Type, input: Shape?, _ body: () -> R) -> R {
  let context = Context.current
  guard let labels = context.labels, label > 0, labels.runs.indices.contains(label) else {
    if context.profiler == nil { return body() }
    // In a profile the type is known; the name follows from the parameters that are used.
    context.path.append(PathComponent(name: "", index: -1, type: type))
    defer { context.path.removeLast() }
    return body()
  }
  if let input, labels.inputs[label] == nil { labels.inputs[label] = input }
  // A wrapper without a name of its own and what it holds are one part.
  if labels.entered.last == label { return body() }
  context.path.append(PathComponent(name: "", index: label, type: type, isLabel: true))
  labels.entered.append(label)
  labels.runs[label].calls += 1
  labels.runs[label].depth += 1
  let result = body()
  labels.runs[label].depth -= 1
  labels.runs[label].output = (result as? Tensor)?.shape
  labels.entered.removeLast()
  context.path.removeLast()
  return result
}

/// Runs `body`; `locate` is asked for the part where a mistake in it happened, if the parts being called do not tell.
package func locating<R>(by locate: (TensorError) -> String, _ body: () -> R) -> R {
  let context = Context.current
  let outer = context.locate
  return withoutActuallyEscaping(locate) { locate in
    context.locate = locate
    defer { context.locate = outer }
    return body()
  }
}

extension Tensor {
  /// The same tensor with the label of the part that it is a parameter of.
  package func labelled(_ label: Int) -> Tensor {
    var x = self
    x.node = Node(tape: Node.labelled, index: Int32(label), level: 0)
    return x
  }

  /// The same tensor with the label that another one has, if it has one.
  package func labelled(as other: Tensor) -> Tensor {
    var x = self
    x.node = other.node
    return x
  }
}
