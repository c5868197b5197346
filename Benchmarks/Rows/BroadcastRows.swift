import Fluxion

/// Operators on operands that are not alike: rows and columns that broadcast, numbers, another order of axes; and a random order.
func broadcastRows() -> [Row] {
  let n = 1024
  func pair(_ name: String, _ floats: Int, _ x: Shape, _ y: Shape, _ f: @escaping (Tensor, Tensor) -> Tensor) -> Row {
    .timed("kernel/\(name)", .floats(floats), limit: "copy/1M") {
      let (x, y) = (Tensor.normal(x), Tensor.normal(y))
      return { f(x, y) }
    }
  }
  return [
    pair("add-row/1024x1024", 2 * n * n, [n, n], [n]) { $0 + $1 },
    pair("multiply-column/1024x1024", 2 * n * n, [n, n], [n, 1]) { $0 * $1 },
    pair("dot/1M", 2 * n * n, [n * n], [n * n]) { $0 • $1 },
    .timed("kernel/leaky-relu/1M", .floats(2 * n * n), limit: "copy/1M") {
      let x = Tensor.normal([n * n])
      return { leakyRelu(x) }
    },
    .timed("kernel/channels-last/32x64x32x32", .floats(4 * n * n), limit: "copy/1M") {
      let x = Tensor.normal([32, 64, 32, 32])
      return { x.permuted([0, 2, 3, 1]).flattened() }
    },
    .timed("kernel/permutation/1M") { { Tensor.permutation(1 << 20) } },
  ]
}
