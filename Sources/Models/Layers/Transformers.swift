import Tensors

/// Encoder blocks one after the other, and a norm at the end if there is one.
///
/// Vaswani and others 2017. PyTorch: `TransformerEncoder`.
///
///     let encoder = TransformerEncoder(6, norm: LayerNorm(512)) { TransformerEncoderBlock(512, heads: 8, normsFirst: true) }
///
/// Shapes: x [batch, time, features] to the same.
public struct TransformerEncoder: Placed {
  /// The blocks in order.
  public var layers: [TransformerEncoderBlock]
  /// What the last block's result passes through; needed where norms come first.
  public var norm: LayerNorm?
  /// Where in a model it stands.
  public var place = Place()

  /// `count` blocks, each made anew.
  public init(_ count: Int, norm: LayerNorm? = nil, _ block: () -> TransformerEncoderBlock) {
    layers = (0..<partCount(count, "blocks", atLeast: 0, "TransformerEncoder")).map { _ in block() }
    self.norm = norm
  }

  /// All blocks, without a mask.
  public mutating func callAsFunction(_ x: Tensor) -> Tensor { self(x, mask: nil) }

  /// All blocks, with masks: see ``MultiHeadAttention/callAsFunction(_:mask:keyMask:)``.
  public mutating func callAsFunction(_ x: Tensor, mask: Tensor?, keyMask: Tensor? = nil) -> Tensor {
    placed(on: x) { (encoder: inout Self) in
      var x = x
      for i in encoder.layers.indices {
        x = withPart("layers", i, of: TransformerEncoderBlock.self) { encoder.layers[i](x, mask: mask, keyMask: keyMask) }
      }
      return encoder.norm.map { $0(x) } ?? x
    }
  }
}

extension TransformerEncoder {
  /// As it is written: `TransformerEncoder(6) { TransformerEncoderBlock(512, heads: 8) }`.
  public var code: String { stack("TransformerEncoder", layers.map(remarked), norm) }
}

/// Decoder blocks one after the other, and a norm at the end if there is one; each sees the same memory.
///
/// Vaswani and others 2017. PyTorch: `TransformerDecoder`.
///
/// Shapes: x [batch, time, features] and memory [batch, length, features] to x's.
public struct TransformerDecoder: Placed {
  /// The blocks in order.
  public var layers: [TransformerDecoderBlock]
  /// What the last block's result passes through; needed where norms come first.
  public var norm: LayerNorm?
  /// Where in a model it stands.
  public var place = Place()

  /// `count` blocks, each made anew.
  public init(_ count: Int, norm: LayerNorm? = nil, _ block: () -> TransformerDecoderBlock) {
    layers = (0..<partCount(count, "blocks", atLeast: 0, "TransformerDecoder")).map { _ in block() }
    self.norm = norm
  }

  /// All blocks on x and a memory.
  public mutating func callAsFunction(_ input: (x: Tensor, memory: Tensor)) -> Tensor { self(input.x, memory: input.memory) }

  /// All blocks on x and a memory, with masks for either attention.
  public mutating func callAsFunction(
    _ x: Tensor, memory: Tensor, mask: Tensor? = nil, keyMask: Tensor? = nil, memoryMask: Tensor? = nil, memoryKeyMask: Tensor? = nil
  ) -> Tensor {
    placed(on: x) { (decoder: inout Self) in
      var x = x
      for i in decoder.layers.indices {
        x = withPart("layers", i, of: TransformerDecoderBlock.self) {
          decoder.layers[i](x, memory: memory, mask: mask, keyMask: keyMask, memoryMask: memoryMask, memoryKeyMask: memoryKeyMask)
        }
      }
      return decoder.norm.map { $0(x) } ?? x
    }
  }
}

extension TransformerDecoder {
  /// As it is written: `TransformerDecoder(6) { TransformerDecoderBlock(512, heads: 8) }`.
  public var code: String { stack("TransformerDecoder", layers.map(remarked), norm) }
}

/// A stack of blocks that are written alike, or each of them.
private func stack(_ name: String, _ blocks: [String], _ norm: LayerNorm?) -> String {
  let head = call(name, "\(blocks.count)", norm.map { "norm: \(remarked($0))" })
  if Set(blocks).count <= 1 { return "\(head) { \(blocks.first ?? "") }" }
  return written { "\(head) {\n" + blocks.map { "  \(indented($0))\n" }.joined() + "}" }
}
