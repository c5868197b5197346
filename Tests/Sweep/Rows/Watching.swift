import Fluxion
import Foundation

extension Table {
  mutating func watching() {
    row(
      "TensorBoardWriter.init(_:resumingAt:)", "TensorBoardWriter.scalar(_:_:step:)", "TensorBoardWriter.histogram(_:_:step:)",
      "TensorBoardWriter.image(_:_:step:)", "TensorBoardWriter.text(_:_:step:)", "TrainingCallback.tensorBoard(_:every:histograms:)"
    ) { h in
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fluxion-\(UUID().uuidString)").path
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let board = try TensorBoardWriter(folder, resumingAt: h.i(3))
      try board.scalar("x", h.d(0.5), step: h.i(4))
      try board.histogram("x", Tensor([h.d(0.5), h.d(2)] as [Double]), step: h.i(4))
      try board.image("x", Tensor([h.d(0.5), h.d(2)] as [Double]).reshaped([1, 2]), step: h.i(4))
      try board.text("x", "text", step: h.i(4))
      var layer = Dense(3, 2)
      try layer.fit(
        TensorDataset(Tensor.ones([6, 3]), Tensor.ones([6, 2])), loss: mse, optimizer: SGD(learningRate: 0.1), epochs: 1, progress: .none,
        callbacks: [.tensorBoard(folder, every: h.i(1))])
      return board.file.count
    }
  }
}
