import Fluxion
import Foundation

/// The tensors of a safetensors file: an 8-byte length, a JSON header of names, dtypes, shapes and places, and the elements.
struct TensorFile {
  private struct Entry {
    /// The code of the dtype, which Fluxion need not have: that is for the cases to see that read the tensor.
    var code: String
    var shape: [Int]
    var bytes: Range<Int>
  }

  private let data: Data
  private var entries: [String: Entry] = [:]

  init(_ url: URL) throws {
    data = try Data(contentsOf: url)
    guard data.count >= 8 else { throw CaseError("\(url.lastPathComponent): too short for a header") }
    let length = data.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    guard length <= data.count - 8 else { throw CaseError("\(url.lastPathComponent): a header of \(length) bytes does not fit") }
    let start = 8 + length
    let header = try JSONSerialization.jsonObject(with: data[8..<start]) as? [String: Any] ?? [:]
    for (name, entry) in header where name != "__metadata__" {
      guard let entry = entry as? [String: Any], let code = entry["dtype"] as? String, let shape = entry["shape"] as? [Int],
        let bounds = entry["data_offsets"] as? [Int], bounds.count == 2, start + bounds[1] <= data.count, 0 <= bounds[0],
        bounds[0] <= bounds[1]
      else {
        throw CaseError("\(url.lastPathComponent): the header's entry for \(name) makes no sense")
      }
      entries[name] = Entry(code: code, shape: shape, bytes: start + bounds[0]..<start + bounds[1])
    }
  }

  /// A tensor by name, of pairs that are complex numbers if told so, laid out with these strides if it is given any.
  func tensor(_ name: String, strides: [Int]? = nil, isComplex: Bool = false) throws -> Tensor {
    guard let entry = entries[name] else { throw CaseError("no tensor named \(name)") }
    var dtype = try ElementType.stored(entry.code)
    guard entry.bytes.count == entry.shape.reduce(1, *) * dtype.byteCount else {
      throw CaseError("the header's entry for \(name) makes no sense")
    }
    let shape = Shape(entry.shape)
    var x: Tensor
    switch dtype {
    case .float32: x = Tensor(elements(entry, Float.self), shape: shape)
    case .float64: x = Tensor(elements(entry, Double.self), shape: shape)
    case .int32: x = Tensor(elements(entry, Int32.self), shape: shape)
    case .int64: x = Tensor(elements(entry, Int64.self), shape: shape)
    case .float16: x = Tensor(elements(entry, Float16.self), shape: shape)
    case .bfloat16: x = Tensor(elements(entry, BFloat16.self), shape: shape)
    case .bool:
      let bytes = elements(entry, UInt8.self)
      // PyTorch's older masks are bytes of 0 and 1; of other bytes a bool would be another tensor.
      if bytes.contains(where: { $0 > 1 }) { throw Refusal(ElementType.bytes) }
      x = Tensor(bytes.map { $0 != 0 }, shape: shape)
    case .complex64, .complex128: throw CaseError("\(name) is \(dtype) in the file, and not pairs of numbers")
    }
    var sizes = entry.shape
    if isComplex {
      if x.dtype == .float16 || x.dtype == .bfloat16 { throw Refusal("complex numbers of 16-bit floats") }
      x = x.viewAsComplex()
      dtype = x.dtype
      sizes.removeLast()
    }
    guard let strides, x.shape.elementCount > 0 else { return x }
    // Each element written to its place in a buffer that spans them all.
    let span = zip(sizes, strides).reduce(1) { $0 + ($1.0 - 1) * $1.1 }
    let places = (0..<x.shape.elementCount).map { position -> Int in
      var (rest, place) = (position, 0)
      for axis in sizes.indices.reversed() {
        place += rest % sizes[axis] * strides[axis]
        rest /= sizes[axis]
      }
      return place
    }
    var buffer = Tensor.zeros([span], dtype)
    buffer[Tensor(places)] = x.reshaped([-1])
    return buffer.view(shape: x.shape, strides: Shape(strides), offset: 0)
  }

  private func elements<T>(_ entry: Entry, _ type: T.Type) -> [T] {
    [T](unsafeUninitializedCapacity: entry.bytes.count / MemoryLayout<T>.size) { buffer, count in
      count = data.copyBytes(to: buffer, from: entry.bytes) / MemoryLayout<T>.size
    }
  }
}
