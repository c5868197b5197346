/// Something that came from outside and is not what it should be: which file, which field of it, where, and what would fit.
///
///     train-images-idx3-ubyte.gz: dimension 1 at offset 8: 32; images of digits are 28 by 28
public struct DataError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file's path, as it was given.
  public var file: String
  /// The part of the file: `rank`, `dimension 1`, `elements`; empty where it is the file as a whole.
  public var field: String
  /// Where the field begins, in bytes: of the contents, or of the file itself where `field` is `gzip stream`.
  public var offset: Int?
  /// What is wrong and what would fit.
  public var message: String

  /// An error about a field of a file, or without one about the file as a whole.
  public init(file: String, field: String = "", offset: Int? = nil, message: String) {
    self.file = file
    self.field = field
    self.offset = offset
    self.message = message
  }

  /// The whole sentence.
  public var description: String {
    let place = offset.map { "\(field) at offset \($0)" } ?? field
    return place.isEmpty ? "\(file): \(message)" : "\(file): \(place): \(message)"
  }
}
