import Autodiff
import RealModule
import Tensors
import Testing

/// Gradients where eigenvalues or singular values are equal, or nearly so: the operators for it have them, and through vectors they are right or a
/// mistake.
@Suite struct EqualValueTests {
  /// A function with its divided difference in a form that does not cancel.
  struct Function: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Whether it is defined at 0, too.
    var takesZero = false
    let symbolic: @Sendable (Symbol) -> Symbol
    let tensors: @Sendable (Tensor) -> Tensor
    let difference: @Sendable (Double, Double) -> Double
  }

  static let functions = [
    Function(testDescription: "x", takesZero: true, symbolic: { $0 }, tensors: { $0 * 1 }, difference: { _, _ in 1 }),
    Function(testDescription: "x²", takesZero: true, symbolic: { $0 * $0 }, tensors: { $0 * $0 }, difference: { $0 + $1 }),
    Function(
      testDescription: "√x", symbolic: { sqrt($0) }, tensors: { sqrt($0) }, difference: { 1 / ($0.squareRoot() + $1.squareRoot()) }),
    Function(
      testDescription: "1/√x", symbolic: { 1 / sqrt($0) }, tensors: { 1 / sqrt($0) },
      difference: { -1 / (($0 * $1).squareRoot() * ($0.squareRoot() + $1.squareRoot())) }),
    Function(
      testDescription: "exp", takesZero: true, symbolic: { exp($0) }, tensors: { exp($0) },
      difference: { a, b in
        let h = (a - b) / 2
        return Double.exp((a + b) / 2) * (h == 0 ? 1 : Double.sinh(h) / h)
      }),
    Function(
      testDescription: "log", symbolic: { log($0) }, tensors: { log($0) },
      difference: { a, b in a == b ? 1 / a : Double.log(onePlus: (a - b) / b) / (a - b) }),
    Function(testDescription: "1/x", symbolic: { 1 / $0 }, tensors: { 1 / $0 }, difference: { -1 / ($0 * $1) }),
  ]

  /// Spectra with equal and with close values.
  static let spectra: [[Double]] =
    [[1, 1, 1], [4, 4, 4], [0, 0, 0], [2, 2, 5], [1, 3, 3], [0.5, 0.5, 1e4], [2, 2.01, 7]]
    + (3...12).map { [1, 1 + Double.pow(10, -Double($0)), 3] } + (3...12).map { [2, 2, 2 + Double.pow(10, -Double($0))] }

  /// Rotations by angles of no particular size; with none the identity.
  static func rotation(_ angles: [Double]) -> Matrix {
    var q = Matrix.identity(3)
    for (i, angle) in angles.enumerated() {
      let (a, b) = (i % 3, (i + 1) % 3)
      var r = Matrix.identity(3)
      (r[a][a], r[a][b], r[b][a], r[b][b]) = (Double.cos(angle), -Double.sin(angle), Double.sin(angle), Double.cos(angle))
      q = q * r
    }
    return q
  }
  static let bases = [rotation([]), rotation([0.7, -1.1, 0.4])]
  /// What the result is weighed with: all alike, all different, and one element beside the diagonal only.
  static let weights: [Matrix] = [
    [[1, 1, 1], [1, 1, 1], [1, 1, 1]], [[0.3, -1, 0.8], [0.5, 1.7, -0.2], [1.1, 0.6, -0.9]], [[0, 1, 0], [0, 0, 0], [0, 0, 0]],
  ]

  private func tensor(_ x: Matrix, _ dtype: DType) -> Tensor { Grid([x.count, x[0].count], x.flat).tensor(dtype) }
  private func distance(_ x: Tensor, _ y: Matrix) -> Double {
    zip(Grid(x).values, y.flat).reduce(0) { $1.0.isFinite ? Swift.max($0, abs($1.0 - $1.1)) : .infinity }
  }

  /// Σ w·f(a) has the gradient q·(f[λᵢ, λⱼ]·(qᵀ·w·q)ᵢⱼ)·qᵀ, of the symmetric part of w.
  private func reference(_ function: Function, _ spectrum: [Double], _ q: Matrix, _ w: Matrix) -> Matrix {
    let inner = q.transpose * ((w + w.transpose) * 0.5) * q
    let scaled = inner.enumerated().map { i, row in
      row.enumerated().map { j, x in x * function.difference(spectrum[i], spectrum[j]) }
    }
    return q * scaled * q.transpose
  }

  @Test(arguments: functions, [DType.float64, .float32])
  func symmetricFunctions(_ function: Function, _ dtype: DType) {
    for spectrum in Self.spectra where function.takesZero || spectrum[0] != 0 {
      if function.testDescription == "exp" && spectrum[2] > 100 { continue }
      for q in Self.bases {
        // The input and what rounding to the dtype makes of its spectrum: float32 cannot tell the closest values apart.
        let exact = q * spectrum.indices.map { i in spectrum.indices.map { $0 == i ? spectrum[i] : 0 } } * q.transpose
        let a = tensor(exact, dtype)
        for w in Self.weights {
          let expected = reference(function, spectrum, q, w)
          let size = expected.flat.reduce(0) { Swift.max($0, abs($1)) }
          let weight = tensor(w, dtype)
          let slope = gradient(at: a) { (symmetricMatrixFunction($0, function.symbolic) * weight).sum() }
          let condition = spectrum[2] / Swift.max(spectrum[0], 1)
          let bound = (dtype == .float64 ? 1e-12 : 2e-6) * condition * size
          #expect(distance(slope, expected) <= bound, "operator at \(spectrum), \(w[0])")

          // By hand: right, or a mistake that names the operator.
          let byHand = Result {
            try checked {
              gradient(at: a) { a in
                let (values, v) = symmetricEigen((a + a.transposed()) * 0.5)
                return ((v * function.tensors(values).unsqueezed(axis: -2)) • v.transposed() * weight).sum()
              }
            }
          }
          switch byHand {
          case .success(let slope):
            #expect(distance(slope, expected) <= (dtype == .float64 ? 1e-5 : 1e-2) * size, "by hand at \(spectrum), \(w[0])")
          case .failure(let error):
            #expect("\(error)".contains("symmetricMatrixFunction has the gradient"), "\(error)")
            // Where values are well apart there is nothing to complain of.
            #expect(
              spectrum[1] - spectrum[0] < (dtype == .float64 ? 1e-7 : 1e-2) || spectrum[2] - spectrum[1] < 1e-2, "\(spectrum): \(error)")
          }
        }
      }
    }
  }

  /// Second derivatives against differences of first ones, which the test above has checked.
  @Test(arguments: functions) func secondDerivatives(_ function: Function) {
    let (w, d) = (tensor(Self.weights[1], .float64), tensor([[1, -0.4, 0.3], [0.2, 0.9, 0.7], [0.1, -0.8, 0.5]], .float64))
    for spectrum in [[1, 1, 1], [4, 4, 4], [2, 2, 5], [1, 1 + 1e-3, 3], [1, 1 + 1e-7, 3], [1, 1 + 1e-12, 1 + 2e-12], [2, 2.01, 7]]
      as [[Double]]
    {
      let q = Self.bases[1]
      let a = tensor(q * spectrum.indices.map { i in spectrum.indices.map { $0 == i ? spectrum[i] : 0 } } * q.transpose, .float64)
      func slope(_ a: Tensor) -> Tensor { gradient(at: a) { (symmetricMatrixFunction($0, function.symbolic) * w).sum() } }
      let second = gradient(at: a) { (slope($0) * d).sum() }
      let h = 1e-5
      let difference = (slope(a + d * h) - slope(a - d * h)) / (2 * h)
      #expect(abs(second - difference).max().item() < 1e-7 * Swift.max(1, abs(difference).max().item()), "\(spectrum)")
    }
  }

  /// A batch that mixes equal and distinct values, and large values whose functions change a lot between near ones.
  @Test func batchesAndSteepFunctions() {
    let a = stack([tensor([[4, 0], [0, 4]], .float64), tensor([[2, 1], [1, 3]], .float64)])
    let both = gradient(at: a) { symmetricMatrixFunction($0) { sqrt($0) }.sum() }
    for i in 0..<2 {
      let alone = gradient(at: a[i]) { symmetricMatrixFunction($0) { sqrt($0) }.sum() }
      #expect(abs(both[i] - alone).max().item() < 1e-15)
    }
    #expect(abs(both[0] - 0.25).max().item() < 1e-15)
    // (e^600 − e^595)/5, (sin 3000.3 − sin 3000)/0.3, and a step between two values that are near.
    func corner(_ values: [Double], _ f: (Symbol) -> Symbol) -> Double {
      gradient(at: Tensor(values).cast(to: .float64).diagonalMatrix()) { 2 * symmetricMatrixFunction($0, f)[0, 1] }[0, 1].item()
    }
    #expect(abs(corner([600, 595]) { exp($0) } / ((Double.exp(600) - Double.exp(595)) / 5) - 1) < 1e-12)
    #expect(abs(corner([3000.3, 3000]) { sin($0) } - (Double.sin(3000.3) - Double.sin(3000)) / (3000.3 - 3000)) < 1e-9)
    #expect(abs(corner([1, 1.001]) { select($0 .> 1.0005, 1, 0) } - 1000) < 1e-6)
    let third: Tensor? = try? checked {
      gradient(at: a) { x in
        gradient(at: x) { x in gradient(at: x) { symmetricMatrixFunction($0) { exp($0) }.sum() }.squared.sum() }.squared.sum()
      }
    }
    #expect(third == nil)
  }

  /// The polar factor at equal singular values, where only their sums count, by the operator and by hand.
  @Test(arguments: [DType.float64, .float32]) func polarFactors(_ dtype: DType) {
    let w = Self.weights[1]
    for (s, q) in [([1.0, 1, 1], 0), ([1, 1, 1], 1), ([2, 2, 2], 1), ([3, 1, 1], 1), ([3, 1 + 1e-9, 1], 1), ([3, 2, 1], 1)] {
      let v = Self.rotation([0.3, 0.5, -0.9])
      let (u, right) = (Self.bases[q], q == 0 ? Matrix.identity(3) : v)
      let x = tensor(u * s.indices.map { i in s.indices.map { $0 == i ? s[i] : 0 } } * right.transpose, dtype)
      let k = u.transpose * w * right
      let inner = s.indices.map { i in s.indices.map { (k[i][$0] - k[$0][i]) / (s[i] + s[$0]) } }
      let expected = u * inner * right.transpose
      let weight = tensor(w, dtype)
      let slope = gradient(at: x) { (polarDecomposition($0).u * weight).sum() }
      #expect(distance(slope, expected) < (dtype == .float64 ? 1e-13 : 2e-6), "\(s)")
      let byHand: Tensor? = try? checked {
        gradient(at: x) {
          let (u, _, vt) = svd($0)
          return (u • vt * weight).sum()
        }
      }
      if let byHand { #expect(distance(byHand, expected) < (dtype == .float64 ? 1e-6 : 1e-3), "by hand, \(s)") }
      // Values that are equal but for rounding have it, and values well apart.
      if s[1] == s[2] || s[1] - s[2] > 1e-6 { #expect(byHand != nil, "by hand, \(s)") }
    }
  }

  /// u • diag(s) • vᵀ is x: its gradient is the weight, or a mistake, never anything else.
  @Test(arguments: [DType.float64, .float32]) func productsOfFactors(_ dtype: DType) {
    let rectangles: [Matrix] = [
      .identity(3), .identity(3) * 0, .identity(3) * 2, Self.bases[1], [[1, 0, 0], [0, 1, 0], [0, 0, 0]], [[1, 0], [0, 1], [0, 0]],
      [[0, 0], [0, 0], [0, 0]], [[1, 0, 0], [0, 1, 0]], [[0, 0, 0], [0, 3, 0]], [[1, 1], [1, 1]], [[2, 0], [0, 2 + 1e-7]],
      [[5, 0], [0, 2], [1, 1]],
      [[0], [0]], [[0, 0]],
    ]
    for x in rectangles {
      for isFull in [false, true] {
        for unit in [false, true] {
          let w = x.indices.map { i in x[0].indices.map { j in unit ? (i == 0 && j == x[0].count - 1 ? 1 : 0) : Self.weights[1][i][j] } }
          let weight = tensor(w, dtype)
          let slope: Tensor? = try? checked {
            gradient(at: tensor(x, dtype)) { x in
              let (u, s, vt) = svd(x, fullMatrices: isFull)
              let k = s.shape[0]
              return ((u[.ellipsis, 0..<k] * s) • vt[0..<k, 0...] * weight).sum()
            }
          }
          if let slope { #expect(distance(slope, w) < (dtype == .float64 ? 1e-6 : 1e-3), "\(x), full \(isFull)") }
          if x == [[5, 0], [0, 2], [1, 1]] { #expect(slope != nil) }
        }
      }
    }
  }

  /// What does not depend on what is unknown has its gradient through vectors, too.
  @Test func noFalseAlarms() {
    let q = tensor(Self.bases[1], .float64)
    func matrix(_ spectrum: [Double]) -> Tensor { (q * Tensor(spectrum).cast(to: .float64)) • q.transposed() }
    let w = tensor(Self.weights[1], .float64)
    // The projection onto the space of two equal values, and onto a vector beside two equal ones, zeros too.
    for (spectrum, columns) in [([2.0, 2, 5], 0..<2), ([2, 2, 5], 2..<3), ([0, 0, 5], 2..<3), ([1, 3, 3], 1..<3)] {
      let slope = gradient(at: matrix(spectrum)) { a in
        let v = symmetricEigen((a + a.transposed()) * 0.5).vectors[0..., columns]
        return (v • v.transposed() * w).sum()
      }
      let (low, high) = (columns.lowerBound == 0 ? -1e9 : (spectrum[0] + spectrum[columns.lowerBound]) / 2, columns == 0..<2 ? 3.5 : 1e9)
      let expected = gradient(at: matrix(spectrum)) {
        (symmetricMatrixFunction($0) { select(($0 .> Symbol(low)) .& ($0 .< Symbol(high)), 1, 0) } * w).sum()
      }
      #expect(abs(slope - expected).max().item() < 1e-12, "\(spectrum)")
    }
    // Functions of the values that treat equal ones alike, to second order where the result is a multiple of the identity.
    let four = Tensor.eye(3, nil, .float64) * 4
    func logarithm(_ a: Tensor) -> Tensor { log(symmetricEigen(a).values).sum() }
    #expect(abs(gradient(at: four) { logarithm($0) } - four / 16).max().item() < 1e-15)
    let second = gradient(at: four) { x in gradient(at: x) { symmetricEigenvalues($0).squared.sum() }.squared.sum() }
    #expect(abs(second - four * 8).max().item() < 1e-13)
    // Traces, by way of the vectors.
    let trace = gradient(at: four) { (a: Tensor) -> Tensor in
      let (values, v) = symmetricEigen(a)
      return ((v * log(values)) • v.transposed()).diagonal().sum()
    }
    #expect(abs(trace - four / 16).max().item() < 1e-15)
    // The first of a full basis's vectors beyond the k-th: only their space counts.
    let x = tensor([[1, 0.3], [-0.2, 2], [0.5, 0.4]], .float64)
    let rest = gradient(at: x) { x in
      let u = svd(x, fullMatrices: true).u[0..., 2..<3]
      return (u • u.transposed() * w).sum()
    }
    let plain = gradient(at: x) { x in
      let u = svd(x).u
      return -(u • u.transposed() * w).sum()
    }
    #expect(abs(rest - plain).max().item() < 1e-13)
  }

  /// What has no gradient says so.
  @Test func mistakes() {
    func message(_ body: () -> Tensor) -> String {
      do {
        return "\(try checked(body))"
      } catch {
        return "\(error)"
      }
    }
    let eye = Tensor.eye(2, nil, .float64)
    let w = tensor([[1, 2], [3, 5]], .float64)
    let remedy = "symmetricMatrixFunction has the gradient of v • diag(f(values)) • vᵀ, equal values or not"
    func power(_ a: Tensor, _ f: (Tensor) -> Tensor) -> Tensor {
      let (values, v) = symmetricEigen(a)
      return ((v * f(values)) • v.transposed() * w).sum()
    }
    #expect(
      message { gradient(at: eye) { power($0) { log($0) } } }
        == "symmetricEigen: the [2, 2] matrix: eigenvalues 0 and 1 are equal (1.0), where their vectors have no gradient; \(remedy)")
    #expect(message { gradient(at: eye * 0) { power($0) { $0 } } }.contains("are equal (0.0)"))
    // One element beside the diagonal, of a batch.
    let batch = stack([tensor([[2, 1], [1, 3]], .float64), eye])
    #expect(
      message {
        gradient(at: batch) { a in
          let (values, v) = symmetricEigen(a)
          return ((v * values.unsqueezed(axis: -2)) • v.transposed())[0..., 0, 1].sum()
        }
      }.contains("symmetricEigen: matrix 1 of [2, 2, 2]: eigenvalues 0 and 1 are equal"))
    #expect(
      message { gradient(at: eye) { (symmetricEigen($0).vectors * w).sum() } }
        == "symmetricEigen: the [2, 2] matrix: eigenvalues 0 and 1 are equal (1.0), and the function depends on which vectors are taken for them, so that it has no gradient"
    )
    let close = tensor([[1, 0], [0, 1 + 1e-12]], .float64)
    #expect(
      message { gradient(at: close) { power($0) { sqrt($0) } } }.contains(
        "eigenvalues 0 and 1 (1.0 and 1.000000000001) are too close for their vectors' gradient in float64; \(remedy)"))
    // Second order, through values alone.
    #expect(
      message { gradient(at: eye) { x in (gradient(at: x) { exp(symmetricEigenvalues($0)).sum() } * w).sum() } }.contains("are equal (1.0)")
    )
    // Defective.
    #expect(
      message { gradient(at: tensor([[1, 1], [0, 1]], .float64)) { eigenvalues($0).squared.sum() } }
        == "eigen: the [2, 2] matrix has vectors that are nearly dependent, and its eigenvalues no gradient")
    #expect(
      message {
        gradient(at: eye) { x in
          let (values, v) = eigen(x)
          return ((v * values) • inverse(v) * w).sum()
        }
      }.contains("eigen: the [2, 2] matrix: eigenvalues 0 and 1 are equal (1.0), where their vectors have no gradient"))
    #expect(
      message {
        gradient(at: eye * 0) { x in
          let (u, s, vt) = svd(x)
          return ((u * s) • vt * w).sum()
        }
      }.hasPrefix("svd: the [2, 2] matrix: singular value"))
    #expect(
      message { gradient(at: tensor([[1, 1], [1, 1]], .float64)) { (polarDecomposition($0).u * w).sum() } }
        == "polarDecomposition: the [2, 2] matrix is singular: its polar factors have no gradient")
  }
}
