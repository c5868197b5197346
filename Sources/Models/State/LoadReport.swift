/// What a load did.
public struct LoadReport: Sendable, Equatable, CustomStringConvertible {
  /// The parameters and buffers that were loaded, as the model calls them.
  public var loaded: [String] = []
  /// Those of the model that the source lacks: they are as they were.
  public var missing: [String] = []
  /// Names of the source that the model does not have.
  public var unexpected: [String] = []
  /// A sentence for each value of another shape or type that was left out because the load was told to.
  public var unfit: [String] = []

  /// Nothing loaded.
  public init() {}

  /// One line: how many, and the first few names of what did not take part.
  public var description: String {
    var parts = ["\(loaded.count) loaded"]
    if !missing.isEmpty { parts.append("missing \(listed(missing))") }
    if !unexpected.isEmpty { parts.append("unexpected \(listed(unexpected))") }
    if !unfit.isEmpty { parts.append("left out: \(listed(unfit, separator: "; "))") }
    return parts.joined(separator: "; ")
  }
}
