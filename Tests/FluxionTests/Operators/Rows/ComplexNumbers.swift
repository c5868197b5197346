import ComplexModule
import Tensors

extension OperatorTable {
  /// Complex numbers, made of two real operands and seen as pairs again: so their gradients are checked as those of other operators, to second order.
  static let complexNumbers = list { rows in
    rows.add(
      pairs("complex", "complex(_: Tensor, _: Tensor)", "struct ComplexOf", "struct ViewAsReal", "Tensor.viewAsReal()") {
        $0
      } reference: {
        $0
      })
    rows.add(
      parts("real and imag", "Tensor.real", "Tensor.imag", "struct ComplexPart") {
        $0.real * 2 + $0.imag
      } reference: {
        2 * $0.real + $0.imaginary
      })
    rows.add(
      parts("conjugate", "Tensor.conjugate()", "struct Conjugate") {
        let z = $0.conjugate()
        return z.real + z.imag
      } reference: {
        $0.real - $0.imaginary
      })
    rows.add(
      parts("angle", "Tensor.angle") {
        $0.angle
      } reference: {
        $0.phase
      })
    rows.add(
      OperatorRow.general("adjoint", ["Tensor.adjoint()"], cases: [[[2, 3], [2, 3]], [[2, 1, 4], [2, 1, 4]], [[0, 2], [0, 2]]]) {
        let z = complex($0[0], $0[1]).adjoint()
        return z.real * 2 + z.imag
      } reference: { x in
        var axes = Array(x[0].shape.indices)
        axes.swapAt(axes.count - 2, axes.count - 1)
        let sum = Grid.zip(x[0], x[1]) { 2 * $0 - $1 }
        let shape = axes.map { sum.shape[$0] }
        return Grid(shape) { position in
          var source = position
          source.swapAt(position.count - 2, position.count - 1)
          return sum[source]
        }
      }.with { $0.resultDType = widened })
    rows.add(
      OperatorRow.general("viewAsComplex", ["Tensor.viewAsComplex()", "struct ViewAsComplex"], cases: [[[3, 2]], [[2]], [[0, 2]]]) {
        let z = $0[0].viewAsComplex()
        return z.real * 2 + z.imag
      } reference: { x in
        Grid(x[0].shape.dropLast()) { 2 * x[0][$0 + [0]] + x[0][$0 + [1]] }
      }.with { $0.resultDType = widened })
    rows.add(
      OperatorRow.general("polar", ["polar(_: Tensor, _: Tensor)"], cases: cases) {
        polar($0[0], $0[1]).viewAsReal()
      } reference: { x in
        interleaved(x) { Complex(length: 1, phase: $1) * Complex($0) }
      }.with {
        $0.resultDType = widened
        $0.isComposite = true
      })
    functions(&rows)
  }

  private static func functions(_ rows: inout [OperatorRow]) {
    rows.add(
      pairs("complex product") {
        $0 * $0 * 2 + $0
      } reference: {
        $0 * $0 * Complex(2) + $0
      })
    rows.add(
      pairs("complex quotient") {
        $0 / ($0 + 4)
      } reference: {
        $0 / ($0 + Complex(4))
      })
    rows.add(
      pairs("complex exp") {
        exp($0)
      } reference: {
        .exp($0)
      })
    rows.add(
      pairs("complex sin") {
        sin($0)
      } reference: {
        .sin($0)
      })
    rows.add(
      pairs("complex cosh") {
        cosh($0)
      } reference: {
        .cosh($0)
      })
    rows.add(
      pairs("complex tanh") {
        tanh($0 * 0.5)
      } reference: {
        .tanh($0 / Complex(2))
      })
    // Away from the cuts along the negative real axis.
    rows.add(
      pairs("complex log") {
        log($0 + 6)
      } reference: {
        .log($0 + Complex(6))
      })
    rows.add(
      pairs("complex sqrt") {
        sqrt($0 + 6)
      } reference: {
        .sqrt($0 + Complex(6))
      })
    rows.add(
      pairs("complex pow") {
        pow($0 + 6, 1.5)
      } reference: {
        .pow($0 + Complex(6), Complex(1.5))
      })
    rows.add(
      parts("complex abs") {
        abs($0)
      } reference: {
        $0.length
      })
  }

  private static let cases: [[[Int]]] = [[[2, 3], [2, 3]], [[2, 3], [3]], [[], []], [[0, 2], [0, 2]], [[1500], [1500]]]

  /// Of 16-bit floats complex numbers are of float32.
  @Sendable private static func widened(_ dtype: DType) -> DType { dtype == .float64 ? .float64 : .float32 }

  private static func interleaved(_ x: [Grid], _ f: (Double, Double) -> Complex<Double>) -> Grid {
    let re = Grid.zip(x[0], x[1]) { f($0, $1).real }
    let im = Grid.zip(x[0], x[1]) { f($0, $1).imaginary }
    return Grid(re.shape + [2], Swift.zip(re.values, im.values).flatMap { [$0, $1] })
  }

  /// A function with complex results.
  private static func pairs(
    _ name: String, _ covers: String..., apply: @escaping @Sendable (Tensor) -> Tensor,
    reference: @escaping @Sendable (Complex<Double>) -> Complex<Double>
  ) -> OperatorRow {
    OperatorRow.general(name, covers, cases: cases) {
      apply(complex($0[0], $0[1])).viewAsReal()
    } reference: { x in
      interleaved(x) { reference(Complex($0, $1)) }
    }.with { $0.resultDType = widened }
  }

  /// A function with real results.
  private static func parts(
    _ name: String, _ covers: String..., apply: @escaping @Sendable (Tensor) -> Tensor,
    reference: @escaping @Sendable (Complex<Double>) -> Double
  ) -> OperatorRow {
    OperatorRow.general(name, covers, cases: cases) {
      apply(complex($0[0], $0[1]))
    } reference: { x in
      Grid.zip(x[0], x[1]) { reference(Complex($0, $1)) }
    }.with { $0.resultDType = widened }
  }
}
