import COpenBLAS

/// LU of one matrix by columns, shared among threads where it is large.
enum BlockedLU {
  static func factor<T: LAPACKElement>(_ type: T.Type, _ m: Int, _ n: Int, _ a: T.Numbers, _ pivots: T.Integers) -> Int32 {
    T.getrf(Int32(m), Int32(n), a, Int32(m), pivots)
  }
}
