import Tensors

extension OperatorTable {
  /// Images of another size, or seen through a grid.
  static let resizing: [Operator] = [
    .one("Resize", [10, 11, 13, 18, 19], "weighted sums along each axis, as `interpolate`; all modes") { call in
      let x = try call.tensor(0)
      let resize = try Resize(call, x.shape)
      return try resize(x, call.type(0))
    },
    .one("Upsample", [1, 7, 9, 10], "as `Resize` with `asymmetric` and `floor`") { call in
      let x = try call.tensor(0)
      let scales: [Double]
      if call.version < 7 {
        scales = [1, 1, try call.attributes.float("height_scale", 1), try call.attributes.float("width_scale", 1)]
      } else {
        scales = call.version < 9 ? try call.attributes.floats("scales") ?? [] : try call.doubles(1)
      }
      return try Resize(
        scales: scales, isLinear: call.attributes.word("mode", "nearest", ["nearest", "linear", "bilinear"]) != "nearest", x.shape)(
          x, call.type(0))
    },
    .one("GridSample", [16, 20, 22], "`gridSample(x, at: grid, method:padding:alignsCorners:)`") { call in
      let (x, grid) = (try call.tensor(0), try call.tensor(1))
      let mode = try call.attributes.word(
        "mode", call.version < 20 ? "bilinear" : "linear", ["bilinear", "linear", "nearest", "bicubic", "cubic"])
      let padding: SamplePadding =
        switch try call.attributes.word("padding_mode", "zeros", ["zeros", "border", "reflection"]) {
        case "border": .border
        case "reflection": .reflection
        default: .zeros
        }
      let method: Interpolation = mode == "nearest" ? .nearest : mode.hasSuffix("cubic") ? .cubic : .linear
      return gridSample(
        x, at: grid.cast(to: x.dtype), method: method, padding: padding, alignsCorners: try call.attributes.flag("align_corners"))
    },
    .one("AffineGrid", [20], "a product of places and `theta`") { call in
      let theta = try call.tensor(0)
      let size = try call.integers(1)
      let alignsCorners = try call.attributes.flag("align_corners")
      guard size.count == 4 || size.count == 5, theta.rank == 3, theta.shape[2] == size.count - 1,
        size.allSatisfy({ $0 >= 0 && $0 < 1 << 24 })
      else { throw ONNXError.field("input 1", "\(size) for \(theta.shape)") }
      let sizes = Array(size[2...])
      let count = sizes.reduce(1, { $0.saturatingTimes($1) })
      if count > 1 << 32 { throw ONNXError.field("input 1", "\(size)") }
      // The last axis is the first number of a place.
      var axes: [Tensor] = []
      for (axis, n) in sizes.enumerated().reversed() {
        let places = (0..<n).map { i -> Double in
          if alignsCorners { return n == 1 ? 0 : -1 + 2 * Double(i) / Double(n - 1) }
          return -1 + (2 * Double(i) + 1) / Double(n)
        }
        var shape = sizes.map { _ in 1 }
        shape[axis] = n
        axes.append(Tensor(places, shape: Shape(shape)).cast(to: theta.dtype).expanded(Shape(sizes)))
      }
      let base = stack(axes + [.ones(Shape(sizes), theta.dtype)], axis: -1).reshaped([count, sizes.count + 1])
      return matmul(base, theta.transposed()).reshaped(Shape([theta.shape[0]] + sizes + [sizes.count]))
    },
  ]
}
