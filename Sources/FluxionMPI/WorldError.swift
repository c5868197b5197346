/// Why processes cannot go on together: one has stopped, does not answer, or calls something else.
public struct WorldError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was under way: `allReduce`.
  public let operation: String
  /// What is wrong, and what would fit.
  public let message: String

  /// The whole sentence.
  public var description: String { "World.\(operation): \(message)" }

  init(_ operation: String, _ message: String) { (self.operation, self.message) = (operation, message) }
}
