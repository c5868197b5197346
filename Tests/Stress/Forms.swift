import Fluxion
import Foundation

/// One way in which threads share tensors: done again and again, its results the same to the bit each time.
struct Form: Sendable {
  let name: String
  /// Makes what one repetition does, given a partner; it says what is wrong with its results, if something is.
  let make: @Sendable ([Partner]) -> (Int) -> String?
}

/// Large enough that results wait inside of a gradient call.
private let count = 32_768

/// What is wrong, unless two tensors have the same elements.
private func difference(_ what: String, _ x: Tensor, _ expected: Tensor) -> String? {
  (x .== expected).all().item() != 0 ? nil : "\(what) differs from what one thread gives"
}

/// What a partner found, looked at when it is done.
private final class Found: @unchecked Sendable {
  var value = Tensor(0, .int64)
}

let forms = [
  // One model that all threads ask at once, each with inputs of its own: a small forward, and one that is cut among threads itself.
  Form(name: "model") { partners in
    let model = withSeed(5) {
      Chain {
        Dense(64, 128, activation: relu)
        BatchNorm(128)
        Dropout(0.5)
        Dense(128, 10)
      }
    }
    let inputs = withSeed(6) { (0...partners.count).map { Tensor.normal([$0.isMultiple(of: 2) ? 8 : 512, 64]) } }
    let expected = inputs.map { model.predict($0) }
    let found = partners.map { _ in Found() }
    return { _ in
      for (n, partner) in partners.enumerated() { partner.begin { found[n].value = model.predict(inputs[n]) } }
      let own = model.predict(inputs[partners.count])
      for partner in partners { partner.finish() }
      for n in partners.indices {
        if let wrong = difference("an answer", found[n].value, expected[n]) { return wrong }
      }
      return difference("the answer", own, expected[partners.count])
    }
  },
  // The other thread reads an element of a result that waits, while this one sums it up.
  Form(name: "element") { partners in
    let x = withSeed(1) { Tensor.normal([count]) }
    let expected = gradient(at: x) { x in exp(x * 0.5).sum() }
    let element = exp(x * 0.5)[77]
    let found = Found()
    return { _ in
      let slope = gradient(at: x) { x in
        let y = exp(x * 0.5)
        partners[0].begin { found.value = y[77] }
        return y.sum()
      }
      partners[0].finish()
      return difference("the gradient", slope, expected) ?? difference("the element", found.value, element)
    }
  },
  // A training step that logs a hidden value's mean on another thread.
  Form(name: "mean") { partners in
    let (x, w) = withSeed(2) { (Tensor.normal([64, 512]), Tensor.normal([512]) * 0.1) }
    func loss(_ w: Tensor, _ log: (Tensor) -> Void) -> Tensor {
      let h = tanh(x * w)
      log(h)
      return (h * h).mean()
    }
    let expected = gradient(at: w) { w in loss(w) { _ in } }
    let mean = tanh(x * w).mean()
    let found = Found()
    return { _ in
      let slope = gradient(at: w) { w in loss(w) { h in partners[0].begin { found.value = h.mean() } } }
      partners[0].finish()
      return difference("the gradient", slope, expected) ?? difference("the mean", found.value, mean)
    }
  },
  // A chain of results that wait one for the other, asked for from both ends and from the middle.
  Form(name: "chain") { partners in
    let x = withSeed(3) { Tensor.normal([count]) }
    func chain(_ x: Tensor) -> [Tensor] {
      let a = sin(x * 0.3)
      let b = a * x
      let c = exp(b)
      return [a, b, c, (c + a).sum()]
    }
    let expected = gradient(at: x) { x in chain(x)[3] + chain(x)[1].sum() }
    // As it is computed inside of a gradient call, where sums take what waits as their program.
    var waited: [Tensor] = []
    _ = gradient(at: x) { x in
      waited = chain(x)
      return waited[3]
    }
    let values = waited
    let found = partners.map { _ in Found() }
    return { i in
      let slope = gradient(at: x) { x in
        let y = chain(x)
        for (n, partner) in partners.enumerated() { partner.begin { found[n].value = y[(i + n) % 4].flattened() } }
        return y[3] + chain(x)[1].sum()
      }
      for partner in partners { partner.finish() }
      for n in partners.indices {
        if let wrong = difference("a value", found[n].value, values[(i + n) % 4].flattened()) { return wrong }
      }
      return difference("the gradient", slope, expected)
    }
  },
  // Copies on both sides, each written to, while the result waits.
  Form(name: "copies") { partners in
    let x = withSeed(4) { Tensor.normal([count]) }
    let value = exp(x)
    let (here, there) = (written(3), written(7))
    func written(_ number: Float) -> Tensor {
      var copy = value
      copy[5] = Tensor(number)
      return copy
    }
    let expected = gradient(at: x) { x in exp(x).sum() }
    let found = Found()
    return { _ in
      var mine = Tensor(0, .int64)
      let slope = gradient(at: x) { x in
        let y = exp(x)
        partners[0].begin {
          var copy = y.detached
          copy[5] = Tensor(7 as Float)
          found.value = copy
        }
        mine = y.detached
        mine[5] = Tensor(3 as Float)
        return y.sum()
      }
      partners[0].finish()
      return difference("the gradient", slope, expected) ?? difference("the copy here", mine, here)
        ?? difference("the copy there", found.value, there)
    }
  },
  // Operators that write over what nobody else holds, of tensors that are handed over.
  Form(name: "handed over") { partners in
    let x = withSeed(5) { Tensor.normal([count]) }
    let expected = exp(x * 2 + 1)
    let found = Found()
    return { _ in
      let y = x * 2
      partners[0].begin { found.value = exp(y + 1) }
      let mine = exp(y + 1)
      partners[0].finish()
      return difference("the value here", mine, expected) ?? difference("the value there", found.value, expected)
    }
  },
  // One model that answers on several threads, while this one copies it and trains the copy.
  Form(name: "model") { partners in
    let model = withSeed(6) {
      Chain {
        Dense(16, 32, activation: tanh); BatchNorm(32); Dropout(0.1); Dense(32, 4)
      }
    }
    let (x, target) = withSeed(7) { (Tensor.normal([24, 16]), Tensor.normal([24, 4])) }
    let expected = model.predict(x)
    func step() -> Tensor {
      withSeed(8) {
        var copy = model
        var optimizer = SGD(learningRate: 0.1)
        let slopes = gradient(at: &copy) { model in ((model(x) - target) * (model(x) - target)).mean() }
        optimizer.update(&copy, along: slopes)
        return copy.predict(x)
      }
    }
    let trained = step()
    let found = partners.map { _ in Found() }
    return { _ in
      for (partner, found) in zip(partners, found) { partner.begin { found.value = model.predict(x) } }
      let result = step()
      for partner in partners { partner.finish() }
      for found in found { if let wrong = difference("an answer", found.value, expected) { return wrong } }
      return difference("the trained copy's answer", result, trained)
    }
  },
]
