import Fluxion
import Foundation
import LayerRows
import Tensors
import Testing

/// A compiled function gives what the function gives, to the bit, at each of its first four calls: traced, traced again, planned, planned.
@Suite struct CompiledLawTests {
  /// Values and gradients of every operator, at the sample and at sizes that threads share.
  @Test(arguments: OperatorTable.rows)
  func operators(_ row: OperatorRow) {
    for (i, shapes) in row.cases.enumerated() where i == 0 || OperatorRow.isLarge(shapes) {
      for dtype in i == 0 ? row.dtypes : [row.dtypes[0]] {
        let x = row.operands(shapes, dtype).map { $0.tensor(dtype) }
        check("\(shapes) \(dtype)", x) { row.apply($0, dtype) }
        if !row.slopedInputs.isEmpty && dtype.isFloatingPoint {
          check("gradient, \(shapes) \(dtype)", x) { x in
            gradients(of: x, row.slopedInputs) { pow(row.apply($0, dtype), 2).sum() }
          }
        }
      }
    }
  }

  private func gradients(of x: [Tensor], _ inputs: [Int], _ f: ([Tensor]) -> Tensor) -> Tensor {
    let parts = inputs.map { i in
      gradient(at: x[i]) { xi in
        var x = x
        x[i] = xi
        return f(x)
      }.flattened()
    }
    return concatenate(parts)
  }

  private func check(_ what: String, _ x: [Tensor], _ f: @escaping @Sendable ([Tensor]) -> Tensor) {
    let expected = f(x)
    let compiled = compile(fallback: .eager) { (x: [Tensor]) in f(x) }
    for call in 1...4 {
      let y = compiled(x)
      #expect(y.isSame(as: expected), "\(what), call \(call): \(compiled.plans)")
    }
    #expect(compiled.graph != nil || CompiledLawTests.withoutPlan.contains { compiled.plans[0].contains($0) }, "\(what): \(compiled.plans)")
  }

  /// Why there are operators without a plan: what they give depends on their operands' elements beyond their values.
  static let withoutPlan = ["elements of a tensor that depends on the inputs are read"]

  /// Answers, gradients and the state that a run leaves, of every layer in both modes.
  @Test(arguments: layerList)
  func layers(_ row: LayerRow) {
    func check<M: Model<Tensor, Tensor>>(_ model: M) {
      for mode in [Mode.inference, .training] {
        var (plain, fast) = (model, model.compiled(fallback: .eager))
        for call in 1...4 {
          let x = row.sample(UInt64(call))
          let (a, b) = withMode(mode) { (plain(x), fast(x)) }
          #expect(a.isSame(as: b), "\(mode), call \(call): \(fast.plans)")
        }
        #expect(!fast.plans.joined().contains("operator by operator"), "\(mode): \(fast.plans)")
        let x = row.sample(9)
        #expect(plain.predict(x).isSame(as: fast.predict(x)), "\(mode), what a run leaves")
      }
      guard row.dtype.isFloatingPoint, model.parameterCount > 0 else { return }
      var plain = model.trainingStep(optimizer: SGD(learningRate: 0.01, momentum: 0.9)) { (model: inout M, x: Tensor) in
        pow(model(x), 2).mean()
      }
      var fast = plain.compiled(fallback: .eager)
      for call in 1...4 {
        let x = row.sample(UInt64(call))
        let (a, b) = (plain(x), fast(x))
        #expect(a.isSame(as: b), "loss, call \(call): \(fast.plans)")
        for (a, b) in zip(plain.model.parameters, fast.model.parameters) {
          #expect(a.value.isSame(as: b.value), "\(a.name), call \(call): \(fast.plans)")
        }
      }
      #expect(!fast.plans.joined().contains("operator by operator"), "\(fast.plans)")
    }
    check(row.layer())
  }

  /// Steps of every optimizer.
  @Test(arguments: OptimizerRow.ungrouped)
  func optimizers(_ row: OptimizerRow) {
    func check<O: Optimizer>(_ optimizer: O) {
      let model = withSeed(1) {
        Chain {
          Dense(4, 8, activation: tanh); Dropout(0.2); Dense(8, 2)
        }
      }
      var plain = model.trainingStep(optimizer: optimizer) { model, x, y in pow(model(x) - y, 2).mean() }
      var fast = plain.compiled()
      for call in 0..<6 {
        let (x, y) = withSeed(UInt64(call)) { (Tensor.normal([5, 4]), Tensor.normal([5, 2])) }
        #expect(plain(x, y).isSame(as: fast(x, y)), "call \(call)")
        // Numbers of the optimizer are no part of the plan.
        if call == 3 {
          plain.optimizer.learningRate *= 0.5
          fast.optimizer.learningRate *= 0.5
        }
      }
      for (a, b) in zip(plain.model.parameters, fast.model.parameters) { #expect(a.value.isSame(as: b.value), "\(a.name)") }
      #expect(fast.plans.count == 1)
    }
    check(row.make())
  }
}

extension CompiledLawTests {
  /// A run of `fit` has the same losses and leaves the same bits, also where it is taken up at a checkpoint the other way.
  @Test(arguments: [[true], [true, false], [false, true]])
  func fit(_ ways: [Bool]) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fluxion-compiled-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (x, y) = (withSeed(1) { Tensor.normal([40, 6]) }, Tensor((0..<40).map { Int64($0 % 3) }))
    let data = TensorDataset(x, y)
    func model() -> Chain {
      withSeed(2) {
        Chain {
          Dense(6, 8); BatchNorm(8); relu; Dropout(0.25); Dense(8, 3)
        }
      }
    }
    func run(_ model: inout Chain, _ epochs: Int, _ isCompiled: Bool, _ checkpoints: String?) throws -> History {
      try model.fit(
        data, loss: crossEntropy, optimizer: Adam(learningRate: 0.01), epochs: epochs, batchSize: 16, seed: 3, clip: .norm(1),
        checkpoints: checkpoints, resume: checkpoints != nil, progress: .none, compiled: isCompiled)
    }
    var (plain, fast) = (model(), model())
    let expected = try run(&plain, 6, false, nil)
    var history = History()
    for (i, isCompiled) in ways.enumerated() {
      fast = model()
      history = try run(&fast, 6 * (i + 1) / ways.count, isCompiled, folder)
    }
    #expect(history.epochs.map(\.training.loss) == expected.epochs.map(\.training.loss))
    for (a, b) in zip(plain.parameters, fast.parameters) { #expect(a.value.isSame(as: b.value), "\(a.name)") }
    #expect(plain.predict(x).isSame(as: fast.predict(x)))
  }
}

extension Tensor {
  private var bits: [UInt64] { copyOfElements.map(\.bitPattern) }
  /// Whether shape, dtype and every bit are the same.
  fileprivate func isSame(as other: Tensor) -> Bool { shape == other.shape && dtype == other.dtype && bits == other.bits }
}
