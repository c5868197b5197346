import CKernels

/// Sums of the four neighbours along each axis by Keys' cubic convolution: x [batch, channels, elements] and for each axis how far a place lies behind its second
/// neighbour, [batch, points], give [batch, channels, points].
///
/// Over an even stretch of image the slopes of the weights cancel, and what is left is their rounding. It is PyTorch's to the bit: weights, slopes and the order of sums
/// are as there.
struct CubicSample: Primitive {
  /// The combinations of neighbours, 4 to the power of the axes, [batch, taps, points]; negative where there is none.
  let places: Tensor
  var name: String { "gridSample" }

  func result(_ x: [Tensor]) -> Signature { Signature(Shape(x[0].shape[0], x[0].shape[1], places.shape[2]), x[0].dtype) }
  func evaluate(_ x: [Tensor], _ result: Signature) throws(TensorError) -> Tensor {
    let weights = CubicWeight.products(x.dropFirst().map(\.detached), orders: x.dropFirst().map { _ in 0 })
    return try Sample(places: places).evaluate(Pair(x[0], weights), result)
  }
  func gradient(_ x: [Tensor], _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let fractions = Array(x.dropFirst())
    let none = fractions.map { _ in 0 }
    let dx = needs[0] ? SampleAdd(places: places, count: x[0].shape[2])(Pair(dy, CubicWeight.products(fractions, orders: none))) : nil
    let slopes = fractions.indices.map { axis -> Tensor? in
      guard needs[axis + 1] else { return nil }
      var orders = none
      orders[axis] = 1
      return CubicSlope(places: places, orders: orders)([x[0], dy] + fractions)
    }
    return [dx] + slopes
  }
}

/// Σ over channels of dy times the sample of x by derivatives of the weights: x, dy [batch, channels, points] and each axis's fractions give [batch, points].
struct CubicSlope: Primitive {
  let places: Tensor
  /// For each axis which derivative of its weights counts.
  let orders: [Int]
  var name: String { "gridSample" }

  func result(_ x: [Tensor]) -> Signature { Signature(x[2].shape, x[0].dtype) }
  func evaluate(_ x: [Tensor], _ result: Signature) throws(TensorError) -> Tensor {
    let (image, dy, places) = try (x[0].ordered, x[1].ordered, places.ordered)
    let factors = try stack(
      zip(x.dropFirst(2), orders).flatMap { t, order in (0..<4).map { CubicWeight(neighbor: $0, order: order)(t.detached) } }, axis: 1
    ).made
    let y = try Tensor(uninitialized: result.shape, result.dtype)
    try places.forImages(channels: image.shape[1]) { n, at in
      fx_sample_cubic(
        y.dtype.code, orders.count, image.shape[1], image.shape[2], places.shape[2], at, factors.item(n), image.item(n), dy.item(n),
        y.item(n))
    }
    return y
  }
  func gradient(_ x: [Tensor], _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    let fractions = Array(x.dropFirst(2))
    let d = dy.unsqueezed(axis: 1)
    let weights = needs[0] || needs[1] ? CubicWeight.products(fractions, orders: orders) : nil
    let both: [Tensor?] = [
      needs[0] ? SampleAdd(places: places, count: x[0].shape[2])(Pair(d * x[1], weights!)) : nil,
      needs[1] ? d * Sample(places: places)(Pair(x[0], weights!)) : nil,
    ]
    return both
      + fractions.indices.map { axis in
        // The fourth derivative is zero.
        guard needs[axis + 2], orders[axis] < 3 else { return nil }
        var orders = orders
        orders[axis] += 1
        return dy * CubicSlope(places: places, orders: orders)([x[0], x[1]] + fractions)
      }
  }
}

/// The weight of one of four neighbours of a place that lies t behind the second, or one of its derivatives.
struct CubicWeight: Primitive {
  let neighbor: Int
  let order: Int
  var name: String { "gridSample" }

  func result(_ t: Tensor) -> Signature { Signature(t.shape, t.dtype) }
  func evaluate(_ t: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    try Map<Tensor>(program: Self.programs[order][neighbor], label: "gridSample").evaluate(t, result)
  }
  func gradient(_ t: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [order < 3 ? dy * CubicWeight(neighbor: neighbor, order: order + 1)(t) : nil]
  }

  /// The products of weights, a derivative of each axis's, for all combinations of neighbours: [batch, taps, points].
  static func products(_ fractions: [Tensor], orders: [Int]) -> Tensor {
    var products: [Tensor] = []
    for (t, order) in zip(fractions, orders) {
      let weights = (0..<4).map { CubicWeight(neighbor: $0, order: order)(t) }
      products = products.isEmpty ? weights : products.flatMap { product in weights.map { product * $0 } }
    }
    return stack(products, axis: 1)
  }

  private static let programs: [[Program]] = [
    [.unary { outer(1 + $0) }, .unary { inner($0) }, .unary { inner(1 - $0) }, .unary { outer(1 - $0 + 1) }],
    [
      .unary { -((2.25 * (-1 - $0) + 7.5) * (-1 - $0) + 6) }, .unary { (3.75 * $0 - 4.5) * $0 },
      .unary { -((3.75 * (1 - $0) - 4.5) * (1 - $0)) }, .unary { -((7.5 - 2.25 * (2 - $0)) * (2 - $0) - 6) },
    ],
    [
      .unary { 7.5 - 4.5 * (1 + $0) }, .unary { 7.5 * $0 - 4.5 }, .unary { 7.5 * (1 - $0) - 4.5 }, .unary { 7.5 - 4.5 * (2 - $0) },
    ],
    [.unary { $0 * 0 - 4.5 }, .unary { $0 * 0 + 7.5 }, .unary { $0 * 0 - 7.5 }, .unary { $0 * 0 + 4.5 }],
  ]
  /// Keys' cubic convolution with −0.75, up to 1 and from there to 2.
  private static func inner(_ x: Symbol) -> Symbol { (1.25 * x - 2.25) * x * x + 1 }
  private static func outer(_ x: Symbol) -> Symbol { ((3.75 - 0.75 * x) * x - 6) * x + 3 }
}
