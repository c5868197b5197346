import Fluxion
import LayerRows
import Testing

/// What holds for every layer.
@Suite struct LayerLawTests {
  /// A copy is independent: what a run or an update does to one leaves the other alone.
  @Test(arguments: layerList)
  func copiesAreIndependent(_ row: LayerRow) throws {
    func check<M: Model<Tensor, Tensor>>(_ model: M) throws {
      var model = model
      let twin = model
      let before = (twin.parameters.map(\.value.copyOfElements), twin.predict(row.sample()).copyOfElements)
      _ = withMode(.training) { model(row.sample(5)) }
      model.updateParameters { _, value in value += 1 }
      #expect(twin.parameters.map(\.value.copyOfElements) == before.0)
      #expect(twin.predict(row.sample()).copyOfElements == before.1)
    }
    try check(row.layer())
  }

  /// The shape that a run on shapes alone tells is the output's, in either mode, and the run changes nothing.
  @Test(arguments: layerList)
  func outputShapeIsTheOutputsShape(_ row: LayerRow) throws {
    func check<M: Model<Tensor, Tensor>>(_ model: M) throws {
      let shape = try model.outputShape(for: row.input, row.dtype)
      #expect(model.predict(row.sample()).shape == shape)
      var training = model
      #expect(withMode(.training) { training(row.sample()) }.shape == shape)
      #expect(try model.outputShape(for: row.input, row.dtype) == shape)
    }
    try check(row.layer())
  }

  /// A layer whose sizes were left out becomes the one whose sizes were given.
  @Test(arguments: layerList)
  func openSizesFollowFromTheInput(_ row: LayerRow) throws {
    guard let waiting = row.waiting else { return }
    func shapes<M: Model<Tensor, Tensor>>(_ model: M, completes: Bool) throws -> [String] {
      var model = model
      if completes { try model.adapt(toInput: row.input, row.dtype) }
      return model.parameters.map { "\($0.name) \($0.value.shape)" }
    }
    #expect(try shapes(waiting(), completes: true) == shapes(row.layer(), completes: false))
    // Without being completed it says so.
    func use<M: Model<Tensor, Tensor>>(_ model: M) throws { _ = try checked { model.predict(row.sample()) } }
    #expect(throws: TensorError.self) { try use(waiting()) }
  }

  /// Training differs from inference only where it should.
  @Test(arguments: layerList)
  func trainingIsInferenceButForWhatIsRandomOrGathered(_ row: LayerRow) {
    func check<M: Model<Tensor, Tensor>>(_ model: M) {
      var training = model
      let difference = withMode(.training) { distance(training(row.sample()), model.predict(row.sample())) }
      #expect(row.isSameInTraining ? difference < 1e-6 : difference > 1e-6)
    }
    check(row.layer())
  }

  /// In inference an example's answer does not depend on those beside it.
  @Test(arguments: layerList)
  func examplesAreIndependent(_ row: LayerRow) {
    guard row.isBatchwise else { return }
    func check<M: Model<Tensor, Tensor>>(_ model: M) {
      let x = row.sample()
      #expect(distance(model.predict(x[1..<2]), model.predict(x)[1..<2]) < 1e-5)
    }
    check(row.layer())
  }

  /// Unrolled, a layer answers each step as it does when it is called step by step; reversed twice, it is what it was.
  @Test(arguments: layerList)
  func unrolledEqualsStepwise(_ row: LayerRow) {
    func check<M: Model<Tensor, Tensor>>(_ model: M) {
      var (steps, unrolled) = (model, model.unrolled())
      let samples = [row.sample(4), row.sample(5), row.sample(6)]
      let y = unrolled(stack(samples, axis: 1))
      for (t, x) in samples.enumerated() { #expect(distance(steps(x), y[.all, t]) < 1e-5) }
      var twice = model.unrolled().reversedInTime().reversedInTime()
      #expect(distance(twice(stack(samples, axis: 1)), y) == 0)
      var (reversed, other) = (model.unrolled().reversedInTime(), model.unrolled())
      #expect(distance(reversed(stack(samples, axis: 1)), other(stack(samples.reversed(), axis: 1)).reversed(axes: 1)) == 0)
    }
    check(row.layer())
  }

  /// A padded batch's answers are those of its sequences one by one, and 0 behind their ends.
  @Test(arguments: layerList)
  func paddedEqualsUnpadded(_ row: LayerRow) {
    guard row.isBatchwise else { return }
    func check<M: Model<Tensor, Tensor>>(_ model: M) {
      let x = stack([row.sample(4), row.sample(5), row.sample(6)], axis: 1)
      let lengths = (0..<x.shape[0]).map { [2, 3, 1][$0 % 3] }
      var whole = model.unrolled()
      let y = whole(x, lengths: lengths)
      for (i, length) in lengths.enumerated() {
        var single = model.unrolled()
        #expect(distance(single(x[i..<i + 1, 0..<length]), y[i..<i + 1, 0..<length]) < 1e-5)
        #expect(y[i, length...].copyOfElements.allSatisfy { $0 == 0 })
      }
    }
    check(row.layer())
  }

  /// A step of training leaves a frozen layer's bits as they are, and changes a thawed one's.
  @Test(arguments: layerList)
  func freezingKeepsTheBits(_ row: LayerRow) {
    func check<M: Model<Tensor, Tensor>>(_ model: M) {
      var model = model
      // Without parameters there is nothing to train, which is a mistake.
      if model.parameters.isEmpty { return }
      func step() {
        var optimizer = SGD(learningRate: 0.1, weightDecay: 0.1)
        let gradient = gradient(at: &model) { model in model(row.sample()).squared.mean() }
        optimizer.update(&model, along: gradient)
      }
      let before = model.parameters.map(\.value.copyOfElements)
      model.freeze()
      step()
      #expect(model.parameters.map(\.value.copyOfElements) == before)
      model.thaw()
      step()
      #expect(model.parameters.map(\.value.copyOfElements) != before)
    }
    check(row.layer())
  }

  /// The gradient at every parameter is that of central differences.
  @Test(arguments: layerList)
  func gradientsAgreeWithDifferences(_ row: LayerRow) throws {
    guard row.isSmooth && row.isSameInTraining else { return }
    func check<M: Model<Tensor, Tensor>>(_ model: M) throws {
      var model = model
      model.castParameters(to: .float64)
      let x = row.dtype == .int64 ? row.sample() : row.sample().cast(to: .float64)
      let values = model.parameters.map(\.value)
      let base = model
      try checkGradient(
        of: { values in
          var model = base
          var i = 0
          model.updateParameters { _, value in
            value = values[i]
            i += 1
          }
          return model(x)
        }, at: values)
    }
    try check(row.layer())
  }

  /// Saved and loaded into another it is the same: parameters, buffers, what the last run left, and what follows from them.
  @Test(arguments: layerList)
  func savedAndLoadedItIsTheSame(_ row: LayerRow) throws {
    func check<M: Model<Tensor, Tensor>>(_ model: M, _ other: any Model<Tensor, Tensor>) throws {
      guard var other = other as? M else {
        Issue.record("another type")
        return
      }
      var model = model
      _ = withMode(.training) { model(row.sample(5)) }
      try IDXFixture.withFolder { folder in
        try model.save(to: folder + "/model.safetensors", includingState: true)
        let report = try other.load(from: folder + "/model.safetensors", includingState: true)
        #expect(report.missing.isEmpty && report.unexpected.isEmpty && report.unfit.isEmpty)
      }
      #expect(same(model.namedTensors(includingState: true), other.namedTensors(includingState: true)))
      #expect(other.predict(row.sample()).copyOfElements == model.predict(row.sample()).copyOfElements)
    }
    try check(row.layer(), withSeed(9) { row.make() })
  }

  /// Written down and taken up again it goes on as if nothing had happened, in training too.
  @Test(arguments: layerList)
  func takenUpAgainItGoesOn(_ row: LayerRow) throws {
    func check<M: Model<Tensor, Tensor>>(_ model: M, _ other: any Model<Tensor, Tensor>) throws {
      guard var other = other as? M else {
        Issue.record("another type")
        return
      }
      var model = model
      model.freeze()
      _ = withMode(.training) { model(row.sample(5)) }
      var writer = StateVisitor()
      writer.model(&model, "model")
      var reader = StateVisitor(restoring: InMemoryTensors(writer.tensors, metadata: writer.values))
      reader.model(&other, "model")
      try reader.finish("\(M.self)")
      #expect(other.frozenParameterNames == model.frozenParameterNames)
      let answers = withMode(.training) { (model(row.sample()), other(row.sample())) }
      #expect(answers.0.copyOfElements == answers.1.copyOfElements)
      #expect(same(model.namedTensors(includingState: true), other.namedTensors(includingState: true)))
    }
    try check(row.layer(), withSeed(9) { row.make() })
  }

  /// It prints as it is written.
  @Test(arguments: layerList)
  func printsAsItIsWritten(_ row: LayerRow) {
    if let description = row.description { #expect("\(row.layer())" == description) }
  }
}

/// Whether names, shapes, dtypes and all elements are equal.
func same(_ a: [(name: String, value: Tensor)], _ b: [(name: String, value: Tensor)]) -> Bool {
  a.map { "\($0.name) \($0.value.dtype) \($0.value.shape) \($0.value.copyOfElements)" }
    == b.map { "\($0.name) \($0.value.dtype) \($0.value.shape) \($0.value.copyOfElements)" }
}

extension Tensor {
  /// The elements as numbers, in memory of their own.
  var copyOfElements: [Double] { cast(to: .float64).scalars(Double.self) }
}

extension Model {
  /// Parameters and states in another dtype.
  mutating func castParameters(to dtype: DType) {
    var visitor = CastParameters(dtype: dtype)
    visit(&visitor)
  }
}

private struct CastParameters: ModelVisitor {
  let dtype: DType
  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) { if tensor.dtype.isFloatingPoint { tensor = tensor.cast(to: dtype) } }
  mutating func value<S: ModelState>(of state: inout S, _ name: PartName) {
    if state.value.dtype.isFloatingPoint {
      state.first = state.first.cast(to: dtype)
      state.value = state.value.cast(to: dtype)
    }
  }
}

extension LayerRow: CustomTestStringConvertible {
  /// Its name.
  public var testDescription: String { name }
}
