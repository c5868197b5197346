import Autodiff
import Testing

@testable import Tensors

/// Operators on images that work row by row, against loops, at sizes that the operator table does not have.
@Suite struct ImageRowTests {
  /// Which of n elements stands at place i before or behind them, nil for none.
  private func source(_ i: Int, _ n: Int, _ mode: PaddingMode?) -> Int? {
    if (0..<n).contains(i) { return i }
    switch mode {
    case nil: return nil
    case .reflect: return i < 0 ? -i : 2 * (n - 1) - i
    case .replicate: return i < 0 ? 0 : n - 1
    case .circular: return i < 0 ? i + n : i - n
    }
  }

  @Test(arguments: [DType.float32, .float64, .int32, .int64], [nil, PaddingMode.reflect, .replicate, .circular])
  func bordersAreThoseOfEachElement(_ dtype: DType, _ mode: PaddingMode?) {
    for (shape, amounts) in [
      ([3, 2, 70, 90], [(0, 0), (1, 2), (3, 0)]), ([2, 3, 91, 67], [(5, 0), (0, 7)]), ([40_000], [(3, 9)]),
      ([3, 40, 400], [(2, 1), (0, 0), (1, 1)]),
      ([7, 9], [(2, 0), (0, 3)]),
    ] as [([Int], [(Int, Int)])] {
      let n = shape.reduce(1, *)
      let x = Tensor.arange(n).reshaped(Shape(shape)).cast(to: dtype)
      let pairs = amounts.map { (before: $0.0, after: $0.1) }
      let y = mode.map { x.padded(pairs, mode: $0) } ?? x.padded(pairs, value: 5)
      let all = Array(repeating: (before: 0, after: 0), count: shape.count - amounts.count) + pairs
      let sizes = zip(shape, all).map { $0 + $1.before + $1.after }
      #expect(y.shape == Shape(sizes))
      let found = y.cast(to: .int64).scalars(Int64.self)
      var wrong = 0
      for at in found.indices {
        var (rest, place, step, isThere) = (at, 0, 1, true)
        for axis in shape.indices.reversed() {
          let i = rest % sizes[axis] - all[axis].before
          rest /= sizes[axis]
          if let from = source(i, shape[axis], mode) { place += from * step } else { isThere = false }
          step *= shape[axis]
        }
        if found[at] != (isThere ? Int64(place) : 5) { wrong += 1 }
      }
      #expect(wrong == 0, "\(shape) \(amounts)")
    }
  }

  /// Bilinear images, of which one axis may shrink and the other grow.
  @Test(arguments: [DType.float32, .float64]) func bilinearImagesAreThoseOfEachPlace(_ dtype: DType) {
    for (height, width, rows, columns) in [(20, 600, 40, 1200), (33, 7, 5, 700), (64, 64, 32, 32), (1, 1500, 3, 9), (300, 2, 2, 300)] {
      let x = Tensor.normal([2, 3, height, width], dtype)
      let y = interpolate(x, to: [rows, columns], method: .linear)
      let (source, found) = (x.cast(to: .float64).scalars(Double.self), y.cast(to: .float64).scalars(Double.self))
      func neighbours(_ i: Int, _ n: Int, _ size: Int) -> (Int, Int, Double) {
        let at = Swift.max(0, (Double(i) + 0.5) * Double(n) / Double(size) - 0.5)
        let first = Swift.min(Int(at), n - 1)
        return (first, Swift.min(first + 1, n - 1), at - Double(first))
      }
      var largest = 0.0
      for plane in 0..<6 {
        for i in 0..<rows {
          let (a, b, s) = neighbours(i, height, rows)
          for j in 0..<columns {
            let (c, d, t) = neighbours(j, width, columns)
            func at(_ i: Int, _ j: Int) -> Double { source[(plane * height + i) * width + j] }
            let expected = (1 - s) * ((1 - t) * at(a, c) + t * at(a, d)) + s * ((1 - t) * at(b, c) + t * at(b, d))
            largest = Swift.max(largest, Swift.abs(found[(plane * rows + i) * columns + j] - expected))
          }
        }
      }
      #expect(largest < (dtype == .float32 ? 2e-6 : 1e-11), "\(height) × \(width) to \(rows) × \(columns)")
    }
  }

  /// What a causal mask hides is left out, and counts nothing whatever it holds: as with the mask written out.
  @Test(arguments: [(200, 200), (300, 130), (90, 260), (65, 64)]) func causalAttentionIsThatOfItsMask(_ queries: Int, _ keys: Int) {
    let (q, k, v) = (Tensor.normal([2, queries, 24]), Tensor.normal([2, keys, 24]), Tensor.normal([2, keys, 17]))
    let mask = Tensor.arange(keys) .<= Tensor.arange(queries).unsqueezed(axis: 1)
    func near(_ a: Tensor, _ b: Tensor) -> Bool { abs(a - b).max().item(as: Float.self) < 2e-5 }
    #expect(near(attention(q, k, v, isCausal: true), attention(q, k, v, mask: mask)))
    let slopes = gradient(at: [q, k, v]) { (attention($0[0], $0[1], $0[2], isCausal: true) * attention(q, k, v, mask: mask)).sum() }
    let expected = gradient(at: [q, k, v]) { (attention($0[0], $0[1], $0[2], mask: mask) * attention(q, k, v, mask: mask)).sum() }
    for (a, b) in zip(slopes, expected) { #expect(near(a, b)) }
    // The last key is seen by the queries behind it alone.
    var spoilt = v
    spoilt[0, keys - 1] = .full([17], Float.nan)
    let y = attention(q, k, spoilt, isCausal: true)
    #expect(y[0, 0..<Swift.min(queries, keys - 1)].isNaN.any().item(as: Bool.self) == false)
  }
}
