import Fluxion
import Foundation
import Testing

/// What holds for whole training runs.
@Suite struct LawTests {
  /// The parameters after twenty steps of a perceptron large enough that products, element-wise passes and updates are cut for threads.
  private static func train(threads: Int) -> [[Float]] {
    let before = Threads.count
    Threads.count = threads
    defer { Threads.count = before }
    return withSeed(21) {
      var model = Chain {
        Dense(300, 257, activation: tanh); Dropout(0.2); Dense(257, 130, activation: gelu); Dense(130, 10)
      }
      let x = Tensor.normal([160, 300])
      let labels = Tensor((0..<160).map { $0 % 10 })
      var optimizer = Adam(learningRate: 1e-3)
      for _ in 0..<20 {
        let step = gradient(at: &model) { model in crossEntropy(model(x), labels) }
        optimizer.update(&model, along: step)
      }
      return model.parameters.map { $0.value.scalars(Float.self) }
    }
  }

  @Test func sameSeedSameBitsWhateverTheThreads() {
    let one = Self.train(threads: 1)
    #expect(one == Self.train(threads: 1))
    #expect(one == Self.train(threads: 2))
    #expect(!one.joined().contains { !$0.isFinite })
  }

  /// Two steps and two hundred steps leave the same bytes alive, and nothing stays when the model goes.
  ///
  /// In a process of its own: the count of live bytes is the process's.
  @Test func steadyStepsLeaveNothingBehind() async {
    await #expect(processExitsWith: .success) {
      func run(steps: Int) -> Int {
        var model = withSeed(1) {
          Chain {
            Dense(30, 20, activation: relu); Dense(20, 5)
          }
        }
        let x = withSeed(2) { Tensor.normal([64, 30]) }
        let labels = Tensor((0..<64).map { $0 % 5 })
        var optimizer = Adam()
        for _ in 0..<steps {
          let step = gradient(at: &model) { model in crossEntropy(model(x), labels) }
          optimizer.update(&model, along: step)
        }
        return Memory.liveBytes
      }
      _ = run(steps: 1)
      let atRest = Memory.liveBytes
      let few = run(steps: 2)
      let many = run(steps: 200)
      if few != many || few <= atRest || Memory.liveBytes != atRest {
        fatalError("\(few) bytes after two steps, \(many) after 200, \(Memory.liveBytes) at rest instead of \(atRest)")
      }
    }
  }

  /// A mistake outside `checked` really ends the process, with its sentence.
  @Test func mistakesStopTheProgram() async throws {
    let result = try #require(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        var model = Chain {
          Dense(4, 8); Dense(9, 1)
        }
        _ = model(.zeros([3, 4]))
      })
    let text = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(text.contains("linear: [3, 8] for a weight of shape [1, 9]: the last axis must be 9, in layers.1 (Dense)"))
  }
}
