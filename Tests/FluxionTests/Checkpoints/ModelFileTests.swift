import Fluxion
import Foundation
import Testing

/// Models saved and loaded.
@Suite struct ModelFileTests {
  private static func chain(_ seed: UInt64, _ outputs: Int = 2) -> Chain {
    withSeed(seed) {
      Chain {
        Dense(3, 4)
        Chain {
          BatchNorm(4); relu; Dense(4, 4)
        }
        Dense(4, outputs)
      }
    }
  }

  private struct Net: Model {
    var encoder = Chain {
      Dense(3, 4); BatchNorm(4); Dense(4, 4)
    }
    var memory = GRU(4, 4)
    var head = Dense(4, 2)
    mutating func callAsFunction(_ x: Tensor) -> Tensor { head(memory(encoder(x))) }
  }

  /// Another name for each of the chain's tensors.
  private static func renamed(_ model: some Model, _ body: (String) -> String) -> InMemoryTensors {
    InMemoryTensors(model.namedTensors().map { (body($0.name), $0.value) })
  }

  @Test func namesOfPyTorchsSequentialAreAccepted() throws {
    let source = Self.chain(1)
    let forms: [(String) -> String] = [
      { $0 }, { $0.replacing("layers.", with: "") }, { $0.replacing("layers.1.layers.", with: "layers.1.") },
      { $0.hasPrefix("layers.0") ? String($0.dropFirst(7)) : $0 },
    ]
    for form in forms {
      var model = Self.chain(2)
      let report = try model.load(from: Self.renamed(source, form))
      #expect(same(model.namedTensors(), source.namedTensors()))
      #expect(report.loaded == source.namedTensors().map(\.name))
    }
    #expect(source.namedTensors().map(\.name).contains("layers.1.layers.0.num_batches_tracked"))
  }

  /// `var layers: Chain` and `var layers: [Dense]` side by side: a name that could be two parameters' is the one's that has it.
  private struct Confusing: Model {
    var chain = Chain { Dense(1, 1) }
    var other = Dense(1, 1)
    func callAsFunction(_ x: Tensor) -> Tensor { x }
    mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
      visitor.content(&chain)
      visitor.part(&other, .position(0))
    }
  }

  @Test func aNameIsNeverTwoParameters() throws {
    var (model, source) = (Confusing(), Confusing())
    source.updateParameters { _, value in value += 1 }
    #expect(model.parameters.map(\.name) == ["layers.0.weight", "layers.0.bias", "0.weight", "0.bias"])
    try model.load(from: InMemoryTensors(source.namedTensors()))
    #expect(same(model.parameters, source.parameters))
    // A name in both of its forms: the very name counts.
    var chain = Chain { Dense(1, 1) }
    let both = InMemoryTensors(source.namedTensors())
    #expect { try chain.load(from: both) } throws: { "\($0)" == "memory does not fit Chain: unexpected 0.weight, 0.bias" }
    let twice = InMemoryTensors([("a.weight", Tensor([[1.0]], .float64)), ("b.weight", Tensor([[2.0]], .float64))])
    #expect { try chain.load(from: twice, renaming: ["a": "0", "b": "0"]) } throws: {
      "\($0)" == "memory does not fit Chain: missing layers.0.bias; a.weight and b.weight both are layers.0.weight"
    }
  }

  @Test func everythingWrongIsOneErrorAndChangesNothing() throws {
    var tensors = Self.chain(1).namedTensors()
    tensors.remove(at: 1)
    tensors[0].value = .zeros([3, 4])
    tensors[4].value = .zeros([4], .int32)
    tensors.append(("head.weight", .zeros([1])))
    var model = Self.chain(2)
    let before = model.namedTensors()
    do {
      try model.load(from: InMemoryTensors(tensors, source: "weights.safetensors"))
      Issue.record("no error")
    } catch let error as LoadError {
      #expect(error.missing == ["layers.0.bias"] && error.unexpected == ["head.weight"] && error.target == "Chain")
      #expect(
        "\(error)" == "weights.safetensors does not fit Chain: missing layers.0.bias; unexpected head.weight; layers.0.weight is float32 "
          + "[3, 4] and not float32 [4, 3]; layers.1.layers.0.running_var is int32 [4] and not float32 [4]")
    }
    #expect(same(model.namedTensors(), before))

    #expect { try model.load(from: InMemoryTensors(tensors), strict: false) } throws: { ($0 as? LoadError)?.missing == [] }
    let report = try model.load(from: InMemoryTensors(tensors), strict: false, skippingUnfit: true)
    #expect(report.missing == ["layers.0.bias"] && report.unexpected == ["head.weight"] && report.unfit.count == 2)
    #expect(report.loaded.count == before.count - 3)
    #expect(
      "\(report)" == "8 loaded; missing layers.0.bias; unexpected head.weight; left out: layers.0.weight is float32 [3, 4] and not float32 "
        + "[4, 3]; layers.1.layers.0.running_var is int32 [4] and not float32 [4]")
    #expect { try model.load(from: InMemoryTensors([("x", Tensor([1], .int64))]), strict: false) } throws: {
      ($0 as? LoadError)?.missing.count == 11
    }
  }

  @Test func dtypesAreConvertedAmongFloatsOnly() throws {
    let source = InMemoryTensors(
      Self.chain(1).namedTensors().map { ($0.name, $0.value.dtype.isFloatingPoint ? $0.value.cast(to: .float64) : $0.value) })
    var model = Self.chain(2)
    try model.load(from: source)
    #expect(same(model.namedTensors(), Self.chain(1).namedTensors()))
    model.castParameters(to: .float64)
    try model.load(from: InMemoryTensors(Self.chain(3).namedTensors()))
    #expect(model.layers[0].as(Dense.self)?.weight.dtype == .float64)
  }

  @Test func partsAreLoadedAlone() throws {
    let source = withSeed(1) { Net() }
    let whole = InMemoryTensors(source.namedTensors() + [("other.weight", Tensor([1.0], .float64))])
    let start = withSeed(2) { Net() }
    let names = source.namedTensors().map(\.name)
    let encoder = names.filter { $0.hasPrefix("encoder.") }
    func check(_ expected: [String], _ load: (inout Net) throws -> LoadReport) throws {
      var model = start
      #expect(try load(&model).loaded == expected)
      for ((name, value), (a, b)) in zip(model.namedTensors(), zip(source.namedTensors(), start.namedTensors())) {
        #expect(value.copyOfElements == (expected.contains(name) ? a : b).value.copyOfElements)
      }
    }
    try check(encoder) { try $0.load(from: whole, only: \.encoder) }
    try check(encoder) { try $0.load(from: whole, only: "encoder") }
    try check(["head.weight"]) { try $0.load(from: whole, only: \.head.weight) }
    try check(["head.bias"]) { try $0.load(from: whole, only: "head.bias") }
    try check(["encoder.layers.1.weight", "encoder.layers.1.bias"] + encoder.filter { $0.contains("running") || $0.contains("num_") }) {
      try $0.load(from: whole, only: \.encoder.layers[1])
    }
    // A file of the part alone is loaded into the part.
    var model = start
    try model.encoder.load(from: InMemoryTensors(source.encoder.namedTensors()))
    #expect(same(model.encoder.namedTensors(), source.encoder.namedTensors()) && same(model.head.parameters, start.head.parameters))
    // What the part has not is not looked for elsewhere.
    let more = InMemoryTensors(source.namedTensors() + [("encoder.layers.9.weight", Tensor([1.0], .float64))])
    #expect { try model.load(from: more, only: \.encoder) } throws: { ($0 as? LoadError)?.unexpected == ["encoder.layers.9.weight"] }
    #expect { try checked { _ = try model.load(from: whole, only: "decoder") } } throws: {
      "\($0)".hasPrefix("load: no parameter or part of Net is called decoder; it has encoder.layers.0.weight, encoder.layers.0.bias,")
    }
    #expect { try checked { _ = try model.load(from: whole, only: \.encoder.place) } } throws: {
      "\($0)".contains("has no parameters; a part or a parameter would fit")
    }
  }

  @Test func renaming() throws {
    let rules: Renaming = ["bert": "", "bert.layer.": "encoder.layers", "lm_head": nil, "x": "y.z"]
    let rows = [
      ("bert.pooler.weight", "pooler.weight"), ("bert.layer.0.weight", "encoder.layers.0.weight"), ("bertha.weight", "bertha.weight"),
      ("lm_head.bias", nil), ("lm_head", nil), ("x", "y.z"), ("other", "other"),
    ]
    for (name, expected) in rows { #expect(rules(name) == expected) }
    #expect(Renaming(["": "encoder"])("a.b") == "encoder.a.b")
    #expect(Renaming { $0.hasSuffix("gamma") ? nil : $0.uppercased() }("a") == "A")

    var model = withSeed(2) { Net() }
    let source = withSeed(1) { Net() }
    try model.load(
      from: Self.renamed(source) { "model." + $0.replacing("encoder.layers.", with: "trunk.") },
      renaming: ["model.trunk": "encoder", "model": ""])
    #expect(same(model.namedTensors(), source.namedTensors()))
    // A new head for a new task.
    let report = try model.load(from: InMemoryTensors(source.namedTensors()), strict: false, renaming: ["head": nil])
    #expect(report.missing == ["head.weight", "head.bias"] && report.unexpected.isEmpty)
  }

  @Test func statesAreWrittenAndReadOnRequest() throws {
    var source = withSeed(1) { Net() }
    _ = source(.ones([5, 3]))
    let file = InMemoryTensors(source.namedTensors(includingState: true))
    #expect(file.names.contains("memory.hidden_l0"))
    var model = withSeed(2) { Net() }
    _ = model(.zeros([2, 3]))
    let hidden = model.memory.layers[0].hidden
    try model.load(from: file)
    #expect(same([("h", model.memory.layers[0].hidden)], [("h", hidden)]), "states stay unless they are asked for")
    try model.load(from: file, includingState: true)
    #expect(same([("h", model.memory.layers[0].hidden)], [("h", source.memory.layers[0].hidden)]))
    try model.load(from: InMemoryTensors(source.namedTensors()), includingState: true)
    #expect(model.memory.layers[0].hidden.shape == [1, 4], "no state in the file is the first one")
    let bad = InMemoryTensors(file.tensors.map { $0.name == "memory.hidden_l0" ? ($0.name, .zeros([4])) : $0 })
    #expect { try model.load(from: bad, includingState: true) } throws: {
      "\($0)" == "memory does not fit Net: memory.hidden_l0 is float32 [4] and not float32 with 2 axes"
    }
  }

  @Test func frozenMarksStay() throws {
    var model = Self.chain(2)
    model.freeze("layers.0")
    try model.load(from: InMemoryTensors(Self.chain(1).namedTensors()))
    #expect(model.frozenParameterNames == ["layers.0.weight", "layers.0.bias"])
    #expect(same(model.namedTensors(), Self.chain(1).namedTensors()))
  }

  @Test func openSizesAreNamed() throws {
    var model = Chain { Dense(4) }
    #expect { try model.load(from: InMemoryTensors(Chain { Dense(3, 4) }.namedTensors())) } throws: {
      "\($0)".contains("the model's sizes are open still, which Chain(input:) or adapt(toInput:) completes")
    }
  }

  @Test func filesKeepMetadataAndBits() throws {
    try IDXFixture.withFolder { (folder) throws in
      let path = folder + "/model.safetensors"
      var source = Self.chain(1)
      source.layers[0] = Layer(withSeed(4) { Dense(3, 4) })
      try source.save(to: path, metadata: ["note": "ä \"x\""])
      #expect(try SafetensorsFile(path).metadata == ["format": "pt", "note": "ä \"x\""])
      var model = Self.chain(2)
      try model.load(from: path)
      #expect(same(model.namedTensors(), source.namedTensors()))
      // NumPy's archive of the same names.
      let archive = folder + "/model.npz"
      try NPZFile.write(source.namedTensors(), to: archive)
      model = Self.chain(2)
      try model.load(from: archive)
      #expect(same(model.namedTensors(), source.namedTensors()))
      #expect { try model.load(from: archive, only: "layers.0", renaming: ["layers.0.bias": nil]) } throws: {
        "\($0)" == "\(archive) does not fit Chain: missing layers.0.bias"
      }
      try IDXFixture.write(Array("1,2\n".utf8), folder + "/table.csv")
      #expect { try model.load(from: folder + "/table.csv") } throws: {
        "\($0)" == "\(folder)/table.csv: is csv, whose tensors have no names; safetensors or npz would fit"
      }
      // Saved over, whole.
      try model.save(to: path)
      #expect(try SafetensorsFile(path).metadata == ["format": "pt"])
    }
  }
}
