import Fluxion

/// The perceptron of the example Digits, ready to answer: a value, which any number of tasks may share.
public struct DigitReader: Sendable {
  /// What is wrong with a request, in one sentence.
  public struct Mistake: Error, CustomStringConvertible {
    /// The sentence.
    public let description: String
  }

  private let model: any Model<Tensor, Tensor>

  /// The model with the weights of a safetensors file, as `digits --save` writes it.
  public init(weights path: String) throws {
    var model = Self.perceptron()
    try model.load(from: path)
    self.init(model)
  }

  /// A trained model from pixels [batch, 784] to logits [batch, 10].
  public init(_ model: some Model<Tensor, Tensor>) { self.model = model }

  /// The model of `digits --model mlp`, untrained.
  public static func perceptron() -> some Model<Tensor, Tensor> {
    Chain {
      Dense(784, 128, activation: relu)
      Dense(128, 64, activation: relu)
      Dense(64, 10)
    }
  }

  /// Throws what is wrong with the pixels of one image.
  ///
  /// A batch is shared: one bad row must not reach the others.
  public func check(_ pixels: [Float]) throws {
    // On shapes alone: the sentence is the layer's own.
    _ = try model.outputShape(for: [1, pixels.count])
    for (i, pixel) in pixels.enumerated() where !(0...1 ~= pixel) {
      throw Mistake(description: "pixels[\(i)] is \(pixel); a number from 0 (paper) to 1 (ink) would fit")
    }
  }

  /// The probabilities of the ten digits for each image, in one forward.
  ///
  /// What goes wrong, and memory beyond `Memory.limit`, is thrown; the server goes on.
  public func probabilities(_ images: [[Float]]) throws -> [[Float]] {
    // What a mistake leaves behind has no shape to be taken apart by: that is done outside of the scope.
    let y = try checked {
      let x = Tensor(images.flatMap { $0 }, shape: [images.count, images.first?.count ?? 0])
      return model.predict(x).softmax(axis: -1)
    }
    return y.unstacked(axis: 0).map { $0.scalars(Float.self) }
  }
}
