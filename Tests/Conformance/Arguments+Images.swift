import Fluxion

/// Sizes, strides and edges of windows, which PyTorch takes as a number, a list of one for all axes, or a list for each axis.
extension Arguments {
  /// Numbers for so many axes.
  func perAxis(_ name: String, at position: Int? = nil, axes: Int, default other: Int? = nil) throws -> PerAxis {
    guard let numbers = try optionalPerAxis(name, at: position, axes: axes) ?? other.map({ PerAxis($0) }) else {
      throw CaseError("\(name) is not given")
    }
    return numbers
  }

  func optionalPerAxis(_ name: String, at position: Int? = nil, axes: Int) throws -> PerAxis? {
    guard let numbers = try optionalInts(name, at: position), !numbers.isEmpty else { return nil }
    return PerAxis(numbers.count == 1 ? Array(repeating: numbers[0], count: axes) : numbers)
  }

  /// Numbers for so many axes, of which `None` stands for an axis's own size.
  func sizes(_ name: String, at position: Int? = nil, of x: Tensor, axes: Int) throws -> PerAxis {
    guard case .list(let list) = value(name, at: position) else { return try perAxis(name, at: position, axes: axes) }
    let own = Array(x.shape.suffix(axes))
    let full = list.count == 1 ? Array(repeating: list[0], count: axes) : list
    return PerAxis(
      try zip(full, own).map { value, own in
        switch value {
        case .none: return own
        case .int(let number): return number
        default: throw CaseError("\(name) is not a list of sizes")
        }
      })
  }

  /// A padding in numbers or in words.
  func windowPadding(_ name: String = "padding", at position: Int? = nil, axes: Int) throws -> WindowPadding {
    if case .string(let word) = value(name, at: position) { return word == "same" ? .same : .valid }
    return WindowPadding(try perAxis(name, at: position, axes: axes, default: 0))
  }
}

extension Arguments {
  /// Factors for so many axes, of which one stands for all.
  func doubles(_ name: String, at position: Int? = nil, count: Int) throws -> [Double] {
    guard case .list(let list) = value(name, at: position) else {
      return Array(repeating: try double(name, at: position), count: count)
    }
    return try list.map {
      switch $0 {
      case .int(let number): return Double(number)
      case .double(let number): return number
      default: throw CaseError("\(name) is not a list of numbers")
      }
    }
  }
}
