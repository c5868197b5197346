extension Convolution: PlannedPrimitive {
  func kernel(_ x: [Tensor], into y: Tensor, _ weights: PlanWeights) -> PlanKernel? {
    guard y.dtype.isSingleOrDouble, weights.contains(x[1]), x.allSatisfy(\.isContiguous) else { return nil }
    let sum = ConvolutionSum(geometry, groups, batch: x[0].shape[0], channels: x[0].shape[1], outputs: x[1].shape[0], y.dtype)
    return ConvolutionKernel(sum, x, y, weights)
  }
}

/// A convolution by a weight that is transformed or packed once, and again when the model has been changed and then stays as it is.
private final class ConvolutionKernel: PlanKernel {
  private let sum: ConvolutionSum
  private let (x, weight, y): (PlannedAddress, PlannedAddress, PlannedAddress)
  private let bias: PlannedAddress?
  private let weights: PlanWeights
  private var prepared: (weight: ConvolutionSum.PreparedWeight, stamp: UInt64)?

  init(_ sum: ConvolutionSum, _ x: [Tensor], _ y: Tensor, _ weights: PlanWeights) {
    (self.sum, self.weights) = (sum, weights)
    (self.x, weight, self.y) = (PlannedAddress(x[0]), PlannedAddress(x[1]), PlannedAddress(y))
    bias = x.count > 2 ? PlannedAddress(x[2]) : nil
  }

  override func run() -> Bool {
    if prepared?.stamp != weights.stamp {
      prepared = nil
      if !weights.areSame { return false }
    }
    do throws(TensorError) {
      let weight = weight.pointer
      if prepared == nil {
        prepared = (try PlannedAllocations.without { () throws(TensorError) in try sum.prepared(weight) }, weights.stamp)
      }
      guard let prepared = prepared?.weight else { return false }
      try sum.result(x.pointer, weight, prepared, bias: bias?.pointer, into: y.pointer)
    } catch {
      // There was no memory for it.
      prepared = nil
      return false
    }
    return true
  }
}
