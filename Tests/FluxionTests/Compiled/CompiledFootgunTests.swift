import Fluxion
import Synchronization
import Testing

/// What goes wrong without a word where functions are compiled by tracing them: each case of tinygrad's `test_jit_footguns.py`, and more.
@Suite struct CompiledFootgunTests {
  private func reason(_ body: () throws -> Void) -> String {
    do {
      try checked { try body() }
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  /// Results that are still held are not written over.
  @Test func resultsAreIndependent() {
    let f = compile { (x: Tensor) in (x.sum(), x * 2) }
    let results = (1...6).map { f(Tensor([Float($0), Float($0)])) }
    #expect(results.map { $0.0.item() } == [2, 4, 6, 8, 10, 12])
    for i in 1...6 {
      let twice = [Float](results[i - 1].1)
      #expect(twice == [Float(2 * i), Float(2 * i)])
    }
  }

  /// A result may be the next argument, and something else after that.
  @Test func resultsAsArguments() {
    let f = compile { (x: Tensor) in x + 1 }
    var x: Tensor = [10]
    for _ in 0..<5 { x = f(x) }
    #expect(x.item() == 15)
    #expect(f([100]).item() == 101)
  }

  /// Several results of one value, of which one is the next argument.
  @Test func resultsOfOneValue() {
    let f = compile { (buffer: Tensor, frame: Tensor) in
      let next = concatenate([buffer[1...], frame])
      return (next, next[0..<1])
    }
    var buffer: Tensor = [[0], [1], [2]]
    for i in 0..<5 {
      let expected = buffer[1].item()
      let (next, first) = f(buffer, Tensor([[Float(10 + i)]]))
      #expect(first.item() == expected)
      buffer = next
    }
  }

  /// What is written to a part of a tensor is read afterwards.
  @Test func writtenParts() {
    let f = compile { (cache: Tensor, row: Tensor) in
      var cache = cache
      cache[1] = row
      cache[2] += row * 2
      return (cache, cache.sum())
    }
    for i in 1...5 {
      let cache = Tensor.zeros([4, 4])
      let (after, sum) = f(cache, .full([4], i))
      #expect(sum.item() == Double(12 * i))
      #expect(after[1, 0].item() == Double(i) && after[2, 3].item() == Double(2 * i))
      #expect(cache.sum().item() == 0, "the argument stays as it is")
    }
  }

  /// Results that are no tensors, where they follow from the signature.
  @Test func otherResults() {
    let f = compile { (x: Tensor, factor: Int) in (x * 2, factor * 10) }
    for i in [1, 2, 1, 2, 1, 2, 1, 2] { #expect(f(Tensor([Float(i)]), i).1 == 10 * i) }
    #expect(f.plans.count == 2)
  }

  /// One tensor as two arguments, tensors in lists, and views with other offsets.
  @Test func layoutsOfArguments() {
    let sum = compile { (a: Tensor, list: [Tensor]) in a + list[0] }
    let base = withSeed(1) { Tensor.normal([6, 6]) }
    for i in 0..<4 {
      let view = base[.all, i..<i + 2]
      #expect([Float](sum(view, [view])) == [Float](view * 2))
      #expect([Float](sum(base.transposed(), [base])) == [Float](base.transposed() + base))
    }
    #expect(sum.plans.count == 2)
  }

  /// A compiled function in another one.
  @Test func nested() {
    let inner = compile { (x: Tensor) in x + 1 }
    let outer = compile { (x: Tensor) in inner(x) * 3 }
    for i in 1...5 { #expect(outer(Tensor([Float(i)])).item() == Double(3 * (i + 1))) }
  }

  /// Other shapes, dtypes, flags and modes make other plans, of which sixteen are kept.
  @Test func signatures() {
    let f = compile { (x: Tensor, squares: Bool) in squares ? x * x : x * 2 }
    for _ in 0..<3 {
      for flag in [true, false] {
        #expect(f([3], flag).item() == (flag ? 9 : 6))
        #expect(f([[3]], flag).shape == [1, 1])
        #expect(f(Tensor([3], .float64), flag).dtype == .float64)
      }
    }
    #expect(f.plans.count == 6)
    for n in 1...40 { #expect(f(.ones([n]), true).shape == [n]) }
    #expect(f.plans.count == 16)
  }

  /// A number that changes between calls, and is no argument.
  @Test func numbersFromElsewhere() {
    let factor = Atomic<Int>(1)
    let f = compile { (x: Tensor) in x * factor.load(ordering: .relaxed) }
    #expect(f([10]).item() == 10)
    factor.store(2, ordering: .relaxed)
    #expect(reason { _ = f([10]) }.contains("numbers in it change from call to call"))
    let eager = compile(fallback: .eager) { (x: Tensor) in x * factor.add(1, ordering: .relaxed).newValue }
    #expect((0..<4).map { _ in eager([10]).item() } == [30, 40, 50, 60])
  }

  /// A tensor that changes between calls, and is no argument.
  @Test func tensorsFromElsewhere() {
    let count = Atomic<Int>(0)
    let f = compile { (x: Tensor) in x + Tensor([Float(count.add(1, ordering: .relaxed).newValue)]) }
    _ = f([1])
    #expect(reason { _ = f([1]) }.contains("pass it as an argument"))
  }

  /// Elements that are read: the result would be that of the first call for ever.
  @Test(arguments: ["item", "scalars", "description", "mask", "nonzero"])
  func elements(_ kind: String) {
    let f = compile { (x: Tensor) -> Tensor in
      switch kind {
      case "item": return x.sum().item() > 0 ? x : -x
      case "scalars": return Tensor(x.scalars(Float.self))
      case "description": return "\(x)".isEmpty ? x : -x
      case "mask": return x[x .> 0]
      default: return x.nonzero()[0]
      }
    }
    #expect(reason { _ = f([1, 2, 3]) }.contains("elements of a tensor that depends on the inputs are read"))
  }

  /// The same by the way of the function itself, where that is asked for.
  @Test func elementsEagerly() {
    let f = compile(fallback: .eager) { (x: Tensor) in x.sum().item() > 0 ? x * 2 : -x }
    for x in [[1, 2], [-1, -2], [3, 4], [-5, 1]] as [[Float]] {
      let (y, factor): ([Float], Float) = ([Float](f(Tensor(x))), x[0] + x[1] > 0 ? 2 : -1)
      #expect(y == x.map { factor * $0 })
    }
  }

  /// Random numbers are new ones at each call, and those that the function itself would draw.
  @Test func randomNumbers() {
    let f = compile { (x: Tensor) in x + .uniform([3]) + .normal([3]) }
    func plain(_ x: Tensor) -> Tensor { x + .uniform([3]) + .normal([3]) }
    let zeros = Tensor.zeros([3])
    let expected = withSeed(4) { (0..<6).map { _ in [Float](plain(zeros)) } }
    let found = withSeed(4) { (0..<6).map { _ in [Float](f(zeros)) } }
    #expect(found == expected)
    #expect(Set(expected).count == 6)
  }

  /// Each model has its own state and parameters; copies too.
  @Test func modelsOfOneType() {
    var a = Elementwise(parameters: ["scale": 2]) { x, scale in x * scale }.compiled()
    for _ in 0..<4 { #expect(a([5]).item() == 10) }
    var b = a
    b.updateParameters { _, value in value = Tensor(3) }
    #expect(a([5]).item() == 10 && b([5]).item() == 15)
    var counter = Counter().compiled()
    for i in 1...5 { #expect(counter([1]).item() == Double(i)) }
    var twin = counter
    #expect(twin([1]).item() == 6 && twin([1]).item() == 7 && counter([1]).item() == 6)
    twin.reset()
    #expect(twin([1]).item() == 1)
  }

  private struct Counter: Model {
    @Recurrent var sum: Tensor = [0]
    mutating func callAsFunction(_ x: Tensor) -> Tensor {
      sum = sum + x
      return sum
    }
  }

  /// Frozen, thawed, loaded and with another rate between calls.
  @Test func changesBetweenCalls() throws {
    let model = withSeed(1) {
      Chain {
        Dense(3, 4, activation: tanh); Dense(4, 1)
      }
    }
    var plain = model.trainingStep(optimizer: SGD(learningRate: 0.1)) { model, x, y in pow(model(x) - y, 2).mean() }
    var fast = plain.compiled()
    let (x, y) = withSeed(2) { (Tensor.normal([5, 3]), Tensor.normal([5, 1])) }
    for call in 0..<12 {
      switch call {
      case 3:
        plain.model.freeze("layers.0")
        fast.model.freeze("layers.0")
      case 6:
        plain.model.thaw()
        fast.model.thaw()
      case 8:
        plain.optimizer.learningRate = 0.01
        fast.optimizer.learningRate = 0.01
      case 10:
        plain.model = withSeed(3) {
          Chain {
            Dense(3, 4, activation: tanh); Dense(4, 1)
          }
        }
        fast.model = plain.model
      default: break
      }
      #expect(plain(x, y).item() == fast(x, y).item(), "call \(call)")
      for (a, b) in zip(plain.model.parameters, fast.model.parameters) {
        let (left, right) = ([Float](a.value), [Float](b.value))
        #expect(left == right, "\(a.name), call \(call)")
      }
    }
  }

  /// A mistake names operator and part, as it does without a plan; afterwards the plan is there again.
  @Test func mistakesInAPlan() {
    let f = compile { (x: Tensor, ids: Tensor) in crossEntropy(x, ids) }
    let x = Tensor.zeros([2, 3])
    for _ in 0..<4 { _ = f(x, Tensor([0, 2])) }
    #expect(reason { _ = f(x, Tensor([0, 7])) }.contains("class id 7 at position 1 for 3 classes"))
    #expect(f(x, Tensor([0, 2])).item() == crossEntropy(x, Tensor([0, 2])).item())
    #expect(reason { _ = f(.zeros([2, 3, 4]), Tensor([0, 2])) } == reason { _ = crossEntropy(.zeros([2, 3, 4]), Tensor([0, 2])) })
  }

  /// Inside of a gradient the function itself is differentiated.
  @Test func insideGradients() {
    let f = compile { (x: Tensor) in (x * x * x).sum() }
    for _ in 0..<4 { #expect(gradient(at: [2]) { f($0) }.item() == 12 && f([2]).item() == 8) }
  }

  /// The function runs while it is traced, and then no more.
  @Test func callsOfTheFunction() {
    let count = Atomic<Int>(0)
    let f = compile { (x: Tensor) in
      count.add(1, ordering: .relaxed)
      return tanh(x) * 2
    }
    for i in 1...6 {
      _ = f(.ones([4]))
      #expect(count.load(ordering: .relaxed) == min(i, 2))
    }
    for _ in 0..<6 { _ = f(.ones([5])) }
    for _ in 0..<6 { _ = f(.ones([4])) }
    #expect(count.load(ordering: .relaxed) == 4)
    let model = Chain {
      Layer { x in
        count.add(1, ordering: .relaxed)
        return x + 1
      }
    }.compiled()
    for _ in 0..<6 { _ = model.predict(.ones([4])) }
    #expect(count.load(ordering: .relaxed) == 6)
    var step = Dense(3, 1).trainingStep(optimizer: SGD(learningRate: 0.1)) { model, x in
      count.add(1, ordering: .relaxed)
      return model(x).sum()
    }.compiled()
    for _ in 0..<6 { step(.ones([2, 3])) }
    #expect(count.load(ordering: .relaxed) == 8)
  }

  /// Threads share plans.
  @Test func threads() async {
    let f = compile { (x: Tensor) in (tanh(x) * 3).sum() }
    let expected = (0..<32).map { i in (tanh(Tensor.full([100], i) * 0.01) * 3).sum().item() }
    await withTaskGroup(of: Void.self) { group in
      for i in 0..<32 {
        group.addTask { for _ in 0..<20 { #expect(f(Tensor.full([100], i) * 0.01).item() == expected[i]) } }
      }
    }
  }

  /// Once there is a plan, memory does not grow: in a process of its own, whose count is nobody else's.
  @Test func memoryIsFlat() async {
    await #expect(processExitsWith: .success) {
      let model = withSeed(1) {
        Chain {
          Dense(8, 16, activation: tanh); Dense(16, 2)
        }
      }
      var step = model.trainingStep(optimizer: Adam()) { model, x, y in crossEntropy(model(x), y) }.compiled()
      let (x, y) = (Tensor.ones([4, 8]), Tensor([0, 1, 0, 1]))
      for _ in 0..<10 { step(x, y) }
      let before = Memory.liveBytes
      for _ in 0..<10_000 { step(x, y) }
      #expect(Memory.liveBytes == before)
    }
  }
}
