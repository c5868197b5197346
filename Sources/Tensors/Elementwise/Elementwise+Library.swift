// What the library's own kernels have beside a closure: numbers that a use brings, and derivatives that are told.

extension Elementwise {
  /// A function of two numbers and of two that are the same for all elements.
  package static func ofNumbers(_ f: (_ x: Symbol, _ y: Symbol, _ a: Symbol, _ b: Symbol) -> Symbol) -> Elementwise {
    let (x, y) = (Symbol(.input(0)), Symbol(.input(1)))
    return Elementwise(Program(f(x, y, Symbol(.scalar(0)), Symbol(.scalar(1))).node, inputCount: 2), inputCount: 2)
  }

  /// A function of two numbers whose slopes for the two are told: what stands for a derivative where that would not do.
  package static func withSlopes(_ f: (Symbol, Symbol) -> Symbol, _ slopes: (Symbol, Symbol) -> (Symbol, Symbol)) -> Elementwise {
    let (x, y) = (Symbol(.input(0)), Symbol(.input(1)))
    let (dx, dy) = slopes(x, y)
    return Elementwise(Program(f(x, y).node, inputCount: 2, slopes: [dx.node, dy.node]), inputCount: 2)
  }

  private init(_ program: Program, inputCount: Int) {
    self.program = program
    self.inputCount = inputCount
    (parameterNames, parameterValues) = ([], [])
  }

  /// The function for these numbers.
  package func with(_ a: Double, _ b: Double = 1) -> Elementwise {
    var kernel = Elementwise(program.folded(SIMD4(a, b, 0, 0)), inputCount: inputCount)
    kernel.numbers = SIMD4(a, b, 0, 0)
    return kernel
  }
}
