import ArgumentParser
import Fluxion
import Foundation
import Tensors

/// `fluxion inspect FILE`: what is in a file.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows the tensors of a file: names, shapes, types, sizes and statistics.",
    discussion: """
      Least, largest, mean and standard deviation are of the finite elements; a tensor with NaN or infinite elements is marked with !. \
      The bytes are those in the file, of a table those in memory.
      """)

  @Argument(help: "A file of tensors.")
  var file: String

  @Flag(help: "Print JSON.")
  var json = false

  @Flag(help: "Show all metadata, whole.")
  var metadata = false

  @OptionGroup var limits: Limits

  func run() throws {
    let report = try InspectionReport(TensorFile(file, maximumBytes: limits.maximumBytes))
    print(json ? try report.json() : report.text(allMetadata: metadata))
  }
}

/// What is in a file.
struct InspectionReport: Encodable {
  struct Entry: Encodable {
    var name: String
    var shape: [Int]
    /// That of the tensor as it is read; the file may store its elements in another type.
    var dtype: String
    var storedType: String
    var bytes: Int
    /// Nil for what cannot be read.
    var statistics: Statistics?
    /// Why not.
    var problem: String?
  }

  var file: String
  var format: String
  var tensors: [Entry] = []
  var columnNames: [String]?
  var metadata: [String: String]
  /// The elements of all tensors.
  var parameters = 0
  /// The bytes of all tensors.
  var bytes = 0

  init(_ opened: TensorFile) {
    (file, format, metadata, columnNames) = (opened.path, opened.format.rawValue, opened.contents.metadata, opened.columnNames)
    for name in opened.contents.names {
      guard let outline = opened.contents.outline(name), let stored = opened.stored[ByteName(name)] else { continue }
      var entry = Entry(
        name: name, shape: Array(outline.shape), dtype: outline.dtype.description, storedType: stored.type, bytes: stored.byteCount)
      // One that cannot be read is no reason not to show the others.
      do { entry.statistics = Statistics(try opened.contents.tensor(name)) } catch { entry.problem = "\(error)" }
      tensors.append(entry)
      parameters += outline.shape.elementCount
      bytes += stored.byteCount
    }
  }

  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  func text(allMetadata: Bool = false) -> String {
    let count = "\(tensors.count) \(tensors.count == 1 ? "tensor" : "tensors")"
    var lines = ["\(file): \(format), \(count), \(grouped(parameters)) parameters, \(grouped(bytes)) bytes"]
    var table = TextTable(["", "name", "shape", "type", "bytes", "min", "max", "mean", "std", "zeros", ""], left: [0, 1, 2, 3, 10])
    for entry in tensors { table.add(row(entry)) }
    if !tensors.isEmpty { lines += [""] + table.lines }
    if let columnNames { lines += ["", "columns: " + columnNames.map { oneLine($0) }.joined(separator: ", ")] }
    if !metadata.isEmpty { lines += [""] + metadataLines(all: allMetadata) }
    let marked = tensors.filter { $0.statistics?.isFinite == false }.map { oneLine($0.name) }
    if !marked.isEmpty { lines += ["", "! not finite: \(marked.joined(separator: ", "))"] }
    for entry in tensors where entry.problem != nil { lines.append("! cannot be read: \(entry.problem ?? "")") }
    return lines.joined(separator: "\n")
  }

  private func row(_ entry: Entry) -> [String] {
    let type = entry.storedType == entry.dtype ? entry.dtype : "\(entry.storedType) as \(entry.dtype)"
    let start = [oneLine(entry.name), "\(Shape(entry.shape))", type, grouped(entry.bytes)]
    guard let statistics = entry.statistics else { return ["!"] + start + ["", "", "", "", "", "cannot be read"] }
    func text(_ value: Double?) -> String { value.map { brief($0) } ?? "" }
    var notes: [String] = []
    if statistics.nan > 0 { notes.append("\(grouped(statistics.nan)) NaN") }
    if statistics.infinite > 0 { notes.append("\(grouped(statistics.infinite)) infinite") }
    return [statistics.isFinite ? "" : "!"] + start + [
      statistics.minimum?.description ?? "", statistics.maximum?.description ?? "", text(statistics.mean),
      text(statistics.standardDeviation),
      grouped(statistics.zeros), notes.joined(separator: ", "),
    ]
  }

  /// A checkpoint has many texts, some of them long: the first ones, cut, say what it is.
  private func metadataLines(all: Bool) -> [String] {
    let most = all ? Int.max : 20
    var table = TextTable(["metadata", ""], left: [0, 1])
    let entries = metadata.sorted { $0.key < $1.key }
    for (key, value) in entries.prefix(most) {
      table.add(["  " + oneLine(key, atMost: all ? .max : 60), oneLine(value, atMost: all ? .max : 60)])
    }
    let rest = entries.count - most
    return table.lines + (rest > 0 ? ["  … and \(rest) more; --metadata shows them"] : [])
  }
}
