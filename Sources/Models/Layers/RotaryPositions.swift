import Tensors

/// Turns pairs of features by angles that grow with the position, so that a query and a key fit by how far they are apart.
///
/// Su, Lu, Pan, Murtadha, Wen and Liu 2021 (RoFormer). Feature pair i at position p is turned by p·base^(−2i/features).
///
///     let rotary = RotaryPositions()
///     let scores = rotary(q) • rotary(k).transposed()                  // depend on distances only
///     MultiHeadAttention(128, heads: 4, isCausal: true, rotary: rotary)
///
/// Shapes: x [..., time, features] to the same.
public struct RotaryPositions: Sendable, Hashable {
  /// What the angles' frequencies are powers of.
  public let base: Double
  /// How many of the features, the first ones, are turned; all unless told.
  public let features: Int?
  /// Whether neighbours are a pair, as in the paper; else feature i and the one half of the features further on, as in most checkpoints.
  public let isInterleaved: Bool

  /// Positions whose frequencies are powers of `base`.
  public init(base: Double = 10_000, features: Int? = nil, isInterleaved: Bool = false) {
    self.base = base
    self.features = features
    self.isInterleaved = isInterleaved
    if !(base > 0 && base.isFinite) { fail(TensorError("RotaryPositions", "a base of \(base); a positive number would fit")) }
  }

  /// x, of whose time axis the first place is the position `first`.
  public func callAsFunction(_ x: Tensor, from first: Int = 0) -> Tensor {
    let count = features ?? (x.rank > 0 ? x.shape[-1] : 0)
    guard x.rank > 1, count >= 0, count <= x.shape[-1], count % 2 == 0 else {
      fail(TensorError("RotaryPositions", "\(count) features of \(x.shape); an even number of those in [..., time, features] would fit"))
      return x
    }
    if count < x.shape[-1] {
      let parts = x.split(sizes: [count, x.shape[-1] - count], axis: -1)
      return concatenate([turned(parts[0], from: first), parts[1]], axis: -1)
    }
    return turned(x, from: first)
  }

  private func turned(_ x: Tensor, from first: Int) -> Tensor {
    if x.shape[-1] == 0 { return x }
    guard first <= Int.max - x.shape[-2] else {
      fail(TensorError("RotaryPositions", "\(x.shape) from position \(first) on; at most \(Int.max - x.shape[-2]) would fit"))
      return x
    }
    let angles = positionAngles(first..<first + x.shape[-2], features: x.shape[-1], base: base)
    let (c, s) = (cos(angles).cast(to: x.dtype), sin(angles).cast(to: x.dtype))
    if isInterleaved {
      let pairs = x.reshaped(Shape(x.shape.dropLast() + [x.shape[-1] / 2, 2]))
      let (a, b) = (pairs[.ellipsis, 0], pairs[.ellipsis, 1])
      return stack([a * c - b * s, b * c + a * s], axis: -1).reshaped(x.shape)
    }
    let halves = x.split(parts: 2, axis: -1)
    let (a, b) = (halves[0], halves[1])
    return concatenate([a * c - b * s, b * c + a * s], axis: -1)
  }
}

extension RotaryPositions: CustomStringConvertible {
  /// As it is written: `RotaryPositions(base: 500000.0)`.
  public var description: String {
    call(
      "RotaryPositions", base == 10_000 ? nil : "base: \(base)", features.map { "features: \($0)" },
      isInterleaved ? "isInterleaved: true" : nil)
  }
}

/// position·base^(−2i/features), [positions, ⌈features/2⌉] of float64: far positions' angles need the digits.
func positionAngles(_ positions: Range<Int>, features: Int, base: Double) -> Tensor {
  let pairs = Tensor.arange((features + 1) / 2).cast(to: .float64)
  let frequencies = exp(pairs * (log(Tensor.full([], base, .float64)) * (-2 / Double(max(1, features)))))
  return Tensor.arange(from: positions.lowerBound, to: positions.upperBound).cast(to: .float64).unsqueezed(axis: 1) * frequencies
}
