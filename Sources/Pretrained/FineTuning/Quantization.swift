import Models
import Tensors

extension Model {
  /// A copy for inference whose projections have weights of 8 or 4 bits, with a scale and an offset for each group of a row: see ``PackedMatrix``.
  ///
  ///     let small = try model.quantized(bits: 4, groupSize: 64)       // an eighth of the memory, and the scales
  ///
  /// Every ``Projection`` is packed, other parameters (embeddings, norms, biases) stay as they are. A packed weight is a constant: it is neither
  /// trained nor saved. Gradients for inputs go through it.
  ///
  /// Throws where bits are neither 8 nor 4, or a group has no numbers.
  public func quantized(bits: Int, groupSize: Int = 64) throws -> Self {
    guard bits == 8 || bits == 4 else { throw TensorError("quantized", "\(bits) bits; 8 or 4 would fit") }
    guard groupSize >= 1 else { throw TensorError("quantized", "groups of \(groupSize); 1 or more would fit") }
    return packed(as: .integers(bits: bits, groupSize: groupSize))
  }

  /// A copy for inference whose projections have packed weights: `bfloat16` and `float16` are exact for files that hold such numbers.
  public func packed(as form: PackedMatrix.Form) -> Self {
    var copy = self
    var pack = Pack(form: form)
    pack.content(&copy)
    return copy
  }

  /// The bytes of its parameters and packed weights.
  public var weightByteCount: Int {
    var copy = self
    var count = Count()
    count.content(&copy)
    return count.bytes
  }
}

private struct Pack: ModelVisitor {
  let form: PackedMatrix.Form

  mutating func content<M: Model>(_ model: inout M) {
    if var projection = model as? Projection, projection.packed == nil, projection.weight.rank == 2 {
      let weight = projection.isTransposed ? projection.weight.transposed() : projection.weight
      if let packed = PackedMatrix(weight, form: form) {
        projection.packed = packed
        projection.weight = .zeros([0, 0])
        model = projection as? M ?? model
      }
    }
    model.visit(&self)
  }
}

private struct Count: ModelVisitor {
  var bytes = 0

  mutating func content<M: Model>(_ model: inout M) {
    if let projection = model as? Projection, let packed = projection.packed { bytes += packed.byteCount }
    model.visit(&self)
  }
  mutating func parameter(_ tensor: inout Tensor, _ name: PartName) { bytes += tensor.elementCount * tensor.dtype.byteCount }
}
