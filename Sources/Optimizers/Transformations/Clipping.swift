import Foundation
import Models
import Tensors

extension Model {
  /// Makes a gradient shorter if its norm is larger than `maximum`, and tells what its norm was.
  ///
  ///     let norm = gradient.clipNorm(1)
  ///     optimizer.update(&model, along: gradient)
  ///
  /// g = g · min(1, maximum / (‖g‖ + 10⁻⁶)), with the norm over all parameters together; those that are frozen are left out. PyTorch:
  /// `clip_grad_norm_`. Where the norm is infinite or not a number there is no direction to keep: the gradient then becomes 0 and NaN, as there,
  /// unless `requiresFinite`, which makes it a mistake (PyTorch's `error_if_nonfinite`).
  ///
  /// - Parameter order: Which norm: (Σ|x|ᵖ)^(1/p) for a number above 0, the largest size for `.infinity`.
  @discardableResult
  public mutating func clipNorm(_ maximum: Double, order: Double = 2, requiresFinite: Bool = false) -> Double {
    var check = SettingCheck("clipNorm")
    checkClipping(&check, maximum, order)
    return check.isFine ? clipNorm(maximum, order, requiresFinite, of: nil) : 0
  }

  /// Moves each element of a gradient that is beyond `limit` or `−limit` there.
  ///
  /// PyTorch: `clip_grad_value_`.
  public mutating func clipValues(_ limit: Double) {
    var check = SettingCheck("clipValues")
    check.number(limit, "a limit")
    if check.isFine { clipValues(limit, of: nil) }
  }

  /// ``clipNorm(_:order:requiresFinite:)`` of what is trained; one that is not a number changes nothing, so that the optimizer names what has it.
  package mutating func clipNorm(_ maximum: Double, trainedIn model: Self) -> Double { clipNorm(maximum, 2, false, of: model) }

  /// ``clipValues(_:)`` of what is trained.
  package mutating func clipValues(_ limit: Double, trainedIn model: Self) { clipValues(limit, of: model) }

  fileprivate mutating func clipNorm(_ maximum: Double, _ order: Double, _ requiresFinite: Bool, of model: Self?) -> Double {
    let norm = gradientNorm(order, of: model)
    if hasFailed { return norm }
    if requiresFinite && !norm.isFinite {
      var names: [String] = []
      let all = parameters.map(\.name)
      updateGradients(of: model) { i, g, _ in if !g.sumOfSquares.isFinite { names.append(all[i]) } }
      let places = names.isEmpty ? "" : " because of " + names.prefix(4).joined(separator: ", ") + (names.count > 4 ? ", …" : "")
      fail(TensorError("clipNorm", "the gradient's norm is \(norm)\(places); a finite one would fit"))
      return norm
    }
    let factor = maximum / (norm + 1e-6)
    // In a chain the optimizer names the parameter that has it, so that it must not come into the others.
    if norm.isNaN && model != nil { return norm }
    // NaN is no reason to stay as it is.
    if factor >= 1 { return norm }
    updateGradients(of: model) { _, g, _ in g = g.detached * factor }
    return norm
  }

  fileprivate mutating func clipValues(_ limit: Double, of model: Self?) {
    updateGradients(of: model) { _, g, _ in g = g.detached.clamped(min: -limit, max: limit) }
  }

  /// The norm over all gradients of parameters that are trained.
  private mutating func gradientNorm(_ order: Double, of model: Self?) -> Double {
    var total = 0.0
    updateGradients(of: model) { _, g, _ in
      if order == 2 {
        total += g.sumOfSquares
        return
      }
      if g.elementCount == 0 { return }
      let norm = g.detached.norm(order).item()
      // What is no number stays none: max would drop it.
      if order == .infinity { total = norm.isNaN || total.isNaN ? .nan : max(total, norm) } else { total += pow(norm, order) }
    }
    if order == 2 { return total == .infinity || total == 0 ? scaledNorm(of: model) ?? total.squareRoot() : total.squareRoot() }
    return order == .infinity ? total : pow(total, 1 / order)
  }

  /// √Σx² where squares overflow or vanish: by x over the largest; nil if that is 0 or infinite.
  private mutating func scaledNorm(of model: Self?) -> Double? {
    var (largest, total) = (0.0, 0.0)
    updateGradients(of: model) { _, g, _ in if g.elementCount > 0 { largest = max(largest, g.detached.norm(.infinity).item()) } }
    if largest == 0 || !largest.isFinite { return nil }
    updateGradients(of: model) { _, g, _ in total += (g.detached / largest).sumOfSquares }
    return largest * total.squareRoot()
  }
}

private func checkClipping(_ check: inout SettingCheck, _ maximum: Double, _ order: Double) {
  check.number(maximum, "a largest norm")
  if !(order > 0) { check.refuse("a norm of order \(order)", "a number above 0, or .infinity, would fit") }
}

/// Makes a gradient shorter if its norm is larger than a maximum.
///
/// As ``Model/clipNorm(_:order:requiresFinite:)`` does. PyTorch: `clip_grad_norm_`.
public struct ClipNorm: GradientTransformation {
  /// The largest norm.
  public let maximum: Double
  /// Which norm.
  public let order: Double
  /// Whether a norm that is not finite is a mistake.
  public let requiresFinite: Bool

  /// By the norm of all gradients together.
  public init(_ maximum: Double, order: Double = 2, requiresFinite: Bool = false) {
    (self.maximum, self.order, self.requiresFinite) = (maximum, order, requiresFinite)
    var check = SettingCheck("ClipNorm")
    checkClipping(&check, maximum, order)
  }

  /// Clips the gradient.
  public func apply<M: Model>(to gradient: inout M, of model: M) -> Bool {
    _ = gradient.clipNorm(maximum, order, requiresFinite, of: model)
    return true
  }
}

/// Moves each element of a gradient that is beyond a limit, or its negative, there.
///
/// PyTorch: `clip_grad_value_`.
public struct ClipValues: GradientTransformation {
  /// The largest size of an element.
  public let limit: Double

  /// Elements from −limit to limit.
  public init(_ limit: Double) {
    self.limit = limit
    var check = SettingCheck("ClipValues")
    check.number(limit, "a limit")
  }

  /// Clips the gradient.
  public func apply<M: Model>(to gradient: inout M, of model: M) -> Bool {
    gradient.clipValues(limit, of: model)
    return true
  }
}

/// Takes no step along a gradient that has an element that is infinite or not a number.
///
/// The optimizer's state stays as it is. Before ``Accumulate``, such a gradient does not count; behind it, it costs what was gathered.
public struct SkipNonFinite: GradientTransformation {
  /// How many gradients were left out so far.
  public private(set) var skipped = 0

  /// Looks at every gradient.
  public init() {}

  /// Whether all elements are finite.
  public mutating func apply<M: Model>(to gradient: inout M, of model: M) -> Bool {
    var isFinite = true
    gradient.updateGradients(of: model) { _, g, _ in if isFinite { isFinite = g.isAllFinite } }
    if !isFinite { skipped += 1 }
    return isFinite
  }
}
