import Tensors

extension OperatorTable {
  /// What is said of windows: largest, mean, norm.
  static let pooling: [Operator] = [
    Operator("MaxPool", [1, 8, 10, 11, 12, 22], "`maxPool(x, window:stride:padding:dilation:roundsUp:)`, `maxPoolPositions`") { call in
      let x = try call.typed(0)
      let window = try WindowAttributes(call, window: nil, input: Array(x.shape.dropFirst(2)))
      let (size, stride, dilation) = (PerAxis(window.window), PerAxis(window.stride), PerAxis(window.dilation))
      if window.padsFar { return try call.farPaddedMaxPool(x, window) }
      let y = maxPool(
        x.tensor, window: size, stride: stride, padding: window.padding, dilation: dilation, roundsUp: window.roundsUp)
      if !call.isWanted(1) { return [.tensor(TypedTensor(y, x.type))] }
      let positions = maxPoolPositions(
        x.tensor.detached, window: size, stride: stride, padding: window.padding, dilation: dilation, roundsUp: window.roundsUp)
      return [
        .tensor(TypedTensor(y, x.type)),
        .tensor(TypedTensor(try call.flatPositions(positions, in: x.shape, isColumnMajor: call.attributes.flag("storage_order")), .int64)),
      ]
    },
    .one("AveragePool", [1, 7, 10, 11, 19, 22], "`meanPool(x, window:stride:padding:roundsUp:countsPadding:)`") { call in
      let x = try call.tensor(0)
      let window = try WindowAttributes(call, window: nil, input: Array(x.shape.dropFirst(2)))
      let countsPadding = try call.attributes.flag("count_include_pad")
      if window.padsFar || window.dilation.contains(where: { $0 > 1 }) {
        return try call.dilatedMean(x, window, countsPadding: countsPadding)
      }
      return meanPool(
        x, window: PerAxis(window.window), stride: PerAxis(window.stride), padding: window.padding, roundsUp: window.roundsUp,
        countsPadding: countsPadding)
    },
    .one("LpPool", [1, 2, 11, 18, 22], "the mean of |x|ᵖ, times their number, to the power 1/p") { call in
      let x = try call.tensor(0)
      let p = call.version < 2 ? try call.attributes.float("p", 2) : Double(try call.attributes.int("p", 2))
      let window = try WindowAttributes(call, window: nil, input: Array(x.shape.dropFirst(2)))
      let powers = pow(abs(x), p)
      return pow(try call.windowSum(powers, window), 1 / p)
    },
    .one("GlobalAveragePool", [1, 22], "`x.mean(axes:keepDims:)`") { call in
      let x = try call.tensor(0)
      return x.rank > 2 ? x.mean(axes: Array(2..<x.rank), keepDims: true) : x
    },
    .one("GlobalMaxPool", [1, 22], "`x.max(axes:keepDims:)`") { call in
      let x = try call.tensor(0)
      return x.rank > 2 ? x.max(axes: Array(2..<x.rank), keepDims: true) : x
    },
    .one("GlobalLpPool", [1, 2, 22], "`x.norm(p, axes:keepDims:)`") { call in
      let x = try call.tensor(0)
      let p = call.version < 2 ? try call.attributes.float("p", 2) : Double(try call.attributes.int("p", 2))
      return x.rank > 2 ? x.norm(p, axes: Array(2..<x.rank), keepDims: true) : abs(x)
    },
    .one("MaxUnpool", [9, 11, 22], "`zeros.scatter(x, at: positions, axis:)`") { call in
      let (x, positions) = (try call.tensor(0), try call.tensor(1))
      let window = try WindowAttributes(call, window: nil, input: Array(x.shape.dropFirst(2)))
      var natural = Array(x.shape[..<2])
      for axis in 0..<window.axes {
        let places: Int = (x.shape[axis + 2] - 1) * window.stride[axis] + window.window[axis]
        natural.append(places - window.before[axis] - window.after[axis])
      }
      let sizes = call.has(2) ? try call.integers(2) : natural
      guard sizes.count == x.rank, sizes.allSatisfy({ $0 >= 0 && $0 < 1 << 32 }), positions.shape == x.shape else {
        throw ONNXError.field("input 2", "\(sizes) for \(x.shape)")
      }
      // Positions are those of the natural size, which a larger output puts in its first corner.
      let flat = Tensor.zeros([natural.reduce(1, { $0.saturatingTimes($1) })], x.dtype).scatter(
        x.reshaped([-1]), at: positions.reshaped([-1]), axis: 0)
      return flat.reshaped(Shape(natural)).padded(zip(natural, sizes).map { (before: 0, after: $1 - $0) })
    },
  ]
}

extension Call {
  /// Positions in planes as positions in the whole tensor, row-major or with the planes' axes the other way round.
  func flatPositions(_ positions: Tensor, in shape: Shape, isColumnMajor: Bool) throws(ONNXError) -> Tensor {
    let sizes = Array(shape.dropFirst(2))
    let plane = sizes.reduce(1, *)
    var place = positions
    if isColumnMajor {
      place = positions.mapIntegers { flat in
        var (rest, indices) = (flat, [Int]())
        for size in sizes.reversed() {
          indices.append(rest % size)
          rest /= size
        }
        // The first axis is the fastest.
        return zip(indices, sizes.reversed()).reduce(0) { $0 * $1.1 + $1.0 }
      }
    }
    let count = shape[0] * shape[1]
    let offsets = (Tensor.arange(count) * plane).reshaped(Shape([shape[0], shape[1]] + sizes.map { _ in 1 }))
    return place + offsets
  }

  /// The sum under each place of a window, by a convolution of each channel with ones.
  func windowSum(_ x: Tensor, _ window: WindowAttributes) throws(ONNXError) -> Tensor {
    if x.rank < 3 { throw .field("input 0", "\(x.shape); [batch, channels, …] would fit") }
    var after = window.after
    if window.roundsUp { after = roundedAfter(x, window) }
    let sizes = Array(x.shape[2...])
    let planes = x.reshaped(Shape([x.shape[0] * x.shape[1], 1] + sizes))
    let ones = Tensor.ones(Shape([1, 1] + window.window), x.dtype)
    let y = Tensors.convolution(
      planes, weight: ones, stride: PerAxis(window.stride), padding: WindowPadding(before: PerAxis(window.before), after: PerAxis(after)),
      dilation: PerAxis(window.dilation))
    return y.reshaped(Shape([x.shape[0], x.shape[1]] + Array(y.shape[2...])))
  }

  /// The padding at the end that makes room for a last place that reaches over it.
  private func roundedAfter(_ x: Tensor, _ window: WindowAttributes) -> [Int] {
    (0..<window.axes).map { axis in
      let (size, stride) = (x.shape[axis + 2], window.stride[axis])
      let room = size + window.before[axis] + window.after[axis] - window.reach(axis)
      if room < 0 || room % stride == 0 { return window.after[axis] }
      let places = room / stride + 1
      if places * stride >= size + window.before[axis] { return window.after[axis] }
      return window.after[axis] + stride - room % stride
    }
  }

  /// The largest under a window that may lie on padding alone: over what is padded with the least number.
  func farPaddedMaxPool(_ x: TypedTensor, _ window: WindowAttributes) throws(ONNXError) -> [Value] {
    let after = window.roundsUp ? roundedAfter(x.tensor, window) : window.after
    let amounts = (0..<window.axes).map { (before: window.before[$0], after: after[$0]) }
    let least = x.type.range.lowerBound
    let padded = x.type.isInteger ? x.tensor.padded(amounts, value: least) : x.tensor.padded(amounts, value: -Double.infinity)
    let (size, stride, dilation) = (PerAxis(window.window), PerAxis(window.stride), PerAxis(window.dilation))
    let y = maxPool(padded, window: size, stride: stride, dilation: dilation)
    if !isWanted(1) { return [.tensor(TypedTensor(y, x.type))] }
    // Positions in the padded planes as those without the padding.
    let wide = Array(padded.shape.dropFirst(2)), sizes = Array(x.shape.dropFirst(2))
    let places = maxPoolPositions(padded.detached, window: size, stride: stride, dilation: dilation).mapIntegers { flat in
      var (rest, place, scale) = (flat, 0, 1)
      for axis in (0..<wide.count).reversed() {
        place += max(0, min(sizes[axis] - 1, rest % wide[axis] - window.before[axis])) * scale
        rest /= wide[axis]
        scale *= sizes[axis]
      }
      return place
    }
    let isColumnMajor = try attributes.flag("storage_order")
    return [
      .tensor(TypedTensor(y, x.type)), .tensor(TypedTensor(try flatPositions(places, in: x.shape, isColumnMajor: isColumnMajor), .int64)),
    ]
  }

  /// A mean whose elements lie apart: the sum over the number of elements.
  func dilatedMean(_ x: Tensor, _ window: WindowAttributes, countsPadding: Bool) throws(ONNXError) -> Tensor {
    let sum = try windowSum(x, window)
    var ones = Tensor.ones(Shape([1, 1] + Array(x.shape[2...])), x.dtype)
    if countsPadding {
      // Padding counts, and what lies beyond it does not.
      let rounded = window.roundsUp ? roundedAfter(x, window) : window.after
      ones = ones.padded((0..<window.axes).map { (before: window.before[$0], after: window.after[$0]) }, value: 1)
      ones = ones.padded((0..<window.axes).map { (before: 0, after: rounded[$0] - window.after[$0]) })
      var bare = window
      bare.removePadding()
      return sum / (try windowSum(ones, bare))
    }
    return sum / (try windowSum(ones, window))
  }
}

extension WindowAttributes {
  /// Whether the window may lie on padding alone, or nearly so, which the pools of Fluxion refuse as PyTorch's do.
  var padsFar: Bool { (0..<axes).contains { max(before[$0], after[$0]) > window[$0] / 2 } }

  mutating func removePadding() {
    before = before.map { _ in 0 }
    after = after.map { _ in 0 }
    roundsUp = false
  }
}
