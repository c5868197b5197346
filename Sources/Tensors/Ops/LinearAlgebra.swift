import COpenBLAS

extension Tensor {
  /// Q of the QR decomposition of a tall float64 matrix, the signs chosen so that R's diagonal is positive; no gradient.
  ///
  /// Of a normally distributed matrix it is uniformly distributed (Mezzadri 2007).
  package func orthonormalColumns() -> Tensor {
    var a = scalars(Double.self)
    // In a dry run, or after a mistake, there is nothing to decompose.
    guard rank == 2, shape[0] >= shape[1], a.count == elementCount, !a.isEmpty else { return .zeros(shape, .float64) }
    let (rows, columns) = (Int32(shape[0]), Int32(shape[1]))
    var tau = [Double](repeating: 0, count: shape[1])
    LAPACKE_dgeqrf(LAPACK_ROW_MAJOR, rows, columns, &a, columns, &tau)
    let signs = (0..<shape[1]).map { a[$0 * shape[1] + $0] < 0 ? -1.0 : 1 }
    LAPACKE_dorgqr(LAPACK_ROW_MAJOR, rows, columns, columns, &a, columns, &tau)
    return Tensor(a, shape: shape) * Tensor(signs)
  }
}
