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
    // Complex tensors are pairs in the file; what goes with one, its gradient or its cotangent, is complex too.
    var complexNames = Set(json["complexOutputs"] as? [String] ?? [])
    func findComplex(_ value: Any) {
      if let list = value as? [Any] { list.forEach(findComplex) }
      guard let object = value as? [String: Any] else { return }
      if let name = object["tensor"] as? String, (object["complex"] as? NSNumber)?.boolValue ?? false { complexNames.insert(name) }
      for value in object.values { findComplex(value) }
    }
    findComplex(positional)
    findComplex(keywords)
    func stored(_ name: String, strides: [Int]? = nil, like other: String? = nil) throws -> Tensor {
      try file.tensor(name, strides: strides, isComplex: complexNames.contains(other ?? name))
    }
    let values = try positional.map { try Value($0) }
    let named = try keywords.mapValues { try Value($0) }
    var tensors: [String: Tensor] = [:]
    func collect(_ value: Value) throws {
      if case .list(let list) = value { try list.forEach(collect) }
      if case .tensor(let name, let strides) = value { tensors[name] = try stored(name, strides: strides) }
    }
    try values.forEach(collect)
    try named.values.forEach(collect)
    arguments = Arguments(positional: values, keywords: named, tensors: tensors)
    self.outputs = try outputs.map { try stored($0) }
    let places = Dictionary(uniqueKeysWithValues: outputs.enumerated().map { ($1, $0) })
    var cotangents: [Int: Tensor] = [:]
    for (output, name) in json["cotangents"] as? [String: String] ?? [:] { cotangents[places[output]!] = try stored(name, like: output) }
    self.cotangents = cotangents
    gradients = try (json["gradients"] as? [String: String] ?? [:]).sorted { $0.key < $1.key }.map { ($0, try stored($1, like: $0)) }
  }

  /// The largest error, relative where numbers are large, and a sentence if the case has not passed.
  func run(_ row: Operator) throws -> (error: Double, failure: String?) {
    let results = try results(row)
    let ours = try row.compared?(arguments, results) ?? results
    let theirs = try row.compared?(arguments, outputs) ?? outputs
    let (error, failure) = compare(ours, theirs, "result", row)
    if let failure {
      try refuseIfRounded(row, error, results, nil)
      return (error, failure)
    }
    if let reason = row.open, compare(results, outputs, "result", row).1 != nil { throw Refusal(reason) }
    if gradients.isEmpty { return (error, nil) }

    let slopes = try slopes(row)
    let (slopeError, slopeFailure) = compare(slopes, gradients.map(\.expected), "gradient", row)
    if slopeFailure != nil { try refuseIfRounded(row, Swift.max(error, slopeError), nil, slopes) }
    return (Swift.max(error, slopeError), slopeFailure)
  }

  private func results(_ row: Operator) throws -> [Tensor] { try checked { try row.call(arguments) } }

  private func slopes(_ row: Operator) throws -> [Tensor] {
    try checked {
      try gradient(at: gradients.map { arguments.tensors[$0.input]! }) { x in
        var tensors = arguments.tensors
        for (name, x) in zip(gradients.map(\.input), x) { tensors[name] = x }
        let variable = Arguments(positional: arguments.positional, keywords: arguments.keywords, tensors: tensors)
        var results = try row.call(variable)
        if let align = row.align { results = try align(variable, results, outputs) }
        // Σ results·cotangents, of those results that PyTorch fed one to; of complex ones Σ Re (results·conj cotangents).
        let dtype = x[0].dtype.real
        return cotangents.sorted { $0.key < $1.key }.reduce(Tensor.zeros([], dtype)) { total, pair in
          total + (results[pair.key] * pair.value.conjugate()).sum().real.cast(to: dtype)
        }
      }
    }
  }

  private func compare(_ ours: [Tensor], _ theirs: [Tensor], _ what: String, _ row: Operator) -> (Double, String?) {
    if ours.count != theirs.count { return (0, "\(ours.count) \(what)s where PyTorch has \(theirs.count)") }
    var worst = 0.0
    for (i, (ours, b)) in zip(ours, theirs).enumerated() {
      // Results of Fourier transforms are pairs of real numbers where the cases do not tell of complex ones.
      let a = ours.dtype.isComplex && b.dtype.isFloatingPoint ? ours.viewAsReal() : ours
      let (error, failure) = mismatch(a, b, isLoose: row.isLoose)
      worst = max(worst, error)
      if let failure { return (worst, "\(what) \(i): \(failure)") }
    }
    return (worst, nil)
  }

  /// Throws a refusal where results or gradients in 16 bits are not PyTorch's, but what float64 gives for the same numbers, rounded once.
  ///
  /// Where PyTorch rounds in between, or adds up in 16 bits, its tolerances are not enough for what it loses.
  private func refuseIfRounded(_ row: Operator, _ error: Double, _ results: [Tensor]?, _ slopes: [Tensor]?) throws {
    func isHalf(_ x: Tensor) -> Bool { x.dtype == .float16 || x.dtype == .bfloat16 }
    // A row that tells itself why it differs has its own reason.
    if let differs = row.differs, error <= differs.within { return }
    guard arguments.tensors.values.contains(where: isHalf) else { return }
    func wide(_ x: Tensor) -> Tensor { isHalf(x) ? x.cast(to: .float64) : x }
    let exact = Case(
      id: id,
      arguments: Arguments(positional: arguments.positional, keywords: arguments.keywords, tensors: arguments.tensors.mapValues(wide)),
      outputs: outputs.map(wide), cotangents: cotangents.mapValues(wide), gradients: gradients.map { ($0.input, wide($0.expected)) })
    func isRounded(_ ours: [Tensor], _ exact: [Tensor]) -> Bool {
      compare(ours, zip(exact, ours).map { $0.cast(to: $1.dtype) }, "result", row).1 == nil
    }
    let isExact =
      try results.map { isRounded($0, try exact.results(row)) } ?? slopes.map { isRounded($0, try exact.slopes(row)) } ?? false
    if isExact { throw Refusal.rounded }
  }

  private init(
    id: String, arguments: Arguments, outputs: [Tensor], cotangents: [Int: Tensor], gradients: [(input: String, expected: Tensor)]
  ) {
    (self.id, self.arguments, self.outputs, self.cotangents, self.gradients) = (id, arguments, outputs, cotangents, gradients)
  }

  /// The relative and absolute distances that results of a dtype may have.
  private static func tolerances(_ dtype: DType) -> (Double, Double) {
    switch dtype {
    case .float64, .complex128: (1e-9, 1e-10)
    case .float32, .complex64: (1e-4, 1e-5)
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
    if a.dtype.isComplex {
      let (parts, others) = ([a.real, a.imag], [b.real, b.imag])
      let found = zip(parts, others).map { mismatch($0, $1, isLoose: isLoose) }
      return (found.map(\.0).max()!, found.compactMap(\.1).first)
    }
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
