import Fluxion

/// Factorisations of one matrix, small matrices by the thousand, and products that are too small or too thin for panels.
func decompositionRows() -> [Row] {
  let n = 512
  func definite() -> (Tensor, Tensor) {
    let x = Tensor.normal([n, n])
    return (x, x • x.transposed() + Tensor.eye(n) * Double(n))
  }
  return [
    .timed("kernel/cholesky/512") {
      let (_, s) = definite()
      return { cholesky(s) }
    },
    .timed("kernel/solve/512") {
      let (x, s) = definite()
      return { solve(s, x) }
    },
    .timed("kernel/svd/256") {
      let x = Tensor.normal([256, 256])
      return { svd(x, fullMatrices: true).s }
    },
    .timed("kernel/qr/64") {
      let x = Tensor.normal([64, 64])
      return { qr(x).r }
    },
    .timed("kernel/eigh/64") {
      let x = Tensor.normal([64, 64])
      let symmetric = x + x.transposed()
      return { symmetricEigen(symmetric).values }
    },
    .timed("kernel/solve/1024x8x8") {
      let (x, y) = (Tensor.normal([1024, 8, 8]) + Tensor.eye(8) * 8, Tensor.normal([1024, 8, 1]))
      return { solve(x, y) }
    },
    .timed("kernel/bmm/1024x8x8") {
      let (x, y) = (Tensor.normal([1024, 8, 8]), Tensor.normal([1024, 8, 8]))
      return { x • y }
    },
    .timed("kernel/matmul/4x4096x1024") {
      let (x, y) = (Tensor.normal([4, 4096]), Tensor.normal([4096, 1024]))
      return { x • y }
    },
  ]
}
