import Models
import Tensors

/// ViT: an encoder of a picture's patches, with norms before each part (Dosovitskiy and others 2020).
///
///     h = [class; W patch + b, …] + P     // a patch is patch_size² pixels of each channel
///     h += attention(norm(h)),   h += W₂ gelu(W₁ norm(h))
///     y = norm(h),   pooled = tanh(W y[0])
///
/// transformers: `ViTModel`, and `ViTForImageClassification`, which gives logits W y[0] + b.
///
/// Shapes: pictures [batch, channels, height, width] to [batch, 1 + patches, features], or to logits [batch, labels].
public struct ViT: PretrainedFamily {
  static let architectures = ["ViTModel", "ViTForImageClassification", "ViTForMaskedImageModeling"]
  static let prefix = "vit"
  var classToken: Tensor
  var places: Tensor
  /// [features, channels, patch height, patch width].
  var patches: Projection
  var layers: [EncoderLayer]
  var norm: FilledLayerNorm
  var pooler: Projection?
  var head: Projection?
  let settings: EncoderSettings
  let poolerActivation: Activation
  /// [channels, height, width] of a picture.
  public let pictureShape: Shape
  let patchSize: (height: Int, width: Int)

  init(_ c: inout Configuration, _ weights: WeightFiles, architecture: String) throws {
    var s = try c.encoderSettings(.vit)
    s.isPreNorm = true
    s.inputsHaveBias = try c.flag("qkv_bias", default: true)
    let (picture, patch) = (try c.sides("image_size", default: 224), try c.sides("patch_size", default: 16))
    guard patch.height <= picture.height, patch.width <= picture.width else {
      throw c.error("patch_size", "\(patch.height) by \(patch.width), larger than the picture of \(picture.height) by \(picture.width)")
    }
    let channels = try c.size("num_channels", default: 3)
    let pooled = try c.optionalCount("pooler_output_size", in: 1...c.limits.axis) ?? s.features
    poolerActivation = try c.activation("pooler_act", default: "tanh")
    c.ignore("encoder_stride")
    let (rows, columns) = (picture.height / patch.height, picture.width / patch.width)
    let count = rows.multipliedReportingOverflow(by: columns)
    guard !count.overflow, count.partialValue < c.limits.axis else {
      throw c.error("image_size", "\(picture.height) by \(picture.width) has more patches than any tensor of the folder has positions")
    }
    classToken = .outline([1, 1, s.features], .float32)
    places = .outline([1, count.partialValue + 1, s.features], .float32)
    patches = Projection(
      weight: .outline([s.features, channels, patch.height, patch.width], .float32), bias: .outline([s.features], .float32))
    layers = [EncoderLayer](repeating: EncoderLayer(s), count: s.layers)
    norm = FilledLayerNorm(s.features, epsilon: s.epsilon)
    pooler = weights.has("pooler.dense.weight", prefix: Self.prefix) ? Projection(s.features, pooled, hasBias: true) : nil
    if architecture == "ViTForImageClassification", let shape = weights.outline("classifier.weight")?.shape, shape.rank == 2 {
      head = Projection(s.features, shape[0], hasBias: true)
    }
    settings = s
    pictureShape = [channels, picture.height, picture.width]
    patchSize = patch
  }

  /// Loads a folder; see ``PretrainedModel/init(from:)`` for what it throws.
  public init(from folder: String) throws { self = try loadFamily(Self.self, from: ModelFolder(folder)) }

  /// The numbers of each patch.
  public var features: Int { settings.features }

  /// The vectors of pictures' patches, or logits if there is a head.
  public func callAsFunction(_ pictures: Tensor) -> Tensor {
    let x = encode(pictures).lastHiddenState
    guard let head, !hasFailed else { return x }
    return head(x[0..., 0])
  }

  /// The vectors of pictures' patches, the class token's first, and the pooler's.
  public func encode(_ pictures: Tensor) -> EncoderOutput {
    guard pictures.rank == 4, Array(pictures.shape[1...]) == Array(pictureShape), pictures.dtype == .float32 else {
      fail(TensorError("ViT", "pictures \(pictures.dtype) \(pictures.shape); float32 [batch, \(pictureShape)] would fit"))
      return EncoderOutput(lastHiddenState: pictures, pooled: nil)
    }
    let (channels, rows, columns) = (pictureShape[0], pictureShape[1] / patchSize.height, pictureShape[2] / patchSize.width)
    let batch = pictures.shape[0]
    // A convolution whose windows do not overlap is one product.
    let cut = pictures[0..., 0..., 0..<rows * patchSize.height, 0..<columns * patchSize.width]
    let rowsOfPixels = cut.reshaped([batch, channels, rows, patchSize.height, columns, patchSize.width])
      .permuted([0, 2, 4, 1, 3, 5]).reshaped([batch, rows * columns, channels * patchSize.height * patchSize.width])
    let weight = patches.weight.reshaped([features, channels * patchSize.height * patchSize.width])
    let embedded = linear(rowsOfPixels, weight: weight, bias: patches.bias)
    let first = classToken + Tensor.zeros([batch, 1, features])
    var x = concatenate([first, embedded], axis: 1) + places
    for layer in layers { x = layer(x) }
    x = norm(x)
    return EncoderOutput(lastHiddenState: x, pooled: pooler.map { hasFailed ? x : poolerActivation($0(x[0..., 0])) })
  }

  func rename(_ name: String, in weights: WeightFiles) -> String? {
    if name == "embeddings.mask_token" || name == "vit.embeddings.mask_token" || name.hasPrefix("decoder.") { return nil }
    if name.hasPrefix("classifier."), head == nil { return nil }
    return name.hasPrefix("vit.") ? String(name.dropFirst(4)) : name
  }

  /// Its parts under the names of transformers.
  public mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    visitor.parameter(&classToken, "embeddings.cls_token")
    visitor.parameter(&places, "embeddings.position_embeddings")
    visitor.part(&patches, "embeddings.patch_embeddings.projection")
    visitor.enter("encoder.layer")
    for i in layers.indices { visitor.part(&layers[i], .position(i)) }
    visitor.leave()
    visitor.part(&norm, "layernorm")
    if pooler != nil { visitor.part(&pooler!, "pooler.dense") }
    if head != nil { visitor.part(&head!, "classifier") }
  }
}

extension Configuration {
  /// A height and a width, written as one number or as two.
  fileprivate mutating func sides(_ key: String, default standard: Int) throws -> (height: Int, width: Int) {
    guard let list = value(key)?.list else {
      let side = try count(key, in: 1...Int(Int32.max), default: standard)
      return (side, side)
    }
    guard list.count == 2, let height = list[0].int, let width = list[1].int, (1...Int(Int32.max)).contains(height),
      (1...Int(Int32.max)).contains(width)
    else { throw error(key, "a list of \(list.count); a height and a width of 1 or more would fit") }
    return (height, width)
  }
}
