import Fluxion
import Testing

/// What single initialisers promise; LayerTests has the moments of those that are one distribution.
@Suite struct InitializerTests {
  /// Bounds of −1 to 1 about a mean of 0.5 with deviation 2: nearly uniform; the moments by the textbook's formula.
  @Test(arguments: [(0.0, 1.0, -2.0, 2.0), (0.5, 2.0, -1.0, 1.0), (0.0, 0.02, -2.0, 2.0), (0.0, 1.0, 1.0, 4.0)])
  func truncatedNormalMoments(_ mean: Double, _ deviation: Double, _ low: Double, _ high: Double) {
    var random = RandomStream(seed: 3)
    let w = Initializer.truncatedNormal(mean: mean, standardDeviation: deviation, in: low...high)([400, 200], using: &random)
    func density(_ x: Double) -> Double { (exp(Tensor(-x * x / 2)) / (2 * Double.pi).squareRoot()).item() }
    func distribution(_ x: Double) -> Double { (0.5 * (1 + erf(Tensor(x / 2.0.squareRoot())))).item() }
    let (a, b) = ((low - mean) / deviation, (high - mean) / deviation)
    let mass = distribution(b) - distribution(a)
    let shift = (density(a) - density(b)) / mass
    let variance = 1 + (a * density(a) - b * density(b)) / mass - shift * shift
    #expect(w.min().item() >= low && w.max().item() <= high)
    let wanted = deviation * variance.squareRoot()
    #expect(abs(w.mean().item() - (mean + deviation * shift)) < 4 * wanted / 280)
    #expect(abs(w.standardDeviation().item() - wanted) < 4 * wanted / 280)
    #expect(w.dtype == .float32)
  }

  @Test func sparseColumns() {
    let w = withSeed(4) { Initializer.sparse(0.33, standardDeviation: 0.5)([100, 60]) }
    let zeros = (w .== 0).cast(to: .float32).sum(axis: 0)
    #expect(zeros.scalars(Float.self).allSatisfy { $0 == 33 })
    #expect((w[.all, 0] .== w[.all, 1]).cast(to: .float32).sum().item() < 33)
    let deviation = (w.squared.sum() / (67 * 60)).item().squareRoot()
    #expect(abs(deviation - 0.5) < 4 * 0.5 / (2 * 67 * 60.0).squareRoot())
    #expect(withSeed(4) { Initializer.sparse(0.001)([3, 2]) }.scalars(Float.self).count { $0 == 0 } == 2)
  }

  @Test func identities() {
    #expect(Initializer.identity(gain: 2)([2, 3]).scalars(Float.self) == [2, 0, 0, 0, 2, 0])
    let x = withSeed(1) { Tensor.normal([2, 4, 5, 6]) }
    let y = convolution(x, weight: Initializer.dirac()([4, 4, 3, 3]), padding: [1, 1])
    #expect(distance(y, x) == 0)
    // Two groups: each of the six outputs of a group gives back the group's channels, as far as there are any.
    let w = Initializer.dirac(groups: 2)([6, 2, 4])
    #expect(w[.all, .all, 2].scalars(Float.self) == [1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0])
    #expect(w.sum().item() == 4)
  }

  /// PyTorch's `calculate_gain`.
  @Test func gains() {
    let gains: [Double] = [.linear, .sigmoid, .tanh, .relu, .leakyRelu(), .leakyRelu(slope: 0.2), .selu].map {
      Initializer.gain(for: $0)
    }
    let wanted = [1, 1, 1.6666666666666667, 1.4142135623730951, 1.4141428569978354, 1.3867504905630728, 0.75]
    #expect(zip(gains, wanted).allSatisfy { abs($0 - $1) < 1e-15 })
  }

  @Test func fansOfEitherSide() {
    var random = RandomStream(seed: 11)
    for (fan, wanted) in [(Initializer.Fan.inputs, 200.0), (.outputs, 400)] {
      let w = Initializer.kaimingNormal(gain: 1, fan: fan)([400, 200], using: &random)
      #expect(abs(w.standardDeviation().item() - (1 / wanted).squareRoot()) < 4 / wanted.squareRoot() / 280)
    }
  }
}
