import Data
import Fluxion
import Tensors

/// A file of tensors of any kind, opened.
struct TensorFile {
  let path: String
  let format: FileFormat
  let contents: any NamedTensors
  /// How the file stores the tensors, by their names, and the bytes that each takes in it.
  let stored: [ByteName: (type: String, byteCount: Int)]
  /// The columns' names of a table that has them.
  var columnNames: [String]?

  /// Whether the tensors have names in the file; the only one of the others is called after the file.
  var isNamed: Bool { format == .safetensors || format == .npz }

  /// Opens a file; a table's numbers are read as `dtype`, and a compressed file or a pipe may come to `maximumBytes`.
  init(_ path: String, dtype: DType? = nil, maximumBytes: Int? = nil) throws(DataError) {
    self.path = path
    // Opened once, as the bytes of a pipe come once.
    let opened = try FileSource(path)
    format = try FileFormat(opened)
    let name = Self.stem(path)
    switch format {
    case .safetensors:
      let file = try SafetensorsFile(path)
      contents = file
      stored = Dictionary(uniqueKeysWithValues: file.entries.map { (ByteName($0.name), ("\($0.elementType)", $0.byteRange.count)) })
    case .npz:
      let file = try NPZFile(path, maximumBytes: maximumBytes)
      contents = file
      stored = Dictionary(uniqueKeysWithValues: file.entries.map { (ByteName($0.name), ("\($0.elementType)", $0.byteCount)) })
    case .npy:
      let file = try NPYFile(opened, maximumBytes: maximumBytes)
      contents = OneTensor(name: name, value: file.tensor, source: path)
      stored = [ByteName(name): ("\(file.elementType)", file.tensor.elementCount * file.elementType.byteCount)]
    case .csv:
      let file = try CSVFile(
        opened, dtype: dtype ?? .float32, separator: path.hasSuffix(".tsv") ? "\t" : nil, maximumBytes: maximumBytes)
      contents = OneTensor(name: name, value: file.tensor, source: path)
      columnNames = file.columnNames
      stored = [ByteName(name): ("text", file.tensor.elementCount * file.tensor.dtype.byteCount)]
    case .idx:
      let file = try IDXFile(opened, maximumBytes: maximumBytes)
      contents = OneTensor(name: name, value: file.tensor, source: path)
      stored = [ByteName(name): ("\(file.elementType)", file.shape.elementCount * file.elementType.byteCount)]
    }
  }

  /// A file's name without folder and endings: `x` of `data/x.csv.gz`.
  static func stem(_ path: String) -> String {
    let name = path.split(separator: "/").last ?? ""
    let stem = name.split(separator: ".").first.map(String.init) ?? ""
    return stem.isEmpty ? "tensor" : stem
  }
}

/// The tensor of a file that has one.
private struct OneTensor: NamedTensors {
  let name: String
  let value: Tensor
  let source: String

  var names: [String] { [name] }
  var metadata: [String: String] { [:] }

  func outline(_ name: String) -> (shape: Shape, dtype: DType)? { name == self.name ? (value.shape, value.dtype) : nil }

  func tensor(_ name: String) throws -> Tensor {
    if name == self.name { return value }
    throw ToolError("\(source) has no tensor \(name)")
  }
}
