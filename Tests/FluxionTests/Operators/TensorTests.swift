import Autodiff
import Foundation
import Tensors
import Testing

/// What is not an operator: text, comparison with tolerance, the way back to Swift, and use from several threads.
@Suite struct TensorTests {
  static let descriptions: [(Tensor, String)] = [
    ([[1, 2], [3, 4]], "[[1, 2],\n [3, 4]]"),
    ([[1, -2.5], [300, 4]], "[[  1.0,  -2.5],\n [300.0,   4.0]]"),
    (Tensor([1, 20], .int64), "[ 1, 20] (int64)"),
    (Tensor([[1, 2], [3, 4]], .int64), "[[1, 2],\n [3, 4]] (int64)"),
    (Tensor([[Float]]()), "[]"),
    (Tensor([true, false]), "[ true, false]"),
    (Tensor(2.5, .float64), "2.5 (float64)"),
    ([], "[]"),
    (Tensor.zeros([2, 0], .int32), "[] (int32, [2, 0])"),
    (Tensor([Float.nan, .infinity, -.infinity, 1]), "[ nan,  inf, -inf,    1]"),
    (Tensor([Float(1e-6), 1]), "[1.0000e-06, 1.0000e+00]"),
    (.arange(2000), "[   0,    1,    2, …, 1997, 1998, 1999] (int64)"),
    (Tensor.zeros([2, 1, 2]), "[[[0, 0]],\n\n [[0, 0]]]"),
    (Tensor([Float](repeating: 1, count: 2)).expanded([2, 2]).transposed(), "[[1, 1],\n [1, 1]]"),
  ]

  @Test(arguments: descriptions) func description(_ x: Tensor, _ text: String) {
    #expect(x.description == text)
  }

  @Test func descriptionsAreShort() {
    let x = Tensor.zeros([100, 100])
    #expect(x.description.count < 500)
    #expect(x.description.split(separator: "\n").count == 7)
    #expect("\(dryRun { Tensor.zeros([3]) })" == "Tensor([3], float32)")
  }

  struct Closeness: Sendable {
    var x: [Double]
    var y: [Double]
    var isClose: Bool
    var equalNaN = false
  }

  @Test(arguments: [
    Closeness(x: [1, 2], y: [1, 2], isClose: true),
    Closeness(x: [1], y: [1.000009], isClose: true),
    Closeness(x: [1], y: [1.00002], isClose: false),
    Closeness(x: [0], y: [1e-9], isClose: true),
    Closeness(x: [0], y: [1e-7], isClose: false),
    Closeness(x: [.infinity], y: [.infinity], isClose: true),
    Closeness(x: [.infinity], y: [-.infinity], isClose: false),
    Closeness(x: [1e308], y: [.infinity], isClose: false),
    Closeness(x: [.nan], y: [.nan], isClose: false),
    Closeness(x: [.nan], y: [.nan], isClose: true, equalNaN: true),
    Closeness(x: [.nan], y: [1], isClose: false, equalNaN: true),
    Closeness(x: [1, 1], y: [1], isClose: false),
  ])
  func closeness(_ row: Closeness) {
    #expect(Tensor(row.x).isClose(to: Tensor(row.y), equalNaN: row.equalNaN) == row.isClose)
    #expect(Tensor(row.x).isClose(to: Tensor(row.y).cast(to: .float32), equalNaN: row.equalNaN) == false)
  }

  @Test func backToSwift() {
    let x = Tensor([1.5, -2, 3, 4], shape: [2, 2], .float64)
    #expect(x.scalars(Double.self) == [1.5, -2, 3, 4])
    #expect(x.transposed().scalars(Double.self) == [1.5, 3, -2, 4])
    #expect([Double](x[1]) == [3, 4])
    #expect(x[0, 1].item() == -2 && x[0, 1].item(as: Double.self) == -2)
    #expect(Tensor(Int32(7)).item(as: Int32.self) == 7 && Tensor(true).item() == 1)
    #expect(x.transposed()[0].withElements(Double.self) { Array($0) } == [1.5, 3])
    #expect(Tensor([Int]()).scalars(Int.self) == [])
    #expect(Tensor([Int.max, Int.min]).scalars(Int64.self) == [.max, .min])
  }

  @Test func shapes() {
    let shape: Shape = [2, 3, 4]
    #expect(shape.rank == 3 && shape.elementCount == 24 && shape[-1] == 4 && shape[0] == 2 && Array(shape) == [2, 3, 4])
    #expect(shape == Shape([2, 3, 4]) && shape != [2, 3] && "\(shape)" == "[2, 3, 4]" && Set([shape, shape]).count == 1)
    #expect(Shape().elementCount == 1 && Shape(repeating: 2, rank: 3) == [2, 2, 2])
    #expect(
      DType.float32.byteCount == 4 && DType.bool.byteCount == 1
        && DType.allCases.map(\.description).joined(separator: " ") == "float32 float64 int32 int64 bool float16 bfloat16 complex64 complex128")
  }

  /// A copy is a copy, whatever happens to the other one.
  @Test func copiesAreIndependent() {
    let x = Tensor([1.0, 2.0, 3.0, 4.0], shape: [2, 2], .float64)
    var (copy, view) = (x, x.transposed())
    copy[0] = Tensor([9.0, 9.0], .float64)
    view += 1
    view[1, 0] *= 10
    copy.fill(with: 5)
    #expect(Grid(x) == Grid([2, 2], [1, 2, 3, 4]))
    #expect(Grid(view) == Grid([2, 2], [2, 4, 30, 5]))
    #expect(Grid(copy) == Grid([2, 2], [5, 5, 5, 5]))
  }

  /// Several threads at once, each with tapes and seeds of its own, and all with the one pool.
  @Test func severalThreads() async {
    func work(_ n: Int) -> [Double] {
      withSeed(UInt64(n)) {
        let x = Tensor.normal([n * 40, 900], .float64)
        let (value, slope) = valueAndGradient(at: x) { x in
          (tanh(x) * x.softmax()).sum() + (x • Tensor.ones([900, 30], .float64)).squared.mean()
        }
        return [value.item(), slope.sum().item(), slope.max().item()]
      }
    }
    let alone = (1...6).map(work)
    let together = await withTaskGroup(of: (Int, [Double]).self) { group in
      for n in 1...6 { group.addTask { (n, work(n)) } }
      return await group.reduce(into: [Int: [Double]]()) { $0[$1.0] = $1.1 }
    }
    #expect((1...6).map { together[$0] } == alone)
  }
}
