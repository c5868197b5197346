import Fluxion
import Testing

// The code of Guides/Training.md, to the letter.

struct Faces: Dataset {
  struct Batch { var image: Tensor, age: Tensor, isSmiling: Tensor }
  let images = withSeed(3) { Tensor.normal([64, 12]) }
  var count: Int { images.shape[0] }
  func batch(_ indices: [Int]) -> Batch {
    let image = images.take(Tensor(indices))
    return Batch(image: image, age: image.sum(axis: 1, keepDims: true), isSmiling: (image[.all, 0] .> 0).cast(to: .int64))
  }
}
struct Reader: Model {
  var body = Dense(12, 16, activation: relu)
  var age = Dense(16, 1)
  var smile = Dense(16, 2)
  func callAsFunction(_ x: Tensor) -> (age: Tensor, smile: Tensor) {
    let h = body(x)
    return (age(h), smile(h))
  }
}

@Suite struct TrainingGuideTests {
  private static func points(_ count: Int, _ seed: UInt64) -> TensorDataset {
    withSeed(seed) {
      let x = Tensor.normal([count, 4])
      return TensorDataset(x, x[.all, ..<3].argmax(axis: 1))
    }
  }

  @Test func everyBlock() throws {
    let (train, test) = (Self.points(96, 1), Self.points(40, 2))
    let signal = withSeed(3) { Tensor.normal([2, 5, 4]) }
    var model = withSeed(4) {
      Chain {
        Dense(4, 16, activation: relu)
        Dropout(0.1)
        Dense(16, 3)
      }
    }
    let before = crossEntropy(model.predict(test.inputs), test.targets).item()

    var optimizer = AdamW(learningRate: 1e-3)
    let loader = DataLoader(train, batchSize: 32, shuffle: true, seed: 1)
    for _ in 0..<2 {
      for (x, y) in loader {
        let gradient = gradient(at: &model) { model in crossEntropy(model(x), y) }
        optimizer.update(&model, along: gradient)
      }
    }

    let history = try model.fit(
      train, validation: test, loss: crossEntropy, optimizer: AdamW(), epochs: 3, batchSize: 32, seed: 1,
      metrics: [.accuracy, .top(2), .f1(.macro)], schedule: .oneCycle(peak: 1e-2), clip: .norm(1),
      earlyStopping: EarlyStopping(patience: 3, restoringBest: true))
    print(history.epochs[0].training.loss, history.epochs[2].validation?["f1 macro"] ?? 0)
    let curves = history.svg(title: "Training")
    #expect(crossEntropy(model.predict(test.inputs), test.targets).item() < before)
    #expect(history.remarks == [] && curves.contains("Top2"))

    var trainer = Trainer(Reader(), optimizer: AdamW(learningRate: 1e-2))
    let run = try trainer.fit(
      Faces(), epochs: 4, batchSize: 16, validation: Faces(), metrics: [.accuracy, .auc], schedule: .cosine(from: 1e-2), accumulate: 2,
      callbacks: [.afterEpoch { epoch, run in if epoch.training.loss < 0.01 { run.stop() } }]
    ) { model, batch in
      let (age, smile) = model(batch.image)
      let (error, entropy) = (mse(age, batch.age), crossEntropy(smile, batch.isSmiling))
      return Losses(total: error + entropy, ["age": error, "smile": entropy], outputs: smile, targets: batch.isSmiling)
    }
    print(run.epochs[3].validation?["age"] ?? 0)
    let reader = trainer.model
    #expect(run.epochs[3].training.loss < run.epochs[0].training.loss)

    let answers = try reader.predict(over: Faces(), batchSize: 16) { batch in batch.image }
    let probabilities = try model.predict(over: test).softmax()
    #expect(answers.age.shape == [64, 1] && answers.smile.shape == [64, 2] && probabilities.shape == [40, 3])

    var (auc, matrix) = (AUC(), ConfusionMatrix())
    for (x, y) in DataLoader(test, batchSize: 32) {
      let logits = model.predict(x)
      auc.add(logits, y)
      matrix.add(logits, y)
    }
    print(auc.value, matrix.counts)
    #expect(auc.value > 0.5 && matrix.counts.sum().item() == 40)

    let mixed = try model.fit(
      train, validation: test, loss: crossEntropy, optimizer: AdamW(), epochs: 3, batchSize: 32, seed: 1, precision: .bfloat16)
    #expect(mixed.epochs.count == 3)

    for (x, y) in loader {
      let gradient = gradient(at: &model) { model in withPrecision(.bfloat16) { crossEntropy(model(x), y) } }
      optimizer.update(&model, along: gradient)
    }

    var scale = LossScale()
    for (x, y) in loader {
      var gradient = gradient(at: &model) { model in withPrecision(.float16) { crossEntropy(model(x), y) } * scale.value }
      if scale.unscale(&gradient, of: model) { optimizer.update(&model, along: gradient) }
    }
    #expect(scale.skipped == 0)

    let curve = try model.learningRateFinder(train, loss: crossEntropy, optimizer: AdamW(), from: 1e-6, to: 1, steps: 60, batchSize: 32)
    print(curve.suggestion ?? 1e-3)
    let picture = curve.svg()
    #expect(picture.contains("</svg>") && curve.rates.count > 10)

    var progress = TrainingProgress(epochs: 2, batches: loader.batchCount)
    var (record, best) = (History(), BestModel<Chain>())
    for epoch in 1...2 {
      progress.begin(epoch)
      for (x, y) in loader {
        let (loss, gradient) = valueAndGradient(at: &model) { model in crossEntropy(model(x), y) }
        optimizer.update(&model, along: gradient)
        progress.update(loss, items: x.shape[0])
      }
      let figures = model.evaluate(test, loss: crossEntropy)
      record.append(epoch: progress.end(validation: figures))
      best.observe(figures.loss, model)
    }
    #expect(record.epochs.count == 2 && best.kept != nil)

    let (points, values) = (
      Tensor.linspace(from: 0, to: 3, count: 40).reshaped([40, 1]), sin(Tensor.linspace(from: 0, to: 3, count: 40)).reshaped([40, 1])
    )
    var network = Chain {
      Dense(1, 16, activation: { tanh($0) })
      Dense(16, 1)
    }
    var newton = LBFGS(history: 20)
    for _ in 0..<5 { newton.step(&network) { model in mse(model(points), values) } }
    #expect(mse(network.predict(points), values).item() < 1e-3)

    var stepper = Chain {
      GRU(4, 8)
      Dense(8, 2)
    }
    for t in 0..<5 {
      let answer = stepper.predictAndAdvance(signal[.all, t])
      print(answer.shape)
    }
    stepper.reset()

    func reply(to x: Tensor) -> String {
      do {
        return try checked { "\(model.predict(x, requiresFinite: true).argmax(axis: -1))" }
      } catch {
        return "refused: \(error)"  // predict: the input is nan at [0, 3]; finite numbers would fit
      }
    }
    #expect(
      reply(to: Tensor([1, 2, 3, .nan] as [Float], shape: [1, 4]))
        == "refused: predict: the input is nan at [0, 3]; finite numbers would fit")
    #expect(reply(to: .ones([1, 4])).contains("["))
  }
}
