import Tensors

extension OperatorTable {
  /// A convolution to test: its arguments, and the window as the reference sees it.
  private struct ConvolutionCase: Sendable {
    var name: String
    var reference: WindowReference
    var groups = 1
    /// The shapes of x and of the weight, with a batch.
    var shapes: [[[Int]]]
    var call: @Sendable (Tensor, Tensor, Tensor?) -> Tensor

    func reference(_ x: [Grid], isTransposed: Bool) -> Grid {
      let single = x[0].rank == reference.input.count + 1
      let image = single ? Grid([1] + x[0].shape, x[0].values) : x[0]
      let weight = x[1]
      let (batch, outputs) = (image.shape[0], isTransposed ? image.shape[1] : weight.shape[0])
      let channels = weight.shape[1] * groups
      let planes = isTransposed ? channels : outputs
      var y = Grid(
        [batch, planes] + (isTransposed ? reference.input : reference.output)
      ) { at in x.count > 2 ? x[2].values[at[1]] : 0 }
      reference.forEachProduct(batch: batch, channels: channels, outputs: outputs, groups: groups) { i, k, o in
        if isTransposed { y.values[i] += weight.values[k] * image.values[o] } else { y.values[o] += weight.values[k] * image.values[i] }
      }
      return single ? Grid(Array(y.shape.dropFirst()), y.values) : y
    }
  }

  private static let cases: [ConvolutionCase] = [
    ConvolutionCase(
      name: "of images", reference: WindowReference([5, 4], to: [3, 2], window: [3, 3]),
      shapes: [
        [[2, 3, 5, 4], [4, 3, 3, 3]], [[3, 5, 4], [1, 3, 3, 3]], [[0, 3, 5, 4], [2, 3, 3, 3]], [[2, 0, 5, 4], [2, 0, 3, 3]],
      ]
    ) { convolution($0, weight: $1, bias: $2) },
    ConvolutionCase(
      name: "with stride, padding and dilation",
      reference: WindowReference([6, 7], to: [3, 2], window: [3, 2], stride: [2, 3], before: [2, 1], dilation: [2, 4]),
      shapes: [[[2, 2, 6, 7], [3, 2, 3, 2]]]
    ) { convolution($0, weight: $1, bias: $2, stride: [2, 3], padding: [2, 1], dilation: [2, 4]) },
    ConvolutionCase(
      name: "in groups", reference: WindowReference([4, 5], to: [4, 5], window: [3, 3], before: [1, 1]), groups: 2,
      shapes: [[[2, 4, 4, 5], [6, 2, 3, 3]]]
    ) { convolution($0, weight: $1, bias: $2, padding: 1, groups: 2) },
    ConvolutionCase(
      name: "by channels", reference: WindowReference([4, 5], to: [2, 3], window: [3, 3], stride: [2, 2], before: [1, 1]), groups: 3,
      shapes: [[[2, 3, 4, 5], [3, 1, 3, 3]]]
    ) { convolution($0, weight: $1, bias: $2, stride: 2, padding: 1, groups: 3) },
    ConvolutionCase(
      name: "by a window of one", reference: WindowReference([3, 4], to: [3, 4], window: [1, 1]), shapes: [[[2, 3, 3, 4], [2, 3, 1, 1]]]
    ) { convolution($0, weight: $1, bias: $2) },
    ConvolutionCase(
      name: "of signals, keeping their size", reference: WindowReference([6], to: [6], window: [4], before: [1]),
      shapes: [[[2, 3, 6], [4, 3, 4]], [[3, 6], [2, 3, 4]]]
    ) { convolution($0, weight: $1, bias: $2, padding: .same) },
    ConvolutionCase(
      name: "with an uneven padding", reference: WindowReference([5], to: [7], window: [2], before: [0], dilation: [1]),
      shapes: [[[2, 2, 5], [3, 2, 2]]]
    ) { convolution($0, weight: $1, bias: $2, padding: WindowPadding(before: 0, after: 3)) },
    ConvolutionCase(
      name: "of volumes",
      reference: WindowReference(
        [3, 4, 3], to: [2, 2, 3], window: [2, 2, 2], stride: [1, 2, 1], before: [0, 0, 0], dilation: [1, 1, 1]),
      shapes: [[[1, 2, 3, 4, 3], [2, 2, 2, 2, 2]]]
    ) { convolution($0, weight: $1, bias: $2, stride: [1, 2, 1], padding: WindowPadding(before: 0, after: [0, 0, 1])) },
    // Enough for several tiles, images and threads.
    ConvolutionCase(
      name: "of large images", reference: WindowReference([24, 23], to: [24, 23], window: [3, 3], before: [1, 1]),
      shapes: [[[1, 1, 24, 23], [1, 1, 3, 3]], [[4, 5, 24, 23], [6, 5, 3, 3]]]
    ) { convolution($0, weight: $1, bias: $2, padding: .same) },
  ]

  private static let transposed: [ConvolutionCase] = [
    ConvolutionCase(
      name: "of images", reference: WindowReference([5, 4], to: [3, 2], window: [3, 3]),
      shapes: [[[2, 4, 3, 2], [4, 3, 3, 3]], [[4, 3, 2], [4, 1, 3, 3]], [[0, 4, 3, 2], [4, 3, 3, 3]]]
    ) { convolutionTransposed($0, weight: $1, bias: $2) },
    ConvolutionCase(
      name: "with stride, padding and dilation",
      reference: WindowReference([8, 7], to: [3, 2], window: [3, 2], stride: [2, 3], before: [1, 0], dilation: [2, 2]),
      shapes: [[[2, 3, 3, 2], [3, 2, 3, 2]]]
    ) {
      convolutionTransposed($0, weight: $1, bias: $2, stride: [2, 3], padding: [1, 0], outputPadding: [1, 1], dilation: [2, 2])
    },
    ConvolutionCase(
      name: "in groups", reference: WindowReference([7], to: [4], window: [3], stride: [2], before: [1], dilation: [1]), groups: 2,
      shapes: [[[2, 4, 4], [4, 3, 3]]]
    ) { convolutionTransposed($0, weight: $1, bias: $2, stride: 2, padding: 1, groups: 2) },
    ConvolutionCase(
      name: "of volumes", reference: WindowReference([3, 4, 3], to: [2, 3, 3], window: [2, 2, 1]),
      shapes: [[[1, 2, 2, 3, 3], [2, 2, 2, 2, 1]]]
    ) { convolutionTransposed($0, weight: $1, bias: $2) },
    ConvolutionCase(
      name: "of a large image", reference: WindowReference([41, 39], to: [20, 19], window: [3, 3], stride: [2, 2]),
      shapes: [[[1, 1, 20, 19], [1, 1, 3, 3]], [[1, 6, 20, 19], [6, 5, 3, 3]]]
    ) { convolutionTransposed($0, weight: $1, bias: $2, stride: 2) },
  ]

  static let convolutions = list { rows in
    let primitives = ["struct Convolution", "struct ConvolutionInput", "struct ConvolutionWeight"]
    let convolution =
      "convolution(_: Tensor, weight: Tensor, bias: Tensor?, stride: PerAxis, padding: WindowPadding, dilation: PerAxis, groups: Int)"
    let convolutionTransposed =
      "convolutionTransposed(_: Tensor, weight: Tensor, bias: Tensor?, stride: PerAxis, padding: PerAxis, outputPadding: PerAxis, "
      + "dilation: PerAxis, groups: Int)"
    for (cases, isTransposed) in [(cases, false), (transposed, true)] {
      for item in cases {
        let name = (isTransposed ? "convolutionTransposed " : "convolution ") + item.name
        let covers = [isTransposed ? convolutionTransposed : convolution] + primitives
        let isLarge = item.shapes.contains { OperatorRow.isLarge($0) }
        let withBias = item.shapes.map { shapes in
          shapes + [[isTransposed ? shapes[1][1] * item.groups : shapes[1][0]]]
        }
        let dtypes = isLarge ? OperatorRow.floats : OperatorRow.numbers
        rows.add(
          .general(name, covers, cases: item.shapes, dtypes: dtypes) {
            item.call($0[0], $0[1], nil)
          } reference: {
            item.reference($0, isTransposed: isTransposed)
          })
        rows.add(
          .general(name + " and a bias", covers, cases: withBias, dtypes: dtypes) {
            item.call($0[0], $0[1], $0[2])
          } reference: {
            item.reference($0, isTransposed: isTransposed)
          })
      }
    }

    let window = WindowReference([5, 4], to: [3, 3], window: [3, 2], stride: [2, 2], before: [1, 1])
    let columns = "imageToColumns(_: Tensor, window: PerAxis, stride: PerAxis, padding: WindowPadding, dilation: PerAxis)"
    rows.add(
      .general(
        "imageToColumns", [columns, "struct Columns", "struct ColumnsAdded"],
        cases: [[[2, 3, 5, 4]], [[3, 5, 4]], [[0, 3, 5, 4]], [[2, 1, 3, 5, 4]]]
      ) {
        imageToColumns($0[0], window: [3, 2], stride: 2, padding: 1)
      } reference: { x in
        let lead = Array(x[0].shape.dropLast(3))
        let channels = x[0].shape[lead.count]
        var y = Grid(lead + [channels * 6, 9]) { _ in 0 }
        for plane in 0..<lead.reduce(1, *) * channels {
          for link in window.links { y.values[(plane * 6 + link.tap) * 9 + link.output] = x[0].values[plane * 20 + link.input] }
        }
        return y
      }.moving())
    rows.add(
      .general(
        "columnsToImage",
        [
          "columnsToImage(_: Tensor, size: Shape, window: PerAxis, stride: PerAxis, padding: WindowPadding, dilation: PerAxis)",
          "struct Columns", "struct ColumnsAdded",
        ], cases: [[[2, 12, 9]], [[6, 9]], [[0, 6, 9]]], dtypes: OperatorRow.numbers
      ) {
        columnsToImage($0[0], size: [5, 4], window: [3, 2], stride: 2, padding: 1)
      } reference: { x in
        let lead = Array(x[0].shape.dropLast(2))
        let channels = x[0].shape[lead.count] / 6
        var y = Grid(lead + [channels, 5, 4]) { _ in 0 }
        for plane in 0..<lead.reduce(1, *) * channels {
          for link in window.links { y.values[plane * 20 + link.input] += x[0].values[(plane * 6 + link.tap) * 9 + link.output] }
        }
        return y
      })
  }
}
