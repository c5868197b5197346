import Fluxion

/// Images made larger, smaller and padded, and convolutions other than 3×3 without a stride.
func visionRows() -> [Row] {
  /// Images of `side`², made `size`².
  func resize(_ name: String, _ images: Int, _ channels: Int, _ side: Int, to size: Int) -> Row {
    .timed("kernel/\(name)/\(images)x\(channels)x\(side)x\(side)-\(size)x\(size)", .floats(images * channels * (side * side + size * size)))
    {
      let x = Tensor.normal([images, channels, side, side])
      return { interpolate(x, to: size, method: .linear) }
    }
  }
  func convolution(_ name: String, _ x: Shape, _ outputs: Int, kernel: Int, stride: Int = 1) -> Row {
    let side = x[2] / stride
    return .timed(
      "kernel/\(name)/\(x[0])x\(x[1])x\(x[2])x\(x[3])-\(outputs)", .product(x[0] * side * side, outputs, x[1] * kernel * kernel)
    ) {
      let (x, w) = (Tensor.normal(x), Tensor.normal([outputs, x[1], kernel, kernel]))
      return { Fluxion.convolution(x, weight: w, stride: PerAxis(stride), padding: WindowPadding(PerAxis(kernel / 2))) }
    }
  }
  return [
    resize("resize-up", 8, 16, 64, to: 160), resize("resize-down", 8, 16, 128, to: 56),
    .timed("kernel/pad/16x32x56x56-2", .floats(16 * 32 * (56 * 56 + 60 * 60))) {
      let x = Tensor.normal([16, 32, 56, 56])
      return { x.padded([(0, 0), (0, 0), (2, 2), (2, 2)]) }
    },
    convolution("conv2d-stride-2", [16, 64, 32, 32], 128, kernel: 3, stride: 2),
    convolution("conv2d-1x1", [16, 256, 14, 14], 256, kernel: 1), convolution("conv2d-5x5", [16, 32, 28, 28], 64, kernel: 5),
  ]
}
