import Data
import Models
import Tensors

/// A family of architectures: how config.json becomes a model, and what a file's names are in it.
///
/// A family is one file: its equations in the type's comment, its settings, its parts. Adding one is that file and a row in ``PretrainedModel``.
protocol PretrainedFamily: Model {
  /// The names of `architectures` that it reads, the first of which is what models are saved as.
  static var architectures: [String] { get }
  /// What the names of a model with a head begin with, transformers' `base_model_prefix`.
  static var prefix: String { get }
  /// A model whose parameters have shapes alone.
  init(_ configuration: inout Configuration, _ weights: WeightFiles, architecture: String) throws
  /// The model's name for a tensor of the file; nil if it is not needed.
  func rename(_ name: String, in weights: WeightFiles) -> String?
}

/// Loads a family from a folder; nothing is changed by a folder that does not fit, since the model is made only then.
func loadFamily<F: PretrainedFamily>(_ family: F.Type, from folder: ModelFolder, ignoring: [String] = []) throws -> F {
  let file = folder.file("config.json")
  let object = try folder.object("config.json")
  let weights = try WeightFiles(folder)
  return try loadFamily(family, configuration: object, file: file, architecture: nil, weights: weights, ignoring: ignoring)
}

func loadFamily<F: PretrainedFamily>(
  _ family: F.Type, configuration object: JSONObject, file: String, architecture: String?, weights: WeightFiles, ignoring: [String] = []
) throws -> F {
  var configuration = Configuration(object, file: file, family: "\(F.self)")
  configuration.limits = weights.limits
  configuration.ignore(ignoring)
  let named = try configuration.texts("architectures")?.first
  let architecture = architecture ?? named ?? F.architectures[0]
  guard F.architectures.contains(architecture) else {
    throw configuration.error("architectures", "\(architecture); for \(F.self) \(F.architectures.joined(separator: ", ")) would fit")
  }
  try configuration.only("quantization_config", [], because: "weights packed by other programs are not read")
  try configuration.only("pruned_heads", [], because: "pruned heads are not there")
  var model = try checked { try F(&configuration, weights, architecture: architecture) }
  try configuration.finish()
  let renaming = Renaming { [model] name in
    var name = name
    // TensorFlow's names for the parameters of a layer norm.
    if name.hasSuffix("LayerNorm.gamma") { name = name.dropLast(5) + "weight" }
    if name.hasSuffix("LayerNorm.beta") { name = name.dropLast(4) + "bias" }
    return model.rename(name, in: weights)
  }
  try model.load(from: weights, renaming: renaming)
  return model
}

extension Configuration {
  mutating func ignore(_ keys: [String]) { for key in keys { ignore(key) } }
}

extension WeightFiles {
  /// Whether there is a tensor of this name, or of this name behind a prefix.
  func has(_ name: String, prefix: String) -> Bool { outline(name) != nil || outline(prefix + "." + name) != nil }

  /// Whether two tensors hold the same numbers, or one of them is not there.
  func areEqual(_ a: String, _ b: String) throws -> Bool {
    guard let x = outline(a), let y = outline(b) else { return true }
    if x.shape != y.shape { return false }
    return try tensor(a).cast(to: .float32).scalars(Float.self) == tensor(b).cast(to: .float32).scalars(Float.self)
  }
}
