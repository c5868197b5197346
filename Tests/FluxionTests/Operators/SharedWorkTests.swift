import Fluxion
import Testing

/// Large operands that threads share, by ways of their own: what they give is what a plain way gives, and the same bits on any number of threads.
@Suite(.serialized) struct SharedWorkTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let shapes: [Shape]
    let fast: @Sendable ([Tensor]) -> Tensor
    let plain: @Sendable ([Tensor]) -> Tensor

    init(
      _ name: String, _ shapes: Shape..., fast: @escaping @Sendable ([Tensor]) -> Tensor,
      plain: @escaping @Sendable ([Tensor]) -> Tensor
    ) {
      (testDescription, self.shapes, self.fast, self.plain) = (name, shapes, fast, plain)
    }
  }

  /// The same numbers lying in order, without a view.
  private static func laidOut(_ x: Tensor) -> Tensor { Tensor(x.scalars(Float.self), shape: x.shape) }
  private static func widened(_ x: Tensor, _ shape: Shape) -> Tensor { laidOut(x.expanded(shape)) }

  /// Of images what `body` makes of each of rows × columns even parts.
  private static func inParts(_ x: Tensor, _ rows: Int, _ columns: Int, _ body: (Tensor) -> Tensor) -> Tensor {
    func part(_ i: Int, _ count: Int, _ n: Int) -> Range<Int> { i * n / count..<((i + 1) * n + count - 1) / count }
    return concatenate(
      (0..<rows).map { i in
        concatenate(
          (0..<columns).map { j in body(x[0..., 0..., part(i, rows, x.shape[2]), part(j, columns, x.shape[3])]) }, axis: 3)
      }, axis: 2)
  }

  private static let image: Shape = [6, 16, 30, 31]

  /// A function of two tensors, and its gradients for a third one, one after the other.
  private static func both(_ x: [Tensor], _ f: (Tensor, Tensor) -> Tensor) -> Tensor {
    let (dx, dw) = gradient(at: x[0], x[1]) { (f($0, $1) * x[2]).sum() }
    return concatenate([f(x[0], x[1]).flattened(), dx.flattened(), dw.flattened()], axis: 0)
  }

  /// A filter for each of 16 channels: the result, and the gradients of both for a third operand.
  private static func depthwise(_ size: Int, stride: Int, _ height: Int, _ width: Int) -> Row {
    let (rows, columns) = ((height - 1) / stride + 1, (width - 1) / stride + 1)
    return Row(
      "a filter of \(size) for each channel, a stride of \(stride), \(height) × \(width)", [6, 16, height, width], [16, 1, size, size],
      [6, 16, rows, columns]
    ) {
      both($0) { x, w in
        convolution(x, weight: w, stride: PerAxis(stride), padding: WindowPadding(PerAxis(size / 2)), groups: 16)
      }
    } plain: {
      both($0) { x, w in
        let edge = (before: size / 2, after: size / 2)
        let wide = x.padded([(0, 0), (0, 0), edge, edge])
        var y = Tensor.zeros([6, 16, rows, columns])
        for i in 0..<size {
          for j in 0..<size {
            let seen = wide[0..., 0..., .stride(from: i, to: i + height, by: stride), .stride(from: j, to: j + width, by: stride)]
            y = y + seen * w[0..., 0, i, j].reshaped([16, 1, 1])
          }
        }
        return y
      }
    }
  }

  /// Samples between elements, and their gradients for a third operand; places are whole sixteenths, whose weights are exact.
  private static func samples(_ x: [Tensor]) -> Tensor {
    both(x) { gridSample($0, at: $1 / 16) }
  }

  static let rows: [Row] = [
    Row("a row beside a matrix", [300, 401], [401]) {
      $0[0] + $0[1]
    } plain: {
      $0[0] + widened($0[1], $0[0].shape)
    },
    Row("a column beside a matrix", [300, 401], [300, 1]) {
      $0[1] * $0[0]
    } plain: {
      widened($0[1], $0[0].shape) * $0[0]
    },
    Row("a row and a column", [300, 1], [401]) {
      $0[0] - $0[1]
    } plain: {
      widened($0[0], [300, 401]) - widened($0[1], [300, 401])
    },
    Row("channels beside images", image, [16, 1, 1], [16, 1, 1]) {
      $0[0] * $0[1] + $0[2]
    } plain: {
      $0[0] * widened($0[1], $0[0].shape) + widened($0[2], $0[0].shape)
    },
    Row("a part of each row", [300, 401]) {
      $0[0][0..., 3..<390] * 1.5
    } plain: {
      laidOut($0[0][0..., 3..<390]) * 1.5
    },
    Row("channels last", image) {
      $0[0].permuted([0, 2, 3, 1]).flattened() * 1
    } plain: { x in
      let values = x[0].scalars(Float.self)
      let (n, c, h, w) = (6, 16, 30, 31)
      let moved = (0..<values.count).map { i in values[((i / (c * w * h) * c + i % c) * h + i / (c * w) % h) * w + i / c % w] }
      precondition(values.count == n * c * h * w)
      return Tensor(moved)
    },
    Row("a sum for each channel", image) {
      $0[0].sum(axes: [0, 2, 3])
    } plain: {
      $0[0].sum(axis: 3).sum(axis: 2).sum(axis: 0)
    },
    Row("a product of two vectors", [100_003], [100_003]) {
      $0[0] • $0[1]
    } plain: {
      ($0[0] * $0[1]).sum()
    },
    Row("whether some of a column is not 0", [300, 401]) {
      relu($0[0] - 8).any(axis: 0).cast(to: .float32)
    } plain: {
      ($0[0].max(axis: 0) .> 8).cast(to: .float32)
    },
    Row("whether all of a column are not 0", [8, 150, 40]) {
      ($0[0] - 6).all(axis: 1).cast(to: .float32)
    } plain: {
      (abs($0[0] - 6).min(axis: 1) .> 0).cast(to: .float32)
    },
    Row("the largest of short rows", [7000, 11]) {
      $0[0].max(axis: 1)
    } plain: {
      laidOut($0[0].transposed()).max(axis: 0)
    },
    Row("where short rows have their smallest", [7000, 11]) {
      $0[0].argmin(axis: 1).cast(to: .float32)
    } plain: {
      laidOut($0[0].transposed()).argmin(axis: 0).cast(to: .float32)
    },
    Row("the largest so far", [300, 401]) {
      $0[0].cumulativeMax(axis: 1).positions.cast(to: .float32)
    } plain: {
      laidOut($0[0].transposed()).cumulativeMax(axis: 0).positions.transposed().cast(to: .float32)
    },
    Row("places in a sorted vector", [301], [9000]) {
      $0[0].sorted().searchSorted($0[1]).cast(to: .float32)
    } plain: {
      ($0[0].unsqueezed(axis: 1) .< $0[1]).sum(axis: 0).cast(to: .float32)
    },
    Row("means of two by two", [6, 16, 30, 32]) {
      meanPool($0[0], window: 2)
    } plain: {
      $0[0].reshaped([6, 16, 15, 2, 16, 2]).sum(axes: [3, 5]) / 4
    },
    Row("the largest of parts of images", image) {
      maxPool($0[0], to: [4, 7])
    } plain: {
      inParts($0[0], 4, 7) { $0.max(axes: [2, 3], keepDims: true) }
    },
    Row("the mean of parts of images", image) {
      meanPool($0[0], to: [40, 5])
    } plain: {
      inParts($0[0], 40, 5) { $0.sum(axes: [2, 3], keepDims: true) / Double($0.shape[2] * $0.shape[3]) }
    },
    Row("means of three by five", [6, 16, 30, 32]) {
      meanPool($0[0], window: [3, 5], stride: [2, 1], padding: [1, 2])
    } plain: {
      let wide = $0[0].padded([(0, 0), (0, 0), (1, 1), (2, 2)])
      var y = Tensor.zeros([6, 16, 15, 32])
      for i in 0..<3 { for j in 0..<5 { y = y + wide[0..., 0..., .stride(from: i, to: i + 30, by: 2), j..<j + 32] } }
      return y / 15
    },
    Row("means of even parts", [6, 16, 30, 32]) {
      meanPool($0[0], to: [6, 8])
    } plain: {
      $0[0].reshaped([6, 16, 6, 5, 8, 4]).sum(axes: [3, 5]) / 20
    },
    Row("a filter for each channel", image, [16, 1, 3, 3]) {
      convolution($0[0], weight: $0[1], padding: 1, groups: 16)
    } plain: { x in
      let wide = x[0].padded([(0, 0), (0, 0), (1, 1), (1, 1)])
      var y = Tensor.zeros(image)
      for i in 0..<3 {
        for j in 0..<3 { y = y + wide[0..., 0..., i..<i + 30, j..<j + 31] * x[1][0..., 0, i, j].reshaped([16, 1, 1]) }
      }
      return y
    },
    depthwise(3, stride: 1, 30, 31),
    depthwise(3, stride: 2, 21, 70),
    depthwise(5, stride: 1, 19, 16),
    depthwise(5, stride: 2, 32, 32),
    depthwise(7, stride: 1, 14, 49),
    depthwise(7, stride: 2, 200, 150),
    depthwise(3, stride: 3, 20, 40),
    Row("samples of 20 channels", [3, 20, 8, 8], [3, 30, 41, 2], [3, 20, 30, 41]) {
      samples($0)
    } plain: { x in
      let each = (0..<20).map { c in
        samples([x[0][0..., c..<c + 1], x[1], x[2][0..., c..<c + 1]])
      }
      let (points, image, grid) = (3 * 30 * 41, 3 * 64, 3 * 30 * 41 * 2)
      func part(_ from: Int, _ count: Int) -> Tensor {
        stack(each.map { $0[from..<from + count].reshaped([3, count / 3]) }, axis: 1).flattened()
      }
      let slopes = each.map { $0[points + image..<points + image + grid] }
      return concatenate([part(0, points), part(points, image), slopes.dropFirst().reduce(slopes[0], +)], axis: 0)
    },
    Row("distances", [150, 20], [90, 20]) {
      distanceMatrix($0[0], $0[1])
    } plain: {
      sqrt(($0[0].unsqueezed(axis: 1) - $0[1].unsqueezed(axis: 0)).squared.sum(axis: -1))
    },
    Row("distances of order 1, batched, and what they send back", [3, 50, 70], [3, 90, 70]) { x in
      let slope = gradient(at: x) { distanceMatrix($0[0], $0[1], order: 1).squared.sum() }
      return concatenate([distanceMatrix(x[0], x[1], order: 1).flattened(), slope[0].flattened(), slope[1].flattened()])
    } plain: { x in
      func plain(_ x: [Tensor]) -> Tensor { abs(x[0].unsqueezed(axis: -2) - x[1].unsqueezed(axis: -3)).sum(axis: -1) }
      let slope = gradient(at: x) { plain($0).squared.sum() }
      return concatenate([plain(x).flattened(), slope[0].flattened(), slope[1].flattened()])
    },
    Row("distances of order ∞", [50, 70], [90, 70]) { x in
      distanceMatrix(x[0], x[1], order: .infinity)
    } plain: { x in
      abs(x[0].unsqueezed(axis: -2) - x[1].unsqueezed(axis: -3)).max(axis: -1)
    },
  ]

  /// Of whole numbers, whose sums are exact in any order.
  @Test(arguments: rows) func equalsThePlainWay(_ row: Row) {
    withSeed(1) {
      let x = row.shapes.map { round(Tensor.normal($0) * 3) }
      let (fast, plain) = (row.fast(x), row.plain(x))
      #expect(fast.shape == plain.shape)
      #expect(fast.scalars(Float.self) == plain.scalars(Float.self))
    }
  }

  @Test(arguments: rows) func threadsChangeNothing(_ row: Row) {
    withSeed(2) {
      let x = row.shapes.map { Tensor.normal($0) }
      let before = Threads.count
      defer { Threads.count = before }
      let many = row.fast(x).scalars(Float.self)
      Threads.count = 1
      #expect(row.fast(x).scalars(Float.self) == many)
    }
  }
}
