import CKernels

/// What lies beyond an image's edge, for ``gridSample(_:at:method:padding:alignsCorners:)``.
public enum SamplePadding: Sendable, Hashable, CaseIterable {
  /// Zeros.
  case zeros
  /// The nearest element of the edge.
  case border
  /// The image again, reflected at its edge.
  case reflection
}

/// An image's values at any places: x [batch, channels, height, width] and a grid [batch, rows, columns, 2] of places (x, y) give [batch, channels, rows, columns].
///
/// Volumes [batch, channels, depth, height, width] take a grid [batch, …, 3] of places (x, y, z). Along each axis −1 and 1 are the edges of the image: the outer
/// edges of its first and last elements, or their middles if `alignsCorners`. The methods are `.linear` (over all axes), `.nearest` (the even one of two equally near) and, for
/// images, `.cubic`. A place that is not a number gives 0.
///
///     gridSample(images, at: grid, method: .linear, padding: .border)
///
/// Derivative: in x, dy times the weights at the elements it came from; in the grid, dy times the slope of the image, 0 for `.nearest` and where `padding` holds a place at
/// the edge. PyTorch: `grid_sample`.
public func gridSample(
  _ x: Tensor, at grid: Tensor, method: Interpolation = .linear, padding: SamplePadding = .zeros, alignsCorners: Bool = false
) -> Tensor {
  if Context.current.hasFailed { return .placeholder }
  if let wide = widened(x, grid) {
    return gridSample(wide[0]!, at: wide[1]!, method: method, padding: padding, alignsCorners: alignsCorners).cast(to: x.dtype)
  }
  let name = "gridSample"
  let axes: Int? = attempt { () throws(TensorError) in
    let axes = x.rank - 2
    if axes != 2 && axes != 3 {
      throw TensorError(name, "\(x.shape); [batch, channels, height, width] or [batch, channels, depth, height, width] would fit")
    }
    if grid.rank != x.rank || grid.shape[0] != x.shape[0] || grid.shape[-1] != axes {
      let rest = axes == 2 ? "rows, columns" : "layers, rows, columns"
      throw TensorError(name, "a grid of shape \(grid.shape) for \(x.shape); [\(x.shape[0]), \(rest), \(axes)] would fit")
    }
    if x.dtype != grid.dtype {
      var error = mixedDTypes(x.dtype, grid.dtype)
      error.operation = name
      throw error
    }
    if !x.dtype.isFloatingPoint {
      throw TensorError(name, "not defined for \(x.dtype), only for floating-point dtypes; convert with .cast(to:)")
    }
    if x.shape[2...].contains(0) { throw TensorError(name, "\(x.shape) has an axis without elements; 1 or more would fit") }
    return axes
  }
  guard let axes else { return .placeholder }
  let points = Shape(grid.shape[1..<axes + 1])
  // For each axis of the image, the last of which is the grid's first number: the elements beside each place.
  let neighbors = (0..<axes).map { axis in
    let at = grid[.ellipsis, axes - 1 - axis].reshaped([grid.shape[0], points.elementCount])
    return Neighbors(at, size: x.shape[axis + 2], method, padding, alignsCorners)
  }
  var weights: [Tensor] = []
  var places: [Tensor] = []
  var choices = [[Int]()]
  for neighbor in neighbors { choices = choices.flatMap { choice in neighbor.list.indices.map { choice + [$0] } } }
  for choice in choices {
    let taps = zip(neighbors, choice).map { $0.list[$1] }
    let isInside = taps.dropFirst().reduce(taps[0].isInside) { $0 .& $1.isInside }
    var place = taps[0].place
    for (axis, tap) in taps.enumerated().dropFirst() { place = place * x.shape[axis + 2] + tap.place }
    places.append(select(isInside, place, -1))
    let factors = zip(neighbors, choice).compactMap { $0.weights.isEmpty ? nil : $0.weights[$1] }
    if let first = factors.first { weights.append(factors.dropFirst().reduce(first) { $0 * $1 }) }
  }
  let planes = x.reshaped(Shape(Array(x.shape.prefix(2)) + [x.shape[2...].reduce(1, *)]))
  let seen = stack(places, axis: 1)
  let y =
    method == .cubic
    ? CubicSample(places: seen)([planes] + neighbors.map(\.fraction)) : Sample(places: seen)(Pair(planes, stack(weights, axis: 1)))
  return y.reshaped(Shape(Array(x.shape.prefix(2)) + Array(points)))
}

/// The elements along one axis that a place lies beside: their positions and whether they are there.
private struct Neighbors {
  private(set) var list: [(place: Tensor, isInside: Tensor)] = []
  /// Their weights, which carry the gradient; none for a cubic, whose weights follow from `fraction`.
  private(set) var weights: [Tensor] = []
  /// How far behind the element before it a place lies.
  private(set) var fraction: Tensor

  /// - Parameter grid: Places from −1 to 1.
  init(_ grid: Tensor, size: Int, _ method: Interpolation, _ padding: SamplePadding, _ alignsCorners: Bool) {
    let n = Double(size)
    let at = alignsCorners ? (grid + 1) * ((n - 1) / 2) : ((grid + 1) * n - 1) / 2
    let edge = Edge(size, padding, alignsCorners)
    func floored(_ x: Tensor) -> Tensor { mapped("gridSample", Kernel.floor, x.detached) }
    func rounded(_ x: Tensor) -> Tensor { mapped("gridSample", Kernel.round, x.detached) }
    // The cubic's neighbours are held for themselves, other places before they are looked at.
    let place = method == .cubic ? at : edge.held(at)
    let first = method == .nearest || method == .nearestExact ? rounded(place) : floored(place)
    fraction = place - first
    func add(_ place: Tensor) {
      let isInside = (place .>= 0.0) .& (place .<= n - 1)
      list.append((select(isInside, place, 0.0).cast(to: .int64), isInside))
    }
    switch method {
    case .nearest, .nearestExact:
      add(first)
      weights = [.ones(first.shape, first.dtype)]
    case .linear:
      add(first)
      add(first + 1)
      weights = [1 - fraction, fraction]
    case .cubic: for i in -1...2 { add(rounded(edge.held(first + Double(i)))) }
    }
  }
}

/// Where a place beyond an axis's edge counts, with its slope: 1, −1 where reflected, 0 at the edge.
private struct Edge {
  private let program: Program?
  private let scalars: SIMD4<Double>

  init(_ size: Int, _ padding: SamplePadding, _ alignsCorners: Bool) {
    // Reflected at the middles of the first and last elements, or at their outer edges.
    let (low, span) = alignsCorners ? (0, Double(size - 1)) : (-0.5, Double(size))
    program = padding == .zeros ? nil : padding == .border || span == 0 ? Kernel.border : Kernel.reflection
    scalars = SIMD4(Double(size - 1), low, span, 0)
  }

  func held(_ x: Tensor) -> Tensor { program.map { mapped("gridSample", $0, x, scalars) } ?? x }
}

private enum Kernel {
  static let floor = Program.unary { Symbol.unary(FX_FLOOR, $0) }
  static let round = Program.unary { Symbol.unary(FX_ROUND, $0) }

  private static let (x, last, low, span) = (Symbol(.input(0)), Symbol(.scalar(0)), Symbol(.scalar(1)), Symbol(.scalar(2)))

  private static func clipped(_ x: Symbol) -> Symbol { select(x .<= 0, 0, select(x .>= last, last, x)) }
  static let border = Program(clipped(x).node, inputCount: 1)
  static let reflection: Program = {
    let distance = select(x .< low, low - x, x - low)
    let flips = Symbol.unary(FX_FLOOR, distance / span)
    let rest = distance - flips * span
    let isOdd = flips - 2 * Symbol.unary(FX_FLOOR, flips / 2)
    return Program(clipped(low + select(isOdd .> 0, span - rest, rest)).node, inputCount: 1)
  }()
}
