import Fluxion
import Foundation
import Testing

@testable import Tensors

/// Sums of very many float32 terms keep their digits: each kernel that adds up, beside the same in float64.
///
/// All terms are positive, so that errors of one sign add up; the bound is on the relative error. 10⁶ terms in a debug build, 10⁷ in a release build,
/// or what the environment's `FLUXION_TERMS` says.
@Suite struct LongSumTests {
  #if DEBUG
    private static let usual = 1_000_000
  #else
    private static let usual = 10_000_000
  #endif
  static let terms = ProcessInfo.processInfo.environment["FLUXION_TERMS"].flatMap(Int.init) ?? usual
  /// Each within this of float64's, relative to the result.
  static let bound = 4e-6

  struct Row: Sendable, CustomStringConvertible {
    let name: String
    let shape: @Sendable (Int) -> Shape
    let call: @Sendable (Tensor) -> Tensor
    var description: String { name }
    init(_ name: String, _ shape: @escaping @Sendable (Int) -> Shape, _ call: @escaping @Sendable (Tensor) -> Tensor) {
      (self.name, self.shape, self.call) = (name, shape, call)
    }
  }

  @Test(arguments: rows + featureRows)
  func digitsStay(_ row: Row) throws {
    var random = RandomStream(seed: 3)
    let x = Tensor.uniform(row.shape(Self.terms), in: 0.5..<1.5, using: &random)
    let y = row.call(x).cast(to: .float64)
    let truth = row.call(x.cast(to: .float64))
    let error = (abs(y - truth) / abs(truth)).max().item()
    #expect(error <= Self.bound && y.elementCount > 0, "\(row.name): relative error \(error)")
  }

  #if !DEBUG
    @Test func onesAreCounted() {
      let x = Tensor.ones([8, 30_000_000])
      #expect((x • x.transposed())[7, 3].item() == 30_000_000)
      #expect((x[0..<1] • x[0..<1].transposed()).item() == 30_000_000)
    }
  #endif
}
