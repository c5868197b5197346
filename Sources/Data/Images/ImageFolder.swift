import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Images in folders, one folder for each class, read when a batch asks for them.
///
///     // flowers/daisy/1.jpg, flowers/daisy/2.png, flowers/rose/1.jpg, …
///     let flowers = try ImageFolder("flowers", size: [64, 64])
///     flowers.classes                                         // ["daisy", "rose"]
///     for (x, y) in DataLoader(flowers, batchSize: 32, shuffle: true, workers: 4) { … }
///     //  float32 [32, 3, 64, 64], 0 to 1, and int64 [32]
///
/// Classes and files are in the order of their names' bytes; files are those that end in .png, .jpg or .jpeg, in folders of a class too, and whose names do not
/// begin with a point. A batch throws, with the file, if an image is damaged. PyTorch: torchvision's `ImageFolder`.
public struct ImageFolder: Dataset {
  /// How an image comes to the size that is wanted.
  public enum Fit: Sendable, Hashable {
    /// Resampled to it, whatever its ratio of height to width.
    case stretch
    /// Resampled so that it covers the size, and the middle cut out.
    case crop
    /// Not at all: an image of another size throws.
    case exact
  }

  /// The names of the folders: class i is `classes[i]`.
  public let classes: [String]
  /// The files.
  public let paths: [String]
  /// The class of each file: int64 [count].
  public let targets: Tensor
  /// The height and width of all images; nil for those of the first image of each batch.
  public let size: [Int]?
  /// How an image comes to that size.
  public let fit: Fit
  /// The channels.
  public let channels: ImageChannels
  private let ids: [Int]

  /// Lists the files; throws if there is no such folder, no folder in it, or one without an image.
  ///
  /// - Parameters:
  ///   - size: Height and width; without it all images of a batch have to be of one size.
  ///   - fit: How images of other sizes come to it; bilinear, every pixel counts where they become smaller.
  ///   - channels: What images are converted to.
  public init(_ directory: String, size: [Int]? = nil, fit: Fit = .crop, channels: ImageChannels = .rgb) throws(DataError) {
    let isSize = size.map { size in size.count == 2 && size.allSatisfy { (1...1 << 16).contains($0) } } ?? true
    if let size, !isSize { fail(TensorError("ImageFolder", "a size of \(size); height and width, 1 to \(1 << 16), would fit")) }
    var (classes, paths, ids): ([String], [String], [Int]) = ([], [], [])
    for entry in isSize ? try Self.entries(directory) : [] where entry.isFolder {
      let found = try Self.images(directory + "/" + entry.name, depth: 0)
      if found.isEmpty {
        throw DataError(file: directory + "/" + entry.name, message: "holds no image; files that end in .png, .jpg or .jpeg would fit")
      }
      ids += repeatElement(classes.count, count: found.count)
      classes.append(entry.name)
      paths += found
    }
    if classes.isEmpty { throw DataError(file: directory, message: "holds no folders; one for each class would fit") }
    (self.classes, self.paths, self.ids) = (classes, paths, ids)
    targets = Tensor(ids)
    (self.size, self.fit, self.channels) = (size, fit, channels)
  }

  /// The number of images.
  public var count: Int { paths.count }

  /// Images [indices.count, channels, height, width], 0 to 1, and their classes, int64 [indices.count].
  public func batch(_ indices: [Int]) throws -> (Tensor, Tensor) {
    var images: [Tensor] = []
    for index in indices {
      guard paths.indices.contains(index) else { throw TensorError("ImageFolder", "image \(index) of \(count)") }
      let image = try Tensor(imageAt: paths[index], channels: channels)
      let wanted = size ?? images.first.map { Array($0.shape[1...]) } ?? Array(image.shape[1...])
      images.append(try fitted(image, wanted[0], wanted[1], paths[index]))
    }
    let labels = Tensor(indices.map { ids[$0] })
    return (images.isEmpty ? .zeros(Shape([0, channels.rawValue] + (size ?? [0, 0]))) : stack(images), labels)
  }

  private func fitted(_ image: Tensor, _ height: Int, _ width: Int, _ path: String) throws(DataError) -> Tensor {
    let (rows, columns) = (image.shape[1], image.shape[2])
    if (rows, columns) == (height, width) { return image }
    if size == nil || fit == .exact {
      throw DataError(
        file: path,
        message:
          "is \(columns) by \(rows) pixels, \(size == nil ? "the batch's first image" : "the data set") \(width) by \(height); a size to resample to would fit"
      )
    }
    var (y, x) = (height, width)
    if fit == .crop {
      let scale = Swift.max(Double(height) / Double(rows), Double(width) / Double(columns))
      y = Swift.max(height, Int((Double(rows) * scale).rounded()))
      x = Swift.max(width, Int((Double(columns) * scale).rounded()))
    }
    let resized = interpolate(image.unsqueezed(axis: 0), to: PerAxis([y, x]), method: .linear, antialiases: true).squeezed(axes: 0)
    if (y, x) == (height, width) { return resized }
    let (top, left) = ((y - height) / 2, (x - width) / 2)
    return resized[.all, top..<top + height, left..<left + width]
  }

  // MARK: Folders

  private struct Entry {
    let name: String
    let isFolder: Bool
  }

  /// What is in a folder, in the order of the names' bytes, without what begins with a point.
  private static func entries(_ path: String) throws(DataError) -> [Entry] {
    guard let list = opendir(path) else { throw DataError(file: path, message: "cannot be opened: \(SystemCalls.lastError)") }
    defer { closedir(list) }
    var entries: [Entry] = []
    while let entry = readdir(list) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      var status = stat()
      if name.hasPrefix(".") || stat("\(path)/\(name)", &status) != 0 { continue }
      entries.append(Entry(name: name, isFolder: status.st_mode & S_IFMT == S_IFDIR))
    }
    return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// The images in a folder and the folders in it, up to 16 deep: links may lead around in a circle.
  private static func images(_ path: String, depth: Int) throws(DataError) -> [String] {
    var found: [String] = []
    for entry in try entries(path) {
      let inside = "\(path)/\(entry.name)"
      var status = stat()
      if entry.isFolder {
        guard depth < 16, lstat(inside, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { continue }
        found += try images(inside, depth: depth + 1)
      } else if PictureFormat(endingOf: entry.name) != nil {
        found.append(inside)
      }
    }
    return found
  }
}
