import CKernels

/// How many elements lie in each of equal bins.
struct Histogram: NonDifferentiable {
  let bins: Int
  let range: ClosedRange<Double>?
  var name: String { "histogram" }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    if !x.dtype.isFloatingPoint { throw mistake("not defined for \(x.dtype), only for floating-point dtypes; convert with .cast(to:)") }
    if bins < 1 { throw mistake("\(bins) bins; 1 or more would fit") }
    return Signature([bins], .int64)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let y = try Tensor(zeros: [bins], .int64)
    if x.elementCount == 0 { return y }
    var (low, high) = range.map { ($0.lowerBound, $0.upperBound) } ?? (x.detached.min().item(), x.detached.max().item())
    func rounded(_ bound: Double) -> Double { x.dtype == .float32 ? Double(Float(bound)) : bound }
    if low == high {
      (low, high) = (low - 1, high + 1)
      // Of a large number the next one is further away than 1.
      if rounded(low) == rounded(high) { (low, high) = (low - low.magnitude * 0x1p-20, high + high.magnitude * 0x1p-20) }
    }
    guard rounded(low).isFinite, rounded(high).isFinite, rounded(low) < rounded(high) else {
      throw mistake("from \(low) to \(high) of \(x.dtype); finite bounds, apart from each other, would fit")
    }
    let x = try x.ordered
    fx_histogram(x.dtype.code, x.elementCount, low, high, bins, x.pointer, y.pointer.assumingMemoryBound(to: Int64.self))
    return y
  }
}

extension Tensor {
  /// How many elements lie in each of equal bins over a range, the smallest to the largest element unless told: int64.
  ///
  /// A bin has its lower end and not its upper one, but for the last, which has both. What lies outside counts nowhere. PyTorch: `histc`.
  public func histogram(bins: Int = 100, in range: ClosedRange<Double>? = nil) -> Tensor { Histogram(bins: bins, range: range)(self) }

  /// How many elements lie in each of the bins between ascending edges, a vector, or the sums of their weights: [edges − 1], of x's dtype.
  ///
  /// A bin has its lower edge and not its upper one, but for the last, which has both. What lies outside counts nowhere. If `isDensity`
  /// the bins are divided by their widths and the sum of all, so that their area is 1. Derivative: to the weights. PyTorch: `histogram`.
  public func histogram(edges: Tensor, weights: Tensor? = nil, isDensity: Bool = false) -> Tensor {
    let isFitting: Void? = attempt { () throws(TensorError) in
      func mistake(_ message: String) -> TensorError { TensorError("histogram", message) }
      if !dtype.isFloatingPoint { throw mistake("not defined for \(dtype), only for floating-point dtypes; convert with .cast(to:)") }
      if edges.rank != 1 || edges.elementCount < 2 { throw mistake("edges of shape \(edges.shape); a vector of 2 or more would fit") }
      if edges.dtype != dtype { throw mistake("edges of \(edges.dtype) for \(dtype); convert them with .cast(to: .\(dtype))") }
      if let weights, weights.shape != shape { throw mistake("weights of shape \(weights.shape) for \(shape); equal shapes would fit") }
      if let weights, weights.dtype != dtype {
        throw mistake("weights of \(weights.dtype) for \(dtype); convert them with .cast(to: .\(dtype))")
      }
    }
    guard isFitting != nil else { return .placeholder }
    let (x, bins) = (flattened().detached, edges.elementCount - 1)
    let last = edges[bins]
    // Behind the bins one more takes what lies outside.
    let isInside = (x .>= edges[0]) .& (x .<= last)
    let place = edges.searchSorted(x, side: .right).cast(to: .int64).clamped(max: bins) - 1
    let counts = Tensor.zeros([bins + 1], dtype).scatterAdd(
      weights?.flattened() ?? .ones(x.shape, dtype), at: select(isInside, place, bins), axis: 0)[..<bins]
    return isDensity ? counts / edges.differences() / counts.sum() : counts
  }

  /// How often each number 0, 1, 2, … occurs among the elements of a vector of integers; or the sum of its weights.
  ///
  /// The result goes up to the largest number, or has `minimumLength` if that is more: int64, or the weights' dtype.
  ///
  /// Derivative, to the weights: dy at each one's number. PyTorch: `bincount`.
  public func bincount(weights: Tensor? = nil, minimumLength: Int = 0) -> Tensor {
    if isIntegerLiteral { return integersOfLiteral.bincount(weights: weights, minimumLength: minimumLength) }
    guard let length = attempt({ () throws(TensorError) in try lengthOfCount(weights, minimumLength) }) else { return .placeholder }
    let counts = weights ?? .ones(shape, .int64)
    return Tensor.zeros([length], counts.dtype).scatterAdd(counts, at: self, axis: 0)
  }

  private func lengthOfCount(_ weights: Tensor?, _ minimumLength: Int) throws(TensorError) -> Int {
    func mistake(_ message: String) -> TensorError { TensorError("bincount", message) }
    if !dtype.isInteger { throw mistake("numbers are \(dtype); int32 or int64 would fit") }
    if rank != 1 { throw mistake("numbers of shape \(shape); a vector would fit") }
    if let weights, weights.shape != shape {
      throw mistake("weights of shape \(weights.shape) for numbers of shape \(shape); equal shapes would fit")
    }
    if minimumLength < 0 { throw mistake("a length of \(minimumLength); 0 or more would fit") }
    if isHollow { throw mistake("the largest of the numbers is not known in a run on shapes alone") }
    if elementCount == 0 { return minimumLength }
    let smallest = min().cast(to: .int64).item(as: Int64.self)
    if smallest < 0 { throw mistake("a number of \(smallest); 0 or more would fit") }
    let largest = max().cast(to: .int64).item(as: Int64.self)
    if largest == .max { throw mistake("a number of \(largest) has no place in memory") }
    let length = Swift.max(minimumLength, Int(largest) + 1)
    guard (try? Shape([length]).check("")) != nil else {
      throw mistake(
        length == minimumLength
          ? "a length of \(length) is more than memory could hold"
          : "a number of \(largest) asks for \(length) counts, more than memory could hold; searchSorted and unique count distant numbers")
    }
    return length
  }
}
