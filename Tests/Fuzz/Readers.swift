import Data
import FluxionONNX
import Pretrained
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// What libFuzzer runs: run.sh chooses a reader by its name, which FLUXION_FUZZ holds. A reader may throw a DataError, and nothing else.

private typealias Reader = @Sendable ([UInt8]) throws(DataError) -> Void

/// One row a reader: it opens the bytes as a file and reads all that is in it.
///
/// Its seeds lie in Corpus, in the folder of its name.
private let readers: [String: Reader] = [
  "idx": { bytes throws(DataError) in
    let file = try IDXFile(bytes: bytes)
    expect(file.tensor, file.shape, file.elementType.dtype)
  },
  // The magic number is given: without it the bytes would be read as they are.
  "gzip": { bytes throws(DataError) in
    let file = try IDXFile(bytes: [0x1F, 0x8B] + bytes)
    expect(file.tensor, file.shape, file.elementType.dtype)
  },
  "safetensors": { bytes throws(DataError) in
    let file = try SafetensorsFile(bytes: bytes)
    let start = file.entries.map(\.byteRange.lowerBound).min() ?? bytes.count
    expect(file.entries.reduce(start) { $0 + $1.byteRange.count } == bytes.count, "the tensors fill the file")
    try readAll(file) { (name) throws(DataError) in try file.tensor(name) }
  },
  "npy": { bytes throws(DataError) in
    let file = try NPYFile(bytes: bytes)
    expect(file.tensor, file.tensor.shape, file.elementType.dtype)
  },
  "npz": { bytes throws(DataError) in
    let file = try NPZFile(bytes: bytes)
    try readAll(file) { (name) throws(DataError) in try file.tensor(name) }
  },
  // The first byte chooses the dtype, and what an empty field is.
  "csv": { bytes throws(DataError) in
    let choice = Int(bytes.first ?? 0)
    let dtype = DType.allCases[choice % DType.allCases.count]
    let file = try CSVFile(bytes: Array(bytes.dropFirst()), dtype: dtype, missing: choice & 64 == 0 ? nil : 0)
    expect(file.tensor, file.tensor.shape, dtype)
    expect(file.tensor.rank == 2 && file.columnNames?.count ?? file.tensor.shape[1] == file.tensor.shape[1], "a name for each column")
  },
  // The first byte tells whether the first line has names.
  "table": { bytes throws(DataError) in
    let table = try Table(bytes: Array(bytes.dropFirst()), hasHeader: (bytes.first ?? 0) & 1 == 0)
    expect(table.columns.allSatisfy { $0.count == table.rowCount && $0.texts.count == table.rowCount }, "columns are equally long")
    expect(Set(table.columnNames).count == table.columns.count, "names are unique")
  },
  "encoder": { bytes throws(DataError) in
    let encoder = try TableEncoder(bytes: bytes)
    expect(encoder.numberColumns.count == encoder.fillValues.count && encoder.fillValues.allSatisfy(\.isFinite), "a number for each column")
  },
  // The graph is built, with its weights, and the table of operators is made; nothing is run.
  "onnx": { bytes throws(DataError) in
    do throws(ONNXError) {
      let model = try ONNXModel(bytes: bytes, name: "bytes")
      expect(Set(model.parameters.map { Array($0.name.utf8) }).count == model.parameters.count, "names are unique")
      for parameter in model.parameters { keep(parameter.value.withBytes { $0.reduce(0 as UInt8, &+) } ?? 0) }
    } catch {
      throw DataError(file: error.file, field: error.node, message: error.message)
    }
  },
  // A tokenizer.json, which then writes a text as ids and reads them back.
  "tokenizer": { bytes throws(DataError) in
    try refusing {
      let tokenizer = try Tokenizer(json: bytes)
      let text = "The LORD is my shepherd; I shall not want. 23:1 Ä\u{308}\u{FB01}\u{1F411}  \n"
      let encoding = try tokenizer.encode(text, pair: "a b")
      expect(encoding.ids.count == encoding.tokens.count && encoding.ids.count == encoding.offsets.count, "a token and a place for each id")
      keep(try tokenizer.decode(encoding.ids).utf8.reduce(0, &+))
    }
  },
  // A template of conversations, with a short one.
  "template": { bytes throws(DataError) in
    try refusing {
      let template = ChatTemplate(source: String(decoding: bytes, as: UTF8.self))
      let messages = [ChatMessage(role: "user", content: "Who is my shepherd?"), ChatMessage(role: "assistant", content: "")]
      keep(try template.render(messages, values: ["bos_token": .string("<s>"), "tools": .list([])]).utf8.reduce(0, &+))
    }
  },
  "png": picture([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]),
  "jpeg": picture([0xFF, 0xD8, 0xFF]),
]

/// Any error that says what is wrong is a refusal.
private func refusing(_ body: () throws -> Void) throws(DataError) {
  do {
    try body()
  } catch let error as DataError {
    throw error
  } catch {
    throw DataError(file: "bytes", message: "\(error)")
  }
}

/// Pictures of a kind, whose first bytes are given.
private func picture(_ magic: [UInt8]) -> Reader {
  { bytes throws(DataError) in
    let image = try Tensor(imageBytes: magic + bytes, maximumBytes: 1 << 20)
    expect(image.rank == 3 && 1...4 ~= image.shape[0] && image.elementCount <= 1 << 18, "an image is within its bound")
    expect(image, image.shape, .float32)
  }
}

/// Reads every tensor; what has been opened may still hold elements that cannot be read.
private func readAll(_ file: some NamedTensors, _ tensor: (String) throws(DataError) -> Tensor) throws(DataError) {
  // By their bytes: two that Swift takes for equal may be two.
  expect(Set(file.names.map { Array($0.utf8) }).count == file.names.count, "names are unique")
  var error: DataError?
  for name in file.names {
    guard let outline = file.outline(name) else { fatalError("\(name) has no outline") }
    do throws(DataError) { expect(try tensor(name), outline.shape, outline.dtype) } catch let caught { error = caught }
  }
  if let error { throw error }
}

/// Stops the process, which is what libFuzzer takes for a crash.
private func expect(_ condition: Bool, _ what: String) {
  if !condition { fatalError(what) }
}

private func expect(_ tensor: Tensor, _ shape: Shape, _ dtype: DType) {
  expect(tensor.shape == shape && tensor.dtype == dtype, "the tensor is as its header says")
  let sum = tensor.withBytes { bytes in
    // A Boolean of another byte would be neither true nor false.
    expect(dtype != .bool || bytes.allSatisfy { $0 <= 1 }, "Booleans are 0 or 1")
    return bytes.reduce(0 as UInt8, &+)
  }
  keep(sum ?? 0)
}

/// What is handed to it has to be computed: every element is read.
@inline(never) @_optimize(none)
private func keep(_ sum: UInt8) {}

private let reader: Reader = {
  Memory.cacheLimit = 0
  let name = getenv("FLUXION_FUZZ").map { String(cString: $0) } ?? ""
  guard let reader = readers[name] else {
    fatalError("FLUXION_FUZZ is \"\(name)\"; \(readers.keys.sorted().joined(separator: ", ")) would fit")
  }
  return reader
}()

/// Reads the bytes by the reader that was chosen.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  do throws(DataError) {
    try reader(Array(UnsafeBufferPointer(start: start, count: count)))
  } catch {
    // The sentence has to be there, and to stay one of a size to be read.
    expect(!error.message.isEmpty && error.description.utf8.count < 2000, error.description)
  }
  return 0
}
