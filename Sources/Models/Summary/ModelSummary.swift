import Tensors

/// What a model's parts take and give for one input: made by ``Model/summary(for:_:)``, printed as a table.
public struct ModelSummary: Sendable {
  /// One part of the model.
  public struct Part: Sendable {
    /// Its place, as in its parameters' names: `layers.0`; empty for the whole model.
    public let path: String
    /// The name of its type.
    public let type: String
    /// How deep it stands: 0 for the whole model.
    public let depth: Int
    /// The shape of what it gives; nil if that is not one tensor, or if the run does not pass through it.
    public let output: Shape?
    /// How many numbers its parameters have, those of the parts inside it included.
    public let parameters: Int
    /// Those of them that are frozen.
    public let frozen: Int
    /// The products of two numbers that are added up: in matrix products, convolutions, attention and recurrences.
    public let multiplyAdds: Int
    /// The bytes of the tensors that its operators make, views left out: about what training keeps for the backward pass.
    public let activationBytes: Int
    /// How often it was called in the run.
    public let calls: Int
  }

  /// The model first, then its parts in order, each before those inside it.
  public let parts: [Part]

  /// How many numbers the parameters have.
  public var parameterCount: Int { parts.first?.parameters ?? 0 }
  /// The products of two numbers that one run adds up.
  public var multiplyAdds: Int { parts.first?.multiplyAdds ?? 0 }
  /// The bytes of the tensors that one run makes.
  public var activationBytes: Int { parts.first?.activationBytes ?? 0 }
}

extension Model {
  /// A table of the model's parts for an input of a shape: output shapes, parameters, multiply-adds, bytes of activations.
  ///
  ///     print(try model.summary(for: [32, 784]))
  ///
  /// The run is the real one, on shapes alone: nothing is computed and nothing changes. Where parts do not fit it throws the mistake, with
  /// the part it is in. Parts of structs of one's own have their rows too; what such a part gives is known if it is ``Placed`` (all of the
  /// library's layers are), stands in a chain or another combinator, or else from what its parameters gave last.
  public func summary(
    for shape: Shape, _ dtype: DType = .float32, mode: Mode = .inference
  ) throws(TensorError) -> ModelSummary where Input == Tensor {
    try summary(mode: mode) { model in model(Tensor.outline(shape, dtype)) }
  }

  /// The same for a model of several inputs: `try model.summary(of: (source, target))`.
  public func summary(of input: Input, mode: Mode = .inference) throws(TensorError) -> ModelSummary {
    try summary(mode: mode) { model in model(input) }
  }

  private func summary(mode: Mode, _ run: (inout Self) -> Output) throws(TensorError) -> ModelSummary {
    let labels = PartLabels()
    let shape = try runOnShapes(through: labels, mode: mode) { model in (run(&model) as? Tensor)?.shape }
    return ModelSummary(labels, output: shape)
  }
}

extension ModelSummary {
  fileprivate init(_ labels: PartLabels, output: Shape?) {
    var runs = labels.runs
    if runs.indices.contains(1) {
      runs[1].output = output
      runs[1].calls = 1
      // What ran outside of any part is the model's.
      runs[1].multiplyAdds = runs[1].multiplyAdds.saturatingPlus(runs[0].multiplyAdds)
      runs[1].byteCount = runs[1].byteCount.saturatingPlus(runs[0].byteCount)
    }
    // From the last to the first, each part's figures are added to those of the part it stands in.
    for label in runs.indices.dropFirst(2).reversed() {
      let (parent, run) = (runs[label].parent, runs[label])
      runs[parent].parameters = runs[parent].parameters.saturatingPlus(run.parameters)
      runs[parent].frozen = runs[parent].frozen.saturatingPlus(run.frozen)
      runs[parent].multiplyAdds = runs[parent].multiplyAdds.saturatingPlus(run.multiplyAdds)
      runs[parent].byteCount = runs[parent].byteCount.saturatingPlus(run.byteCount)
    }
    var depths = runs.map { _ in 0 }
    for label in runs.indices.dropFirst(2) { depths[label] = depths[runs[label].parent] + 1 }
    parts = runs.indices.dropFirst(1).map { label in
      let run = runs[label]
      return Part(
        path: labels.paths[label], type: name(of: labels.types[label]), depth: depths[label], output: run.output,
        parameters: run.parameters,
        frozen: run.frozen, multiplyAdds: run.multiplyAdds, activationBytes: run.byteCount, calls: run.calls)
    }
  }
}
