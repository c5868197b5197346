import ArgumentParser
import Fluxion
import Tensors

/// `fluxion diff A B`: where two files' tensors differ.
struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Says where the tensors of two files differ.",
    discussion: """
      The exit code is 0 when they are equal, 1 when they differ and 2 on errors. NaN is equal to NaN. The relative difference is that \
      to the larger of both magnitudes. Two files that hold one tensor each, one of them without a name, have these compared.
      """)

  @Argument(help: "A file of tensors.")
  var a: String

  @Argument(help: "Another one, of any format.")
  var b: String

  @Option(help: ArgumentHelp("The largest difference of two elements that still counts as none.", valueName: "number"))
  var tolerance = 0.0

  @Flag(help: "Compare metadata too.")
  var metadata = false

  @OptionGroup var limits: Limits

  func validate() throws {
    if !(tolerance >= 0) { throw ValidationError("a tolerance of \(tolerance); 0 or more would fit") }
  }

  func run() throws {
    let comparison = try FileComparison(
      TensorFile(a, maximumBytes: limits.maximumBytes), TensorFile(b, maximumBytes: limits.maximumBytes), tolerance: tolerance,
      metadata: metadata)
    print(comparison.text)
    if comparison.differs { throw ExitCode(1) }
  }
}

/// How two tensors of the same shape differ.
struct ElementComparison: Equatable {
  /// The elements that are not equal within the tolerance.
  var differing = 0
  /// The largest |x − y|, of all elements; infinite where one is NaN or infinite and the other is not.
  var absolute = 0.0
  /// The largest |x − y| / max(|x|, |y|).
  var relative = 0.0

  init(_ x: Tensor, _ y: Tensor, tolerance: Double) { compare(x, y, tolerance) }

  private mutating func compare(_ x: Tensor, _ y: Tensor, _ tolerance: Double) {
    switch (x.dtype, y.dtype) {
    case (.float32, .float32): x.withElements(Float.self) { x in y.withElements(Float.self) { y in compare(x, y, tolerance) } }
    case (.float64, .float64): x.withElements(Double.self) { x in y.withElements(Double.self) { y in compare(x, y, tolerance) } }
    case (.int32, .int32): x.withElements(Int32.self) { x in y.withElements(Int32.self) { y in compare(x, y, tolerance) } }
    case (.int64, .int64): x.withElements(Int64.self) { x in y.withElements(Int64.self) { y in compare(x, y, tolerance) } }
    case (.bool, .bool): compare(x.cast(to: .int32), y.cast(to: .int32), tolerance)
    case (.int32, .int64), (.int64, .int32): compare(x.cast(to: .int64), y.cast(to: .int64), tolerance)
    case _ where x.dtype.isComplex || y.dtype.isComplex:
      let parts = [x, y].map { ($0.cast(to: .complex128)) }
      compare(parts[0].real, parts[1].real, tolerance)
      compare(parts[0].imag, parts[1].imag, tolerance)
    default: compare(x.cast(to: .float64), y.cast(to: .float64), tolerance)
    }
  }

  /// Floats beyond 2⁵³ would take neighbours for equal.
  private mutating func compare<T: FixedWidthInteger>(_ x: UnsafeBufferPointer<T>, _ y: UnsafeBufferPointer<T>, _ tolerance: Double) {
    for i in x.indices where x[i] != y[i] {
      let difference = UInt64(truncatingIfNeeded: Swift.max(x[i], y[i])) &- UInt64(truncatingIfNeeded: Swift.min(x[i], y[i]))
      add(Double(difference), Swift.max(Double(x[i].magnitude), Double(y[i].magnitude)), tolerance)
    }
  }

  private mutating func compare<T: BinaryFloatingPoint>(_ x: UnsafeBufferPointer<T>, _ y: UnsafeBufferPointer<T>, _ tolerance: Double) {
    for i in x.indices where x[i] != y[i] && !(x[i].isNaN && y[i].isNaN) {
      let (a, b) = (Double(x[i]), Double(y[i]))
      let difference = abs(a - b)
      add(difference.isNaN ? .infinity : difference, Swift.max(abs(a), abs(b)), tolerance)
    }
  }

  private mutating func add(_ difference: Double, _ size: Double, _ tolerance: Double) {
    if difference > tolerance { differing += 1 }
    absolute = max(absolute, difference)
    let ratio = difference / size
    relative = max(relative, ratio.isNaN ? .infinity : ratio)
  }
}

/// Where the tensors of two files differ.
struct FileComparison {
  private(set) var lines: [String] = []
  private var count = 0
  private var tolerance: Double
  /// The largest difference between elements, counted or not.
  private var largest = 0.0

  var differs: Bool { !lines.isEmpty }

  var text: String {
    if differs { return lines.joined(separator: "\n") }
    let tensors = count == 1 ? "the tensors are" : "all \(count) tensors are"
    return largest > 0 ? "\(tensors) equal within \(brief(tolerance)); the largest difference is \(brief(largest))" : "\(tensors) equal"
  }

  init(_ a: TensorFile, _ b: TensorFile, tolerance: Double = 0, metadata: Bool = false) throws {
    self.tolerance = tolerance
    let (first, second) = (a.contents.names, b.contents.names)
    if first.count == 1 && second.count == 1 && !(a.isNamed && b.isNamed) {
      try compare(a, first[0], b, second[0])
    } else {
      let (inFirst, inSecond) = (Set(first.map { ByteName($0) }), Set(second.map { ByteName($0) }))
      for name in first where !inSecond.contains(ByteName(name)) { lines.append("only in \(a.path): \(oneLine(name))") }
      for name in second where !inFirst.contains(ByteName(name)) { lines.append("only in \(b.path): \(oneLine(name))") }
      for name in first where inSecond.contains(ByteName(name)) { try compare(a, name, b, name) }
    }
    if metadata { compareMetadata(a, b) }
  }

  private mutating func compare(_ a: TensorFile, _ first: String, _ b: TensorFile, _ second: String) throws {
    guard let x = a.contents.outline(first), let y = b.contents.outline(second) else { return }
    count += 1
    let name = oneLine(first)
    guard x.shape == y.shape else {
      lines.append("\(name): \(x.dtype) \(x.shape) and \(y.dtype) \(y.shape)")
      return
    }
    let comparison = ElementComparison(try a.contents.tensor(first), try b.contents.tensor(second), tolerance: tolerance)
    largest = max(largest, comparison.absolute)
    var parts: [String] = []
    if x.dtype != y.dtype { parts.append("\(x.dtype) and \(y.dtype)") }
    if comparison.differing > 0 {
      let total = x.shape.elementCount
      parts.append(
        "\(grouped(comparison.differing)) of \(grouped(total)) \(total == 1 ? "element" : "elements") \(comparison.differing == 1 ? "differs" : "differ"),"
          + " by at most \(brief(comparison.absolute)), relative \(brief(comparison.relative))")
    }
    if !parts.isEmpty { lines.append("\(name): \(parts.joined(separator: "; "))") }
  }

  private mutating func compareMetadata(_ a: TensorFile, _ b: TensorFile) {
    let (first, second) = (a.contents.metadata, b.contents.metadata)
    for key in Set(first.keys).union(second.keys).sorted() where first[key] != second[key] {
      switch (first[key], second[key]) {
      case (let x?, let y?): lines.append("metadata \(oneLine(key)): \(oneLine(x, atMost: 60)) and \(oneLine(y, atMost: 60))")
      case (_, nil): lines.append("metadata only in \(a.path): \(oneLine(key))")
      default: lines.append("metadata only in \(b.path): \(oneLine(key))")
      }
    }
  }
}
