import Fluxion
import Foundation
import Tensors
import Testing

@testable import FluxionONNX

/// What cannot be written is refused with a sentence that names operator and part, and no file is left.
@Suite struct WriterMistakeTests {
  private func refusal<M: Model<Tensor, Tensor>>(_ model: M, _ input: Tensor, dynamicAxes: [Int] = []) throws -> String {
    try withFolder { folder in
      let path = folder + "/model.onnx"
      var message = ""
      do {
        try model.writeONNX(to: path, input: input, dynamicAxes: dynamicAxes)
      } catch {
        message = "\(error)".replacing(path, with: "model.onnx")
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(left.isEmpty)
      return message
    }
  }

  @Test func operatorsWithoutAForm() throws {
    let x = Tensor.eye(3)
    let message = try refusal(
      Chain {
        Dense(3, 3); Layer { x in inverse(x) }
      }, x)
    #expect(message.hasPrefix("model.onnx: inverse in layers.1 (") && message.hasSuffix("): has no form in ONNX's operators"), "\(message)")
    #expect(try refusal(Elementwise { x in logGamma(x) }, x).contains("logGamma of float32 has no form in ONNX's operators"))
    #expect(try refusal(Layer { x in svd(x).s }, x).contains("has no form in ONNX's operators"))
  }

  @Test func randomNumbers() throws {
    let noisy = Layer { x in x + Tensor.normal(x.shape) }
    let message = try refusal(noisy, Tensor.ones([2, 3]))
    #expect(message.hasPrefix("model.onnx: normal in "), "\(message)")
    #expect(message.hasSuffix("draws random numbers, which a file would not draw again; in inference mode dropout does not"), "\(message)")
  }

  @Test func elementsThatAreRead() throws {
    let branching = Layer { x in x.sum().item() > 0 ? x : -x }
    #expect(
      try refusal(branching, Tensor.ones([2, 3])).contains(
        "the model cannot be written: elements of a tensor that depends on the inputs are read"))
  }

  @Test func insideOfAGradient() throws {
    try withFolder { folder in
      var message = ""
      _ = gradient(at: Tensor.ones([2])) { x in
        do { try Dense(2, 2).writeONNX(to: folder + "/model.onnx", input: [1, 2]) } catch { message = "\(error)" }
        return x.sum()
      }
      #expect(message.hasSuffix("the model cannot be written: a gradient is being taken; outside of one it would run"))
    }
  }

  @Test func anInputThatDoesNotFit() throws {
    #expect(throws: TensorError.self) { try Dense(3, 2).writeONNX(to: "/tmp/never.onnx", input: [4, 5]) }
    #expect(!FileManager.default.fileExists(atPath: "/tmp/never.onnx"))
  }

  @Test func dynamicAxes() throws {
    let x = Tensor.ones([2, 3])
    #expect(try refusal(Dense(3, 2), x, dynamicAxes: [2]) == "model.onnx: dynamicAxes: axis 2; 0 to 1 would fit the input [2, 3]")
    #expect(try refusal(Dense(3, 2), x, dynamicAxes: [-1]).contains("axis -1; 0 to 1 would fit"))
    #expect(try refusal(Dense(3, 2), x, dynamicAxes: [0, 0]) == "model.onnx: dynamicAxes: axis 0 twice; each once would fit")
    let branching = Layer { x in x.shape[0] > 3 ? exp(x) : tanh(x).sum(axis: 1) }
    #expect(try refusal(branching, x, dynamicAxes: [0]).contains("which operators are called depends on the size of a dynamic axis"))
    let longer = Layer { x in (0..<x.shape[0]).reduce(x) { y, _ in tanh(y) } }
    #expect(try refusal(longer, x, dynamicAxes: [0]).contains("operators at one size of a dynamic axis and"))
    let scaled = Layer { x in x * (1 / Double(x.shape[0])) }
    #expect(try refusal(scaled, x, dynamicAxes: [0]).contains("a number in it depends on the size of a dynamic axis"))
  }

  @Test func aFolderThatIsNotThere() throws {
    #expect(throws: (any Error).self) { try Dense(3, 2).writeONNX(to: "/nowhere/at/all/model.onnx", input: [4, 3]) }
  }
}
