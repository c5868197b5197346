import Fluxion

extension Table {
  mutating func features() {
    row("attention(_:_:_:mask:isCausal:scale:)") { h in attention(h.sequence, h.sequence, h.sequence, scale: h.d(0.5)) }
    row("attention(_:_:_:mask:isCausal:scale:dropout:using:)") { h in
      attention(h.sequence, h.sequence, h.sequence, scale: h.d(0.5), dropout: h.d(0.5), using: &h.random)
    }
    row("attentionWeights(_:_:mask:isCausal:scale:)") { h in attentionWeights(h.sequence, h.sequence, scale: h.d(0.5)) }
    row("batchNorm(_:weight:bias:epsilon:)") { h in batchNorm(h.x, epsilon: h.d(1e-5)) }
    row("batchNorm(_:updating:_:momentum:weight:bias:epsilon:)") { h in
      var (mean, variance) = (Tensor.zeros([3]), Tensor.ones([3]))
      return batchNorm(h.x, updating: &mean, &variance, momentum: h.d(0.1), epsilon: h.d(1e-5))
    }
    row("batchNorm(_:mean:variance:weight:bias:epsilon:)") { h in
      batchNorm(h.x, mean: .zeros([3]), variance: .ones([3]), epsilon: h.d(1e-5))
    }
    row("Tensor.dropout(probability:using:)") { h in h.x.dropout(probability: h.d(0.5), using: &h.random) }
    row("layerNorm(_:over:weight:bias:epsilon:)") { h in layerNorm(h.x, over: h.shape(2, 3), epsilon: h.d(1e-5)) }
    row("rmsNorm(_:over:weight:epsilon:)") { h in rmsNorm(h.x, over: h.shape(3), epsilon: h.d(0.5)) }
    row("groupNorm(_:groups:weight:bias:epsilon:)") { h in groupNorm(h.images, groups: h.i(2), epsilon: h.d(1e-5)) }
    row("instanceNorm(_:weight:bias:epsilon:)") { h in instanceNorm(h.images, epsilon: h.d(1e-5)) }
    row("localResponseNorm(_:size:alpha:beta:k:)") { h in
      localResponseNorm(h.images, size: h.i(2), alpha: h.d(1e-4), beta: h.d(0.75), k: h.d(1))
    }
    row("lstm(_:weight:hidden:cell:lengths:)") { h in
      let w = Tensor.ones([4, 1])
      return lstm(h.sequence, weight: w, hidden: .zeros([2, 1]), cell: .zeros([2, 1]), lengths: h.list(1, 2)).outputs
    }
    row("gru(_:weight:bias:hidden:lengths:)") { h in
      gru(h.sequence[.all, .all, 0..<3], weight: .ones([3, 1]), hidden: .zeros([2, 1]), lengths: h.list(1, 2)).outputs
    }
    row("recurrence(_:weight:hidden:activation:lengths:)") { h in
      recurrence(h.sequence, weight: .ones([4, 4]), hidden: .zeros([2, 4]), lengths: h.list(1, 2)).outputs
    }
    row("checkGradient(of:at:step:tolerance:)") { h in
      try checkGradient(of: { tanh($0).sum() }, at: h.x.cast(to: .float64), step: h.d(1e-5), tolerance: h.d(1))
    }
    row("checkGradient(of:at:step:tolerance:)") { h in
      try checkGradient(of: { tanh($0[0]).sum() }, at: [h.x.cast(to: .float64)], step: h.d(1e-5), tolerance: h.d(1))
    }
  }

  mutating func images() {
    row("maxPool(_:to:)") { h in maxPool(h.images, to: h.axes(2, 2)) }
    row("maxUnpool(_:at:window:stride:padding:size:)") { h in
      maxUnpool(h.images, at: maxPoolPositions(h.images, window: 1), window: h.axes(1, 1), stride: h.axes(1, 1), padding: h.axes(0, 0))
    }
    row("maxUnpool(_:at:window:stride:padding:size:)") { h in
      maxUnpool(h.images, at: maxPoolPositions(h.images, window: 1), window: 1, size: h.axes(4, 8))
    }
    row("maxPoolPositions(_:to:)") { h in maxPoolPositions(h.images, to: h.axes(2, 2)) }
    row("meanPool(_:to:)") { h in meanPool(h.images, to: h.axes(2, 2)) }
    row("imageToColumns(_:window:stride:padding:dilation:)") { h in
      imageToColumns(h.images, window: h.axes(2, 2), stride: h.axes(1, 1), padding: h.padding(0, 1), dilation: h.axes(1, 1))
    }
    row("columnsToImage(_:size:window:stride:padding:dilation:)") { h in
      columnsToImage(
        h.images.reshaped([2, 16, 8])[.all, .all, 0..<4], size: h.shape(3, 3), window: h.axes(2, 2), stride: h.axes(1, 1),
        padding: h.padding(0, 0), dilation: h.axes(1, 1))
    }
    row("convolution(_:weight:bias:stride:padding:dilation:groups:)") { h in
      convolution(
        h.images, weight: .ones([4, 2, 2, 2]), stride: h.axes(1, 1), padding: h.padding(0, 1), dilation: h.axes(1, 1), groups: h.i(2))
    }
    row("convolution(_:weight:bias:stride:padding:dilation:groups:)") { h in
      convolution(Tensor.ones([1, 1, 4]), weight: Tensor(Float(1)).expanded(h.shape(2, 1, 1)), padding: h.padding(0))
    }
    row("convolutionTransposed(_:weight:bias:stride:padding:outputPadding:dilation:groups:)") { h in
      convolutionTransposed(
        h.images, weight: .ones([4, 2, 2, 2]), stride: h.axes(2, 2), padding: h.axes(0, 1), outputPadding: h.axes(0, 1),
        dilation: h.axes(1, 1), groups: h.i(2))
    }
    for method in [Interpolation.nearest, .linear, .cubic] {
      row("interpolate(_:to:method:alignsCorners:antialiases:)") { h in interpolate(h.images, to: h.axes(2, 3), method: method) }
      row("interpolate(_:scale:method:alignsCorners:antialiases:)") { h in interpolate(h.images, scale: h.d(0.5), method: method) }
      row("interpolate(_:scales:method:alignsCorners:antialiases:)") { h in
        interpolate(h.images, scales: [h.d(1), h.d(0.5)], method: method, antialiases: method != .nearest)
      }
    }
    row("maxPool(_:window:stride:padding:dilation:roundsUp:)") { h in
      maxPool(h.images, window: h.axes(2, 2), stride: h.axes(2, 1), padding: h.padding(0, 1), dilation: h.axes(1, 1))
    }
    row("maxPool(_:window:stride:padding:dilation:roundsUp:)") { h in
      maxPool(h.images, window: h.axes(2, 2), stride: h.axes(2, 1), padding: h.padding(0, 1), dilation: h.axes(1, 1), roundsUp: true)
    }
    row("maxPoolPositions(_:window:stride:padding:dilation:roundsUp:)") { h in
      maxPoolPositions(h.images, window: h.axes(2, 2), stride: h.axes(2, 1), padding: h.padding(0, 1), dilation: h.axes(1, 1))
    }
    row("meanPool(_:window:stride:padding:roundsUp:countsPadding:divisor:)") { h in
      meanPool(h.images, window: h.axes(2, 2), stride: h.axes(2, 1), padding: h.padding(0, 1), roundsUp: true, divisor: h.i(1))
    }
    row("PerAxis.init(_:)", "PerAxis.init(integerLiteral:)") { h in
      let n = h.i(2)
      return [maxPool(h.images, window: PerAxis(n)), maxPool(h.images, window: PerAxis(integerLiteral: n))]
    }
    row("PerAxis.init(_:)") { h in meanPool(h.images, window: PerAxis(h.list(2, 2))) }
    row("PerAxis.init(arrayLiteral:)") { h in meanPool(h.images, window: PerAxis(arrayLiteral: h.i(2), h.i(2))) }
    row("WindowPadding.init(_:)", "WindowPadding.init(integerLiteral:)") { h in
      let n = h.i(1)
      return [
        meanPool(h.images, window: 3, padding: WindowPadding(n)), meanPool(h.images, window: 3, padding: WindowPadding(integerLiteral: n)),
      ]
    }
    row("WindowPadding.init(_:)") { h in meanPool(h.images, window: 3, padding: WindowPadding(h.axes(1, 1))) }
    row("WindowPadding.init(before:after:)") { h in
      imageToColumns(h.images, window: 3, padding: WindowPadding(before: h.axes(2, 2), after: h.axes(2, 2)))
    }
    row("WindowPaddingConvertible.before(_:after:)") { h in meanPool(h.images, window: 3, padding: .before(h.i(1), after: h.i(0))) }
    row("WindowPadding.init(arrayLiteral:)") { h in
      convolution(h.images, weight: .ones([1, 4, 2, 2]), padding: WindowPadding(arrayLiteral: h.i(0), h.i(1)))
    }
  }

  mutating func engine() {
    row("Threads.count") { h in
      let before = Threads.count
      defer { Threads.count = before }
      Threads.count = h.i(2)
      return (h.images * 2).sum()
    }
    row("Memory.limit") { h in
      defer { Memory.limit = nil }
      Memory.limit = h.i(1 << 30)
      return [Memory.limit ?? 0, (try? checked { Tensor.ones([1 << 10]).elementCount }) ?? 0]
    }
    row("Memory.cacheLimit") { h in
      let before = Memory.cacheLimit
      defer { Memory.cacheLimit = before }
      Memory.cacheLimit = h.i(1 << 20)
      return h.images * 2
    }
    row("Processor.Level.init(rawValue:)") { h in Processor.Level(rawValue: h.i(1))?.description ?? "none" }
    row("Processor.Bfloat16Unit.init(rawValue:)") { h in
      Processor.Bfloat16Unit(rawValue: Int32(truncatingIfNeeded: h.i(1)))?.description ?? "none"
    }
    row("OrthogonalPolynomial.init(rawValue:)") { h in OrthogonalPolynomial(rawValue: h.i(1))?.rawValue ?? 0 }
    // Numbers among a compiled function's arguments are a part of its signature; from the third call on the plan runs.
    row("compiled function") { h in
      let sum = compile(fallback: .eager) { (x: Tensor, axis: Int, shape: Shape) in (x * 2).sum(axis: axis).reshaped(shape) }
      let (axis, shape) = (h.i(1), h.shape(1, 2))
      return (0..<3).map { _ in sum(h.x, axis, shape) }
    }
    row("compiled model") { h in
      let (axis, factor) = (h.i(1), h.d(2))
      var model = Chain {
        Dense(3, 4, activation: tanh)
        Layer { ($0 * factor).sum(axis: axis, keepDims: true) }
      }.compiled(fallback: .eager)
      return (0..<3).map { _ in model(h.x) }
    }
    row("compiled training step") { h in
      let (axis, weight, rate) = (h.i(1), h.d(2), h.d(0.1))
      var step = Dense(3, 2).trainingStep(optimizer: SGD(learningRate: rate)) { model, x, y in
        (model(x) * weight).sum(axis: axis).sum() + y.sum()
      }.compiled(fallback: .eager)
      return (0..<3).map { _ in step(h.x, h.ids.cast(to: .float32)) }
    }
    row("withPart(_:_:of:_:)") { h in withPart("part", h.i(-1), of: Dense.self) { h.x * 2 } }
    row("RandomStream.init(seed:position:)") { h in
      var random = RandomStream(seed: h.u(1), position: h.u(1))
      _ = (random.next(), random.split())
      return Tensor.normal([5], using: &random)
    }
    row("withSeed(_:_:)") { h in withSeed(h.u(1)) { Tensor.uniform([3]) } }
    row("inParallel(_:grain:_:)") { h in
      // What a range does with its numbers is the caller's; here nothing.
      inParallel(h.i(10), grain: h.i(2)) { _ in }
    }
  }
}
