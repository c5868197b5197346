import Fluxion

/// Reductions of many short rows, and of truth values down columns.
func shortRows() -> [Row] {
  func reduction(_ name: String, _ shape: Shape, floats: Int, _ f: @escaping (Tensor) -> Tensor) -> Row {
    .timed("kernel/\(name)", .floats(floats), limit: "copy/1M") {
      let x = Tensor.normal(shape)
      return { f(x) }
    }
  }
  return [
    reduction("sum/262144x4", [1 << 18, 4], floats: 5 << 18) { $0.sum(axis: 1) },
    reduction("max/131072x10", [1 << 17, 10], floats: 11 << 17) { $0.max(axis: 1) },
    reduction("argmax/131072x10", [1 << 17, 10], floats: 12 << 17) { $0.argmax(axis: 1) },
    reduction("softmax/65536x10", [1 << 16, 10], floats: 20 << 16) { $0.softmax() },
    reduction("any-columns/1024x1024", [1024, 1024], floats: 1 << 20) { $0.any(axis: 0) },
    .timed("kernel/searchsorted/256K-in-64K") {
      let (sorted, x) = (Tensor.normal([1 << 16]).sorted(), Tensor.normal([1 << 18]))
      return { sorted.searchSorted(x) }
    },
  ]
}
