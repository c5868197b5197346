import Models
import Tensors

/// down(activation(gate(x)) · up(x)) (Shazeer 2020); gate and up are two projections, or the halves of one.
///
/// Shapes: x [..., features] to the same.
struct GatedFeedForward: Model {
  var gate: Projection
  /// Nil if `gate` gives both halves.
  var up: Projection?
  var down: Projection
  let activation: Activation

  init(_ features: Int, hidden: Int, activation: Activation, hasBias: Bool, isFused: Bool) {
    gate = Projection(features, isFused ? 2 * hidden : hidden, hasBias: hasBias)
    up = isFused ? nil : Projection(features, hidden, hasBias: hasBias)
    down = Projection(hidden, features, hasBias: hasBias)
    self.activation = activation
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    if let up { return down(activation(gate(x)) * up(x)) }
    let halves = gate(x).split(parts: 2, axis: -1)
    return down(activation(halves[0]) * halves[1])
  }

  mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    visitor.part(&gate, up == nil ? "gate_up_proj" : "gate_proj")
    if up != nil { visitor.part(&up!, "up_proj") }
    visitor.part(&down, "down_proj")
  }
}
