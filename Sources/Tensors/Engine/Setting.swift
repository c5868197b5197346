/// Where a number lies that an operator, a layer or an initializer is set by; one that lies elsewhere is a mistake, in one sentence.
package enum Setting: Sendable {
  /// A number that is neither infinite nor NaN.
  case finite
  /// A finite number, 0 or more.
  case nonNegative
  /// A finite number above 0.
  case positive
  /// 0 to 1.
  case fraction
  /// Any number, also ∞: not NaN.
  case number

  /// Whether a value fits; a mistake if not: `a standard deviation of -1.0; a finite number, 0 or more, would fit`.
  @inline(__always)
  package func holds(_ value: Double, _ what: @autoclosure () -> String, _ operation: @autoclosure () -> String) -> Bool {
    if contains(value) { return true }
    refuse(value, what(), operation())
    return false
  }

  @inline(__always)
  private func contains(_ value: Double) -> Bool {
    switch self {
    case .finite: value.isFinite
    case .nonNegative: value >= 0 && value < .infinity
    case .positive: value > 0 && value < .infinity
    case .fraction: value >= 0 && value <= 1
    case .number: !value.isNaN
    }
  }

  @inline(never)
  private func refuse(_ value: Double, _ what: String, _ operation: String) {
    let fitting =
      switch self {
      case .finite: "a finite number"
      case .nonNegative: "a finite number, 0 or more,"
      case .positive: "a finite number above 0"
      case .fraction: "0 to 1"
      case .number: "a number"
      }
    fail(TensorError(operation, "\(what) of \(value); \(fitting) would fit"))
  }
}
