import Tensors

extension CSVFile {
  /// Writes a tensor of up to two axes: a line for each row, a vector's elements one to a line.
  ///
  /// Each float has the fewest digits that give it back exactly; Booleans are 0 and 1. `header` names the columns in a first line; names that
  /// look like numbers have to be announced to the reader. Whatever happens, the path then holds the old file or the new one, whole. Throws if
  /// it cannot be written; more axes, and names that are not as many as the columns, are mistakes.
  public static func write(_ tensor: Tensor, header: [String] = [], separator: Character = ",", to path: String) throws(DataError) {
    guard let separator = CSVOptions.byte(separator, "CSVFile.write") else { return }
    guard tensor.rank <= 2 else {
      return fail(TensorError("CSVFile.write", "\(tensor.shape) has \(tensor.rank) axes; up to 2 would fit"))
    }
    guard tensor.hasElements else {
      return fail(TensorError("CSVFile.write", "a tensor \(tensor.shape) that has a shape but no elements"))
    }
    let columns = tensor.rank == 2 ? tensor.shape[1] : 1
    guard header.isEmpty || header.count == columns else {
      return fail(TensorError("CSVFile.write", "\(header.count) names for \(columns) columns"))
    }
    if tensor.dtype.isComplex {
      return fail(TensorError("CSVFile.write", "a \(tensor.dtype) tensor; .real and .imag, or .viewAsReal(), would fit"))
    }
    try AtomicFile.write(to: path) { (file) throws(DataError) in
      var lines = Lines(file: file, separator: separator, columns: columns)
      if !header.isEmpty { try lines.write(header) }
      switch tensor.dtype {
      case .float32: try lines.write(tensor, Float.self) { $0.description }
      case .float64: try lines.write(tensor, Double.self) { $0.description }
      case .int32: try lines.write(tensor, Int32.self) { $0.description }
      case .int64: try lines.write(tensor, Int64.self) { $0.description }
      case .bool: try lines.write(tensor, Bool.self) { $0 ? "1" : "0" }
      case .float16, .bfloat16: try lines.write(tensor.detached.cast(to: .float32), Float.self) { $0.description }
      case .complex64, .complex128: break
      }
    }
  }

  private struct Lines {
    let file: AtomicFile
    let separator: UInt8
    let columns: Int

    mutating func write(_ names: [String]) throws(DataError) {
      let special = CSVReader.special(separator)
      let fields = names.map { name in
        let isPlain = !name.utf8.contains(where: special.contains) && name.utf8.first != 32 && name.utf8.last != 32
        return isPlain ? name : "\"\(name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\""
      }
      try file.write(fields.joined(separator: String(Unicode.Scalar(separator))) + "\n")
    }

    mutating func write<T: Scalar>(_ tensor: Tensor, _ type: T.Type, _ text: (T) -> String) throws(DataError) {
      try tensor.withElements(type) { (elements) throws(DataError) in
        var bytes: [UInt8] = []
        bytes.reserveCapacity(80 << 10)
        var column = 0
        for element in elements {
          bytes.append(contentsOf: text(element).utf8)
          column += 1
          bytes.append(column == columns ? 10 : separator)
          if column == columns { column = 0 }
          if bytes.count >= 64 << 10 {
            try file.write(bytes)
            bytes.removeAll(keepingCapacity: true)
          }
        }
        try file.write(bytes)
      }
    }
  }
}

extension CSVReader {
  /// The bytes that make a name need quotes.
  fileprivate static func special(_ separator: UInt8) -> Set<UInt8> { [separator, UInt8(ascii: "\""), 9, 10, 13] }
}
