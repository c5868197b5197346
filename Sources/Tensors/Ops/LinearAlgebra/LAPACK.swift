import COpenBLAS

/// LAPACK's routines in both float dtypes: the one place that names them.
///
/// Matrices are column-major, workspaces the caller's: nothing is transposed or allocated behind the scenes. Each returns LAPACK's `info`. A
/// row-major matrix is the transpose of a column-major one, which is often what is wanted: of a symmetric matrix the other triangle, of an
/// SVD's factors the ones that change places.
protocol LAPACKElement: Scalar, BinaryFloatingPoint, BitwiseCopyable {
  typealias Numbers = UnsafeMutablePointer<Self>
  typealias Integers = UnsafeMutablePointer<Int32>

  /// Cholesky: the lower or upper triangle of `a` becomes its factor.
  static func potrf(_ triangle: CChar, _ n: Int32, _ a: Numbers, _ lda: Int32) -> Int32
  /// LU with row exchanges.
  static func getrf(_ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ pivots: Integers) -> Int32
  /// The solution of a·x = b, in place of b, from what `getrf` made of a.
  static func getrs(
    _ transposition: CChar, _ n: Int32, _ count: Int32, _ a: Numbers, _ lda: Int32, _ pivots: Integers, _ b: Numbers, _ ldb: Int32
  ) -> Int32
  /// The inverse from what `getrf` made of a.
  static func getri(_ n: Int32, _ a: Numbers, _ lda: Int32, _ pivots: Integers, _ work: Numbers, _ size: Int32) -> Int32
  /// LDLᵀ of a symmetric matrix with exchanges of rows and columns.
  static func sytrf(
    _ triangle: CChar, _ n: Int32, _ a: Numbers, _ lda: Int32, _ pivots: Integers?, _ work: Numbers, _ size: Int32
  ) -> Int32
  /// QR: R and the reflections that make Q.
  static func geqrf(
    _ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ scales: Numbers, _ work: Numbers, _ size: Int32
  ) -> Int32
  /// Q from its reflections.
  static func orgqr(
    _ m: Int32, _ n: Int32, _ k: Int32, _ a: Numbers, _ lda: Int32, _ scales: Numbers, _ work: Numbers, _ size: Int32
  ) -> Int32
  /// The singular value decomposition, by divide and conquer.
  static func gesdd(
    _ job: CChar, _ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ s: Numbers, _ u: Numbers, _ ldu: Int32, _ vt: Numbers,
    _ ldvt: Int32, _ work: Numbers, _ size: Int32, _ integers: Integers
  ) -> Int32
  /// Reflections from both sides that leave a bidiagonal matrix of diagonal d and e beside it.
  static func gebrd(
    _ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ d: Numbers, _ e: Numbers, _ scalesQ: Numbers, _ scalesP: Numbers,
    _ work: Numbers, _ size: Int32
  ) -> Int32
  /// The singular value decomposition of a bidiagonal matrix, by divide and conquer.
  static func bdsdc(
    _ triangle: CChar, _ n: Int32, _ d: Numbers, _ e: Numbers, _ u: Numbers, _ ldu: Int32, _ vt: Numbers, _ ldvt: Int32, _ work: Numbers,
    _ integers: Integers
  ) -> Int32
  /// c times what `gebrd` made of reflections: Q or P, from the left or the right.
  static func ormbr(
    _ which: CChar, _ side: CChar, _ transposition: CChar, _ m: Int32, _ n: Int32, _ k: Int32, _ a: Numbers, _ lda: Int32,
    _ scales: Numbers, _ c: Numbers, _ ldc: Int32, _ work: Numbers, _ size: Int32
  ) -> Int32
  /// Eigenvalues and vectors of a symmetric matrix, by divide and conquer.
  static func syevd(
    _ job: CChar, _ triangle: CChar, _ n: Int32, _ a: Numbers, _ lda: Int32, _ w: Numbers, _ work: Numbers, _ size: Int32,
    _ integers: Integers, _ integerSize: Int32
  ) -> Int32
  /// Eigenvalues and right vectors of any matrix.
  static func geev(
    _ job: CChar, _ n: Int32, _ a: Numbers, _ lda: Int32, _ real: Numbers, _ imaginary: Numbers, _ vectors: Numbers, _ ldv: Int32,
    _ work: Numbers, _ size: Int32
  ) -> Int32
  /// Least squares by QR, of full rank.
  static func gels(
    _ m: Int32, _ n: Int32, _ count: Int32, _ a: Numbers, _ lda: Int32, _ b: Numbers, _ ldb: Int32, _ work: Numbers, _ size: Int32
  ) -> Int32
  /// Least squares by QR with column exchanges.
  static func gelsy(
    _ m: Int32, _ n: Int32, _ count: Int32, _ a: Numbers, _ lda: Int32, _ b: Numbers, _ ldb: Int32, _ exchanges: Integers,
    _ tolerance: Self, _ rank: Integers, _ work: Numbers, _ size: Int32
  ) -> Int32
  /// Least squares by SVD.
  static func gelss(
    _ m: Int32, _ n: Int32, _ count: Int32, _ a: Numbers, _ lda: Int32, _ b: Numbers, _ ldb: Int32, _ s: Numbers, _ tolerance: Self,
    _ rank: Integers, _ work: Numbers, _ size: Int32
  ) -> Int32
  /// Least squares by SVD, by divide and conquer.
  static func gelsd(
    _ m: Int32, _ n: Int32, _ count: Int32, _ a: Numbers, _ lda: Int32, _ b: Numbers, _ ldb: Int32, _ s: Numbers, _ tolerance: Self,
    _ rank: Integers, _ work: Numbers, _ size: Int32, _ integers: Integers
  ) -> Int32
  /// Exchanges of rows `from` to `to`, counted from 1, in some columns.
  static func laswp(_ columns: Int32, _ a: Numbers, _ lda: Int32, _ from: Int32, _ to: Int32, _ pivots: Integers)
  /// The solution of a·x = b, or x·a = b if `isRight`, with a triangular a, in place of b [m, n]; both row-major.
  static func trsm(
    _ isRight: Bool, _ isUpper: Bool, _ isTransposed: Bool, _ isUnit: Bool, _ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32,
    _ b: Numbers, _ ldb: Int32)
}

private let columns = LAPACK_COL_MAJOR

extension Float: LAPACKElement {
  static func potrf(_ triangle: CChar, _ n: Int32, _ a: Numbers, _ lda: Int32) -> Int32 {
    LAPACKE_spotrf_work(columns, triangle, n, a, lda)
  }
  static func getrf(_ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ pivots: Integers) -> Int32 {
    LAPACKE_sgetrf_work(columns, m, n, a, lda, pivots)
  }
  static func getrs(
    _ transposition: CChar, _ n: Int32, _ count: Int32, _ a: Numbers, _ lda: Int32, _ pivots: Integers, _ b: Numbers, _ ldb: Int32
  ) -> Int32 {
    LAPACKE_sgetrs_work(columns, transposition, n, count, a, lda, pivots, b, ldb)
  }
  static func getri(_ n: Int32, _ a: Numbers, _ lda: Int32, _ pivots: Integers, _ work: Numbers, _ size: Int32) -> Int32 {
    LAPACKE_sgetri_work(columns, n, a, lda, pivots, work, size)
  }
  static func sytrf(
    _ triangle: CChar, _ n: Int32, _ a: Numbers, _ lda: Int32, _ pivots: Integers?, _ work: Numbers, _ size: Int32
  ) -> Int32 {
    LAPACKE_ssytrf_work(columns, triangle, n, a, lda, pivots, work, size)
  }
  static func geqrf(
    _ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ scales: Numbers, _ work: Numbers, _ size: Int32
  ) -> Int32 {
    LAPACKE_sgeqrf_work(columns, m, n, a, lda, scales, work, size)
  }
  static func orgqr(
    _ m: Int32, _ n: Int32, _ k: Int32, _ a: Numbers, _ lda: Int32, _ scales: Numbers, _ work: Numbers, _ size: Int32
  ) -> Int32 {
    LAPACKE_sorgqr_work(columns, m, n, k, a, lda, scales, work, size)
  }
  static func gesdd(
    _ job: CChar, _ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ s: Numbers, _ u: Numbers, _ ldu: Int32, _ vt: Numbers,
    _ ldvt: Int32, _ work: Numbers, _ size: Int32, _ integers: Integers
  ) -> Int32 {
    LAPACKE_sgesdd_work(columns, job, m, n, a, lda, s, u, ldu, vt, ldvt, work, size, integers)
  }
  static func gebrd(
    _ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ d: Numbers, _ e: Numbers, _ scalesQ: Numbers, _ scalesP: Numbers,
    _ work: Numbers, _ size: Int32
  ) -> Int32 {
    LAPACKE_sgebrd_work(columns, m, n, a, lda, d, e, scalesQ, scalesP, work, size)
  }
  static func bdsdc(
    _ triangle: CChar, _ n: Int32, _ d: Numbers, _ e: Numbers, _ u: Numbers, _ ldu: Int32, _ vt: Numbers, _ ldvt: Int32, _ work: Numbers,
    _ integers: Integers
  ) -> Int32 {
    LAPACKE_sbdsdc_work(columns, triangle, LAPACK.ofItself, n, d, e, u, ldu, vt, ldvt, nil, nil, work, integers)
  }
  static func ormbr(
    _ which: CChar, _ side: CChar, _ transposition: CChar, _ m: Int32, _ n: Int32, _ k: Int32, _ a: Numbers, _ lda: Int32,
    _ scales: Numbers, _ c: Numbers, _ ldc: Int32, _ work: Numbers, _ size: Int32
  ) -> Int32 {
    LAPACKE_sormbr_work(columns, which, side, transposition, m, n, k, a, lda, scales, c, ldc, work, size)
  }
  static func syevd(
    _ job: CChar, _ triangle: CChar, _ n: Int32, _ a: Numbers, _ lda: Int32, _ w: Numbers, _ work: Numbers, _ size: Int32,
    _ integers: Integers, _ integerSize: Int32
  ) -> Int32 {
    LAPACKE_ssyevd_work(columns, job, triangle, n, a, lda, w, work, size, integers, integerSize)
  }
  static func geev(
    _ job: CChar, _ n: Int32, _ a: Numbers, _ lda: Int32, _ real: Numbers, _ imaginary: Numbers, _ vectors: Numbers, _ ldv: Int32,
    _ work: Numbers, _ size: Int32
  ) -> Int32 {
    LAPACKE_sgeev_work(columns, LAPACK.without, job, n, a, lda, real, imaginary, nil, 1, vectors, ldv, work, size)
  }
  static func gels(
    _ m: Int32, _ n: Int32, _ count: Int32, _ a: Numbers, _ lda: Int32, _ b: Numbers, _ ldb: Int32, _ work: Numbers, _ size: Int32
  ) -> Int32 {
    LAPACKE_sgels_work(columns, LAPACK.without, m, n, count, a, lda, b, ldb, work, size)
  }
  static func gelsy(
    _ m: Int32, _ n: Int32, _ count: Int32, _ a: Numbers, _ lda: Int32, _ b: Numbers, _ ldb: Int32, _ exchanges: Integers,
    _ tolerance: Float, _ rank: Integers, _ work: Numbers, _ size: Int32
  ) -> Int32 {
    LAPACKE_sgelsy_work(columns, m, n, count, a, lda, b, ldb, exchanges, tolerance, rank, work, size)
  }
  static func gelss(
    _ m: Int32, _ n: Int32, _ count: Int32, _ a: Numbers, _ lda: Int32, _ b: Numbers, _ ldb: Int32, _ s: Numbers, _ tolerance: Float,
    _ rank: Integers, _ work: Numbers, _ size: Int32
  ) -> Int32 {
    LAPACKE_sgelss_work(columns, m, n, count, a, lda, b, ldb, s, tolerance, rank, work, size)
  }
  static func gelsd(
    _ m: Int32, _ n: Int32, _ count: Int32, _ a: Numbers, _ lda: Int32, _ b: Numbers, _ ldb: Int32, _ s: Numbers, _ tolerance: Float,
    _ rank: Integers, _ work: Numbers, _ size: Int32, _ integers: Integers
  ) -> Int32 {
    LAPACKE_sgelsd_work(columns, m, n, count, a, lda, b, ldb, s, tolerance, rank, work, size, integers)
  }
  static func laswp(_ columns: Int32, _ a: Numbers, _ lda: Int32, _ from: Int32, _ to: Int32, _ pivots: Integers) {
    _ = LAPACKE_slaswp_work(LAPACK_COL_MAJOR, columns, a, lda, from, to, pivots, 1)
  }
  static func trsm(
    _ isRight: Bool, _ isUpper: Bool, _ isTransposed: Bool, _ isUnit: Bool, _ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32,
    _ b: Numbers, _ ldb: Int32
  ) {
    cblas_strsm(
      CblasRowMajor, isRight ? CblasRight : CblasLeft, isUpper ? CblasUpper : CblasLower, isTransposed ? CblasTrans : CblasNoTrans,
      isUnit ? CblasUnit : CblasNonUnit, m, n, 1, a, lda, b, ldb)
  }
}

extension Double: LAPACKElement {
  static func potrf(_ triangle: CChar, _ n: Int32, _ a: Numbers, _ lda: Int32) -> Int32 {
    LAPACKE_dpotrf_work(columns, triangle, n, a, lda)
  }
  static func getrf(_ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ pivots: Integers) -> Int32 {
    LAPACKE_dgetrf_work(columns, m, n, a, lda, pivots)
  }
  static func getrs(
    _ transposition: CChar, _ n: Int32, _ count: Int32, _ a: Numbers, _ lda: Int32, _ pivots: Integers, _ b: Numbers, _ ldb: Int32
  ) -> Int32 {
    LAPACKE_dgetrs_work(columns, transposition, n, count, a, lda, pivots, b, ldb)
  }
  static func getri(_ n: Int32, _ a: Numbers, _ lda: Int32, _ pivots: Integers, _ work: Numbers, _ size: Int32) -> Int32 {
    LAPACKE_dgetri_work(columns, n, a, lda, pivots, work, size)
  }
  static func sytrf(
    _ triangle: CChar, _ n: Int32, _ a: Numbers, _ lda: Int32, _ pivots: Integers?, _ work: Numbers, _ size: Int32
  ) -> Int32 {
    LAPACKE_dsytrf_work(columns, triangle, n, a, lda, pivots, work, size)
  }
  static func geqrf(
    _ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ scales: Numbers, _ work: Numbers, _ size: Int32
  ) -> Int32 {
    LAPACKE_dgeqrf_work(columns, m, n, a, lda, scales, work, size)
  }
  static func orgqr(
    _ m: Int32, _ n: Int32, _ k: Int32, _ a: Numbers, _ lda: Int32, _ scales: Numbers, _ work: Numbers, _ size: Int32
  ) -> Int32 {
    LAPACKE_dorgqr_work(columns, m, n, k, a, lda, scales, work, size)
  }
  static func gesdd(
    _ job: CChar, _ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ s: Numbers, _ u: Numbers, _ ldu: Int32, _ vt: Numbers,
    _ ldvt: Int32, _ work: Numbers, _ size: Int32, _ integers: Integers
  ) -> Int32 {
    LAPACKE_dgesdd_work(columns, job, m, n, a, lda, s, u, ldu, vt, ldvt, work, size, integers)
  }
  static func gebrd(
    _ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ d: Numbers, _ e: Numbers, _ scalesQ: Numbers, _ scalesP: Numbers,
    _ work: Numbers, _ size: Int32
  ) -> Int32 {
    LAPACKE_dgebrd_work(columns, m, n, a, lda, d, e, scalesQ, scalesP, work, size)
  }
  static func bdsdc(
    _ triangle: CChar, _ n: Int32, _ d: Numbers, _ e: Numbers, _ u: Numbers, _ ldu: Int32, _ vt: Numbers, _ ldvt: Int32, _ work: Numbers,
    _ integers: Integers
  ) -> Int32 {
    LAPACKE_dbdsdc_work(columns, triangle, LAPACK.ofItself, n, d, e, u, ldu, vt, ldvt, nil, nil, work, integers)
  }
  static func ormbr(
    _ which: CChar, _ side: CChar, _ transposition: CChar, _ m: Int32, _ n: Int32, _ k: Int32, _ a: Numbers, _ lda: Int32,
    _ scales: Numbers, _ c: Numbers, _ ldc: Int32, _ work: Numbers, _ size: Int32
  ) -> Int32 {
    LAPACKE_dormbr_work(columns, which, side, transposition, m, n, k, a, lda, scales, c, ldc, work, size)
  }
  static func syevd(
    _ job: CChar, _ triangle: CChar, _ n: Int32, _ a: Numbers, _ lda: Int32, _ w: Numbers, _ work: Numbers, _ size: Int32,
    _ integers: Integers, _ integerSize: Int32
  ) -> Int32 {
    LAPACKE_dsyevd_work(columns, job, triangle, n, a, lda, w, work, size, integers, integerSize)
  }
  static func geev(
    _ job: CChar, _ n: Int32, _ a: Numbers, _ lda: Int32, _ real: Numbers, _ imaginary: Numbers, _ vectors: Numbers, _ ldv: Int32,
    _ work: Numbers, _ size: Int32
  ) -> Int32 {
    LAPACKE_dgeev_work(columns, LAPACK.without, job, n, a, lda, real, imaginary, nil, 1, vectors, ldv, work, size)
  }
  static func gels(
    _ m: Int32, _ n: Int32, _ count: Int32, _ a: Numbers, _ lda: Int32, _ b: Numbers, _ ldb: Int32, _ work: Numbers, _ size: Int32
  ) -> Int32 {
    LAPACKE_dgels_work(columns, LAPACK.without, m, n, count, a, lda, b, ldb, work, size)
  }
  static func gelsy(
    _ m: Int32, _ n: Int32, _ count: Int32, _ a: Numbers, _ lda: Int32, _ b: Numbers, _ ldb: Int32, _ exchanges: Integers,
    _ tolerance: Double, _ rank: Integers, _ work: Numbers, _ size: Int32
  ) -> Int32 {
    LAPACKE_dgelsy_work(columns, m, n, count, a, lda, b, ldb, exchanges, tolerance, rank, work, size)
  }
  static func gelss(
    _ m: Int32, _ n: Int32, _ count: Int32, _ a: Numbers, _ lda: Int32, _ b: Numbers, _ ldb: Int32, _ s: Numbers, _ tolerance: Double,
    _ rank: Integers, _ work: Numbers, _ size: Int32
  ) -> Int32 {
    LAPACKE_dgelss_work(columns, m, n, count, a, lda, b, ldb, s, tolerance, rank, work, size)
  }
  static func gelsd(
    _ m: Int32, _ n: Int32, _ count: Int32, _ a: Numbers, _ lda: Int32, _ b: Numbers, _ ldb: Int32, _ s: Numbers, _ tolerance: Double,
    _ rank: Integers, _ work: Numbers, _ size: Int32, _ integers: Integers
  ) -> Int32 {
    LAPACKE_dgelsd_work(columns, m, n, count, a, lda, b, ldb, s, tolerance, rank, work, size, integers)
  }
  static func laswp(_ columns: Int32, _ a: Numbers, _ lda: Int32, _ from: Int32, _ to: Int32, _ pivots: Integers) {
    _ = LAPACKE_dlaswp_work(LAPACK_COL_MAJOR, columns, a, lda, from, to, pivots, 1)
  }
  static func trsm(
    _ isRight: Bool, _ isUpper: Bool, _ isTransposed: Bool, _ isUnit: Bool, _ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32,
    _ b: Numbers, _ ldb: Int32
  ) {
    cblas_dtrsm(
      CblasRowMajor, isRight ? CblasRight : CblasLeft, isUpper ? CblasUpper : CblasLower, isTransposed ? CblasTrans : CblasNoTrans,
      isUnit ? CblasUnit : CblasNonUnit, m, n, 1, a, lda, b, ldb)
  }
}
