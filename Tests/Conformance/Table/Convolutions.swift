import Fluxion

extension Table {
  static let convolutions = Family("Convolutions") { rows in
    for axes in 1...3 {
      rows.add("nn.functional.conv\(axes)d", "convolution(x, weight: w, bias: b, stride: 2, padding: .same, dilation: 1, groups: 1)") { a in
        try convolution(
          a.x, weight: a.tensor("weight", at: 1), bias: a.optionalTensor("bias", at: 2),
          stride: a.perAxis("stride", at: 3, axes: axes, default: 1), padding: a.windowPadding(at: 4, axes: axes),
          dilation: a.perAxis("dilation", at: 5, axes: axes, default: 1), groups: a.int("groups", at: 6, default: 1))
      }
      rows.add(
        "nn.functional.conv_transpose\(axes)d",
        "convolutionTransposed(x, weight: w, bias: b, stride: 2, padding: 1, outputPadding: 1, dilation: 1, groups: 1)"
      ) { a in
        try convolutionTransposed(
          a.x, weight: a.tensor("weight", at: 1), bias: a.optionalTensor("bias", at: 2),
          stride: a.perAxis("stride", at: 3, axes: axes, default: 1), padding: a.perAxis("padding", at: 4, axes: axes, default: 0),
          outputPadding: a.perAxis("output_padding", at: 5, axes: axes, default: 0),
          dilation: a.perAxis("dilation", at: 7, axes: axes, default: 1), groups: a.int("groups", at: 6, default: 1))
      }
    }
    rows.add("nn.functional.unfold", "imageToColumns(x, window: [2, 3], stride: 2, padding: 1, dilation: 1)") { a in
      try imageToColumns(
        a.x, window: a.perAxis("kernel_size", at: 1, axes: 2), stride: a.perAxis("stride", at: 4, axes: 2, default: 1),
        padding: a.windowPadding(at: 3, axes: 2), dilation: a.perAxis("dilation", at: 2, axes: 2, default: 1))
    }
    rows.add("nn.functional.fold", "columnsToImage(x, size: [32, 32], window: [2, 3], stride: 2, padding: 1, dilation: 1)") { a in
      let size = try a.ints("output_size", at: 1)
      return try columnsToImage(
        a.x, size: Shape(size.count == 1 ? [size[0], size[0]] : size), window: a.perAxis("kernel_size", at: 2, axes: 2),
        stride: a.perAxis("stride", at: 5, axes: 2, default: 1), padding: a.windowPadding(at: 4, axes: 2),
        dilation: a.perAxis("dilation", at: 3, axes: 2, default: 1))
    }
  }
}
