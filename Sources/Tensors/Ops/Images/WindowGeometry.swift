import CKernels

/// How a window slides over the spatial axes of images: their sizes before and after, steps and edges.
///
/// What convolutions, pooling and columns have in common. C sees three axes; those that are missing have size 1.
struct WindowGeometry: Sendable {
  /// How many spatial axes there are, one to three.
  let axes: Int
  private(set) var raw: fx_window

  /// A window over an image whose places follow from the sizes.
  ///
  /// - Parameter roundsUp: Whether a last place that reaches over the end counts, if it begins before it.
  init(
    _ operation: String, input: Shape, window: PerAxis, stride: PerAxis, padding: WindowPadding, dilation: PerAxis, roundsUp: Bool = false
  ) throws(TensorError) {
    let axes = input.rank
    let window = try window.numbers("a window", axes: axes, least: 1, operation)
    let stride = try stride.numbers("a stride", axes: axes, least: 1, operation)
    let dilation = try dilation.numbers("a dilation", axes: axes, least: 1, operation)
    var reach = window
    for axis in 0..<axes { reach[axis] = (window[axis] - 1) * dilation[axis] + 1 }
    let (before, after) = try padding.numbers(input, reach: reach, stride: stride, operation)
    var output = input
    for axis in 0..<axes {
      let room = input[axis] + before[axis] + after[axis] - reach[axis]
      if room < 0 {
        throw TensorError(
          operation,
          "a window that spans \(reach) over \(input) with padding of \(before) before and \(after) after: "
            + "axis \(axis - axes) is too short, \(reach[axis] - before[axis] - after[axis]) or more would fit")
      }
      output[axis] = room / stride[axis] + 1
      // Rounded up, but for a place that would begin behind the last element.
      if roundsUp && room % stride[axis] > 0 && output[axis] * stride[axis] < input[axis] + before[axis] { output[axis] += 1 }
    }
    self.init(input, output, window, stride, dilation, before, after)
  }

  /// A window whose sizes are all known; they fit.
  init(_ input: Shape, _ output: Shape, _ window: Shape, _ stride: Shape, _ dilation: Shape, _ before: Shape, _ after: Shape) {
    axes = input.rank
    func three(_ x: Shape, _ missing: Int) -> (Int, Int, Int) {
      (x.rank > 2 ? x[-3] : missing, x.rank > 1 ? x[-2] : missing, x[-1])
    }
    raw = fx_window(
      input: three(input, 1), output: three(output, 1), window: three(window, 1), stride: three(stride, 1), dilation: three(dilation, 1),
      before: three(before, 0), after: three(after, 0))
  }

  private func sizes(_ three: (Int, Int, Int)) -> Shape {
    axes == 3 ? Shape(three.0, three.1, three.2) : axes == 2 ? Shape(three.1, three.2) : Shape(three.2)
  }

  var input: Shape { sizes(raw.input) }
  var output: Shape { sizes(raw.output) }
  var window: Shape { sizes(raw.window) }
  var dilation: Shape { sizes(raw.dilation) }
  var before: Shape { sizes(raw.before) }
  var after: Shape { sizes(raw.after) }
  /// The elements of an image's plane, of a result's plane, and of the window.
  var inputCount: Int { raw.input.0.saturatingTimes(raw.input.1).saturatingTimes(raw.input.2) }
  var outputCount: Int { raw.output.0.saturatingTimes(raw.output.1).saturatingTimes(raw.output.2) }
  var windowCount: Int { raw.window.0.saturatingTimes(raw.window.1).saturatingTimes(raw.window.2) }

  /// Each output is one input, at the same place.
  var isIdentity: Bool {
    raw.window == (1, 1, 1) && raw.stride == (1, 1, 1) && raw.before == (0, 0, 0) && raw.input == raw.output
  }

  /// Calls `body` with what C reads.
  @inline(__always)
  func withRaw<R>(_ body: (UnsafePointer<fx_window>) -> R) -> R { withUnsafePointer(to: raw, body) }
}

extension Tensor {
  /// How many spatial axes a window is meant for: as many as it has numbers, or all but the first two.
  func spatialAxes(_ sizes: PerAxis, _ operation: String) throws(TensorError) -> Int {
    let axes = sizes.count ?? rank - 2
    if axes >= 1 && axes <= 3 && axes <= rank { return axes }
    throw TensorError(
      operation,
      sizes.count == nil
        ? "\(shape) has \(Swift.max(0, axes)) axes behind the first two; 1 to 3 would fit, or a list of sizes for the last ones"
        : "sizes \(sizes) for \(shape); 1 to \(Swift.max(1, Swift.min(3, rank))) numbers would fit")
  }
}
