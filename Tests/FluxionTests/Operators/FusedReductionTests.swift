import Autodiff
import Testing

@testable import Tensors

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

  /// A reduction of a kernel's values and how they are reduced when they are stored.
  struct Kind: Sendable {
    var name: String
    var fused: @Sendable (Elementwise, [Tensor], [Int]) -> Tensor
    var stored: @Sendable (Tensor, [Int]) -> Tensor
  }
  static let kinds = [
    Kind(name: "sum", fused: { $0.sum($1[0], $1[1], axes: $2) }, stored: { $0.sum(axes: $1) }),
    Kind(name: "mean", fused: { $0.mean($1[0], $1[1], axes: $2) }, stored: { $0.mean(axes: $1) }),
    Kind(name: "prod", fused: { $0.prod($1[0], $1[1], axes: $2) }, stored: { $0.prod(axes: $1) }),
    Kind(name: "max", fused: { $0.max($1[0], $1[1], axes: $2) }, stored: { $0.max(axes: $1) }),
    Kind(name: "min", fused: { $0.min($1[0], $1[1], axes: $2) }, stored: { $0.min(axes: $1) }),
  ]
  /// On both sides of what a reduction is cut into: 8 lanes and 64, blocks of 1,024 and pairs of them, bands of 64 rows, parts of 32,768.
  static let shapes: [Shape] = [
    [1], [7], [9], [63], [64], [65], [1023], [1024], [1025], [2047], [2048], [2049], [3071], [5000], [32_767], [32_768], [32_769], [65_535],
    [100_003], [1_000_000], [3, 5], [16, 63], [17, 7], [1000, 3], [3, 1000], [300, 1100], [1100, 300], [2, 70_000], [70_000, 2],
    [40_000, 9],
    [5, 2048], [64, 513], [65, 512], [130, 1025], [4097, 8], [9000, 8], [20_000, 5], [1, 3000], [3000, 1], [3, 70, 11], [40, 1030, 3],
    [7, 130, 520], [2, 5000, 16], [3, 2050, 6], [100, 100, 100], [9, 4200, 10], [5, 1, 4000], [2, 3, 700, 5], [8, 9, 10, 8, 9],
  ]

  static func bits(_ x: Tensor) -> [UInt8] {
    x.read { [UInt8](UnsafeRawBufferPointer(start: $0, count: x.elementCount * x.dtype.byteCount)) } ?? []
  }

  /// All axes, and each set of some of them.
  static func axisSets(_ shape: Shape) -> [[Int]] {
    (0..<(1 << shape.rank) - 1).map { bits in (0..<shape.rank).filter { bits >> $0 & 1 == 1 } }
  }

  /// Values that are stored give the bits of those that are not, at one thread and at all.
  @Test(arguments: shapes) func storedValuesGiveTheSameBits(_ shape: Shape) throws {
    let before = Threads.count
    defer { Threads.count = before }
    let axisSets = Self.axisSets(shape)
    for dtype in [DType.float32, .float64, .int32] {
      let (u, v) = (withSeed(1) { Tensor.normal(shape) }, withSeed(2) { Tensor.normal([shape[-1]]) })
      let (x, y) = dtype.isInteger ? ((u * 3).cast(to: dtype), (v * 3).cast(to: dtype)) : (u.cast(to: dtype), v.cast(to: dtype))
      // Read as it lies, and along another axis than it lies.
      let back = Array((0..<shape.rank).reversed())
      let turned = try x.permuted(back).contiguousCopy().permuted(back)
      let jobs: [(Elementwise, Tensor)] =
        dtype == .float32
        ? [(Elementwise { x, y in 1 + 0.01 * x * y }, x), (Self.error, turned), (Elementwise { x, _ in x * 2 }, x)] : [(Self.error, x)]
      for (kernel, x) in jobs {
        let values = kernel(x, y.expanded(shape))
        for kind in Self.kinds where !(dtype.isInteger && kind.name == "mean") {
          for axes in axisSets {
            Threads.count = before
            let stored = Self.bits(kind.stored(values, axes))
            for threads in [1, before] {
              Threads.count = threads
              #expect(Self.bits(kind.fused(kernel, [x, y], axes)) == stored, "\(kind.name) of \(dtype) over \(axes)")
            }
          }
        }
      }
    }
  }

  /// Inside a gradient call a result that waits gives the bits of one whose elements somebody has read, and the same gradient.
  @Test(arguments: shapes) func waitingResultsGiveTheSameBits(_ shape: Shape) {
    let before = Threads.count
    defer { Threads.count = before }
    for dtype in [DType.float32, .float64] {
      let x = withSeed(3) { Tensor.normal(shape) }.cast(to: dtype)
      for axes in Self.axisSets(shape) {
        for threads in [1, before] {
          Threads.count = threads
          func run(_ kind: Kind, reads: Bool) -> [[UInt8]] {
            let (value, slope) = valueAndGradient(at: x) { x -> Tensor in
              let y = exp(x * 0.5) * x
              #expect(y.isWaiting == (x.elementCount >= Blocks.grain))
              if reads { _ = y.scalars(Double.self) }
              return (kind.stored(y, axes) * 0.25).sum()
            }
            var reduced: Tensor?
            _ = gradient(at: x) { x -> Tensor in
              let y = exp(x * 0.5) * x
              if reads { _ = y.scalars(Double.self) }
              reduced = kind.stored(y, axes)
              return x.sum()
            }
            return [Self.bits(value), Self.bits(slope), Self.bits(reduced!)]
          }
          for kind in Self.kinds where kind.name == "sum" || kind.name == "mean" {
            #expect(run(kind, reads: false) == run(kind, reads: true), "\(kind.name) of \(dtype) over \(axes)")
          }
        }
      }
    }
  }

  /// Means whose sums overflow, infinite elements, NaN and zeros of either sign.
  @Test func specialValuesGiveTheSameBits() {
    for dtype in [DType.float32, .float64] {
      let largest = dtype == .float32 ? Double(Float.greatestFiniteMagnitude) : .greatestFiniteMagnitude
      for values in [
        [largest, largest, -largest], [.infinity, 1, 2], [.infinity, -.infinity, 1], [.nan, 1, 2], [-0.0, 0, -0.0], [-0.0],
      ] {
        for shape in [[40], [1500], [70, 9], [3, 1100, 2]] as [Shape] {
          let x = Tensor((0..<shape.elementCount).map { values[$0 * 7 / 3 % values.count] }, dtype).reshaped(shape)
          let kernel = Elementwise { x, y in x + y }
          let zero = Tensor([-0.0], dtype).expanded(shape)
          for kind in Self.kinds {
            for axes in Self.axisSets(shape) {
              #expect(
                Self.bits(kind.fused(kernel, [x, zero], axes)) == Self.bits(kind.stored(kernel(x, zero), axes)),
                "\(kind.name) of \(values) \(shape) over \(axes)")
            }
          }
        }
      }
    }
  }
}
