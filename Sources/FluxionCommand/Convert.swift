import ArgumentParser
import Data
import Fluxion
import Foundation
import Tensors

/// `fluxion convert A B`: the same tensors in another format.
struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes a file's tensors in the format of another file's ending.",
    discussion: """
      B ends in .safetensors, .npz, .npy, .csv or .tsv. Halves become float32, small integers int32, as they are read. The tensor of a file \
      that has one is called after the file. Metadata is kept where B has a place for it.
      """)

  @Argument(help: "The file to read.")
  var a: String

  @Argument(help: "The file to write.")
  var b: String

  @Option(help: ArgumentHelp("Only the tensor of this name.", valueName: "name"))
  var tensor: String?

  @Option(help: "The dtype of all tensors written: float32, float64, float16, bfloat16, complex64, complex128, int32, int64 or bool.")
  var dtype: DType?

  @Flag(help: "Deflate the arrays of an .npz file.")
  var compressed = false

  @OptionGroup var limits: Limits

  func run() throws {
    let notes = try conversion(
      a, to: b, only: tensor, dtype: dtype, compressed: compressed, maximumBytes: limits.maximumBytes)
    for note in notes {
      FileHandle.standardError.write(Data("fluxion: \(note)\n".utf8))
    }
  }
}

extension DType: ExpressibleByArgument {
  /// A dtype by its name.
  public init?(argument: String) {
    guard let dtype = DType.allCases.first(where: { $0.description == argument }) else { return nil }
    self = dtype
  }
}

/// Writes the tensors of one file as another; gives what had to be left out, a sentence each.
func conversion(
  _ a: String, to b: String, only name: String? = nil, dtype: DType? = nil, compressed: Bool = false, maximumBytes: Int? = nil
) throws -> [String] {
  guard let format = FileFormat(endingOf: b), format != .idx, !b.hasSuffix(".gz") else {
    throw ToolError("\(b): an ending .safetensors, .npz, .npy, .csv or .tsv would tell how to write it")
  }
  let file = try TensorFile(a, dtype: dtype, maximumBytes: maximumBytes)
  var tensors: [(name: String, value: Tensor)] = []
  var names = file.contents.names
  if let name {
    guard names.contains(where: { ByteName($0) == ByteName(name) }) else {
      let known = names.prefix(20).map { oneLine($0) }.joined(separator: ", ")
      throw ToolError(
        "\(a) has no tensor \(oneLine(name)); there \(names.count == 1 ? "is" : "are") \(known)\(names.count > 20 ? ", …" : "")")
    }
    names = [name]
  }
  let holdsOne = format == .npy || format == .csv
  if holdsOne && names.count != 1 {
    throw ToolError("\(a) has \(names.count) tensors, and \(b) holds one; --tensor NAME chooses it")
  }
  for name in names {
    let value = try file.contents.tensor(name)
    tensors.append((name, dtype.map { value.cast(to: $0) } ?? value))
  }

  var notes: [String] = []
  if !file.contents.metadata.isEmpty && format != .safetensors {
    let count = file.contents.metadata.count
    notes.append("\(b) has no place for metadata: \(count) \(count == 1 ? "text is" : "texts are") left out")
  }
  switch format {
  case .safetensors: try SafetensorsFile.write(tensors, metadata: file.contents.metadata, to: b)
  case .npz: try NPZFile.write(tensors, compressed: compressed, to: b)
  case .npy: try NPYFile.write(tensors[0].value, to: b)
  case .csv, .idx:
    let value = tensors[0].value
    if value.rank > 2 { throw ToolError("\(oneLine(names[0])) is \(value.shape); a table has up to 2 axes") }
    let header = value.rank == 2 && file.columnNames?.count == value.shape[1] ? file.columnNames ?? [] : []
    try CSVFile.write(value, header: header, separator: b.hasSuffix(".tsv") ? "\t" : ",", to: b)
  }
  return notes
}
