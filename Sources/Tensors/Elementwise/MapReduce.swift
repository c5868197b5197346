import CKernels

/// A program that ends in a reduction over axes: its value goes from the first-level cache into the sum and is never stored.
struct MapReduce<X: Operands>: Primitive {
  typealias Inputs = X

  let map: Map<X>
  let kind: MapReduction
  let axes: [Int]
  let keepDims: Bool

  var name: String { map.name }
  var keeps: Keeps { kind.isExtreme ? .both : .inputs }

  func result(_ x: X) throws(TensorError) -> Signature {
    let value = try map.result(x)
    if kind == .mean && !value.dtype.isFloatingPoint {
      throw mistake("not defined for \(value.dtype), only for float32, float64; convert with .cast(to:)")
    }
    do throws(TensorError) {
      return try Reduce(kind: kind.reduction, axes: axes, keepDims: keepDims).result(Tensor(hollow: value.shape, value.dtype))
    } catch {
      throw mistake(error.message)
    }
  }

  /// dx = f′(x)·dy, again a program, with dy broadcast over the axes; f(x) is computed again where f′ asks for it.
  ///
  /// Among equal extremes dy is shared evenly, as ``Tensor/max(axes:keepDims:)`` does.
  func gradient(_ x: X, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let shape = x.shape(0)
    var kept = shape
    for axis in axes.isEmpty ? Array(0..<shape.rank) : axes { kept[axis] = 1 }
    func spread(_ t: Tensor) -> Tensor { t.reshaped(kept).expanded(shape) }
    let operands = (0..<x.count).map { x.operand($0) }
    let program = map.program
    var seed = dy
    switch kind {
    case .sum, .product: break
    case .mean: seed = dy * (Double(y.elementCount) / Double(shape.elementCount))
    case .maximum, .minimum:
      let ties = Map<[Tensor]>(program: program.ties, scalars: map.scalars, label: map.label)
      seed = dy / MapReduce<[Tensor]>(map: ties, kind: .sum, axes: axes, keepDims: keepDims)(operands + [spread(y)])
    }
    if !kind.isExtreme { return map.slopes(x, nil, spread(seed), needs) }
    let spreadSeed = spread(seed)
    return (0..<x.count).map { i in
      guard needs[i], let derivative = program.derivativeUnderExtreme(i) else { return nil }
      return derivative.program.applied(
        derivative.uses.map { $0 < x.count ? operands[$0] : $0 == x.count ? spread(y) : spreadSeed }, map.scalars, map.label)
    }
  }
}

/// What a program may end in.
enum MapReduction: Sendable {
  case sum, mean, product, maximum, minimum

  var isExtreme: Bool { self == .maximum || self == .minimum }
  /// How the blocks' values are joined; a mean is divided at the end.
  var reduction: Reduce.Kind {
    switch self {
    case .sum, .mean: .sum
    case .product: .product
    case .maximum: .maximum
    case .minimum: .minimum
    }
  }
  var label: StaticString {
    switch self {
    case .sum: "Elementwise.sum"
    case .mean: "Elementwise.mean"
    case .product: "Elementwise.prod"
    case .maximum: "Elementwise.max"
    case .minimum: "Elementwise.min"
    }
  }
}

extension Program {
  /// The program on any number of operands of one shape; a result that is going to be summed waits for that.
  func applied(_ x: [Tensor], _ scalars: SIMD4<Double>, _ label: StaticString, isSummed: Bool = false) -> Tensor {
    func map<X: Operands>(_ x: X) -> Tensor {
      let map = Map<X>(program: self, scalars: scalars, label: label)
      return isSummed ? map.later(x) : map(x)
    }
    return switch x.count {
    case 1: isCopy ? x[0] : map(x[0])
    case 2: map(Pair(x[0], x[1]))
    case 3: map(Triple(x[0], x[1], x[2]))
    default: map(x)
    }
  }
}
