import Fluxion

extension Table {
  static let activations = Family("Activations") { rows in
    addSoftmaxes(&rows)
    rows.add("nn.functional.relu", "relu(x)") { a in relu(try a.x) }
    rows.add("nn.functional.relu6", "relu6(x)") { a in relu6(try a.x) }
    rows.add("nn.functional.leaky_relu", "leakyRelu(x, slope: s)") { a in
      leakyRelu(try a.x, slope: try a.double("negative_slope", at: 1, default: 0.01))
    }
    rows.add("nn.functional.prelu", "leakyRelu(x, slope: weights.reshaped([-1, 1, 1]))", note: "a 1 for each axis behind the channels") {
      a in
      let (x, weight) = (try a.x, try a.tensor("weight", at: 1))
      if weight.elementCount == 1 { return leakyRelu(x, slope: weight.reshaped([])) }
      return leakyRelu(x, slope: weight.reshaped(Shape([-1] + Array(repeating: 1, count: max(0, x.rank - 2)))))
    }
    rows.add("nn.functional.elu", "elu(x, alpha: a)") { a in elu(try a.x, alpha: try a.double("alpha", at: 1, default: 1)) }
    rows.add("nn.functional.celu", "celu(x, alpha: a)") { a in celu(try a.x, alpha: try a.double("alpha", at: 1, default: 1)) }
    rows.add("nn.functional.selu", "selu(x)") { a in selu(try a.x) }
    rows.add("nn.functional.silu", "silu(x)") { a in silu(try a.x) }
    rows.add("nn.functional.mish", "mish(x)") { a in mish(try a.x) }
    rows.add("nn.functional.gelu", "gelu(x, approximation: .tanh)") { a in
      gelu(try a.x, approximation: try a.string("approximate", default: "none") == "tanh" ? .tanh : .none)
    }
    rows.add("nn.functional.glu", "glu(x, axis: axis)") { a in glu(try a.x, axis: try a.int("dim", at: 1, default: -1)) }
    rows.add("nn.functional.softplus", "softplus(x, beta: b, threshold: t)", note: "PyTorch's threshold is 20; `softplus(x)` needs none") {
      a in
      softplus(try a.x, beta: try a.double("beta", at: 1, default: 1), threshold: try a.double("threshold", at: 2, default: 20))
    }
    rows.add("nn.functional.logsigmoid", "logSigmoid(x)") { a in logSigmoid(try a.x) }
    rows.add("nn.functional.softsign", "softsign(x)") { a in softsign(try a.floating()) }
    rows.add("nn.functional.tanhshrink", "tanhShrink(x)") { a in tanhShrink(try a.floating()) }
    rows.add("nn.functional.hardtanh", "hardTanh(x, min: a, max: b)") { a in
      // Bounds of integers lose their fractions.
      let (x, bounds) = (try a.x, (try a.double("min_val", at: 1, default: -1), try a.double("max_val", at: 2, default: 1)))
      if x.dtype.isInteger { return hardTanh(x, min: bounds.0.rounded(.towardZero), max: bounds.1.rounded(.towardZero)) }
      return hardTanh(x, min: bounds.0, max: bounds.1)
    }
    rows.add("nn.functional.hardsigmoid", "hardSigmoid(x)") { a in hardSigmoid(try a.x) }
    rows.change { $0.differs = ("PyTorch's gradient in float64 has a sixth of float32, which is off by 3e-8", 1e-7) }
    rows.add("nn.functional.hardswish", "hardSwish(x)") { a in hardSwish(try a.x) }
    rows.add("nn.functional.hardshrink", "hardShrink(x, lambda: a)") { a in
      hardShrink(try a.x, lambda: try a.double("lambd", at: 1, default: 0.5))
    }
    rows.add("nn.functional.softshrink", "softShrink(x, lambda: a)") { a in
      softShrink(try a.x, lambda: try a.double("lambd", at: 1, default: 0.5))
    }
    rows.add("nn.functional.threshold", "select(x .<= t, a, x)") { a in
      let x = try a.x
      var (threshold, value) = (try a.double("threshold", at: 1), try a.double("value", at: 2))
      if x.dtype.isInteger { (threshold, value) = (threshold.rounded(.towardZero), value.rounded(.towardZero)) }
      return select(x .<= threshold, value, x)
    }
  }

  /// Softmax and its relatives, which take a dtype to compute in.
  private static func addSoftmaxes(_ rows: inout Rows) {
    rows.add("softmax", "x.softmax(axis: axis)") { a in
      let axis = try a.int("dim", at: 1)
      return try a.lifted(a.widened()) { $0.softmax(axis: axis) }
    }
    rows.add("log_softmax", "x.logSoftmax(axis: axis)") { a in
      let axis = try a.int("dim", at: 1)
      return try a.lifted(a.widened()) { $0.logSoftmax(axis: axis) }
    }
    rows.add("nn.functional.softmin", "(-x).softmax(axis: axis)") { a in
      let axis = try a.int("dim", at: 1)
      return try a.lifted(-a.x.cast(to: a.dtype() ?? a.x.dtype)) { $0.softmax(axis: axis) }
    }
  }
}
