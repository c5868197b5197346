// What fused primitives with gradients for several inputs share.
//
// Such a gradient is one primitive, whose gradients lie one after the other in one buffer. Its own derivatives are those of the operators
// that the fused one could have been composed of: exact, slower, and asked for by second derivatives only.

/// The gradients of Σ dy·f(x) by the rules of the operators that `f` is made of.
func pullback(_ f: ([Tensor]) -> Tensor, at x: [Tensor], _ dy: Tensor) -> [Tensor] {
  differentiate("gradient", at: x, seeds: { _ in [dy] }, { (f($0), ()) }).gradients[0]
}

/// Tensors as one vector, one after the other.
func packed(_ parts: [Tensor]) -> Tensor { concatenate(parts.map { $0.reshaped([$0.elementCount]) }) }

extension Tensor {
  /// The parts of a vector that ``packed(_:)`` made, as views.
  func unpacked(_ shapes: [Shape]) -> [Tensor] {
    split(sizes: shapes.map(\.elementCount)).enumerated().map { i, part in part.reshaped(shapes[i]) }
  }
}
