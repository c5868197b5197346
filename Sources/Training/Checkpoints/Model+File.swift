import Data
import Models
import Tensors

extension Model {
  /// Writes its parameters and buffers under their names, PyTorch's, as a safetensors file.
  ///
  ///     try model.save(to: "digits.safetensors", metadata: ["trained on": "MNIST"])
  ///
  /// The path holds the old file or the whole new one at every moment. It has checksums, so that ``load(from:only:strict:skippingUnfit:includingState:renaming:)``
  /// finds a bit that has changed since. Throws the path and the reason if it cannot be written.
  ///
  /// - Parameters:
  ///   - path: Where the file goes.
  ///   - includingState: Whether the values of the last run, such as hidden ones, are written, too.
  ///   - metadata: Texts to go with them.
  public func save(to path: String, includingState: Bool = false, metadata: [String: String] = [:]) throws(DataError) {
    if hasFailed { return }
    // Other libraries want to be told whose names and layouts these are.
    let metadata = ["format": "pt"].merging(metadata) { $1 }
    try SafetensorsFile.write(namedTensors(includingState: includingState), metadata: metadata, checksums: true, to: path)
  }

  /// Takes parameters and buffers of the same names from a file: safetensors, or NumPy's `.npz`.
  ///
  ///     try model.load(from: "digits.safetensors")
  ///     try model.load(from: "bert.safetensors", only: "encoder", renaming: ["bert": ""])
  ///
  /// Of a checkpoint of a training run it takes the model. Throws a ``DataError`` if the file is damaged and a ``LoadError`` of everything that
  /// does not fit; the model is then as it was. See ``Model/load(from:only:strict:skippingUnfit:includingState:renaming:)`` for the arguments.
  @discardableResult
  public mutating func load(
    from path: String, only part: String? = nil, strict: Bool = true, skippingUnfit: Bool = false, includingState: Bool = false,
    renaming: Renaming = .none
  ) throws -> LoadReport {
    try load(
      from: openWeights(path), only: part, strict: strict, skippingUnfit: skippingUnfit, includingState: includingState,
      renaming: renaming)
  }

  /// Takes the parameters and buffers of one part from a file of the whole model: `only: \.encoder`.
  @discardableResult
  public mutating func load<Part>(
    from path: String, only part: WritableKeyPath<Self, Part>, strict: Bool = true, skippingUnfit: Bool = false,
    includingState: Bool = false, renaming: Renaming = .none
  ) throws -> LoadReport {
    try load(
      from: openWeights(path), only: part, strict: strict, skippingUnfit: skippingUnfit, includingState: includingState,
      renaming: renaming)
  }
}

/// Opens a file of weights; of a checkpoint, the model's part.
private func openWeights(_ path: String) throws(DataError) -> any NamedTensors {
  let file = try openNamedTensors(path)
  return file.metadata[CheckpointKeys.format] == nil ? file : ModelOfCheckpoint(file: file)
}

/// The tensors of a checkpoint's model under the model's names.
private struct ModelOfCheckpoint: NamedTensors {
  let file: any NamedTensors
  private var prefix: String { CheckpointKeys.model + "." }

  var names: [String] { file.names.compactMap { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : nil } }
  func outline(_ name: String) -> (shape: Shape, dtype: DType)? { file.outline(prefix + name) }
  func tensor(_ name: String) throws -> Tensor { try file.tensor(prefix + name) }
  var metadata: [String: String] { file.metadata }
  var source: String { file.source }
}
