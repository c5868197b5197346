import Fluxion
import Foundation
import Testing

/// The README's code, compiled and run: each block stands here to the letter, and the last test looks that it does.
@Suite struct ReadmeTests {
  @Test func chains() throws {
    // A chain: layers, kernels and plain functions compose; loops and conditions may stand among them.
    var model = Chain {
      Dense(2, 16, activation: tanh)
      Dense(16, 1)
    }

    let x: Tensor = [[0, 0], [0, 1], [1, 0], [1, 1]]
    let y: Tensor = [[0], [1], [1], [0]]
    var optimizer = Adam(learningRate: 0.05)

    for _ in 0..<200 {
      let (_, gradient) = valueAndGradient(at: &model) { model in mse(model(x), y) }
      optimizer.update(&model, along: gradient)
    }
    print(model.predict(x))  // inference mode; `model` untouched

    var twin = model  // independent from here on: no scopes, no names to manage
    twin.updateParameters { name, value in value *= 2 }
    print(model.parameters.map(\.name))  // ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]
    #expect(distance(model.predict(x), y) < 0.1)
    #expect(model.parameters.map(\.name) == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"])
    #expect(distance(twin.layers[0].as(Dense.self)!.weight, model.layers[0].as(Dense.self)!.weight * 2) == 0)
  }

  @Test func filesOutliveTheProcess() throws {
    var model = withSeed(1) {
      Chain {
        Dense(2, 16, activation: tanh)
        Dense(16, 1)
      }
    }
    var twin = model
    let x: Tensor = [[0, 0], [0, 1], [1, 0], [1, 1]]
    let y: Tensor = [[0], [1], [1], [0]]
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fluxion-readme-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }

    let run = try twin.fit(
      TensorDataset(x, y), loss: mse, optimizer: AdamW(learningRate: 1e-2), epochs: 20, schedule: Cosine(from: 1e-2, to: 1e-4, steps: 20),
      checkpoints: folder + "/run", resume: true, progress: .none)  // killed at any moment, it goes on to the bit
    try twin.save(to: folder + "/xor.safetensors")  // PyTorch's names and layouts
    try model.load(from: folder + "/xor.safetensors")  // all that does not fit is named before anything changes
    #expect(run.epochs.count == 20)
    #expect(distance(model.predict(x), twin.predict(x)) == 0)
  }

  @Test func ownModels() throws {
    struct Gated: Model {
      var value: Dense, gate: Dense

      init(_ inputs: Int, _ outputs: Int) {
        value = Dense(inputs, outputs)
        gate = Dense(inputs, outputs, activation: sigmoid)
      }

      func callAsFunction(_ x: Tensor) -> Tensor { value(x) * gate(x) }
    }
    #expect(Gated(3, 2)(.zeros([4, 3])).shape == [4, 2])
  }

  @Test func recurrence() throws {
    struct Recurrence: Model {
      var wx: Tensor, wh: Tensor, b: Tensor
      @Recurrent var hidden: Tensor

      init(_ inputs: Int, _ outputs: Int) {
        wx = Initializer.glorotUniform()([inputs, outputs])
        wh = Initializer.orthogonal()([outputs, outputs])
        b = .zeros([outputs])
        _hidden = Recurrent(size: outputs)
      }

      mutating func callAsFunction(_ x: Tensor) -> Tensor {
        hidden = σ(x • wx + hidden • wh + b)
        return hidden
      }
    }

    // Using it another way is a call on it: [batch, time, features] in, [batch, time, outputs] out.
    var sequence = Chain {
      Recurrence(8, 16); Dense(16, 4)
    }.unrolled(steps: 5)
    let outputs = sequence(.normal([2, 5, 8]))
    #expect(outputs.shape == [2, 5, 4])
  }

  @Test func gradients() throws {
    let point: Tensor = [0.5, 1.5]
    let slope = gradient(at: point) { x in (x * x).sum() }
    let curvature = gradient(at: point) { x in gradient(at: x) { sin($0).sum() }.sum() }
    let rows = jacobian(of: { $0.softmax() }, at: point)
    try checkGradient(of: { softplus($0) }, at: point.cast(to: .float64))  // names the worst element if it fails
    #expect(distance(slope, point * 2) < 1e-6)
    #expect(distance(curvature, -sin(point)) < 1e-6)
    #expect(rows.shape == [2, 2])
  }

  @Test func kernelsAndMistakes() throws {
    let mish = Elementwise { x in x * tanh(log1p(exp(x))) }
    var custom = Chain {
      Dense(64, 64); mish; { x in x.reshaped([-1, 8, 8]) }
    }
    print(custom(.normal([3, 64])).shape)  // [3, 8, 8]
    do {
      try checked { _ = custom.predict(.zeros([32, 10])) }
    } catch {
      print(error)  // linear: [32, 10] for a weight of shape [64, 64]: the last axis must be 64, in layers.0 (Dense)
    }
    #expect(custom(.normal([3, 64])).shape == [3, 8, 8])
  }

  /// Every Swift block of the README and the guides occurs in this folder, or in that of its product.
  @Test func everyBlockIsHere() throws {
    let here = URL(filePath: #filePath).deletingLastPathComponent()
    let root = here.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let files = FileManager.default
    // Without white space: the formatter breaks lines where a page need not.
    func bare(_ text: String) -> String {
      // What a test expects may stand between the lines of a block.
      text.split(separator: "\n").filter { $0 != "import Fluxion" && !$0.contains(/^ *#expect\(.*\)$/) }.joined().filter {
        !$0.isWhitespace
      }
    }
    // The guides to pretrained models and to ONNX are tested where their products are.
    let folders = [here, root.appending(path: "Tests/PretrainedTests"), root.appending(path: "Tests/ONNXTests")]
    let sources = try folders.flatMap { try files.contentsOfDirectory(at: $0, includingPropertiesForKeys: nil) }
    let code = try sources.filter { $0.pathExtension == "swift" }
      .map { bare(try String(contentsOf: $0, encoding: .utf8)) }
    let guides = try files.contentsOfDirectory(at: root.appending(path: "Guides"), includingPropertiesForKeys: nil)
    var count = 0
    for page in [root.appending(path: "README.md")] + guides.filter({ $0.pathExtension == "md" }) {
      let parts = try String(contentsOf: page, encoding: .utf8).components(separatedBy: "```swift\n").dropFirst()
      for part in parts {
        let block = part.components(separatedBy: "```")[0]
        #expect(code.contains { $0.contains(bare(block)) }, "a block of \(page.lastPathComponent) is not tested:\n\(block)")
        count += 1
      }
    }
    #expect(count >= 6)
  }
}
