import Fluxion
import Testing

/// Mistakes with layers for images and normalisations, each with its sentence.
@Suite struct ImageMistakeTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let sentence: String
    let call: @Sendable () throws -> Void
    var testDescription: String { sentence }
  }

  @Test(arguments: construction() + calls())
  func namesTheMistake(_ row: Row) {
    #expect {
      try checked { try row.call() }
    } throws: {
      "\($0)" == row.sentence
    }
  }

  private static func construction() -> [Row] {
    var rows: [Row] = []
    func add(_ sentence: String, _ make: @autoclosure @escaping @Sendable () -> any Model<Tensor, Tensor>) {
      rows.append(Row(sentence: sentence) { _ = "\(make())" })
    }
    add("Conv2D: 3 inputs and 4 outputs in 2 groups; numbers that 2 divides would fit", Conv2D(3, 4, kernel: 3, groups: 2))
    add("Conv2D: 0 groups; 1 or more would fit", Conv2D(3, 4, kernel: 3, groups: 0))
    add("Conv1D: 0 inputs and 4 outputs; 1 or more of each would fit", Conv1D(0, 4, kernel: 3))
    add("Conv3D: a kernel of 0; 1 to 16777216 would fit", Conv3D(3, 4, kernel: [1, 0, 2]))
    add("Conv2D: a kernel of [3] for 2 axes; one number, or 2, would fit", Conv2D(3, 4, kernel: [3]))
    add("ConvTransposed1D: 3 inputs and -1 outputs; 1 or more of each would fit", ConvTransposed1D(3, -1, kernel: 3))
    add("BatchNorm: -1 channels; 1 or more would fit", BatchNorm(-1))
    add("BatchNorm: a momentum of 2.0; 0 to 1 would fit", BatchNorm(4, momentum: 2))
    add("InstanceNorm: -1 channels; 1 or more would fit", InstanceNorm(-1))
    add("InstanceNorm: a momentum of nan; 0 to 1 would fit", InstanceNorm(momentum: .nan))
    add("LayerNorm: over []; one size or more, each 1 or more, would fit", LayerNorm([]))
    add("RMSNorm: over [0]; one size or more, each 1 or more, would fit", RMSNorm(0))
    add("GroupNorm: 0 groups; 1 or more would fit", GroupNorm(4, groups: 0))
    add("GroupNorm: 5 channels in 2 groups; a number that 2 divides would fit", GroupNorm(5, groups: 2))
    let unfit = "an epsilon of -1.0; a finite number, 0 or more, would fit"
    add("BatchNorm: \(unfit)", BatchNorm(4, epsilon: -1))
    add("InstanceNorm: \(unfit)", InstanceNorm(epsilon: -1))
    add("LayerNorm: \(unfit)", LayerNorm(4, epsilon: -1))
    add("RMSNorm: \(unfit)", RMSNorm(4, epsilon: -1))
    add("GroupNorm: \(unfit)", GroupNorm(4, groups: 2, epsilon: -1))
    add("PReLU: a slope of nan; a finite number would fit", PReLU(slope: .nan))
    add("ChannelDropout: a probability of 1.5; 0 to 1 would fit", ChannelDropout(1.5))
    add("AlphaDropout: a probability of -1.0; 0 to 1 would fit", AlphaDropout(-1))
    add("DropPath: a probability of nan; 0 to 1 would fit", DropPath(.nan))
    add("PReLU: 0 slopes; one, or one for each channel, would fit", PReLU(0))
    return rows
  }

  private static func calls() -> [Row] {
    var rows: [Row] = []
    func add(_ sentence: String, _ shape: Shape, _ make: @autoclosure @escaping @Sendable () -> any Model<Tensor, Tensor>) {
      rows.append(Row(sentence: sentence) { _ = make().predict(.zeros(shape)) })
    }
    add(
      "Conv2D: [2, 784]; [batch, channels, height, width], or that without the batch, would fit, in Conv2D", [2, 784],
      Conv2D(3, 4, kernel: 3))
    add(
      "convolution: [2, 5, 8, 8] for a weight of shape [4, 3, 3, 3]: 3 channels in axis -3 would fit, in Conv2D", [2, 5, 8, 8],
      Conv2D(3, 4, kernel: 3))
    add(
      "convolution: a window that spans [3, 3] over [2, 8] with padding of [0, 0] before and [0, 0] after: axis -2 is too short, "
        + "3 or more would fit, in Conv2D", [2, 3, 2, 8], Conv2D(3, 4, kernel: 3))
    add(
      "padded: by 2 and 2 elements along axis 2 of [1, 3, 2], mode reflect; at most 1 would fit, in Conv1D", [1, 3, 2],
      Conv1D(3, 4, kernel: 3, padding: 2, paddingMode: .reflect))
    add(
      "Conv2D: a dilation of 0; 1 to 16777216 would fit, in Conv2D", [1, 3, 4, 4],
      Conv2D(3, 4, kernel: 3, dilation: 0, paddingMode: .reflect))
    add(
      "ConvTransposed1D: [3]; [batch, channels, length], or that without the batch, would fit, in ConvTransposed1D", [3],
      ConvTransposed1D(3, 4, kernel: 3))
    add(
      "MaxPool3D: [2, 3, 8]; [batch, channels, depth, height, width], or that without the batch, would fit, in MaxPool3D", [2, 3, 8],
      MaxPool3D(2))
    add("MeanPool2D: a window of [2] for 2 axes; one number, or 2, would fit, in MeanPool2D", [1, 3, 8, 8], MeanPool2D([2]))
    add(
      "GlobalMeanPool: [2, 3] has nothing behind the channels; [batch, channels, …] would fit, in GlobalMeanPool", [2, 3], GlobalMeanPool())
    add(
      "GlobalMaxPool: [2, 3, 0] has nothing behind the channels; [batch, channels, …] would fit, in GlobalMaxPool", [2, 3, 0],
      GlobalMaxPool())
    add("batchNorm: a parameter of shape [4] for 3 channels; [3] would fit, in BatchNorm", [2, 3, 5], BatchNorm(4))
    add("batchNorm: [4] has no channels; [batch, channels, ...] would fit, in BatchNorm", [4], BatchNorm(4))
    add("layerNorm: [2, 3] over [5]; last axes of these sizes, one or more, would fit, in LayerNorm", [2, 3], LayerNorm(5))
    add("rmsNorm: [2, 3] over [5]; last axes of these sizes, one or more, would fit, in RMSNorm", [2, 3], RMSNorm(5))
    add("GroupNorm: [2, 6, 3] for 4 channels; [batch, 4, …] would fit, in GroupNorm", [2, 6, 3], GroupNorm(4, groups: 2))
    add("InstanceNorm: [4] has no channels; [batch, channels, …] would fit, in InstanceNorm", [4], InstanceNorm())
    add("ChannelDropout: [4] has no channels; [batch, channels, …] would fit, in ChannelDropout", [4], ChannelDropout(0.5))
    add("PReLU: [2, 3] for 4 slopes; [batch, 4, …] would fit, in PReLU", [2, 3], PReLU(4))
    add("Padding1D: a padding of [1, 2] for 1 axis; one number, or 1, would fit, in Padding1D", [2, 3, 4], Padding1D([1, 2]))
    add("Reshape: [] has no batch; [batch, …] would fit, in Reshape", [], Reshape([1]))
    rows.append(
      Row(sentence: "batchNorm: one number for each channel of [1, 4]; statistics want two or more") {
        var layer = BatchNorm(4)
        _ = withMode(.training) { layer(.zeros([1, 4])) }
      })
    rows.append(
      Row(sentence: "InstanceNorm: one number for each channel of an image of [3, 4, 1]; statistics want two or more") {
        var layer = InstanceNorm(4)
        _ = withMode(.training) { layer(.zeros([3, 4, 1])) }
      })
    rows.append(
      Row(
        sentence: "Conv2D: the number of channels is open and does not follow from [2, 784]; [batch, channels, height, width] would fit, "
          + "in layers.0 (Conv2D)"
      ) { _ = try Chain(input: [784]) { Conv2D(4, kernel: 3) } })
    rows.append(
      Row(sentence: "Conv2D: 3 inputs and 4 outputs in 2 groups; numbers that 2 divides would fit, in layers.0 (Conv2D)") {
        _ = try Chain(input: [3, 8, 8]) { Conv2D(4, kernel: 3, groups: 2) }
      })
    rows.append(
      Row(
        sentence: "Conv2D: a size that follows from the input is open; give it, or make the chain Chain(input:), in Conv2D"
      ) { _ = Conv2D(4, kernel: 3).predict(.zeros([1, 3, 8, 8])) })
    rows.append(
      Row(sentence: "convolution: [2, 6, 4, 4] for a weight of shape [3, 5, 3, 3]: 5 channels in axis -3 would fit, in layers.2 (Conv2D)") {
        _ = try Chain {
          Conv2D(1, 6, kernel: 3); MaxPool2D(2); Conv2D(5, 3, kernel: 3)
        }.outputShape(for: [2, 1, 10, 10])
      })
    return rows
  }
}
