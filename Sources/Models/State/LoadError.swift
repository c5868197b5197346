/// What a file and what it is loaded into do not have in common, all of it at once.
///
///     weights.safetensors does not fit Chain: missing layers.0.bias; unexpected head.bias; layers.0.weight is float32 [3, 2] and not float32 [4, 2]
public struct LoadError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file's path.
  public var source: String
  /// What it was loaded into.
  public var target: String
  /// Names that the file lacks.
  public var missing: [String] = []
  /// Names of the file that nothing has.
  public var unexpected: [String] = []
  /// A sentence for each value that has another shape or type.
  public var unfit: [String] = []

  /// Nothing wrong so far.
  public init(source: String, target: String = "") {
    self.source = source
    self.target = target
  }

  /// Whether nothing is wrong.
  public var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && unfit.isEmpty }

  /// The whole sentence, with the first few of each list; the properties have them all.
  public var description: String {
    var parts: [String] = []
    if !missing.isEmpty { parts.append("missing \(listed(missing))") }
    if !unexpected.isEmpty { parts.append("unexpected \(listed(unexpected))") }
    if !unfit.isEmpty { parts.append(listed(unfit, separator: "; ")) }
    return "\(source) does not fit \(target): \(parts.joined(separator: "; "))"
  }
}

/// The first few of a list, and how many more there are.
func listed(_ items: [String], separator: String = ", ", most: Int = 8) -> String {
  let first = items.prefix(most).joined(separator: separator)
  return items.count > most ? "\(first)\(separator)and \(items.count - most) more" : first
}
