import Data
import Models
import Tensors

/// A model from a folder as Hugging Face's hub has it, of whatever family `architectures` in its config.json says.
///
///     let model = try PretrainedModel(from: "Qwen3-0.6B")
///     for try await piece in model.generate("The Lord is my", topP: 0.9, seed: 7) { print(piece, terminator: "") }
///
/// | family | architectures |
/// |---|---|
/// | ``BERT``, ``RoBERTa``, ``DistilBERT`` | the encoder of any model with or without a head |
/// | ``GPT2``, ``Llama``, ``Mistral``, ``Qwen2``, ``Qwen3``, ``Gemma3``, ``Phi3`` | …ForCausalLM, …Model |
/// | ``T5`` | T5ForConditionalGeneration, T5Model, T5EncoderModel |
/// | ``ViT`` | ViTModel, ViTForImageClassification |
///
/// It is an ordinary model: parameters under transformers' names, which can be trained, frozen, saved.
public struct PretrainedModel: Model {
  /// What kind of model it is.
  public enum Kind: Sendable {
    /// Gives logits of the next token: a model that generates.
    case decoder(any CausalLanguageModel)
    /// Gives a vector for each token.
    case encoder(any TextEncoder)
    /// Gives an answer to a text.
    case sequenceToSequence(T5)
    /// Gives vectors of a picture's patches, or logits.
    case image(ViT)
  }

  /// The model itself.
  public var kind: Kind
  /// What `architectures` says.
  public let architecture: String
  /// The folder it came from.
  public let folder: String
  /// Its tokenizer; nil where the folder has no tokenizer.json.
  public let tokenizer: Tokenizer?
  /// The ids of generation_config.json or config.json that end an answer.
  public let endTokens: [Int]

  /// The families in the order of the table.
  private static let families: [any PretrainedFamily.Type] = [
    BERT.self, RoBERTa.self, DistilBERT.self, GPT2.self, Llama.self, Mistral.self, Qwen2.self, Qwen3.self, Gemma3.self, Phi3.self, T5.self,
    ViT.self,
  ]

  /// The names of `architectures` that can be read.
  public static var architectures: [String] { families.flatMap { $0.architectures } }

  /// Loads a folder with config.json, model.safetensors or its shards, and tokenizer.json if there is one.
  ///
  /// Every field of config.json that changes the result is honoured or refused by its name. Weights of 16 bits become float32.
  ///
  /// - Parameters:
  ///   - folder: The folder's path.
  ///   - ignoringFields: Fields of config.json that are known to change nothing, and are not refused though the family does not know them.
  ///
  /// Throws a `DataError` with file and field, or a `LoadError` that lists all tensors that are missing, unexpected or of another shape.
  public init(from folder: String, ignoringFields: [String] = []) throws {
    let files = try ModelFolder(folder)
    let file = files.file("config.json")
    let object = try files.object("config.json")
    guard let architecture = object["architectures"]?.list?.first?.text else {
      throw DataError(
        file: file, field: "architectures", message: "is missing; one of \(Self.architectures.joined(separator: ", ")) would fit")
    }
    guard let family = Self.families.first(where: { $0.architectures.contains(architecture) }) else {
      throw DataError(
        file: file, field: "architectures", message: "\(architecture) is not there; \(Self.architectures.joined(separator: ", ")) are")
    }
    let weights = try WeightFiles(files)
    func read<F: PretrainedFamily>(_ family: F.Type) throws -> any Model {
      try loadFamily(family, configuration: object, file: file, architecture: architecture, weights: weights, ignoring: ignoringFields)
    }
    switch try read(family) {
    case let model as any CausalLanguageModel: kind = .decoder(model)
    case let model as any TextEncoder: kind = .encoder(model)
    case let model as T5: kind = .sequenceToSequence(model)
    case let model as ViT: kind = .image(model)
    default: throw DataError(file: file, field: "architectures", message: "\(architecture) is of no kind that is known here")
    }
    self.architecture = architecture
    self.folder = folder
    tokenizer = files.has("tokenizer.json") ? try Tokenizer(from: folder) : nil
    let generation = try files.objectIfPresent("generation_config.json")
    let ends = generation?["eos_token_id"] ?? object["eos_token_id"]
    endTokens = ends?.int.map { [$0] } ?? ends?.list?.compactMap(\.int) ?? []
  }

  /// Ids to logits or vectors, or pictures to vectors or logits; T5 is called as `T5` itself.
  public mutating func callAsFunction(_ input: Tensor) -> Tensor {
    switch kind {
    case .decoder(let model): return callOf(model, input)
    case .encoder(let model): return model.encode(input, mask: nil, typeIDs: nil).lastHiddenState
    case .image(let model): return model(input)
    case .sequenceToSequence:
      fail(TensorError("PretrainedModel", "T5 takes a text and an answer; a call of its own with T5.Input would fit"))
      return input
    }
  }

  private func callOf(_ model: any CausalLanguageModel, _ input: Tensor) -> Tensor {
    var cache = KeyValueCache()
    return model.logits(input, cache: &cache, lastOnly: false)
  }

  /// The parts of the model under their own names.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    func open<M: Model>(_ model: M) -> M {
      var copy = model
      visitor.content(&copy)
      return copy
    }
    switch kind {
    case .decoder(let model):
      func visited<M: CausalLanguageModel>(_ model: M) -> any CausalLanguageModel { open(model) }
      kind = .decoder(visited(model))
    case .encoder(let model):
      func visited<M: TextEncoder>(_ model: M) -> any TextEncoder { open(model) }
      kind = .encoder(visited(model))
    case .sequenceToSequence(let model): kind = .sequenceToSequence(open(model))
    case .image(let model): kind = .image(open(model))
    }
  }

  /// As it is written.
  public var code: String { "PretrainedModel(\(architecture))" }
}
