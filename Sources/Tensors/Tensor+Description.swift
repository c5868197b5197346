import Foundation

extension Tensor: CustomStringConvertible {
  /// The elements as NumPy prints them, the middle of long axes left out: `[[1, 2], [3, 4]]` and, if it is not float32, the dtype.
  public var description: String {
    if isHollow { return "Tensor(\(shape), \(dtype))" }
    let text = TensorPrinter(self).text
    return dtype == .float32 || dtype == .bool && elementCount > 0 ? text : text + " (\(dtype)\(elementCount == 0 ? ", \(shape)" : ""))"
  }
}

extension Tensor: CustomDebugStringConvertible {
  /// Shape, dtype and elements.
  public var debugDescription: String { "Tensor(\(shape), \(dtype))\n\(description)" }
}

/// Elements as text in columns of one width, an axis longer than `most` as its first and last three.
private struct TensorPrinter {
  private static let most = 1000
  private static let edge = 3
  let tensor: Tensor
  let isShortened: Bool
  var text = ""
  private var width = 0
  private var format: (Tensor) -> String = { "\($0.item())" }

  init(_ x: Tensor) {
    tensor = x.detached
    isShortened = x.elementCount > Self.most
    if x.elementCount == 0 {
      text = "[]"
      return
    }
    if !x.dtype.isDifferentiable {
      // As integers: a Double would round those beyond 2⁵³.
      format = { x in x.dtype == .bool ? String(x.item(as: Bool.self)) : String(x.cast(to: .int64).item(as: Int.self)) }
      width = Self.shown(tensor, isShortened).map { format($0).count }.max() ?? 0
      text = render(tensor, indent: 1)
      return
    }
    let isComplex = x.isComplex
    let shown = Self.shown(tensor, isShortened).flatMap { isComplex ? [$0.real.item(), $0.imag.item()] : [$0.item()] }
    let values = shown.map { $0.isFinite ? Swift.abs($0) : 0 }
    let largest = values.max() ?? 0
    let smallest = values.filter { $0 > 0 }.min() ?? 0
    let isScientific = largest >= 1e8 || smallest < 1e-4 && smallest > 0 || smallest > 0 && largest / smallest > 1e5
    let digits = isScientific ? 0 : shown.reduce(0) { Swift.max($0, Self.digits($1)) }
    func written(_ value: Double) -> String {
      if value.isNaN { return "nan" }
      if value.isInfinite { return value < 0 ? "-inf" : "inf" }
      return isScientific ? NumberText.scientific(value, 4) : NumberText.fixed(value, digits)
    }
    if isComplex {
      // As PyTorch writes them: 1+2j.
      format = { x in
        let im = x.imag.item()
        return "\(written(x.real.item()))\(im.sign == .minus ? "-" : "+")\(written(Swift.abs(im)))j"
      }
      width = Self.shown(tensor, isShortened).map { format($0).count }.max() ?? 0
    } else {
      format = { written($0.item()) }
      width = shown.map { written($0).count }.max() ?? 0
    }
    text = render(tensor, indent: 1)
  }

  /// How many of four decimal places a number needs.
  private static func digits(_ value: Double) -> Int {
    guard value.isFinite else { return 0 }
    let text = NumberText.fixed(value, 4)
    return 4 - text.reversed().prefix { $0 == "0" }.prefix(4).count
  }

  private static func parts(_ n: Int, _ isShortened: Bool) -> [Int?] {
    isShortened && n > 2 * edge ? (0..<edge).map { $0 } + [nil] + (n - edge..<n).map { $0 } : (0..<n).map { $0 }
  }

  private static func shown(_ x: Tensor, _ isShortened: Bool) -> [Tensor] {
    if x.rank == 0 { return [x] }
    if x.rank == 1 {
      return parts(x.shape[0], isShortened).flatMap { $0.map { [x[$0]] } ?? [] }
    }
    return parts(x.shape[0], isShortened).flatMap { $0.map { shown(x[$0], isShortened) } ?? [] }
  }

  private func render(_ x: Tensor, indent: Int) -> String {
    if x.rank == 0 { return format(x) }
    let items = Self.parts(x.shape[0], isShortened).map { i -> String in
      guard let i else { return "…" }
      if x.rank > 1 { return render(x[i], indent: indent + 1) }
      let text = format(x[i])
      return String(repeating: " ", count: width - text.count) + text
    }
    let separator = x.rank == 1 ? ", " : "," + String(repeating: "\n", count: x.rank - 1) + String(repeating: " ", count: indent)
    return "[" + items.joined(separator: separator) + "]"
  }
}
