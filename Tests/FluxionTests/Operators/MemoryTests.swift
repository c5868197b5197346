import Autodiff
import Foundation
import Tensors
import Testing

/// That memory comes back.
///
/// The count of live bytes is the whole process's, so each measurement is in a process of its own.
@Suite struct MemoryTests {
  @Test func liveBytesReturn() async {
    await #expect(processExitsWith: .success) {
      let x = Tensor.ones([300, 300], .float64)
      // Twice: what is made once and kept, such as programs' constants, is there after the first time.
      for round in 0..<2 {
        let before = Memory.liveBytes
        do {
          let w = Tensor.ones([300, 300], .float64)
          for order in 0..<3 { _ = AutodiffTests.nth(order) { (tanh($0 • w) * $0).softmax().sum() }(x) }
          _ = jacobian(of: { $0[0, 0..<5] * 2 }, at: x)
          _ = try? checked { gradient(at: x) { ($0 + Tensor.ones([7])).sum() } }
          _ = try? checked { gradient(at: x) { x in (exp(x) • Tensor.ones([2, 2], .float64)).sum() } }
          struct Stop: Error {}
          _ = try? gradient(at: x) { (x: Tensor) throws -> Tensor in
            _ = exp(x) * x
            throw Stop()
          }
          _ = gradient(at: x, w) { x, w in
            let y = customGradient(at: x) {
              exp($0)
            } pullback: { _, y, dy in
              y * dy
            }
            return concatenate([y, w])[5..., 3].sum()
          }
        }
        if round > 0 { #expect(Memory.liveBytes == before) }
      }
    }
  }

  /// Every operator with a gradient gives back what it took, in every layout, to the second order.
  @Test func operatorsKeepNothing() async {
    await #expect(processExitsWith: .success) {
      for row in OperatorTable.sloped {
        for layout in row.layouts {
          // Constants that programs make at their first use stay.
          _ = SlopeCheck(row, layout).second()
          let before = Memory.liveBytes
          _ = SlopeCheck(row, layout).second()
          #expect(Memory.liveBytes == before, "\(row.name), \(layout)")
        }
      }
    }
  }

  /// Backward lets go of each record as it passes: near its end little is left of what forward kept.
  @Test func memoryFallsAsBackwardProceeds() async {
    await #expect(processExitsWith: .success) {
      let start = Memory.liveBytes
      let size = 1 << 20
      nonisolated(unsafe) var forward = 0
      nonisolated(unsafe) var backward = 0
      let slope = gradient(at: Tensor.zeros([size / 8], .float64)) { x in
        var y = customGradient(at: x) {
          $0 + 0
        } pullback: { _, _, dy in
          backward = Memory.liveBytes - start
          return dy
        }
        for _ in 0..<50 { y = sin(y) }
        let sum = y.sum()
        // Asked for, the values are there.
        #expect(sum.item(as: Double.self) == 0)
        forward = Memory.liveBytes - start
        return sum
      }
      #expect(slope.shape == [size / 8])
      #expect(forward > 50 * size)
      #expect(backward < 8 * size)
    }
  }

  /// A training step is the same to the pool each time: nothing grows, nothing is asked of the system.
  @Test func steadyStepsDoNotGrow() async {
    await #expect(processExitsWith: .success) {
      var w = Tensor.full([200, 200], 0.01)
      let x = Tensor.ones([50, 200])
      var sizes: Set<[Int]> = []
      for step in 0..<20 {
        let slope = gradient(at: w) { w in tanh(x • w).squared.mean() }
        w -= slope * 0.1
        if step >= 3 { sizes.insert([Memory.liveBytes, Memory.cachedBytes]) }
      }
      #expect(sizes.count == 1)
      let cached = Memory.cachedBytes
      #expect(cached > 0)
      Memory.emptyCache()
      #expect(Memory.cachedBytes == 0)
      Memory.cacheLimit = 0
      _ = Tensor.ones([100_000])
      #expect(Memory.cachedBytes == 0)
    }
  }

  /// What an operator gives is written over by the next one, if that is element-wise and nobody else holds it.
  @Test func resultsAreWrittenOver() async {
    await #expect(processExitsWith: .success) {
      let x = Tensor.normal([1 << 18])
      let kernel = Elementwise { x in x * tanh(log1p(exp(x))) }
      let chain: (Tensor) -> Tensor = { x in kernel(sqrt(abs(-gelu(x * 2 + 1)))) / 3 }
      // What pieces of it give, each too small to be written over.
      let expected = concatenate((0..<16).map { i in chain(x[i << 14..<(i + 1) << 14]) })
      let before = x.scalars(Float.self)
      let live = Memory.liveBytes
      Memory.resetPeak()
      let y = chain(x)
      #expect(Memory.peakBytes == live + 1 << 20)
      #expect(y.scalars(Float.self) == expected.scalars(Float.self))
      #expect(x.scalars(Float.self) == before)
      // Held by a view, by a variable, or by a tape for its rule: left alone.
      let held = x * 2
      let view = held[1...]
      let copies = (exp(held), exp(view), -view)
      #expect(held.scalars(Float.self) == before.map { $0 * 2 })
      #expect(view.scalars(Float.self) == before.dropFirst().map { $0 * 2 })
      #expect(copies.2[0].item() == -2 * Double(before[1]))
      let slope = gradient(at: x) { x in exp(sin(x * 2)).sum() }
      let truth = exp(sin(held)) * cos(held) * 2
      #expect(slope.isClose(to: truth, absolute: 1e-6))
    }
  }

  /// Distances between 1000 and 1000 vectors take the room of a few matrices of that size, forward and backward, not 64 times that.
  @Test func distancesStoreNoDifferences() async {
    await #expect(processExitsWith: .success) {
      let (x, y) = (Tensor.normal([1000, 64]), Tensor.normal([1000, 64]))
      for order in [2, 1, 3, 1.5, 0, .infinity, -.infinity] {
        let before = Memory.liveBytes
        Memory.resetPeak()
        _ = distanceMatrix(x.unsqueezed(axis: 0), y, order: order)
        #expect(Memory.peakBytes - before < 6 << 20, "order \(order)")
        Memory.resetPeak()
        _ = gradient(at: x, y) { distanceMatrix($0, $1, order: order).sum() }
        #expect(Memory.peakBytes - before < 10_000_000, "gradient of order \(order): \(Memory.peakBytes - before)")
      }
    }
  }

  /// The peak is that of what was alive at once, and begins again when it is told to.
  @Test func peakIsKnown() async {
    await #expect(processExitsWith: .success) {
      let kept = Tensor.ones([1000])
      Memory.resetPeak()
      let before = Memory.liveBytes
      #expect(Memory.peakBytes == before)
      for _ in 0..<3 { _ = Tensor.ones([100_000]) }
      #expect(Memory.peakBytes == before + 400_000)
      do {
        let both = (Tensor.ones([100_000]), Tensor.ones([50_000]))
        #expect(Memory.liveBytes == before + 600_000)
        withExtendedLifetime(both) {}
      }
      #expect(Memory.liveBytes == before)
      #expect(Memory.peakBytes == before + 600_000)
      Memory.resetPeak()
      #expect(Memory.peakBytes == before)
      withExtendedLifetime(kept) {}
    }
  }
}
