import Foundation
import Tensors

extension TypedTensor {
  /// Reads a tensor of a file; `field` is what errors call it.
  init(_ proto: Onnx_TensorProto, _ field: String, _ external: ExternalData) throws(ONNXError) {
    let type = try ONNXElementType(code: proto.dataType, field)
    let dtype = try type.held(field)
    var shape: [Int] = []
    for size in proto.dims {
      guard size >= 0, size <= Int64(Int.max >> 4) else { throw .field(field, "axis of size \(size); 0 or more would fit") }
      shape.append(Int(size))
    }
    if shape.count > 8 { throw .field(field, "\(shape.count) axes; at most 8 would fit") }
    var (count, overflows) = (1, false)
    for size in shape where !overflows { (count, overflows) = count.multipliedReportingOverflow(by: size) }
    if overflows || count > Int.max >> 5 { throw .field(field, "a shape of \(shape), which is more than memory could hold") }
    if proto.hasSegment { throw .field(field, "stands in segments, which no writer makes; one piece would fit") }
    let source = try ElementSource(proto, type, count, field, external)
    let made: Tensor? = try Tensor(Shape(shape), dtype) { (out) throws(ONNXError) in try source.write(into: out, type, count) }
    guard let made else { throw .field(field, "\(shape) of \(type) is more than this machine's memory could hold") }
    if type.isInteger && count <= HostIntegers.most {
      self.init(made, type, host: HostIntegers(shape: shape, elements: made.cast(to: .int64).scalars(Int.self)))
    } else {
      self.init(made, type)
    }
  }
}

/// Where a tensor's elements stand: as bytes, in the file or beside it, or as numbers of the message.
private enum ElementSource {
  case bytes(Data)
  case floats([Float])
  case doubles([Double])
  case int32s([Int32])
  case int64s([Int64])
  case uint64s([UInt64])

  init(
    _ proto: Onnx_TensorProto, _ type: ONNXElementType, _ count: Int, _ field: String, _ external: ExternalData
  ) throws(ONNXError) {
    let size = (type.bitCount ?? 0) / 8
    if proto.dataLocation == .external {
      self = .bytes(try external.bytes(proto.externalData, byteCount: count * size, field))
      return
    }
    if !proto.rawData.isEmpty || count == 0 {
      guard proto.rawData.count == count * size else {
        throw .field(field, "raw_data of \(proto.rawData.count) bytes; \(count * size) would fit \(count) elements of \(type)")
      }
      self = .bytes(proto.rawData)
      return
    }
    let (name, found) = Self.place(proto, type)
    if found != count { throw .field(field, "\(found) elements in \(name); \(count) would fit the shape") }
    switch type {
    case .float: self = .floats(proto.floatData)
    case .double: self = .doubles(proto.doubleData)
    case .int64: self = .int64s(proto.int64Data)
    case .uint32, .uint64: self = .uint64s(proto.uint64Data)
    default: self = .int32s(proto.int32Data)
    }
  }

  /// The field that numbers of a type stand in, and how many there are.
  private static func place(_ proto: Onnx_TensorProto, _ type: ONNXElementType) -> (name: String, count: Int) {
    switch type {
    case .float: ("float_data", proto.floatData.count)
    case .double: ("double_data", proto.doubleData.count)
    case .int64: ("int64_data", proto.int64Data.count)
    case .uint32, .uint64: ("uint64_data", proto.uint64Data.count)
    default: ("int32_data", proto.int32Data.count)
    }
  }

  /// Writes all elements, in row-major order, as the dtype that holds the type.
  func write(into out: UnsafeMutableRawBufferPointer, _ type: ONNXElementType, _ count: Int) throws(ONNXError) {
    if count == 0 { return }
    switch self {
    case .bytes(let bytes): bytes.withUnsafeBytes { write($0, into: out, type, count) }
    case .floats(let numbers): fill(out, count) { numbers[$0] }
    case .doubles(let numbers): fill(out, count) { numbers[$0] }
    case .int64s(let numbers): fill(out, count) { numbers[$0] }
    case .uint64s(let numbers):
      fill(out, count) { Int64(truncatingIfNeeded: type == .uint32 ? UInt64(UInt32(truncatingIfNeeded: numbers[$0])) : numbers[$0]) }
    case .int32s(let numbers):
      switch type {
      case .float16: fill(out, count) { floatOfHalf(UInt16(truncatingIfNeeded: numbers[$0])) }
      case .bfloat16: fill(out, count) { Float(bitPattern: UInt32(UInt16(truncatingIfNeeded: numbers[$0])) << 16) }
      case .bool: fill(out, count) { UInt8(numbers[$0] == 0 ? 0 : 1) }
      default: fill(out, count) { Int32(truncatingIfNeeded: type.wrapped(Int(numbers[$0]))) }
      }
    }
  }

  private func write(_ bytes: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer, _ type: ONNXElementType, _ count: Int) {
    func load<T: FixedWidthInteger & BitwiseCopyable>(_ i: Int, _: T.Type) -> T {
      T(littleEndian: bytes.loadUnaligned(fromByteOffset: i * MemoryLayout<T>.size, as: T.self))
    }
    switch type {
    case .float, .int32, .double, .int64, .uint64: out.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<out.count]))
    case .uint8: fill(out, count) { Int32(bytes[$0]) }
    case .int8: fill(out, count) { Int32(Int8(bitPattern: bytes[$0])) }
    case .uint16: fill(out, count) { Int32(load($0, UInt16.self)) }
    case .int16: fill(out, count) { Int32(load($0, Int16.self)) }
    case .uint32: fill(out, count) { Int64(load($0, UInt32.self)) }
    case .bool: fill(out, count) { UInt8(bytes[$0] == 0 ? 0 : 1) }
    case .float16: fill(out, count) { floatOfHalf(load($0, UInt16.self)) }
    case .bfloat16: fill(out, count) { Float(bitPattern: UInt32(load($0, UInt16.self)) << 16) }
    default: break
    }
  }

  private func fill<Element: BitwiseCopyable>(_ out: UnsafeMutableRawBufferPointer, _ count: Int, _ element: (Int) -> Element) {
    let out = out.assumingMemoryBound(to: Element.self)
    for i in 0..<count { out[i] = element(i) }
  }
}
