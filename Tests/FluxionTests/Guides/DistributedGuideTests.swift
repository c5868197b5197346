import Fluxion
import FluxionMPI
import Foundation
import Testing

/// The code of Guides/Distributed.md, compiled and run in a world of one process.
@Suite struct DistributedGuideTests {
  private let train = withSeed(1) { TensorDataset(.uniform([64, 12]), Tensor((0..<64).map { $0 % 3 })) }

  @Test func distributed() throws {
    let test = train
    let (images, labels) = (train.inputs, train.targets)
    var optimizer = Adam(learningRate: 1e-3)
    try IDXFixture.withFolder { folder in
      var model = withSeed(2) {
        Chain {
          Dense(12, 16, activation: relu); Dense(16, 3)
        }
      }
      let world = try World()  // alone without mpirun: every call then gives back what it was given
      let history = try model.fit(
        train, validation: test, loss: crossEntropy, optimizer: Adam(learningRate: 1e-3), epochs: 10, batchSize: 64, seed: 1,
        checkpoints: folder + "/run", resume: true, progress: .none, across: world)
      #expect(history.epochs.count == 10)

      var x: Tensor = [1, 2, 3]
      try world.broadcast(&x)  // that of process 0
      let total = try world.allReduce(x, .sum)  // .mean, .product, .max, .min
      let all = try world.allGather(x)  // a list by rank; gather(x, to: 0) for one process alone
      let part = try world.reduceScatter(concatenate(all))
      try world.broadcast(&model)  // parameters, buffers, hidden values, random streams
      let mean = try world.allReduce(model, .mean)
      try world.barrier()
      #expect(distance(total, x) == 0 && part.shape == [3] && mean.parameterCount == model.parameterCount)

      let (loss, gradient) = valueAndGradient(at: &model, across: world, examples: images.shape[0]) { model, range in
        crossEntropy(model(images[range]), labels[range])
      }
      optimizer.update(&model, along: gradient)
      #expect(loss.item().isFinite)

      world.timeline.isRecording = true
      try model.fit(train, loss: crossEntropy, optimizer: Adam(), epochs: 1, batchSize: 64, seed: 1, progress: .none, across: world)
      try world.timeline.write(to: folder + "/trace-\(world.rank).json")  // for chrome://tracing and Perfetto
      #expect(FileManager.default.fileExists(atPath: folder + "/trace-0.json"))
    }
  }
}
