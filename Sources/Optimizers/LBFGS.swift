import Autodiff
import Models
import Tensors

/// L-BFGS: a quasi-Newton method with a line search, for losses that are the same function at every call (all data at once).
///
///     var optimizer = LBFGS(history: 10)
///     for _ in 0..<20 { print(optimizer.step(&model) { model in mse(model(x), y) }) }
///
/// A step makes up to `iterations` iterations. Each goes along d = −H·g, with H the inverse Hessian that the last `history` pairs of moves s and gradient changes
/// y approximate (two-loop recursion; Nocedal and Wright 2006, algorithm 7.4), to a point that fulfils the strong Wolfe conditions
/// f(x + td) ≤ f(x) + 10⁻⁴·t·gᵀd and |g(x + td)ᵀd| ≤ 0.9·|gᵀd|, found by cubic interpolation (algorithms 3.5 and 3.6). The search takes a loss or gradient that
/// is not finite for one that is too high. Pairs are float64, whatever the parameters are.
///
/// The model is called in training mode, and the stream of a layer such as dropout begins anew at each evaluation of an iteration, so that they are of one
/// function; random numbers from elsewhere must not change from call to call. Frozen parameters stay as they are.
///
/// PyTorch: `LBFGS` with `line_search_fn="strong_wolfe"`, its defaults and its line search; SciPy: `minimize(method="L-BFGS-B")`.
public struct LBFGS: Sendable, Resumable {
  /// The first t that a line search tries; of the first iteration of all, that over max(1, ‖g‖₁).
  public var learningRate: Double
  /// How many pairs are kept (PyTorch's `history_size`).
  public let history: Int
  /// The most iterations of a step (`max_iter`).
  public let iterations: Int
  /// The most evaluations of the loss that a step begins an iteration after (`max_eval`).
  public let evaluations: Int
  /// A step ends where no element of the gradient is larger (`tolerance_grad`).
  public let gradientTolerance: Double
  /// A step ends where neither the loss nor a parameter changes by more (`tolerance_change`).
  public let changeTolerance: Double
  /// How often the loss was evaluated in all.
  public private(set) var evaluationCount = 0
  /// How many iterations were made in all.
  public private(set) var iterationCount = 0
  private var moves: [Tensor] = []
  private var changes: [Tensor] = []

  /// PyTorch's defaults unless told.
  public init(
    learningRate: Double = 1, history: Int = 100, iterations: Int = 20, evaluations: Int? = nil, gradientTolerance: Double = 1e-7,
    changeTolerance: Double = 1e-9
  ) {
    (self.learningRate, self.history, self.iterations) = (learningRate, history, iterations)
    self.evaluations = evaluations ?? (iterations > Int.max / 2 ? .max : iterations * 5 / 4)
    (self.gradientTolerance, self.changeTolerance) = (gradientTolerance, changeTolerance)
    var check = SettingCheck("LBFGS")
    check.positive(learningRate, "a learning rate")
    check.count(history, "pairs of history")
    check.count(iterations, "iterations")
    if let evaluations { check.count(evaluations, "evaluations") }
    check.number(gradientTolerance, "a gradient tolerance")
    check.number(changeTolerance, "a change tolerance")
  }

  /// Forgets the pairs, for another function.
  public mutating func reset() { (moves, changes) = ([], []) }

  /// Changes the model's parameters so that the loss falls, and gives the loss that they have then.
  ///
  /// A loss or a gradient that is not finite at the parameters as they are is a mistake, and nothing is changed; so is a loss that depends on no parameter.
  @discardableResult
  public mutating func step<M: Model, E: Error>(_ model: inout M, _ loss: (inout M) throws(E) -> Tensor) throws(E) -> Double {
    if hasFailed { return .nan }
    let origin = FlatModel.parameters(of: model)
    if origin.isEmpty {
      fail(TensorError("LBFGS", "\(M.self) has no parameters to update; \(whereParametersAre)"))
      return .nan
    }
    let before = evaluationCount
    var x = FlatModel.flat(origin)
    var point = try evaluate(model, x, 0, loss)
    if hasFailed { return .nan }
    guard point.isFinite else {
      fail(
        TensorError(
          "LBFGS", "the loss is \(point.loss) or its gradient is not finite before the step; nothing was changed"))
      return .nan
    }
    // Parameters were frozen or thawed, or the model is another one: what is known is of another space.
    if let first = moves.first, first.shape != x.shape { reset() }
    for _ in 0..<iterations {
      if point.gradient.largestSize <= gradientTolerance { break }
      let direction = self.direction(point.gradient)
      let slope = point.gradient.dot(direction)
      if !(slope < -changeTolerance * .ulpOfOne) { break }
      let first = moves.isEmpty ? learningRate * min(1, 1 / abs(point.gradient).sum().item()) : learningRate
      guard let found = try search(model, x, direction, point, slope, first, loss) else { break }
      if hasFailed { return point.loss }
      let next = FlatModel.flat(FlatModel.parameters(of: found.model))
      let (move, change) = (next - x, found.gradient - point.gradient)
      let fall = point.loss - found.loss
      (model, x, point) = (found.model, next, found)
      iterationCount += 1
      remember(move, change)
      if abs(fall) < changeTolerance || move.largestSize <= changeTolerance || evaluationCount - before >= evaluations { break }
    }
    return point.loss
  }

  // MARK: The direction

  /// Keeps a pair, if the loss curves upward along it.
  private mutating func remember(_ move: Tensor, _ change: Tensor) {
    guard move.dot(change) > .ulpOfOne * change.dot(change) else { return }
    if moves.count >= history {
      moves.removeFirst()
      changes.removeFirst()
    }
    moves.append(move)
    changes.append(change)
  }

  /// −H·g by the two-loop recursion.
  private func direction(_ gradient: Tensor) -> Tensor {
    guard let move = moves.last, let change = changes.last else { return -gradient }
    var q = -gradient
    var factors = [Double](repeating: 0, count: moves.count)
    for i in moves.indices.reversed() {
      factors[i] = moves[i].dot(q) / moves[i].dot(changes[i])
      q = q - changes[i] * factors[i]
    }
    q = q * (move.dot(change) / change.dot(change))
    for i in moves.indices { q = q + moves[i] * (factors[i] - changes[i].dot(q) / moves[i].dot(changes[i])) }
    return q
  }

  // MARK: The line search

  /// A point of a line that was evaluated.
  private struct Point<M: Model> {
    var t: Double
    var loss: Double
    /// float64, all of them in a row.
    var gradient: Tensor
    /// The gradient along the line.
    var slope: Double
    var model: M
    var isFinite: Bool { loss.isFinite }
  }

  /// The loss and its gradient at parameters, with the states and streams that a model has; infinite where either is not finite.
  private mutating func evaluate<M: Model, E: Error>(
    _ model: M, _ x: Tensor, _ t: Double, along direction: Tensor? = nil, _ loss: (inout M) throws(E) -> Tensor
  ) throws(E) -> Point<M> {
    var trial = model
    if let direction { FlatModel.set(x + direction * t, in: &trial) }
    let (value, gradient) = try valueAndGradient(at: &trial, loss)
    evaluationCount += 1
    let flat = FlatModel.flat(FlatModel.parameters(of: gradient))
    let number = value.item()
    let isFinite = !hasFailed && number.isFinite && flat.isAllFinite
    return Point(
      t: t, loss: isFinite ? number : .infinity, gradient: flat, slope: isFinite ? direction.map { flat.dot($0) } ?? 0 : .nan, model: trial)
  }

  /// A point along a direction that fulfils the strong Wolfe conditions, or the lowest that was found; nil if none is lower.
  private mutating func search<M: Model, E: Error>(
    _ model: M, _ x: Tensor, _ direction: Tensor, _ start: Point<M>, _ slope: Double, _ first: Double,
    _ loss: (inout M) throws(E) -> Tensor
  ) throws(E) -> Point<M>? {
    let (sufficient, curvature, most) = (1e-4, 0.9, 25)
    let size = direction.largestSize
    var origin = start
    (origin.t, origin.slope, origin.model) = (0, slope, model)
    var (low, high) = (origin, origin)
    var previous = origin
    var t = first
    var new = try evaluate(model, x, t, along: direction, loss)
    var count = 0
    var isBracketed = false
    // An interval that has such a point.
    while count < most {
      if hasFailed { return nil }
      if new.loss > start.loss + sufficient * t * slope || count > 1 && new.loss >= previous.loss {
        (low, high) = previous.loss <= new.loss ? (previous, new) : (new, previous)
        isBracketed = true
        break
      }
      if abs(new.slope) <= -curvature * slope { return new }
      if new.slope >= 0 {
        (low, high) = previous.loss <= new.loss ? (previous, new) : (new, previous)
        isBracketed = true
        break
      }
      let next = minimum(previous, new, in: t + 0.01 * (t - previous.t), t * 10)
      (previous, t) = (new, next)
      new = try evaluate(model, x, t, along: direction, loss)
      count += 1
    }
    if !isBracketed { (low, high) = start.loss <= new.loss ? (origin, new) : (new, origin) }
    // A smaller and smaller one.
    var isSlow = false
    while count < most && abs(high.t - low.t) * size >= changeTolerance {
      let (left, right) = (min(low.t, high.t), max(low.t, high.t))
      t = minimum(low, high, in: left, right)
      let margin = 0.1 * (right - left)
      if min(right - t, t - left) < margin {
        if isSlow || t >= right || t <= left {
          t = abs(t - right) < abs(t - left) ? right - margin : left + margin
          isSlow = false
        } else {
          isSlow = true
        }
      } else {
        isSlow = false
      }
      new = try evaluate(model, x, t, along: direction, loss)
      if hasFailed { return nil }
      count += 1
      if new.loss > start.loss + sufficient * t * slope || new.loss >= low.loss {
        high = new
        if high.loss < low.loss { swap(&low, &high) }
      } else {
        if abs(new.slope) <= -curvature * slope { return new }
        if new.slope * (high.t - low.t) >= 0 { high = low }
        low = new
      }
    }
    return low.t > 0 && low.loss < start.loss ? low : nil
  }

  /// Where the cubic through two points with their slopes has its minimum, within bounds; their middle where it has none.
  private func minimum<M: Model>(_ a: Point<M>, _ b: Point<M>, in left: Double, _ right: Double) -> Double {
    let d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    let square = d1 * d1 - a.slope * b.slope
    // Not for NaN either.
    guard square >= 0 else { return (left + right) / 2 }
    let d2 = square.squareRoot()
    let t =
      a.t <= b.t
      ? b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
      : a.t - (a.t - b.t) * ((a.slope + d2 - d1) / (a.slope - b.slope + 2 * d2))
    return t.isNaN ? (left + right) / 2 : min(max(t, left), right)
  }
}

/// A model's parameters that are trained as one vector.
private enum FlatModel {
  static func parameters<M: Model>(of model: M) -> [Tensor] {
    model.parameters.compactMap { $0.value.isFrozen ? nil : $0.value.detached }
  }

  static func flat(_ tensors: [Tensor]) -> Tensor { concatenate(tensors.map { $0.reshaped([-1]).cast(to: .float64) }) }

  static func set<M: Model>(_ x: Tensor, in model: inout M) {
    var position = 0
    model.updateParameters { _, value in
      if value.isFrozen { return }
      let count = value.elementCount
      value = x[position..<position + count].reshaped(value.shape).cast(to: value.dtype)
      position += count
    }
  }
}

extension Tensor {
  fileprivate func dot(_ other: Tensor) -> Double { (self * other).sum().item() }
  /// The largest size of an element; 0 of none.
  fileprivate var largestSize: Double { elementCount == 0 ? 0 : abs(self).max().item() }
}
