import Fluxion
import Foundation
import Testing

/// The code of Guides/Watching.md, compiled and run.
@Suite struct WatchingGuideTests {
  private let train = TensorDataset(withSeed(1) { .uniform([64, 784]) }, Tensor((0..<64).map { $0 % 10 }))

  @Test func watching() throws {
    let test = train
    try IDXFixture.withFolder { folder in
      var model = withSeed(2) {
        Chain {
          Dense(784, 16, activation: relu); Dense(16, 10)
        }
      }
      let history = try model.fit(
        train, validation: test, loss: crossEntropy, optimizer: Adam(learningRate: 1e-3), epochs: 2,
        checkpoints: folder + "/run/checkpoints",
        resume: true, watch: folder + "/run")  // open run/index.html
      #expect(try String(contentsOfFile: folder + "/run/index.html", encoding: .utf8).contains("finished"))

      var trainer = Trainer(model, optimizer: AdamW(learningRate: 1e-3))
      try trainer.fit(
        train, epochs: 3, validation: test,
        callbacks: [
          .tensorBoard(folder + "/runs/first"), .csvLog(folder + "/run/epochs.csv"), .csvLog(folder + "/run/steps.csv", every: .steps(10)),
          .watch(folder + "/run"),
        ]
      ) { model, batch in
        crossEntropy(model(batch.0), batch.1)
      }
      #expect(try CSVFile(folder + "/run/epochs.csv").tensor.shape[0] == 3)

      let board = try TensorBoardWriter(folder + "/runs/own")
      try board.scalar("loss", 0.31, step: 100)
      try board.histogram("weights", model[parameter: "layers.0.weight"]!, step: 100)
      try board.image("digit", test.inputs[0].reshaped([1, 28, 28]), step: 100)
      try board.text("note", "learning rate *halved*", step: 100)
      try board.graph(model.summary(for: [1, 784]))
      #expect(try FileManager.default.attributesOfItem(atPath: board.file)[.size] as? Int ?? 0 > 1000)

      try history.svg(title: "Digits").write(toFile: folder + "/run/curve.svg", atomically: true, encoding: .utf8)
      try model.summary(for: [1, 784]).svg(title: "Digits").write(toFile: folder + "/run/summary.svg", atomically: true, encoding: .utf8)
      let (_, times) = profile { _ = model.predict(test.inputs) }
      try times.svg(title: "A forward").write(toFile: folder + "/run/profile.svg", atomically: true, encoding: .utf8)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/run").filter { $0.hasSuffix(".svg") }.count == 3)
    }
  }
}
