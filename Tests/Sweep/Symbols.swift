import Foundation

/// The public declarations that take a number, from the symbol graphs that the compiler writes of the modules.
enum Symbols {
  /// What needs no row, and why.
  static let exemptions = [
    "DataError.offset": "a field of an error", "DataError.init(file:field:offset:message:)": "makes an error",
    "TrainingError.nonFiniteLoss(_:epoch:step:)": "an error", "TrainingError.nonFiniteParameter(_:steps:)": "an error",
    "TrainingError.nonFiniteGradient(_:epoch:step:)": "an error",
    "PartName.position(_:)": "a name",
    "ONNXSupport.Use.version": "a field of a report", "ONNXSupport.Use.count": "a field of a report",
    "InputAdapting.adapt(to:)": "a requirement; each layer's has its row",
    "SequenceModel.overTime(_:lengths:)": "a requirement; each layer's has its row",
    "RecurrentLayer.init(_:_:hasBias:weight:)": "a requirement; GRULayer's and LSTMLayer's have rows",
    "RecurrentLayer.adapt(inputs:weight:)": "a requirement; GRULayer's and LSTMLayer's have rows",
    "RecurrentLayer.overTime(_:lengths:)": "a requirement; GRULayer's and LSTMLayer's have rows",
  ]

  /// The declarations' names, one for each: overloads come several times.
  static func found(in directory: String) throws -> [String] {
    let files = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".symbols.json") }
    return try files.sorted().flatMap { file in
      let graph = try JSONDecoder().decode(Graph.self, from: Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(file)")))
      return graph.symbols.filter(\.takesNumbers).map { $0.pathComponents.joined(separator: ".") }
    }
  }

  /// The names that have fewer rows than declarations, and the rows and exemptions that are of nothing.
  static func gaps(_ rows: [Row], _ directory: String) throws -> (missing: [String], stale: [String]) {
    func counts(_ names: [String]) -> [String: Int] { names.reduce(into: [:]) { $0[$1, default: 0] += 1 } }
    let (wanted, covered) = (counts(try found(in: directory)), counts(rows.flatMap(\.names)))
    let missing = wanted.filter { name, count in exemptions[name] == nil && covered[name, default: 0] < count }.keys.sorted()
    // Names without a signature are of operators that take tensors alone, here of hostile shapes.
    let known = covered.keys.filter { $0.contains("(") || $0.contains(".") } + exemptions.keys
    return (missing, known.filter { wanted[$0] == nil }.sorted())
  }
}

private struct Graph: Decodable { let symbols: [Declaration] }

private struct Declaration: Decodable {
  struct Kind: Decodable { let identifier: String }
  struct Fragment: Decodable { let spelling: String }
  struct Parameter: Decodable { let declarationFragments: [Fragment] }
  struct Signature: Decodable { let parameters: [Parameter]? }

  let kind: Kind
  let pathComponents: [String]
  let declarationFragments: [Fragment]
  let functionSignature: Signature?

  private static var numbers: some RegexComponent {
    #/\b(Int|Int32|Int64|UInt|UInt64|Float|Double|Duration|Shape|PerAxis|PerAxisConvertible|WindowPadding|WindowPaddingConvertible|TensorLiteral|Range|ClosedRange|PartialRange\w*)\b/#
  }

  /// Whether a parameter is a number or made of numbers, or a variable that is can be set.
  var takesNumbers: Bool {
    let text = declarationFragments.map(\.spelling).joined()
    switch kind.identifier {
    case "swift.property", "swift.type.property":
      guard text.contains(#/\bvar\b/#), !text.contains("{ get }"), let colon = text.firstIndex(of: ":") else { return false }
      return text[colon...].contains(Self.numbers)
    case "swift.func", "swift.init", "swift.method", "swift.type.method", "swift.func.op":
      return (functionSignature?.parameters ?? []).contains { parameter in
        let type = parameter.declarationFragments.map(\.spelling).joined()
        // A function's own numbers are what it is called with, and not what a caller gives.
        if type.contains("->") { return false }
        return type.contains(Self.numbers) || text.contains(#/\bS : Scalar\b/#) && type.contains(#/\bS\b(?!\.Type)/#)
      }
    case "swift.subscript", "swift.enum.case":
      return text.prefix(upTo: text.range(of: ")", options: .backwards)?.lowerBound ?? text.startIndex).contains(Self.numbers)
    default: return false
    }
  }
}
