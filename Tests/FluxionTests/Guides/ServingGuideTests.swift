import Fluxion
import Foundation
import Testing

/// The code of Guides/Serving.md, compiled and run.
@Suite struct ServingGuideTests {
  private typealias Classifier = Chain

  private static func classifier(seed: UInt64 = 1) -> Classifier {
    withSeed(seed) {
      Chain {
        Dense(784, 128, activation: relu); Dropout(0.5); Dense(128, 10)
      }
    }
  }

  private actor Weights {
    private(set) var model: Classifier
    init(_ model: Classifier) { self.model = model }
    func load(from path: String) throws { try model.load(from: path) }
  }

  private struct Refusal: Error {
    let sentence: String
    init(_ sentence: String) { self.sentence = sentence }
  }

  /// Eight tasks share a model, and each gets what it would get alone.
  @Test func tasksShareAModel() async {
    let model = Self.classifier()
    let requests = withSeed(2) { (0..<64).map { _ in Tensor.uniform([4, 784]) } }
    let expected = requests.map { model.predict($0) }
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for i in stride(from: task, to: 64, by: 8) { #expect(isIdentical(model.predict(requests[i]), expected[i])) }
        }
      }
    }

    let answers = await withTaskGroup(of: Tensor.self) { group in
      for request in requests { group.addTask { model.predict(request) } }
      return await group.reduce(into: [Tensor]()) { $0.append($1) }
    }
    #expect(answers.count == 64 && answers.allSatisfy { answer in expected.contains { isIdentical($0, answer) } })
  }

  @Test func anActorKeepsTheCurrentModel() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "weights.safetensors").path
    let (old, new) = (Self.classifier(), Self.classifier(seed: 9))
    try new.save(to: path)
    let weights = Weights(old)
    let taken = await weights.model
    try await weights.load(from: path)
    let x = Tensor.ones([1, 784])
    #expect(isIdentical(taken.predict(x), old.predict(x)))
    #expect(isIdentical(await weights.model.predict(x), new.predict(x)))
  }

  @Test func batches() {
    let model = Self.classifier()
    let waiting = withSeed(3) { (0..<5).map { _ in Tensor.uniform([784]) } }
    let batch = stack(waiting, axis: 0)  // [waiting, 784]
    let outputs = model.predict(batch)  // [waiting, 10]
    let each = outputs.unstacked(axis: 0)  // a row for each
    for (row, x) in zip(each, waiting) { #expect(distance(row, model.predict(x.unsqueezed(axis: 0))[0]) < 1e-5) }
  }

  @Test func mistakes() throws {
    let model = Self.classifier()
    let sentence = "linear: [1, 783] for a weight of shape [128, 784]: the last axis must be 784, in layers.0 (Dense)"
    do {
      let y = try checked { model.predict(Tensor.ones([1, 783])) }
      print(y)
    } catch {
      print(error)  // linear: [1, 783] for a weight of shape [128, 784]: the last axis must be 784, in layers.0 (Dense)
      #expect("\(error)" == sentence)
    }
    let shape = try model.outputShape(for: [1, 784])  // [1, 10]; throws the same sentence
    #expect(shape == [1, 10])
    #expect { try model.outputShape(for: [1, 783]) } throws: { "\($0)" == sentence }
  }

  /// A row that is not finite has no influence on the others of its batch.
  @Test func numbersThatAreNotFinite() throws {
    let model = Self.classifier()
    func check(_ input: Tensor) throws {
      guard input.isFinite.all().item(as: Bool.self) else { throw Refusal("the input has numbers that are not finite") }
    }
    let good = withSeed(4) { Tensor.uniform([3, 784]) }
    try check(good)
    for bad in [Double.nan, .infinity, -.infinity] {
      let input = concatenate([good, Tensor.full([1, 784], Float(bad))], axis: 0)
      #expect(throws: Refusal.self) { try check(input) }
      let outputs = model.predict(input)
      #expect(distance(outputs[0..<3], model.predict(concatenate([good, .ones([1, 784])], axis: 0))[0..<3]) == 0)
    }
  }

  @Test func memory() async {
    // In a process of its own: the limit is for all threads.
    await #expect(processExitsWith: .success) {
      Memory.limit = 2 << 30  // 2 GiB for all tensors; a request beyond that throws inside of checked
      print(Memory.liveBytes, Memory.peakBytes, Memory.cachedBytes)
      #expect(throws: TensorError.self) { try checked { Tensor.zeros([1 << 30]) } }
    }
  }
}
