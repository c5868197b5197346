import Fluxion

extension Table {
  static let pooling = Family("Pooling") { rows in
    for axes in 1...3 {
      rows.add(
        "nn.functional.max_pool\(axes)d", "maxPool(x, window: 3, stride: 2, padding: 1, dilation: 1, roundsUp: true)",
        note: "positions: `maxPoolPositions(x, window: 3, …)`",
        results: { a in
          let x = try a.x
          let (window, stride) = (try a.perAxis("kernel_size", at: 1, axes: axes), try a.optionalPerAxis("stride", at: 2, axes: axes))
          let (padding, dilation) = (
            try a.windowPadding(at: 3, axes: axes), try a.perAxis("dilation", at: 4, axes: axes, default: 1)
          )
          let roundsUp = try a.bool("ceil_mode", at: 5)
          let y = maxPool(x, window: window, stride: stride, padding: padding, dilation: dilation, roundsUp: roundsUp)
          guard try a.bool("return_indices", at: 6) else { return [y] }
          return [
            y, maxPoolPositions(x, window: window, stride: stride, padding: padding, dilation: dilation, roundsUp: roundsUp),
          ]
        })
      rows.add("nn.functional.avg_pool\(axes)d", "meanPool(x, window: 3, stride: 2, padding: 1, countsPadding: false, divisor: 2)") { a in
        try meanPool(
          a.x, window: a.perAxis("kernel_size", at: 1, axes: axes), stride: a.optionalPerAxis("stride", at: 2, axes: axes),
          padding: a.windowPadding(at: 3, axes: axes), roundsUp: a.bool("ceil_mode", at: 4),
          countsPadding: a.bool("count_include_pad", at: 5, default: true), divisor: a.optionalInt("divisor_override", at: 6))
      }
      rows.add(
        "nn.functional.adaptive_max_pool\(axes)d", "maxPool(x, to: [5, 7])", note: "positions: `maxPoolPositions(x, to: [5, 7])`",
        results: { a in
          let x = try a.x
          let size = try a.sizes("output_size", at: 1, of: x, axes: axes)
          let y = maxPool(x, to: size)
          return try a.bool("return_indices", at: 2) ? [y, maxPoolPositions(x, to: size)] : [y]
        })
      rows.add("nn.functional.adaptive_avg_pool\(axes)d", "meanPool(x, to: [5, 7])") { a in
        let x = try a.x
        return meanPool(x, to: try a.sizes("output_size", at: 1, of: x, axes: axes))
      }
    }
  }
}
