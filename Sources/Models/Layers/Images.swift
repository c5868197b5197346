import Tensors

// What the layers for images share. An image is [batch, channels, …] with one to three spatial axes behind.

extension Tensor {
  /// Whether this is [batch, channels, …] with so many spatial axes, or that without a batch; if not, that is a mistake of the layer.
  func isImage(_ axes: Int, _ layer: String) -> Bool {
    if hasFailed { return false }
    if rank == axes + 1 || rank == axes + 2 { return true }
    fail(TensorError(layer, "\(shape); \(Self.imageShape(axes)), or that without the batch, would fit"))
    return false
  }

  /// How an image's shape is written.
  static func imageShape(_ axes: Int) -> String {
    "[batch, channels, \(["length", "height, width", "depth, height, width"][Swift.min(Swift.max(axes, 1), 3) - 1])]"
  }

  /// Whether this is [batch, channels, …]; if not, that is a mistake of the layer.
  func hasChannels(_ layer: String) -> Bool {
    if hasFailed { return false }
    if rank >= 2 { return true }
    fail(TensorError(layer, "\(shape) has no channels; [batch, channels, …] would fit"))
    return false
  }

  /// The size of an axis, or 0 where a mistake left none.
  func size(ofAxis axis: Int) -> Int { axis < rank ? shape[axis] : 0 }
}

/// The number of channels of an input of a shape, batch axis included, for a layer that waits for it; nil after a mistake.
func channels(of shape: Shape, axis: Int = 1, rank: Int? = nil, _ layer: String) -> Int? {
  if hasFailed { return nil }
  if rank.map({ shape.rank == $0 }) ?? (shape.rank >= 2) { return shape[axis] }
  let fitting = rank.map { Tensor.imageShape($0 - 2) } ?? "[batch, channels, …]"
  fail(TensorError(layer, "the number of channels is open and does not follow from \(shape); \(fitting) would fit"))
  return nil
}

/// Runs `body`; what it throws is a mistake, and nil is given.
func orFail<R>(_ body: () throws(TensorError) -> R) -> R? {
  do throws(TensorError) {
    return try body()
  } catch {
    fail(error)
    return nil
  }
}

/// A layer as it is written in code, `MaxPool2D(3, stride: 2)`: arguments at their defaults are left out.
struct WrittenCall: CustomStringConvertible {
  private let name: String
  private var arguments: [String] = []

  init(_ name: String) { self.name = name }

  /// With one more argument.
  func with(_ value: Any) -> WrittenCall {
    var call = self
    call.arguments.append("\(value)")
    return call
  }

  /// With one more argument that has a label.
  func with(_ label: String, _ value: Any) -> WrittenCall { with("\(label): \(value)") }

  /// With one more argument, unless it is what it is by default.
  func with<T: Equatable>(_ label: String, _ value: T, unless usual: T) -> WrittenCall {
    if value == usual { return self }
    if let value = value as? any OptionalValue { return value.written.map { with(label, $0) } ?? with(label, "nil") }
    return with(label, value)
  }

  /// With one more argument, a case of an enumeration, unless it is what it is by default.
  func with<T: Equatable>(_ label: String, case value: T?, unless usual: T?) -> WrittenCall {
    value == usual ? self : with(label, value.map { ".\($0)" } ?? "nil")
  }

  var description: String { "\(name)(\(arguments.joined(separator: ", ")))" }
}

/// An optional, whose value is written without `Optional(…)`.
private protocol OptionalValue {
  var written: Any? { get }
}
extension Optional: OptionalValue {
  var written: Any? { self }
}
