import Data
import Models
import Tensors

/// What gives sentences vectors that are near each other where the sentences mean the same: a folder of sentence-transformers (Reimers and Gurevych
/// 2019).
///
///     let encoder = try SentenceEncoder(from: "all-MiniLM-L6-v2")
///     let vectors = try encoder.encode(["The Lord is my shepherd", "He leadeth me"])    // [2, 384]
///
/// modules.json names the parts: an encoder of tokens, pooling, a dense layer where there is one, normalisation. Without it the tokens' mean is
/// taken.
public struct SentenceEncoder: Sendable {
  /// How the vectors of tokens become one.
  public enum Pooling: String, Sendable, CaseIterable {
    case firstToken = "cls"
    case mean, max
    case meanSquareRoot = "mean_sqrt_len_tokens"
    case weightedMean = "weightedmean"
    case lastToken = "lasttoken"
  }

  /// The encoder of tokens.
  public var model: any TextEncoder
  /// Its tokenizer.
  public let tokenizer: Tokenizer
  /// The poolings, whose vectors stand side by side.
  public let poolings: [Pooling]
  /// The layers behind, if there are any.
  public var layers: [Dense]
  /// Whether vectors have the length 1.
  public let isNormalized: Bool
  /// The most tokens of a sentence; what is longer is cut.
  public let longestSequence: Int
  private let padding: Int

  /// The numbers of a vector.
  public var features: Int { layers.last?.weight.shape[0] ?? model.features * poolings.count }

  /// Loads a folder: modules.json and the folders it names, config.json, tokenizer.json, model.safetensors.
  public init(from folder: String) throws {
    let files = try ModelFolder(folder)
    var (own, poolings, layers, isNormalized) = (files, [Pooling](), [Dense](), false)
    if files.has("modules.json") {
      let path = files.file("modules.json")
      guard let modules = try JSON.read(files.bytes("modules.json"), file: path).list else {
        throw DataError(file: path, message: "a list of modules would fit")
      }
      for module in modules {
        guard let object = module.object, let type = object["type"]?.text, let place = object["path"]?.text, !place.contains("..") else {
          throw DataError(file: path, message: "\(module.kind); an object with type and path would fit")
        }
        let part = try ModelFolder(place.isEmpty ? folder : files.file(place))
        switch type.split(separator: ".").last.map(String.init) ?? "" {
        case "Transformer": own = part
        case "Pooling": poolings = try Self.poolings(part)
        case "Dense": layers.append(try Self.dense(part))
        case "Normalize": isNormalized = true
        default: throw DataError(file: path, field: "type", message: "\(type); Transformer, Pooling, Dense and Normalize are there")
        }
      }
    }
    let model = try PretrainedModel(from: own.path)
    guard case .encoder(let encoder) = model.kind else {
      throw DataError(file: own.file("config.json"), field: "architectures", message: "\(model.architecture) is no encoder of text")
    }
    self.model = encoder
    var tokenizer = try model.tokenizer ?? Tokenizer(from: folder)
    var longest = encoder.longestSequence
    if let settings = try own.objectIfPresent("sentence_bert_config.json") ?? files.objectIfPresent("sentence_bert_config.json") {
      if let length = settings["max_seq_length"]?.int, length >= 1 { longest = min(longest, length) }
      if settings["do_lower_case"]?.flag == true {
        tokenizer.normalizer = .sequence([.lowercase] + (tokenizer.normalizer.map { [$0] } ?? []))
      }
    }
    let extra = tokenizer.postProcessor?.added(isPair: false) ?? 0
    guard longest > extra else {
      throw DataError(file: own.path, field: "max_seq_length", message: "\(longest); more than \(extra) would fit")
    }
    // Batches are padded here.
    padding = tokenizer.padding?.id ?? tokenizer.specialTokens["pad_token"].flatMap { tokenizer.id(of: $0) } ?? 0
    tokenizer.padding = nil
    tokenizer.truncation = Truncation(length: longest)
    self.tokenizer = tokenizer
    self.poolings = poolings.isEmpty ? [.mean] : poolings
    self.layers = layers
    self.isNormalized = isNormalized
    longestSequence = longest
    var width = encoder.features * self.poolings.count
    for layer in layers {
      guard layer.weight.shape[1] == width else {
        throw DataError(file: folder, message: "a dense layer for \(layer.weight.shape[1]) numbers stands behind \(width)")
      }
      width = layer.weight.shape[0]
    }
  }

  private static func poolings(_ part: ModelFolder) throws -> [Pooling] {
    let object = try part.object("config.json")
    if let name = object["pooling_mode"]?.text {
      guard let pooling = Pooling(rawValue: name) else {
        let known = Pooling.allCases.map(\.rawValue).joined(separator: ", ")
        throw DataError(file: part.file("config.json"), field: "pooling_mode", message: "\(name); \(known) are there")
      }
      return [pooling]
    }
    let keys: [(String, Pooling)] = [
      ("pooling_mode_cls_token", .firstToken), ("pooling_mode_max_tokens", .max), ("pooling_mode_mean_tokens", .mean),
      ("pooling_mode_mean_sqrt_len_tokens", .meanSquareRoot), ("pooling_mode_weightedmean_tokens", .weightedMean),
      ("pooling_mode_lasttoken", .lastToken),
    ]
    return keys.filter { object[$0.0]?.flag == true }.map(\.1)
  }

  private static func dense(_ part: ModelFolder) throws -> Dense {
    var config = Configuration(try part.object("config.json"), file: part.file("config.json"), family: "Dense")
    let name =
      try config.text("activation_function", default: "torch.nn.modules.linear.Identity").split(separator: ".").last.map(String.init) ?? ""
    let activation: @Sendable (Tensor) -> Tensor
    switch name {
    case "Identity": activation = { $0 }
    case "Tanh": activation = { tanh($0) }
    case "ReLU": activation = { relu($0) }
    case "GELU": activation = { gelu($0) }
    case "Sigmoid": activation = { sigmoid($0) }
    default: throw config.error("activation_function", "\(name); Identity, Tanh, ReLU, GELU and Sigmoid are there")
    }
    let weights = try WeightFiles(part)
    let weight = try weights.tensor("linear.weight")
    guard weight.rank == 2, weight.dtype == .float32 else {
      throw DataError(
        file: weights.source, field: "linear.weight", message: "\(weight.dtype) \(weight.shape); float32 [outputs, inputs] would fit")
    }
    let bias = try config.flag("bias", default: true) ? try weights.tensor("linear.bias") : nil
    if let bias, bias.shape != [weight.shape[0]] || bias.dtype != .float32 {
      throw DataError(
        file: weights.source, field: "linear.bias", message: "\(bias.dtype) \(bias.shape); float32 [\(weight.shape[0])] would fit")
    }
    return Dense(weight: weight, bias: bias, activation: activation)
  }

  /// The vectors of some sentences, [sentences, features].
  ///
  /// Sentences of like length share a batch, so that little is padded; the vectors are in the sentences' order. A sentence's vector does not depend
  /// on those beside it, but for rounding.
  public func encode(_ sentences: [String], batchSize: Int = 32) throws -> Tensor {
    guard batchSize >= 1 else { throw GenerationError("batches of \(batchSize) sentences; 1 or more would fit") }
    if sentences.isEmpty { return .zeros([0, features]) }
    let encodings = try sentences.map { try tokenizer.encode($0) }
    let order = encodings.indices.sorted {
      encodings[$0].count != encodings[$1].count ? encodings[$0].count > encodings[$1].count : $0 < $1
    }
    var rows = [[Float]](repeating: [], count: sentences.count)
    for start in stride(from: 0, to: order.count, by: batchSize) {
      let batch = Array(order[start..<min(order.count, start + batchSize)])
      let length = max(1, encodings[batch[0]].count)
      func filled(_ list: [Int], _ value: Int) -> [Int] { list + [Int](repeating: value, count: length - list.count) }
      let ids = Tensor(batch.flatMap { filled(encodings[$0].ids, padding) }, shape: [batch.count, length])
      let mask = Tensor(batch.flatMap { filled(encodings[$0].attentionMask, 0) }, shape: [batch.count, length])
      let types = Tensor(batch.flatMap { filled(encodings[$0].typeIDs, 0) }, shape: [batch.count, length])
      let vectors = try checked { withMode(.inference) { self.vectors(ids, mask, types) } }
      let (numbers, width) = (vectors.scalars(Float.self), vectors.shape[1])
      for (i, row) in batch.enumerated() { rows[row] = Array(numbers[i * width..<(i + 1) * width]) }
    }
    return Tensor(rows.flatMap { $0 }, shape: [sentences.count, features])
  }

  /// ids, mask and types [batch, time] to vectors [batch, features]; it has gradients.
  public func vectors(_ ids: Tensor, _ mask: Tensor, _ types: Tensor? = nil) -> Tensor {
    let x = model.encode(ids, mask: mask, typeIDs: types).lastHiddenState
    if hasFailed { return x }
    var y = concatenate(poolings.map { pooled(x, mask, $0) }, axis: -1)
    for layer in layers { y = layer(y) }
    return isNormalized ? y / maximum(sqrt((y * y).sum(axis: -1, keepDims: true)), 1e-12) : y
  }

  private func pooled(_ x: Tensor, _ mask: Tensor, _ pooling: Pooling) -> Tensor {
    let isThere = mask .!= 0
    let weights = isThere.cast(to: x.dtype).unsqueezed(axis: -1)
    switch pooling {
    case .firstToken: return x[0..., 0]
    case .mean: return meanPooled(x, mask)
    case .max: return select(isThere.unsqueezed(axis: -1), x, -1e9).max(axis: 1)
    case .meanSquareRoot: return (x * weights).sum(axis: 1) / sqrt(maximum(weights.sum(axis: 1), 1e-9))
    case .weightedMean:
      let places = (Tensor.arange(x.shape[1]) + 1).cast(to: x.dtype).unsqueezed(axis: 1) * weights
      return (x * places).sum(axis: 1) / maximum(places.sum(axis: 1), 1e-9)
    case .lastToken:
      let last = isThere.cast(to: .int64).sum(axis: 1, keepDims: true) - 1
      let isLast = (Tensor.arange(x.shape[1]) .== last).cast(to: x.dtype).unsqueezed(axis: -1)
      return (x * isLast).sum(axis: 1)
    }
  }
}
