import Fluxion
import Foundation
import Testing

@Suite struct MNISTTests {
  private static let names = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]

  /// The four files with two images each, changed by `change`.
  private func load(_ change: (inout [String: [UInt8]]) -> Void) throws -> MNIST {
    var files: [String: [UInt8]] = [:]
    for name in Self.names {
      files[name] =
        name.contains("images")
        ? IDXFixture.header(.uint8, [2, 28, 28]) + (0..<2 * 784).map { UInt8($0 % 256) } : IDXFixture.header(.uint8, [2]) + [0, 9]
    }
    change(&files)
    return try IDXFixture.withFolder { folder in
      for (name, bytes) in files { try IDXFixture.write(bytes, folder + "/" + name) }
      do {
        return try MNIST(directory: folder)
      } catch let error as DataError {
        // Without the folder, whose name is another one each time.
        throw DataError(
          file: error.file == folder ? "folder" : error.file.replacingOccurrences(of: folder + "/", with: ""), field: error.field,
          offset: error.offset, message: error.message.replacingOccurrences(of: folder + "/", with: ""))
      }
    }
  }

  @Test func imagesAreScaledAndLabelsAreClassIDs() throws {
    let digits = try load { files in
      let images = files.removeValue(forKey: "train-images-idx3-ubyte")
      files["train-images-idx3-ubyte.gz"] = IDXFixture.gzip(images ?? [])
    }
    for data in [digits.train, digits.test] {
      #expect(data.inputs.shape == [2, 784] && data.inputs.dtype == .float32)
      let pixels = (0..<2 * 784).map { Float($0 % 256) / 255 }
      #expect(data.inputs.scalars(Float.self) == pixels)
      #expect(data.targets.dtype == .int64 && data.targets.scalars(Int.self) == [0, 9])
    }
  }

  @Test func theBundledDigitsAreWhole() throws {
    let root = URL(fileURLWithPath: #filePath).pathComponents.dropLast(4).joined(separator: "/").dropFirst()
    let digits = try MNIST(directory: root + "/Examples/Digits/Resources")
    #expect(digits.train.count == 3400 && digits.test.count == 600)
    #expect(Set(digits.train.targets.scalars(Int.self)) == Set(0..<10))
    #expect(digits.train.inputs.max().item() == 1 && digits.train.inputs.min().item() == 0)
  }

  static let mistakes: [(change: @Sendable (inout [String: [UInt8]]) -> Void, sentence: String)] = [
    (
      { $0 = [:] },
      "folder: looked for these files, plain or with .gz, and did not find them: train-images-idx3-ubyte, train-labels-idx1-ubyte, "
        + "t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte"
    ),
    (
      { $0["t10k-labels-idx1-ubyte"] = nil },
      "folder: looked for these files, plain or with .gz, and did not find them: t10k-labels-idx1-ubyte"
    ),
    (
      { $0["train-images-idx3-ubyte"]?[11] = 32 },
      "train-images-idx3-ubyte: elements at offset 16: [2, 32, 28] of uint8 take 1792 bytes, but only 1568 can follow"
    ),
    (
      { $0["train-images-idx3-ubyte"] = IDXFixture.header(.uint8, [2, 1, 28]) + Array(repeating: 0, count: 56) },
      "train-images-idx3-ubyte: dimension 1 at offset 8: 1; the images are to be 28 by 28"
    ),
    (
      { $0["t10k-labels-idx1-ubyte"] = IDXFixture.header(.uint8, [1]) + [3] },
      "t10k-labels-idx1-ubyte: dimension 0 at offset 4: 1 labels for the 2 images of t10k-images-idx3-ubyte"
    ),
    ({ $0["t10k-labels-idx1-ubyte"]?[9] = 10 }, "t10k-labels-idx1-ubyte: label 1 at offset 9: 10; 0 to 9 would fit"),
    ({ $0["train-labels-idx1-ubyte"]?[2] = 9 }, "train-labels-idx1-ubyte: type code at offset 2: elements are int8; uint8 would fit"),
    (
      { $0["train-labels-idx1-ubyte"] = IDXFixture.header(.uint8, [2, 1]) + [1, 2] },
      "train-labels-idx1-ubyte: rank at offset 3: 2; 1 would fit"
    ),
  ]

  @Test(arguments: mistakes.indices) func errorSaysWhatIsWrong(_ index: Int) throws {
    do {
      _ = try load(Self.mistakes[index].change)
      Issue.record("no error")
    } catch let error as DataError {
      #expect(error.description == Self.mistakes[index].sentence)
    }
  }
}
