import Fluxion

// What a program sees beside the time of its operators: how soon it begins to train, and whether its memory stays.

/// The start of a process to its first trained step, and the growth of memory over 1,000 steps.
func processRows() -> [Row] {
  [
    Row(name: "start/xor", budget: .seconds(20e-3)) {
      let runs = (0..<12).map { _ in Subprocess.secondsToFirstByte(of: ["--first-step"]) }
      return .time(runs.min()!)
    },
    growth("memory/train-step", of: { Memory.liveBytes }),
    growth("memory/train-step/pool", of: { Memory.liveBytes + Memory.cachedBytes }),
  ]
}

/// What `start/xor` starts: a model's first step, then a byte on standard output that tells of it.
func takeFirstStep() {
  var (model, optimizer) = (xor(), Adam())
  let x: Tensor = [[0, 0], [0, 1], [1, 0], [1, 1]]
  let y: Tensor = [[0], [1], [1], [0]]
  let (loss, gradient) = valueAndGradient(at: &model) { model in mse(model(x), y) }
  optimizer.update(&model, along: gradient)
  consume(loss)
  Subprocess.sendByte()
}

/// How much `bytes` grows over 1,000 steps of the perceptron for digits, once some steps have been taken.
private func growth(_ name: String, of bytes: @escaping () -> Int) -> Row {
  Row(name: name, budget: .noGrowth) {
    var (model, optimizer) = (mlp(), Adam())
    let (x, y) = (Tensor.normal([64, 784]), classIDs([64], below: 10))
    func step() {
      let (loss, gradient) = valueAndGradient(at: &model) { model in crossEntropy(model(x), y) }
      optimizer.update(&model, along: gradient)
      consume(loss)
    }
    for _ in 0..<20 { step() }
    let before = bytes()
    for _ in 0..<1000 { step() }
    return .growth(bytes() - before)
  }
}
