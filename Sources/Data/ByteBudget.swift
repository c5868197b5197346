import Tensors

/// The most bytes that are read from what does not show how long it is: a compressed file, which may come to a thousand times its size, or a pipe.
///
/// 256 MiB, or 64 times the file's size where that is more, unless a caller says otherwise. A file that is not compressed is always within it.
enum ByteBudget {
  static let least = 256 << 20
  static let ratio = 64

  /// The bytes that a file of a size may come to; a mistake if fewer than none are asked for.
  static func bytes(_ maximumBytes: Int?, fileSize: Int?, _ operation: String) -> Int {
    guard let maximumBytes else {
      let (product, overflow) = (fileSize ?? 0).multipliedReportingOverflow(by: ratio)
      return max(least, overflow ? .max : product)
    }
    if maximumBytes < 0 { fail(TensorError(operation, "maximumBytes: \(maximumBytes); 0 or more would fit")) }
    return maximumBytes < 0 ? least : maximumBytes
  }
}

/// That memory for so many bytes of a file can be had.
func checkRoom(_ count: Int, file: String, field: String = "") throws(DataError) {
  do throws(TensorError) {
    try checkList(count, of: 1, "", "its bytes")
  } catch {
    throw DataError(file: file, field: field, message: error.message)
  }
}

/// A source that throws once more bytes have come than its budget allows.
final class BudgetedSource: ByteSource {
  private let source: any ByteSource
  private let file: String
  private let field: String
  /// The budget.
  let limit: Int
  private var count = 0

  init(_ source: any ByteSource, file: String, field: String, limit: Int) {
    (self.source, self.file, self.field, self.limit) = (source, file, field, limit)
  }

  var bound: Int? { source.bound }
  var isStored: Bool { false }
  var name: String { file }

  func read(into out: UnsafeMutableBufferPointer<UInt8>) throws(DataError) -> Int {
    // One byte beyond the budget shows that there are more; the rest need not be read.
    let room = limit - count < out.count ? limit - count + 1 : out.count
    let got = try source.read(into: UnsafeMutableBufferPointer(rebasing: out[..<room]))
    count += got
    if count > limit {
      throw DataError(file: file, field: field, message: "more than \(limit) bytes come out; a larger maximumBytes would allow them")
    }
    return got
  }
}

extension FileSource {
  /// The bytes as they are, or inflated if they begin as gzip files do, within a budget.
  func contents(maximumBytes: Int?, _ operation: String) throws(DataError) -> any ByteSource {
    let isCompressed = try startsWithGzipMagic()
    let limit = ByteBudget.bytes(maximumBytes, fileSize: size, operation)
    if !isCompressed && size != nil { return self }
    return BudgetedSource(
      isCompressed ? try GzipSource(self) : self, file: path, field: isCompressed ? "gzip stream" : "pipe", limit: limit)
  }
}

extension ByteSource {
  /// Why this source cannot hold so many bytes, which a header claims; nil if it can.
  func problem(claimed count: Int) -> String? {
    if let bound, bound < count {
      // Of compressed bytes only the most that they could hold is known.
      return "\(isStored ? "only" : "at most") \(bound) can follow"
    }
    if let budget = self as? BudgetedSource, budget.limit < count {
      return "at most \(budget.limit) are read here; a larger maximumBytes would allow them"
    }
    return nil
  }
}
