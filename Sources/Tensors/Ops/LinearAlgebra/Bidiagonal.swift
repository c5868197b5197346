import CKernels

/// The singular value decomposition of one large matrix, in the steps of LAPACK's `gesdd`.
///
/// The last two turn the bases of a bidiagonal matrix into the matrix's own. They do not know of each other, so each has a thread.
enum Bidiagonal {
  /// Whether a matrix, by columns, is large enough for that, and not so tall that `gesdd` would begin with a QR.
  static func suits(_ rows: Int, _ columns: Int) -> Bool {
    let (short, long) = (Swift.min(rows, columns), Swift.max(rows, columns))
    return short >= 64 && long * 6 < short * 11
  }

  /// The numbers that ``decompose(_:_:_:_:_:_:_:_:)`` works in; of integers it takes 8 for each singular value.
  static func workSize(_ rows: Int, _ columns: Int) -> Int {
    let k = Swift.min(rows, columns)
    return 3 * k + Swift.max(64 * (rows + columns), 3 * k * k + 4 * k) + 2 * turnSize(rows, columns)
  }
  /// What `ormbr` takes for blocks of 64, with what it keeps of each block.
  private static func turnSize(_ rows: Int, _ columns: Int) -> Int { 64 * Swift.max(rows, columns) + 65 * 64 }

  /// a = u·s·vt, a [rows, columns] and all the others by columns, u and vt reduced; a is lost.
  ///
  /// Not 0 where the iteration did not converge; nil, and nothing has happened, where the elements are so large or small that they need
  /// scaling, which is for `gesdd`.
  static func decompose<T: LAPACKElement>(
    _ rows: Int, _ columns: Int, _ a: T.Numbers, _ s: T.Numbers, _ u: T.Numbers, _ vt: T.Numbers, _ work: T.Numbers, _ integers: T.Integers
  ) -> Int32? {
    let largest = magnitude(a, rows * columns)
    // The limits of LAPACK's driver.
    let tiny = T.leastNormalMagnitude.squareRoot() / T.ulpOfOne
    if largest != 0 && largest < tiny || largest > 1 / tiny { return nil }
    let k = Swift.min(rows, columns)
    let (m, n, count) = (Int32(rows), Int32(columns), Int32(k))
    let (e, scalesQ, scalesP, rest) = (work, work + k, work + 2 * k, work + 3 * k)
    let turnSize = turnSize(rows, columns)
    let restSize = workSize(rows, columns) - 3 * k - 2 * turnSize
    _ = T.gebrd(m, n, a, m, s, e, scalesQ, scalesP, rest, Int32(restSize))
    // The bidiagonal matrix's bases, in the first k rows of u and columns of vt; zeros beside them.
    u.update(repeating: 0, count: rows * k)
    vt.update(repeating: 0, count: k * columns)
    let info = T.bdsdc(rows >= columns ? LAPACK.upper : LAPACK.lower, count, s, e, u, m, vt, count, rest, integers)
    if info != 0 { return info }
    ThreadPool.shared.run(2) { part in
      let space = rest + restSize + part * turnSize
      if part == 0 {
        _ = T.ormbr(LAPACK.q, LAPACK.left, LAPACK.without, m, count, n, a, m, scalesQ, u, m, space, Int32(turnSize))
      } else {
        _ = T.ormbr(LAPACK.p, LAPACK.right, LAPACK.transposed, count, n, m, a, m, scalesP, vt, count, space, Int32(turnSize))
      }
    }
    return 0
  }

  private static func magnitude<T: LAPACKElement>(_ a: T.Numbers, _ count: Int) -> T {
    func extreme(_ op: fx_reduction) -> T {
      var result = T.zero
      withRaw(Shape(0, 1, 0)) { steps in
        withUnsafeMutablePointer(to: &result) { fx_reduce(Int32(op.rawValue), T.dtype.code, 1, count, 1, steps, a, $0) }
      }
      return result
    }
    return Swift.max(extreme(FX_R_MAX), -extreme(FX_R_MIN))
  }
}
