import ComplexModule
import Fluxion
import Tensors
import Testing

/// What of complex numbers no row of the operator table tells.
@Suite struct ComplexTests {
  static let z = complex(Tensor([1, -2, 0.5] as [Double]), Tensor([2, 1, -3] as [Double]))

  @Test func elements() throws {
    let z: [Complex<Float>] = [Complex(1, 2), Complex(-0.5, -3)]
    let x = Tensor(z)
    #expect(x.dtype == .complex64 && x.isComplex && x.scalars(Complex<Float>.self) == z)
    #expect(x.description == "[ 1.0+2.0j, -0.5-3.0j] (complex64)")
    #expect(Tensor.full([2], Complex<Double>(0, 1), .complex128).scalars(Complex<Double>.self) == [.i, .i])
    #expect(Tensor.zeros([2], .complex128).scalars(Complex<Double>.self) == [.zero, .zero])
    #expect((x * Complex<Float>(0, 1)).scalars(Complex<Float>.self) == z.map { $0 * .i })
    #expect((x + 1).scalars(Complex<Float>.self) == z.map { $0 + 1 })
    #expect(Tensor([1.0, 2.0]).cast(to: .complex64).scalars(Complex<Float>.self) == [1, 2])
    #expect(Tensor.linspace(from: 0, to: 1, count: 3, .complex64).real.scalars(Float.self) == [0, 0.5, 1])
    #expect(DType.complex64.byteCount == 8 && DType.complex128.byteCount == 16 && DType.complex128.real == .float64)
  }

  @Test func partsAreViews() {
    var z = Self.z
    let re = z.real
    z = z * 2
    #expect(re.scalars(Double.self) == [1, -2, 0.5] && z.imag.scalars(Double.self) == [4, 2, -6])
    #expect(z.viewAsReal().viewAsComplex().scalars(Complex<Double>.self) == z.scalars(Complex<Double>.self))
    #expect(z.reversed().imag.scalars(Double.self) == [-6, 2, 4])
  }

  @Test func mistakes() {
    func message(_ body: () -> Tensor) -> String {
      do {
        _ = try checked { body() }
        return ""
      } catch {
        return "\(error)"
      }
    }
    let z = Self.z
    #expect(message { z.cast(to: .float64) }.contains("would drop the imaginary part; .real, .imag or abs(_:) would fit"))
    #expect(message { z .< z }.contains("complex numbers have no order"))
    #expect(message { z + Tensor([1, 2, 3] as [Double]) }.contains("complex128 and float64"))
    #expect(message { Tensor([1] as [Double]) * Complex<Double>(1, 2) }.contains("1.0+2.0i is not a value of float64"))
    #expect(message { floor(z) }.contains("not defined for complex128"))
    #expect(message { z.imag.imag }.contains("of float64; complex64 or complex128 would fit"))
    #expect(message { gradient(at: z) { $0.sum() } }.contains("a real number, such as its .real or abs(_:), would fit"))
    #expect(message { z.max() }.contains("no order"))
    #expect(message { z.softmax() }.contains("not defined for complex128"))
  }

  /// dL/da + i·dL/db.
  @Test func gradientsFollowPyTorch() {
    let slope = gradient(at: Self.z) { ($0 * $0.conjugate()).real.sum() }
    #expect(slope.isClose(to: Self.z * 2))
    let ofReal = gradient(at: Tensor([1, 2] as [Double])) { x in abs(x.cast(to: .complex128) * Complex<Double>(3, 4)).sum() }
    #expect(ofReal.isClose(to: Tensor([5, 5] as [Double])))
  }

  // MARK: Matrices

  static let a = complex(
    Tensor([[2, 0.3, -1], [0.5, 3, 0.2], [1, -0.4, 1.5]] as [[Double]]),
    Tensor([[0.1, 1, 0.3], [-0.6, 0.2, 0.9], [0.4, 0.8, -0.7]] as [[Double]]))

  @Test func decompositions() {
    let (a, one) = (Self.a, Tensor.eye(3, nil, .complex128))
    #expect((inverse(a) • a).isClose(to: one, absolute: 1e-12))
    #expect((a • solve(a, one)).isClose(to: one, absolute: 1e-12))
    let (q, r) = qr(a)
    #expect((q • r).isClose(to: a, absolute: 1e-12) && (q.adjoint() • q).isClose(to: one, absolute: 1e-12))
    let (u, s, vt) = svd(a)
    #expect(((u * s.cast(to: .complex128)) • vt).isClose(to: a, absolute: 1e-12))
    #expect(pseudoInverse(a).isClose(to: inverse(a), absolute: 1e-12))
    let hermitian = a • a.adjoint() + one
    let l = cholesky(hermitian)
    #expect((l • l.adjoint()).isClose(to: hermitian, absolute: 1e-12))
    let (values, vectors) = symmetricEigen(hermitian)
    #expect((hermitian • vectors).isClose(to: vectors * values.cast(to: .complex128), absolute: 1e-12))
    let (eigenvalues, right) = eigen(a)
    #expect((a • right).isClose(to: right * eigenvalues, absolute: 1e-12))
    #expect(determinant(a).isClose(to: eigenvalues.prod(), absolute: 1e-12))
    let (sign, logarithm) = logDeterminant(a)
    #expect((sign * exp(logarithm).cast(to: .complex128)).isClose(to: determinant(a), absolute: 1e-12))
    let (p, lower, upper) = lu(a)
    #expect((p • lower • upper).isClose(to: a, absolute: 1e-12))
    let e = matrixExponential(a)
    #expect((e • matrixExponential(-a)).isClose(to: one, absolute: 1e-11))
  }

  /// A singular matrix has cofactors.
  @Test func determinantOfSingularMatrix() {
    let a = complex(Tensor([[1, 2], [2, 4]] as [[Double]]), Tensor([[1, 2], [2, 4]] as [[Double]]))
    let slope = gradient(at: a) { determinant($0).real.sum() }
    // Of a₁₁·a₂₂ − a₁₂·a₂₁ the conjugate of the other factor.
    let expected = complex(Tensor([[4, -2], [-2, 1]] as [[Double]]), Tensor([[-4, 2], [2, -1]] as [[Double]]))
    #expect(slope.isClose(to: expected, absolute: 1e-12))
  }

  // MARK: Laws

  /// Rows of the operator table that take any float dtype.
  static let rows = OperatorTable.rows.filter { $0.dtypes.contains(.float32) && $0.dtypes.contains(.float64) }

  /// On numbers with an imaginary part of 0 every operator gives what it gives for real ones, or refuses with a sentence; none crashes.
  @Test(arguments: rows)
  func realNumbersAreComplexOnes(_ row: OperatorRow) {
    for shapes in row.cases where !OperatorRow.isLarge(shapes) {
      let real = row.operands(shapes, .float64).map { $0.tensor(.float64) }
      guard let expected = try? checked({ row.apply(real, .float64) }) else { continue }
      do {
        let y = try checked { row.apply(real.map { $0.cast(to: .complex128) }, .complex128) }
        // Of real numbers stft gives half of the frequencies, of complex ones all.
        if row.name.hasPrefix("stft") && y.shape != expected.shape { continue }
        #expect(y.shape == expected.shape, "\(shapes)")
        if y.shape != expected.shape || y.dtype.isInteger || y.dtype == .bool { continue }
        let part = y.real.cast(to: .float64)
        // Where there is no real number there may be a complex one.
        let same = select(expected.cast(to: .float64).isNaN, part, expected.cast(to: .float64))
        #expect(part.isClose(to: same, relative: 1e-8, absolute: 1e-8, equalNaN: true), "\(shapes): \(y) for \(expected)")
      } catch {
        #expect("\(error)".count > 20)
      }
    }
  }

  /// Σ Re conj(c)·f(z) changes along dz by Σ Re conj(gradient)·dz.
  @Test(arguments: rows.filter { !$0.slopedInputs.isEmpty && !choosesPhases.contains($0.name) })
  func gradientsAreDifferences(_ row: OperatorRow) throws {
    let shapes = row.cases[0]
    var stream = RandomStream(seed: 7)
    let z = row.operands(shapes, .float64).map { grid in
      let x = grid.tensor(.float64)
      return complex(x, .uniform(x.shape, in: 0.1..<0.3, .float64, using: &stream))
    }
    // Others than those that have gradients stay where they are.
    let directions = z.enumerated().map { i, z in
      let scale = row.slopedInputs.contains(i) ? 1.0 : 0
      return complex(.normal(z.shape, .float64, using: &stream), .normal(z.shape, .float64, using: &stream)) * scale
    }
    func loss(_ z: [Tensor]) -> Tensor {
      let y = row.apply(z, .complex128)
      let weights = cos(Tensor.arange(y.elementCount).cast(to: .float64)).reshaped(y.shape)
      return y.isComplex ? (y * complex(weights, weights * 0.5 + 0.2).conjugate()).real.sum() : (y * weights.cast(to: y.dtype)).sum()
    }
    // Operators that refuse complex numbers have no gradient for them.
    guard let value = try? checked({ loss(z) }), value.dtype == .float64, value.item().isFinite else { return }
    let slopes = try checked { gradient(at: z) { loss($0) } }
    let h = 1e-6
    func moved(_ by: Double) -> Double { loss(zip(z, directions).map { $0 + $1 * by }).item() }
    let difference = (moved(h) - moved(-h)) / (2 * h)
    let slope = zip(slopes, directions).reduce(0) { $0 + ($1.0.conjugate() * $1.1).real.sum().item() }
    #expect(abs(slope - difference) < 1e-4 * max(1, abs(difference)), "\(slope) where differences have \(difference)")
  }

  /// Rows of symmetric matrices, which complex numbers are to be Hermitian for, and of vectors of any phase, which not all functions have gradients of.
  static let choosesPhases: Set<String> = [
    "cholesky", "symmetricEigenvalues, upper true", "symmetricEigenvalues, upper false", "eigen",
  ]

  /// The same bits compiled.
  @Test func compiledIsEager() throws {
    let function = { @Sendable (z: Tensor) -> Tensor in
      let w = exp(z * 0.5) + z.conjugate() / (z + 3)
      return (w • w.adjoint() + w.real.cast(to: .complex128)).sum(axis: 0)
    }
    let compiled = compile(function)
    for _ in 0..<3 { #expect(compiled(Self.a).scalars(Complex<Double>.self) == function(Self.a).scalars(Complex<Double>.self)) }
  }
}
