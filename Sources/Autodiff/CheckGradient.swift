import Tensors

/// A gradient that disagrees with central differences, and where it does so most.
public struct GradientMismatch: Error, Sendable, CustomStringConvertible {
  /// Which of the tensors.
  public let input: Int
  /// The worst element's position along each axis.
  public let position: [Int]
  /// What the gradient rules gave there.
  public let gradient: Double
  /// What central differences gave there.
  public let difference: Double
  /// The largest error that would have passed.
  public let allowed: Double

  /// The whole sentence.
  public var description: String {
    "checkGradient: element \(position) of input \(input): the gradient is \(gradient), central differences give \(difference)"
      + " (apart by \(abs(gradient - difference)), at most \(allowed) would pass)"
  }
}

/// Compares a function's gradient with central differences (f(x + h) − f(x − h)) / 2h at every element, and throws the worst mismatch.
///
///     try checkGradient(of: { x in softplus(x) }, at: Tensor.normal([3, 4], .float64))
///
/// A function of several results is checked along a fixed direction. Use float64: in float32 differences are good to some three digits
/// only.
///
/// - Parameters:
///   - step: h relative to max(1, |x|); nil chooses by dtype.
///   - tolerance: The error that passes, relative to max(1, |gradient|); nil chooses by dtype.
public func checkGradient(
  of f: (Tensor) -> Tensor, at x: Tensor, step: Double? = nil, tolerance: Double? = nil
) throws {
  try checkGradient(of: { f($0[0]) }, at: [x], step: step, tolerance: tolerance)
}

/// Compares a function's gradients at several tensors with central differences; see
/// ``checkGradient(of:at:step:tolerance:)-(_,Tensor,_,_)``.
public func checkGradient(
  of f: ([Tensor]) -> Tensor, at x: [Tensor], step: Double? = nil, tolerance: Double? = nil
) throws {
  let isDouble = x.allSatisfy { $0.dtype == .float64 }
  let step = step ?? (isDouble ? 1e-6 : 1e-2)
  let tolerance = tolerance ?? (isDouble ? 1e-6 : 2e-2)
  guard Setting.positive.holds(step, "a step", "checkGradient"), Setting.nonNegative.holds(tolerance, "a tolerance", "checkGradient") else {
    return
  }
  // The same direction at every call: results of a function without a fixed stream of random numbers cannot be compared anyway.
  func scalar(_ x: [Tensor]) -> Tensor {
    let y = f(x)
    var random = RandomStream(seed: 0x5eed)
    return (y * Tensor.uniform(y.shape, in: 0.5..<1.5, y.dtype, using: &random)).sum()
  }
  let gradients = try checked { gradient(at: x.map(\.detached)) { x in scalar(x) } }
  var worst: (excess: Double, mismatch: GradientMismatch)?
  for (input, x0) in x.enumerated() {
    let values = x0.cast(to: .float64).scalars(Double.self)
    let slopes = gradients[input].cast(to: .float64).scalars(Double.self)
    for i in values.indices {
      let h = step * max(1, abs(values[i]))
      func value(at shifted: Double) throws -> (Double, Double) {
        var moved = values
        moved[i] = shifted
        let point = Tensor(moved, shape: x0.shape).cast(to: x0.dtype)
        var all = x.map(\.detached)
        all[input] = point
        // The step really taken, after rounding to the dtype.
        return try checked { (scalar(all).item(), point.cast(to: .float64).scalars(Double.self)[i]) }
      }
      let (above, high) = try value(at: values[i] + h)
      let (below, low) = try value(at: values[i] - h)
      let difference = (above - below) / (high - low)
      let allowed = tolerance * max(1, abs(difference))
      let error = abs(difference - slopes[i])
      let excess = error.isNaN ? .infinity : error / allowed
      if excess > worst?.excess ?? 1 {
        let position = zip(x0.shape, x0.shape.indices.map { axis in x0.shape[(axis + 1)...].reduce(1, *) }).map { size, step in
          i / step % size
        }
        worst = (excess, GradientMismatch(input: input, position: position, gradient: slopes[i], difference: difference, allowed: allowed))
      }
    }
  }
  if let worst { throw worst.mismatch }
}
