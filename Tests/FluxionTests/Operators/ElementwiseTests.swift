import Fluxion
import Foundation
import RealModule
import Testing

/// Closures as kernels, beyond their rows in the operator table: how they print, what they come to, what they are trained for.
@Suite struct ElementwiseTests {
  static let mish = Elementwise { x in x * tanh(log1p(exp(x))) }
  static let leaky = Elementwise(parameters: ["slope": 0.25]) { x, slope in select(x .> 0, x, slope * x) }

  // MARK: - Print

  @Test func theDescriptionIsTheFormula() {
    #expect(
      "\(Self.mish)" == """
        f(x) = x·tanh(log1p(exp(x)))
        ∂f/∂x = t + x·(1 − t²)·σ(x), t = tanh(softplus(x))
        an element of float32: f 3 operations, 8 bytes; ∂f/∂x 10 operations, 12 bytes
        """)
    #expect(
      "\(Self.leaky)" == """
        f(x, slope) = x > 0 ? x : slope·x
        ∂f/∂x = x > 0 ? 1 : slope
        ∂f/∂slope = x > 0 ? 0 : x
        an element of float32: f 3 operations, 8 bytes; ∂f/∂x 3 operations, 12 bytes; ∂f/∂slope 3 operations, 12 bytes
        """)
    #expect(
      "\(Elementwise { x in 0.5 / sqrt(x) * (1 - (x .> 2 .| (x .< 1 .& x .!= 0))) })" == """
        f(x) = 0.5/√x·(1 − [x > 2 ∨ (x < 1 ∧ x ≠ 0)])
        ∂f/∂x = −(1 − [x > 2 ∨ (x < 1 ∧ x ≠ 0)])·0.5/√x/√x·0.5/√x
        an element of float32: f 9 operations, 8 bytes; ∂f/∂x 14 operations, 12 bytes
        """)
    #expect(
      "\(Elementwise { x, y in log(exp(x) + exp(y)) })" == """
        f(x, y) = log(exp(x) + exp(y))
        ∂f/∂x = σ([x = y]·[|x| = ∞] ? 0 : x − y)
        ∂f/∂y = σ([x = y]·[|x| = ∞] ? 0 : −(x − y))
        an element of float32: f 1 operation, 12 bytes; ∂f/∂x 8 operations, 16 bytes; ∂f/∂y 9 operations, 16 bytes
        """)
    #expect(
      "\(Elementwise { x, y in select(abs(x) .< 1 .& y .>= 0, pow(x - 1, 2) / (2 * y), -floor(y) - 0.5) })" == """
        f(x, y) = |x| < 1 ∧ y ≥ 0 ? (x − 1)²/(2·y) : −⌊y⌋ − 0.5
        ∂f/∂x = |x| < 1 ∧ y ≥ 0 ? 2/(2·y)·(x − 1) : 0
        ∂f/∂y = |x| < 1 ∧ y ≥ 0 ? −(x − 1)²/(2·y)/(2·y)·2 : 0
        an element of float32: f 12 operations, 12 bytes; ∂f/∂x 10 operations, 16 bytes; ∂f/∂y 13 operations, 16 bytes
        """)
  }

  @Test func modelsPrintTheClosure() {
    #expect(Self.mish.code == "Elementwise { x in x * tanh(log1p(exp(x))) }")
    let chain = Chain {
      Dense(4, 4)
      Self.mish
      Self.leaky
    }
    #expect(
      "\(chain)" == """
        Chain {
          Dense(4, 4)
          Elementwise { x in x * tanh(log1p(exp(x))) }
          Elementwise(parameters: ["slope": float32 []]) { x, slope in select(x .> 0, x, slope * x) }
        }
        """)
    #expect(Elementwise { _, y in -y - (1 - y) }.code == "Elementwise { _, y in -y - (1 - y) }")
    #expect(Elementwise { _ in 3 }.code == "Elementwise { _ in 3 }")
    #expect(Elementwise { x in x * -2.5 / (x - 1) % 3 }.code == "Elementwise { x in x * -2.5 / (x - 1) % 3 }")
    #expect(
      Elementwise { x in exp(sin(x)) * exp(sin(x)) + x }.code == """
        Elementwise { x in
          let t = exp(sin(x))
          return t * t + x
        }
        """)
    // As long as the program, not as the formula would be with all that is repeated.
    let many = Elementwise { x in (0..<40).reduce(x) { y, _ in sin(y) + exp(y) * y } }
    #expect(many.code.utf8.count < 4000)
  }

  // MARK: - Simplification

  @Test(
    arguments: [
      (Elementwise { x in -(-x) + 0 - 0 }, "x"), (Elementwise { x in x * 1 / 1 }, "x"), (Elementwise { x in pow(x, 1) }, "x"),
      (Elementwise { x in pow(x, 2) }, "x * x"), (Elementwise { x in x * x }, "x * x"), (Elementwise { x in pow(x, 0.5) }, "sqrt(x)"),
      (Elementwise { x in pow(x, 3) }, "x * (x * x)"), (Elementwise { x in pow(x, -0.5) }, "rsqrt(x)"),
      (Elementwise { x in pow(x, 0) }, "1"), (Elementwise { x in x + exp(0.0) * (2 + 3) }, "x + 5"), (Elementwise { x in x - -x }, "x + x"),
      (Elementwise { x in x + -exp(x) }, "x - exp(x)"), (Elementwise { x in -x * -x }, "x * x"), (Elementwise { x in abs(-x) }, "abs(x)"),
      (Elementwise { x in select(1, x, exp(x)) }, "x"), (Elementwise { x in select(x .> 0, x, x) }, "x"),
      (Elementwise { x in maximum(x, x) }, "x"),
      // NaN and infinity forbid these.
      (Elementwise { x in x - x }, "x - x"), (Elementwise { x in 0 * x }, "0 * x"), (Elementwise { x in log(exp(x)) }, "log(exp(x))"),
      (Elementwise { x in exp(log(x)) }, "exp(log(x))"), (Elementwise { x in x / x }, "x / x"),
    ] as [(Elementwise, String)])
  func whatChangesNothingIsLeftOut(_ kernel: Elementwise, _ formula: String) {
    #expect(kernel.code.hasSuffix(" in \(formula) }"))
  }

  @Test func commonPartsAreComputedOnce() {
    // exp(x·y) and exp(y·x) are one.
    let kernel = Elementwise { x, y in exp(x * y) + sin(exp(y * x)) }
    #expect("\(kernel)".contains("f 4 operations, 12 bytes"))
  }

  // MARK: - Gradients

  struct Closure: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var count = 1
    var kernel: Elementwise
    init(_ name: String, _ f: (Symbol) -> Symbol) { (testDescription, kernel) = (name, Elementwise(f)) }
    init(_ name: String, _ f: (Symbol, Symbol) -> Symbol) { (testDescription, count, kernel) = (name, 2, Elementwise { f($0, $1) }) }
    init(_ name: String, _ f: (Symbol, Symbol, Symbol) -> Symbol) {
      (testDescription, count, kernel) = (name, 3, Elementwise { f($0, $1, $2) })
    }
    init(_ name: String, _ f: (Symbol, Symbol, Symbol, Symbol) -> Symbol) {
      (testDescription, count, kernel) = (name, 4, Elementwise { f($0, $1, $2, $3) })
    }
    func callAsFunction(_ x: [Tensor]) -> Tensor {
      switch count {
      case 1: kernel(x[0])
      case 2: kernel(x[0], x[1])
      case 3: kernel(x[0], x[1], x[2])
      default: kernel(x[0], x[1], x[2], x[3])
      }
    }
  }

  /// Written for any numbers, with a loop that unrolls.
  private static func series<T: ElementaryFunctions>(_ x: T) -> T {
    var y = x
    for n in 2...4 { y += T.sin(T.root(T.pow(y, 2), n + 1)) }
    return y
  }

  static let closures: [Closure] = {
    var list: [Closure] = []
    func add(_ closure: Closure) { list.append(closure) }
    add(Closure("mish") { x in x * tanh(log1p(exp(x))) })
    add(Closure("swish with a slope") { x in x * sigmoid(1.7 * x) })
    add(Closure("gaussian") { x in exp(-(x * x)) })
    add(Closure("rational") { x in (1 + x + x * x) / (2 + x * x) })
    add(Closure("snake") { x in x + pow(sin(3 * x), 2) / 3 })
    add(Closure("erf and gelu") { x in gelu(x) + erf(x) * erfc(x / 2) })
    add(Closure("polynomial") { x in pow(x, 4) - 2 * pow(x, 3) + pow(x, 2) })
    add(Closure("hyperbolic") { x in asinh(x) * cosh(x) - atan(sinh(x)) })
    add(Closure("chosen") { x in select(x .> 0, x * x, exp(x) - 1) })
    add(Closure("nested choice") { x in select(x .< -1, -1, select(x .> 1, 1, x * (1.5 - 0.5 * x * x))) })
    add(Closure("masks") { x in select(x .> -1 .& x .< 1 .| x .> 1.5, sin(x), cos(x)) })
    add(Closure("huber") { x in select(abs(x) .<= 0.7, 0.5 * x * x, 0.7 * (abs(x) - 0.35)) })
    add(Closure("bounds") { x in x.clamped(min: -0.8, max: 0.9) * maximum(x, 0.1) - minimum(x, -0.3) })
    add(Closure("sawtooth") { x in (x - floor(x)) * (x % 0.6) + round(x) * x + ceil(x) * trunc(x) * x })
    add(Closure("generic loop") { x in series(x) })
    add(Closure("second alone") { _, y in exp2(y) })
    add(Closure("polar") { x, y in hypot(x, y) * atan2(y, x) })
    add(Closure("log-sum") { x, y in log(exp(x) + exp(y)) + maximum(x, y) })
    add(Closure("power") { x, y in pow(1 + x * x, y) })
    add(Closure("Morse potential") { r, d, a in d * pow(1 - exp(-(a * (r - 1))), 2) })
    add(Closure("gate") { i, f, g, c in sigmoid(f) * c + sigmoid(i) * tanh(g) })
    add(Closure("logarithms") { x, y, z, w in log(1 + x * x) * log2(2 + y * y) + log10(3 + z * z) / sqrt(1 + w * w) })
    return list
  }()

  @Test(arguments: closures) func gradientsAgreeWithDifferences(_ closure: Closure) throws {
    #expect(Self.closures.count >= 20)
    let shapes: [Shape] = [[3, 7], [7], [3, 1], []]
    let x = withSeed(11) { (0..<closure.count).map { Tensor.uniform(shapes[$0], in: -2..<2, .float64) } }
    try checkGradient(of: { closure($0) }, at: x)
    // And the gradient's own.
    try checkGradient(
      of: { x in
        let slopes = gradient(at: x) { sin(closure($0)).sum() }
        return slopes.dropFirst().reduce(slopes[0]) { $0 + $1 }
      }, at: x, step: 1e-5, tolerance: 1e-5)
  }

  /// The convention: a choice has the derivative of what it chose, |x| has 0 at 0, and of two equal numbers each has half of the larger's.
  @Test func kinks() {
    func slope(_ f: (Symbol) -> Symbol, at x: Double) -> Double {
      let kernel = Elementwise(f)
      return gradient(at: Tensor([x])) { kernel($0).sum() }.item()
    }
    #expect(slope({ relu($0) }, at: 0) == 0)
    #expect(slope({ select($0 .>= 0, $0, 0) }, at: 0) == 1)
    #expect(slope({ leakyRelu($0, slope: 0.1) }, at: 0) == 0.1)
    #expect(slope({ abs($0) }, at: 0) == 0)
    #expect(slope({ maximum($0, 0) }, at: 0) == 0.5)
    #expect(slope({ minimum($0, 1) }, at: 1) == 0.5)
    #expect(slope({ $0.clamped(min: -1, max: 1) }, at: 1) == 1)
    #expect(slope({ floor($0) }, at: 1) == 0)
    #expect(slope({ hardTanh($0) }, at: 1) == 0)
  }

  @Test func thirdDerivatives() {
    let x = Tensor([-1.5, -0.25, 0.5, 2.0], .float64)
    func third(_ f: (Tensor) -> Tensor) -> Tensor {
      gradient(at: x) { x in gradient(at: x) { x in gradient(at: x) { x in f(x).sum() }.sum() }.sum() }
    }
    let cube = Elementwise { x in x * x * x * x * x }
    #expect(distance(third { cube($0) }, 60 * x * x) < 1e-12)
    let wave = Elementwise { x in sin(2 * x) }
    #expect(distance(third { wave($0) }, -8 * cos(2 * x)) < 1e-12)
    let t = tanh(x)
    let steep = Elementwise { x in tanh(x) }
    #expect(distance(third { steep($0) }, (1 - t * t) * (6 * t * t - 2)) < 1e-12)
    // Of one input, through what the other one multiplies.
    let mixed = Elementwise { x, y in exp(x * y) }
    let y = Tensor([0.5], .float64)
    #expect(distance(third { mixed($0, y) }, 0.125 * exp(0.5 * x)) < 1e-12)
  }

  // MARK: - Parameters

  @Test(arguments: [DType.float32, .float64]) func geluStaysNearTheTruth(_ dtype: DType) {
    let x = Tensor((-2048...2048).map { Double($0) / 256 })
    let computed = gelu(x.cast(to: dtype)).cast(to: .float64).scalars(Double.self)
    // Φ's own error, and a rounding of the product.
    let (ofΦ, rounding) = dtype == .float32 ? (2.8 * 0x1p-24, 0x1p-24) : (0x1p-51, 0x1p-52)
    for (x, y) in zip(x.scalars(Double.self), computed) {
      let truth = x * 0.5 * .erfc(-x / 2.0.squareRoot())
      #expect(abs(y - truth) <= abs(x) * ofΦ + abs(truth) * rounding, "gelu(\(x))")
      #expect(y.sign == x.sign || y == 0)
    }
  }

  /// Functions of our own beside float64's or the C library's, in units of the last place.
  @Test func functionsStayNearTheTruth() {
    func units(_ y: [Float], _ truth: [Double]) -> Double {
      zip(y, truth).map { y, truth in Swift.abs(Double(y) - truth) / Double(Float(truth).ulp) }.max()!
    }
    let x = withSeed(3) { Tensor.uniform([1 << 14], in: -1..<1) }
    let wide = x.cast(to: .float64)
    #expect(units(erfInverse(x).scalars(Float.self), erfInverse(wide).scalars(Double.self)) < 2.5)
    let near = 1 - exp(-16 * abs(x))
    #expect(units(erfInverse(near).scalars(Float.self), erfInverse(near.cast(to: .float64)).scalars(Double.self)) < 2.5)
    let positive = exp(40 * x)
    #expect(units(log2(positive).scalars(Float.self), positive.scalars(Float.self).map { Double.log2(Double($0)) }) < 1.5)
    let ones = 1 + 0.5 * x
    #expect(units(log2(ones).scalars(Float.self), ones.scalars(Float.self).map { Double.log2(Double($0)) }) < 1.5)
    #expect(
      log2(Tensor((-149...127).map { Float(sign: .plus, exponent: $0, significand: 1) })).scalars(Float.self)
        == (-149...127).map(Float.init))

    let powers = pow(exp(300 * wide), withSeed(4) { Tensor.uniform([1 << 14], in: -2..<2, .float64) })
    let bases = exp(300 * wide).scalars(Double.self)
    let exponents = withSeed(4) { Tensor.uniform([1 << 14], in: -2..<2, .float64) }.scalars(Double.self)
    for (i, y) in powers.scalars(Double.self).enumerated() {
      let truth = pow(bases[i], exponents[i])
      #expect(Swift.abs(y - truth) <= 2 * truth.ulp, "pow(\(bases[i]), \(exponents[i]))")
    }
    let odd: [Double] = [
      0, -0.0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, 1e300, 0x1p53, 0x1p53 - 1, 0x1p52 + 0.5,
    ]
    for a in odd {
      for (y, b) in zip(pow(Tensor.full([odd.count], a, .float64), Tensor(odd)).scalars(Double.self), odd) {
        let truth = pow(a, b)
        #expect(y.isNaN && truth.isNaN || y.sign == truth.sign && Swift.abs(y - truth) <= truth.ulp || y == truth, "pow(\(a), \(b)) = \(y)")
      }
    }
  }

  /// What programs are shortened to is what they say.
  @Test func shortWaysAreTheLongOnes() {
    let x = withSeed(5) { Tensor.uniform([4096], in: -5..<5, .float64) }
    let cube = x * x
    #expect(Elementwise { x in x * (x * x) }(x).isClose(to: cube * x, relative: 1e-15))
    #expect(Elementwise { x in x * sigmoid(x) }(x).isClose(to: sigmoid(x) * x, relative: 1e-15))
    #expect(Elementwise { x in expm1(x) + 1 }(x).isClose(to: exp(x), relative: 1e-15))
    let negative = select(x .<= 0, x, 0)
    #expect(elu(x, alpha: 0.7).isClose(to: select(x .<= 0, 0.7 * expm1(negative), x), relative: 1e-15))
    #expect(Elementwise { x in elu(x) }(x).isClose(to: elu(x), relative: 0))
    #expect(elu(x).isClose(to: select(x .<= 0, expm1(negative), x), relative: 1e-15))
    #expect(hardSwish(x).isClose(to: x * relu6(x + 3) / 6, relative: 1e-14))
    #expect(x.clamped(min: -1, max: 2).isClose(to: minimum(maximum(x, -1), 2), relative: 0))
  }

  /// The remainder by way of float64, and beyond it, is the processor's.
  @Test func remaindersOfIntegers() {
    let numbers = [0, 1, -1, 2, -2, 7, -7, 99, 1 << 50 - 1, 1 << 50, -1 << 50, 1 << 62, .max, .min, .min + 1]
    for b in numbers {
      let expected = numbers.map { a in b == 0 || b == -1 ? 0 : a % b == 0 || (a % b < 0) == (b < 0) ? a % b : a % b + b }
      #expect((Tensor(numbers) % Tensor(numbers.map { _ in b })).scalars(Int.self) == expected)
      let small = numbers.map { Int(Int32(truncatingIfNeeded: $0)) }
      let c = Int(Int32(truncatingIfNeeded: b))
      let fitting = small.map { a in c == 0 || c == -1 ? 0 : a % c == 0 || (a % c < 0) == (c < 0) ? a % c : a % c + c }
      #expect(
        (Tensor(small).cast(to: .int32) % Tensor(small.map { _ in c }).cast(to: .int32)).cast(to: .int64).scalars(Int.self) == fitting)
    }
  }

  @Test func aSlopeIsTrained() {
    var model = Chain {
      Dense(1, 1)
      Self.leaky
      Elementwise(parameters: ["shift": Tensor.zeros([1]), "gain": 1]) { x, shift, gain in gain * x + shift }
    }
    #expect(model.parameters.map(\.name).suffix(3) == ["layers.1.slope", "layers.2.shift", "layers.2.gain"])
    #expect(model.parameterCount == 5)
    let x = Tensor.linspace(from: -1, to: 1, count: 41, .float32).reshaped([41, 1])
    let target = Elementwise { x in select(x .> 0, x, 0.7 * x) + 0.5 }(x)
    model.updateParameters { name, value in
      if name == "layers.0.weight" { value = [[1]] }
      if name == "layers.0.bias" { value = [0] }
    }
    model.freeze("layers.0")
    model.freeze("layers.2.gain")
    var optimizer = Adam(learningRate: 0.02)
    for _ in 0..<500 {
      let slopes = gradient(at: &model) { model in (model(x) - target).squared.mean() }
      optimizer.update(&model, along: slopes)
    }
    #expect(abs(model[parameter: "layers.1.slope"]!.item() - 0.7) < 0.01)
    #expect(abs(model[parameter: "layers.2.shift"]!.item() - 0.5) < 0.01)
    #expect(model[parameter: "layers.2.gain"]!.item() == 1)
    // The layer that the model was made of is a value of its own.
    #expect(Self.leaky[parameter: "slope"]!.item() == 0.25)
  }

  @Test func parametersHaveOneGradientEach() throws {
    let x = withSeed(3) { Tensor.normal([2, 3, 4], .float64) }
    let (a, b) = withSeed(4) { (Tensor.normal([3, 1], .float64), Tensor.normal([], .float64)) }
    try checkGradient(
      of: { p in Elementwise(parameters: ["a": p[1], "b": p[2]]) { x, a, b in a * tanh(b * x) }(p[0]) }, at: [x, a, b])
    var kernel = Elementwise(parameters: ["a": a, "b": b]) { x, a, b in a * tanh(b * x) }
    let slopes = gradient(at: &kernel) { kernel in kernel(x).sum() }
    #expect(slopes.parameters.map(\.name) == ["a", "b"] && slopes[parameter: "a"]!.shape == [3, 1])
    #expect(try kernel.outputShape(for: [5, 3, 2], .float64) == [5, 3, 2])
  }

  @Test func reductionsTrainParametersToo() throws {
    let x = withSeed(5) { Tensor.normal([3, 4], .float64) }
    let (a, b) = withSeed(6) { (Tensor.normal([3, 1], .float64), Tensor.normal([4], .float64)) }
    func kernel(_ p: [Tensor]) -> Elementwise { Elementwise(parameters: ["a": p[1], "b": p[2]]) { x, a, b in tanh(a * x) * b } }
    #expect(distance(kernel([x, a, b]).sum(x), kernel([x, a, b])(x).sum()) < 1e-12)
    #expect(distance(kernel([x, a, b]).mean(x, axis: 0), kernel([x, a, b])(x).mean(axis: 0)) < 1e-12)
    try checkGradient(of: { kernel($0).sum($0[0], axis: 1) }, at: [x, a, b])
    try checkGradient(of: { kernel($0).max($0[0]) }, at: [x, a, b])
    try checkGradient(of: { kernel($0).prod($0[0], axis: 0) }, at: [x, a, b])
  }

  @Test func mistakesNameThePart() {
    let model = Chain {
      Dense(2, 3)
      Elementwise(parameters: ["scale": Tensor.ones([4])]) { x, scale in x * scale }
    }
    #expect { try model.outputShape(for: [5, 2]) } throws: {
      "\($0)"
        == "Elementwise: [5, 3] and [4] do not broadcast: axis -1 is 3 in one and 4 in the other, equal sizes or 1 would fit, "
        + "in layers.1 (Elementwise)"
    }
  }

  /// A closure may unroll a long loop; what is read, derived and let go of has no depth that a stack would feel.
  @Test func longLoopsUnroll() {
    let steps = 3000
    let kernel = Elementwise { x in (0..<steps).reduce(x) { y, _ in y + 0.001 * sin(y) } }
    let x = Tensor([0.5], .float64)
    let (y, slope) = valueAndGradient(at: x) { kernel($0).sum() }
    var (value, tangent) = (0.5, 1.0)
    for _ in 0..<steps { (value, tangent) = (value + 0.001 * Double.sin(value), tangent * (1 + 0.001 * Double.cos(value))) }
    #expect(abs(y.item() - value) < 1e-9 && abs(slope.item() - tangent) < 1e-9 * tangent)
  }

  // MARK: - Simply right

  @Test func constantsAndIgnoredInputs() {
    let constant = Elementwise { _ in 3 }
    let x = Tensor.zeros([2, 3], .float64)
    #expect(constant(x).shape == [2, 3] && constant(x).dtype == .float64 && constant(x).copyOfElements.allSatisfy { $0 == 3 })
    #expect(gradient(at: x) { constant($0).sum() }.copyOfElements == Array(repeating: 0, count: 6))
    let first = Elementwise { x, _ in x * x }
    let (dx, dy) = gradient(at: x + 2, Tensor.ones([4, 1, 1], .float64)) { x, y in first(x, y).sum() }
    #expect(dx.copyOfElements == Array(repeating: 16, count: 6))
    #expect(dy.shape == [4, 1, 1] && dy.copyOfElements.allSatisfy { $0 == 0 })
    // Constants do have values, so that generic code may look at them.
    #expect(Symbol(2) == Symbol(2) && Symbol(2) != Symbol(3))
  }
}
