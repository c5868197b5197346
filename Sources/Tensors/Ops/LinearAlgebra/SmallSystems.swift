import CKernels

/// Batches of small matrices, several at a time in the lanes of vectors, where LAPACK would take longer to begin with one than to do it.
enum SmallSystems {
  /// Whether there are matrices enough to fill lanes with, and small enough for that.
  static func suits(_ matrices: Int, _ n: Int) -> Bool { matrices >= fewest && n > 0 && n <= Int(FX_SMALL_SYSTEM) }
  /// As many take LAPACK about as long one after the other as a group of lanes takes, full or not.
  private static let fewest = 4

  /// Where element (i, j) of matrix l is: at l·step + i·row + j·column from the first.
  struct Operand {
    private let tensor: Tensor
    let (step, row, column): (Int, Int, Int)

    /// The matrices as they lie, or a copy if they are not equally far apart.
    init(_ x: Tensor) throws(TensorError) {
      tensor = try x.batchStep == nil ? x.contiguousCopy() : x
      (step, row, column) = (tensor.batchStep!, tensor.strides[-2], tensor.strides[-1])
    }

    /// Matrix `i` and those after it.
    func from(_ i: Int) -> UnsafeMutableRawPointer { tensor.pointer + i * step * tensor.dtype.byteCount }
  }

  /// Calls `body` with the first and the number of matrices of each part, which threads share, and where their failures go; the first of those.
  static func forEach(
    _ matrices: Int, operations: Int, _ body: (_ first: Int, _ count: Int, _ infos: UnsafeMutablePointer<Int32>) -> Void
  ) throws(TensorError) -> LAPACK.Failure? {
    try withWorkingMemory(of: Int32.self, count: matrices) { infos in
      // Nothing of a matrix depends on what is beside it; whole groups waste no lanes.
      let group = 16
      infos.update(repeating: 0, count: matrices)
      parallel((matrices + group - 1) / group, grain: 200_000 / (operations * group + 1)) { range in
        let first = range.lowerBound * group
        body(first, Swift.min(matrices, range.upperBound * group) - first, infos + first)
      }
      return (0..<matrices).first { infos[$0] != 0 }.map { LAPACK.Failure(matrix: $0, info: Int(infos[$0])) }
    }
  }

  /// What a matrix of n rows takes besides its arithmetic, with so many right sides: to be put into lanes, and out of them.
  static func operations(_ n: Int, _ arithmetic: Int) -> Int { arithmetic + 8 * n * n }

  /// The factors of x by columns and the exchanges of rows, as LAPACK gives them; the first failure.
  static func lu(_ x: Tensor, _ lu: Tensor, _ pivots: UnsafeMutablePointer<Int32>) throws(TensorError) -> LAPACK.Failure? {
    let (n, size, operand) = try (x.shape[-1], x.dtype.byteCount, Operand(x))
    return try forEach(x.matrixCount, operations: operations(n, n * n * n)) { first, count, infos in
      fx_small_lu(
        x.dtype.code, count, n, operand.from(first), operand.step, operand.row, operand.column, lu.pointer + first * n * n * size,
        pivots + first * n, infos)
    }
  }
}
