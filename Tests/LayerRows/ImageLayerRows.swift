import Fluxion

/// Layers for images, and normalisations.
func imageLayerRows() -> [LayerRow] { convolutions() + pools() + normalizations() + droppers() + augmentations() + scalers() + others() }

private let image: Shape = [3, 4, 6, 5]

private func convolutions() -> [LayerRow] {
  var rows: [LayerRow] = []
  func add(
    _ description: String, on input: Shape = image, _ make: @autoclosure @escaping @Sendable () -> any Model<Tensor, Tensor>,
    _ waiting: @autoclosure @escaping @Sendable () -> any Model<Tensor, Tensor>
  ) {
    rows.append(LayerRow(name: description, input: input, make: make, waiting: waiting, description: description))
  }
  add("Conv1D(4, 3, kernel: 3)", on: [3, 4, 7], Conv1D(4, 3, kernel: 3), Conv1D(3, kernel: 3))
  add(
    "Conv2D(4, 6, kernel: 3, padding: .same, groups: 2)", Conv2D(4, 6, kernel: 3, padding: .same, groups: 2),
    Conv2D(6, kernel: 3, padding: .same, groups: 2))
  add(
    "Conv2D(4, 2, kernel: [3, 2], stride: 2, padding: [1, 0], dilation: [1, 2], paddingMode: .reflect, activation: tanh, hasBias: false)",
    Conv2D(4, 2, kernel: [3, 2], stride: 2, padding: [1, 0], dilation: [1, 2], paddingMode: .reflect, activation: tanh, hasBias: false),
    Conv2D(2, kernel: [3, 2], stride: 2, padding: [1, 0], dilation: [1, 2], paddingMode: .reflect, activation: tanh, hasBias: false))
  add(
    "Conv2D(4, 2, kernel: 2, padding: .before(1, after: 0))", Conv2D(4, 2, kernel: 2, padding: WindowPadding(before: 1, after: 0)),
    Conv2D(2, kernel: 2, padding: WindowPadding(before: 1, after: 0)))
  add("Conv3D(2, 3, kernel: 2)", on: [3, 2, 3, 3, 4], Conv3D(2, 3, kernel: 2), Conv3D(3, kernel: 2))
  add(
    "ConvTransposed1D(4, 3, kernel: 3, stride: 2)", on: [3, 4, 5], ConvTransposed1D(4, 3, kernel: 3, stride: 2),
    ConvTransposed1D(3, kernel: 3, stride: 2))
  add(
    "ConvTransposed2D(4, 6, kernel: 3, stride: 2, padding: 1, outputPadding: 1, groups: 2)",
    ConvTransposed2D(4, 6, kernel: 3, stride: 2, padding: 1, outputPadding: 1, groups: 2),
    ConvTransposed2D(6, kernel: 3, stride: 2, padding: 1, outputPadding: 1, groups: 2))
  add(
    "ConvTransposed3D(2, 3, kernel: 2, dilation: 2, hasBias: false)", on: [3, 2, 2, 3, 2],
    ConvTransposed3D(2, 3, kernel: 2, dilation: 2, hasBias: false), ConvTransposed3D(3, kernel: 2, dilation: 2, hasBias: false))
  return rows
}

private func pools() -> [LayerRow] {
  var rows: [LayerRow] = []
  func add(_ description: String, on input: Shape = image, _ make: @autoclosure @escaping @Sendable () -> any Model<Tensor, Tensor>) {
    rows.append(LayerRow(name: description, input: input, make: make, description: description))
  }
  add("MaxPool1D(2)", on: [3, 4, 7], MaxPool1D(2))
  add("MaxPool2D(3, stride: 2, padding: 1, roundsUp: true)", MaxPool2D(3, stride: 2, padding: 1, roundsUp: true))
  add("MaxPool3D(2, dilation: 2)", on: [3, 2, 3, 4, 3], MaxPool3D(2, dilation: 2))
  add("MeanPool1D(2)", on: [3, 4, 7], MeanPool1D(2))
  add(
    "MeanPool2D([3, 2], stride: 1, padding: .same, countsPadding: false)",
    MeanPool2D([3, 2], stride: 1, padding: .same, countsPadding: false))
  add("MeanPool3D(2, divisor: 3)", on: [3, 2, 3, 4, 3], MeanPool3D(2, divisor: 3))
  add("AdaptiveMaxPool(2)", AdaptiveMaxPool(2))
  add("AdaptiveMeanPool([2, 3])", AdaptiveMeanPool([2, 3]))
  add("GlobalMaxPool()", GlobalMaxPool())
  add("GlobalMeanPool(keepsAxes: true)", GlobalMeanPool(keepsAxes: true))
  return rows
}

private func normalizations() -> [LayerRow] {
  var rows: [LayerRow] = []
  func add(
    _ description: String, on input: Shape = image, _ make: @autoclosure @escaping @Sendable () -> any Model<Tensor, Tensor>,
    isSameInTraining: Bool = true, isBatchwise: Bool = true, waiting: (@Sendable () -> any Model<Tensor, Tensor>)? = nil
  ) {
    rows.append(
      LayerRow(
        name: description, input: input, make: make, waiting: waiting, description: description, isSameInTraining: isSameInTraining,
        isBatchwise: isBatchwise))
  }
  add("BatchNorm(4)", BatchNorm(4), isSameInTraining: false) { BatchNorm() }
  add("SyncBatchNorm(4)", SyncBatchNorm(4), isSameInTraining: false) { SyncBatchNorm() }
  add("BatchNorm(4, momentum: nil)", on: [3, 4], BatchNorm(4, momentum: nil), isSameInTraining: false) { BatchNorm(momentum: nil) }
  add("BatchNorm(4, isAffine: false)", on: [3, 4, 2], BatchNorm(4, isAffine: false), isSameInTraining: false) { BatchNorm(isAffine: false) }
  add("BatchNorm(4, momentum: 0.5, tracksStatistics: false)", BatchNorm(4, momentum: 0.5, tracksStatistics: false), isBatchwise: false) {
    BatchNorm(momentum: 0.5, tracksStatistics: false)
  }
  add("LayerNorm(5)", LayerNorm(5)) { LayerNorm() }
  add("LayerNorm([6, 5], epsilon: 0.1)", LayerNorm([6, 5], epsilon: 0.1))
  add("LayerNorm(5, hasBias: false)", LayerNorm(5, hasBias: false)) { LayerNorm(hasBias: false) }
  add("LayerNorm(5, isAffine: false)", LayerNorm(5, isAffine: false)) { LayerNorm(isAffine: false) }
  add("RMSNorm(5)", RMSNorm(5)) { RMSNorm() }
  add("RMSNorm([6, 5], epsilon: 0.1, isAffine: false)", RMSNorm([6, 5], epsilon: 0.1, isAffine: false))
  add("GroupNorm(4, groups: 2)", GroupNorm(4, groups: 2)) { GroupNorm(groups: 2) }
  add("InstanceNorm()", InstanceNorm())
  add("InstanceNorm(4)", InstanceNorm(4))
  add("InstanceNorm(4, isAffine: true)", InstanceNorm(4, isAffine: true)) { InstanceNorm(isAffine: true) }
  add("InstanceNorm(4, tracksStatistics: true)", InstanceNorm(4, tracksStatistics: true), isSameInTraining: false) {
    InstanceNorm(tracksStatistics: true)
  }
  return rows
}

private func droppers() -> [LayerRow] {
  var rows: [LayerRow] = []
  func add(_ description: String, on input: Shape, _ make: @autoclosure @escaping @Sendable () -> any Model<Tensor, Tensor>) {
    rows.append(LayerRow(name: description, input: input, make: make, description: description, isSameInTraining: false))
  }
  add("ChannelDropout(0.5)", on: [3, 20, 4, 2], ChannelDropout(0.5))
  add("AlphaDropout(0.5)", on: [3, 40], AlphaDropout(0.5))
  add("DropPath(0.5)", on: [40, 3, 2], DropPath(0.5))
  return rows
}

private func augmentations() -> [LayerRow] {
  var rows: [LayerRow] = []
  func add(
    _ description: String, on input: Shape = [20, 3, 6, 5], _ make: @autoclosure @escaping @Sendable () -> any Model<Tensor, Tensor>
  ) {
    rows.append(LayerRow(name: description, input: input, make: make, description: description, isSameInTraining: false))
  }
  add("RandomFlip()", RandomFlip())
  add("RandomFlip(.vertical, probability: 0.7)", RandomFlip(.vertical, probability: 0.7))
  add("RandomCrop(padding: 2)", RandomCrop(padding: 2))
  add("RandomCrop([4, 3], padding: [1, 0], mode: .reflect)", RandomCrop([4, 3], padding: [1, 0], mode: .reflect))
  add("RandomAffine(rotation: 20.0, shift: 0.1)", RandomAffine(rotation: 20, shift: 0.1))
  add(
    "RandomAffine(scale: 0.5...2.0, shear: 5.0, padding: .border, method: .nearest)",
    RandomAffine(scale: 0.5...2, shear: 5, padding: .border, method: .nearest))
  add(
    "ColorJitter(brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1)",
    ColorJitter(brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1))
  add("GaussianNoise(0.1)", on: [3, 4], GaussianNoise(0.1))
  add("RandomErasing()", RandomErasing())
  add("RandomErasing(side: 3, value: 0.5)", RandomErasing(side: 3, value: 0.5))
  return rows
}

private func scalers() -> [LayerRow] {
  var rows: [LayerRow] = []
  func add(_ name: String, on input: Shape, _ description: String, _ make: @autoclosure @escaping @Sendable () -> any Model<Tensor, Tensor>)
  {
    rows.append(LayerRow(name: name, input: input, make: make, description: description))
  }
  add("Scaler, standard", on: [3, 4], "Scaler(4)", Scaler.standard(fitting: .normal([9, 4])))
  add("Scaler, channels", on: image, "Scaler(4, axis: 1)", Scaler.minMax(fitting: .normal([9, 4, 2, 2]), axis: 1))
  add("Scaler, robust", on: [3, 4], "Scaler(4)", Scaler.robust(fitting: .normal([9, 4])))
  return rows
}

private func others() -> [LayerRow] {
  var rows: [LayerRow] = []
  func add(_ description: String, on input: Shape = image, _ make: @autoclosure @escaping @Sendable () -> any Model<Tensor, Tensor>) {
    rows.append(LayerRow(name: description, input: input, make: make, description: description))
  }
  add("PReLU()", on: [3, 4], PReLU())
  add("PReLU(4)", PReLU(4))
  add("PixelShuffle(2)", PixelShuffle(2))
  add("PixelUnshuffle(2)", on: [3, 2, 4, 6], PixelUnshuffle(2))
  add("Upsample(scale: 2.0)", Upsample(scale: 2))
  add("Upsample(scales: [2.0, 1.5], method: .cubic)", Upsample(scales: [2, 1.5], method: .cubic))
  add(
    "Upsample(to: [3, 4], method: .linear, alignsCorners: true, antialiases: true)",
    Upsample(to: [3, 4], method: .linear, alignsCorners: true, antialiases: true))
  add("Padding1D(2, mode: .reflect)", on: [3, 4, 5], Padding1D(2, mode: .reflect))
  add("Padding2D(before: [1, 0], after: 2, value: -1.0)", Padding2D(before: [1, 0], after: 2, value: -1))
  add("Padding3D(1)", on: [3, 2, 2, 2, 2], Padding3D(1))
  add("Flatten()", Flatten())
  add("Flatten(from: 2, to: 3)", Flatten(from: 2, to: 3))
  add("Reshape([2, -1])", Reshape([2, -1]))
  return rows
}
