import Fluxion
import Foundation

/// The tensors of a safetensors file: an 8-byte length, a JSON header of names, dtypes, shapes and places, and the elements.
struct TensorFile {
  private struct Entry {
    var dtype: DType
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
    let dtypes: [String: DType] = ["F32": .float32, "F64": .float64, "I32": .int32, "I64": .int64, "BOOL": .bool, "U8": .bool]
    for (name, entry) in header where name != "__metadata__" {
      guard let entry = entry as? [String: Any], let dtype = dtypes[entry["dtype"] as? String ?? ""], let shape = entry["shape"] as? [Int],
        let bounds = entry["data_offsets"] as? [Int], bounds.count == 2, start + bounds[1] <= data.count, bounds[0] <= bounds[1],
        bounds[1] - bounds[0] == shape.reduce(1, *) * dtype.byteCount
      else {
        throw CaseError("\(url.lastPathComponent): the header's entry for \(name) makes no sense")
      }
      entries[name] = Entry(dtype: dtype, shape: shape, bytes: start + bounds[0]..<start + bounds[1])
    }
  }

  /// A tensor by name, laid out with these strides if it is given any.
  func tensor(_ name: String, strides: [Int]? = nil) throws -> Tensor {
    guard let entry = entries[name] else { throw CaseError("no tensor named \(name)") }
    let x =
      switch entry.dtype {
      case .float32: Tensor(elements(entry, Float.self), shape: Shape(entry.shape))
      case .float64: Tensor(elements(entry, Double.self), shape: Shape(entry.shape))
      case .int32: Tensor(elements(entry, Int32.self), shape: Shape(entry.shape))
      case .int64: Tensor(elements(entry, Int64.self), shape: Shape(entry.shape))
      case .bool: Tensor(elements(entry, UInt8.self).map { $0 != 0 }, shape: Shape(entry.shape))
      }
    guard let strides, x.shape.elementCount > 0 else { return x }
    // Each element written to its place in a buffer that spans them all.
    let span = zip(entry.shape, strides).reduce(1) { $0 + ($1.0 - 1) * $1.1 }
    let places = (0..<x.shape.elementCount).map { position -> Int in
      var (rest, place) = (position, 0)
      for axis in entry.shape.indices.reversed() {
        place += rest % entry.shape[axis] * strides[axis]
        rest /= entry.shape[axis]
      }
      return place
    }
    var buffer = Tensor.zeros([span], entry.dtype)
    buffer[Tensor(places)] = x.reshaped([-1])
    return buffer.view(shape: x.shape, strides: Shape(strides), offset: 0)
  }

  private func elements<T>(_ entry: Entry, _ type: T.Type) -> [T] {
    [T](unsafeUninitializedCapacity: entry.bytes.count / MemoryLayout<T>.size) { buffer, count in
      count = data.copyBytes(to: buffer, from: entry.bytes) / MemoryLayout<T>.size
    }
  }
}
