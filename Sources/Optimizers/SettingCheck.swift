import Tensors

/// Looks at the settings of an optimizer, a transformation or a schedule; one that cannot be meant is a mistake, in one sentence.
struct SettingCheck {
  let owner: String
  /// Whether all settings so far would fit.
  private(set) var isFine = true

  init(_ owner: String) { self.owner = owner }

  /// A number from a bound on: `a weight decay of -1.0; a finite number, 0 or more, would fit`.
  mutating func number(_ value: Double, _ name: String, atLeast bound: Double = 0) {
    if !(value.isFinite && value >= bound) { refuse(value, name, "a finite number, \(text(bound)) or more, would fit") }
  }

  /// A number above 0.
  mutating func positive(_ value: Double, _ name: String) {
    if !(value.isFinite && value > 0) { refuse(value, name, "a finite number above 0 would fit") }
  }

  /// A part of what was, from step to step: less than 1, for what is divided by what is left of 1.
  mutating func fraction(_ value: Double, _ name: String, includesOne: Bool = false) {
    if includesOne {
      if !(value >= 0 && value <= 1) { refuse(value, name, "0 to 1 would fit") }
    } else if !(value >= 0 && value < 1) {
      refuse(value, name, "0 or more and less than 1 would fit")
    }
  }

  /// How many: `0 steps; 1 or more would fit`.
  mutating func count(_ value: Int, _ name: String, atLeast bound: Int = 1) {
    if value < bound { refuse("\(value) \(name)", "\(bound) or more would fit") }
  }

  /// Whatever else is wrong.
  mutating func refuse(_ what: String, _ fitting: String) {
    if isFine { fail(TensorError(owner, "\(what); \(fitting)")) }
    isFine = false
  }

  private mutating func refuse(_ value: Double, _ name: String, _ fitting: String) { refuse("\(name) of \(value)", fitting) }
  private func text(_ bound: Double) -> String { bound == bound.rounded() ? String(Int(bound)) : "\(bound)" }
}

/// Looks at the settings that Adam and its relatives have in common.
func checkMoments(_ owner: String, _ rate: Double, _ beta1: Double, _ beta2: Double, _ decay: Double, _ epsilon: Double = 0) {
  var check = SettingCheck(owner)
  check.number(rate, "a learning rate")
  check.fraction(beta1, "a beta1")
  check.fraction(beta2, "a beta2")
  check.number(decay, "a weight decay")
  check.number(epsilon, "an epsilon")
}
