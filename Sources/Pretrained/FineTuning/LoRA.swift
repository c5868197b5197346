import Data
import Models
import Tensors

/// A model whose weights are frozen, with matrices of low rank beside some of them, which are trained (Hu and others 2021).
///
///     var tuned = model.lora(rank: 8, on: "…q_proj", "…v_proj")
///     try tuned.fit(train, …)
///     try tuned.savePEFT(to: folder)                        // or: let model = tuned.merged()
///
/// W' = W + scale · B • A, scale = alpha/rank, for each weight W [outputs, inputs]; A [rank, inputs] begins as Kaiming's uniform, B [outputs, rank] as
/// zeros, so that the model answers as before. Of a weight [inputs, outputs], as GPT-2 has them, the transpose is added.
public struct LoRA<Base: Model>: Model {
  /// The two matrices beside one weight.
  public struct Adapter: Sendable {
    /// A, [rank, inputs].
    public var down: Tensor
    /// B, [outputs, rank].
    public var up: Tensor
    /// What B • A is multiplied by.
    public let scale: Double
    /// Whether the weight is [inputs, outputs].
    let isTransposed: Bool

    /// What is added to the weight.
    var difference: Tensor {
      let product = up • down * scale
      return isTransposed ? product.transposed() : product
    }
  }

  /// The model, frozen.
  public var base: Base
  /// The matrices by the names of the weights they stand beside.
  public var adapters: [String: Adapter]
  /// The rank and alpha that it was made with.
  public let rank: Int
  /// alpha, of which the scale is alpha/rank.
  public let alpha: Double

  /// The model with the matrices added to its weights.
  public mutating func callAsFunction(_ input: Base.Input) -> Base.Output {
    var add = Exchange(differences: adapters.mapValues(\.difference), originals: nil)
    base.visit(&add)
    defer {
      var restore = Exchange(differences: [:], originals: add.taken)
      base.visit(&restore)
    }
    return base(input)
  }

  /// The model with the matrices added to its weights for good; everything can be trained again.
  public func merged() -> Base {
    var copy = base
    var add = Exchange(differences: adapters.mapValues { $0.difference.detached }, originals: nil)
    copy.visit(&add)
    copy.thaw()
    return copy
  }

  /// As it is written.
  public var code: String { "\(base.code).lora(rank: \(rank)) on \(adapters.count) weights" }
}

extension Model {
  /// The model, frozen, with matrices of low rank beside the weights whose parts have one of these names: see ``LoRA``.
  ///
  /// - Parameters:
  ///   - rank: The rank of the matrices.
  ///   - alpha: Their scale is alpha/rank; twice the rank unless told.
  ///   - parts: Names of parts such as `decoder.layers.0.q_proj`; `…` stands for any beginning or end, a name without it for the last part of a name.
  ///
  /// Throws where no weight has such a name, or the rank is none.
  public func lora(rank: Int, alpha: Double? = nil, on parts: String...) throws -> LoRA<Self> {
    guard rank >= 1, rank <= 65_536 else { throw TensorError("lora", "a rank of \(rank); 1 to 65536 would fit") }
    let alpha = alpha ?? Double(2 * rank)
    guard alpha.isFinite else { throw TensorError("lora", "an alpha of \(alpha); a number would fit") }
    var adapters: [String: LoRA<Self>.Adapter] = [:]
    let transposed = transposedWeights
    for (name, weight) in parameters where weight.rank == 2 && name.hasSuffix(".weight") {
      let part = String(name.dropLast(".weight".count))
      guard parts.contains(where: { isPart(part, $0) }) else { continue }
      let isTransposed = transposed.contains(name)
      let (outputs, inputs) = isTransposed ? (weight.shape[1], weight.shape[0]) : (weight.shape[0], weight.shape[1])
      adapters[name] = LoRA<Self>.Adapter(
        down: Initializer.kaimingUniform(gain: (1.0 / 3).squareRoot())([rank, inputs]), up: .zeros([outputs, rank]),
        scale: alpha / Double(rank), isTransposed: isTransposed)
    }
    if adapters.isEmpty {
      let names = parameters.map(\.name).filter { $0.hasSuffix(".weight") }.prefix(6).joined(separator: ", ")
      throw TensorError("lora", "no weight is called \(parts.joined(separator: ", ")); the model has \(names.isEmpty ? "none" : names), …")
    }
    var base = self
    base.freeze()
    return LoRA(base: base, adapters: adapters, rank: rank, alpha: alpha)
  }

  /// The names of weights that are [inputs, outputs].
  var transposedWeights: Set<String> {
    var copy = self
    var visitor = Transposed()
    visitor.content(&copy)
    return visitor.names
  }
}

/// Whether a part's name fits a pattern.
private func isPart(_ name: String, _ pattern: String) -> Bool {
  if !pattern.contains("…") { return name == pattern || name.hasSuffix("." + pattern) }
  let pieces = pattern.split(separator: "…", omittingEmptySubsequences: false)
  guard let first = pieces.first, let last = pieces.last, name.hasPrefix(first), name.utf8.count >= first.utf8.count + last.utf8.count,
    name.hasSuffix(last)
  else { return false }
  var rest = name.dropFirst(first.count).dropLast(last.count)
  for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
    guard let range = rest.range(of: piece) else { return false }
    rest = rest[range.upperBound...]
  }
  return true
}

/// Adds differences to parameters and keeps what they were, or gives them back.
private struct Exchange: ModelVisitor {
  let differences: [String: Tensor]
  /// The parameters to give back; nil to add.
  let originals: [String: Tensor]?
  var taken: [String: Tensor] = [:]
  private var path = PartPath()

  init(differences: [String: Tensor], originals: [String: Tensor]?) { (self.differences, self.originals) = (differences, originals) }

  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
    let full = path.name(of: name)
    if let originals {
      if let original = originals[full] { tensor = original }
    } else if let difference = differences[full] {
      taken[full] = tensor
      tensor = tensor + difference
    }
  }
  mutating func enter(_ name: PartName) { path.enter(name) }
  mutating func leave() { path.leave() }
}

private struct Transposed: ModelVisitor {
  var names: Set<String> = []
  private var path = PartPath()

  mutating func content<M: Model>(_ model: inout M) {
    if let projection = model as? Projection, projection.isTransposed { names.insert(path.name(of: "weight")) }
    model.visit(&self)
  }
  mutating func enter(_ name: PartName) { path.enter(name) }
  mutating func leave() { path.leave() }
}
