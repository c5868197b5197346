import CKernels

extension Tensor {
  /// Whether no element is infinite or NaN; true for integers and Booleans, and for a tensor without elements.
  package var isAllFinite: Bool {
    if !dtype.isFloatingPoint || isPlaceholder { return true }
    let (count, size) = (elementCount, dtype.byteCount)
    // Without memory for a copy there is a mistake already.
    return detached.read { x -> Bool in
      let part = 1 << 16
      if count <= part { return fx_all_finite(dtype.code, count, x) != 0 }
      let parts = (count + part - 1) / part
      return withUnsafeTemporaryAllocation(of: Bool.self, capacity: parts) { partial in
        guard let partial = partial.baseAddress else { return true }
        inParallel(parts, grain: 4) { range in
          for i in range { partial[i] = fx_all_finite(dtype.code, Swift.min(part, count - i * part), x + i * part * size) != 0 }
        }
        return (0..<parts).allSatisfy { partial[$0] }
      }
    } ?? true
  }
}
