import Data

/// The fields of config.json, each asked for once, so that what nobody asked for is known in the end.
///
/// A field that is asked for is checked: type, range, and whether a tensor of the folder can be that large. ``finish(_:)`` refuses the fields that
/// nobody asked for, other than those that never change what a model computes.
struct Configuration {
  let file: String
  let family: String
  private let object: JSONObject
  private let prefix: String
  private var asked: Set<String> = []
  /// The longest axis of any tensor in the folder, and how many tensors there are: no size is larger.
  var limits = (axis: Int(Int32.max), tensors: Int(Int32.max))

  init(_ object: JSONObject, file: String, family: String, prefix: String = "") {
    self.object = object
    self.file = file
    self.family = family
    self.prefix = prefix
  }

  func error(_ key: String, _ message: String) -> DataError { DataError(file: file, field: prefix + key, message: message) }

  /// The value of a key; nil if there is none or it is null.
  mutating func value(_ key: String) -> JSON? {
    asked.insert(key)
    guard let value = object[key], !value.isNull else { return nil }
    return value
  }

  /// Whether a field is there and not null.
  func has(_ key: String) -> Bool { object[key].map { !$0.isNull } ?? false }

  mutating func optionalCount(_ key: String, in range: ClosedRange<Int> = 0...Int(Int32.max)) throws -> Int? {
    guard let value = value(key) else { return nil }
    guard let count = value.int, range.contains(count) else {
      throw error(key, "\(value.kind); a whole number from \(range.lowerBound) to \(range.upperBound) would fit")
    }
    return count
  }

  mutating func count(_ key: String, in range: ClosedRange<Int> = 0...Int(Int32.max), default standard: Int? = nil) throws -> Int {
    if let count = try optionalCount(key, in: range) ?? standard { return count }
    throw error(key, "is missing; a whole number would fit")
  }

  /// A size that is an axis of some tensor in the folder.
  mutating func size(_ key: String, default standard: Int? = nil) throws -> Int {
    let size = try count(key, in: 1...Int(Int32.max), default: standard)
    guard size <= limits.axis else { throw error(key, "\(size), but no tensor in the folder has an axis longer than \(limits.axis)") }
    return size
  }

  /// A number of layers, each of which has tensors.
  mutating func layers(_ key: String, default standard: Int? = nil) throws -> Int {
    let layers = try count(key, in: 0...Int(Int32.max), default: standard)
    guard layers <= limits.tensors else { throw error(key, "\(layers) layers, but the folder has \(limits.tensors) tensors") }
    return layers
  }

  mutating func optionalNumber(_ key: String) throws -> Double? {
    guard let value = value(key) else { return nil }
    guard let number = value.double, number.isFinite else { throw error(key, "\(value.kind); a number would fit") }
    return number
  }

  mutating func number(_ key: String, default standard: Double? = nil) throws -> Double {
    if let number = try optionalNumber(key) ?? standard { return number }
    throw error(key, "is missing; a number would fit")
  }

  mutating func flag(_ key: String, default standard: Bool) throws -> Bool {
    guard let value = value(key) else { return standard }
    guard let flag = value.flag else { throw error(key, "\(value.kind); true or false would fit") }
    return flag
  }

  mutating func text(_ key: String, default standard: String) throws -> String {
    guard let value = value(key) else { return standard }
    guard let text = value.text else { throw error(key, "\(value.kind); a text would fit") }
    return text
  }

  mutating func texts(_ key: String) throws -> [String]? {
    guard let value = value(key) else { return nil }
    guard let list = value.list?.map(\.text), !list.contains(nil) else { throw error(key, "\(value.kind); a list of texts would fit") }
    return list.compactMap { $0 }
  }

  /// Numbers in a list.
  mutating func numbers(_ key: String) throws -> [Double]? {
    guard let value = value(key) else { return nil }
    guard let list = value.list?.map(\.double), !list.contains(nil) else { throw error(key, "\(value.kind); a list of numbers would fit") }
    return list.compactMap { $0 }
  }

  /// An object within this one.
  mutating func part(_ key: String) throws -> Configuration? {
    guard let value = value(key) else { return nil }
    guard let object = value.object else { throw error(key, "\(value.kind); an object would fit") }
    var part = Configuration(object, file: file, family: family, prefix: "\(prefix)\(key).")
    part.limits = limits
    return part
  }

  /// Refuses a field that would need something that is not there, unless it is absent, null or one of these.
  mutating func only(_ key: String, _ fitting: [JSON], because reason: String) throws {
    guard let value = value(key) else { return }
    let isFitting = fitting.contains { fit in
      switch (fit, value) {
      case (.bool(let a), .bool(let b)): a == b
      case (.string(let a), .string(let b)): a == b
      default: fit.double != nil && fit.double == value.double
      }
    }
    if !isFitting {
      throw error(key, "\(value.kind) is not supported, \(reason); \(fitting.map(\.kind).joined(separator: " or ")) would fit")
    }
  }

  /// Takes note of fields that change nothing here.
  mutating func ignore(_ keys: String...) { asked.formUnion(keys) }

  /// What is in this object and was not asked for.
  var unknown: [String] { object.entries.filter { !asked.contains($0.key) && !$0.value.isNull }.map(\.key) }

  /// Throws the first field that nobody asked for and that might change the result.
  func finish() throws {
    for key in unknown where !Self.harmless.contains(key) {
      // A switch that is off changes nothing.
      if object[key]?.flag == false { continue }
      throw error(key, "is no field that \(family) has here, and it might change the result; without it the folder could be read")
    }
  }

  /// Fields of any configuration that do not change what a model computes in inference.
  private static let harmless: Set<String> = [
    "_name_or_path", "_attn_implementation", "_attn_implementation_autoset", "architectures", "attention_dropout",
    "attention_probs_dropout_prob", "attn_pdrop", "auto_map", "bos_token_id", "cache_implementation", "classifier_dropout",
    "decoder_start_token_id", "dropout", "dropout_rate", "dtype", "embd_pdrop", "eos_token_id", "finetuning_task", "forced_eos_token_id",
    "gradient_checkpointing", "hidden_dropout_prob", "id2label", "initializer_factor", "initializer_range", "is_encoder_decoder",
    "label2id",
    "language", "max_length", "model_type", "n_ctx", "num_labels", "output_past", "pad_token_id", "prefix", "pretraining_tp",
    "problem_type",
    "resid_pdrop", "sep_token_id", "summary_activation", "summary_first_dropout", "summary_proj_to_labels", "summary_type",
    "summary_use_proj", "task_specific_params", "tokenizer_class", "torch_dtype", "transformers_version", "transformers.js_config",
    "use_cache", "output_attentions", "output_hidden_states", "return_dict", "unsloth_fixed", "unsloth_version",
  ]
}
