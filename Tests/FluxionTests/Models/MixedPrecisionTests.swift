import Fluxion
import Foundation
import Testing

@testable import Tensors

/// Models and training inside of `withPrecision`.
@Suite struct MixedPrecisionTests {
  /// The sizes of the difference and of what it is held against, over all elements.
  private func error(_ x: Tensor, _ y: Tensor) -> Double {
    let (x, y) = (x.cast(to: .float64), y.cast(to: .float64))
    let difference = x - y
    return ((difference * difference).sum().item() / max((y * y).sum().item(), 1e-60)).squareRoot()
  }

  /// Functions that multiply: their results and gradients are float32, near those of float32 and others than those.
  static let functions: [(name: String, inputs: [Shape], call: @Sendable ([Tensor]) -> Tensor)] = [
    ("matmul", [[20, 30], [30, 40]], { $0[0] • $0[1] }),
    ("batched matmul", [[3, 20, 30], [3, 30, 8]], { $0[0] • $0[1] }),
    ("linear", [[20, 30], [40, 30], [40]], { linear(tanh($0[0]), weight: $0[1], bias: $0[2]) }),
    ("einsum", [[4, 5, 6], [4, 6, 7]], { einsum("bij,bjk->bik", $0[0], $0[1]) }),
    ("attention", [[2, 3, 33, 16], [2, 3, 33, 16], [2, 3, 33, 16]], { attention($0[0], $0[1], $0[2], isCausal: true) }),
    ("convolution", [[2, 5, 9, 9], [6, 5, 3, 3], [6]], { convolution($0[0], weight: $0[1], bias: $0[2], padding: 1) }),
    ("depthwise convolution", [[2, 6, 9], [6, 1, 3]], { convolution($0[0], weight: $0[1], groups: 6) }),
    ("transposed convolution", [[2, 5, 9], [5, 4, 3]], { convolutionTransposed($0[0], weight: $0[1]) }),
  ]

  @Test(arguments: functions.indices, [ProductPrecision.bfloat16, .float16])
  func functionsComputeInSixteenBits(_ index: Int, _ precision: ProductPrecision) {
    let (name, shapes, call) = Self.functions[index]
    let x = shapes.enumerated().map { i, shape in withSeed(UInt64(i)) { Tensor.normal(shape) } }
    let weight = withSeed(9) { Tensor.normal(call(x).shape) }
    let expected = (call(x), gradient(at: x) { (call($0) * weight).sum() })
    let y = withPrecision(precision) { call(x) }
    // Gradients' products, too, whose pass is outside of the scope.
    let gradients = gradient(at: x) { x in (withPrecision(precision) { call(x) } * weight).sum() }
    let bound = precision == .bfloat16 ? 0.01 : 0.0015
    for (a, b) in [(y, expected.0)] + zip(gradients, expected.1) {
      #expect(a.dtype == .float32)
      #expect(error(a, b) < bound, "\(name)")
    }
    #expect(error(y, expected.0) > bound / 1000, "\(name)")
    #expect(error(gradients[0], expected.1[0]) > bound / 1000 && error(gradients[1], expected.1[1]) > bound / 1000, "\(name)")
    // What is float64, or no product, is as ever.
    let double = x.map { $0.cast(to: .float64) }
    #expect(withPrecision(precision) { call(double) }.hasSameElements(as: call(double)))
    #expect(withPrecision(precision) { exp(x[0]).sum(axis: 0) }.hasSameElements(as: exp(x[0]).sum(axis: 0)))
  }

  /// Scopes nest, end with an error, and are the thread's.
  @Test func scopes() throws {
    struct Stop: Error {}
    #expect(currentPrecision == .float32)
    withPrecision(.bfloat16) {
      #expect(currentPrecision == .bfloat16)
      withPrecision(.float32) { #expect(currentPrecision == .float32) }
      try? withPrecision(.float16) { throw Stop() }
      #expect(currentPrecision == .bfloat16)
    }
    #expect(currentPrecision == .float32)
    let (a, b) = withSeed(1) { (Tensor.normal([9, 8]), Tensor.normal([8, 7])) }
    #expect(withPrecision(.bfloat16) { withPrecision(.float32) { a • b } }.hasSameElements(as: a • b))
    let error = try? withPrecision(.bfloat16) { () throws -> String in
      do {
        _ = try checked { a • Tensor.ones([9, 2]) }
        return ""
      } catch { return "\(error)" }
    }
    #expect(error == "matmul: [9, 8] • [9, 2]: inner dimensions 8 and 9 differ")
    // Of second order, of shapes alone, and in a profile.
    func slope(_ a: Tensor) -> Tensor { gradient(at: a) { a in pow(a • b, 2).sum() } }
    let second = withPrecision(.bfloat16) { gradient(at: a) { a in pow(slope(a), 2).sum() } }
    let expected = gradient(at: a) { a in pow(slope(a), 2).sum() }
    #expect(self.error(second, expected) < 0.03 && !second.hasSameElements(as: expected))
    let (_, profile) = profile { withPrecision(.bfloat16) { a • b } }
    #expect(profile.rows.contains { $0.operation == "matmul" && $0.multiplyAdds == 9 * 8 * 7 })
  }

  /// What the tape keeps of a layer's input that an operator computed is in 16 bits; parameters are not copied.
  @Test func tapeKeepsSixteenBits() {
    let (x, w) = withSeed(1) { (Tensor.normal([512, 512]), Tensor.normal([4, 512])) }
    func kept(_ precision: ProductPrecision) -> Int {
      var bytes = 0
      _ = gradient(at: x, w) { x, w in
        let before = Memory.liveBytes
        let y = withPrecision(precision) { linear(x.rolled(by: 1, axis: 0), weight: w, bias: .zeros([4])) }
        bytes = Memory.liveBytes - before
        return y.sum()
      }
      return bytes
    }
    let (full, half) = (kept(.float32), kept(.bfloat16))
    #expect(full > 4 * 512 * 512 && Double(half) < 0.55 * Double(full), "\(half) of \(full)")
  }

  static let models: [(name: String, make: @Sendable () -> Chain, input: Shape)] = [
    (
      "dense",
      {
        Chain {
          Dense(12, 40, activation: gelu); Dense(40, 3)
        }
      }, [16, 12]
    ),
    (
      "block",
      {
        Chain {
          TransformerEncoderBlock(16, heads: 2, hidden: 32, activation: gelu, dropout: 0); Dense(16, 3)
        }
      }, [4, 9, 16]
    ),
    (
      "convolution",
      {
        Chain {
          Conv2D(2, 6, kernel: 3, activation: relu); Flatten(); Dense(6 * 36, 3)
        }
      }, [5, 2, 8, 8]
    ),
    (
      "lstm",
      {
        Chain {
          LSTM(6, 12).unrolled(); Dense(12, 3)
        }
      }, [8, 7, 6]
    ),
    (
      "gru",
      {
        Chain {
          GRU(6, 12).unrolled(); Dense(12, 3)
        }
      }, [8, 7, 6]
    ),
  ]

  /// A compiled model, and a compiled step, are the same to the bit, and have plans of their own for each precision.
  @Test(arguments: models.indices, [ProductPrecision.bfloat16, .float16])
  func compiledIsTheSame(_ index: Int, _ precision: ProductPrecision) {
    let (name, make, shape) = Self.models[index]
    let (model, x) = withSeed(3) { (make(), Tensor.normal(shape)) }
    let fast = model.compiled()
    for _ in 0..<4 {
      #expect(withPrecision(precision) { fast.predict(x) }.hasSameElements(as: withPrecision(precision) { model.predict(x) }), "\(name)")
      #expect(fast.predict(x).hasSameElements(as: model.predict(x)), "\(name)")
    }
    #expect(error(withPrecision(precision) { model.predict(x) }, model.predict(x)) < 0.03, "\(name)")
    #expect(fast.plans.count == 2, "\(fast.plans)")
    func step() -> TrainingStep<Chain, Adam, Tensor> {
      model.trainingStep(optimizer: Adam(learningRate: 1e-2)) { (model: inout Chain, x: Tensor) in
        withPrecision(precision) { pow(model(x), 2).mean() }
      }
    }
    var (plain, planned) = (step(), step().compiled())
    for _ in 0..<5 { #expect(plain(x).item() == planned(x).item(), "\(name)") }
    for (a, b) in zip(plain.model.parameters, planned.model.parameters) {
      #expect(a.value.hasSameElements(as: b.value), "\(name) \(a.name)")
    }
  }
}
