import CKernels

// One instruction for what an expression says with several.
extension Compiler {
  /// The instruction of a value: its own, or the one that does what it and the mask that it chooses by do.
  func lowered(_ i: Int) -> (op: UInt32, arguments: [Int])? {
    guard case .apply(let op) = values[i].kind else { return nil }
    let x = values[i].arguments
    switch fx_op(op) {
    case FX_ADD:
      for (y, one) in [(x[0], x[1]), (x[1], x[0])] where isApplied(FX_EXPM1, y) && values[one].expression.value == 1 {
        return (FX_EXP.rawValue, values[y].arguments)
      }
    case FX_MUL:
      for (y, factor) in [(x[0], x[1]), (x[1], x[0])] where values[y].arguments == [factor] {
        if isApplied(FX_SQUARE, y) { return (FX_CUBE.rawValue, [factor]) }
        if isApplied(FX_SIGMOID, y) { return (FX_SILU.rawValue, [factor]) }
        if isApplied(FX_NORMAL_CDF, y) { return (FX_GELU.rawValue, [factor]) }
      }
    case FX_SELECT: return rectifier(x) ?? clamp(x) ?? (op, x)
    default: break
    }
    return (op, x)
  }

  private func isApplied(_ op: fx_op, _ i: Int) -> Bool { values[i].kind == .apply(op.rawValue) }

  /// x ≤ 0 ? y : x, where y is 0 (relu), slope·x (leaky relu), or alpha·(eˣ − 1) with x as it is where it counts (elu).
  private func rectifier(_ x: [Int]) -> (op: UInt32, arguments: [Int])? {
    let (mask, y) = (values[x[0]], values[x[1]])
    guard isApplied(FX_LE, x[0]), mask.arguments[0] == x[2], values[mask.arguments[1]].expression.value == 0 else { return nil }
    if y.expression.value == 0 { return (FX_RELU.rawValue, [x[2]]) }
    if let one, isExponential(x[1], under: x[0], of: x[2]) { return (FX_ELU.rawValue, [x[2], one]) }
    guard isApplied(FX_MUL, x[1]) else { return nil }
    for (a, b) in [(y.arguments[0], y.arguments[1]), (y.arguments[1], y.arguments[0])] {
      if a == x[2] { return (FX_LEAKY_RELU.rawValue, [x[2], b]) }
      if isExponential(a, under: x[0], of: x[2]) { return (FX_ELU.rawValue, [x[2], b]) }
    }
    return nil
  }

  /// Whether it is eˣ − 1 with 0 in place of x beyond the mask.
  private func isExponential(_ i: Int, under mask: Int, of x: Int) -> Bool {
    guard isApplied(FX_EXPM1, i) else { return false }
    let inner = values[i].arguments[0]
    return isApplied(FX_SELECT, inner) && values[inner].arguments[0] == mask && values[inner].arguments[1] == x
      && values[values[inner].arguments[2]].expression.value == 0
  }

  /// Bounds, x < lower ? min(lower, upper) : x > upper ? upper : x, or the same by ≤ and ≥ of two constants in order.
  private func clamp(_ x: [Int]) -> (op: UInt32, arguments: [Int])? {
    let (below, inner) = (values[x[0]], values[x[2]])
    guard inner.kind == .apply(FX_SELECT.rawValue), below.kind == .apply(FX_LT.rawValue) || below.kind == .apply(FX_LE.rawValue) else {
      return nil
    }
    let above = values[inner.arguments[0]]
    guard above.kind == .apply(FX_GT.rawValue) || above.kind == .apply(FX_GE.rawValue) else { return nil }
    let (lower, upper) = (below.arguments[1], inner.arguments[1])
    guard below.arguments[0] == inner.arguments[2], above.arguments == [inner.arguments[2], upper] else { return nil }
    let isLesser = values[x[1]].kind == .apply(FX_MIN.rawValue) && values[x[1]].arguments == [lower, upper]
    if !isLesser {
      guard x[1] == lower, let a = values[lower].expression.value, let b = values[upper].expression.value, a <= b else { return nil }
    }
    return (FX_CLAMP.rawValue, [below.arguments[0], lower, upper])
  }
}
