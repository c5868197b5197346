import Data
import Foundation
import Models
import Tensors

extension LoRA {
  /// Writes the matrices as PEFT does: adapter_config.json and adapter_model.safetensors, which Python's `PeftModel.from_pretrained` reads.
  public func savePEFT(to folder: String, baseModel: String = "") throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var tensors: [(name: String, value: Tensor)] = []
    for (name, adapter) in adapters.sorted(by: { $0.key < $1.key }) {
      let part = "base_model.model." + name.dropLast(".weight".count)
      tensors.append((part + ".lora_A.weight", adapter.down.detached))
      tensors.append((part + ".lora_B.weight", adapter.up.detached))
    }
    try SafetensorsFile.write(tensors, metadata: ["format": "pt"], to: folder + "/adapter_model.safetensors")
    let targets = Set(adapters.keys.map { String($0.dropLast(".weight".count)) }).sorted()
    let config: TemplateValue = [
      "peft_type": "LORA", "base_model_name_or_path": .string(baseModel), "bias": "none", "r": .integer(rank), "lora_alpha": .number(alpha),
      "lora_dropout": .number(0), "fan_in_fan_out": .bool(adapters.values.contains(where: \.isTransposed)), "use_rslora": false,
      "use_dora": false,
      "modules_to_save": nil, "target_modules": .list(targets.map { .string($0) }), "inference_mode": true,
    ]
    try AtomicFile.write(to: folder + "/adapter_config.json") { (file) throws(DataError) in try file.write(config.json(indent: 2) + "\n") }
  }
}

extension Model {
  /// The model, frozen, with the matrices of a folder that PEFT wrote.
  ///
  /// Throws where the files are damaged, ask for what is not there (DoRA, biases, other kinds of adapters), or do not fit the model's weights.
  public func lora(from folder: String) throws -> LoRA<Self> {
    let files = try ModelFolder(folder)
    let path = files.file("adapter_config.json")
    var config = Configuration(try files.object("adapter_config.json"), file: path, family: "LoRA")
    try config.only("peft_type", [.string("LORA")], because: "other adapters are not there")
    try config.only("use_dora", [.bool(false)], because: "magnitudes are not there")
    try config.only("bias", [.string("none")], because: "biases are not trained beside")
    for key in ["modules_to_save", "rank_pattern", "alpha_pattern", "layer_replication", "trainable_token_indices"] {
      if let value = config.value(key), !(value.object?.entries.isEmpty ?? false), !(value.list?.isEmpty ?? false) {
        throw config.error(key, "\(value.kind) is not supported; null would fit")
      }
    }
    let rank = try config.count("r", in: 1...65_536)
    let alpha = try config.number("lora_alpha", default: Double(rank))
    let scale = alpha / (try config.flag("use_rslora", default: false) ? Double(rank).squareRoot() : Double(rank))
    let source = try SafetensorsFile(files.file("adapter_model.safetensors"))
    let own = Dictionary(parameters.map { ($0.name, $0.value.shape) }, uniquingKeysWith: { first, _ in first })
    let transposed = transposedWeights
    var (downs, ups): ([String: Tensor], [String: Tensor]) = ([:], [:])
    var error = LoadError(source: source.source, target: "\(Self.self)")
    for name in source.names {
      let isDown = name.hasSuffix(".lora_A.weight") || name.hasSuffix(".lora_A.default.weight")
      let isUp = name.hasSuffix(".lora_B.weight") || name.hasSuffix(".lora_B.default.weight")
      guard isDown || isUp, let cut = name.range(of: isDown ? ".lora_A." : ".lora_B.", options: .backwards) else {
        error.unexpected.append(name)
        continue
      }
      var part = String(name[..<cut.lowerBound])
      if part.hasPrefix("base_model.model.") { part = String(part.dropFirst("base_model.model.".count)) }
      guard
        let weight = [part + ".weight", "model." + part + ".weight", "transformer." + part + ".weight"].first(where: { own[$0]?.rank == 2 })
      else {
        error.unexpected.append(name)
        continue
      }
      let tensor = try source.tensor(name)
      if isDown { downs[weight] = tensor } else { ups[weight] = tensor }
    }
    var adapters: [String: LoRA<Self>.Adapter] = [:]
    for (weight, down) in downs {
      guard let up = ups[weight], let shape = own[weight] else {
        error.missing.append(weight + " lora_B")
        continue
      }
      let isTransposed = transposed.contains(weight)
      let (outputs, inputs) = isTransposed ? (shape[1], shape[0]) : (shape[0], shape[1])
      guard down.shape == [rank, inputs], up.shape == [outputs, rank], down.dtype == .float32, up.dtype == .float32 else {
        error.unfit.append("the matrices of \(weight) are \(down.shape) and \(up.shape) and not \([rank, inputs]) and \([outputs, rank])")
        continue
      }
      adapters[weight] = LoRA<Self>.Adapter(down: down, up: up, scale: scale, isTransposed: isTransposed)
    }
    for weight in ups.keys where downs[weight] == nil { error.missing.append(weight + " lora_A") }
    if adapters.isEmpty, error.isEmpty { error.missing.append("any lora_A") }
    if !error.isEmpty { throw error }
    var base = self
    base.freeze()
    return LoRA(base: base, adapters: adapters, rank: rank, alpha: alpha)
  }
}
