import Testing

@testable import Tensors

/// Winograd's algorithm beside its slow twin, the convolution's sum as it is written.
@Suite struct WinogradTests {
  /// Images [batch, channels, height, width] by filters to so many outputs.
  struct Shapes: CustomTestStringConvertible {
    var batch, channels, height, width, outputs: Int
    var padding: WindowPadding
    var testDescription: String { "[\(batch), \(channels), \(height), \(width)] to \(outputs), padding \(padding)" }

    init(_ batch: Int, _ channels: Int, _ height: Int, _ width: Int, _ outputs: Int, _ padding: WindowPadding) {
      (self.batch, self.channels, self.height, self.width, self.outputs, self.padding) = (batch, channels, height, width, outputs, padding)
    }

    var geometry: WindowGeometry {
      get throws { try WindowGeometry("convolution", input: [height, width], window: 3, stride: 1, padding: padding, dilation: 1) }
    }
    /// All sums are long: of short ones the twin makes next to no error.
    var isDeep: Bool { Swift.min(channels, outputs) >= 16 && batch * height * width >= 64 }
  }

  static let shapes: [Shapes] = [
    // Whole tiles and blocks, and what is left over of each.
    Shapes(4, 16, 8, 8, 16, 1), Shapes(2, 64, 16, 16, 64, 1), Shapes(3, 20, 13, 9, 37, 0), Shapes(2, 33, 7, 7, 50, 1),
    Shapes(1, 17, 11, 6, 15, 2),
    // One tile, one row, one image; more padding than the filter reaches; padding on one side.
    Shapes(1, 16, 3, 3, 16, 0), Shapes(1, 5, 3, 40, 9, 0), Shapes(1, 48, 14, 14, 32, 1), Shapes(2, 8, 4, 5, 8, 3), Shapes(1, 1, 1, 1, 1, 2),
    Shapes(2, 12, 6, 9, 20, WindowPadding(before: 2, after: 0)),
    // Rows longer than a strip, rows of many tiles, many images, many channels, many outputs.
    Shapes(1, 3, 5, 190, 4, 1), Shapes(1, 4, 9, 330, 3, 0), Shapes(70, 5, 4, 4, 6, 1), Shapes(1, 300, 6, 6, 40, 1),
    Shapes(1, 18, 10, 10, 200, 1),
  ]

  /// y, the gradient of the image and that of the weight.
  struct Results {
    var x, weight, y, bias: Tensor
    var shapes: Shapes

    init(_ shapes: Shapes) throws {
      let sizes = Array(try shapes.geometry.output)
      self.shapes = shapes
      (x, weight, y, bias) = withSeed(7) {
        (
          Tensor.normal([shapes.batch, shapes.channels, shapes.height, shapes.width]),
          Tensor.normal([shapes.outputs, shapes.channels, 3, 3]),
          Tensor.normal(Shape([shapes.batch, shapes.outputs] + sizes)), Tensor.normal([shapes.outputs])
        )
      }
    }

    /// One of the images, by the same filters.
    func image(_ i: Int) throws -> Results {
      var one = self
      one.shapes.batch = 1
      one.x = x[i..<i + 1]
      one.y = y[i..<i + 1]
      return one
    }

    func callAsFunction(_ dtype: DType = .float32, usesWinograd: Bool) throws -> [[Double]] {
      let (x, weight, y, bias) = try (x.cast(to: dtype).ordered, weight.cast(to: dtype), y.cast(to: dtype).ordered, bias.cast(to: dtype))
      var sum = ConvolutionSum(
        try shapes.geometry, 1, batch: shapes.batch, channels: shapes.channels, outputs: shapes.outputs, dtype)
      sum.usesWinograd = usesWinograd
      let made = try [y, x, weight].map { try Tensor(uninitialized: $0.shape, dtype) }
      try sum.result(x.pointer, weight.pointer, bias: bias.pointer, into: made[0].pointer)
      try sum.image(y.pointer, weight.pointer, into: made[1].pointer)
      try sum.weight(x.pointer, y.pointer, into: made[2].pointer)
      return withExtendedLifetime((x, weight, y, bias)) { made.map { $0.cast(to: .float64).scalars(Double.self) } }
    }
  }

  /// Errors against float64 are a small multiple of the twin's, the largest and in the mean.
  @Test(arguments: shapes) func errorsAreLikeTheTwins(_ shapes: Shapes) throws {
    for isPositive in [false, true] {
      var results = try Results(shapes)
      if isPositive { results.x = abs(results.x) }
      let exact = try results(.float64, usesWinograd: false)
      let (fast, slow) = (try results(usesWinograd: true), try results(usesWinograd: false))
      for (i, name) in ["y", "x", "weight"].enumerated() {
        func errors(_ x: [Double]) -> (largest: Double, mean: Double) {
          let errors = zip(x, exact[i]).map { Swift.abs($0 - $1) }
          return (errors.max()!, (errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)).squareRoot())
        }
        let (made, expected) = (errors(fast[i]), errors(slow[i]))
        #expect(made.largest < 4e-6 * exact[i].map { Swift.abs($0) }.max()!, "\(name)")
        if shapes.isDeep { #expect(made.largest < 7 * expected.largest && made.mean < 6 * expected.mean, "\(name)") }
      }
    }
  }

  /// The same bits for any number of threads.
  @Test func isTheSameForAnyNumberOfThreads() throws {
    let before = Threads.count
    defer { Threads.count = before }
    for shapes in [Shapes(8, 24, 14, 14, 40, 1), Shapes(1, 80, 9, 9, 70, 1), Shapes(20, 16, 20, 20, 16, 1)] {
      let results = try Results(shapes)
      Threads.count = 1
      let alone = try results(usesWinograd: true)
      Threads.count = before
      #expect(try results(usesWinograd: true) == alone)
    }
  }

  /// The same bits for an image by itself, in steps, and among others, in groups of tiles.
  @Test func doesNotDependOnItsNeighbours() throws {
    let results = try Results(Shapes(9, 20, 13, 18, 35, 1))
    let all = try results(usesWinograd: true)
    for i in 0..<9 {
      let alone = try results.image(i)(usesWinograd: true)
      for k in 0..<2 {
        let among = Array(all[k][i * alone[k].count..<(i + 1) * alone[k].count])
        #expect(among == alone[k])
      }
    }
  }

  /// What is not finite reaches what sees it, and no more.
  @Test func infinityStaysWhereItIs() throws {
    var results = try Results(Shapes(4, 16, 12, 12, 16, 1))
    results.x[1, 3, 5, 5] = .full([], Float.infinity)
    results.y[0, 2, 7, 7] = .full([], Float.nan)
    let (fast, slow) = (try results(usesWinograd: true), try results(usesWinograd: false))
    for i in 0..<3 { #expect(zip(fast[i], slow[i]).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }) }
    #expect(fast[0].contains(.infinity) || fast[0].contains(-.infinity))
  }

  /// Many channels in large images are worth it; few of them, or little work, are not.
  @Test func isChosenWhereItPays() throws {
    func winograd(_ shapes: Shapes, _ dtype: DType = .float32) throws -> Winograd? {
      Winograd(try shapes.geometry.raw, batch: shapes.batch, channels: shapes.channels, outputs: shapes.outputs, dtype)
    }
    let large = Shapes(16, 64, 16, 16, 64, 1)
    #expect(try winograd(large, .float64) == nil)
    let chosen = try #require(try winograd(large))
    #expect(chosen.pays && chosen.paysForWeight)
    #expect(try winograd(Shapes(32, 3, 32, 32, 16, 1))?.pays == false)
    #expect(try winograd(Shapes(1, 16, 4, 4, 16, 1))?.pays == false)
    #expect(try winograd(Shapes(1, 512, 7, 7, 512, 1))?.paysForWeight == false)
  }
}
