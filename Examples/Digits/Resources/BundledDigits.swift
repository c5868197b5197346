import Foundation

/// The folder with 4,000 of MNIST's digits that come with the package, in MNIST's four files.
public var bundledDigits: String {
  let file = Bundle.module.url(forResource: "train-images-idx3-ubyte", withExtension: "gz")
  return file?.deletingLastPathComponent().path ?? Bundle.module.bundlePath
}
