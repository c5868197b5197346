import Tensors

extension ValueType {
  /// A type as a file declares it.
  init(_ proto: Onnx_TypeProto, _ field: String, depth: Int = 0) throws(ONNXError) {
    if depth > 16 { throw .field(field, "types nested more than 16 deep") }
    switch proto.value {
    case .tensorType(let tensor):
      let type = try ONNXElementType(code: tensor.elemType, field)
      guard tensor.hasShape else {
        self = .tensor(type, nil)
        return
      }
      self = .tensor(
        type, tensor.shape.dim.map { $0.dimValue > 0 || $0.value == .dimValue(0) ? .size(Int($0.dimValue)) : .symbol($0.dimParam) })
    case .sequenceType(let sequence): self = .sequence(try ValueType(sequence.elemType, field, depth: depth + 1))
    case .optionalType(let optional): self = .optional(try ValueType(optional.elemType, field, depth: depth + 1))
    case .mapType: throw .field(field, "a map; tensors, sequences and optionals would fit")
    case .sparseTensorType: throw .field(field, "a sparse tensor; tensors, sequences and optionals would fit")
    default: self = .unknown
    }
  }
}

extension Attributes.Attribute {
  /// An attribute that is no graph.
  init(_ proto: Onnx_AttributeProto, _ external: ExternalData) throws(ONNXError) {
    let field = "attribute \(shown(proto.name))"
    switch proto.type {
    case .int: self = .int(Int(proto.i))
    case .float: self = .float(proto.f)
    case .string:
      if let text = String(bytes: proto.s, encoding: .utf8) { self = .string(text) } else { self = .bytes(Array(proto.s)) }
    case .tensor: self = try Self.ofTensor(proto.t, field, external)
    case .ints: self = .ints(proto.ints.map { Int($0) })
    case .floats: self = .floats(proto.floats)
    case .strings: self = .strings(proto.strings.map { String(decoding: $0, as: UTF8.self) })
    case .typeProto: self = .type(try ValueType(proto.tp, field))
    case .sparseTensor: self = .tensor(try TypedTensor(proto.sparseTensor, field, external))
    case .undefined:
      // Files of the first version say it by which field is there.
      if !proto.ints.isEmpty {
        self = .ints(proto.ints.map { Int($0) })
      } else if !proto.floats.isEmpty {
        self = .floats(proto.floats)
      } else if !proto.s.isEmpty {
        self = .string(String(decoding: proto.s, as: UTF8.self))
      } else if proto.hasT {
        self = try Self.ofTensor(proto.t, field, external)
      } else if proto.f != 0 {
        self = .float(proto.f)
      } else {
        self = .int(Int(proto.i))
      }
    default: self = .other("\(proto.type)")
    }
  }

  /// Texts are read only where an operator that has none of them in Fluxion would be told of them.
  private static func ofTensor(_ proto: Onnx_TensorProto, _ field: String, _ external: ExternalData) throws(ONNXError) -> Self {
    .tensor(try TypedTensor(proto, field, external))
  }
}

extension TypedTensor {
  /// A sparse tensor, made dense: no larger than a file of a few bytes may ask for.
  init(_ proto: Onnx_SparseTensorProto, _ field: String, _ external: ExternalData) throws(ONNXError) {
    let values = try TypedTensor(proto.values, field, external)
    let places = try TypedTensor(proto.indices, field, external).integers(field)
    var (count, overflows) = (1, false)
    for size in proto.dims where !overflows {
      if size < 0 { throw .field(field, "axis of size \(size); 0 or more would fit") }
      (count, overflows) = count.multipliedReportingOverflow(by: Int(size))
    }
    if overflows || count > 1 << 20 || proto.dims.count > 8 {
      throw .field(field, "a sparse tensor of shape \(proto.dims); at most 2²⁰ elements in 8 axes would fit")
    }
    let sizes = proto.dims.map { Int($0) }
    let (n, rank) = (values.elementCount, sizes.count)
    guard values.rank == 1, places.count == n || places.count == n * rank else {
      throw .field(field, "\(n) values at \(places.count) indices")
    }
    var flat: [Int] = []
    for i in 0..<n {
      var place = places.count == n && proto.indices.dims.count == 1 ? places[i] : 0
      if proto.indices.dims.count > 1 {
        for axis in 0..<rank {
          let index = places[i * rank + axis]
          if index < 0 || index >= sizes[axis] { throw .field(field, "index \(index) for an axis of size \(sizes[axis])") }
          place = place * sizes[axis] + index
        }
      }
      if place < 0 || place >= count { throw .field(field, "index \(place); less than \(count) would fit") }
      flat.append(place)
    }
    let zeros = Tensor.zeros([count], values.tensor.dtype)
    let dense = n == 0 ? zeros : zeros.scatter(values.tensor, at: Tensor(flat, shape: [n]), axis: 0)
    self.init(dense.reshaped(Shape(sizes)), values.type)
  }
}
