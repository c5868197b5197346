import Tensors

private func z(_ shape: Shape, _ dtype: DType = .float32) -> Tensor { .zeros(shape, dtype) }
private func eye(_ shape: Shape) -> Tensor { Tensor.eye(shape[-1], nil, .float32) + .zeros(shape) }

/// Identities, of which one element of one is another.
private func spoilt(_ shape: [Int], _ position: [Int], _ value: Double) -> Tensor {
  var x = Grid(shape) { $0[shape.count - 1] == $0[shape.count - 2] ? 1 : 0 }
  x[position] = value
  return x.tensor(.float32)
}

extension ErrorTable {
  static let linearAlgebra = [
    ErrorRow("cholesky: the matrices of [2, 3] are not square; [..., n, n] would fit") { _ = cholesky(z([2, 3])) },
    ErrorRow("cholesky: [3] is no matrix; [..., n, n] would fit") { _ = cholesky(z([3])) },
    ErrorRow("cholesky: not defined for int32, only for floating-point dtypes; convert with .cast(to:)") {
      _ = cholesky(z([3, 3], .int32))
    },
    ErrorRow("cholesky: the [3, 3] matrix is not positive definite: the leading minor of order 1 is not") { _ = cholesky(z([3, 3])) },
    ErrorRow("cholesky: matrix 1 of [2, 3, 3] is not positive definite: the leading minor of order 2 is not") {
      _ = cholesky(spoilt([2, 3, 3], [1, 1, 1], -1))
    },
    ErrorRow("cholesky: matrix [2, 0] of [4, 3, 5, 5] is not positive definite: the leading minor of order 3 is not") {
      _ = cholesky(spoilt([4, 3, 5, 5], [2, 0, 2, 2], 0))
    },
    ErrorRow("cholesky: the [2, 2] matrix is not positive definite: the leading minor of order 2 is not") {
      _ = cholesky(spoilt([2, 2], [1, 0], .nan))
    },
    ErrorRow("solve: matrix 1 of [2, 3, 3] is singular: pivot 3 is zero") { _ = solve(spoilt([2, 3, 3], [1, 2, 2], 0), z([2, 3, 1])) },
    ErrorRow("solve: the [3, 3] matrix is singular: pivot 1 is zero") { _ = solve(z([3, 3]), z([3])) },
    ErrorRow("solve: a of shape [3, 3] and b of [2, 1]: 3 columns and 2 rows differ") { _ = solve(eye([3, 3]), z([2, 1])) },
    ErrorRow("solve: a of shape [3, 2] and b of [3]; [..., n, n] and [..., n, k] or [n] would fit") { _ = solve(z([3, 2]), z([3])) },
    ErrorRow("solve: a of shape [2, 3, 3] and b of [4, 3, 1]: batch axes [2] and [4] do not broadcast") {
      _ = solve(eye([2, 3, 3]), z([4, 3, 1]))
    },
    ErrorRow("solve: operands of dtypes float32 and float64; convert one with .cast(to: .float32) or .cast(to: .float64)") {
      _ = solve(eye([3, 3]), z([3], .float64))
    },
    ErrorRow("solveTriangular: a of shape [3, 3] and b of [2, 1]: 3 columns and 2 rows differ") {
      _ = solveTriangular(eye([3, 3]), z([2, 1]), upper: true)
    },
    ErrorRow("choleskySolve: a of shape [3, 3] and b of [2, 1]: 3 columns and 2 rows differ") {
      _ = choleskySolve(eye([3, 3]), z([2, 1]))
    },
    ErrorRow("inverse: matrix 0 of [2, 3, 3] is singular: pivot 2 is zero") { _ = inverse(spoilt([2, 3, 3], [0, 1, 1], 0)) },
    ErrorRow("determinant: the matrices of [2, 3] are not square; [..., n, n] would fit") { _ = determinant(z([2, 3])) },
    ErrorRow("svd: matrix 1 of [2, 3, 3] contains NaN or infinity") { _ = svd(spoilt([2, 3, 3], [1, 0, 2], .nan)) },
    ErrorRow("singularValues: the [3, 3] matrix contains NaN or infinity") { _ = singularValues(spoilt([3, 3], [0, 2], .infinity)) },
    ErrorRow("svd: [3] is no matrix; [..., m, n] would fit") { _ = svd(z([3])) },
    ErrorRow("pseudoInverse: the [3, 3] matrix contains NaN or infinity") { _ = pseudoInverse(spoilt([3, 3], [0, 2], .infinity)) },
    ErrorRow("symmetricEigen: the [3, 3] matrix contains NaN or infinity") { _ = symmetricEigen(spoilt([3, 3], [2, 0], .nan)) },
    ErrorRow("eigen: the [2, 2] matrix has the complex eigenvalues 0.0 ± 1.0i; only real ones would fit") {
      _ = eigen([[0, -1], [1, 0]])
    },
    ErrorRow("eigenvalues: matrix 0 of [1, 2, 2] has the complex eigenvalues 1.0 ± 1.0i; only real ones would fit") {
      _ = eigenvalues([[[1, -1], [1, 1]]])
    },
    ErrorRow("leastSquares: a of shape [3, 2] and b of [2]; [..., m, n] and [..., m, k] or [m] would fit") {
      _ = leastSquares(z([3, 2]), z([2]))
    },
    ErrorRow("leastSquares: the [3, 2] matrix is not of full rank, which .qr wants; the other methods would fit") {
      _ = leastSquares([[1, 0], [0, 0], [0, 0]], z([3]), method: .qr)
    },
    ErrorRow("leastSquares: the [3, 1] matrix contains NaN or infinity") {
      _ = leastSquares(.ones([3, 2]), Tensor([1, .nan, 1] as [Float]))
    },
    ErrorRow("symmetricMatrixFunction: the matrices of [2, 3] are not square; [..., n, n] would fit") {
      _ = symmetricMatrixFunction(z([2, 3])) { sqrt($0) }
    },
    ErrorRow("symmetricMatrixFunction: the [3, 3] matrix contains NaN or infinity") {
      _ = symmetricMatrixFunction(spoilt([3, 3], [2, 0], .nan)) { sqrt($0) }
    },
    ErrorRow("polarDecomposition: matrix 1 of [2, 3, 3] contains NaN or infinity") {
      _ = polarDecomposition(spoilt([2, 3, 3], [1, 0, 2], .infinity))
    },
    ErrorRow("polarDecomposition: [3] is no matrix; [..., m, n] would fit") { _ = polarDecomposition(z([3])) },
    ErrorRow("distanceMatrix: not defined for int32, only for floating-point dtypes; convert with .cast(to:)") {
      _ = distanceMatrix(z([2, 3], .int32), z([2, 3], .int32))
    },
    ErrorRow("matrixPower: the matrices of [2, 3] are not square; [..., n, n] would fit") { _ = matrixPower(z([2, 3]), 2) },
    ErrorRow("norm: not defined for int32, only for floating-point dtypes; convert with .cast(to:)") { _ = z([2], .int32).norm() },
    ErrorRow("matrixNorm: axes 0 and -2 of [2, 3] are one; two would fit") { _ = z([2, 3]).matrixNorm(axes: (0, -2)) },
    ErrorRow("matrixNorm: axis -2 of [3]; -1 to 0 would fit") { _ = z([3]).matrixNorm() },
  ]

  static let contractions = [
    ErrorRow("einsum: \"ij,jk\": 2 operands are named and 1 given") { _ = einsum("ij,jk", z([2, 3])) },
    ErrorRow("einsum: \"ij\": 'ij' for an operand of shape [2], which has 1 axes") { _ = einsum("ij", z([2])) },
    ErrorRow("einsum: \"i->j\": axis j of the result is in no operand") { _ = einsum("i->j", z([2])) },
    ErrorRow("einsum: \"i->ii\": axis i stands twice behind the arrow") { _ = einsum("i->ii", z([2])) },
    ErrorRow("einsum: \"ij,jk\": axis j is 3 in operand 0 of shape [2, 3] and 2 in operand 1 of shape [2, 3]; equal sizes or 1 would fit") {
      _ = einsum("ij,jk", z([2, 3]), z([2, 3]))
    },
    ErrorRow(
      "einsum: \"i,j->ij\" of [4194304] and [4194304]: a product of two operands has more elements than memory could hold"
    ) {
      _ = einsum("i,j->ij", z([]).expanded([1 << 22]), z([]).expanded([1 << 22]))
    },
    ErrorRow("einsum: \"i,j->ij\" of [4294967296] and [4294967296]: a product of two operands has more elements than memory could hold") {
      _ = einsum("i,j->ij", z([]).expanded([1 << 32]), z([]).expanded([1 << 32]))
    },
    ErrorRow("einsum: \"i,i\": sums and products are not defined for bool; convert with .cast(to:)") {
      _ = einsum("i,i", z([2], .bool), z([2], .bool))
    },
    ErrorRow("einsum: \"ii\": axis i is twice in operand 0 of shape [2, 3]; equal sizes would fit") { _ = einsum("ii", z([2, 3])) },
    ErrorRow("einsum: \"i+j\": '+' is neither a letter nor part of '...', ',' or '->'") { _ = einsum("i+j", z([2])) },
    ErrorRow("einsum: \"......\": ...... has more than one ellipsis") { _ = einsum("......", z([2])) },
    ErrorRow("einsum: operands of dtypes float32 and int32; convert one with .cast(to: .float32) or .cast(to: .int32)") {
      _ = einsum("i,i", z([2]), z([2], .int32))
    },
    ErrorRow("tensordot: 3 axes of [2, 3] and [3]; 0 to 1 would fit") { _ = tensordot(z([2, 3]), z([3]), axes: 3) },
    ErrorRow("tensordot: [2, 3] and [3] over axes [0] and [0]: sizes 2 and 3 differ; equal ones or 1 would fit") {
      _ = tensordot(z([2, 3]), z([3]), axes: ([0], [0]))
    },
    ErrorRow("tensordot: [2, 3] and [3] over axes [0, 1] and [0]: equally many of both would fit") {
      _ = tensordot(z([2, 3]), z([3]), axes: ([0, 1], [0]))
    },
    ErrorRow("matmul: a chain of nothing; matrices, and vectors at its ends, would fit") { _ = matmul([]) },
    ErrorRow("matmul: a chain of [2, 3], [3], [3, 1]; matrices, and vectors at its ends, would fit") {
      _ = matmul([z([2, 3]), z([3]), z([3, 1])])
    },
    ErrorRow("matmul: [2, 3] • [2, 3]: inner dimensions 3 and 2 differ") { _ = matmul([z([2, 3]), z([2, 3])]) },
    ErrorRow("cross: axis 1 of [2, 4] has size 4; 3 would fit") { _ = cross(z([2, 4]), z([2, 4])) },
    ErrorRow("distanceMatrix: [2, 3] and [2, 4]; [..., m, d] and [..., n, d] would fit") { _ = distanceMatrix(z([2, 3]), z([2, 4])) },
  ]
}
