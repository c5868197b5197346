/// What is wrong with an ONNX file, or cannot be run: which file, which node, which field, and what would fit.
///
///     model.onnx: node /conv1/Conv (Conv): group: 0; 1 or more would fit
public struct ONNXError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file's path, as it was given.
  public var file: String
  /// The node, by its name (or its position where it has none) and operator: `/conv1/Conv (Conv)`; empty outside nodes.
  public var node: String
  /// The node's attribute or input, the initializer, or the part of the file: `group`, `initializer conv1.weight`.
  public var field: String
  /// What is wrong and what would fit.
  public var message: String

  /// An error about a field of a node of a file.
  public init(file: String = "", node: String = "", field: String = "", message: String) {
    self.file = file
    self.node = node
    self.field = field
    self.message = message
  }

  /// The whole sentence.
  public var description: String {
    [file, node.isEmpty ? "" : "node \(node)", field, message].filter { !$0.isEmpty }.joined(separator: ": ")
  }
}

extension ONNXError {
  /// A mistake of a field; who calls adds file and node.
  static func field(_ field: String, _ message: String) -> ONNXError { ONNXError(field: field, message: message) }
}

/// A name from a file as errors show it: without control characters, and not longer than it can be read.
func shown(_ name: String) -> String {
  let clean = String(name.unicodeScalars.prefix(80).map { $0.properties.generalCategory == .control ? "?" : Character($0) })
  return clean.count < name.unicodeScalars.count ? clean + "…" : clean
}
