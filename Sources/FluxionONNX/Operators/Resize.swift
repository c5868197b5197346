import Tensors

/// What a `Resize` node asks for, axis by axis.
struct Resize {
  private var axes: [Axis] = []
  private var mode = "nearest"
  private var nearestMode = "round_prefer_floor"
  private var coordinates = "half_pixel"
  private var cubic = -0.75
  private var excludesOutside = false
  private var antialiases = false
  private var extrapolation = 0.0

  private struct Axis {
    let axis: Int
    let size: Int
    let count: Int
    let scale: Double
    /// The part of the axis that is shown, from 0 to 1.
    var start = 0.0
    var end = 1.0
  }

  /// Of `Upsample`.
  init(scales: [Double], isLinear: Bool, _ shape: Shape) throws(ONNXError) {
    if scales.count != shape.rank { throw .field("scales", "\(scales) for \(shape)") }
    mode = isLinear ? "linear" : "nearest"
    (coordinates, nearestMode) = ("asymmetric", "floor")
    for (axis, scale) in scales.enumerated() { try add(axis, shape[axis], nil, scale) }
  }

  /// Of a node of any version.
  init(_ call: Call, _ shape: Shape) throws(ONNXError) {
    let rank = shape.rank
    mode = try call.attributes.word("mode", "nearest", ["nearest", "linear", "cubic"])
    if call.version < 11 {
      (coordinates, nearestMode) = ("asymmetric", "floor")
      let scales = try call.doubles(1)
      if scales.count != rank { throw .field("input 1", "\(scales) for \(shape)") }
      for (axis, scale) in scales.enumerated() { try add(axis, shape[axis], nil, scale) }
      return
    }
    nearestMode = try call.attributes.word(
      "nearest_mode", "round_prefer_floor", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
    coordinates = try call.attributes.word(
      "coordinate_transformation_mode", "half_pixel",
      [
        "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_half_pixel_for_nn",
        "tf_crop_and_resize",
      ])
    cubic = try call.attributes.float("cubic_coeff_a", -0.75)
    excludesOutside = try call.attributes.flag("exclude_outside")
    antialiases = try call.attributes.flag("antialias") && mode != "nearest"
    extrapolation = try call.attributes.float("extrapolation_value", 0)
    let chosen = try call.attributes.ints("axes").map { list throws(ONNXError) in try call.axes(list, rank: rank) } ?? Array(0..<rank)
    let scales = call.has(2) ? try call.doubles(2) : []
    let sizes = call.has(3) ? try call.integers(3) : []
    if !(scales.count == chosen.count && sizes.isEmpty || sizes.count == chosen.count && scales.isEmpty) {
      throw .field("inputs", "\(scales.count) scales and \(sizes.count) sizes; one of them for \(chosen.count) axes would fit")
    }
    let roi = coordinates == "tf_crop_and_resize" && call.has(1) ? try call.doubles(1) : []
    if !roi.isEmpty && roi.count != 2 * chosen.count { throw .field("input 1", "\(roi.count) numbers; \(2 * chosen.count) would fit") }
    let policy = try call.attributes.word("keep_aspect_ratio_policy", "stretch", ["stretch", "not_larger", "not_smaller"])
    var common: Double?
    if !sizes.isEmpty && policy != "stretch" {
      let ratios = zip(chosen, sizes).map { Double($1) / Double(max(1, shape[$0])) }
      common = policy == "not_larger" ? ratios.min() : ratios.max()
    }
    for (i, axis) in chosen.enumerated() {
      let part = roi.isEmpty ? (0.0, 1.0) : (roi[i], roi[i + chosen.count])
      if sizes.isEmpty {
        try add(axis, shape[axis], nil, scales[i], part)
      } else if let common {
        try add(axis, shape[axis], Int((common * Double(shape[axis]) + 0.5).rounded(.down)), common, part)
      } else {
        try add(axis, shape[axis], sizes[i], Double(sizes[i]) / Double(max(1, shape[axis])), part)
      }
    }
  }

  private mutating func add(_ axis: Int, _ size: Int, _ count: Int?, _ scale: Double, _ part: (Double, Double) = (0, 1)) throws(ONNXError) {
    let length = Double(size) * (part.1 - part.0) * scale
    guard scale.isFinite, scale > 0, length.isFinite, length < 0x1p24, (count ?? 0) >= 0, (count ?? 0) < 1 << 24 else {
      throw .field("scales", "a scale of \(scale) for axis \(axis) of size \(size)")
    }
    let count = count ?? Int(length.rounded(.down))
    if count == size && scale == 1 && coordinates != "tf_crop_and_resize" { return }
    if size == 0 && count > 0 { throw .field("input 0", "axis \(axis) has no elements") }
    axes.append(Axis(axis: axis, size: size, count: count, scale: scale, start: part.0, end: part.1))
  }

  /// x with its axes resampled.
  func callAsFunction(_ x: Tensor, _ type: ONNXElementType) throws(ONNXError) -> Tensor {
    var y = x
    let isFloat = x.dtype.isFloatingPoint
    if mode != "nearest" && !isFloat { y = y.cast(to: .float64) }
    var outside: [(axis: Int, mask: [Bool])] = []
    for axis in axes {
      let places = (0..<axis.count).map { place(of: $0, axis) }
      if coordinates == "tf_crop_and_resize" {
        let mask = places.map { $0 < 0 || $0 > Double(axis.size - 1) }
        if mask.contains(true) { outside.append((axis.axis, mask)) }
      }
      if mode == "nearest" {
        let positions = places.map { min(max(nearest(to: $0), 0), axis.size - 1) }
        y = y.take(Tensor(positions, shape: [positions.count]), axis: axis.axis)
      } else {
        y = resampled(y, axis, places)
      }
    }
    for (axis, mask) in outside {
      var shape = Array(repeating: 1, count: y.rank)
      shape[axis] = mask.count
      y = select(Tensor(mask, shape: Shape(shape)), .full([], extrapolation, y.dtype), y)
    }
    // Integers take the whole part of what lies between them.
    return mode == "nearest" || isFloat
      ? y : trunc(y).clamped(min: Double(type.range.lowerBound), max: Double(type.range.upperBound)).cast(to: x.dtype)
  }

  /// Where an element of the result lies in the axis.
  private func place(of i: Int, _ axis: Axis) -> Double {
    let (i, size, scale) = (Double(i), Double(axis.size), axis.scale)
    let length = scale * size
    switch coordinates {
    case "align_corners": return length == 1 ? 0 : i * (size - 1) / (length - 1)
    case "asymmetric": return i / scale
    case "tf_half_pixel_for_nn": return (i + 0.5) / scale
    case "pytorch_half_pixel": return length == 1 ? -0.5 : (i + 0.5) / scale - 0.5
    case "half_pixel_symmetric":
      let center = size / 2
      return center * (1 - Double(axis.count) / length) + (i + 0.5) / scale - 0.5
    case "tf_crop_and_resize":
      let span = axis.end - axis.start
      // With a part the length is that of the result.
      let count = Double(axis.count)
      return axis.start * (size - 1) + (count == 1 ? span * (size - 1) / 2 : i * span * (size - 1) / (count - 1))
    default: return (i + 0.5) / scale - 0.5
    }
  }

  private func nearest(to x: Double) -> Int {
    let clamped = min(max(x, -0x1p40), 0x1p40)
    let low = Int(clamped.rounded(.down))
    let rest = clamped - Double(low)
    if rest == 0 { return low }
    switch nearestMode {
    case "floor": return low
    case "ceil": return low + 1
    case "round_prefer_ceil": return rest < 0.5 ? low : low + 1
    default: return rest <= 0.5 ? low : low + 1
    }
  }

  private func resampled(_ x: Tensor, _ axis: Axis, _ at: [Double]) -> Tensor {
    let scale = antialiases ? min(axis.scale, 1) : 1
    let support = mode == "linear" ? 1.0 : 2.0
    // Elements from the one before a place on; more of them where the filter is wider than the step.
    let first = Int((-support / scale).rounded(.down)) + 1
    let taps = 2 - 2 * first
    var places: [Int] = []
    var weights: [Double] = []
    for x in at {
      let x = min(max(x, -0x1p40), 0x1p40)
      var base = Int(x.rounded(.down))
      var ratio = x - Double(base)
      if ratio == 0 { (base, ratio) = (base - 1, 1) }
      var row = (0..<taps).map { weight((Double(first + $0) - ratio) * scale) }
      let indices = (0..<taps).map { base + first + $0 }
      if antialiases {
        let sum = row.reduce(0, +)
        if sum != 0 { row = row.map { $0 / sum } }
      }
      if excludesOutside {
        for (k, index) in indices.enumerated() where index < 0 || index >= axis.size { row[k] = 0 }
        let sum = row.reduce(0, +)
        if sum != 0 { row = row.map { $0 / sum } }
      }
      places += indices
      weights += row
    }
    return x.resampled(axis: axis.axis, taps: taps, places: places, weights: weights)
  }

  private func weight(_ distance: Double) -> Double {
    let (x, a) = (abs(distance), cubic)
    if mode == "linear" { return max(0, 1 - x) }
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
  }
}
