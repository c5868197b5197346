import Fluxion

extension Table {
  static let complexNumbers = Family("Complex numbers") { rows in
    rows.add("complex", "complex(re, im)") { a in complex(try a.x, try a.tensor(1)) }
    rows.add("polar", "polar(abs, angle)") { a in polar(try a.x, try a.tensor(1)) }
    rows.add("real", "x.real") { a in try a.x.real }
    rows.add("imag", "x.imag") { a in try a.x.imag }
    rows.add("conj", "x.conjugate()") { a in try a.x.conjugate() }
    rows.add("angle", "x.angle") { a in try a.x.angle }
    rows.add("isreal", "x.imag .== 0", note: "of a real tensor it is true everywhere") { a in
      let x = try a.x
      return x.isComplex ? x.imag .== 0 : .full(x.shape, true, .bool)
    }
    rows.add("view_as_complex", "x.viewAsComplex()") { a in try a.x.viewAsComplex() }
    rows.add("view_as_real", "x.viewAsReal()") { a in try a.x.viewAsReal() }
    rows.add("nn.functional.silu.complex", "silu(x)") { a in silu(try a.x) }
    rows.add(
      "linalg.eig", "eigen(x)", note: "of a real x `eigen(x.cast(to: .complex64))`",
      results: { a in
        let (values, vectors) = eigen(try complexOperand(a))
        return [values, vectors]
      })
    rows.change {
      $0.isLoose = true
      // Vectors are unique up to their phase: x • v − v·λ and |v| are not.
      $0.compared = { a, results in
        let (values, vectors) = (results[0], results[1])
        let products = try complexOperand(a) • vectors
        return [values, products - vectors * values.unsqueezed(axis: -2), abs(vectors)]
      }
    }
    rows.add("linalg.eigvals", "eigenvalues(x)", note: "of a real x `eigenvalues(x.cast(to: .complex64))`") { a in
      eigenvalues(try complexOperand(a))
    }
    rows.change { $0.isLoose = true }
  }

  private static func complexOperand(_ a: Arguments) throws -> Tensor { try a.x.cast(to: a.x.dtype.complex) }
}
