import Fluxion
import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// The blocks of the guide to compiled models.
@Suite struct CompiledGuideTests {
  private let model = withSeed(1) {
    Chain {
      Dense(4, 8, activation: tanh); Dense(8, 3)
    }
  }

  @Test func models() {
    let x = Tensor.ones([2, 4])
    var fast = model.compiled()
    let y = fast.predict(x)
    for _ in 0..<3 { #expect([Float](fast(x)) == [Float](y)) }
    #expect(fast.graph != nil)
  }

  @Test func trainingSteps() throws {
    let batches = (0..<5).map { i in withSeed(UInt64(i)) { (Tensor.normal([6, 4]), Tensor([0, 1, 2, 0, 1, 2])) } }
    var losses: [Double] = []
    var step = model.trainingStep(optimizer: Adam(learningRate: 1e-3)) { model, x, y in crossEntropy(model(x), y) }.compiled()
    for (x, y) in batches { losses.append(step(x, y).item()) }
    print(step.plans)
    #expect(losses.count == 5 && step.plans.count == 1 && step.graph != nil)

    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fluxion-graph-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    if let graph = step.graph {
      try graph.svg(title: "A step").write(toFile: folder + "/step.svg", atomically: true, encoding: .utf8)
      try graph.dot.write(toFile: folder + "/step.dot", atomically: true, encoding: .utf8)
    }
    let (picture, dot) = (
      try String(contentsOfFile: folder + "/step.svg", encoding: .utf8), try String(contentsOfFile: folder + "/step.dot", encoding: .utf8)
    )
    let count = step.graph?.nodes.count ?? 0
    #expect(count > 0 && picture.components(separatedBy: "<g><title>").count == count + 1 + (step.graph?.inputs.count ?? 0))
    #expect(XMLParser(data: Data(picture.utf8)).parse() && dot.hasPrefix("digraph {") && dot.contains("->"))
  }

  @Test func fitting() throws {
    var network = model
    let train = TensorDataset(withSeed(1) { .normal([96, 4]) }, Tensor((0..<96).map { Int64($0 % 3) }))
    let history = try network.fit(train, loss: crossEntropy, optimizer: Adam(learningRate: 1e-3), epochs: 3, compiled: true)
    #expect(history.epochs.count == 3)
  }

  @Test func functions() {
    let slope = compile { (x: Tensor, w: Tensor) in gradient(at: x) { x in (tanh(x) * w).sum() } }
    for _ in 0..<4 { #expect(slope([0], [3]).item() == 3) }
  }
}
