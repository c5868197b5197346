import Fluxion

/// Factorisations of one matrix, as PyTorch's `kernel/` rows define them.
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
  ]
}
