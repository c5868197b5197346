import Tensors

// How models print: as the Swift that builds them, with marks where parameters have gone wrong.

extension Model {
  /// The model as it is written, each part whose parameters are not finite, or all zero, with a remark that says so.
  ///
  ///     Chain {
  ///       Dense(784, 128, activation: relu)   // weight: 3 NaN
  ///       Dense(128, 10)
  ///     }
  public var description: String { remarked(self) }

  /// The properties by name: parts as they are written, parameters by dtype and shape.
  public var code: String { written { codeByProperties } }

  private var codeByProperties: String {
    let properties = Mirror(reflecting: self).children.compactMap { child -> String? in
      guard let label = child.label, let value = propertyCode(child.value) else { return nil }
      return "\(label.drop { $0 == "_" }): \(value)"
    }
    let name = "\(Self.self)"
    if properties.isEmpty { return "\(name)()" }
    let line = "\(name)(\(properties.joined(separator: ", ")))"
    if line.count <= 100 && !line.contains("\n") { return line }
    return "\(name)(\n" + properties.map { "  " + indented($0) }.joined(separator: ",\n") + ")"
  }
}

/// How a property prints; nil for what is no part of how a model is written.
private func propertyCode(_ value: Any) -> String? {
  switch value {
  case is Place, is RandomStream: return nil
  case let model as any Model: return remarked(model)
  case let tensor as Tensor: return "\(tensor.dtype) \(tensor.shape)"
  case let state as Recurrent: return "\(state.first.dtype) \(state.first.shape)"
  case let buffer as Buffer: return "\(buffer.value.dtype) \(buffer.value.shape)"
  case let models as [any Model]:
    return models.isEmpty ? "[]" : "[\n" + models.map { "  " + indented(remarked($0)) }.joined(separator: ",\n") + "]"
  case let tensors as [Tensor]: return "[" + tensors.map { "\($0.dtype) \($0.shape)" }.joined(separator: ", ") + "]"
  case is Int, is Double, is Float, is Bool: return "\(value)"
  case let text as String: return "\"\(text)\""
  default:
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .optional { return mirror.children.first.flatMap { propertyCode($0.value) } }
    // Only an enum's case can be named; a function, for instance, cannot.
    return mirror.displayStyle == .enum ? ".\(value)" : nil
  }
}

extension Model {
  /// The model as it is written, without remarks on its parameters: what has to be the same for a run to go on.
  package var structure: String { Remarks.$areOmitted.withValue(true) { code } }
}

/// A model as it is written, with a remark behind it if its own parameters look wrong.
func remarked<M: Model>(_ model: M) -> String {
  if Remarks.areOmitted { return model.code }
  var copy = model
  var remarks = Remarks()
  // It may be printed anywhere: after a mistake, and in a run on shapes alone.
  _ = try? throwingMistakes { dryRun(false) { copy.visit(&remarks) } }
  return remarks.text.isEmpty ? model.code : "\(model.code)   // \(remarks.text)"
}

/// What is odd about the parameters that a model holds itself, those of its parts left to them.
private struct Remarks: ModelVisitor {
  @TaskLocal static var areOmitted = false

  private var found: [String] = []
  private var areAllZero = true
  private var count = 0
  private var depth = 0

  var text: String { count > 0 && areAllZero ? "all zero" : found.joined(separator: ", ") }

  mutating func part<M: Model>(_ model: inout M, _ name: PartName) {}

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
    count += 1
    // After a mistake nothing can be counted.
    if hasFailed || tensor.isPlaceholder || tensor.elementCount == 0 || !tensor.dtype.isFloatingPoint {
      areAllZero = false
      return
    }
    func number(_ mask: Tensor) -> Int { mask.cast(to: .int64).sum().scalars(Int.self)[0] }
    let x = tensor.detached
    let (nan, infinite) = (number(x.isNaN), number(x.isInfinite))
    if nan > 0 { found.append("\(name): \(nan) NaN") }
    if infinite > 0 { found.append("\(name): \(infinite) infinite") }
    if number(x .!= 0) > 0 { areAllZero = false }
  }
}

/// A combinator with its parts in braces.
func block(_ head: String, of parts: [Layer]) -> String {
  written { "\(head) {\n" + parts.map { "  \(indented($0.remarkedCode))\n" }.joined() + "}" }
}

/// The lines after the first moved in, once the text that it is part of is ``written(_:)``.
func indented(_ text: String) -> String { "\(Indentation.more)\(text)\(Indentation.less)" }

/// The text that `body` puts together of parts, some of them ``indented(_:)``.
///
/// Inside of another such text the parts are marked, and the outermost one moves all lines at once: moving them again at each level would take the
/// square of the time.
func written(_ body: () -> String) -> String {
  let text = Indentation.$isInside.withValue(true, operation: body)
  return Indentation.isInside ? text : Indentation.resolved(text)
}

private enum Indentation {
  @TaskLocal static var isInside = false
  static let more = "\u{E}"
  static let less = "\u{F}"

  static func resolved(_ text: String) -> String {
    var (bytes, depth) = ([UInt8](), 0)
    bytes.reserveCapacity(2 * text.utf8.count)
    for byte in text.utf8 {
      switch byte {
      case 0xE: depth += 1
      case 0xF: depth -= 1
      default:
        bytes.append(byte)
        if byte == UInt8(ascii: "\n") { bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * max(0, depth))) }
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// A call with the arguments that are not nil.
func call(_ name: String, _ arguments: String?...) -> String { "\(name)(\(arguments.compactMap { $0 }.joined(separator: ", ")))" }

/// `label: value`, or nil where the value is what it is by default.
func argument<T: Equatable>(_ label: String, _ value: T, unless usual: T) -> String? { value == usual ? nil : "\(label): \(value)" }

/// `label: value`, or nil where the value is what it is by default.
func argument<T: Equatable>(_ label: String, _ value: T?, unless usual: T?) -> String? {
  value == usual ? nil : "\(label): \(value.map { "\($0)" } ?? "nil")"
}

/// `activation: relu`, if the function has a name; nil for the identity.
func activationCode(_ activation: @Sendable (Tensor) -> Tensor) -> String? {
  if operators(of: activation) == [] { return nil }
  return "activation: \(functionName(activation) ?? "{ x in … }")"
}

/// The name of the activation that a function is, if it is one without arguments of its own: what tells them is the operator that runs.
func functionName(_ function: @Sendable (Tensor) -> Tensor) -> String? {
  operators(of: function).flatMap { $0.count == 1 && activations.contains($0[0]) ? $0[0] : nil }
}

private let activations: Set<String> = [
  "relu", "relu6", "sigmoid", "tanh", "gelu", "silu", "mish", "softplus", "softsign", "hardSigmoid", "hardSwish", "logSigmoid",
  "selu", "tanhShrink", "sin", "cos", "exp", "abs",
]

/// The operators that a function uses, found by a run on shapes alone; nil if it does not run on a [1, 1].
private func operators(of function: @Sendable (Tensor) -> Tensor) -> [String]? {
  let labels = PartLabels()
  do throws(TensorError) {
    _ = try throwingMistakes { dryRun(through: labels) { function(.outline([1, 1], .float32)) } }
    return labels.operators
  } catch {
    return nil
  }
}
