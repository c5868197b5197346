import CKernels

// Numbers at equal distances.

extension Tensor {
  /// The integers 0 ..< count: int64.
  public static func arange(_ count: Int) -> Tensor { arange(from: 0, to: count) }

  /// The integers from `start` up to and without `end`, in steps of `step`, which may be negative: int64; none if `end` lies the other way.
  public static func arange(from start: Int, to end: Int, step: Int = 1) -> Tensor {
    guard step != 0 else {
      fail(TensorError("arange", "from \(start) to \(end) in steps of 0; any other step would fit"))
      return .placeholder
    }
    var count: UInt = 0
    if step > 0 ? start < end : start > end {
      // Bounds may lie further apart than the largest Int.
      let distance = UInt(bitPattern: step > 0 ? end &- start : start &- end)
      count = (distance - 1) / step.magnitude + 1
    }
    guard let count = Int(exactly: count) else {
      fail(TensorError("arange", "from \(start) to \(end) in steps of \(step) has \(count) elements, more than memory could hold"))
      return .placeholder
    }
    return made([count], .int64, "arange") { range, out in
      fx_arange_i(DType.int64.code, range.count, range.lowerBound, Int64(start), Int64(step), out)
    }
  }

  /// The numbers start + i·step from `start` on, ⌈(end − start)/step⌉ of them, each rounded once; none if `end` lies the other way.
  ///
  /// `end` is not among them, unless the quotient is rounded: 1 to 1.3 in steps of 0.1 has 1.3 as its last number, as in NumPy and PyTorch.
  /// Where the count matters, ``linspace(from:to:count:_:)`` is told it. Of an integer dtype `start` and `step` must be values. PyTorch: `arange`.
  public static func arange(from start: Double, to end: Double, step: Double = 1, _ dtype: DType = .float32) -> Tensor {
    guard start.isFinite, end.isFinite, step.isFinite, step != 0 else {
      fail(TensorError("arange", "from \(start) to \(end) in steps of \(step); finite bounds and a finite step other than 0 would fit"))
      return .placeholder
    }
    // The distance of finite bounds may be infinite, that of different ones in many steps may be 0.
    let distance = end - start
    let quotient = distance.isFinite ? distance / step : end / step - start / step
    let count = start == end || (end > start) != (step > 0) ? 0 : Swift.max(1, quotient.rounded(.up))
    guard count < 0x1p52 else {
      fail(TensorError("arange", "from \(start) to \(end) in steps of \(step) has \(count) elements, more than memory could hold"))
      return .placeholder
    }
    let n = Int(count)
    if dtype.isHalfOrComplex { return arange(from: start, to: end, step: step, .float64).cast(to: dtype) }
    guard !dtype.isFloatingPoint else {
      return made([n], dtype, "arange") { range, out in fx_arange_f(dtype.code, range.count, range.lowerBound, start, step, out) }
    }
    if n == 0 { return zeros([0], dtype) }
    // With the first number, the step and the last number all of them are values; bool has no step of its own.
    let step = n > 1 ? step : 0
    guard areValues([start, step, start + Double(n - 1) * step], of: dtype, "arange") else { return .placeholder }
    return made([n], .int64, "arange") { range, out in
      fx_arange_i(DType.int64.code, range.count, range.lowerBound, Int64(start), Int64(step), out)
    }.cast(to: dtype)
  }

  /// `count` numbers at equal distances, both ends included; the ends are exact, and may lie as far apart as the dtype's numbers do.
  ///
  /// Of an integer dtype the ends must be values, the numbers between them are rounded toward zero. PyTorch: `linspace`.
  public static func linspace(from start: Double, to end: Double, count: Int, _ dtype: DType = .float32) -> Tensor {
    guard count >= 0 else {
      fail(TensorError("linspace", "\(count) numbers from \(start) to \(end); 0 or more would fit"))
      return .placeholder
    }
    if dtype.isHalfOrComplex { return linspace(from: start, to: end, count: count, .float64).cast(to: dtype) }
    if !dtype.isFloatingPoint {
      guard count == 0 || areValues(count == 1 ? [start] : [start, end], of: dtype, "linspace") else { return .placeholder }
      return linspace(from: start, to: end, count: count, .float64).cast(to: dtype)
    }
    let last = count - 1
    let distance = end - start
    let step = count < 2 ? 0 : distance.isFinite ? distance / Double(last) : end / Double(last) - start / Double(last)
    return made([count], dtype, "linspace") { range, out in
      func fill<S: BinaryFloatingPoint>(_ out: UnsafeMutablePointer<S>) {
        for i in range {
          let number = i == 0 ? start : i == last ? end : i < (count + 1) / 2 ? start + Double(i) * step : end - Double(last - i) * step
          out[i - range.lowerBound] = S(number)
        }
      }
      if dtype == .float32 { fill(out.assumingMemoryBound(to: Float.self)) } else { fill(out.assumingMemoryBound(to: Double.self)) }
    }
  }

  /// Whether numbers are values of a dtype; a mistake if not.
  private static func areValues(_ numbers: [Double], of dtype: DType, _ name: String) -> Bool {
    let fit: Void? = attempt { () throws(TensorError) in
      for number in numbers { try Number.real(number).check(dtype, name, remedy: "the dtype .% would fit") }
    }
    return fit != nil
  }
}
