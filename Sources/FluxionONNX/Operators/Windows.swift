import Tensors

/// How a window slides, as the attributes of convolutions and pools say it.
struct WindowAttributes {
  let window: [Int]
  let stride: [Int]
  let dilation: [Int]
  var before: [Int]
  var after: [Int]
  var roundsUp: Bool
  /// Whether `auto_pad` rules.
  let isAutomatic: Bool

  /// - Parameters:
  ///   - window: The window's sizes where the node does not tell them.
  ///   - input: The sizes of the axes that it slides over.
  init(_ call: Call, window known: [Int]?, input: [Int]) throws(ONNXError) {
    let axes = input.count
    func numbers(_ name: String, least: Int, _ standard: Int) throws(ONNXError) -> [Int] {
      guard let numbers = try call.attributes.ints(name) else { return Array(repeating: standard, count: axes) }
      if numbers.count != axes || numbers.contains(where: { $0 < least || $0 > 1 << 24 }) {
        throw .field("attribute \(name)", "\(numbers); \(axes) numbers from \(least) on would fit")
      }
      return numbers
    }
    if axes < 1 { throw .field("input 0", "has no axes behind batch and channels") }
    if let given = try call.attributes.ints("kernel_shape") {
      if let known, known != given { throw .field("attribute kernel_shape", "\(given) for a weight of \(known)") }
      window = try numbers("kernel_shape", least: 1, 1)
    } else if let known {
      window = known
    } else {
      throw .field("attribute kernel_shape", "is missing")
    }
    stride = try numbers("strides", least: 1, 1)
    dilation = try numbers("dilations", least: 1, 1)
    roundsUp = try call.attributes.flag("ceil_mode")
    let pads = try call.attributes.ints("pads") ?? Array(repeating: 0, count: 2 * axes)
    if pads.count != 2 * axes || pads.contains(where: { $0 < 0 || $0 > 1 << 24 }) {
      throw .field("attribute pads", "\(pads); \(2 * axes) numbers from 0 on would fit")
    }
    let automatic = try call.attributes.word("auto_pad", "NOTSET", ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"])
    isAutomatic = automatic != "NOTSET"
    (before, after) =
      isAutomatic ? (Array(repeating: 0, count: axes), Array(repeating: 0, count: axes)) : (Array(pads[..<axes]), Array(pads[axes...]))
    guard automatic.hasPrefix("SAME") else { return }
    for axis in 0..<axes {
      let outputs = (input[axis] + stride[axis] - 1) / stride[axis]
      let total = max(0, (outputs - 1) * stride[axis] + reach(axis) - input[axis])
      before[axis] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2
      after[axis] = total - before[axis]
    }
  }

  var axes: Int { window.count }
  func reach(_ axis: Int) -> Int { (window[axis] - 1) * dilation[axis] + 1 }
  var padding: WindowPadding { WindowPadding(before: PerAxis(before), after: PerAxis(after)) }
}
