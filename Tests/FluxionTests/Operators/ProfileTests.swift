import Fluxion
import Foundation
import Tensors
import Testing

/// That profiles count what ran, and name it.
@Suite struct ProfileTests {
  private static func model() -> Chain {
    Chain {
      Dense(4, 8, activation: relu)
      Dense(8, 3)
    }
  }

  /// Calls of an operator, and its multiply-adds.
  private func figures(_ profile: Profile, _ operation: String, _ phase: Profile.Phase, _ part: String? = nil) -> [Int] {
    let rows = profile.rows.filter { $0.operation == operation && $0.phase == phase && (part == nil || $0.part == part) }
    return [rows.reduce(0) { $0 + $1.calls }, rows.reduce(0) { $0 + $1.multiplyAdds }]
  }

  @Test func countsAreExact() {
    var (model, optimizer) = (Self.model(), Adam())
    let (x, y) = (Tensor.ones([5, 4]), Tensor([0, 1, 2, 0, 1], .int64))
    for steps in [1, 3] {
      let (loss, profile) = profile {
        var loss = Tensor.zeros([])
        for _ in 0..<steps {
          let (value, gradient) = valueAndGradient(at: &model) { model in crossEntropy(model(x), y) }
          optimizer.update(&model, along: gradient)
          loss = value
        }
        return loss
      }
      #expect(loss.shape == [])
      let (first, second) = (5 * 4 * 8, 5 * 8 * 3)
      #expect(figures(profile, "linear", .forward) == [2 * steps, (first + second) * steps])
      #expect(figures(profile, "linear", .forward, "layers.0 (Dense)") == [steps, first * steps])
      #expect(figures(profile, "linear", .forward, "layers.1 (Dense)") == [steps, second * steps])
      // The gradient at the model's input is not wanted.
      #expect(figures(profile, "matmul", .backward, "layers.0 (Dense)") == [steps, first * steps])
      #expect(figures(profile, "matmul", .backward, "layers.1 (Dense)") == [2 * steps, 2 * second * steps])
      #expect(figures(profile, "relu", .forward, "layers.0 (Dense)") == [steps, 0])
      #expect(figures(profile, "Adam", .update) == [4 * steps, 0])
      #expect(figures(profile, "Adam", .update, "layers.1 (Dense)") == [2 * steps, 0])
      let sums = profile.parts.reduce(0) { $0 + $1.calls }
      #expect(sums == profile.operators.reduce(0) { $0 + $1.calls } && sums == profile.rows.reduce(0) { $0 + $1.calls })
      #expect(profile.rows.allSatisfy { $0.seconds > 0 } && profile.seconds > profile.rows.reduce(0) { $0 + $1.seconds })
    }
  }

  @Test func bytesAreThoseTouched() {
    let (x, y) = (Tensor.ones([6, 10]), Tensor.ones([10]))
    let (_, profile) = profile { (x + x, x + y, x.transposed(), x.sum(axes: [1]), x.cast(to: .float64) + 1) }
    func bytes(_ operation: String) -> Int { profile.operators.filter { $0.operation == operation }.reduce(0) { $0 + $1.bytes } }
    #expect(bytes("+") == 4 * (3 * 60 + 2 * 60 + 10) + 8 * 2 * 60)
    #expect(bytes("sum") == 4 * (60 + 6))
    #expect(profile.operators.filter { $0.bytes == 0 }.allSatisfy { $0.multiplyAdds == 0 })
  }

  /// The ways past the door are closed while it is watched: what they give is the same, and it is seen.
  @Test func shortWaysAreSeen() {
    let (x, w, b) = (Tensor.arange(12).cast(to: .float32).reshaped([3, 4]), Tensor.ones([2, 4]), Tensor.ones([2]))
    func all() -> [Tensor] {
      var sum = x
      sum += x
      return [x + x, x • x.transposed(), linear(x, weight: w, bias: b), x.softmax(), sum]
    }
    let expected = all()
    let (found, profile) = profile { all() }
    for (a, b) in zip(found, expected) { #expect(a.scalars(Float.self) == b.scalars(Float.self)) }
    for name in ["+", "matmul", "linear", "softmax", "+="] {
      #expect(profile.operators.contains { $0.operation == name && $0.calls == 1 }, "\(name) in \(profile.operators.map(\.operation))")
    }
  }

  /// A struct's parts have their names where its gradient is taken, and so has what follows a layer's parameters in the layer.
  @Test func partsOfStructsAreNamed() {
    struct Perceptron: Model {
      var hidden = Dense(4, 8, activation: { tanh($0) })
      var output = Dense(8, 2)
      func callAsFunction(_ x: Tensor) -> Tensor { output(hidden(x)) }
    }
    var model = Perceptron()
    let (_, training) = profile { gradient(at: &model) { model in model(.ones([1, 4])).sum() } }
    let parts = Set(training.rows.map(\.part))
    #expect(parts == ["hidden (Dense)", "output (Dense)", ""])
    #expect(training.rows.contains { $0.operation == "tanh" && $0.part == "hidden (Dense)" && $0.phase == .forward })
    #expect(training.rows.contains { $0.part == "hidden (Dense)" && $0.phase == .backward })
    let (_, answer) = profile { model.predict(.ones([1, 4])) }
    #expect(Set(answer.rows.map(\.part)) == ["Dense"])
  }

  @Test func traceIsBalanced() throws {
    var model = Self.model()
    let (_, profile) = profile { gradient(at: &model) { model in model(.ones([2, 4])).sum() } }
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).json")
    defer { try? FileManager.default.removeItem(at: file) }
    try profile.writeTrace(to: file.path)
    let trace = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
    let events = try #require(trace["traceEvents"] as? [[String: Any]])
    var open: [String] = []
    var (last, deepest, operators) = (0.0, 0, 0)
    for event in events {
      let (name, time) = (try #require(event["name"] as? String), try #require(event["ts"] as? Double))
      #expect(time >= last)
      last = time
      switch event["ph"] as? String {
      case "B":
        open.append(name)
        operators += event["cat"] as? String == "operator" ? 1 : 0
      case "E": #expect(open.popLast() == name)
      case "C": #expect((event["args"] as? [String: Int])?["bytes"] != nil)
      default: Issue.record("\(event)")
      }
      deepest = max(deepest, open.count)
    }
    #expect(open.isEmpty && deepest == 3)
    #expect(operators == profile.rows.reduce(0) { $0 + $1.calls })
    #expect(throws: (any Error).self) { try profile.writeTrace(to: "/nowhere/trace.json") }
  }

  @Test func itEnds() throws {
    struct Stop: Error {}
    let x = Tensor.ones([3])
    let (inner, outer) = profile { () -> Profile in
      _ = x + x
      return profile { x * x }.profile
    }
    #expect(inner.rows.map(\.operation) == ["*"])
    #expect(Set(outer.rows.map(\.operation)) == ["+", "*"])
    #expect(!isProfiled)
    #expect(throws: Stop.self) { try profile { () throws -> Void in throw Stop() } }
    #expect(!isProfiled)
    #expect(throws: TensorError.self) { try checked { profile { x + Tensor.ones([2]) }.result } }
    #expect(!isProfiled)
    // A run on shapes alone computes nothing, and so tells of nothing.
    let model = Self.model()
    let (shape, dry) = try profile { () throws(TensorError) -> Shape in try model.outputShape(for: [2, 4]) }
    #expect(shape == [2, 3] && dry.rows.isEmpty)
  }

  @Test func tablesNameWhatRan() {
    var model = Self.model()
    let (_, profile) = profile { gradient(at: &model) { model in model(.ones([2, 4])).sum() } }
    let text = profile.description
    for word in ["linear", "backward", "layers.1 (Dense)", "GFLOP/s", "in all"] { #expect(text.contains(word), "\(word) in\n\(text)") }
  }
}
