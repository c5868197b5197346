import CImages
import Tensors

/// The channels that an image is read with.
public enum ImageChannels: Int, Sendable, CaseIterable {
  /// One: 0.299 R + 0.587 G + 0.114 B of colours.
  case gray = 1
  /// Gray, and how opaque.
  case grayAlpha = 2
  /// Red, green and blue; of gray images the same three times.
  case rgb = 3
  /// Red, green, blue, and how opaque: 1 where the image says nothing.
  case rgba = 4
}

extension Tensor {
  /// Reads a PNG or JPEG: float32 [channels, height, width], 0 to 1.
  ///
  ///     let photo = try Tensor(imageAt: "photo.jpg", channels: .rgb)     // [3, 480, 640]
  ///
  /// The levels are divided by 255, or 65535 of 16 bits; there is no other conversion of colours. Palettes become RGB, transparent colours alpha, CMYK (inverted, as
  /// Adobe writes it) RGB. The contents tell the format, and not the file's ending. PyTorch: torchvision's `decode_image`, divided by 255.
  ///
  /// - Parameters:
  ///   - channels: What to convert to; alpha is left out or added. The file's own unless told.
  ///   - appliesOrientation: Turns the image upright as its EXIF data say, which cameras write.
  ///   - maximumBytes: The most bytes that an image may take as float32: 256 MiB, or 64 times the file's size where that is more, unless told.
  ///
  /// Throws, with the file, if it is no such image, damaged, cut short, too large, or cannot be read.
  public init(
    imageAt path: String, channels: ImageChannels? = nil, appliesOrientation: Bool = true, maximumBytes: Int? = nil
  ) throws(DataError) {
    let file = try FileSource(path)
    try self.init(file, channels, appliesOrientation, maximumBytes)
  }

  /// A PNG or JPEG file's contents, in memory; errors call it `name`.
  public init(
    imageBytes bytes: [UInt8], name: String = "bytes", channels: ImageChannels? = nil, appliesOrientation: Bool = true,
    maximumBytes: Int? = nil
  ) throws(DataError) {
    try self.init(FileSource(bytes: bytes, name: name), channels, appliesOrientation, maximumBytes)
  }

  private init(_ file: FileSource, _ channels: ImageChannels?, _ appliesOrientation: Bool, _ maximumBytes: Int?) throws(DataError) {
    let limit = ByteBudget.bytes(maximumBytes, fileSize: file.size, "Tensor(imageAt:)")
    // Before all of it is read: a device may have no end.
    let head = try file.peek(16)
    if PictureFormat(head) == nil {
      self = try PictureReader(bytes: head, file: file.path, maximumBytes: limit).tensor(channels, appliesOrientation: appliesOrientation)
      return
    }
    let source: any ByteSource = file.size == nil ? BudgetedSource(file, file: file.path, field: "pipe", limit: limit) : file
    let bytes = try source.bytes(.max)
    self = try PictureReader(bytes: bytes, file: file.path, maximumBytes: limit).tensor(channels, appliesOrientation: appliesOrientation)
  }

  /// Writes an image of values 0 to 1, [channels, height, width] or [height, width], as PNG or JPEG by the path's ending.
  ///
  ///     try image.writeImage(to: "sample.png")
  ///     try photo.writeImage(to: "photo.jpg", quality: 95)
  ///
  /// Values are held within 0...1 and rounded to the nearest level; NaN is 0. PNG takes 1 to 4 channels (gray, gray and alpha, RGB, RGBA), JPEG 1 or 3. Whatever
  /// happens, the path then holds the old file or the new one, whole. Throws if it cannot be written; other shapes and endings are mistakes. PyTorch: torchvision's
  /// `save_image`.
  ///
  /// - Parameters:
  ///   - quality: Of a JPEG, 1 to 100.
  ///   - bits: Of a level in a PNG: 8 or 16.
  public func writeImage(to path: String, quality: Int = 90, bits: Int = 8) throws(DataError) {
    func refuse(_ message: String) { fail(TensorError("writeImage", message)) }
    guard let format = PictureFormat(endingOf: path) else {
      return refuse("the path \(readable(path)); the ending .png, .jpg or .jpeg would fit")
    }
    let most = format == .png ? 4 : 3
    let image = rank == 2 ? unsqueezed(axis: 0) : self
    guard dtype.isFloatingPoint, image.rank == 3, 1...most ~= image.shape[0], format == .png || image.shape[0] != 2,
      1...(1 << 31 - 1) ~= image.shape[1], 1...(1 << 31 - 1) ~= image.shape[2]
    else {
      let channels = format == .png ? "1 to 4 channels" : "1 or 3 channels"
      return refuse(
        "\(dtype) \(shape) as \(format.rawValue); floats [channels, height, width] with \(channels), or [height, width], would fit")
    }
    if format == .jpeg && Swift.max(image.shape[1], image.shape[2]) > 65_500 {
      return refuse("\(shape) as jpeg, which has 65500 pixels a side at most")
    }
    if !(1...100).contains(quality) { return refuse("a quality of \(quality); 1 to 100 would fit") }
    if bits != 8 && !(bits == 16 && format == .png) {
      return refuse("\(bits) bits for \(format.rawValue); 8\(format == .png ? " or 16" : "") would fit")
    }
    guard image.hasElements else { return refuse("a tensor \(shape) that has a shape but no elements") }
    try image.withEncoded(format, quality: quality, bits: bits, file: path) { (bytes) throws(DataError) in
      try AtomicFile.write(to: path) { (file) throws(DataError) in try file.write(bytes) }
    }
  }

  /// An image [height, width] or [channels, height, width] of 1 to 4 channels as a PNG file's bytes, for pictures inside other files.
  package func pngBytes() throws(DataError) -> [UInt8] {
    var all: [UInt8] = []
    try (rank == 2 ? unsqueezed(axis: 0) : self).withEncoded(.png, quality: 90, bits: 8, file: "PNG") { bytes in all = Array(bytes) }
    return all
  }

  /// Encodes an image [channels, height, width] that the format can have, unless there was a mistake; an error names `file`.
  private func withEncoded(
    _ format: PictureFormat, quality: Int, bits: Int, file: String, _ body: (UnsafeRawBufferPointer) throws(DataError) -> Void
  ) throws(DataError) {
    var picture = fx_picture()
    (picture.height, picture.width, picture.channels) = (Int64(shape[1]), Int64(shape[2]), Int32(shape[0]))
    (picture.bits, picture.quality) = (Int32(bits), Int32(quality))
    try checkRoom(elementCount.saturatingTimes(bits / 8), file: file)
    var (bytes, count): (UnsafeMutablePointer<UInt8>?, Int) = (nil, 0)
    defer { fx_picture_free(bytes) }
    let isDone = detached.cast(to: .float32).withElements(Float.self) { planes in
      let pixels = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: planes.count * bits / 8)
      defer { pixels.deallocate() }
      guard let start = planes.baseAddress else { return true }
      fx_picture_pixels(&picture, start, pixels.baseAddress!)
      return
        (format == .png
        ? fx_png_write(&picture, pixels.baseAddress!, &bytes, &count) : fx_jpeg_write(&picture, pixels.baseAddress!, &bytes, &count)) != 0
    }
    if !isDone { throw DataError(file: file, message: "cannot be written: \(PictureReader.message(picture))") }
    if count > 0 { try body(UnsafeRawBufferPointer(start: bytes, count: count)) }
  }

  /// Images [count, channels, height, width] beside and below one another in one: [channels, rows, columns].
  ///
  ///     try samples.imageGrid(columns: 8).writeImage(to: "samples.png")
  ///
  /// PyTorch: torchvision's `make_grid`.
  ///
  /// - Parameters:
  ///   - columns: How many are beside one another, at most as many as there are.
  ///   - padding: The pixels around each.
  ///   - value: What is there, and in places without an image.
  public func imageGrid(columns: Int = 8, padding: Int = 2, value: Double = 0) -> Tensor {
    guard rank == 4, dtype.isFloatingPoint, shape[0] > 0 else {
      fail(TensorError("imageGrid", "\(dtype) \(shape); floats [count, channels, height, width] with one image at least would fit"))
      return .zeros([0])
    }
    guard columns > 0, 0...1 << 20 ~= padding else {
      fail(TensorError("imageGrid", "\(columns) columns and a padding of \(padding); 1 or more, and 0 to \(1 << 20), would fit"))
      return .zeros([0])
    }
    let across = Swift.min(columns, shape[0])
    let down = (shape[0] - 1) / across + 1
    // Padding above and left of each image; right of and below all of them once more.
    let room = [(0, down * across - shape[0]), (0, 0), (padding, 0), (padding, 0)].map { (before: $0.0, after: $0.1) }
    let cells = padded(room, value: value)
    let (height, width) = (cells.size(2), cells.size(3))
    let grid = cells.reshaped([down, across, shape[1], height, width]).permuted([2, 0, 3, 1, 4]).reshaped([
      shape[1], down * height, across * width,
    ])
    let edges = [(0, 0), (0, padding), (0, padding)].map { (before: $0.0, after: $0.1) }
    return padding == 0 ? grid : grid.padded(edges, value: value)
  }

  private func size(_ axis: Int) -> Int { axis < rank ? shape[axis] : 0 }
}
