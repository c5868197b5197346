import Tensors

/// A weight in few bits that products read as it is: numbers of 16 bits as a file has them, or of 8 or 4 bits with a scale and an offset for each
/// group of a row.
///
/// w = scale · q + offset, q in 0 ..< 2^bits, scale and offset of the group: the least number of the group is q = 0, the largest q = 2^bits − 1. A
/// number is at most half a scale off, its group's range over 2·(2^bits − 1).
public struct PackedMatrix: Sendable {
  /// How a number is stored.
  public enum Form: Sendable, Hashable, CustomStringConvertible {
    case float16
    case bfloat16
    /// 8 or 4 bits, with a scale and an offset for so many numbers of a row.
    case integers(bits: Int, groupSize: Int)

    /// As tables have it: `bfloat16`, `4 bits by 64`.
    public var description: String {
      switch self {
      case .float16: "float16"
      case .bfloat16: "bfloat16"
      case .integers(let bits, let groupSize): "\(bits) bits by \(groupSize)"
      }
    }
  }

  /// How a number is stored.
  public let form: Form
  /// How many rows there are.
  public let outputs: Int
  /// How many numbers a row has.
  public let inputs: Int
  /// 16-bit patterns, row by row.
  private var halves: [UInt16] = []
  /// 8-bit numbers, or two of 4 bits in a byte, the first in the lower half, row by row.
  private var bytes: [UInt8] = []
  /// Scale and offset of each group, one after the other, row by row.
  private var scales: [Float] = []

  /// The numbers of a group, which are no more than a row has.
  private static func size(_ groupSize: Int, _ inputs: Int) -> Int { min(groupSize, max(1, inputs)) }
  /// The groups of a row; the last may be shorter.
  private static func groups(_ inputs: Int, _ size: Int) -> Int { (inputs + size - 1) / size }

  /// The bytes that the numbers take, scales included.
  public var byteCount: Int { halves.count * 2 + bytes.count + scales.count * 4 }

  /// Packs a matrix [outputs, inputs]; nil if it is none, or the form is none of those.
  public init?(_ matrix: Tensor, form: Form) {
    guard matrix.rank == 2, matrix.dtype == .float32 else { return nil }
    (self.form, outputs, inputs) = (form, matrix.shape[0], matrix.shape[1])
    let numbers = matrix.detached.scalars(Float.self)
    switch form {
    case .bfloat16: halves = numbers.map { Self.bfloat16($0) }
    case .float16: halves = numbers.map { Self.float16($0) }
    case .integers(let bits, let groupSize):
      guard bits == 8 || bits == 4, groupSize >= 1 else { return nil }
      let size = Self.size(groupSize, inputs)
      let (groups, top) = (Self.groups(inputs, size), Float(1 << bits - 1))
      let rowBytes = bits == 8 ? inputs : (inputs + 1) / 2
      bytes = [UInt8](repeating: 0, count: outputs * rowBytes)
      scales.reserveCapacity(outputs * groups * 2)
      for row in 0..<outputs {
        for group in 0..<groups {
          let (first, last) = (group * size, min(inputs, group * size + size))
          var (least, largest) = (Float.infinity, -Float.infinity)
          for i in first..<last {
            least = min(least, numbers[row * inputs + i])
            largest = max(largest, numbers[row * inputs + i])
          }
          let scale = (largest - least) / top
          scales.append(scale)
          scales.append(least)
          for i in first..<last {
            let q = scale > 0 ? ((numbers[row * inputs + i] - least) / scale).rounded() : 0
            let code = UInt8(min(max(q.isFinite ? q : 0, 0), top))
            if bits == 8 { bytes[row * rowBytes + i] = code } else { bytes[row * rowBytes + i / 2] |= code << (i % 2 == 0 ? 0 : 4) }
          }
        }
      }
    }
  }

  private static func bfloat16(_ x: Float) -> UInt16 {
    if x.isNaN { return 0x7FC0 }
    let bits = x.bitPattern
    // To nearest, ties to even.
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
  }

  // Float16 is not there on every platform.
  private static func float16(_ x: Float) -> UInt16 {
    let sign = UInt16(truncatingIfNeeded: x.bitPattern >> 16) & 0x8000
    let size = x.magnitude
    if x.isNaN { return 0x7E00 }
    if size >= 65_520 { return sign | 0x7C00 }
    // Below the least normal number the step is 2⁻²⁴; adding 1/2 rounds to it.
    if size < 0x1p-14 { return sign | UInt16((size + 0.5).bitPattern - Float(0.5).bitPattern) }
    let bits = size.bitPattern
    return sign | UInt16(truncatingIfNeeded: (bits &- 0x3800_0000 &+ 0xFFF &+ (bits >> 13 & 1)) >> 13)
  }

  @inline(__always)
  private static func float(half bits: UInt16) -> Float {
    // Exponents are 112 apart; multiplication by 2¹¹² moves them, subnormal numbers too.
    let shifted = UInt32(bits & 0x7FFF) << 13
    let size = bits & 0x7C00 == 0x7C00 ? Float(bitPattern: shifted | 0x7F80_0000) : Float(bitPattern: shifted) * 0x1p112
    return bits & 0x8000 == 0 ? size : -size
  }

  /// Writes rows as float32.
  private func unpack(_ rows: Range<Int>, into out: UnsafeMutablePointer<Float>) {
    let count = rows.count * inputs
    switch form {
    case .bfloat16:
      halves.withUnsafeBufferPointer { halves in
        let source = halves.baseAddress! + rows.lowerBound * inputs
        for i in 0..<count { out[i] = Float(bitPattern: UInt32(source[i]) << 16) }
      }
    case .float16:
      halves.withUnsafeBufferPointer { halves in
        let source = halves.baseAddress! + rows.lowerBound * inputs
        for i in 0..<count { out[i] = Self.float(half: source[i]) }
      }
    case .integers(let bits, let groupSize):
      let size = Self.size(groupSize, inputs)
      let (groups, rowBytes) = (Self.groups(inputs, size), bits == 8 ? inputs : (inputs + 1) / 2)
      bytes.withUnsafeBufferPointer { bytes in
        scales.withUnsafeBufferPointer { scales in
          for (i, row) in rows.enumerated() {
            let (source, target) = (bytes.baseAddress! + row * rowBytes, out + i * inputs)
            for group in 0..<groups {
              let (first, last) = (group * size, min(inputs, group * size + size))
              let (scale, offset) = (scales[(row * groups + group) * 2], scales[(row * groups + group) * 2 + 1])
              if bits == 8 {
                for j in first..<last { target[j] = scale * Float(source[j]) + offset }
              } else {
                for j in first..<last { target[j] = scale * Float(source[j >> 1] >> UInt8((j & 1) << 2) & 15) + offset }
              }
            }
          }
        }
      }
    }
  }

  /// The matrix in float32, [outputs, inputs].
  public var matrix: Tensor {
    if outputs == 0 || inputs == 0 { return .zeros([outputs, inputs]) }
    let made = Tensor([outputs, inputs], .float32) { bytes in
      unpack(0..<outputs, into: bytes.baseAddress!.assumingMemoryBound(to: Float.self))
    }
    if let made { return made }
    fail(TensorError("unpack", "no memory for [\(outputs), \(inputs)]"))
    return .zeros([outputs, 0])
  }

  /// x • wᵀ, [..., inputs] to [..., outputs]; it has gradients for x.
  public func product(_ x: Tensor) -> Tensor {
    guard x.rank > 0, x.shape[-1] == inputs, x.dtype == .float32 else {
      fail(TensorError("linear", "\(x.dtype) \(x.shape) needs last axis \(inputs) for a packed weight [\(outputs), \(inputs)]"))
      return x
    }
    let rows = x.elementCount / max(1, inputs)
    // Few rows are read once, beside the packed weight; for many the weight unpacked serves all.
    if x.isTracked || rows > 16 || rows == 0 || outputs == 0 || inputs == 0 || !x.hasElements { return linear(x, weight: matrix) }
    let shape = Shape(x.shape.dropLast() + [outputs])
    let numbers = x.scalars(Float.self)
    let made = Tensor(shape, .float32) { bytes in
      let y = bytes.baseAddress!.assumingMemoryBound(to: Float.self)
      let block = max(1, min(outputs, 16_384 / inputs))
      let unpacked = UnsafeMutablePointer<Float>.allocate(capacity: block * inputs)
      defer { unpacked.deallocate() }
      numbers.withUnsafeBufferPointer { numbers in
        var row = 0
        while row < outputs {
          let count = min(block, outputs - row)
          unpack(row..<row + count, into: unpacked)
          for r in 0..<rows {
            let factors = numbers.baseAddress! + r * inputs
            for o in 0..<count { y[r * outputs + row + o] = Self.dot(unpacked + o * inputs, factors, inputs) }
          }
          row += count
        }
      }
    }
    return made ?? linear(x, weight: matrix)
  }

  /// The sum of products, in lanes.
  private static func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
    var sums = SIMD16<Float>.zero
    var i = 0
    let (x, y) = (UnsafeRawPointer(a), UnsafeRawPointer(b))
    while i + 16 <= count {
      sums +=
        x.loadUnaligned(fromByteOffset: i * 4, as: SIMD16<Float>.self) * y.loadUnaligned(fromByteOffset: i * 4, as: SIMD16<Float>.self)
      i += 16
    }
    var sum = sums.sum()
    while i < count {
      sum += a[i] * b[i]
      i += 1
    }
    return sum
  }
}
