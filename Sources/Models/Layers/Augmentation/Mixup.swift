import Foundation
import Tensors

/// Each example mixed with another one of the batch, and its target with that one's: λ·x + (1 − λ)·x′, λ from Beta(alpha, alpha).
///
///     for (x, y) in DataLoader(photos, batchSize: 64, shuffle: true) {
///       let (mixed, targets) = mixup(x, y, classes: 10)
///       let loss = crossEntropy(model(mixed), targets)
///     }
///
/// Each example has a λ of its own. Class ids become probabilities, [batch, classes] of x's dtype; targets of floating point are mixed as they are. Zhang, Cisse,
/// Dauphin and Lopez-Paz 2017. PyTorch: torchvision's `MixUp`.
///
/// - Parameters:
///   - x: [batch, …], float32 or float64.
///   - y: Class ids of shape [batch], or numbers of shape [batch, …].
///   - classes: The number of classes, if y has their ids.
///   - alpha: Above 0; small ones leave most examples nearly as they are.
///   - random: The stream that is drawn from.
public func mixup(
  _ x: Tensor, _ y: Tensor, classes: Int? = nil, alpha: Double = 0.2, using random: inout RandomStream
) -> (x: Tensor, y: Tensor) {
  guard let targets = targets(x, y, classes, alpha, "mixup") else { return (x, y) }
  let count = x.shape[0]
  let share = Tensor(betas(count, alpha, &random)).cast(to: x.dtype)
  let order = Tensor.permutation(count, using: &random)
  func mixed(_ x: Tensor) -> Tensor {
    let weight = share.cast(to: x.dtype).reshaped(Shape([count] + Array(repeating: 1, count: x.rank - 1)))
    return lerp(x.take(order), x, weight: weight)
  }
  return (mixed(x), mixed(targets))
}

/// The same from the stream in force.
public func mixup(_ x: Tensor, _ y: Tensor, classes: Int? = nil, alpha: Double = 0.2) -> (x: Tensor, y: Tensor) {
  var random = currentRandomStream()
  return mixup(x, y, classes: classes, alpha: alpha, using: &random)
}

/// Each image with a rectangle of another one of the batch in it, and the targets mixed by the areas.
///
/// The rectangle has the share 1 − λ of the image, λ from Beta(alpha, alpha), around a random pixel; where it reaches beyond the edge its targets count less. Each
/// image has a rectangle of its own. Targets are as for ``mixup(_:_:classes:alpha:using:)``. Yun and others 2019. PyTorch: torchvision's `CutMix`.
///
/// - Parameter x: [batch, channels, height, width], float32 or float64.
public func cutmix(
  _ x: Tensor, _ y: Tensor, classes: Int? = nil, alpha: Double = 1, using random: inout RandomStream
) -> (x: Tensor, y: Tensor) {
  guard let targets = targets(x, y, classes, alpha, "cutmix") else { return (x, y) }
  guard x.rank == 4 else {
    fail(TensorError("cutmix", "\(x.shape); [batch, channels, height, width] would fit"))
    return (x, y)
  }
  let (count, height, width) = (x.shape[0], Double(x.shape[2]), Double(x.shape[3]))
  let side = sqrt(1 - Tensor(betas(count, alpha, &random))).reshaped([count, 1, 1, 1])
  func middle(_ size: Double) -> Tensor { floor(Tensor.uniform([count, 1, 1, 1], .float64, using: &random) * size) }
  func inside(_ middle: Tensor, _ size: Double, _ axis: Int) -> Tensor {
    let half = side * size / 2.0
    let places = Tensor.arange(Int(size)).cast(to: .float64).reshaped(axis == 2 ? [1, 1, -1, 1] : [1, 1, 1, -1])
    return (places .>= floor(middle - half + 0.5)) .& (places .< floor(middle + half + 0.5))
  }
  let mask = inside(middle(height), height, 2) .& inside(middle(width), width, 3)
  let order = Tensor.permutation(count, using: &random)
  let share = 1 - mask.cast(to: .float64).mean(axes: [1, 2, 3])
  let weight = share.cast(to: targets.dtype).reshaped(Shape([count] + Array(repeating: 1, count: targets.rank - 1)))
  return (select(mask, x.take(order), x), lerp(targets.take(order), targets, weight: weight))
}

/// The same from the stream in force.
public func cutmix(_ x: Tensor, _ y: Tensor, classes: Int? = nil, alpha: Double = 1) -> (x: Tensor, y: Tensor) {
  var random = currentRandomStream()
  return cutmix(x, y, classes: classes, alpha: alpha, using: &random)
}

/// The targets as numbers that can be mixed; nil after a mistake.
private func targets(_ x: Tensor, _ y: Tensor, _ classes: Int?, _ alpha: Double, _ name: String) -> Tensor? {
  let y = classes == nil ? y : y.integersOfLiteral
  if hasFailed { return nil }
  func refuse(_ message: String) -> Tensor? {
    fail(TensorError(name, message))
    return nil
  }
  if !(alpha > 0 && alpha <= 1e6) { return refuse("alpha must be above 0, and 1e6 at most, got \(alpha)") }
  guard x.dtype.isFloatingPoint, x.rank > 0, y.rank > 0, x.shape[0] == y.shape[0] else {
    return refuse("x \(x.dtype) \(x.shape) and y \(y.dtype) \(y.shape); a float batch and as many targets would fit")
  }
  if y.dtype.isFloatingPoint {
    return classes == nil ? y : refuse("classes: \(classes!) for targets that are \(y.dtype) numbers; no classes would fit")
  }
  guard y.dtype.isInteger, y.rank == 1 else { return refuse("y \(y.dtype) \(y.shape); class ids [batch], or float numbers, would fit") }
  guard let classes, classes > 0 else {
    return refuse("class ids, and \(classes.map { "\($0)" } ?? "no") classes; their number, 1 or more, would fit")
  }
  let ids = y.oneHot(classes: classes, x.dtype)
  return hasFailed ? nil : ids
}

/// Numbers from Beta(alpha, alpha), each the share of one of two gamma numbers.
private func betas(_ count: Int, _ alpha: Double, _ random: inout RandomStream) -> [Double] {
  (0..<count).map { _ in
    let (a, b) = (logOfGamma(alpha, &random), logOfGamma(alpha, &random))
    // 1 / (1 + b/a), of logarithms, as both may be too small to be numbers.
    return 1 / (1 + exp(b - a))
  }
}

/// The logarithm of a number from Gamma(shape, 1): Marsaglia and Tsang 2000.
private func logOfGamma(_ shape: Double, _ random: inout RandomStream) -> Double {
  // Below 1 by a larger shape's: G(a) = G(a + 1) · U^(1/a).
  let boost = shape < 1 ? log(Double.random(in: Double.leastNormalMagnitude..<1, using: &random)) / shape : 0
  let d = (shape < 1 ? shape + 1 : shape) - 1 / 3
  let c = 1 / (9 * d).squareRoot()
  while true {
    let radius = (-2 * log(Double.random(in: Double.leastNormalMagnitude..<1, using: &random))).squareRoot()
    let x = radius * cos(2 * Double.pi * Double.random(in: 0..<1, using: &random))
    let v = (1 + c * x) * (1 + c * x) * (1 + c * x)
    if v <= 0 { continue }
    let u = Double.random(in: Double.leastNormalMagnitude..<1, using: &random)
    if log(u) < x * x / 2 + d - d * v + d * log(v) { return boost + log(d * v) }
  }
}
