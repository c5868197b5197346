import Fluxion
import Testing

/// Layers and tensors are found wherever a struct may hold them, or named where they are not.
@Suite struct ReachedPartsTests {
  // MARK: Found

  private struct Plain { var dense = Dense(2, 2), scale: Tensor = [1, 2] }
  private struct Everywhere: Model {
    var plain = Plain()
    var named: [String: Dense] = ["b": Dense(2, 1), "a": Dense(2, 2, hasBias: false)]
    var pair = (Dense(2, 1), last: Dense(1, 1))
    var any: any Model<Tensor, Tensor> = Dense(2, 2, hasBias: false)
    var list: [any Model<Tensor, Tensor>] = [Dense(2, 1, hasBias: false), Chain { Dense(1, 1, hasBias: false) }]
    var branches: [Branch] = [Branch(children: [Branch()])]
    @Constant var mean: Tensor = [5]
    @Constant var teacher = Dense(2, 2)
    mutating func callAsFunction(_ x: Tensor) -> Tensor { any(plain.dense(x) * plain.scale) }
  }
  private struct Branch: Sendable {
    var weight: Tensor = [1]
    var children: [Branch] = []
  }

  @Test func everyContainerIsGoneThrough() {
    var model = Everywhere()
    #expect(
      model.parameters.map(\.name) == [
        "plain.dense.weight", "plain.dense.bias", "plain.scale", "named.a.weight", "named.b.weight", "named.b.bias", "pair.0.weight",
        "pair.0.bias", "pair.last.weight", "pair.last.bias", "any.weight", "list.0.weight", "list.1.layers.0.weight", "branches.0.weight",
        "branches.0.children.0.weight",
      ])
    let twin = model
    model.updateParameters { _, value in value = .full(value.shape, 3) }
    #expect(model.parameters.allSatisfy { $0.value.scalars(Float.self).allSatisfy { $0 == 3 } })
    #expect(twin.parameters.contains { $0.value.scalars(Float.self).contains { $0 != 3 } })
    #expect(model.mean.item() == 5)
    let slopes = gradient(at: &model) { model in model([[1, 1]]).sum() }
    #expect(slopes[parameter: "plain.scale"]!.scalars(Float.self) == [54, 54])
    #expect(slopes[parameter: "any.weight"]!.shape == [2, 2])
    var optimizer = SGD(learningRate: 1)
    optimizer.update(&model, along: slopes)
    #expect(model.plain.scale.scalars(Float.self) == [-51, -51])
  }

  // MARK: Named

  private final class Box: Sendable {
    let layer = Dense(1, 1)
  }
  private enum Kind {
    case none
    case some(Dense)
  }
  private protocol Part: Sendable {}
  private struct Own: Model, Part {
    var w: Tensor = [1]
    func callAsFunction(_ x: Tensor) -> Tensor { x * w }
  }

  private struct LetLayer: Model {
    let body = Dense(2, 1)
    func callAsFunction(_ x: Tensor) -> Tensor { body(x) }
  }
  private struct LetTensor: Model {
    var dense = Dense(2, 1)
    let scale: Tensor = [2]
    func callAsFunction(_ x: Tensor) -> Tensor { dense(x) * scale }
  }
  private struct LetInStruct: Model {
    struct Parts { let dense = Dense(2, 1), other: Tensor = [1] }
    var parts = Parts()
    func callAsFunction(_ x: Tensor) -> Tensor { parts.dense(x) }
  }
  private struct LetArray: Model {
    let layers = [Dense(2, 1)]
    func callAsFunction(_ x: Tensor) -> Tensor { layers[0](x) }
  }
  private struct InClass: Model {
    var box = Box()
    func callAsFunction(_ x: Tensor) -> Tensor { box.layer(x) }
  }
  private struct InEnum: Model {
    var kind = Kind.some(Dense(1, 1))
    func callAsFunction(_ x: Tensor) -> Tensor { x }
  }
  private struct InExistential: Model {
    var part: any Part = Own()
    func callAsFunction(_ x: Tensor) -> Tensor { x }
  }

  @Test func whatIsNotFoundIsNamed() {
    func check<M: Model<Tensor, Tensor>>(_ make: @autoclosure () -> M, _ sentence: String) {
      for _ in 0..<2 {
        #expect {
          try checked {
            var model = make()
            _ = gradient(at: &model) { model in model([[1, 1]]).sum() }
          }
        } throws: {
          "\($0)" == "Model: " + sentence
        }
      }
      #expect(throws: TensorError.self) { try checked { _ = make().parameters } }
    }
    check(LetLayer(), "LetLayer.body is a let, so that its Dense is not trained; declare it var, or mark it @Constant")
    check(LetTensor(), "LetTensor.scale is a let, so that its Tensor is not trained; declare it var, or mark it @Constant")
    check(LetInStruct(), "LetInStruct.parts.dense is a let, so that its Dense is not trained; declare it var, or mark it @Constant")
    check(LetArray(), "LetArray.layers is a let, so that its Dense is not trained; declare it var, or mark it @Constant")
    let remedy = "hold it in a stored var of a struct, an array or a dictionary, or mark it @Constant"
    check(InClass(), "InClass.box holds a Dense in the class Box, where it is not found; \(remedy)")
    check(InEnum(), "InEnum.kind holds a Dense in the enum Kind, where it is not found; \(remedy)")
    check(
      InExistential(),
      "InExistential.part is Part, in which its Own is not found; declare it with the layer's own type, any Model<Tensor, Tensor> "
        + "or Layer, or mark it @Constant")
  }

  /// Tensors that cannot be trained, and layers without parameters, may be anywhere.
  @Test func whatIsNotTrainedMayBeALet() {
    struct Free: Model {
      let mask = Tensor([true, false])
      let ids = Tensor([1, 2], .int64)
      let pool = Flatten()
      let kernel = Elementwise { x in x * x }
      let kind = Kind.none
      var dense = Dense(2, 1)
      func callAsFunction(_ x: Tensor) -> Tensor { dense(kernel(x)) }
    }
    #expect(Free().parameters.map(\.name) == ["dense.weight", "dense.bias"])
  }

  // MARK: Nothing to learn

  @Test func aStepWithoutParametersIsAMistake() {
    struct Empty: Model {
      func callAsFunction(_ x: Tensor) -> Tensor { x }
    }
    let remedy = "parameters are its stored vars that are tensors, and those of its stored vars that are layers"
    var empty = Empty()
    #expect { try checked { _ = gradient(at: &empty) { model in model([1]).sum() } } } throws: {
      "\($0)" == "gradient: Empty has no parameters to differentiate at; \(remedy)"
    }
    var optimizer = SGD(learningRate: 1)
    #expect { try checked { optimizer.update(&empty, along: empty) } } throws: {
      "\($0)" == "SGD: Empty has no parameters to update; \(remedy)"
    }
  }

  /// The model outside of the closure has constants: its gradient would be 0, and nobody would know.
  @Test func aLossOfAnotherModelIsAMistake() {
    var model = Chain { Dense(2, 1) }
    let outer = model
    let sentence =
      "gradient: the loss does not depend on any parameter of Chain, so that nothing would be learned; compute it from the closure's "
      + "argument, as in { model in loss(model(x), y) }, and not from a model outside of the closure or from detached values"
    for loss in [{ _ in outer.predict([[1, 2]]).sum() }, { model in model([[1, 2]]).sum().detached }] as [(inout Chain) -> Tensor] {
      #expect { try checked { _ = valueAndGradient(at: &model) { loss(&$0) } } } throws: { "\($0)" == sentence }
    }
    // What is frozen on purpose has no gradients, and needs none.
    model.freeze()
    #expect(gradient(at: &model) { model in model([[1, 2]]).sum() }[parameter: "layers.0.bias"]!.item() == 0)
  }
}
