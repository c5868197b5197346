import Autodiff
import Tensors
import Testing

/// What the operator table does not say of kernels that end in a reduction.
@Suite struct FusedReductionTests {
  static let damped = Elementwise { x in x * exp(-x * x) }
  static let error = Elementwise { x, y in (x - y) * (x - y) }

  /// The same bits for any number of threads: rows, columns, long rows and all.
  @Test func isTheSameForAnyNumberOfThreads() {
    let before = Threads.count
    defer { Threads.count = before }
    let x = withSeed(1) { Tensor.normal([300, 1100]) }
    func results() -> [[Float]] {
      [[], [0], [1]].flatMap { axes in
        [
          Self.damped.sum(x, axes: axes), Self.damped.max(x, axes: axes),
          gradient(at: x) { Self.damped.mean($0, axes: axes).squared.sum() },
        ]
        .map { $0.scalars(Float.self) }
      }
    }
    Threads.count = 1
    let alone = results()
    Threads.count = before
    #expect(alone == results())
  }

  /// A sum of 2²⁴ float32 keeps six digits: blocks are added up in pairs of pairs.
  @Test func longSumsStayExact() {
    let x = Tensor.full([1 << 22], 0.1)
    let expected = Double(Float(0.1)) * Double(1 << 23)
    let double = Elementwise { x in x + x }
    #expect(abs(Double(double.sum(x).item()) / expected - 1) < 1e-6)
    #expect(abs(Double(double.sum(x.reshaped([1 << 21, 2]), axis: 0)[0].item()) / expected * 2 - 1) < 1e-6)
  }

  /// Orders up to the third equal those of the values stored first.
  @Test func higherOrders() {
    let x = withSeed(2) { Tensor.uniform([3, 5], in: -1..<1, .float64) }
    for axes in [[], [0], [1]] {
      func thrice(_ f: @escaping (Tensor) -> Tensor) -> Tensor {
        gradient(at: x) { gradient(at: $0) { gradient(at: $0) { f($0).squared.sum() }.squared.sum() }.sum() }
      }
      let difference = thrice { Self.damped.mean($0, axes: axes) } - thrice { Self.damped($0).mean(axes: axes) }
      #expect(abs(difference).max().item(as: Double.self) < 1e-11)
      let extremes = thrice { Self.damped.max($0, axes: axes) } - thrice { Self.damped($0).max(axes: axes) }
      #expect(abs(extremes).max().item(as: Double.self) < 1e-11)
    }
  }

  /// Neither a value nor its gradient keeps the kernel's values: what lives on the tape is the operands.
  @Test func nothingIsStored() async {
    await #expect(processExitsWith: .success) {
      let x = Tensor.ones([1 << 18])
      let y = Tensor.zeros([1 << 18])
      _ = gradient(at: x) { Self.error.mean($0, y) }
      let before = Memory.liveBytes
      _ = gradient(at: x) { x in
        let loss = Self.error.mean(x, y)
        #expect(Memory.liveBytes - before < 1 << 16)
        return loss
      }
    }
  }

  /// A kernel that is a constant, an input itself, or ignores an input.
  @Test func degenerateKernels() {
    let x = Tensor([1.0, 2.0, 4.0], .float64)
    #expect(Elementwise { _ in 3 }.sum(x).item(as: Double.self) == 9)
    #expect(Elementwise { x in x }.prod(x).item(as: Double.self) == 8)
    let (dx, dy) = gradient(at: x, x) { Elementwise { _, y in 2 * y }.sum($0, $1) }
    #expect(Grid(dx) == Grid([0, 0, 0]) && Grid(dy) == Grid([2, 2, 2]))
    #expect(Grid(gradient(at: x) { Elementwise { x in x }.max($0) }) == Grid([0, 0, 1]))
  }

  /// A kernel's own parameters are operands of the reduction too.
  @Test func parametersAreOperands() {
    let scaled = Elementwise(parameters: ["scale": Tensor([1.0, 2.0], .float64)]) { x, scale in scale * x * x }
    let x = Tensor([[1.0, 2.0], [3.0, 4.0]], .float64)
    #expect(Grid(scaled.sum(x, axis: 0)) == Grid([10, 40]))
    #expect(Grid(gradient(at: x) { scaled.mean($0) }) == Grid([2, 2], [0.5, 2, 1.5, 4]))
    #expect(scaled.max(x).item(as: Double.self) == 32)
  }
}
