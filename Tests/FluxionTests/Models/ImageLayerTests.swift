import Fluxion
import Testing

/// A layer of PyTorch's with what it gave, step by step.
struct GoldenLayer: Decodable, Sendable, CustomTestStringConvertible {
  struct Step: Decodable, Sendable {
    let mode: String
    let x: GoldenTensor
    let y: GoldenTensor
    let upstream: GoldenTensor
    let gradients: [String: GoldenTensor]
    let state: [String: GoldenTensor]
  }
  let name: String
  let parameters: [String: GoldenTensor]
  let steps: [Step]
  var testDescription: String { name }
}

private struct GoldenLayers: Decodable {
  let cases: [GoldenLayer]
}

/// Layers for images and normalisations against PyTorch's: outputs, gradients, parameter names and what they keep.
@Suite struct ImageLayerTests {
  @Test(arguments: imageLayers.keys.sorted(), [DType.float64, .float32])
  func equalPyTorchs(_ name: String, _ dtype: DType) throws {
    let file = try golden(GoldenLayers.self, "images")
    let layer = try #require(file.cases.first { $0.name == name })
    let make = try #require(imageLayers[name])
    func check<M: Model<Tensor, Tensor>>(_ model: M) {
      var model = model
      #expect(Set(model.parameters.map(\.name)) == Set(layer.parameters.keys))
      model.updateParameters { name, value in
        let given = layer.parameters[name]?.tensor() ?? value
        #expect(value.shape == given.shape, "\(name) of \(layer.name)")
        value = given
      }
      model.castParameters(to: dtype)
      let tolerance = dtype == .float64 ? 1e-10 : 1e-5
      for step in layer.steps { check(step, &model, dtype, tolerance) }
    }
    func check<M: Model<Tensor, Tensor>>(_ step: GoldenLayer.Step, _ model: inout M, _ dtype: DType, _ tolerance: Double) {
      let (x, upstream) = (step.x.tensor().cast(to: dtype), step.upstream.tensor().cast(to: dtype))
      withMode(step.mode == "training" ? .training : .inference) {
        // Two calls for two gradients: the second goes on from a copy, so that the layer makes one step.
        var other = model
        let slope = gradient(at: x) { x in (other(x) * upstream).sum() }
        #expect(distance(slope, step.gradients["x"]!.tensor()) < tolerance)
        // A layer without parameters has no gradient at them.
        if model.parameters.isEmpty {
          #expect(distance(model(x), step.y.tensor()) < tolerance)
          return
        }
        let (_, slopes, y) = valueAndGradient(at: &model) { model in
          let y = model(x)
          return ((y * upstream).sum(), y)
        }
        #expect(distance(y, step.y.tensor()) < tolerance)
        for (name, value) in slopes.parameters { #expect(distance(value, step.gradients[name]!.tensor()) < tolerance, "\(name)") }
      }
      var states = States()
      model.visit(&states)
      #expect(Set(states.values.keys) == Set(step.state.keys))
      for (name, value) in states.values { #expect(distance(value, step.state[name]!.tensor()) < tolerance, "\(name)") }
    }
    check(make())
  }

  @Test func everyCaseIsTested() throws {
    #expect(try golden(GoldenLayers.self, "images").cases.map(\.name).sorted() == imageLayers.keys.sorted())
  }

  /// A frozen layer of statistics uses them while training, and leaves them alone.
  @Test func frozenStatisticsStay() {
    let x = withSeed(4) { Tensor.normal([4, 3, 5]) }
    func check<M: Model<Tensor, Tensor>>(_ layer: M) {
      var layer = layer
      _ = withMode(.training) { layer(x) }
      layer.freeze()
      let answer = layer.predict(x)
      #expect(withMode(.training) { distance(layer(x), answer) } == 0)
      #expect(distance(layer.predict(x), answer) == 0)
      layer.thaw()
      #expect(withMode(.training) { distance(layer(x), answer) } > 1e-3)
      #expect(distance(layer.predict(x), answer) > 1e-3)
    }
    check(BatchNorm(3))
    check(BatchNorm(3, isAffine: false))
    check(InstanceNorm(3, tracksStatistics: true))
  }

  /// Each group is drawn for itself: its fans are those of a layer of its own.
  @Test func groupsAreDrawnForThemselves() {
    let depthwise = withSeed(5) { Conv2D(256, 256, kernel: 3, groups: 256).weight }
    #expect(abs(depthwise.standardDeviation().item() - (2.0 / 18).squareRoot()) < 0.02)
    let transposed = withSeed(5) { ConvTransposed2D(256, 256, kernel: 3, groups: 256).weight }
    #expect(abs(transposed.standardDeviation().item() - (2.0 / 18).squareRoot()) < 0.02)
  }

  /// What is dropped is dropped together, and the rest keeps the expectation.
  @Test func droppingTogether() {
    let x = Tensor.ones([200, 50, 3, 2])
    var (channels, paths) = withSeed(6) { (ChannelDropout(0.25), DropPath(0.25)) }
    withMode(.training) {
      for (y, first) in [(channels(x), 2), (paths(x), 1)] {
        let parts = y.flattened(from: first)
        #expect(distance(parts.max(axis: -1), parts.min(axis: -1)) == 0)
        #expect(abs((parts.max(axis: -1) .> 0).cast(to: .float64).mean().item() - 0.75) < 0.1)
        #expect(abs(y.max().item() - 1 / 0.75) < 1e-6)
      }
    }
    #expect(distance(channels(x), x) == 0)
    #expect(distance(paths(x), x) == 0)
  }

  /// Alpha dropout keeps mean 0 and variance 1, drops to one value, and at a probability of 1 to 0 as PyTorch does.
  @Test func alphaDropoutKeepsMoments() {
    let x = withSeed(7) { Tensor.normal([400, 500]) }
    for probability in [0.1, 0.5] {
      var layer = withSeed(8) { AlphaDropout(probability) }
      let y = withMode(.training) { layer(x) }
      #expect(abs(y.mean().item()) < 0.01)
      #expect(abs(y.standardDeviation().item() - 1) < 0.01)
      let (values, counts) = uniqueCounts(y)
      #expect(abs(Double(counts) / 200_000 - probability) < 0.01)
      // As selu's lowest value, scaled and shifted: PyTorch's formula.
      let low = -1.7580993408473766
      let a = 1 / ((1 - probability) * (1 + probability * low * low)).squareRoot()
      #expect(abs(values - (a * low - a * probability * low)) < 1e-5)
      #expect(distance(layer.predict(x), x) == 0)
    }
    var all = AlphaDropout(1)
    #expect(distance(withMode(.training) { all(x) }, .zeros(x.shape)) == 0)
  }

  /// The value that occurs most often, and how often.
  private func uniqueCounts(_ x: Tensor) -> (value: Double, count: Int) {
    let counts = Dictionary(x.scalars(Float.self).map { ($0, 1) }, uniquingKeysWith: +)
    let most = counts.max { $0.value < $1.value }!
    return (Double(most.key), most.value)
  }
}

/// States by name.
private struct States: ModelVisitor {
  var values: [String: Tensor] = [:]
  mutating func value<S: ModelState>(of state: inout S, _ name: PartName) { values[name.description] = state.value }
}

/// How each of PyTorch's layers is made here.
private let imageLayers: [String: @Sendable () -> any Model<Tensor, Tensor>] =
  Dictionary(uniqueKeysWithValues: convolutions() + pools() + normalizations() + others())

private typealias Maker = (String, @Sendable () -> any Model<Tensor, Tensor>)

private func convolutions() -> [Maker] {
  var rows: [Maker] = []
  func add(_ name: String, _ make: @autoclosure @escaping @Sendable () -> any Model<Tensor, Tensor>) { rows.append((name, make)) }
  add("Conv1d/plain", Conv1D(3, 4, kernel: 3))
  add("Conv1d/stride, padding, dilation", Conv1D(2, 3, kernel: 3, stride: 2, padding: 2, dilation: 2))
  add("Conv2d/plain", Conv2D(2, 3, kernel: 3))
  add("Conv2d/same", Conv2D(2, 3, kernel: [3, 4], padding: .same, dilation: [2, 1]))
  add("Conv2d/without a batch", Conv2D(2, 3, kernel: 3, padding: 1))
  add("Conv2d/without bias", Conv2D(2, 3, kernel: 3, stride: [1, 2], padding: [1, 0], hasBias: false))
  add("Conv2d/groups", Conv2D(4, 6, kernel: 3, padding: 1, groups: 2))
  add("Conv2d/depthwise", Conv2D(3, 6, kernel: 3, groups: 3))
  add("Conv2d/reflect", Conv2D(1, 2, kernel: 3, stride: 2, padding: [1, 2], paddingMode: .reflect))
  add("Conv2d/replicate", Conv2D(1, 2, kernel: 3, stride: 2, padding: [1, 2], paddingMode: .replicate))
  add("Conv2d/circular", Conv2D(1, 2, kernel: 3, stride: 2, padding: [1, 2], paddingMode: .circular))
  add("Conv2d/reflect, same", Conv2D(1, 2, kernel: [2, 3], padding: .same, paddingMode: .reflect))
  add("Conv3d/plain", Conv3D(2, 2, kernel: 2))
  add("Conv3d/strides", Conv3D(1, 2, kernel: [2, 3, 2], stride: [1, 2, 1], padding: [1, 0, 1]))
  add("ConvTranspose1d/plain", ConvTransposed1D(3, 2, kernel: 3))
  add("ConvTranspose1d/output padding", ConvTransposed1D(2, 3, kernel: 3, stride: 3, padding: 1, outputPadding: 2))
  add("ConvTranspose2d/plain", ConvTransposed2D(2, 3, kernel: 4, stride: 2, padding: 1))
  add("ConvTranspose2d/groups, dilation", ConvTransposed2D(4, 6, kernel: [2, 3], dilation: [2, 1], groups: 2, hasBias: false))
  add("ConvTranspose3d/output padding", ConvTransposed3D(2, 2, kernel: 2, stride: [2, 1, 2], outputPadding: [1, 0, 1]))
  return rows
}

private func pools() -> [Maker] {
  var rows: [Maker] = []
  func add(_ name: String, _ make: @autoclosure @escaping @Sendable () -> any Model<Tensor, Tensor>) { rows.append((name, make)) }
  add("MaxPool1d/plain", MaxPool1D(2))
  add("MaxPool2d/plain", MaxPool2D(2))
  add("MaxPool2d/all", MaxPool2D(3, stride: 2, padding: 1, dilation: [1, 2], roundsUp: true))
  add("MaxPool2d/without a batch", MaxPool2D([2, 1]))
  add("MaxPool3d/plain", MaxPool3D(2, stride: 1))
  add("AvgPool1d/plain", MeanPool1D(2))
  add("AvgPool2d/plain", MeanPool2D(2))
  add("AvgPool2d/padding", MeanPool2D(3, stride: 2, padding: 1, roundsUp: true))
  add("AvgPool2d/padding not counted", MeanPool2D(3, stride: 2, padding: 1, countsPadding: false))
  add("AvgPool2d/divisor", MeanPool2D(2, divisor: 3))
  add("AvgPool3d/plain", MeanPool3D(2, stride: 1))
  add("AdaptiveMaxPool1d/plain", AdaptiveMaxPool(3))
  add("AdaptiveMaxPool2d/sizes", AdaptiveMaxPool([3, 2]))
  add("AdaptiveAvgPool2d/plain", AdaptiveMeanPool(3))
  add("AdaptiveAvgPool3d/sizes", AdaptiveMeanPool([1, 2, 2]))
  add("AdaptiveAvgPool2d/1 and Flatten", GlobalMeanPool())
  add("AdaptiveMaxPool2d/1 and Flatten", GlobalMaxPool())
  return rows
}

private func normalizations() -> [Maker] {
  var rows: [Maker] = []
  func add(_ name: String, _ make: @autoclosure @escaping @Sendable () -> any Model<Tensor, Tensor>) { rows.append((name, make)) }
  add("BatchNorm1d/features", BatchNorm(3))
  add("BatchNorm1d/signals", BatchNorm(3))
  add("BatchNorm2d/images", BatchNorm(2))
  add("BatchNorm3d/volumes", BatchNorm(2))
  add("BatchNorm2d/momentum, epsilon", BatchNorm(2, momentum: 0.25, epsilon: 0.5))
  add("BatchNorm2d/mean over all batches", BatchNorm(2, momentum: nil))
  add("BatchNorm2d/not affine", BatchNorm(2, isAffine: false))
  add("BatchNorm2d/not tracking", BatchNorm(2, tracksStatistics: false))
  add("LayerNorm/last axis", LayerNorm(5))
  add("LayerNorm/two axes", LayerNorm([3, 4]))
  add("LayerNorm/without bias", LayerNorm(5, epsilon: 0.25, hasBias: false))
  add("LayerNorm/not affine", LayerNorm(5, isAffine: false))
  add("GroupNorm/images", GroupNorm(4, groups: 2))
  add("GroupNorm/not affine", GroupNorm(6, groups: 3, epsilon: 0.25, isAffine: false))
  add("InstanceNorm1d/plain", InstanceNorm())
  add("InstanceNorm2d/affine", InstanceNorm(2, isAffine: true))
  add("InstanceNorm2d/tracking", InstanceNorm(2, isAffine: true, tracksStatistics: true))
  add("InstanceNorm3d/tracking, not affine", InstanceNorm(2, momentum: 0.25, tracksStatistics: true))
  add("RMSNorm/last axis", RMSNorm(5))
  add("RMSNorm/two axes", RMSNorm([3, 4], epsilon: 0.25))
  add("RMSNorm/not affine", RMSNorm(5, isAffine: false))
  return rows
}

private func others() -> [Maker] {
  var rows: [Maker] = []
  func add(_ name: String, _ make: @autoclosure @escaping @Sendable () -> any Model<Tensor, Tensor>) { rows.append((name, make)) }
  add("PReLU/one", PReLU())
  add("PReLU/channels", PReLU(3))
  add("PixelShuffle/2", PixelShuffle(2))
  add("PixelUnshuffle/2", PixelUnshuffle(2))
  add("Upsample/nearest", Upsample(scale: 2))
  add("Upsample/nearest-exact", Upsample(to: 5, method: .nearestExact))
  add("Upsample/linear", Upsample(scale: 1.5, method: .linear))
  add("Upsample/bilinear", Upsample(scales: [2, 3], method: .linear))
  add("Upsample/bilinear, corners", Upsample(to: [3, 5], method: .linear, alignsCorners: true))
  add("Upsample/bicubic", Upsample(scale: 2, method: .cubic))
  add("Upsample/trilinear", Upsample(scale: 2, method: .linear))
  add("ZeroPad2d/plain", Padding2D(1))
  add("ConstantPad2d/sides", Padding2D(before: [1, 0], after: [-1, 2], value: 0.5))
  add("ReflectionPad1d/plain", Padding1D(2, mode: .reflect))
  add("ReplicationPad3d/plain", Padding3D(1, mode: .replicate))
  add("CircularPad2d/sizes", Padding2D([1, 2], mode: .circular))
  add("Flatten/plain", Flatten())
  add("Flatten/axes", Flatten(from: 2, to: 3))
  add("Unflatten/plain", Reshape([2, 3, 1]))
  return rows
}
