import Fluxion
import Testing

/// Losses and activations against PyTorch's values and gradients (Tests/Golden/layers.py makes the file).
@Suite struct LossTests {
  struct File: Decodable { let cases: [Case] }
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let function: String
    let inputs: [String: GoldenTensor]
    let options: Options
    let upstream: GoldenTensor
    let output: GoldenTensor
    let gradients: [String: GoldenTensor]
    var testDescription: String { name }
  }
  struct Options: Decodable, Sendable {
    var reduction: String?
    var delta: Double?
    var labelSmoothing: Double?
    var ignoreIndex: Int?
    var approximate: String?
    var alpha: Double?
    var negativeSlope: Double?
    var beta: Double?
    var margin: Double?
    var gamma: Double?
    var axes: [Int]?
    var falsePositives: Double?
    var falseNegatives: Double?
    var blank: Int?
    var inputLengths: [Int]?
    var targetLengths: [Int]?
    var zeroesInfinity: Bool?
  }

  /// The one table from PyTorch's names to Fluxion's calls.
  static func call(_ row: Case, _ x: [String: Tensor]) -> Tensor? {
    let o = row.options
    let reduction: Reduction = o.reduction == "sum" ? .sum : o.reduction == "none" ? .none : .mean
    func pair(_ f: (Tensor, Tensor) -> Tensor) -> Tensor? { x["target"].flatMap { t in x["prediction"].map { f($0, t) } } }
    switch row.function {
    case "mse": return pair { mse($0, $1, reduction: reduction) }
    case "l1": return pair { mae($0, $1, reduction: reduction) }
    case "huber": return pair { huber($0, $1, delta: o.delta ?? 1, reduction: reduction) }
    case "binary_cross_entropy": return pair { binaryCrossEntropy($0, $1, reduction: reduction) }
    case "bce_with_logits": return x["logits"].map { binaryCrossEntropy(logits: $0, x["target"]!, reduction: reduction) }
    case "cross_entropy":
      return x["logits"].map {
        crossEntropy(
          $0, x["target"]!, weights: x["weights"], labelSmoothing: o.labelSmoothing ?? 0, ignoring: o.ignoreIndex, reduction: reduction)
      }
    case "gelu": return x["x"].map { gelu($0, approximation: o.approximate == "tanh" ? .tanh : .none) }
    case "silu": return x["x"].map { silu($0) }
    case "softplus": return x["x"].map { softplus($0) }
    case "elu": return x["x"].map { elu($0, alpha: o.alpha ?? 1) }
    case "leaky_relu": return x["x"].map { leakyRelu($0, slope: o.negativeSlope ?? 0.01) }
    default: return nil
    }
  }

  @Test(arguments: try golden(File.self, "losses").cases)
  func equalsPyTorch(_ row: Case) throws {
    let inputs = row.inputs.mapValues { $0.tensor() }
    // PyTorch's softplus becomes the identity from 20 on, 2·10⁻⁹ from the truth; its 10⁻¹² under a saturated probability is a float32.
    let tolerance = row.function == "softplus" || row.name.hasPrefix("binary_cross_entropy/saturated") ? 1e-8 : 1e-10
    #expect(distance(try #require(LossTests.call(row, inputs)), row.output.tensor()) < tolerance)
    for (name, wanted) in row.gradients {
      let found = gradient(at: try #require(inputs[name])) { x in
        (LossTests.call(row, inputs.merging([name: x]) { $1 })! * row.upstream.tensor()).sum()
      }
      #expect(distance(found, wanted.tensor()) < tolerance, "gradient of \(name)")
    }
  }

  struct Mistake: Sendable, CustomTestStringConvertible {
    let sentence: String
    let call: @Sendable () -> Tensor
    var testDescription: String { sentence }
  }

  @Test(arguments: [
    Mistake(sentence: "mse: a result of shape [2, 1] and a target of [2]; equal shapes would fit") { mse(.zeros([2, 1]), .zeros([2])) },
    Mistake(sentence: "crossEntropy: class id 4 at position 1 for 3 classes; 0 to 2 would fit") {
      crossEntropy(.zeros([2, 3]), Tensor([0, 4], .int64))
    },
    Mistake(sentence: "crossEntropy: class id -1 at position 0 for 3 classes; 0 to 2 would fit") {
      crossEntropy(.zeros([2, 3]), Tensor([-1, 0], .int64))
    },
    Mistake(sentence: "crossEntropy: class id 7 at position 1 for 3 classes; 0 to 2, or 9 to be ignored, would fit") {
      crossEntropy(.zeros([2, 3]), Tensor([9, 7], .int64), ignoring: 9, reduction: .mean)
    },
    Mistake(sentence: "crossEntropy: logits of shape [2, 3] and class ids of shape [3]; [2] would fit") {
      crossEntropy(.zeros([2, 3]), Tensor([0, 1, 2], .int64))
    },
    Mistake(sentence: "crossEntropy: weights of shape [2] for 3 classes") {
      crossEntropy(.zeros([2, 3]), Tensor([0, 1], .int64), weights: [1, 2], reduction: .mean)
    },
    Mistake(sentence: "huber: a delta of -1.0; a positive number would fit") {
      huber(.zeros([2]), .zeros([2]), delta: -1, reduction: .mean)
    },
    Mistake(sentence: "klDivergence: a result of shape [2] and a target of [3]; equal shapes would fit") {
      klDivergence(.zeros([2]), .zeros([3]))
    },
    Mistake(sentence: "gaussianLikelihood: a variance of shape [2, 3] for means of [3]; one that broadcasts to it would fit") {
      gaussianLikelihood(.zeros([3]), .zeros([3]), variance: .ones([2, 3]))
    },
    Mistake(
      sentence: "negativeLogLikelihood: scores of shape [2, 3] and a target float32 [2]; "
        + "[..., classes] and class ids of shape [...] would fit"
    ) { negativeLogLikelihood(.zeros([2, 3]), .zeros([2])) },
    Mistake(sentence: "negativeLogLikelihood: class id 3 at position 0 for 3 classes; 0 to 2 would fit") {
      negativeLogLikelihood(.zeros([1, 3]), Tensor([3], .int64))
    },
    Mistake(sentence: "multiMargin: weights of shape [2] for 3 classes") {
      multiMargin(.zeros([1, 3]), Tensor([0], .int64), weights: .ones([2]), reduction: .mean)
    },
    Mistake(sentence: "multiMargin: a power of 3; 1 or 2 would fit") {
      multiMargin(.zeros([1, 3]), Tensor([0], .int64), p: 3, reduction: .mean)
    },
    Mistake(sentence: "multilabelMargin: scores of shape [1, 3] and a target int64 [1]; class ids of equal shape would fit") {
      multilabelMargin(.zeros([1, 3]), Tensor([0], .int64))
    },
    Mistake(sentence: "cosineEmbedding: vectors without an axis; [..., features] would fit") {
      cosineEmbedding(.zeros([]), .zeros([]), .ones([]))
    },
    Mistake(sentence: "tripletMargin: a result of shape [2, 3] and a target of [3]; equal shapes would fit") {
      tripletMargin(.zeros([2, 3]), .zeros([2, 3]), .zeros([3]))
    },
  ])
  func namesTheMistake(_ row: Mistake) {
    #expect { try checked { row.call() } } throws: { "\($0)" == row.sentence }
  }
}
