import Fluxion

/// The random numbers that PyTorch's generator gives on a processor: Mersenne Twister (Matsumoto and Nishimura 1998).
///
/// The cases with dropout fix its seed, and so the mask; Fluxion draws another one, from a stream of its own.
struct PyTorchRandom {
  private var state: [UInt32]
  private var next = 624

  init(seed: UInt32) {
    state = [seed]
    for i in 1..<624 { state.append(1_812_433_253 &* (state[i - 1] ^ state[i - 1] >> 30) &+ UInt32(i)) }
  }

  private mutating func word() -> UInt32 {
    if next == 624 {
      for i in 0..<624 {
        let y = state[i] & 0x8000_0000 | state[(i + 1) % 624] & 0x7fff_ffff
        state[i] = state[(i + 397) % 624] ^ y >> 1 ^ (y & 1 == 0 ? 0 : 0x9908_b0df)
      }
      next = 0
    }
    var y = state[next]
    next += 1
    y ^= y >> 11
    y ^= y << 7 & 0x9d2c_5680
    y ^= y << 15 & 0xefc6_0000
    return y ^ y >> 18
  }

  /// 1 with a probability, else 0, as `bernoulli_` fills a tensor.
  mutating func bernoulli(_ shape: Shape, probability: Double, _ dtype: DType) -> Tensor {
    let draws = (0..<shape.elementCount).map { _ -> Bool in
      let bits = UInt64(word()) << 32 | UInt64(word())
      return Double(bits & (1 << 53 - 1)) * 0x1p-53 < probability
    }
    return Tensor(draws, shape: shape).cast(to: dtype)
  }
}
