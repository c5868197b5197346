import CKernels
import Synchronization

extension Tensor {
  /// Whether no element is infinite or NaN; true for integers and Booleans, and for a tensor without elements.
  package var isAllFinite: Bool {
    if !dtype.isDifferentiable || isPlaceholder { return true }
    if dtype.isComplex { return detached.real.isAllFinite && detached.imag.isAllFinite }
    if dtype.isHalf { return detached.widened.isAllFinite }
    let (count, size) = (elementCount, dtype.byteCount)
    // Without memory for a copy there is a mistake already.
    return detached.read { x -> Bool in
      let isFinite = Atomic(true)
      // Cut as whoever made the elements cut them, so that each thread finds its own in its cache.
      inParallel(count) { range in
        if fx_all_finite(dtype.code, range.count, x + range.lowerBound * size) == 0 { isFinite.store(false, ordering: .relaxed) }
      }
      return isFinite.load(ordering: .relaxed)
    } ?? true
  }
}
