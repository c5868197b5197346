import Fluxion
import Foundation
import Tensors
import Testing

@testable import FluxionONNX

/// What the reader takes, and what it says of the rest.
@Suite struct ReaderTests {
  private let x = value("x", .float, ["n", 2])

  @Test func weightsAreParametersUnderTheirNames() throws {
    let model = try model(
      graph(
        [node("MatMul", ["x", "layer.weight"], ["h"]), node("Add", ["h", "scale"], ["y"])], inputs: [x], outputs: [value("y")],
        initializers: [tensor("layer.weight", [1, 2, 3, 4], [2, 2]), tensor("scale", [10], [])])
    ).read
    #expect(model.parameters.map(\.name) == ["layer.weight", "scale"])
    // A scalar is a setting more often than a weight.
    #expect(model.frozenParameterNames == ["scale"])
    #expect([Float](model([[1, 1]]).reshaped([-1])) == [14, 16])
    #expect(model.inputs.map(\.type) == ["float[n, 2]"])
    let answers = try checked { model(inputs: ["x": [[1, 0], [0, 1]]]) }
    #expect(answers["y"]?.shape == [2, 2])
  }

  @Test func gradientsAreThoseOfTheLayers() throws {
    var onnx = try digitsNetwork().read
    let images = withSeed(5) { Tensor.normal([3, 1, 28, 28]) }
    var twin = Chain {
      Conv2D(1, 8, kernel: 5, stride: 2, padding: 2, activation: relu)
      Conv2D(8, 16, kernel: 3, stride: 2, padding: 1, activation: relu)
      Flatten()
      Dense(784, 10)
    }
    let values = onnx.parameters.map(\.value)
    var i = 0
    twin.updateParameters { _, value in
      value = values[i]
      i += 1
    }
    #expect(onnx(images).isClose(to: twin(images), relative: 1e-4, absolute: 1e-5))
    let slopes = gradient(at: &onnx) { model in model(images).squared.sum() }
    let others = gradient(at: &twin) { model in model(images).squared.sum() }
    for (a, b) in zip(slopes.parameters, others.parameters) {
      #expect(a.value.isClose(to: b.value, relative: 1e-3, absolute: 1e-3), "\(a.name)")
    }
    #expect(try onnx.outputShape(for: [7, 1, 28, 28]) == [7, 10])
  }

  @Test func savesAndLoads() throws {
    try withFolder { folder in
      let first = try digitsNetwork(seed: 1).read
      var second = try digitsNetwork(seed: 2).read
      try first.save(to: folder + "/w.safetensors")
      try second.load(from: folder + "/w.safetensors")
      let image = Tensor.ones([1, 1, 28, 28])
      #expect([Float](first(image).reshaped([-1])) == [Float](second(image).reshaped([-1])))
    }
  }

  @Test func externalData() throws {
    try withFolder { folder in
      var weight = tensor("w", [Float](), [2])
      weight.dataLocation = .external
      func write(_ entries: [String: String]) throws {
        weight.externalData = entries.sorted { $0.key < $1.key }.map { key, value in
          var entry = Onnx_StringStringEntryProto()
          (entry.key, entry.value) = (key, value)
          return entry
        }
        let proto = model(graph([node("Add", ["x", "w"], ["y"])], inputs: [x], outputs: [value("y")], initializers: [weight]))
        try Data(try proto.bytes).write(to: URL(filePath: folder + "/m/model.onnx"))
      }
      try FileManager.default.createDirectory(atPath: folder + "/m", withIntermediateDirectories: true)
      let numbers: [Float] = [0, 5, 7]
      let bytes = numbers.withUnsafeBufferPointer { Data(buffer: $0) }
      try bytes.write(to: URL(filePath: folder + "/m/w.bin"))
      try bytes.write(to: URL(filePath: folder + "/secret.bin"))
      try FileManager.default.createSymbolicLink(atPath: folder + "/m/link.bin", withDestinationPath: folder + "/secret.bin")
      try write(["location": "w.bin", "offset": "4", "length": "8"])
      #expect([Float](try ONNXModel(from: folder + "/m/model.onnx")([[1, 1]]).reshaped([-1])) == [6, 8])
      for (entries, part) in [
        (["location": "../secret.bin"], "in the model's own folder"), (["location": "/etc/passwd"], "in the model's own folder"),
        (["location": "link.bin", "length": "8"], "a link out of the model's folder"), (["location": "none.bin"], "cannot be read"),
        (["location": "w.bin", "offset": "8"], "which has 12"), (["location": "w.bin", "length": "4"], "8 would fit"),
        (["location": "w.bin", "offset": "-1"], "a number of bytes would fit"), ([:], "without a location"),
      ] {
        try write(entries)
        expectMistake("initializer w: ", part) { _ = try ONNXModel(from: folder + "/m/model.onnx") }
      }
    }
  }

  @Test func mistakesNameNodeAndField() throws {
    func sum(_ nodes: [Onnx_NodeProto], _ initializers: [Onnx_TensorProto] = []) -> Onnx_ModelProto {
      model(graph(nodes, inputs: [x], outputs: [value("y")], initializers: initializers))
    }
    let relu = node("Relu", ["x"], ["y"])
    var short = tensor("w", [1, 2], [3])
    short.name = "w"
    var huge = tensor("w", [1], [1 << 40, 1 << 40])
    huge.name = "w"
    var strings = Onnx_TensorProto()
    (strings.name, strings.dataType, strings.dims) = ("w", 8, [1])
    for (proto, parts) in [
      (sum([node("Relu", ["z"], ["y"], name: "r")]), ["node r (Relu)", "input 0", "\"z\", which no node"]),
      (sum([node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Relu", ["b"], ["y"])]), ["a cycle"]),
      (sum([relu, relu]), ["node 1 (Relu)", "output y", "given by another node"]),
      (sum([relu], [short]), ["initializer w", "2 elements in float_data; 3 would fit"]),
      (sum([relu], [huge]), ["initializer w", "more than memory could hold"]),
      (sum([relu], [strings]), ["initializer w", "element type string, which Fluxion has no dtype for"]),
      (sum([relu], [tensor("w", [1, 2], [2]), tensor("w", [1, 2], [2])]), ["initializer w", "has the name of another"]),
      (sum([node("Relu", ["x"], ["a"])]), ["output y", "is given by no node"]),
      (sum([node("Relu", ["x"], ["x"])]), ["output x", "another value"]),
      (model(graph([relu], inputs: [x], outputs: [value("y")]), version: 99), ["opset_import", "version 99; 1 to 28 would fit"]),
      (
        sum([node("Foo", ["x"], ["a"], name: "f"), node("Bar", ["a"], ["y"], name: "b")]), ["not supported: Foo in f (Foo); Bar in b (Bar)"]
      ),
      (Onnx_ModelProto(), ["has no graph"]),
    ] as [(Onnx_ModelProto, [String])] {
      do {
        _ = try proto.read
        Issue.record("read: \(parts)")
      } catch {
        for part in ["model: "] + parts { #expect("\(error)".contains(part), "\(error)") }
      }
    }
  }

  @Test func mistakesOfARunNameTheNode() throws {
    let model = try model(
      graph(
        [node("MatMul", ["x", "w"], ["y"], name: "product")], inputs: [x], outputs: [value("y")],
        initializers: [tensor("w", [1, 2, 3], [3, 1])])
    ).read
    expectMistake("matmul", "node product (MatMul) of model") { _ = try checked { model([[1, 2]]) } }
    expectMistake("[1, 3]; [n, 2] would fit", "input x") { _ = try checked { model([[1, 2, 3]]) } }
    expectMistake("float64; float32 would fit", "input x") { _ = try checked { model(Tensor([[1, 2]], .float64)) } }
    expectMistake("input z", "none of the model's, which are x") { _ = try checked { model(inputs: ["z": [1]]) } }
    expectMistake("input x", "is missing") { _ = try checked { model(inputs: [:]) } }
  }

  @Test func nodesInAnyOrder() throws {
    let model = try model(
      graph([node("Relu", ["h"], ["y"]), node("Neg", ["x"], ["h"])], inputs: [x], outputs: [value("y")])
    ).read
    #expect([Float](model([[1, -2]]).reshaped([-1])) == [0, 2])
  }

  @Test func functionsBranchesAndLoops() throws {
    var double = Onnx_FunctionProto()
    (double.name, double.domain, double.input, double.output) = ("Double", "mine", ["a"], ["b"])
    double.node = [node("Add", ["a", "a"], ["b"])]
    var set = Onnx_OperatorSetIdProto()
    set.version = 18
    double.opsetImport = [set]
    // Three times: the value doubled, and each one kept.
    let body = graph(
      [node("Identity", ["go"], ["on"]), node("Double", ["v"], ["w"], domain: "mine"), node("Identity", ["w"], ["s"])],
      inputs: [value("i", .int64), value("go", .bool), value("v")], outputs: [value("on", .bool), value("w"), value("s")])
    let then = graph([node("Add", ["last", "x"], ["t"])], outputs: [value("t")])
    let other = graph([node("Identity", ["x"], ["e"])], outputs: [value("e")])
    var proto = model(
      graph(
        [
          node("Loop", ["count", "", "x"], ["last", "all"], ["body": body]), node("Size", ["all"], ["size"]),
          node("Greater", ["size", "four"], ["many"]),
          node("If", ["many"], ["y"], ["then_branch": then, "else_branch": other]),
        ], inputs: [x], outputs: [value("y"), value("all")], initializers: [integers("count", [3], []), integers("four", [4], [])]),
      functions: [double])
    set.domain = "mine"
    set.version = 1
    proto.opsetImport.append(set)
    let model = try proto.read
    let answers = model(inputs: ["x": [[1, 2]]])
    #expect(answers["all"]?.shape == [3, 1, 2])
    #expect(answers["y"].map { [Float]($0.reshaped([-1])) } == [9, 18])
    let slope = gradient(at: [[1, 2]]) { x in model(x).sum() }
    #expect([Float](slope.reshaped([-1])) == [9, 9])
  }

  @Test func recursionEnds() throws {
    var loop = Onnx_FunctionProto()
    (loop.name, loop.domain, loop.input, loop.output) = ("F", "", ["a"], ["b"])
    loop.node = [node("F", ["a"], ["c"]), node("F", ["c"], ["b"])]
    var set = Onnx_OperatorSetIdProto()
    set.version = 18
    loop.opsetImport = [set]
    expectMistake("functions call each other more than 32 deep", "model") {
      _ = try model(graph([node("F", ["x"], ["y"])], inputs: [x], outputs: [value("y")]), functions: [loop]).read
    }
  }

  @Test func damagedFilesThrow() throws {
    let bytes = try digitsNetwork().bytes.prefix(600) + []
    let whole = try model(
      graph(
        [node("Conv", ["x", "w"], ["y"], ["pads": [1, 1, 1, 1], "group": 1])], inputs: [x], outputs: [value("y")],
        initializers: [tensor("w", [1, 2, 3, 4], [1, 1, 2, 2])])
    ).bytes
    for bytes in [Array(bytes), whole] {
      for end in stride(from: 0, to: bytes.count, by: 3) { attempt(Array(bytes[..<end])) }
      var random = RandomStream(seed: 7)
      for _ in 0..<600 {
        var changed = bytes
        for _ in 0..<(1 + Int(random.next() % 3)) {
          changed[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
        }
        attempt(changed)
      }
    }
  }

  /// An answer or one sentence; nothing else.
  private func attempt(_ bytes: [UInt8]) {
    do {
      let model = try ONNXModel(bytes: bytes)
      _ = try checked { model(inputs: ["x": .ones([1, 1, 4, 4])]) }
    } catch {
      let text = "\(error)"
      #expect(error is ONNXError || error is TensorError)
      #expect(!text.isEmpty && text.utf8.count < 4000, "\(text)")
    }
  }
}

/// A thrown error whose sentence holds both parts.
func expectMistake(_ first: String, _ second: String, _ body: () throws -> Void) {
  do {
    try body()
    Issue.record("no mistake: \(first) \(second)")
  } catch {
    #expect("\(error)".contains(first) && "\(error)".contains(second), "\(error)")
  }
}
