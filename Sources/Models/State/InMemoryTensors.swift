import Tensors

/// Tensors by name that are in memory already: what another model's parameters, or arrays of one's own, are loaded from.
///
///     try model.load(from: InMemoryTensors([("weight", weight), ("bias", bias)]))
public struct InMemoryTensors: NamedTensors, Sendable {
  /// The tensors in order.
  public let tensors: [(name: String, value: Tensor)]
  /// Texts by name.
  public let metadata: [String: String]
  /// What sentences call it.
  public let source: String
  private let positions: [ByteName: Int]

  /// Tensors by name; two of one name are a mistake.
  public init(_ tensors: [(name: String, value: Tensor)], metadata: [String: String] = [:], source: String = "memory") {
    self.tensors = tensors
    self.metadata = metadata
    self.source = source
    positions = Dictionary(tensors.enumerated().map { (ByteName($1.name), $0) }, uniquingKeysWith: { first, _ in first })
    if positions.count < tensors.count { fail(TensorError("InMemoryTensors", "two tensors of one name; each needs its own")) }
  }

  /// The names in order.
  public var names: [String] { tensors.map(\.name) }

  /// The shape and dtype of the tensor of a name.
  public func outline(_ name: String) -> (shape: Shape, dtype: DType)? {
    positions[ByteName(name)].map { (tensors[$0].value.shape, tensors[$0].value.dtype) }
  }

  /// The tensor of a name.
  ///
  /// Throws a ``LoadError`` if there is none.
  public func tensor(_ name: String) throws -> Tensor {
    if let position = positions[ByteName(name)] { return tensors[position].value.detached }
    var error = LoadError(source: source, target: "what was asked for")
    error.missing = [name]
    throw error
  }
}
