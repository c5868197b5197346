import Tensors

/// What an edge of the graph carries.
package enum Value: Sendable {
  case tensor(TypedTensor)
  case sequence([Value], ONNXElementType)
  /// An optional without a value.
  case nothing

  /// How errors call it.
  package var kind: String {
    switch self {
    case .tensor(let x): "a tensor of \(x.type) \(x.shape)"
    case .sequence: "a sequence"
    case .nothing: "an empty optional"
    }
  }
}

/// A few integers that the interpreter works with itself: shapes, axes and what is computed from them.
///
/// They exist also while a model runs on shapes alone, where tensors have no elements.
package struct HostIntegers: Sendable, Equatable {
  var shape: [Int]
  var elements: [Int]
  /// More elements than shapes and their arithmetic have are tensors.
  static let most = 64
}

/// A tensor with the element type that ONNX knows it by.
package struct TypedTensor: Sendable {
  package let type: ONNXElementType
  private let made: Tensor?
  let host: HostIntegers?

  init(_ tensor: Tensor, _ type: ONNXElementType) {
    self.type = type
    made = tensor
    host = nil
  }

  /// Of the type that the tensor's dtype has; a 16-bit float is held as float32.
  init(_ tensor: Tensor) { self.init(tensor.widened, ONNXElementType(tensor.dtype)) }

  init(host: HostIntegers, _ type: ONNXElementType) {
    self.type = type
    self.host = host
    made = nil
  }

  /// A tensor that also is at hand as integers.
  init(_ tensor: Tensor, _ type: ONNXElementType, host: HostIntegers?) {
    self.type = type
    self.host = host
    made = tensor
  }

  /// A vector of integers.
  static func vector(_ elements: [Int], _ type: ONNXElementType = .int64) -> TypedTensor {
    if elements.count > HostIntegers.most {
      return TypedTensor(Tensor(elements, shape: [elements.count]).cast(to: type.dtype ?? .int64), type)
    }
    return TypedTensor(host: HostIntegers(shape: [elements.count], elements: elements), type)
  }

  static func scalar(_ element: Int, _ type: ONNXElementType = .int64) -> TypedTensor {
    TypedTensor(host: HostIntegers(shape: [], elements: [element]), type)
  }

  package var tensor: Tensor {
    if let made { return made }
    let (shape, elements) = (Shape(host?.shape ?? []), host?.elements ?? [0])
    switch type.dtype {
    case .int32: return Tensor(elements.map { Int32(truncatingIfNeeded: $0) }, shape: shape)
    case .bool: return Tensor(elements.map { $0 != 0 }, shape: shape)
    default: return Tensor(elements, shape: shape)
    }
  }

  package var shape: Shape { made?.shape ?? Shape(host?.shape ?? []) }
  var rank: Int { made?.rank ?? host?.shape.count ?? 0 }
  var elementCount: Int { made?.elementCount ?? host?.elements.count ?? 0 }

  /// The elements as integers.
  func integers(_ field: String) throws(ONNXError) -> [Int] {
    if let host { return host.elements }
    guard let made, type.isInteger || type == .bool else { throw .field(field, "\(type); integers would fit") }
    return try made.elements(field) { $0.cast(to: .int64).scalars(Int.self) }
  }

  /// The elements as floating-point numbers.
  func doubles(_ field: String) throws(ONNXError) -> [Double] {
    if let host { return host.elements.map { Double($0) } }
    guard let made else { return [] }
    return try made.elements(field) { $0.cast(to: .float64).scalars(Double.self) }
  }
}

extension Tensor {
  /// Elements that an operator has to look at; an error in a run on shapes alone, where there are none.
  func elements<R>(_ field: String, _ body: (Tensor) -> [R]) throws(ONNXError) -> [R] {
    if hasFailed { throw .field(field, "an operator failed") }
    if !hasElements { throw .field(field, "depends on elements, which a run on shapes alone does not have") }
    return body(detached)
  }
}
