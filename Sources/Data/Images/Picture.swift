import CImages
import Tensors

/// The kinds of picture that are read and written.
enum PictureFormat: String, CaseIterable {
  case png, jpeg

  /// By a file's ending; nil for others.
  init?(endingOf path: String) {
    guard let dot = path.lastIndex(of: "."), !path[dot...].contains("/") else { return nil }
    switch path[path.index(after: dot)...].lowercased() {
    case "png": self = .png
    case "jpg", "jpeg": self = .jpeg
    default: return nil
    }
  }

  /// By a file's first bytes.
  init?(_ bytes: [UInt8]) {
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else {
      return nil
    }
  }

  /// What other pictures begin with, so that an error can say what a file is.
  static func name(of bytes: [UInt8]) -> String? {
    let known: [(String, [UInt8])] = [
      ("GIF", Array("GIF8".utf8)), ("BMP", Array("BM".utf8)), ("TIFF", [0x49, 0x49, 0x2A, 0]), ("TIFF", [0x4D, 0x4D, 0, 0x2A]),
      ("PDF", Array("%PDF".utf8)), ("SVG or XML", Array("<".utf8)),
    ]
    if bytes.count > 12, bytes.starts(with: Array("RIFF".utf8)), bytes[8..<12].elementsEqual("WEBP".utf8) { return "WebP" }
    if bytes.count > 12, bytes[4..<8].elementsEqual("ftyp".utf8) { return "HEIF or AVIF" }
    return known.first { bytes.starts(with: $0.1) }?.0
  }
}

/// Reads one picture into planes of floats.
struct PictureReader {
  let bytes: [UInt8]
  let file: String
  let maximumBytes: Int

  func tensor(_ channels: ImageChannels?, appliesOrientation: Bool) throws(DataError) -> Tensor {
    guard let format = PictureFormat(bytes) else {
      let what = bytes.isEmpty ? "is empty" : PictureFormat.name(of: bytes).map { "is \($0)" } ?? "begins with \(hex(bytes.prefix(8)))"
      throw DataError(file: file, message: "\(what); PNG or JPEG would fit")
    }
    var picture = fx_picture()
    try run(format, &picture) { $0 == .png ? fx_png_header($1, $2, $3) : fx_jpeg_header($1, $2, $3) }
    let (height, width) = (Int(picture.height), Int(picture.width))
    let planes = channels?.rawValue ?? Int(picture.channels)
    // What is decoded, what lies in memory on the way, and the result are all within this bound.
    let size = height.saturatingTimes(width).saturatingTimes(4 * max(planes, Int(picture.channels)))
    let shape: Shape = [planes, height, width]
    guard size <= maximumBytes, shape.fitsMemory(.float32) else {
      throw DataError(
        file: file, field: "\(format.rawValue) header",
        message:
          "\(width) by \(height) pixels of \(picture.channels) channels take \(size) bytes; at most \(maximumBytes) are read here, and a larger "
          + "maximumBytes would allow more")
    }
    let pixelBytes = height * width * Int(picture.channels) * Int(picture.bits) / 8
    try checkRoom(pixelBytes, file: file)
    let pixels = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(1, pixelBytes))
    defer { pixels.deallocate() }
    // Of an interlaced picture no byte is left as it was found.
    pixels.initialize(repeating: 0)
    try run(format, &picture) {
      $0 == .png ? fx_png_read($1, $2, $3, pixels.baseAddress!) : fx_jpeg_read($1, $2, $3, pixels.baseAddress!)
    }
    let orientation = appliesOrientation ? picture.orientation : 1
    let tensor = Tensor(orientation >= 5 ? [planes, width, height] : shape, .float32) { out in
      fx_picture_floats(&picture, pixels.baseAddress!, orientation, Int32(planes), out.baseAddress!.assumingMemoryBound(to: Float.self))
    }
    guard let tensor else { throw DataError(file: file, message: "\(shape) is more than memory could hold") }
    return tensor
  }

  private func run(
    _ format: PictureFormat, _ picture: inout fx_picture,
    _ body: (PictureFormat, UnsafePointer<UInt8>, Int, UnsafeMutablePointer<fx_picture>) -> Int32
  ) throws(DataError) {
    let isRead = bytes.withUnsafeBufferPointer { body(format, $0.baseAddress!, $0.count, &picture) } != 0
    if !isRead { throw DataError(file: file, field: "\(format.rawValue) data", message: Self.message(picture)) }
  }

  static func message(_ picture: fx_picture) -> String {
    let text = withUnsafeBytes(of: picture.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    return text.isEmpty ? "cannot be decoded" : JSONReader.printed(text)
  }
}
