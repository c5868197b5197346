/// The size of an axis at each of the traces, of which the first is that of the example: the same at all, or one that depends on a dynamic axis.
struct Size: Hashable {
  let values: [Int]

  init(_ values: [Int]) { self.values = values }

  /// The size at all traces; nil if there are several.
  var fixed: Int? { values.dropFirst().allSatisfy { $0 == values[0] } ? values[0] : nil }
  var example: Int { values[0] }

  static func + (a: Size, b: Size) -> Size { Size(zip(a.values, b.values).map { $0 &+ $1 }) }
  static func - (a: Size, b: Size) -> Size { Size(zip(a.values, b.values).map { $0 &- $1 }) }
  static func * (a: Size, b: Size) -> Size { Size(zip(a.values, b.values).map { $0.multipliedReportingOverflow(by: $1).partialValue }) }

  func times(_ factor: Int) -> Size { Size(values.map { $0.multipliedReportingOverflow(by: factor).partialValue }) }
}

extension Size {
  /// A dynamic axis and what the size is more than it, where that follows from another one: of what was before and what comes.
  func sum(of dynamic: [DynamicAxis]) -> (axis: DynamicAxis, rest: Size)? {
    for axis in dynamic where axis.size.fixed == nil {
      let rest = self - axis.size
      if rest.fixed != nil || SizeFormula(rest, dynamic) != nil { return (axis, rest) }
    }
    return nil
  }

  /// As a dimension's name; nil where it follows from the dynamic axes in no way that is known.
  func text(_ dynamic: [DynamicAxis]) -> String? {
    if let axis = dynamic.first(where: { $0.size == self }) { return axis.name }
    if let formula = SizeFormula(self, dynamic) { return formula.text(dynamic) }
    return sum(of: dynamic).map { axis, rest in
      "\(axis.name) + \(rest.fixed.map(String.init) ?? SizeFormula(rest, dynamic)?.text(dynamic) ?? "")"
    }
  }
}

extension [Size] {
  /// How many elements there are.
  func count(_ traces: Int) -> Size { reduce(Size([Int](repeating: 1, count: traces))) { $0 * $1 } }

  /// The sizes, where none depends on a dynamic axis.
  var fixed: [Int]? {
    let sizes = compactMap(\.fixed)
    return sizes.count == count ? sizes : nil
  }
  /// Sizes as at the first trace.
  var example: [Int] { map(\.example) }
}

/// A dynamic axis: its name in the file, where its size is found, and the size at each trace.
struct DynamicAxis {
  let name: String
  let input: String
  let axis: Int
  let size: Size
}

/// A size as a number times a product of dynamic axes, and a number more: (numerator · axes) / denominator + offset.
struct SizeFormula: Equatable {
  var numerator: Int
  var denominator: Int
  var offset: Int
  /// Positions among the dynamic axes.
  var axes: [Int]

  /// The formula that gives a size at every trace; nil if there is none of this kind.
  init?(_ size: Size, _ dynamic: [DynamicAxis]) {
    let varying = dynamic.indices.filter { dynamic[$0].size.fixed == nil }
    for bits in 1..<(1 << Swift.min(varying.count, 10)) {
      let axes = varying.indices.filter { $0 < 10 && bits >> $0 & 1 == 1 }.map { varying[$0] }
      let product = axes.reduce(Size(size.values.map { _ in 1 })) { $0 * dynamic[$1].size }
      // Two traces that differ tell the slope, all others have to agree.
      guard let other = product.values.indices.first(where: { product.values[$0] != product.values[0] }) else { continue }
      let (rise, run) = (size.values[other] - size.values[0], product.values[other] - product.values[0])
      if rise == 0 { continue }
      let divisor = Self.divisor(rise.magnitude, run.magnitude)
      let (p, q) = (run < 0 ? -rise / divisor : rise / divisor, abs(run) / divisor)
      let (scaled, overflows) = product.values[0].multipliedReportingOverflow(by: p)
      if overflows || scaled % q != 0 { continue }
      let offset = size.values[0] - scaled / q
      let agrees = zip(size.values, product.values).allSatisfy { value, factor in
        let (scaled, overflows) = factor.multipliedReportingOverflow(by: p)
        return !overflows && scaled % q == 0 && scaled / q + offset == value
      }
      if agrees {
        (numerator, denominator, self.offset, self.axes) = (p, q, offset, axes)
        return
      }
    }
    return nil
  }

  private static func divisor(_ a: UInt, _ b: UInt) -> Int {
    var (a, b) = (a, b)
    while b > 0 { (a, b) = (b, a % b) }
    return Int(a)
  }

  /// As a dimension's name: `batch`, `2*batch`, `batch*axis1 + 1`.
  func text(_ dynamic: [DynamicAxis]) -> String {
    var text = (numerator == 1 ? "" : "\(numerator)*") + axes.map { dynamic[$0].name }.joined(separator: "*")
    if denominator != 1 { text += "/\(denominator)" }
    return offset == 0 ? text : offset > 0 ? "\(text) + \(offset)" : "\(text) - \(-offset)"
  }
}
