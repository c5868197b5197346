import Tensors

/// A primitive's stored properties: its attributes, read by reflection, so that no primitive has to tell them.
indirect enum AttributeTree: Equatable {
  case int(Int)
  case ints([Int])
  case double(Double)
  case doubles([Double])
  case bool(Bool)
  case text(String)
  /// The position among the primitive's tensors.
  case tensor(Int)
  /// An enumeration's case and what goes with it.
  case choice(String, AttributeTree?)
  case fields([String: AttributeTree])
  case list([AttributeTree])
  case none

  /// The attributes of a primitive, and how many tensors there are among them.
  static func of(_ primitive: Any) -> (tree: AttributeTree, tensorCount: Int) {
    var count = 0
    let tree = AttributeTree(primitive, &count)
    return (tree, count)
  }

  private init(_ value: Any, _ tensorCount: inout Int) {
    switch value {
    case is Tensor:
      self = .tensor(tensorCount)
      tensorCount += 1
    case let x as Bool: self = .bool(x)
    case let x as Double: self = .double(x)
    case let x as any BinaryInteger: self = .int(Int(clamping: x))
    case let x as Shape: self = .ints(Array(x))
    case let x as [Int]: self = .ints(x)
    case let x as [Int64]: self = .ints(x.map { Int($0) })
    case let x as [Double]: self = .doubles(x)
    case let x as String: self = .text(x)
    case let x as StaticString: self = .text("\(x)")
    default:
      let mirror = Mirror(reflecting: value)
      switch mirror.displayStyle {
      case .optional: self = mirror.children.first.map { AttributeTree($0.value, &tensorCount) } ?? .none
      case .tuple, .collection: self = .list(mirror.children.map { AttributeTree($0.value, &tensorCount) })
      case .enum:
        let payload = mirror.children.first
        self = .choice(payload?.label ?? "\(value)", payload.map { AttributeTree($0.value, &tensorCount) })
      case .struct:
        var fields: [String: AttributeTree] = [:]
        for child in mirror.children { fields[child.label ?? ""] = AttributeTree(child.value, &tensorCount) }
        self = .fields(fields)
      default: self = .none
      }
    }
  }

  /// The attribute at a path: `geometry.raw.window`.
  func at(_ path: String) -> AttributeTree? {
    var tree = self
    for name in path.split(separator: ".") {
      guard case .fields(let fields) = tree, let next = fields[String(name)] else { return nil }
      tree = next
    }
    return tree
  }

  /// Integers in order, of a list or a tuple too.
  var integers: [Int]? {
    switch self {
    case .ints(let list): return list
    case .list(let list):
      let ints = list.compactMap { if case .int(let i) = $0 { i } else { nil } }
      return ints.count == list.count ? ints : nil
    default: return nil
    }
  }
}
