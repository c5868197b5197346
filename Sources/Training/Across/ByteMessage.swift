import Data
import Models
import Tensors

/// Numbers, texts and tensors as bytes, for another process of the same program.
package struct ByteWriter {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  package mutating func int(_ value: Int) { withUnsafeBytes(of: Int64(value).littleEndian) { bytes.append(contentsOf: $0) } }
  package mutating func double(_ value: Double) {
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }
  package mutating func text(_ value: String) {
    int(value.utf8.count)
    bytes.append(contentsOf: value.utf8)
  }
  package mutating func tensor(_ x: Tensor) {
    int(Int(x.dtype.rawValue))
    int(x.rank)
    for size in x.shape { int(size) }
    _ = x.withBytes { bytes.append(contentsOf: $0) }
  }
  package mutating func list<T>(_ list: [T], _ body: (T, inout ByteWriter) -> Void) {
    int(list.count)
    for element in list { body(element, &self) }
  }
  /// What a visitor has found.
  package mutating func state(_ visitor: StateVisitor) {
    list(visitor.tensors) { entry, writer in
      writer.text(entry.name)
      writer.tensor(entry.value)
    }
    list(visitor.values.sorted { $0.key < $1.key }) { entry, writer in
      writer.text(entry.key)
      writer.text(entry.value)
    }
  }
}

/// Reads what a ``ByteWriter`` has written.
package struct ByteReader {
  private let bytes: [UInt8]
  private var position = 0

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// A message of another process that is not what this one expects.
  package struct Malformed: Error, CustomStringConvertible {
    package var description: String { "a message from another process is not what was expected; all have to run the same program" }
  }

  private mutating func take(_ count: Int) throws(Malformed) -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.count - position else { throw Malformed() }
    defer { position += count }
    return bytes[position..<position + count]
  }
  package mutating func int() throws(Malformed) -> Int {
    Int(truncatingIfNeeded: try take(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }
  package mutating func double() throws(Malformed) -> Double {
    Double(bitPattern: try take(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }
  package mutating func text() throws(Malformed) -> String { String(decoding: try take(try int()), as: UTF8.self) }
  package mutating func tensor() throws(Malformed) -> Tensor {
    guard let dtype = DType(rawValue: UInt8(truncatingIfNeeded: try int())) else { throw Malformed() }
    let rank = try int()
    guard 0...Shape.maximumRank ~= rank else { throw Malformed() }
    var sizes: [Int] = []
    for _ in 0..<rank { sizes.append(try int()) }
    let shape = Shape(sizes)
    guard shape.fitsMemory(dtype) else { throw Malformed() }
    let elements = try take(shape.elementCount * dtype.byteCount)
    guard let x = Tensor(shape, dtype, filling: { $0.copyBytes(from: elements) }) else { throw Malformed() }
    return x
  }
  package mutating func list<T>(_ body: (inout ByteReader) throws -> T) throws -> [T] {
    let count = try int()
    guard 0...bytes.count ~= count else { throw Malformed() }
    var list: [T] = []
    for _ in 0..<count { list.append(try body(&self)) }
    return list
  }
  /// What a visitor has found, to be restored from.
  package mutating func state() throws -> InMemoryTensors {
    let tensors = try list { reader in (name: try reader.text(), value: try reader.tensor()) }
    let values = try list { reader in (try reader.text(), try reader.text()) }
    return InMemoryTensors(tensors, metadata: Dictionary(values) { $1 }, source: "process 0")
  }
}
