extension Tensor {
  /// Draws a class for each row of logits [..., classes]: ids [...], int64.
  ///
  /// Class i has the probability softmax(logits / temperature)ᵢ, among the classes that the three filters leave; they apply in this order, each to what
  /// the one before left. A temperature of 0 takes the largest logit. Logits of −∞ are never drawn.
  ///
  /// NaN, +∞ and a row without any class to draw are mistakes. Nothing has a gradient. By Gumbel's maximum, in float64. JAX: `random.categorical`;
  /// Hugging Face: `generate` with `temperature`, `top_k`, `top_p` and `min_p`.
  ///
  /// - Parameters:
  ///   - logits: Logarithms of probabilities, up to a constant for each row.
  ///   - temperature: 0 or more; below 1 likely classes become likelier.
  ///   - topK: Draws from the k largest logits only, and from those equal to the k-th.
  ///   - topP: Draws from the most probable classes whose probabilities add up to at least this, in 0...1; the most probable one always stays.
  ///   - minP: Draws from classes that have at least this share, in 0...1, of the most probable one's probability.
  ///   - random: The stream that is drawn from.
  public static func categorical(
    logits: Tensor, temperature: Double = 1, topK: Int? = nil, topP: Double? = nil, minP: Double? = nil, using random: inout RandomStream
  ) -> Tensor {
    let name = "categorical"
    guard logits.isDistribution(name, "logits") else { return .placeholder }
    func refuse(_ message: String) -> Tensor {
      fail(TensorError(name, message))
      return .placeholder
    }
    if !(temperature >= 0 && temperature.isFinite) { return refuse("temperature must be a finite number of 0 or more, got \(temperature)") }
    if let topK, topK < 1 { return refuse("topK must be 1 or more, got \(topK)") }
    if let topP, !(topP >= 0 && topP <= 1) { return refuse("topP must be in 0...1, got \(topP)") }
    if let minP, !(minP >= 0 && minP <= 1) { return refuse("minP must be in 0...1, got \(minP)") }
    let ids = Shape(logits.shape.dropLast())
    if Context.current.isDry { return Tensor(hollow: ids, .int64) }
    if ids.elementCount == 0 { return .zeros(ids, .int64) }
    var x = Checked(Logits())(logits.detached.cast(to: .float64))
    if Context.current.hasFailed { return .placeholder }
    let largest = x.max(axis: -1, keepDims: true)
    if temperature == 0 { return x.argmax(axis: -1) }
    x = (x - largest) / temperature
    if let topK, topK < x.shape[-1] { x = x.keeping(x .>= x.topK(topK).values.min(axis: -1, keepDims: true)) }
    if let topP, topP < 1 {
      let p = x.softmax()
      let sorted = p.sorted(descending: true)
      // Those before which there is less than topP; the first one always.
      let isKept = sorted.cumulativeSum(axis: -1) - sorted .<= Swift.max(0, topP.nextDown)
      x = x.keeping(p .>= select(isKept, sorted, Double.infinity).min(axis: -1, keepDims: true))
    }
    if let minP { x = x.keeping(x .>= log(Tensor(minP)) + x.max(axis: -1, keepDims: true)) }
    return (x + gumbel(x.shape, &random)).argmax(axis: -1)
  }
  /// The same from the stream in force.
  public static func categorical(
    logits: Tensor, temperature: Double = 1, topK: Int? = nil, topP: Double? = nil, minP: Double? = nil
  ) -> Tensor {
    categorical(logits: logits, temperature: temperature, topK: topK, topP: topP, minP: minP, using: &Context.current.random)
  }

  /// Draws `count` classes for each row of weights [..., classes]: ids [..., count], int64.
  ///
  /// Weights are 0 or more and need not add up to 1; what weighs 0 is never drawn. With replacement a class may come again, without it each comes once at
  /// most, in the order drawn, and `count` must not exceed the number of classes that weigh something. Negative, infinite and NaN weights, and a row
  /// that weighs nothing, are mistakes. PyTorch: `multinomial`.
  public static func multinomial(
    _ weights: Tensor, count: Int, replacement: Bool = false, using random: inout RandomStream
  ) -> Tensor {
    let name = "multinomial"
    guard weights.isDistribution(name, "weights") else { return .placeholder }
    func refuse(_ message: String) -> Tensor {
      fail(TensorError(name, message))
      return .placeholder
    }
    if count < 0 { return refuse("count must be 0 or more, got \(count)") }
    let shape = Shape(Array(weights.shape.dropLast()) + [count])
    guard attempt({ () throws(TensorError) in try shape.check(name) }) != nil else { return .placeholder }
    if Context.current.isDry { return Tensor(hollow: shape, .int64) }
    if shape.elementCount == 0 { return .zeros(shape, .int64) }
    let w = Checked(SamplingWeights(most: replacement ? nil : count))(weights.detached.cast(to: .float64))
    if Context.current.hasFailed { return .placeholder }
    if !replacement { return (log(w) + gumbel(w.shape, &random)).topK(count).positions }
    // Rows are scaled first, so that large weights do not add up to infinity.
    let sums = (w / w.max(axis: -1, keepDims: true)).cumulativeSum(axis: -1)
    let total = sums[.ellipsis, w.shape[-1] - 1..<w.shape[-1]]
    let drawn = sums.searchSorted(Tensor.uniform(shape, .float64, using: &random) * total, side: .right)
    // A product that was rounded up to the total belongs to the last class that weighs something.
    return minimum(drawn, sums.searchSorted(total, side: .left))
  }
  /// The same from the stream in force.
  public static func multinomial(_ weights: Tensor, count: Int, replacement: Bool = false) -> Tensor {
    multinomial(weights, count: count, replacement: replacement, using: &Context.current.random)
  }

  /// −log(−log u), u uniform: the class with the largest sum of log-probability and such a number is distributed as the probabilities are.
  private static func gumbel(_ shape: Shape, _ random: inout RandomStream) -> Tensor {
    -log(-log(Tensor.uniform(shape, in: Double.leastNormalMagnitude..<1, .float64, using: &random)))
  }

  /// −∞ where a mask is false.
  private func keeping(_ mask: Tensor) -> Tensor { select(mask, self, -Double.infinity) }

  private func isDistribution(_ name: String, _ what: String) -> Bool {
    if Context.current.hasFailed { return false }
    if dtype.isFloatingPoint && rank > 0 && shape[-1] > 0 { return true }
    fail(TensorError(name, "\(what) must be float32 or float64 [..., classes] with a class at least, got \(dtype) \(shape)"))
    return false
  }
}

private struct Logits: ElementCheck {
  var name: String { "categorical" }
  func check(_ x: Tensor) throws(TensorError) {
    if x.max(axis: -1).isFinite.all().item(as: Bool.self) && (x .== x).all().item(as: Bool.self) { return }
    throw TensorError(
      name, "logits \(x.shape) have NaN, +∞, or a row of −∞ alone; finite numbers, and −∞ for what is never drawn, are accepted")
  }
}

private struct SamplingWeights: ElementCheck {
  /// How many classes of a row there must be that weigh something; nil for one.
  let most: Int?
  var name: String { "multinomial" }

  func check(_ x: Tensor) throws(TensorError) {
    let positive = (x .> 0).cast(to: .int64).sum(axis: -1).min().item(as: Int.self)
    if positive == 0 || !((x .>= 0) .& x.isFinite).all().item(as: Bool.self) {
      throw TensorError(name, "weights \(x.shape) must be finite, 0 or more, and not all 0 in a row")
    }
    if let most, most > positive {
      throw TensorError(name, "\(most) draws without replacement from a row in which \(positive) classes weigh more than 0")
    }
  }
}
