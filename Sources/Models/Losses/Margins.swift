import Tensors

/// log(1 + e⁻ᵗʸ) for targets t of 1 and −1: how far y is from t's side.
///
/// PyTorch: `soft_margin_loss`.
public func softMargin(_ y: Tensor, _ target: Tensor, reduction: Reduction) -> Tensor {
  elementwise("softMargin", Kernels.soft, y, target, reduction)
}
/// The mean of log(1 + e⁻ᵗʸ).
public func softMargin(_ y: Tensor, _ target: Tensor) -> Tensor { softMargin(y, target, reduction: .mean) }

/// max(0, 1 − t·y) for targets t of 1 and −1: what a support vector machine learns with.
///
/// Flux: `hinge_loss`. The derivative at the hinge itself is 0.
public func hinge(_ y: Tensor, _ target: Tensor, reduction: Reduction) -> Tensor {
  elementwise("hinge", Kernels.hinge, y, target, reduction)
}
/// The mean of max(0, 1 − t·y).
public func hinge(_ y: Tensor, _ target: Tensor) -> Tensor { hinge(y, target, reduction: .mean) }

/// max(0, 1 − t·y)² for targets t of 1 and −1.
///
/// Flux: `squared_hinge_loss`.
public func squaredHinge(_ y: Tensor, _ target: Tensor, reduction: Reduction) -> Tensor {
  elementwise("squaredHinge", Kernels.squaredHinge, y, target, reduction)
}
/// The mean of max(0, 1 − t·y)².
public func squaredHinge(_ y: Tensor, _ target: Tensor) -> Tensor { squaredHinge(y, target, reduction: .mean) }

/// (1 − t)·d² + t·max(0, margin − d)² for distances d of pairs that are alike (t = 0) or not (t = 1): what a siamese network learns with.
///
/// Hadsell, Chopra and LeCun 2006, without their ½. Flux: `siamese_contrastive_loss`. For vectors x and y it is
/// `contrastive(rowDistance(x, y), t)`.
public func contrastive(_ d: Tensor, _ target: Tensor, margin: Double = 1, reduction: Reduction) -> Tensor {
  guard margin >= 0 else {
    fail(TensorError("contrastive", "a margin of \(margin); 0 or more would fit"))
    return d
  }
  return elementwise("contrastive", Kernels.contrastive, d, target, margin, reduction)
}
/// The mean contrastive loss of distances with margin 1.
public func contrastive(_ d: Tensor, _ target: Tensor) -> Tensor { contrastive(d, target, reduction: .mean) }

/// y where t is 1, max(0, margin − y) where t is −1: for distances y of what is alike (1) and what is not.
///
/// PyTorch: `hinge_embedding_loss`. Any other t counts as both.
public func hingeEmbedding(_ y: Tensor, _ target: Tensor, margin: Double = 1, reduction: Reduction) -> Tensor {
  elementwise("hingeEmbedding", Kernels.hingeEmbedding, y, target, margin, reduction)
}
/// The mean hinge loss of distances with margin 1.
public func hingeEmbedding(_ y: Tensor, _ target: Tensor) -> Tensor { hingeEmbedding(y, target, reduction: .mean) }

/// max(0, margin − t·(x − y)): x is to be the larger one where t is 1, y where it is −1.
///
/// PyTorch: `margin_ranking_loss`.
public func marginRanking(
  _ x: Tensor, _ y: Tensor, _ target: Tensor, margin: Double = 0, reduction: Reduction = .mean
) -> Tensor {
  guard fitTogether("marginRanking", x, y) else { return x }
  return elementwise("marginRanking", Kernels.ranking, x - y, target, margin, reduction)
}

/// 1 − cos(x, y) where t is 1, max(0, cos(x, y) − margin) where t is −1, for vectors along the last axis.
///
/// PyTorch: `cosine_embedding_loss`.
///
/// - Parameters:
///   - x: [..., features].
///   - y: [..., features].
///   - target: [...], of 1 and −1.
///   - margin: Up to which cosine vectors are unlike.
///   - reduction: The mean unless told.
public func cosineEmbedding(
  _ x: Tensor, _ y: Tensor, _ target: Tensor, margin: Double = 0, reduction: Reduction = .mean
) -> Tensor {
  guard fitTogether("cosineEmbedding", x, y) else { return x }
  guard x.rank > 0 else {
    fail(TensorError("cosineEmbedding", "vectors without an axis; [..., features] would fit"))
    return x
  }
  // √(‖x‖² + 10⁻¹²) instead of a bound: it has a derivative at 0 too.
  func direction(_ x: Tensor) -> Tensor { x / hypot(x.norm(axis: -1, keepDims: true), .full([], 1e-6, x.dtype)) }
  return elementwise("cosineEmbedding", Kernels.cosine, (direction(x) * direction(y)).sum(axis: -1), target, margin, reduction)
}

/// max(0, d(anchor, positive) − d(anchor, negative) + margin) for vectors along the last axis.
///
/// Balntas and others 2016. PyTorch: `triplet_margin_loss`. For another distance write the expression.
///
/// - Parameters:
///   - anchor: [..., features].
///   - positive: [..., features], which is to be near the anchor.
///   - negative: [..., features], which is to be farther away by the margin.
///   - margin: By how much.
///   - order: The p of the distance.
///   - epsilon: Added to each difference.
///   - swaps: Whether the positive's distance from the negative counts where it is smaller.
///   - reduction: The mean unless told.
public func tripletMargin(
  _ anchor: Tensor, _ positive: Tensor, _ negative: Tensor, margin: Double = 1, order: Double = 2, epsilon: Double = 1e-6,
  swaps: Bool = false, reduction: Reduction = .mean
) -> Tensor {
  if let wide = widened(anchor, positive, negative) {
    return tripletMargin(
      wide[0]!, wide[1]!, wide[2]!, margin: margin, order: order, epsilon: epsilon, swaps: swaps, reduction: reduction
    ).cast(to: anchor.dtype)
  }
  guard fitTogether("tripletMargin", anchor, positive), fitTogether("tripletMargin", anchor, negative) else { return anchor }
  func distance(_ x: Tensor, _ y: Tensor) -> Tensor { rowDistance(x, y, order: order, epsilon: epsilon) }
  var far = distance(anchor, negative)
  if swaps { far = minimum(far, distance(positive, negative)) }
  return reduction(relu(distance(anchor, positive) - far + margin))
}

/// Σ max(0, margin − y[t] + y[i])ᵖ / classes over the classes i other than the target's: the hinge loss of many classes.
///
/// PyTorch: `multi_margin_loss`, with the classes on the last axis.
///
/// - Parameters:
///   - y: Scores, [..., classes].
///   - target: Class ids, int32 or int64 of shape [...].
///   - p: 1 or 2.
///   - margin: By how much the target's score is to be the largest.
///   - weights: A factor for each target, [classes].
///   - reduction: The mean over the rows unless told.
public func multiMargin(
  _ y: Tensor, _ target: Tensor, p: Int = 1, margin: Double = 1, weights: Tensor? = nil, reduction: Reduction
) -> Tensor {
  guard p == 1 || p == 2 else {
    fail(TensorError("multiMargin", "a power of \(p); 1 or 2 would fit"))
    return y
  }
  guard let (all, ids) = classRows("multiMargin", y, target, weights) else { return y }
  let factors = weights.map { $0.take(ids) }
  let rows = cleared(all, factors?.unsqueezed(axis: 1))
  let classes = rows.shape[1]
  let places = ids.unsqueezed(axis: 1)
  let hinges = relu(rows - rows.gather(places, axis: 1) + margin)
  let others = select(Tensor.arange(classes) .== places, 0, p == 1 ? hinges : hinges * hinges)
  let losses = others.sum(axis: 1) / Double(classes)
  return reduction((factors.map { losses * $0 } ?? losses).reshaped(target.shape))
}
/// The mean of Σ max(0, 1 − y[t] + y[i]) / classes over the other classes i.
public func multiMargin(_ y: Tensor, _ target: Tensor) -> Tensor { multiMargin(y, target, reduction: .mean) }

/// Σ max(0, 1 − y[t] + y[i]) / classes over a row's targets t and the classes i that are none.
///
/// PyTorch: `multilabel_margin_loss`, with the classes on the last axis.
///
/// - Parameters:
///   - y: Scores, [..., classes].
///   - target: Class ids of the same shape; a row's end with the first −1.
///   - reduction: The mean over the rows unless told.
public func multilabelMargin(_ y: Tensor, _ target: Tensor, reduction: Reduction) -> Tensor {
  let target = target.integersOfLiteral
  guard y.rank > 0, target.dtype.isInteger, target.shape == y.shape else {
    fail(
      TensorError(
        "multilabelMargin", "scores of shape \(y.shape) and a target \(target.dtype) \(target.shape); class ids of equal shape would fit"))
    return y
  }
  let classes = y.shape[-1]
  let ids = classIDs(target, classes: classes, ignoring: -1, "multilabelMargin")
  if hasFailed { return y }
  let count = classes == 0 ? 0 : ids.elementCount / classes
  // What stands behind a −1 is no target, whatever it is.
  let isThere = (ids .>= 0).reshaped([count, classes]).cast(to: .int64).cumulativeProduct(axis: 1) .> 0
  let places = ids.clamped(min: 0).reshaped([count, classes])
  let rows = y.reshaped([count, classes])
  let isOther = Tensor.zeros([count, classes], .int64).scatterAdd(isThere.cast(to: .int64), at: places, axis: 1) .== 0
  // [row, target, class]
  let hinges = relu(rows.unsqueezed(axis: 1) - rows.gather(places, axis: 1).unsqueezed(axis: 2) + 1)
  let counted = select(isThere.unsqueezed(axis: 2) .& isOther.unsqueezed(axis: 1), hinges, 0)
  return reduction((counted.sum(axes: [1, 2]) / Double(Swift.max(1, classes))).reshaped(Shape(y.shape.dropLast())))
}
/// The mean over the rows of Σ max(0, 1 − y[t] + y[i]) / classes.
public func multilabelMargin(_ y: Tensor, _ target: Tensor) -> Tensor { multilabelMargin(y, target, reduction: .mean) }

private enum Kernels {
  static let soft = Elementwise { y, t in softplus(-(t * y)) }
  static let hinge = Elementwise { y, t in relu(1 - t * y) }
  static let squaredHinge = Elementwise { y, t in
    let d = relu(1 - t * y)
    return d * d
  }
  static let contrastive = Elementwise { d, t, margin in
    let gap = relu(margin - d)
    // Of a pair that is not alike the square may overflow.
    let near = select((t .== 1) .& (d * d).isInfinite, 0, d)
    return (1 - t) * (near * near) + t * (gap * gap)
  }
  static let hingeEmbedding = Elementwise { y, t, margin in select(t .!= 1, relu(margin - y), 0) + select(t .!= -1, y, 0) }
  static let ranking = Elementwise { d, t, margin in relu(margin - t * d) }
  static let cosine = Elementwise { c, t, margin in select(t .== 1, 1 - c, 0) + select(t .== -1, relu(c - margin), 0) }
}
