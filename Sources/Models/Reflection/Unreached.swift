import Tensors

// Layers and tensors where they are not found: without a sentence they would keep their first values, and nobody would know.

/// What a model holds where it is not visited, as a sentence; nil if there is nothing.
///
/// - Parameter path: How the value is called: `Holder`, `Holder.parts`.
func unreachedPart(of value: Any, _ path: String) -> String? {
  guard let fields = storedFields(of: type(of: value)) else { return nil }
  // Mirror gives the values, in the same order.
  let children = Mirror(reflecting: value).children.map(\.value)
  if children.count != fields.count { return nil }
  for (field, child) in zip(fields, children) {
    let place = "\(path).\(field.propertyName.drop { $0 == "." })"
    if field.type is any ConstantValue.Type { continue }
    if field.isVar, StoredLayout.member(field.type, within: []) != nil {
      if let found = unreachedElement(of: child, place) { return found }
      continue
    }
    if field.isVar, isStructOrTuple(field.type), !(child is any ModelContainer), let found = unreachedPart(of: child, place) {
      return found
    }
    var search = TrainedContent()
    guard let found = search.first(in: child) else { continue }
    if !field.isVar {
      return "\(place) is a let, so that its \(found) is not trained; declare it var, or mark it @Constant"
    }
    if let holder = search.holder {
      return "\(place) holds a \(found) in the \(holder), where it is not found; "
        + "hold it in a stored var of a struct, an array or a dictionary, or mark it @Constant"
    }
    return "\(place) is \(field.type), in which its \(found) is not found; "
      + "declare it with the layer's own type, any Model<Tensor, Tensor> or Layer, or mark it @Constant"
  }
  return nil
}

/// The same for a value that is visited: a struct that is no model, or one in an array, an optional or a dictionary.
private func unreachedElement(of value: Any, _ path: String) -> String? {
  // A model is looked through when it is visited itself.
  if value is any Model || value is Tensor || value is any ModelState { return nil }
  guard value is any ModelContainer else { return unreachedPart(of: value, path) }
  for element in Mirror(reflecting: value).children.prefix(64) {
    if let found = unreachedElement(of: element.value, path) { return found }
  }
  return nil
}

/// A search for what training would change.
private struct TrainedContent {
  /// The class or enum that it was found in.
  private(set) var holder: String?
  private var seen: Set<ObjectIdentifier> = []
  private var depth = 0

  /// The type of the first layer with parameters or state, or of the first tensor of real numbers, in a value of any type.
  mutating func first(in value: Any) -> String? {
    switch value {
    case let tensor as Tensor: return tensor.dtype.isFloatingPoint ? "Tensor" : nil
    case let model as any Model: return hasParameters(model) ? "\(type(of: model))" : nil
    case is any ConstantValue, is String, is any Numeric, is Shape: return nil
    default: break
    }
    // Nobody builds models deeper than that; a list that goes round ends, too.
    if depth == 16 { return nil }
    depth += 1
    defer { depth -= 1 }
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .class, !seen.insert(ObjectIdentifier(value as AnyObject)).inserted { return nil }
    var level: Mirror? = mirror
    while let current = level {
      for child in current.children.prefix(64) {
        guard let found = first(in: child.value) else { continue }
        if holder == nil, mirror.displayStyle == .class || mirror.displayStyle == .enum {
          holder = "\(mirror.displayStyle == .class ? "class" : "enum") \(type(of: value))"
        }
        return found
      }
      level = current.superclassMirror
    }
    return nil
  }

  private func hasParameters<M: Model>(_ model: M) -> Bool {
    var copy = model
    var visitor = HasParameters()
    copy.visit(&visitor)
    return visitor.isTrue
  }
}

private struct HasParameters: ModelVisitor {
  var isTrue = false
  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) { isTrue = true }
  mutating func value<S: ModelState>(of state: inout S, _ name: PartName) { isTrue = true }
}
