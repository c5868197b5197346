import COpenBLAS
import Fluxion
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// What the machine gives at best, measured in the same run as the rows that are held against it.

// MARK: - Copies

/// A plain copy of `count` float32 between buffers that are in use already: `memcpy` on one thread or shared among the engine's, whichever
/// is faster here.
func copyRow(_ name: String, count: Int) -> Row {
  let work = Work.floats(2 * count)
  return Row(name: name, work: work) {
    let (from, to) = (hugeBuffer(count * 4), hugeBuffer(count * 4))
    defer {
      free(from)
      free(to)
    }
    let alone = Timer.best { consume(memcpy(to, from, count * 4)) }
    let shared = Timer.best {
      inParallel(count) { range in
        consume(memcpy(to + range.lowerBound * 4, from + range.lowerBound * 4, range.count * 4))
      }
    }
    return .time(min(alone, shared))
  }
}

/// Memory as the engine's pool takes it, on huge pages where there are such, touched once.
private func hugeBuffer(_ byteCount: Int) -> UnsafeMutableRawPointer {
  var buffer: UnsafeMutableRawPointer?
  guard posix_memalign(&buffer, 2 << 20, byteCount) == 0, let buffer else { fatalError("out of memory: \(byteCount) bytes to copy") }
  #if os(Linux)
    let hugePages: Int32 = 14  // MADV_HUGEPAGE
    madvise(buffer, byteCount, hugePages)
  #endif
  memset(buffer, 1, byteCount)
  return buffer
}

// MARK: - CBLAS

/// `batch` products c = a·b of contiguous row-major matrices, a [m, k], b [k, n] or, transposed, [n, k].
struct RawProduct {
  let m: Int
  let n: Int
  let k: Int
  var batch = 1
  var isRightTransposed = false

  var work: Work { .product(m, n, k, batch: batch) }

  /// The raw call for those of the batch in `range`.
  func callAsFunction(_ a: [Float], _ b: [Float], _ c: UnsafeMutablePointer<Float>, _ range: Range<Int>) {
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        for i in range {
          cblas_sgemm(
            CblasRowMajor, CblasNoTrans, isRightTransposed ? CblasTrans : CblasNoTrans, Int32(m), Int32(n), Int32(k), 1,
            a.baseAddress! + i * m * k, Int32(k), b.baseAddress! + i * k * n, Int32(isRightTransposed ? k : n), 0, c + i * m * n, Int32(n))
        }
      }
    }
  }
}

/// What a user of CBLAS could get at best: the raw calls on one thread, with OpenBLAS's own threads, and, if there is a batch, dealt out to
/// the engine's threads; the fastest counts.
func cblasRow(_ name: String, _ product: RawProduct) -> Row {
  Row(name: name, work: product.work) {
    // The engine sets OpenBLAS up at its first product; the raw calls come after it, with the same kernels.
    consume(Tensor.ones([2, 2]) • Tensor.ones([2, 2]))
    let a = Tensor.normal([product.batch * product.m * product.k]).scalars(Float.self)
    let b = Tensor.normal([product.batch * product.k * product.n]).scalars(Float.self)
    let c = UnsafeMutablePointer<Float>.allocate(capacity: product.batch * product.m * product.n)
    defer { c.deallocate() }
    var best = Timer.best { product(a, b, c, 0..<product.batch) }
    if product.batch > 1 {
      best = min(best, Timer.best { deal(product.batch) { product(a, b, c, $0) } })
    }
    #if os(Linux)
      if Threads.count > 1 {
        openblas_set_num_threads(Int32(Threads.count))
        best = min(best, Timer.best { product(a, b, c, 0..<product.batch) })
        openblas_set_num_threads(1)
        // OpenBLAS's threads go on looking for work for a while, on cores that the next row needs.
        usleep(100_000)
      }
    #endif
    return .time(best)
  }
}

/// Calls `body` with stretches of 0 ..< count on the engine's threads, however few there are.
private func deal(_ count: Int, _ body: (Range<Int>) -> Void) {
  // The engine shares out what has many elements; so each counts for many.
  inParallel(count << 16) { body($0.lowerBound >> 16..<$0.upperBound >> 16) }
}
