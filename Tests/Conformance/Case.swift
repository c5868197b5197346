import Fluxion
import Foundation

/// One call of an operator, with PyTorch's results and gradients.
struct Case {
  let id: String
  private let arguments: Arguments
  private let outputs: [Tensor]
  /// The cotangent of each output that has one, by position.
  private let cotangents: [Int: Tensor]
  private let gradients: [(input: String, expected: Tensor)]

  init(_ json: [String: Any], _ file: TensorFile) throws {
    guard let id = json["id"] as? String, let positional = json["args"] as? [Any], let keywords = json["kwargs"] as? [String: Any],
      let outputs = json["outputs"] as? [String]
    else { throw CaseError("a case without id, args, kwargs or outputs") }
    self.id = id
    if let complex = json["complexOutputs"] as? [Any], !complex.isEmpty { throw Refusal(ElementType.complex) }
    let values = try positional.map { try Value($0) }
    let named = try keywords.mapValues { try Value($0) }
    var tensors: [String: Tensor] = [:]
    func collect(_ value: Value) throws {
      if case .list(let list) = value { try list.forEach(collect) }
      if case .tensor(let name, let strides) = value { tensors[name] = try file.tensor(name, strides: strides) }
    }
    try values.forEach(collect)
    try named.values.forEach(collect)
    arguments = Arguments(positional: values, keywords: named, tensors: tensors)
    self.outputs = try outputs.map { try file.tensor($0) }
    let places = Dictionary(uniqueKeysWithValues: outputs.enumerated().map { ($1, $0) })
    var cotangents: [Int: Tensor] = [:]
    for (output, name) in json["cotangents"] as? [String: String] ?? [:] { cotangents[places[output]!] = try file.tensor(name) }
    self.cotangents = cotangents
    gradients = try (json["gradients"] as? [String: String] ?? [:]).sorted { $0.key < $1.key }.map { ($0, try file.tensor($1)) }
  }

  /// The largest error, relative where numbers are large, and a sentence if the case has not passed.
  func run(_ row: Operator) throws -> (error: Double, failure: String?) {
    var worst = 0.0
    func compare(_ ours: [Tensor], _ theirs: [Tensor], _ what: String) -> String? {
      if ours.count != theirs.count { return "\(ours.count) \(what)s where PyTorch has \(theirs.count)" }
      for (i, (a, b)) in zip(ours, theirs).enumerated() {
        let (error, failure) = mismatch(a, b, isLoose: row.isLoose)
        worst = max(worst, error)
        if let failure { return "\(what) \(i): \(failure)" }
      }
      return nil
    }

    let results = try checked { try row.call(arguments) }
    let ours = try row.compared?(arguments, results) ?? results
    let theirs = try row.compared?(arguments, outputs) ?? outputs
    if let failure = compare(ours, theirs, "result") { return (worst, failure) }
    if let reason = row.open, compare(results, outputs, "result") != nil { throw Refusal(reason) }
    if gradients.isEmpty { return (worst, nil) }

    let inputs = gradients.map { arguments.tensors[$0.input]! }
    let slopes = try checked {
      try gradient(at: inputs) { x in
        var tensors = arguments.tensors
        for (name, x) in zip(gradients.map(\.input), x) { tensors[name] = x }
        let variable = Arguments(positional: arguments.positional, keywords: arguments.keywords, tensors: tensors)
        var results = try row.call(variable)
        if let align = row.align { results = try align(variable, results, outputs) }
        // Σ results·cotangents, of those results that PyTorch fed one to.
        return cotangents.sorted { $0.key < $1.key }.reduce(Tensor.zeros([], x[0].dtype)) { total, pair in
          total + (results[pair.key] * pair.value).sum().cast(to: x[0].dtype)
        }
      }
    }
    return (worst, compare(slopes, gradients.map(\.expected), "gradient"))
  }

  /// The relative and absolute distances that results of a dtype may have.
  private static func tolerances(_ dtype: DType) -> (Double, Double) {
    switch dtype {
    case .float64: (1e-9, 1e-10)
    case .float32: (1e-4, 1e-5)
    case .float16: (2e-3, 1e-3)
    case .bfloat16: (1.6e-2, 1e-2)
    case .int32, .int64, .bool: (0, 0)
    }
  }

  /// float64 within 1e-9 relative or 1e-10 absolute, float32 within 1e-4 or 1e-5, float16 within 2e-3 or 1e-3, bfloat16 within 1.6e-2 or 1e-2, others
  /// exactly; NaN equals NaN.
  private func mismatch(_ a: Tensor, _ b: Tensor, isLoose: Bool) -> (Double, String?) {
    if a.dtype != b.dtype { return (.infinity, "\(a.dtype) where PyTorch has \(b.dtype)") }
    if a.shape != b.shape { return (.infinity, "\(a.shape) where PyTorch has \(b.shape)") }
    if a.dtype == .int64 {
      let wrong = zip(a.scalars(Int64.self), b.scalars(Int64.self)).first { $0 != $1 }
      return wrong.map { (Double.infinity, "\($0) where PyTorch has \($1)") } ?? (0, nil)
    }
    let (x, y) = (a.cast(to: .float64).scalars(Double.self), b.cast(to: .float64).scalars(Double.self))
    let wider = isLoose && (a.dtype == .float32 || a.dtype == .float64) ? 1000.0 : 1
    let (near, nearZero) = Case.tolerances(a.dtype)
    let (relative, absolute) = (near * wider, nearZero * wider)
    var (worst, wrong): (Double, String?) = (0, nil)
    for (x, y) in zip(x, y) {
      if x == y || x.isNaN && y.isNaN { continue }
      let distance = Swift.abs(x - y)
      let isClose = distance <= Swift.max(absolute, relative * Swift.abs(y)) && y.isFinite
      let error = distance.isNaN ? .infinity : distance / Swift.max(1, Swift.abs(y))
      if !isClose && wrong == nil { wrong = "\(x) where PyTorch has \(y)" }
      worst = Swift.max(worst, error)
    }
    return (worst, wrong)
  }
}
