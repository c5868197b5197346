import Foundation

/// The declarations of the engine's sources that a row of the operator table has to cover.
enum Declarations {
  /// Every public declaration in Sources/Tensors that gives a tensor or a symbol, or changes one (of the operators also those for other
  /// targets of the package), and every primitive.
  static let found: [String] = {
    var root = URL(filePath: #filePath)
    while root.path != "/" && !FileManager.default.fileExists(atPath: root.appending(path: "Sources/Tensors/Ops").path) {
      root.deleteLastPathComponent()
    }
    let sources = root.appending(path: "Sources")
    let files = ["Tensors", "Autodiff"].flatMap { target -> [URL] in
      // A symbolic link is followed by its target only.
      let folder = sources.appending(path: target).resolvingSymlinksInPath()
      let enumerator = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
      return (enumerator?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
    }
    return files.flatMap { file -> [String] in
      guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
      let access: [String] = file.path.contains("/Ops/") ? ["public", "package"] : file.path.contains("/Tensors/") ? ["public"] : []
      return list(in: text, access: access)
    }
  }()

  /// The declarations of one file, each as `Type.name(label: Type, …)`, an operator as `+(Tensor, Tensor)`, a primitive as `struct Name`.
  static func list(in text: String, access: [String] = ["public"]) -> [String] {
    var found: [String] = []
    var type = ""
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    var isUnavailable = false
    for (number, line) in lines.enumerated() {
      let code = line.trimmingCharacters(in: .whitespaces)
      if code.contains("*, unavailable") { isUnavailable = true }
      if code.hasPrefix("//") { continue }
      if let match = code.firstMatch(of: /struct (\w+)[^:]*: .*\b(?:Primitive|NonDifferentiable|[A-Z]\w+Primitive)\b/) {
        found.append("struct \(match.1)")
      }
      // Extensions and types begin at the line's start; what is deeper belongs to them.
      if !line.hasPrefix(" "), let match = line.firstMatch(of: /(?:extension|struct|enum|class|protocol) (\w+)/) { type = String(match.1) }
      if line.hasPrefix("}") { type = "" }
      guard let match = code.firstMatch(of: /^(?:@\w+ )*(public|package) .*\b(func|var|init|subscript)\b/), access.contains(String(match.1))
      else {
        continue
      }
      // What does not compile gives nothing that a row could test.
      if isUnavailable {
        isUnavailable = false
      } else if let name = signature(header(lines[number...]), in: type) {
        found.append(name)
      }
    }
    return found
  }

  /// A declaration up to its body, without comments, in one line.
  private static func header(_ lines: ArraySlice<String>) -> String {
    var header = ""
    var depth = 0
    for line in lines {
      for character in line {
        if character == "(" { depth += 1 }
        if character == ")" { depth -= 1 }
        if character == "{" && depth == 0 { return header }
        header.append(character)
      }
      if depth == 0 && header.contains(":") && header.contains(/\b(var|let)\b/) { return header }
      header.append(" ")
    }
    return header
  }

  private static func signature(_ header: String, in type: String) -> String? {
    let prefix = type.isEmpty || type == "Tensor" && header.contains(/func [^\w(]/) ? "" : type + "."
    if let match = header.firstMatch(of: /\bvar (\w+): \[?(Tensor|Symbol|Self)\b/) { return prefix + match.1 }
    guard let match = header.firstMatch(of: /\b(prefix )?(func|init|subscript)\s*([^\s\w(`]+|[\w`]*)\s*[^(]*\(/) else { return nil }
    let rest = header[match.range.upperBound...]
    var depth = 1
    let end = rest.firstIndex { character in
      depth += character == "(" ? 1 : character == ")" ? -1 : 0
      return depth == 0
    }
    guard let end else { return nil }
    let isSubscript = match.2 == "subscript"
    let parameters = split(rest[..<end]).map { isSubscript ? $0.replacing(#/^\w+: /#, with: "_: ") : $0 }
    let result = rest[end...].firstMatch(of: /->\s*(.*)/).map { String($0.1) } ?? ""
    let isInitializer = match.2 == "init" && ["Tensor", "Symbol"].contains(type)
    let changes =
      header.contains("mutating func") && type == "Tensor"
      || parameters.contains { $0.contains("inout Tensor") || $0.contains("inout Symbol") }
    guard result.contains(/\b(Tensor|Symbol)\b/) || isInitializer || changes else { return nil }
    // `where` as a name stands in backticks.
    let name = match.2 == "func" ? String(match.3).replacing("`", with: "") : String(match.2)
    let isOperator = !name.contains(/\w/)
    let list = parameters.map { isOperator ? $0.replacing(#/^.*?: /#, with: "") : $0 }.joined(separator: ", ")
    return prefix + (isOperator && match.1 != nil ? "prefix " : "") + "\(name)(\(list))"
  }

  /// Parameters as `label: Type`, without local names, attributes and default values.
  private static func split(_ text: Substring) -> [String] {
    var parts: [String] = []
    var depth = 0
    var part = ""
    for character in text.replacing("->", with: "→").replacing("..<", with: "…") {
      if "([<{".contains(character) { depth += 1 }
      if ")]>}".contains(character) { depth -= 1 }
      if character == "," && depth == 0 {
        parts.append(part)
        part = ""
      } else {
        part.append(character)
      }
    }
    parts.append(part)
    return parts.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }.map { parameter in
      let declared = parameter.split(separator: "=", maxSplits: 1)[0].trimmingCharacters(in: .whitespaces)
      guard let colon = declared.firstIndex(of: ":") else { return declared }
      let label = declared[..<colon].split(separator: " ").first ?? ""
      // Numbers for each axis, whatever they are written as.
      let type = declared[declared.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        .replacing(#/\(any (\w+)Convertible\)/#) { $0.1 }.replacing(#/\bany (\w+)Convertible\b/#) { $0.1 }
      return "\(label): \(type.replacing("...", with: "").replacing(#/@escaping |@Sendable |consuming /#, with: ""))"
    }
  }
}
