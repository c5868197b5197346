import Fluxion

extension Table {
  static let normalization = Family("Normalisation and distances") { rows in
    rows.add("nn.functional.layer_norm", "layerNorm(x, over: shape, weight: weight, bias: bias, epsilon: epsilon)") { a in
      try layerNorm(
        a.x, over: Shape(a.ints("normalized_shape", at: 1)), weight: a.optionalTensor("weight", at: 2),
        bias: a.optionalTensor("bias", at: 3), epsilon: a.double("eps", at: 4, default: 1e-5))
    }
    rows.add("nn.functional.rms_norm", "rmsNorm(x, over: shape, weight: weight, epsilon: epsilon)") { a in
      try rmsNorm(
        a.x, over: Shape(a.ints("normalized_shape", at: 1)), weight: a.optionalTensor("weight", at: 2),
        epsilon: a.optionalDouble("eps", at: 3))
    }
    rows.add("nn.functional.group_norm", "groupNorm(x, groups: groups, weight: weight, bias: bias, epsilon: epsilon)") { a in
      try groupNorm(
        a.x, groups: a.int("num_groups", at: 1), weight: a.optionalTensor("weight", at: 2), bias: a.optionalTensor("bias", at: 3),
        epsilon: a.double("eps", at: 4, default: 1e-5))
    }
    rows.add(
      "nn.functional.instance_norm", "instanceNorm(x, weight: weight, bias: bias, epsilon: epsilon)",
      note: "with `use_input_stats=False` it is `batchNorm(x, mean: mean, variance: variance, …)`"
    ) { a in
      let (weight, bias) = try (a.optionalTensor("weight", at: 3), a.optionalTensor("bias", at: 4))
      let epsilon = try a.double("eps", at: 7, default: 1e-5)
      if try a.bool("use_input_stats", at: 5, default: true) { return try instanceNorm(a.x, weight: weight, bias: bias, epsilon: epsilon) }
      return try batchNorm(
        a.x, mean: a.tensor("running_mean", at: 1), variance: a.tensor("running_var", at: 2), weight: weight, bias: bias, epsilon: epsilon)
    }
    rows.add(
      "nn.functional.batch_norm",
      "batchNorm(x, updating: &mean, &variance, momentum: momentum, weight: weight, bias: bias, epsilon: epsilon)",
      note: "with `training=False` it is `batchNorm(x, mean: mean, variance: variance, …)`"
    ) { a in
      // A vector without elements has no channels either.
      let x = try a.x.rank > 1 ? a.x : a.x.reshaped([a.x.elementCount, 0])
      let (weight, bias) = try (a.optionalTensor("weight", at: 3), a.optionalTensor("bias", at: 4))
      let epsilon = try a.double("eps", at: 7, default: 1e-5)
      guard var mean = try a.optionalTensor("running_mean", at: 1), var variance = try a.optionalTensor("running_var", at: 2) else {
        return try batchNorm(x, weight: weight, bias: bias, epsilon: epsilon).reshaped(a.x.shape)
      }
      let y =
        try a.bool("training", at: 5)
        ? batchNorm(
          x, updating: &mean, &variance, momentum: a.double("momentum", at: 6, default: 0.1), weight: weight, bias: bias, epsilon: epsilon)
        : batchNorm(x, mean: mean, variance: variance, weight: weight, bias: bias, epsilon: epsilon)
      return try y.reshaped(a.x.shape)
    }
    rows.add("nn.functional.local_response_norm", "localResponseNorm(x, size: size, alpha: alpha, beta: beta, k: k)") { a in
      // PyTorch hands back what has no elements as it is.
      if try a.x.elementCount == 0 { return try a.x }
      return try localResponseNorm(
        a.floating(), size: a.int("size", at: 1), alpha: a.double("alpha", at: 2, default: 1e-4),
        beta: a.double("beta", at: 3, default: 0.75),
        k: a.double("k", at: 4, default: 1))
    }
    rows.add("nn.functional.normalize", "x.normalized(order: p, axis: axis, epsilon: epsilon)") { a in
      try a.lifted(a.x) { x in
        try x.normalized(
          order: a.double("p", at: 1, default: 2), axis: a.int("dim", at: 2, default: 1), epsilon: a.double("eps", at: 3, default: 1e-12))
      }
    }
    rows.add("nn.functional.cosine_similarity", "cosineSimilarity(x, y, axis: axis, epsilon: epsilon)") { a in
      let x = try a.floats(0, 1)
      let isScalar = x[0].rank == 0 && x[1].rank == 0
      return try cosineSimilarity(
        isScalar ? x[0].reshaped([1]) : x[0], isScalar ? x[1].reshaped([1]) : x[1], axis: a.int("dim", at: 2, default: 1),
        epsilon: a.double("eps", at: 3, default: 1e-8))
    }
    rows.add("nn.functional.pairwise_distance", "rowDistance(x, y, order: p, epsilon: epsilon, keepDims: keep)") { a in
      let x = try a.floats(0, 1)
      return try rowDistance(
        x[0], x[1], order: a.double("p", at: 2, default: 2), epsilon: a.double("eps", at: 3, default: 1e-6),
        keepDims: a.bool("keepdim", at: 4))
    }
  }
}
