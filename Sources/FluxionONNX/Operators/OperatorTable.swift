import Tensors

/// All operators that can be run, by family.
enum OperatorTable {
  /// The newest version of `ai.onnx` that is known.
  static let newestVersion = 28

  /// The families, as the guide lists them.
  static let families: [(title: String, operators: [Operator])] = [
    ("Element-wise arithmetic", arithmetic), ("Element-wise mathematics", mathematics), ("Activations", activations),
    ("Comparison and logic", logic), ("Bits", bits), ("Reductions", reductions), ("Shapes", shapes), ("Indexing", indexing),
    ("Scattering", scattering), ("Sorting and searching", sorting), ("Products", products), ("Convolution", convolutions),
    ("Pooling", pooling), ("Normalisation", normalizations), ("Resizing and sampling", resizing), ("Regions", regions),
    ("Recurrence", recurrences), ("Attention", attentions), ("Losses", losses), ("Creation", creations), ("Random numbers", randoms),
    ("Types", casts), ("Quantisation", quantizations), ("Signals", signals), ("Control flow", controls),
    ("Sequences and optionals", sequences), ("Texts", texts), ("Pictures", pictures),
  ]

  private static let byName: [String: Operator] = {
    var table: [String: Operator] = [:]
    for family in families { for row in family.operators { table[row.name] = row } }
    return table
  }()

  /// The operator of a name; ONNX's own domain is empty.
  static func find(_ domain: String, _ name: String) -> Operator? { domain.isEmpty ? byName[name] : nil }

  /// A call of one of the model's own functions, whose body is a graph.
  static let functionCall = Operator("function", [1], "The model's own functions run as graphs.") { call in
    try call.run(call.graph("body"), call.inputs).map { $0 ?? .nothing }
  }
}
