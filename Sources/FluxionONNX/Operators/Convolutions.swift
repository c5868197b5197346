import Tensors

extension OperatorTable {
  /// Convolutions and what goes with them.
  static let convolutions: [Operator] = [
    .one("Conv", [1, 11, 22], "`convolution(x, weight:bias:stride:padding:dilation:groups:)`") { call in
      try call.convolution(try call.tensor(0), try call.tensor(1), try call.optional(2))
    },
    Operator("ConvInteger", [10], "`convolution` of integers less their zero points, in int32") { call in
      let x = try call.shifted(0, zero: 2, isRow: false)
      var weight = try call.tensor(1)
      if call.has(3) {
        let point = try call.tensor(3)
        weight =
          weight - (point.rank == 1 ? point.reshaped(Shape([point.elementCount] + Array(repeating: 1, count: weight.rank - 1))) : point)
      }
      let y = try call.convolution(x.cast(to: .float64), weight.cast(to: .float64), nil)
      return [.tensor(TypedTensor(y.cast(to: .int32), .int32))]
    },
    .one("ConvTranspose", [1, 11, 22], "`convolutionTransposed(x, weight:bias:…)`, cut or padded at its ends") { call in
      try call.convolutionTransposed(try call.tensor(0), try call.tensor(1), try call.optional(2))
    },
    .one("DeformConv", [19, 22], "`gridSample` and a matrix product") { call in try call.deformedConvolution() },
    Operator("CausalConvWithState", [27], "`convolution` of state and input, in groups of one channel") { call in
      let (x, weight) = (try call.tensor(0), try call.tensor(1))
      guard x.rank == 3, weight.rank == 3, weight.shape[1] == 1, weight.shape[0] == x.shape[1], weight.shape[2] > 0 else {
        throw ONNXError.field("input 1", "\(weight.shape) for \(x.shape)")
      }
      let k = weight.shape[2]
      let past = try call.optional(3) ?? .zeros([x.shape[0], x.shape[1], k - 1], x.dtype)
      let all = concatenate([past, x], axis: 2)
      var y = convolution(all, weight: weight, bias: try call.optional(2), groups: x.shape[1])
      let activation = try call.attributes.word("activation", "none", ["none", "silu", "swish"])
      if activation != "none" { y = silu(y) }
      let type = try call.type(0)
      let length = all.shape[2]
      return [.tensor(TypedTensor(y, type)), .tensor(TypedTensor(all[axis: 2, (length - k + 1)..<length], type))]
    },
    .one("Col2Im", [18], "`columnsToImage(x, size:window:…)`") { call in
      let x = try call.tensor(0)
      let (size, block) = (try call.integers(1), try call.integers(2))
      let axes = size.count
      func numbers(_ name: String, _ standard: Int, count: Int) throws(ONNXError) -> [Int] {
        let numbers = try call.attributes.ints(name) ?? Array(repeating: standard, count: count)
        if numbers.count != count { throw .field("attribute \(name)", "\(numbers); \(count) numbers would fit") }
        return numbers
      }
      let pads = try numbers("pads", 0, count: 2 * axes)
      if axes < 1 || block.count != axes { throw ONNXError.field("input 2", "\(block) for \(size)") }
      return columnsToImage(
        x, size: Shape(size), window: PerAxis(block), stride: PerAxis(try numbers("strides", 1, count: axes)),
        padding: WindowPadding(before: PerAxis(Array(pads[..<axes])), after: PerAxis(Array(pads[axes...]))),
        dilation: PerAxis(try numbers("dilations", 1, count: axes)))
    },
  ]
}

extension Call {
  func convolution(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?) throws(ONNXError) -> Tensor {
    if x.rank < 3 || weight.rank != x.rank {
      throw .field("input 1", "\(weight.shape) for \(x.shape); as many axes, three or more, would fit")
    }
    // In a run that changes no weights the weight is packed once.
    let isSteady = node.steadyInputs.contains(1) && (node.inputs.count < 3 || node.steadyInputs.contains(2))
    let kept = isSteady && node.operation.name == "Conv" ? environment.kept : nil
    if let y = kept?.convolution(node)?(x) { return y }
    let window = try WindowAttributes(self, window: Array(weight.shape[2...]), input: Array(x.shape[2...]))
    let (stride, padding, dilation) = (PerAxis(window.stride), window.padding, PerAxis(window.dilation))
    let groups = try self.groups()
    if let kept,
      let prepared = PreparedConvolution(
        x, weight: weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups),
      let y = prepared(x)
    {
      kept.keep(prepared, node)
      return y
    }
    return Tensors.convolution(x, weight: weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
  }

  func groups() throws(ONNXError) -> Int {
    let groups = try attributes.int("group", 1)
    if groups < 1 || groups > 1 << 32 { throw .field("attribute group", "\(groups); 1 or more would fit") }
    return groups
  }

  func convolutionTransposed(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?) throws(ONNXError) -> Tensor {
    if x.rank < 3 || weight.rank != x.rank {
      throw .field("input 1", "\(weight.shape) for \(x.shape); as many axes, three or more, would fit")
    }
    let window = try WindowAttributes(self, window: Array(weight.shape[2...]), input: Array(x.shape[2...]))
    let axes = window.axes
    let extra = try attributes.ints("output_padding") ?? Array(repeating: 0, count: axes)
    if extra.count != axes || extra.contains(where: { $0 < 0 || $0 > 1 << 24 }) { throw .field("attribute output_padding", "\(extra)") }
    var (before, after) = (window.before, window.after)
    var wanted = try attributes.ints("output_shape")
    // Some writers give the whole shape, with batch and channels.
    if let shape = wanted, shape.count == axes + 2 { wanted = Array(shape[2...]) }
    if let wanted, wanted.count != axes || wanted.contains(where: { $0 < 1 || $0 > 1 << 32 }) {
      throw .field("attribute output_shape", "\(wanted); \(axes) sizes would fit")
    }
    let automatic = try attributes.string("auto_pad", "NOTSET")
    for axis in 0..<axes {
      let full = (x.shape[axis + 2] - 1) * window.stride[axis] + window.reach(axis) + extra[axis]
      guard let size = wanted?[axis] ?? (automatic.hasPrefix("SAME") ? x.shape[axis + 2] * window.stride[axis] : nil) else { continue }
      let total = full - size
      // What is missing comes at the end.
      before[axis] = total < 0 ? 0 : automatic == "SAME_UPPER" ? total / 2 : total - total / 2
      after[axis] = total - before[axis]
    }
    let fits = before == after && (0..<axes).allSatisfy { extra[$0] < max(window.stride[$0], window.dilation[$0]) && before[$0] >= 0 }
    let groups = try self.groups()
    if fits {
      return Tensors.convolutionTransposed(
        x, weight: weight, bias: bias, stride: PerAxis(window.stride), padding: PerAxis(before), outputPadding: PerAxis(extra),
        dilation: PerAxis(window.dilation), groups: groups)
    }
    var y = Tensors.convolutionTransposed(
      x, weight: weight, stride: PerAxis(window.stride), dilation: PerAxis(window.dilation), groups: groups)
    y = y.padded((0..<axes).map { (before: -before[$0], after: extra[$0] - after[$0]) })
    if let bias { y = y + bias.reshaped(Shape([bias.elementCount] + Array(repeating: 1, count: axes))) }
    return y
  }

  /// A convolution whose window's places are moved, each by two numbers of its own (Dai and others 2017).
  func deformedConvolution() throws(ONNXError) -> Tensor {
    let (x, weight, offset) = (try tensor(0), try tensor(1), try tensor(2))
    guard x.rank == 4, weight.rank == 4, offset.rank == 4 else {
      throw .field("input 0", "\(x.shape); [batch, channels, height, width] would fit")
    }
    let window = try WindowAttributes(self, window: Array(weight.shape[2...]), input: Array(x.shape[2...]))
    let (groups, parts) = (try self.groups(), try attributes.int("offset_group", 1))
    let (batch, channels, height, width) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    let (rows, columns) = (offset.shape[2], offset.shape[3])
    let taps = window.window[0] * window.window[1]
    guard parts > 0, channels % parts == 0, offset.shape[1] == parts * taps * 2, offset.shape[0] == batch, channels % groups == 0,
      weight.shape[0] % groups == 0, weight.shape[1] * groups == channels, height > 0, width > 0
    else { throw .field("input 2", "\(offset.shape) for \(x.shape) and a weight of \(weight.shape)") }
    // Where each tap lies without its offset.
    func places(_ axis: Int, _ count: Int) -> [Double] {
      (0..<count).map { Double($0 * window.stride[axis] - window.before[axis]) }
    }
    let (top, left) = (places(0, rows), places(1, columns))
    var base: [Double] = []
    for k in 0..<taps {
      let (i, j) = (Double(k / window.window[1] * window.dilation[0]), Double(k % window.window[1] * window.dilation[1]))
      for y in top { base += left.map { _ in y + i } }
      for _ in top { base += left.map { $0 + j } }
    }
    // In float64, as the grid's numbers are fractions of the image, which in float32 would miss an element's middle by a little.
    let starts = Tensor(base, shape: [taps, 2, rows, columns])
    let moved = offset.cast(to: .float64).reshaped([batch * parts, taps, 2, rows, columns]) + starts
    // −1 and 1 are the image's outer edges.
    let y = (moved[axis: 2, 0] as Tensor + 0.5) * (2 / Double(height)) - 1
    let xs = (moved[axis: 2, 1] as Tensor + 0.5) * (2 / Double(width)) - 1
    let grid = stack([xs, y], axis: -1).reshaped([batch * parts, taps * rows, columns, 2])
    let images = x.cast(to: .float64).reshaped([batch * parts, channels / parts, height, width])
    var sampled = gridSample(images, at: grid).cast(to: x.dtype)
      .reshaped([batch, parts, channels / parts, taps, rows, columns])
    if let mask = try optional(4) { sampled = sampled * mask.reshaped([batch, parts, 1, taps, rows, columns]) }
    let table = sampled.reshaped([batch, groups, channels / groups * taps, rows * columns])
    let outputs = weight.shape[0]
    let product = matmul(weight.reshaped([groups, outputs / groups, channels / groups * taps]), table).reshaped([
      batch, outputs, rows, columns,
    ])
    guard let bias = try optional(3) else { return product }
    return product + bias.reshaped([outputs, 1, 1])
  }
}
