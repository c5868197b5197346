import Fluxion

extension Table {
  static let losses = Family("Losses") { rows in
    regression(&rows)
    likelihoods(&rows)
    margins(&rows)
  }

  private static func regression(_ rows: inout Rows) {
    rows.add("nn.functional.mse_loss", "mse(y, target, reduction: .mean)") { a in
      try mse(a.x, a.tensor(1), reduction: a.reduction())
    }
    rows.add("nn.functional.l1_loss", "mae(y, target, reduction: .mean)") { a in
      try mae(a.x, a.tensor(1), reduction: a.reduction())
    }
    rows.add("nn.functional.huber_loss", "huber(y, target, delta: delta, reduction: .mean)") { a in
      try huber(a.x, a.tensor(1), delta: a.double("delta", default: 1), reduction: a.reduction())
    }
    rows.add(
      "nn.functional.smooth_l1_loss", "huber(y, target, delta: beta, reduction: .mean) / beta", note: "a beta of 0 is `mae`"
    ) { a in
      let beta = try a.double("beta", default: 1)
      if beta == 0 { return try mae(a.x, a.tensor(1), reduction: a.reduction()) }
      return try huber(a.x, a.tensor(1), delta: beta, reduction: a.reduction()) / beta
    }
  }

  private static func likelihoods(_ rows: inout Rows) {
    rows.add(
      "nn.functional.cross_entropy", "crossEntropy(logits, target, weights: weights, ignoring: id, reduction: .mean)",
      note: "classes on the last axis"
    ) { a in
      let target = try a.tensor("target", at: 1)
      return try crossEntropy(
        a.classesLast(a.x), target.dtype.isInteger ? target : a.classesLast(target), weights: a.optionalTensor("weight", at: 2),
        labelSmoothing: a.double("label_smoothing", default: 0),
        ignoring: target.dtype.isInteger ? a.int("ignore_index", default: -100) : nil,
        reduction: a.reduction())
    }
    rows.add(
      "nn.functional.nll_loss", "negativeLogLikelihood(y, target, weights: weights, ignoring: id, reduction: .mean)",
      note: "classes on the last axis"
    ) { a in
      try negativeLogLikelihood(
        a.classesLast(a.x), a.tensor("target", at: 1), weights: a.optionalTensor("weight", at: 2),
        ignoring: a.int("ignore_index", default: -100), reduction: a.reduction())
    }
    rows.add("nn.functional.binary_cross_entropy", "binaryCrossEntropy(p, target, weights: weights, reduction: .mean)") { a in
      try binaryCrossEntropy(a.x, a.tensor(1), weights: a.optionalTensor("weight", at: 2), reduction: a.reduction())
    }
    rows.add(
      "nn.functional.binary_cross_entropy_with_logits",
      "binaryCrossEntropy(logits: y, target, weights: weights, positiveWeights: weights, reduction: .mean)"
    ) { a in
      try binaryCrossEntropy(
        logits: a.x, a.tensor(1), weights: a.optionalTensor("weight", at: 2), positiveWeights: a.optionalTensor("pos_weight"),
        reduction: a.reduction())
    }
    rows.add(
      "nn.functional.multilabel_soft_margin_loss",
      "binaryCrossEntropy(logits: y, target, weights: weights, reduction: .none).mean(axis: -1).mean()"
    ) { a in
      let losses = try binaryCrossEntropy(logits: a.x, a.tensor(1), weights: a.optionalTensor("weight", at: 2), reduction: .none)
      let means = losses.mean(axis: -1)
      switch try a.reduction() {
      case .none: return means
      case .sum: return means.sum()
      case .mean: return means.mean()
      }
    }
    rows.add(
      "nn.functional.kl_div", "klDivergence(logProbabilities, target, isLogTarget: flag, reduction: .mean)",
      note: "`batchmean` is `.sum` over the number of rows"
    ) { a in
      let loss = try klDivergence(a.x, a.tensor(1), isLogTarget: a.bool("log_target"), reduction: a.reduction())
      return try a.string("reduction") == "batchmean" ? loss / Double(max(1, a.x.shape.first ?? 1)) : loss
    }
    rows.add(
      "nn.functional.gaussian_nll_loss",
      "gaussianLikelihood(y, target, variance: variance, isFull: full, epsilon: epsilon, reduction: .mean)"
    ) { a in
      let y = try a.x
      var variance = try a.tensor("var", at: 2)
      // PyTorch adds the last axis to a variance for each row.
      if variance.shape != y.shape && variance.rank == y.rank - 1 { variance = variance.unsqueezed(axis: -1) }
      return try gaussianLikelihood(
        y, a.tensor(1).expanded(y.shape), variance: variance, isFull: a.bool("full"), epsilon: a.double("eps", default: 1e-6),
        reduction: a.reduction())
    }
    rows.add(
      "nn.functional.poisson_nll_loss",
      "poissonLikelihood(y, target, isLog: log, isFull: full, epsilon: epsilon, reduction: .mean)"
    ) { a in
      let x = try a.floats(0, 1)
      return try poissonLikelihood(
        x[0], x[1], isLog: a.bool("log_input", default: true), isFull: a.bool("full"), epsilon: a.double("eps", default: 1e-8),
        reduction: a.reduction())
    }
  }

  private static func margins(_ rows: inout Rows) {
    rows.add("nn.functional.soft_margin_loss", "softMargin(y, target, reduction: .mean)") { a in
      try softMargin(a.x, a.tensor(1), reduction: a.reduction())
    }
    rows.add("nn.functional.hinge_embedding_loss", "hingeEmbedding(y, target, margin: margin, reduction: .mean)") { a in
      let (x, target) = try a.promoted()
      return try hingeEmbedding(x, target, margin: a.double("margin", default: 1), reduction: a.reduction())
    }
    rows.add("nn.functional.margin_ranking_loss", "marginRanking(x, y, target, margin: margin, reduction: .mean)") { a in
      let x = try a.floats(0, 1, 2)
      return try marginRanking(x[0], x[1], x[2], margin: a.double("margin", default: 0), reduction: a.reduction())
    }
    rows.add("nn.functional.cosine_embedding_loss", "cosineEmbedding(x, y, target, margin: margin, reduction: .mean)") { a in
      let x = try a.floats(0, 1, 2)
      return try cosineEmbedding(x[0], x[1], x[2], margin: a.double("margin", default: 0), reduction: a.reduction())
    }
    rows.add(
      "nn.functional.triplet_margin_loss",
      "tripletMargin(anchor, positive, negative, margin: margin, order: p, swaps: flag, reduction: .mean)"
    ) { a in
      let x = try a.floats(0, 1, 2)
      return try tripletMargin(
        x[0], x[1], x[2], margin: a.double("margin", default: 1), order: a.double("p", default: 2), epsilon: a.double("eps", default: 1e-6),
        swaps: a.bool("swap"), reduction: a.reduction())
    }
    rows.add(
      "nn.functional.multi_margin_loss", "multiMargin(y, target, p: p, margin: margin, weights: weights, reduction: .mean)",
      note: "classes on the last axis"
    ) { a in
      let (x, target) = try (a.x, a.tensor(1))
      let rows = x.rank == 0 ? x.reshaped([1]) : x
      return try multiMargin(
        rows, target.reshaped(Shape(rows.shape.dropLast())), p: a.int("p", default: 1), margin: a.double("margin", default: 1),
        weights: a.optionalTensor("weight"), reduction: a.reduction())
    }
    rows.add(
      "nn.functional.multilabel_margin_loss", "multilabelMargin(y, target, reduction: .mean)", note: "classes on the last axis"
    ) { a in
      let (x, target) = try (a.x, a.tensor(1))
      let isScalar = x.rank == 0
      return try multilabelMargin(isScalar ? x.reshaped([1]) : x, isScalar ? target.reshaped([1]) : target, reduction: a.reduction())
    }
  }
}
