import Foundation
import Tensors

extension OperatorTable {
  /// Tensors made of settings.
  static let creations: [Operator] = [
    Operator("Constant", [1, 9, 11, 12, 13, 19, 21, 23, 24, 25], "a `Tensor`") { call in
      let attributes = call.attributes
      if let value = try attributes.tensor("value") ?? attributes.tensor("sparse_value") { return [.tensor(value)] }
      if let value = try attributes.int("value_int") { return [.tensor(.scalar(value))] }
      if let values = try attributes.ints("value_ints") { return [.tensor(.vector(values))] }
      if let value = try attributes.float("value_float") { return [.tensor(TypedTensor(.full([], value, .float32), .float))] }
      if let values = try attributes.floats("value_floats") {
        return [.tensor(TypedTensor(Tensor(values.map { Float($0) }, shape: [values.count]), .float))]
      }
      throw ONNXError.field("attribute value", "is missing, or is a text; a tensor or numbers would fit")
    },
    Operator("ConstantOfShape", [9, 20, 21, 23, 24, 25], "`Tensor.full(shape, value)`") { call in
      let sizes = try call.integers(0)
      if sizes.count > 8 || sizes.contains(where: { $0 < 0 }) {
        throw ONNXError.field("input 0", "\(sizes); up to 8 sizes from 0 on would fit")
      }
      guard let value = try call.attributes.tensor("value") else { return [.tensor(TypedTensor(.zeros(Shape(sizes)), .float))] }
      if value.elementCount != 1 { throw ONNXError.field("attribute value", "\(value.elementCount) elements; one would fit") }
      if let host = value.host, sizes.reduce(1, { $0.saturatingTimes($1) }) <= HostIntegers.most {
        let count = sizes.reduce(1, *)
        return [
          .tensor(TypedTensor(host: HostIntegers(shape: sizes, elements: Array(repeating: host.elements[0], count: count)), value.type))
        ]
      }
      // In order, as weights that are made so are read by products.
      let shape = Shape(sizes)
      let dtype = value.tensor.dtype
      if dtype.isFloatingPoint {
        let number = try value.doubles("attribute value").first ?? 0
        return [.tensor(TypedTensor(.full(shape, number, dtype), value.type))]
      }
      let number = try value.integers("attribute value").first ?? 0
      return [.tensor(TypedTensor(.full(shape, number, dtype), value.type))]
    },
    Operator("Range", [11, 27], "`Tensor.arange(from:to:step:)`") { call in
      let start = try call.typed(0)
      if start.type.isInteger {
        let (a, b, step) = (try call.integer(0), try call.integer(1), try call.integer(2))
        if step == 0 || step == .min { throw ONNXError.field("input 2", "\(step); any other number would fit") }
        let (span, overflows) = b.subtractingReportingOverflow(a)
        if overflows { throw ONNXError.field("input 1", "\(a) to \(b)") }
        let count = step > 0 ? (span > 0 ? (span - 1) / step + 1 : 0) : (span < 0 ? (span + 1) / step + 1 : 0)
        if count > 1 << 27 { throw ONNXError.field("input 1", "\(count) elements; less would fit") }
        return [.tensor(.vector((0..<count).map { a + $0 * step }, start.type))]
      }
      let (a, b, step) = (try call.double(0), try call.double(1), try call.double(2))
      let count = ((b - a) / step).rounded(.up)
      guard count.isFinite, count < 0x1p27 else { throw ONNXError.field("input 2", "\(step) from \(a) to \(b)") }
      let elements = (0..<max(0, Int(count))).map { a + Double($0) * step }
      return [.tensor(TypedTensor(Tensor(elements, shape: [elements.count]).cast(to: start.tensor.dtype), start.type))]
    },
    Operator("EyeLike", [9, 22], "`Tensor.eye(rows, columns)`") { call in
      let x = try call.typed(0)
      if x.rank != 2 { throw ONNXError.field("input 0", "\(x.shape); a matrix would fit") }
      let type = try call.attributes.elementType("dtype") ?? x.type
      let k = try call.attributes.int("k", 0)
      let (rows, columns) = (Tensor.arange(x.shape[0]).reshaped([-1, 1]), Tensor.arange(x.shape[1]))
      return [.tensor(TypedTensor((rows + k .== columns).cast(to: try type.held("attribute dtype")), type))]
    },
    window("HannWindow", "½ − ½·cos(2πn/N)", [0.5, -0.5]),
    window("HammingWindow", "25/46 − 21/46·cos(2πn/N)", [25.0 / 46, -21.0 / 46]),
    window("BlackmanWindow", "0.42 − ½·cos(2πn/N) + 0.08·cos(4πn/N)", [0.42, -0.5, 0.08]),
    Operator("MelWeightMatrix", [17], "triangles, evenly spaced on the mel scale") { call in
      let (bands, length) = (try call.integer(0), try call.integer(1))
      let (rate, low, high) = (try call.integer(2), try call.double(3), try call.double(4))
      guard bands >= 0, bands <= 1 << 12, length > 0, length <= 1 << 15, rate > 0, low > -700, high > -700, low.isFinite, high.isFinite
      else {
        throw ONNXError.field("inputs", "\(bands) bands of \(length) samples at \(rate)")
      }
      let type = try call.attributes.elementType("output_datatype") ?? .float
      let bins = length / 2 + 1
      func mel(_ f: Double) -> Double { 2595 * log1p(f / 700) / log(10.0) }
      let step = (mel(high) - mel(low)) / Double(bands + 2)
      let edges = (0..<(bands + 2)).map { i -> Int in
        let f = 700 * expm1((Double(i) * step + mel(low)) / 2595 * log(10.0))
        return min(max(Int((Double(length + 1) * f / Double(rate)).rounded(.down)), 0), bins - 1)
      }
      var table = [Double](repeating: 0, count: bins * bands)
      for band in 0..<bands {
        let (left, center, right) = (edges[band], edges[band + 1], edges[band + 2])
        if center == left { table[center * bands + band] = 1 }
        for j in left..<max(left, center + 1) where center > left { table[j * bands + band] = Double(j - left) / Double(center - left) }
        for j in center..<max(center, right) { table[j * bands + band] = Double(right - j) / Double(right - center) }
      }
      return [.tensor(TypedTensor(Tensor(table, shape: [bins, bands]).cast(to: try type.held("attribute output_datatype")), type))]
    },
  ]

  /// A sum of cosines of multiples of 2πn/N.
  private static func window(_ name: String, _ text: String, _ weights: [Double]) -> Operator {
    Operator(name, [17], text) { call in
      let size = try call.integer(0)
      if size < 0 || size > 1 << 24 { throw ONNXError.field("input 0", "\(size); a size would fit") }
      let type = try call.attributes.elementType("output_datatype") ?? .float
      let period = Double(try call.attributes.flag("periodic", true) ? size : size - 1)
      let elements = (0..<size).map { n in
        weights.enumerated().reduce(0) { $0 + $1.element * (size == 1 ? 1 : cos(2 * .pi * Double($1.offset * n) / period)) }
      }
      return [.tensor(TypedTensor(Tensor(elements, shape: [size]).cast(to: try type.held("attribute output_datatype")), type))]
    }
  }
}
