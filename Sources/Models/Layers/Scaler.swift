import Tensors

/// Numbers brought to one scale, feature by feature, by statistics of the data that it was fitted on: (x − center) / scale.
///
///     let scale = Scaler.standard(fitting: train.inputs)          // mean 0, standard deviation 1
///     var model = Chain { scale; Dense(8, 64, activation: relu); Dense(64, 1) }
///     let prices = Scaler.minMax(fitting: train.targets)          // 0 to 1
///     let guess = prices.inverse(model.predict(x))                // in the targets' own units
///
/// Center and scale are buffers: saved with the model, not trained. Fit it on the training part alone. A feature whose numbers are all equal has the scale 1,
/// so that it becomes 0 (of `minMax` the lower end) and nothing is divided by 0. NaN counts as missing: it is left out of the statistics, and stays NaN.
///
/// Shapes: x [..., features] to the same, or with the features on another axis; a vector is one feature.
///
/// scikit-learn: `StandardScaler`, `MinMaxScaler`, `RobustScaler`.
public struct Scaler: Placed {
  /// What is taken off each feature: [features].
  @Buffer public var center: Tensor
  /// What each feature is divided by: [features].
  @Buffer public var scale: Tensor
  /// The axis of the features; negative ones count from the last.
  public let axis: Int
  /// Where in a model it stands.
  public var place = Place()

  /// A scaler that changes nothing yet, for statistics to be loaded into.
  public init(_ features: Int, axis: Int = -1, _ dtype: DType = .float32) {
    center = .zeros([max(0, features)], dtype)
    scale = .ones([max(0, features)], dtype)
    self.axis = axis
    if features < 0 { fail(TensorError("Scaler", "\(features) features; 0 or more would fit")) }
  }

  /// A scaler of given numbers.
  public init(center: Tensor, scale: Tensor, axis: Int = -1) {
    if center.rank != 1 || center.shape != scale.shape || center.dtype != scale.dtype || !center.dtype.isFloatingPoint {
      fail(
        TensorError(
          "Scaler",
          "center \(center.dtype) \(center.shape) and scale \(scale.dtype) \(scale.shape); two float vectors of one size would fit"))
    }
    self.center = center
    self.scale = scale
    self.axis = axis
  }

  /// (x − mean) / standard deviation, of the numbers themselves (with n, not n − 1).
  public static func standard(fitting x: Tensor, axis: Int = -1) -> Scaler {
    fitted(to: x, axis) { rows in
      let isMissing = rows.isNaN
      let smallest = select(isMissing, Double.infinity, rows).min(axis: 1)
      let largest = select(isMissing, -Double.infinity, rows).max(axis: 1)
      // The mean of equal numbers may differ from them by its rounding, which is no deviation.
      let mean = select(smallest .== largest, smallest, rows.mean(axis: 1, ignoringNaN: true))
      let count = (.!isMissing).cast(to: .float64).sum(axis: 1)
      // In units of the largest distance from the mean, whose square may be beyond all numbers.
      let distances = select(isMissing, 0, rows - mean.unsqueezed(axis: 1))
      let furthest = abs(distances).max(axis: 1)
      let unit = select(furthest .> 0, furthest, 1)
      let deviation = unit * sqrt((distances / unit.unsqueezed(axis: 1)).squared.sum(axis: 1) / count)
      return (mean, deviation)
    }
  }

  /// The smallest number of each feature to `low`, the largest to `high`.
  public static func minMax(fitting x: Tensor, low: Double = 0, high: Double = 1, axis: Int = -1) -> Scaler {
    if !(low < high && (high - low).isFinite) { fail(TensorError("Scaler.minMax", "from \(low) to \(high); a finite interval would fit")) }
    return fitted(to: x, axis) { rows in
      let isMissing = rows.isNaN
      let smallest = select(isMissing, Double.infinity, rows).min(axis: 1)
      let largest = select(isMissing, -Double.infinity, rows).max(axis: 1)
      let range = largest - smallest
      let scale = select(range .> 0, range / (high - low), 1)
      return (smallest - low * scale, scale)
    }
  }

  /// (x − median) / (upper quantile − lower quantile): a few numbers far out change neither.
  ///
  /// - Parameter quantiles: The two, of 0 to 1: the quartiles unless told.
  public static func robust(fitting x: Tensor, quantiles: (lower: Double, upper: Double) = (0.25, 0.75), axis: Int = -1) -> Scaler {
    let (lower, upper) = quantiles
    if !(lower >= 0 && lower < upper && upper <= 1) {
      fail(TensorError("Scaler.robust", "quantiles of \(lower) and \(upper); two numbers of 0 to 1 in ascending order would fit"))
    }
    return fitted(to: x, axis) { rows in
      let q = rows.quantile(Tensor([0.5, lower, upper] as [Double]), axis: 1, ignoringNaN: true)
      return (q[0], q[2] - q[1])
    }
  }

  /// Center and scale of each feature's numbers, which `statistics` is given as float64 [features, numbers].
  private static func fitted(to x: Tensor, _ axis: Int, _ statistics: (Tensor) -> (center: Tensor, scale: Tensor)) -> Scaler {
    let nothing = Scaler(0, axis: axis)
    if hasFailed { return nothing }
    guard x.dtype.isFloatingPoint else {
      fail(TensorError("Scaler", "\(x.dtype) \(x.shape); float32 or float64 would fit: convert with .cast(to:)"))
      return nothing
    }
    guard x.rank > 0, x.rank == 1 ? axis == -1 || axis == 0 : -x.rank..<x.rank ~= axis else {
      fail(TensorError("Scaler", "axis \(axis) of \(x.shape), which it does not have"))
      return nothing
    }
    let values = x.detached.cast(to: .float64)
    let moved = x.rank == 1 ? values.reshaped([1, -1]) : values.moved(axes: [axis], to: [0])
    guard x.elementCount > 0 else {
      fail(TensorError("Scaler", "\(x.shape) has no numbers to fit to"))
      return nothing
    }
    let rows = moved.reshaped([moved.shape[0], -1])
    if !x.isPlaceholder, rows.isInfinite.any().item(as: Bool.self) {
      fail(
        TensorError(
          "Scaler", "\(x.shape) has infinite numbers, which have no mean and no range; finite ones, or NaN for what is missing, would fit"))
      return nothing
    }
    let (center, scale) = statistics(rows)
    // Of features without a number, or with one number only.
    return Scaler(
      center: select(center.isFinite, center, 0).cast(to: x.dtype),
      scale: select((scale .> 0) .& scale.isFinite, scale, 1).cast(to: x.dtype), axis: axis)
  }

  /// The numbers, scaled.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    placed(on: x) { layer in
      guard let shape = layer.shape(for: x) else { return x }
      return (x - layer.center.reshaped(shape)) / layer.scale.reshaped(shape)
    }
  }

  /// Scaled numbers in their own units again: y · scale + center.
  public func inverse(_ y: Tensor) -> Tensor {
    guard let shape = shape(for: y) else { return y }
    return y * scale.reshaped(shape) + center.reshaped(shape)
  }

  /// The statistics' shape beside x; nil, after a mistake, if they do not fit.
  private func shape(for x: Tensor) -> Shape? {
    if hasFailed { return nil }
    let features = center.shape[0]
    if x.rank == 1 && features == 1 { return [1] }
    let place = axis < 0 ? axis + x.rank : axis
    guard place >= 0, place < x.rank, x.shape[place] == features else {
      fail(TensorError("Scaler", "\(x.shape) for \(features) features on axis \(axis)"))
      return nil
    }
    var sizes = [Int](repeating: 1, count: x.rank - place)
    sizes[0] = features
    return Shape(sizes)
  }

  /// Center and scale; nothing to train.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    visitor.state(&_center, "center")
    visitor.state(&_scale, "scale")
  }
}

extension Scaler {
  /// As one is written that waits for its statistics: `Scaler(8)`.
  public var code: String { call("Scaler", "\(center.size(ofAxis: 0))", argument("axis", axis, unless: -1)) }
}
