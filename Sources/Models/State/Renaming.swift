/// How a source's names become a model's: by their beginnings, or by a function.
///
///     try model.load(from: path, renaming: ["model": "", "transformer.h": "blocks", "lm_head": nil])
///     try model.load(from: path, renaming: Renaming { name in name.hasSuffix("gamma") ? nil : name })
///
/// A beginning is one or several whole parts of a name: "model" is that of "model.weight" and not of "models.weight". The longest one that a
/// name has counts; "" is every name's. What takes its place may be "", which leaves it out, or nil, which leaves the tensor out.
public struct Renaming: ExpressibleByDictionaryLiteral, Sendable {
  private let rename: @Sendable (String) -> String?

  /// By a function from a source's name to the model's; nil leaves the tensor out.
  public init(_ rename: @escaping @Sendable (_ name: String) -> String?) { self.rename = rename }

  /// By beginnings.
  public init(_ beginnings: [String: String?]) {
    // The longest first; a final dot may be written or not.
    let rules = beginnings.map { (Self.parts($0.key), $0.value.map(Self.parts)) }.sorted { $0.0.count > $1.0.count }
    self.init { name in
      let parts = Self.parts(name)
      guard let (old, new) = rules.first(where: { parts.starts(with: $0.0) }) else { return name }
      return new.map { ($0 + parts.dropFirst(old.count)).joined(separator: ".") }
    }
  }

  /// By beginnings.
  public init(dictionaryLiteral elements: (String, String?)...) {
    self.init(Dictionary(elements, uniquingKeysWith: { _, last in last }))
  }

  /// Every name as it is.
  public static let none = Renaming { $0 }

  /// The model's name for a source's; nil if the tensor is left out.
  public func callAsFunction(_ name: String) -> String? { rename(name) }

  private static func parts(_ name: String) -> [Substring] {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.last == "" ? parts.dropLast() : parts
  }
}
