import BundledDigits
import Fluxion
import FluxionONNX
import Testing

/// An imported convolutional network learns the digits: in a release build, as a debug build's kernels are slow.
@Suite struct DigitsTests {
  #if DEBUG
    private static let isFast = false
  #else
    private static let isFast = true
  #endif

  @Test(.enabled(if: isFast, "needs a release build: swift test -c release --filter ONNXTests")) func learnsTheDigits() throws {
    let data = try MNIST(directory: bundledDigits)
    func images(_ set: TensorDataset) -> Tensor { set.inputs.reshaped([-1, 1, 28, 28]) }
    var model = try digitsNetwork().read
    try withSeed(1) {
      _ = try model.fit(
        TensorDataset(images(data.train), data.train.targets), loss: crossEntropy, optimizer: Adam(learningRate: 2e-3), epochs: 8,
        batchSize: 32,
        progress: .none)
    }
    let right = (model.predict(images(data.test)).argmax(axis: 1) .== data.test.targets.cast(to: .int64)).cast(to: .float32).mean().item()
    #expect(right >= 0.95)
  }
}
