/// Eigenvalues and singular values that are equal, or too close for their vectors to have derivatives in numbers.
///
/// Of equal values any orthonormal vectors of their space will do, so a function of the matrix does not depend on which. Its derivative there
/// is a symmetric matrix M, of which a gradient for values and vectors knows nothing but the diagonal, the values' own: the rest is the limit of
/// 0/0. If M is a multiple of the identity, its off-diagonal elements are 0 in every basis. Otherwise its diagonal has different elements,
/// provided that the basis was chosen without regard to the function. So where a gradient is being taken the vectors of equal values are
/// reflected by a fixed vector of no particular direction, and the diagonal tells whether the gradient is known or not.
enum EqualValues {
  /// What counts as equal, relative to the values: what a decomposition's rounding makes of such.
  private static func tolerance(_ dtype: DType) -> Double { 16 * dtype.precision }

  /// The positions of equal values, in lists of two or more.
  static func groups(_ values: some Collection<Double>, _ dtype: DType) -> [[Int]] {
    let (values, tolerance) = (Array(values), tolerance(dtype))
    var groups: [[Int]] = []
    var group: [Int] = []
    func close() {
      if group.count > 1 { groups.append(group) }
      group = []
    }
    for i in values.indices.sorted(by: { values[$0] < values[$1] }) {
      if let first = group.first.map({ values[$0] }),
        !(values[i] - first <= tolerance * Swift.max(Swift.abs(first), Swift.abs(values[i])))
      {
        close()
      }
      group.append(i)
    }
    close()
    return groups
  }

  /// Whether two positions are in one group, for each matrix of a batch: [..., n, n], true on the diagonal.
  static func mask(_ groups: [[[Int]]], _ shape: Shape, _ n: Int) -> Tensor {
    var isEqual = [Double](repeating: 0, count: groups.count * n * n)
    for (matrix, groups) in groups.enumerated() {
      for i in 0..<n { isEqual[(matrix * n + i) * n + i] = 1 }
      for group in groups { for i in group { for j in group { isEqual[(matrix * n + i) * n + j] = 1 } } }
    }
    return Tensor(isEqual, shape: shape) .!= 0
  }

  /// A unit vector of no particular direction.
  private static func direction(_ count: Int, seed: UInt64) -> [Double] {
    var state = seed
    let x = (0..<count).map { _ in
      // SplitMix64.
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
      return 0.5 + Double((z ^ z >> 31) >> 11) * 0x1p-53
    }
    let length = x.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return x.map { $0 / length }
  }

  /// Some of several vectors, and one beside them if there is one, reflected: v − 2·h·(Σ hᵢ·vᵢ).
  ///
  /// Vector i begins at i·step, and its elements are `stride` apart. `seed` tells reflections apart.
  static func reflect<T: LAPACKElement>(
    _ vectors: T.Numbers, _ group: some Collection<Int>, step: Int, stride: Int, length: Int, beside: [T] = [], seed: UInt64 = 1
  ) {
    let h = direction(group.count + (beside.isEmpty ? 0 : 1), seed: seed).map { T($0) }
    for k in 0..<length {
      var sum: T = beside.isEmpty ? 0 : h[group.count] * beside[k]
      for (i, vector) in group.enumerated() { sum += h[i] * vectors[vector * step + k * stride] }
      sum *= 2
      for (i, vector) in group.enumerated() { vectors[vector * step + k * stride] -= h[i] * sum }
    }
  }

  /// A unit vector at right angles to `count` orthonormal ones.
  static func beside<T: LAPACKElement>(_ vectors: T.Numbers, count: Int, step: Int, stride: Int, length: Int) -> [T] {
    var x = direction(length, seed: 3).map { T($0) }
    // Twice is enough.
    for _ in 0..<2 {
      for i in 0..<count {
        var product: T = 0
        for k in 0..<length { product += x[k] * vectors[i * step + k * stride] }
        for k in 0..<length { x[k] -= product * vectors[i * step + k * stride] }
      }
      let size = x.reduce(0) { $0 + $1 * $1 }.squareRoot()
      for k in 0..<length { x[k] /= size }
    }
    return x
  }
}

extension DType {
  /// The distance from 1 to the next number.
  var precision: Double { real != .float64 ? Double(Float.ulpOfOne) : Double.ulpOfOne }
}

/// What a decomposition's gradient rule looks at before it answers: whether what it divides by gaps between values comes out right.
struct VectorCheck {
  let dtype: DType
  /// Of one matrix: the values, their gradients, and what stands between vᵀ and v in its gradient, [n, n].
  let values, slopes, inner: ArraySlice<Double>
  /// What is divided by the gaps, and the sizes of what that is a difference of, [n, n].
  let turns, sizes: ArraySlice<Double>
  let groups: [[Int]]

  enum Problem {
    /// The function depends on the choice among the vectors of equal values.
    case choice(Int, Int)
    /// It may not, but its gradient there cannot be told from the vectors'.
    case equal(Int, Int)
    /// Rounding would be too large a part of the quotient.
    case close(Int, Int)
  }

  /// The error that passes, relative to the gradient's largest number.
  var tolerance: Double { dtype.real != .float64 ? 1e-3 : 1e-6 }
  /// How much the gradients of equal values may differ.
  private var spread: Double { dtype.real != .float64 ? 1e-4 : 1e-9 }

  private func at(_ x: ArraySlice<Double>, _ i: Int, _ j: Int) -> Double { x[x.startIndex + i * values.count + j] }
  private func largest(_ x: ArraySlice<Double>) -> Double { x.reduce(0) { Swift.max($0, Swift.abs($1)) } }

  /// What the largest number is, and what lies below rounding: a constant's gradient is nothing but that.
  var scale: (largest: Double, floor: Double, noise: Double) {
    let (result, size, value) = (largest(inner), largest(sizes), largest(values))
    let floor = value > 0 ? 1e-4 * tolerance * size / value : 0
    return (result, floor, 64 * dtype.precision * Swift.max(size, result * value))
  }

  func problem() -> Problem? {
    // What is not finite shows by itself.
    guard (slopes.allSatisfy { $0.isFinite }), (turns.allSatisfy { $0.isFinite }), (inner.allSatisfy { $0.isFinite }) else { return nil }
    let (largest, floor, noise) = scale
    let n = values.count
    var group = [Int](repeating: -1, count: n)
    for (number, members) in groups.enumerated() {
      for i in members { group[i] = number }
      for i in members { for j in members where i < j && Swift.abs(at(turns, i, j)) > noise { return .choice(i, j) } }
      let slopes = members.map { self.slopes[self.slopes.startIndex + $0] }
      if let low = slopes.min(), let high = slopes.max(), high - low > Swift.max(spread * largest, floor) {
        return .equal(members[0], members[1])
      }
    }
    for i in 0..<n {
      for j in 0..<n where i != j && (group[i] < 0 || group[i] != group[j]) {
        // Of vectors that take no part there is nothing to be lost. Of others the gradient may have been cancelled before it came here.
        let (a, b, size) = (values[values.startIndex + i], values[values.startIndex + j], at(sizes, i, j))
        let lost = size > 0 ? dtype.precision * Swift.max(size, largest * Swift.max(Swift.abs(a), Swift.abs(b))) : 0
        if lost > Swift.abs(a - b) * Swift.max(tolerance * largest, floor) { return .close(Swift.min(i, j), Swift.max(i, j)) }
      }
    }
    return nil
  }

  /// The whole sentence.
  func message(_ problem: Problem, _ matrix: String, _ what: String, remedy: String) -> String {
    func value(_ i: Int) -> Double { values[values.startIndex + i] }
    switch problem {
    case .choice(let i, let j):
      return
        "\(matrix): \(what) \(i) and \(j) are equal (\(value(i))), and the function depends on which vectors are taken for them, so that it "
        + "has no gradient"
    case .equal(let i, let j):
      return "\(matrix): \(what) \(i) and \(j) are equal (\(value(i))), where their vectors have no gradient; \(remedy)"
    case .close(let i, let j):
      return
        "\(matrix): \(what) \(i) and \(j) (\(value(i)) and \(value(j))) are too close for their vectors' gradient in \(dtype); \(remedy)"
    }
  }
}

/// Vectors from a packed decomposition, [..., rows, columns].
///
/// The last number of its gradient is 1: so the decomposition's rule knows that vectors take part, whatever their gradient.
struct PackedVectors: Primitive {
  let start, rows, columns: Int
  var name: String { "vectors" }
  var isView: Bool { true }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) -> Signature { Signature(Shape(Array(x.shape.dropLast()) + [rows, columns]), x.dtype) }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    var constant = x
    constant.node = .none
    return constant.unpacked(start, rows, columns)
  }

  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    func part(_ count: Int) -> Shape { Shape(Array(x.shape.dropLast()) + [count]) }
    let rest = x.shape[-1] - start - rows * columns - 1
    return [
      concatenate(
        [.zeros(part(start), x.dtype), dy.reshaped(part(rows * columns)), .zeros(part(rest), x.dtype), .ones(part(1), x.dtype)], axis: -1)
    ]
  }
}

extension Tensor {
  /// Whether a packed decomposition's gradient comes from vectors too.
  var comesFromVectors: Bool { elementCount > 0 && detached[.ellipsis, -1].max().item() > 0 }

  /// The elements, whatever they depend on, as numbers.
  var doubles: [Double] { detached.cast(to: .float64).scalars(Double.self) }
}
