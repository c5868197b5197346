/// What the decompositions share: LAPACK's letters, and a run over the matrices of a batch.
enum LAPACK {
  static let lower = CChar(UInt8(ascii: "L"))
  static let upper = CChar(UInt8(ascii: "U"))
  static let without = CChar(UInt8(ascii: "N"))
  static let with = CChar(UInt8(ascii: "V"))
  static let all = CChar(UInt8(ascii: "A"))
  static let some = CChar(UInt8(ascii: "S"))
  static let transposed = CChar(UInt8(ascii: "T"))
  static let left = CChar(UInt8(ascii: "L"))
  static let right = CChar(UInt8(ascii: "R"))
  static let q = CChar(UInt8(ascii: "Q"))
  static let p = CChar(UInt8(ascii: "P"))
  static let ofItself = CChar(UInt8(ascii: "I"))

  /// A matrix that a routine could not take, and its `info`.
  struct Failure {
    var matrix: Int
    var info: Int
  }

  /// Calls `body` with the number of each matrix and with workspaces; the first failure, by number, if there is one.
  ///
  /// The matrices are shared among threads, each of which is alone with OpenBLAS: nothing depends on how many there are.
  static func forEach<T: LAPACKElement>(
    _ type: T.Type, _ count: Int, operations: Int, numbers: Int = 0, integers: Int = 0,
    _ body: (_ i: Int, _ numbers: T.Numbers, _ integers: T.Integers) throws(TensorError) -> Int32
  ) throws(TensorError) -> Failure? {
    // Read in a condition: an unused read of a lazy constant is dropped, and its initialiser with it.
    guard count > 0, BLAS.isReady else { return nil }
    return try withWorkingMemory(of: Int32.self, count: count) { (infos) throws(TensorError) in
      try parallel(count, grain: 200_000 / Swift.max(1, operations)) { (range) throws(TensorError) in
        try withWorkingMemory(of: T.self, count: numbers) { (numbers) throws(TensorError) in
          try withWorkingMemory(of: Int32.self, count: integers) { (integers) throws(TensorError) in
            for i in range { infos[i] = try body(i, numbers, integers) }
          }
        }
      }
      return (0..<count).first { infos[$0] != 0 }.map { Failure(matrix: $0, info: Int(infos[$0])) }
    }
  }

  /// The size of a workspace as a routine tells it when asked with a size of −1; a complex one's answer is a complex number.
  static func size<T: LAPACKElement>(_ type: T.Type, _ ask: (T.Numbers) -> Int32) -> Int {
    withUnsafeTemporaryAllocation(of: T.self, capacity: 2) { answer in
      answer.initialize(repeating: 0)
      _ = ask(answer.baseAddress!)
      // float32 has no digits for large sizes: a little more than it says.
      return Int(answer[0]) + Int(answer[0]) >> 20 + 1
    }
  }
}

extension Tensor {
  /// Whether it can be taken for matrices of floats.
  func checkMatrices(isSquare: Bool = false) throws(TensorError) {
    if !dtype.isDifferentiable { throw mistake("not defined for \(dtype), only for floating-point dtypes; convert with .cast(to:)") }
    if rank < 2 { throw mistake("\(shape) is no matrix; \(isSquare ? "[..., n, n]" : "[..., m, n]") would fit") }
    if isSquare && shape[-1] != shape[-2] { throw mistake("the matrices of \(shape) are not square; [..., n, n] would fit") }
    if Swift.max(shape[-1], shape[-2]) > Int(Int32.max) { throw mistake("the matrices of \(shape) are too large for LAPACK") }
  }

  /// The number of matrices.
  var matrixCount: Int { shape.dropLast(2).reduce(1, *) }

  /// The axes before the matrices.
  var batchShape: Shape { Shape(shape.dropLast(2)) }

  /// Matrix `i` in words: `the [3, 3] matrix`, `matrix 1 of [2, 3, 3]`, `matrix [1, 0] of [2, 2, 3, 3]`.
  static func matrixName(_ i: Int, _ shape: Shape) -> String {
    if shape.rank <= 2 { return "the \(shape) matrix" }
    if shape.rank == 3 { return "matrix \(i) of \(shape)" }
    var (rest, position) = (i, [Int]())
    for size in shape.dropLast(2).reversed() {
      position.append(rest % size)
      rest /= size
    }
    return "matrix \(Shape(position.reversed())) of \(shape)"
  }

  /// Of which matrix not all elements are finite, if there is one: what iterations could run on forever with.
  ///
  /// Complex elements are pairs of numbers.
  func checkFinite<T: LAPACKElement>(_ a: T.Numbers) throws(TensorError) {
    let size = (dtype.isComplex ? 2 : 1) * shape[-1] * shape[-2]
    for i in 0..<matrixCount {
      // x − x is 0, or NaN for NaN and infinities: one sum tells.
      var sum: T = 0
      for j in i * size..<(i + 1) * size { sum += a[j] - a[j] }
      if sum != 0 { throw mistake("\(Tensor.matrixName(i, shape)) contains NaN or infinity") }
    }
  }

  /// The elements as typed numbers.
  @inline(__always)
  func numbers<T: LAPACKElement>(_ type: T.Type) -> T.Numbers { pointer.assumingMemoryBound(to: type) }

  /// A part of the last axis of packed results, as matrices.
  func unpacked(_ start: Int, _ sizes: Int...) -> Tensor {
    let count = sizes.reduce(1, *)
    let part = self[.ellipsis, start..<start + count]
    return sizes.count == 1 ? part : part.reshaped(Shape(Array(shape.dropLast()) + sizes))
  }
}

/// What is wrong with a matrix of a batch that has no inverse.
func singular(_ failure: LAPACK.Failure, _ shape: Shape) -> TensorError {
  mistake("\(Tensor.matrixName(failure.matrix, shape)) is singular: pivot \(failure.info) is zero")
}
