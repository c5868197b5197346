import Autodiff
import Tensors
import Testing

/// Convolutions channel by channel, beyond their rows in the operator table.
@Suite struct DepthwiseTests {
  /// What lay in memory before is not read, or read and left out: a NaN stays one by any factor.
  @Test func oldMemoryDoesNotCount() {
    let before = Threads.count
    defer { Threads.count = before }
    Threads.count = 1
    let (x, w) = (Tensor.ones([1, 1, 24, 23], .float64), Tensor.ones([1, 1, 3, 3], .float64))
    // Blocks of NaN where the thread's next operator has its own.
    let spoil = Elementwise { x in sin(x + Symbol(.nan)) * cos(x) + exp(x * 3) }
    #expect(spoil(Tensor.full([1024], 1, .float64)).isNaN.all().item(as: Bool.self))
    let slope = gradient(at: w) { w in convolution(x, weight: w, padding: .same).sum() }
    #expect(slope.sum().item(as: Double.self) == Double(24 * 23 + 2 * (23 * 23) + 2 * (24 * 22) + 4 * (23 * 22)))
  }
}
