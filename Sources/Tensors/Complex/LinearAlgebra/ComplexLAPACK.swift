import COpenBLAS

/// LAPACK's routines and products for complex numbers whose parts are of a float dtype: as of ``LAPACKElement``, numbers being pairs.
protocol ComplexLAPACK: LAPACKElement {
  /// Cholesky of a Hermitian matrix.
  static func hpotrf(_ triangle: CChar, _ n: Int32, _ a: Numbers, _ lda: Int32) -> Int32
  /// LU with row exchanges.
  static func cgetrf(_ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ pivots: Integers) -> Int32
  /// QR: R and the reflections that make Q.
  static func cgeqrf(_ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ scales: Numbers, _ work: Numbers, _ size: Int32) -> Int32
  /// Q from its reflections.
  static func ungqr(
    _ m: Int32, _ n: Int32, _ k: Int32, _ a: Numbers, _ lda: Int32, _ scales: Numbers, _ work: Numbers, _ size: Int32
  ) -> Int32
  /// The singular value decomposition; `reals` are s and its workspace.
  static func cgesdd(
    _ job: CChar, _ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ s: Numbers, _ u: Numbers, _ ldu: Int32, _ vt: Numbers,
    _ ldvt: Int32, _ work: Numbers, _ size: Int32, _ reals: Numbers, _ integers: Integers
  ) -> Int32
  /// Eigenvalues and vectors of a Hermitian matrix.
  static func heevd(
    _ triangle: CChar, _ n: Int32, _ a: Numbers, _ lda: Int32, _ w: Numbers, _ work: Numbers, _ size: Int32, _ reals: Numbers,
    _ realSize: Int32, _ integers: Integers, _ integerSize: Int32
  ) -> Int32
  /// Eigenvalues and right vectors of any matrix.
  static func cgeev(
    _ n: Int32, _ a: Numbers, _ lda: Int32, _ w: Numbers, _ vectors: Numbers, _ ldv: Int32, _ work: Numbers, _ size: Int32, _ reals: Numbers
  ) -> Int32
  /// LDLᴴ of a Hermitian matrix, or LDLᵀ of a symmetric one, with exchanges of rows and columns.
  static func csytrf(
    _ isHermitian: Bool, _ n: Int32, _ a: Numbers, _ lda: Int32, _ pivots: Integers?, _ work: Numbers, _ size: Int32
  ) -> Int32
  /// The solution of a triangular system of rows, in place of b.
  static func ctrsm(
    _ isUpper: Bool, _ isTransposed: Bool, _ isUnit: Bool, _ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ b: Numbers, _ ldb: Int32)
  /// c = a·b by rows.
  static func cgemm(
    _ m: Int32, _ n: Int32, _ k: Int32, _ a: Numbers, _ lda: Int32, _ isTransposedA: Bool, _ b: Numbers, _ ldb: Int32, _ isTransposedB: Bool,
    _ c: Numbers, _ ldc: Int32)
}

private let columns = LAPACK_COL_MAJOR

extension Float: ComplexLAPACK {
  static func hpotrf(_ triangle: CChar, _ n: Int32, _ a: Numbers, _ lda: Int32) -> Int32 {
    LAPACKE_cpotrf_work(columns, triangle, n, a, lda)
  }
  static func cgetrf(_ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ pivots: Integers) -> Int32 {
    LAPACKE_cgetrf_work(columns, m, n, a, lda, pivots)
  }
  static func cgeqrf(_ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ scales: Numbers, _ work: Numbers, _ size: Int32) -> Int32 {
    LAPACKE_cgeqrf_work(columns, m, n, a, lda, scales, work, size)
  }
  static func ungqr(
    _ m: Int32, _ n: Int32, _ k: Int32, _ a: Numbers, _ lda: Int32, _ scales: Numbers, _ work: Numbers, _ size: Int32
  ) -> Int32 {
    LAPACKE_cungqr_work(columns, m, n, k, a, lda, scales, work, size)
  }
  static func cgesdd(
    _ job: CChar, _ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ s: Numbers, _ u: Numbers, _ ldu: Int32, _ vt: Numbers,
    _ ldvt: Int32, _ work: Numbers, _ size: Int32, _ reals: Numbers, _ integers: Integers
  ) -> Int32 {
    LAPACKE_cgesdd_work(columns, job, m, n, a, lda, s, u, ldu, vt, ldvt, work, size, reals, integers)
  }
  static func heevd(
    _ triangle: CChar, _ n: Int32, _ a: Numbers, _ lda: Int32, _ w: Numbers, _ work: Numbers, _ size: Int32, _ reals: Numbers,
    _ realSize: Int32, _ integers: Integers, _ integerSize: Int32
  ) -> Int32 {
    LAPACKE_cheevd_work(columns, LAPACK.with, triangle, n, a, lda, w, work, size, reals, realSize, integers, integerSize)
  }
  static func cgeev(
    _ n: Int32, _ a: Numbers, _ lda: Int32, _ w: Numbers, _ vectors: Numbers, _ ldv: Int32, _ work: Numbers, _ size: Int32, _ reals: Numbers
  ) -> Int32 {
    LAPACKE_cgeev_work(columns, LAPACK.without, LAPACK.with, n, a, lda, w, nil, 1, vectors, ldv, work, size, reals)
  }
  static func csytrf(
    _ isHermitian: Bool, _ n: Int32, _ a: Numbers, _ lda: Int32, _ pivots: Integers?, _ work: Numbers, _ size: Int32
  ) -> Int32 {
    isHermitian
      ? LAPACKE_chetrf_work(columns, LAPACK.lower, n, a, lda, pivots, work, size)
      : LAPACKE_csytrf_work(columns, LAPACK.lower, n, a, lda, pivots, work, size)
  }
  static func ctrsm(
    _ isUpper: Bool, _ isTransposed: Bool, _ isUnit: Bool, _ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ b: Numbers, _ ldb: Int32
  ) {
    let one: [Float] = [1, 0]
    cblas_ctrsm(
      CblasRowMajor, CblasLeft, isUpper ? CblasUpper : CblasLower, isTransposed ? CblasTrans : CblasNoTrans,
      isUnit ? CblasUnit : CblasNonUnit, m, n, one, a, lda, b, ldb)
  }
  static func cgemm(
    _ m: Int32, _ n: Int32, _ k: Int32, _ a: Numbers, _ lda: Int32, _ isTransposedA: Bool, _ b: Numbers, _ ldb: Int32, _ isTransposedB: Bool,
    _ c: Numbers, _ ldc: Int32
  ) {
    let (one, zero): ([Float], [Float]) = ([1, 0], [0, 0])
    cblas_cgemm(
      CblasRowMajor, isTransposedA ? CblasTrans : CblasNoTrans, isTransposedB ? CblasTrans : CblasNoTrans, m, n, k, one, a, lda, b, ldb, zero,
      c, ldc)
  }
}

extension Double: ComplexLAPACK {
  static func hpotrf(_ triangle: CChar, _ n: Int32, _ a: Numbers, _ lda: Int32) -> Int32 {
    LAPACKE_zpotrf_work(columns, triangle, n, a, lda)
  }
  static func cgetrf(_ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ pivots: Integers) -> Int32 {
    LAPACKE_zgetrf_work(columns, m, n, a, lda, pivots)
  }
  static func cgeqrf(_ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ scales: Numbers, _ work: Numbers, _ size: Int32) -> Int32 {
    LAPACKE_zgeqrf_work(columns, m, n, a, lda, scales, work, size)
  }
  static func ungqr(
    _ m: Int32, _ n: Int32, _ k: Int32, _ a: Numbers, _ lda: Int32, _ scales: Numbers, _ work: Numbers, _ size: Int32
  ) -> Int32 {
    LAPACKE_zungqr_work(columns, m, n, k, a, lda, scales, work, size)
  }
  static func cgesdd(
    _ job: CChar, _ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ s: Numbers, _ u: Numbers, _ ldu: Int32, _ vt: Numbers,
    _ ldvt: Int32, _ work: Numbers, _ size: Int32, _ reals: Numbers, _ integers: Integers
  ) -> Int32 {
    LAPACKE_zgesdd_work(columns, job, m, n, a, lda, s, u, ldu, vt, ldvt, work, size, reals, integers)
  }
  static func heevd(
    _ triangle: CChar, _ n: Int32, _ a: Numbers, _ lda: Int32, _ w: Numbers, _ work: Numbers, _ size: Int32, _ reals: Numbers,
    _ realSize: Int32, _ integers: Integers, _ integerSize: Int32
  ) -> Int32 {
    LAPACKE_zheevd_work(columns, LAPACK.with, triangle, n, a, lda, w, work, size, reals, realSize, integers, integerSize)
  }
  static func cgeev(
    _ n: Int32, _ a: Numbers, _ lda: Int32, _ w: Numbers, _ vectors: Numbers, _ ldv: Int32, _ work: Numbers, _ size: Int32, _ reals: Numbers
  ) -> Int32 {
    LAPACKE_zgeev_work(columns, LAPACK.without, LAPACK.with, n, a, lda, w, nil, 1, vectors, ldv, work, size, reals)
  }
  static func csytrf(
    _ isHermitian: Bool, _ n: Int32, _ a: Numbers, _ lda: Int32, _ pivots: Integers?, _ work: Numbers, _ size: Int32
  ) -> Int32 {
    isHermitian
      ? LAPACKE_zhetrf_work(columns, LAPACK.lower, n, a, lda, pivots, work, size)
      : LAPACKE_zsytrf_work(columns, LAPACK.lower, n, a, lda, pivots, work, size)
  }
  static func ctrsm(
    _ isUpper: Bool, _ isTransposed: Bool, _ isUnit: Bool, _ m: Int32, _ n: Int32, _ a: Numbers, _ lda: Int32, _ b: Numbers, _ ldb: Int32
  ) {
    let one: [Double] = [1, 0]
    cblas_ztrsm(
      CblasRowMajor, CblasLeft, isUpper ? CblasUpper : CblasLower, isTransposed ? CblasTrans : CblasNoTrans,
      isUnit ? CblasUnit : CblasNonUnit, m, n, one, a, lda, b, ldb)
  }
  static func cgemm(
    _ m: Int32, _ n: Int32, _ k: Int32, _ a: Numbers, _ lda: Int32, _ isTransposedA: Bool, _ b: Numbers, _ ldb: Int32, _ isTransposedB: Bool,
    _ c: Numbers, _ ldc: Int32
  ) {
    let (one, zero): ([Double], [Double]) = ([1, 0], [0, 0])
    cblas_zgemm(
      CblasRowMajor, isTransposedA ? CblasTrans : CblasNoTrans, isTransposedB ? CblasTrans : CblasNoTrans, m, n, k, one, a, lda, b, ldb, zero,
      c, ldc)
  }
}
