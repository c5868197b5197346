import CKernels

/// x with elements set to 0 at random and the others scaled; the mask is drawn again for the gradient, not kept.
struct DropoutOperator: RandomPrimitive {
  let probability: Double
  var draw: Draw?
  var name: String { "dropout" }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    if !x.dtype.isFloatingPoint { throw mistake("not defined for \(x.dtype), only for floating-point dtypes; convert with .cast(to:)") }
    return Signature(x.shape, x.dtype)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let x = try x.ordered
    let y = try Tensor(uninitialized: x.shape, x.dtype)
    guard let draw else { return y }
    let (size, keep) = (x.dtype.byteCount, 1 - probability)
    parallel(x.elementCount, grain: Blocks.grain) { range in
      let at = range.lowerBound * size
      fx_dropout(
        x.dtype.code, draw.seed, draw.position &+ UInt64(range.lowerBound), range.count, keep, keep > 0 ? 1 / keep : 0, x.pointer + at,
        y.pointer + at
      )
    }
    return y
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [self(dy)] }
}

extension Tensor {
  /// Elements set to 0 with a probability, the others divided by 1 − probability.
  ///
  /// Derivative: dy under the same mask. PyTorch: `dropout`.
  public func dropout(probability: Double, using random: inout RandomStream) -> Tensor {
    guard Setting.fraction.holds(probability, "a probability", "dropout") else { return .placeholder }
    return DropoutOperator(probability: probability, draw: Draw(seed: random.seed, position: random.take(elementCount)))(self)
  }
}
