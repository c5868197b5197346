import Fluxion

extension Table {
  mutating func losses() {
    row("ctc(_:_:inputLengths:targetLengths:blank:zeroesInfinity:reduction:)") { h in
      ctc(h.sequence, Tensor([[1], [2]], .int64), inputLengths: h.list(3, 2), targetLengths: h.list(1, 1), blank: h.i(0))
    }
    row("ctc(_:_:inputLengths:targetLengths:blank:zeroesInfinity:reduction:)") { h in ctc(h.sequence, Tensor([h.list(1), h.list(2)])) }
    row("crossEntropy(_:_:weights:labelSmoothing:ignoring:reduction:)") { h in
      crossEntropy(h.x, h.labels, labelSmoothing: h.d(0), ignoring: h.i(1), reduction: .mean)
    }
    row("crossEntropy(_:_:weights:labelSmoothing:ignoring:reduction:)") { h in crossEntropy(h.x, Tensor(h.list(1, 0)), reduction: .sum) }
    row("negativeLogLikelihood(_:_:weights:ignoring:reduction:)") { h in
      negativeLogLikelihood(h.x, h.labels, ignoring: h.i(1), reduction: .mean)
    }
    row("focal(_:_:gamma:weights:ignoring:reduction:)") { h in focal(h.x, h.labels, gamma: h.d(2), ignoring: h.i(1), reduction: .mean) }
    row("binaryFocal(logits:_:gamma:alpha:reduction:)") { h in binaryFocal(logits: h.x, sigmoid(h.x), gamma: h.d(2), alpha: h.d(0.5)) }
    row("poissonLikelihood(_:_:isLog:isFull:epsilon:reduction:)") { h in
      poissonLikelihood(h.x, h.x, isLog: false, isFull: true, epsilon: h.d(1e-8), reduction: .mean)
    }
    row("gaussianLikelihood(_:_:variance:isFull:epsilon:reduction:)") { h in
      gaussianLikelihood(h.x, h.x, variance: exp(h.x), epsilon: h.d(1e-6))
    }
    row("contrastive(_:_:margin:reduction:)") { h in contrastive(h.x * h.x, .ones([2, 3]), margin: h.d(1), reduction: .mean) }
    row("hingeEmbedding(_:_:margin:reduction:)") { h in hingeEmbedding(h.x, .ones([2, 3]), margin: h.d(1), reduction: .mean) }
    row("marginRanking(_:_:_:margin:reduction:)") { h in marginRanking(h.x, h.x + 1, .ones([2, 3]), margin: h.d(0)) }
    row("cosineEmbedding(_:_:_:margin:reduction:)") { h in cosineEmbedding(h.x, h.x + 1, .ones([2]), margin: h.d(0)) }
    row("tripletMargin(_:_:_:margin:order:epsilon:swaps:reduction:)") { h in
      tripletMargin(h.x, h.x + 1, h.x - 1, margin: h.d(1), order: h.d(2), epsilon: h.d(1e-6))
    }
    row("multiMargin(_:_:p:margin:weights:reduction:)") { h in multiMargin(h.x, h.labels, p: h.i(1), margin: h.d(1), reduction: .mean) }
    row("dice(_:_:axes:smoothing:reduction:)") { h in dice(sigmoid(h.x), .ones([2, 3]), axes: h.list(0), smoothing: h.d(1)) }
    row("tversky(_:_:falsePositives:falseNegatives:axes:smoothing:reduction:)") { h in
      tversky(sigmoid(h.x), .ones([2, 3]), falsePositives: h.d(0.3), falseNegatives: h.d(0.7), axes: h.list(0), smoothing: h.d(1))
    }
    row("huber(_:_:delta:reduction:)") { h in huber(h.x, h.x + 1, delta: h.d(1), reduction: .mean) }
    row("smoothL1(_:_:beta:reduction:)") { h in smoothL1(h.x, h.x + 1, beta: h.d(1), reduction: .mean) }
    row("msle(_:_:epsilon:reduction:)") { h in msle(h.x * h.x, h.x * h.x + 1, epsilon: h.d(1e-7), reduction: .mean) }
    row("confusionMatrix(_:_:classes:)") { h in confusionMatrix(h.labels, h.labels, classes: h.i(2)) }
    row("confusionMatrix(_:_:classes:)") { h in confusionMatrix(Tensor(h.list(0, 1)), Tensor(h.list(0, 1)), classes: 2) }
  }
}
