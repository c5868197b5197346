import Data
import Tensors

extension OperatorTable {
  /// Pictures from their files' bytes.
  static let pictures: [Operator] = [
    Operator("ImageDecoder", [20], "`Tensor(imageBytes:)` of PNG and JPEG; BMP without compression and PNM; [height, width, channels]") {
      call in
      let format = try call.attributes.word("pixel_format", "RGB", ["RGB", "BGR", "Grayscale"])
      let bytes = try call.integers(0).map { UInt8(truncatingIfNeeded: $0) }
      var image = try DecodedImage(bytes).tensor
      if format == "Grayscale" {
        if image.shape[2] == 3 {
          // The weights of ITU-R 601, in whole numbers.
          let weights = Tensor([19595, 38470, 7471] as [Int32], shape: [3])
          image = floorDivide((image * weights).sum(axis: 2, keepDims: true).cast(to: .int32) + 0x8000, 0x10000)
        }
      } else if image.shape[2] == 1 {
        image = image.expanded([image.shape[0], image.shape[1], 3])
      }
      if format == "BGR" { image = image.reversed(axes: [2]) }
      return [.tensor(TypedTensor(image, .uint8))]
    }
  ]
}

/// A picture's levels, [height, width, 1 or 3] as int32 of 0 to 255.
private struct DecodedImage {
  let tensor: Tensor

  init(_ bytes: [UInt8]) throws(ONNXError) {
    if bytes.starts(with: [0x42, 0x4D]) {
      tensor = try Self.bitmap(bytes)
    } else if bytes.count > 2, bytes[0] == 0x50, bytes[1] == 0x35 || bytes[1] == 0x36 {
      tensor = try Self.portable(bytes)
    } else {
      do {
        var image = try Tensor(imageBytes: bytes, name: "input 0")
        // Without what is transparent.
        if image.shape[0] == 2 || image.shape[0] == 4 { image = image[axis: 0, 0..<(image.shape[0] - 1)] }
        tensor = round(image * 255).cast(to: .int32).permuted([1, 2, 0])
      } catch { throw .field("input 0", error.message + "; PNG, JPEG, BMP and PNM would fit") }
    }
  }

  /// BMP of 24 or 32 bits without compression.
  private static func bitmap(_ bytes: [UInt8]) throws(ONNXError) -> Tensor {
    func number(_ at: Int, _ count: Int) -> Int {
      var value = 0
      for i in (0..<count).reversed() { value = value << 8 | (at + i < bytes.count ? Int(bytes[at + i]) : 0) }
      return value
    }
    let start = number(10, 4), width = number(18, 4), signed = Int(Int32(truncatingIfNeeded: number(22, 4)))
    let bits = number(28, 2), height = abs(signed)
    let row = (width * bits / 8 + 3) / 4 * 4
    guard bits == 24 || bits == 32, number(30, 4) == 0 || number(30, 4) == 3, width > 0, height > 0, width < 1 << 20, height < 1 << 20,
      start + row * height <= bytes.count
    else { throw .field("input 0", "a BMP of \(bits) bits, \(width) × \(height); 24 or 32 without compression would fit") }
    var levels: [Int32] = []
    levels.reserveCapacity(width * height * 3)
    for y in 0..<height {
      let from = start + (signed > 0 ? height - 1 - y : y) * row
      for x in 0..<width {
        let at = from + x * bits / 8
        levels += [Int32(bytes[at + 2]), Int32(bytes[at + 1]), Int32(bytes[at])]
      }
    }
    return Tensor(levels, shape: [height, width, 3])
  }

  /// PNM with bytes: P5 of grays, P6 of colours.
  private static func portable(_ bytes: [UInt8]) throws(ONNXError) -> Tensor {
    var (at, numbers) = (2, [Int]())
    while numbers.count < 3 {
      while at < bytes.count, bytes[at] <= 32 || bytes[at] == 35 {
        if bytes[at] == 35 { while at < bytes.count, bytes[at] != 10 { at += 1 } } else { at += 1 }
      }
      var value = 0
      guard at < bytes.count, 48...57 ~= bytes[at] else { throw .field("input 0", "a PNM without its sizes") }
      while at < bytes.count, 48...57 ~= bytes[at], value < 1 << 24 {
        value = value * 10 + Int(bytes[at] - 48)
        at += 1
      }
      numbers.append(value)
    }
    at += 1
    let channels = bytes[1] == 0x36 ? 3 : 1
    guard numbers[0] > 0, numbers[1] > 0, numbers[2] > 0, numbers[2] < 256, numbers[0] < 1 << 20, numbers[1] < 1 << 20,
      numbers[0] * numbers[1] * channels <= bytes.count - at
    else { throw .field("input 0", "a PNM of \(numbers); bytes for all its elements would fit") }
    return Tensor(bytes[at..<(at + numbers[0] * numbers[1] * channels)].map { Int32($0) }, shape: [numbers[1], numbers[0], channels])
  }
}
