import Models
import Tensors

/// A model's tensors by name, as they are written: parameters and buffers, and the states that a run leaves.
struct ModelTensors {
  var parameters: [(name: String, value: Tensor)] = []
  var states: [(name: String, value: Tensor)] = []
  var streams: [RandomStream] = []

  init<M: Model>(_ model: M) {
    var copy = model
    var visitor = Collect()
    copy.visit(&visitor)
    (parameters, states, streams) = (visitor.parameters, visitor.states, visitor.streams)
  }

  private struct Collect: ModelVisitor {
    var parameters: [(name: String, value: Tensor)] = []
    var states: [(name: String, value: Tensor)] = []
    var streams: [RandomStream] = []
    var path = PartPath()

    mutating func parameter(_ tensor: inout Tensor, _ name: PartName) { parameters.append((path.name(of: name), tensor)) }
    mutating func value<S: ModelState>(of state: inout S, _ name: PartName) {
      if state is Buffer {
        parameters.append((path.name(of: name), state.value))
      } else {
        states.append((path.name(of: name), state.value))
      }
    }
    mutating func stream(_ random: inout RandomStream, _ name: PartName) { streams.append(random) }
    mutating func enter(_ name: PartName) { path.enter(name) }
    mutating func leave() { path.leave() }
  }
}

/// Puts traced values in place of a model's tensors.
struct PutTraced: ModelVisitor {
  var parameters: ArraySlice<Tensor>
  /// Nil for a state that is left as it is.
  var states: ArraySlice<Tensor?>

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
    if let value = parameters.popFirst() { tensor = value.labelled(as: tensor) }
  }
  mutating func value<S: ModelState>(of state: inout S, _ name: PartName) {
    if state is Buffer {
      if let value = parameters.popFirst() { state.last = value }
    } else if let value = states.popFirst() ?? nil {
      state.last = value
    }
  }
}

/// The tensors in a value of any type, each replaced by another where there are others.
struct TensorLeaves: LeafVisitor {
  static let isReading = false
  private(set) var found: [Tensor] = []
  private var others: ArraySlice<Tensor>

  init(replacing others: [Tensor] = []) { self.others = others[...] }

  /// Those of a value, in order.
  static func of<Value>(_ value: Value) -> [Tensor] {
    var (copy, leaves) = (value, TensorLeaves())
    visitLeaves(of: &copy, &leaves)
    return leaves.found
  }

  /// The value with other tensors in it.
  static func replacing<Value>(in value: Value, _ others: [Tensor]) -> Value {
    var (copy, leaves) = (value, TensorLeaves(replacing: others))
    visitLeaves(of: &copy, &leaves)
    return copy
  }

  mutating func tensor(_ x: inout Tensor) {
    found.append(x)
    if let other = others.popFirst() { x = other }
  }
  mutating func stream(_ x: inout RandomStream) {}
  mutating func other(_ hash: (inout Hasher) -> Void) {}
}

/// The names of the tensors in a value: where they stand in tuples, structs and lists.
func leafNames(_ value: Any, _ base: String) -> [String] {
  func walk(_ value: Any, _ path: [String]) -> [String] {
    if value is Tensor { return [path.isEmpty ? base : path.joined(separator: ".")] }
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .optional { return mirror.children.first.map { walk($0.value, path) } ?? [] }
    // In the order in which leaves are visited, as a dictionary's own order changes from run to run.
    if mirror.displayStyle == .dictionary {
      let pairs = mirror.children.compactMap { child -> (String, Any)? in
        let parts = Array(Mirror(reflecting: child.value).children)
        return parts.count == 2 ? ("\(parts[0].value)", parts[1].value) : nil
      }
      return pairs.sorted { $0.0 < $1.0 }.flatMap { walk($0.1, path + [$0.0]) }
    }
    return mirror.children.enumerated().flatMap { i, child -> [String] in
      var label = child.label ?? "\(i)"
      // The elements of a tuple are .0, .1, …; alone they would be no names.
      if label.hasPrefix(".") { label.removeFirst() }
      let isNumber = label.allSatisfy(\.isNumber)
      return walk(child.value, path + (isNumber && path.isEmpty ? [base, label] : [label]))
    }
  }
  return walk(value, [])
}
