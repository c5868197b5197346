import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The MNIST handwritten digits, or any data set in the same four files (Fashion-MNIST): images of 28 by 28 pixels in ten classes.
///
///     let digits = try MNIST(directory: "mnist")
///     digits.train.inputs      // float32 [60000, 784], 0 (paper) to 1 (ink)
///     digits.train.targets     // int64 [60000], 0 to 9
///
/// Source: http://yann.lecun.com/exdb/mnist, LeCun, Cortes, Burges.
public struct MNIST: Sendable {
  /// The rows of an image, and its columns.
  public static let side = 28
  /// The number of classes.
  public static let classes = 10

  /// The images to learn from.
  public let train: TensorDataset
  /// The images to be judged by.
  public let test: TensorDataset

  /// Reads the four files, and throws if one is missing or is not what it should be.
  ///
  /// They are `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, each plain or
  /// with `.gz`.
  public init(directory: String) throws(DataError) {
    let paths = try MNIST.find(MNIST.names, in: directory)
    train = try MNIST.read(images: paths[0], labels: paths[1])
    test = try MNIST.read(images: paths[2], labels: paths[3])
  }

  private static let names = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]

  private static func find(_ names: [String], in directory: String) throws(DataError) -> [String] {
    var (found, missing): ([String], [String]) = ([], [])
    for name in names {
      let path = directory.hasSuffix("/") ? directory + name : directory + "/" + name
      if let path = [path, path + ".gz"].first(where: { (path: String) in access(path, F_OK) == 0 }) {
        found.append(path)
      } else {
        missing.append(name)
      }
    }
    if missing.isEmpty { return found }
    let list = missing.joined(separator: ", ")
    throw DataError(file: directory, message: "looked for these files, plain or with .gz, and did not find them: \(list)")
  }

  private static func read(images imagesPath: String, labels labelsPath: String) throws(DataError) -> TensorDataset {
    let images = try IDXFile(imagesPath)
    let labels = try IDXFile(labelsPath)
    try expect(images, rank: 3)
    try expect(labels, rank: 1)
    for axis in 1...2 where images.shape[axis] != side {
      throw DataError(
        file: imagesPath, field: "dimension \(axis)", offset: 4 + 4 * axis,
        message: "\(images.shape[axis]); the images are to be \(side) by \(side)")
    }
    if images.shape[0] == 0 { throw DataError(file: imagesPath, field: "dimension 0", offset: 4, message: "0; there are no images") }
    guard images.shape[0] == labels.shape[0] else {
      throw DataError(
        file: labelsPath, field: "dimension 0", offset: 4,
        message: "\(labels.shape[0]) labels for the \(images.shape[0]) images of \(imagesPath)")
    }
    if let wrong = labels.bytes.firstIndex(where: { $0 >= classes }) {
      throw DataError(
        file: labelsPath, field: "label \(wrong)", offset: labels.elementsOffset + wrong,
        message: "\(labels.bytes[wrong]); 0 to \(classes - 1) would fit")
    }
    let count = images.shape[0]
    return TensorDataset(
      Tensor(images.elements(UInt8.self) { Float($0) / 255 }, shape: [count, side * side]),
      Tensor(labels.elements(UInt8.self) { Int64($0) }))
  }

  private static func expect(_ file: IDXFile, rank: Int) throws(DataError) {
    if file.elementType != .uint8 {
      throw DataError(file: file.path, field: "type code", offset: 2, message: "elements are \(file.elementType); uint8 would fit")
    }
    if file.shape.rank != rank {
      throw DataError(file: file.path, field: "rank", offset: 3, message: "\(file.shape.rank); \(rank) would fit")
    }
  }
}
