import Autodiff
import Testing

@testable import Tensors

/// Loops over the parts of a tensor: their gradients are right to any order, and take the time of one tensor and not of one for each part.
@Suite struct PartGradientTests {
  struct Loop: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// How often each element of x [n, 16] is in the parts.
    let times: Double
    let parts: @Sendable (_ x: Tensor, _ n: Int) -> [Tensor]
    init(_ name: String, times: Double = 1, _ parts: @escaping @Sendable (Tensor, Int) -> [Tensor]) {
      (testDescription, self.times, self.parts) = (name, times, parts)
    }
  }
  static let loops = [
    Loop("positions") { x, n in (0..<n).map { x[$0] } },
    Loop("positions from the end") { x, n in (0..<n).map { x[-1 - $0] } },
    Loop("ranges") { x, n in stride(from: 0, to: n, by: 2).map { x[$0..<$0 + 2] } },
    Loop("ranges that overlap", times: 2) { x, n in (0..<n).map { $0 == n - 1 ? concatenate([x[n - 1..<n], x[0..<1]]) : x[$0..<$0 + 2] } },
    Loop("split") { x, n in x.split(size: 1) },
    Loop("chunks of columns") { x, n in x.chunk(8, axis: 1).flatMap { $0.split(size: 4) } },
    Loop("unstacked") { x, n in x.unstacked() },
    Loop("unstacked along axis 1") { x, n in x.reshaped([16, n]).unstacked(axis: 1) },
    Loop("columns of a transposed tensor") { x, n in (0..<n).map { x.transposed()[.all, $0] } },
    Loop("rows of a permuted tensor") { x, n in (0..<n).map { x.reshaped([4, n, 4]).permuted([1, 2, 0])[$0] } },
    Loop("rows of a slice") { x, n in (0..<n).map { x[0..<n][$0] } },
    Loop("rows of a tensor with a new axis") { x, n in (0..<n).map { x.unsqueezed(axis: 1)[$0] } },
    Loop("rows of a reshaped tensor") { x, n in (0..<n).map { x.reshaped([n * 4, 4])[4 * $0..<4 * $0 + 4] } },
    Loop("rows of a tensor that lies otherwise") { x, n in
      let y = x.transposed().reshaped([n, 16])
      return (0..<n).map { y[$0] }
    },
    Loop("rows of a reversed tensor") { x, n in (0..<n).map { x.reversed(axes: 0)[$0] } },
    Loop("elements of rows") { x, n in (0..<n).flatMap { i in (0..<4).map { x[i][4 * $0..<4 * $0 + 4] } } },
    Loop("take") { x, n in (0..<n).map { x.take(Tensor([$0])) } },
    Loop("take of a transposed tensor") { x, n in (0..<n / 64).map { x.transposed().take(Tensor.arange(64) + $0 * 64, axis: 1) } },
    Loop("a row twice", times: 2) { x, n in (0..<n).map { x[Tensor([$0, $0])] } },
    Loop("gather") { x, n in (0..<n).map { x.gather(Tensor.full([1, 16], $0, .int64), axis: 0) } },
    Loop("embedding") { x, n in (0..<n).map { embedding(Tensor([$0]), x) } },
    Loop("diagonals") { x, n in
      (0..<n).flatMap { i in (-3..<4).map { x.reshaped([n, 4, 4])[i].diagonal(offset: $0) } }
    },
    Loop("parts written one by one") { x, n in
      var y = Tensor.zeros([n, 16], .float64)
      for i in 0..<n { y[i] = x[i] }
      return [y]
    },
    Loop("parts written over") { x, n in
      var y = x * 1
      for i in 0..<n { y[i] = y[i] * 1 }
      return [y]
    },
    Loop("every second row written, and read again") { x, n in
      var y = x * 1
      for i in stride(from: 0, to: n, by: 2) { y[i] = y[i + 1] * 0 + x[i] }
      return [y]
    },
    Loop("rows written at positions") { x, n in
      var y = x * 1
      for i in stride(from: 0, to: n, by: 2) { y[Tensor([i])] = x[i..<i + 1] }
      for i in stride(from: 1, to: n, by: 4) { y[Tensor([i, i])] = concatenate([y[i..<i + 1], x[i..<i + 1]]) }
      return [y]
    },
    Loop("stack of what was unstacked") { x, n in [stack(x.unstacked())] },
    Loop("concatenation of what was split") { x, n in [concatenate(x.split(size: 1))] },
    Loop("windows", times: 2) { x, n in (0..<n).map { i in concatenate([x[i..<i + 1], x[(i + 1) % n..<(i + 1) % n + 1]]) } },
    Loop("parts written over a tensor that is held") { x, n in
      var y = x
      for i in 0..<n { y[i] = x[i] }
      return [y]
    },
  ]

  static func f(_ loop: Loop, _ x: Tensor, _ w: Tensor, _ n: Int) -> Tensor {
    // Σ w·x³ over all parts.
    zip(loop.parts(x, n), loop.parts(w, n)).reduce(Tensor.zeros([], .float64)) { $0 + (pow($1.0, 3) * $1.1).sum() }
  }

  @Test(arguments: loops) func derivatives(_ loop: Loop) {
    let n = 128
    let (x, w, v) = withSeed(3) {
      (Tensor.uniform([n, 16], .float64), Tensor.uniform([n, 16], .float64), Tensor.normal([n, 16], .float64))
    }
    let first = gradient(at: x) { x in Self.f(loop, x, w, n) }
    #expect(first.isClose(to: x * x * w * (3 * loop.times), relative: 1e-12))
    // Beside a gradient of the whole that comes before them, after them, and through a tensor that others hold.
    let beside = gradient(at: x) { x in (x * v).sum() + Self.f(loop, x, w, n) + (x * v).sum() + (x + 1).sum() + x.sum() }
    #expect(beside.isClose(to: x * x * w * (3 * loop.times) + 2 * v + 2, relative: 1e-10))
    let second = gradient(at: x) { x in (gradient(at: x) { x in Self.f(loop, x, w, n) } * v).sum() }
    #expect(second.isClose(to: x * w * v * (6 * loop.times), relative: 1e-12, absolute: 1e-12))
    let third = gradient(at: x) { x in
      gradient(at: x) { x in (gradient(at: x) { x in Self.f(loop, x, w, n) } * v).sum() }.sum()
    }
    #expect(third.isClose(to: w * v * (6 * loop.times), relative: 1e-12, absolute: 1e-12))
  }

  /// Four times as many parts of a tensor four times as large take about four times the memory in all, and not sixteen times.
  ///
  /// Bytes are the whole process's, so this is one of its own.
  @Test func costs() async {
    await #expect(processExitsWith: .success) {
      func bytes(_ loop: Loop, _ n: Int, _ order: Int) -> Int {
        let x = Tensor.ones([n, 16], .float64)
        let before = MemoryPool.shared.takenBytes
        func slopes(_ order: Int, _ x: Tensor) -> Tensor {
          if order == 0 { return Self.f(loop, x, x.detached, n) }
          return gradient(at: x) { x in slopes(order - 1, x).sum() }
        }
        _ = slopes(order, x)
        return MemoryPool.shared.takenBytes - before
      }
      for loop in Self.loops {
        for order in loop.testDescription.contains("written") ? [1, 2, 3] : [1, 2] {
          let (small, large) = (bytes(loop, 128, order), bytes(loop, 512, order))
          #expect(large <= 11 * max(small, 1 << 16), "\(loop.testDescription), order \(order): \(small) and \(large) bytes")
        }
      }
    }
  }
}
