import Foundation
import Tensors

/// The frequencies of rotary positions with the scalings of config.json (Su and others 2021; Chen and others 2023; Peng and others 2023; Ding and
/// others 2024).
///
/// Pair i of a head's first `features` numbers turns by position·f(i). Unscaled, f(i) = base^(−2i/features).
///
/// | rope_type | frequencies |
/// |---|---|
/// | default | f(i) |
/// | linear | f(i)/factor |
/// | dynamic | those of base·(factor·n/longest − factor + 1)^(features/(features − 2)) for sequences of n > longest |
/// | llama3 | f(i) where its wavelength is short, f(i)/factor where it is long, in between a mean by the wavelength |
/// | yarn | f(i) where it turns often within the original length, f(i)/factor where it does not, a ramp in between |
/// | longrope | f(i)/short[i] up to the original length, f(i)/long[i] beyond |
public struct RotaryScaling: Sendable, Hashable {
  /// A scaling with its numbers.
  public enum Kind: Sendable, Hashable {
    case none
    case linear(factor: Double)
    case dynamic(factor: Double, longest: Int)
    case llama3(factor: Double, low: Double, high: Double, original: Int)
    case yarn(factor: Double, fast: Double, slow: Double, original: Int, truncates: Bool)
    case long(short: [Double], long: [Double], original: Int)
  }

  /// What the frequencies are powers of.
  public let base: Double
  /// How many numbers of each head, the first ones, are turned.
  public let features: Int
  /// How the frequencies are scaled.
  public let kind: Kind
  /// What cosines and sines are multiplied by.
  public let magnitude: Double

  /// Rotary positions of given numbers.
  public init(base: Double, features: Int, kind: Kind = .none, magnitude: Double = 1) {
    self.base = base
    self.features = features
    self.kind = kind
    self.magnitude = magnitude
  }

  /// The frequencies in sequences of `length` positions, in float32 as PyTorch computes them.
  func frequencies(length: Int) -> [Float] {
    let count = features / 2
    func plain(_ base: Double) -> [Float] { (0..<count).map { Float(1 / Foundation.pow(base, Double(2 * $0) / Double(features))) } }
    switch kind {
    case .none: return plain(base)
    case .linear(let factor): return plain(base).map { $0 / Float(factor) }
    case .dynamic(let factor, let longest):
      if length <= longest || features <= 2 { return plain(base) }
      let stretch = factor * Double(length) / Double(longest) - (factor - 1)
      return plain(base * Foundation.pow(stretch, Double(features) / Double(features - 2)))
    case .llama3(let factor, let low, let high, let original):
      return plain(base).map { f in
        let wavelength = 2 * Double.pi / Double(f)
        if wavelength < Double(original) / high { return f }
        if wavelength > Double(original) / low { return f / Float(factor) }
        let share = (Double(original) / wavelength - low) / (high - low)
        return Float((1 - share) * Double(f) / factor + share * Double(f))
      }
    case .yarn(let factor, let fast, let slow, let original, let truncates):
      func dimension(_ turns: Double) -> Double {
        Double(features) * log(Double(original) / (turns * 2 * .pi)) / (2 * log(base))
      }
      var (low, high) = (dimension(fast), dimension(slow))
      if truncates { (low, high) = (low.rounded(.down), high.rounded(.up)) }
      low = max(low, 0)
      high = min(high, Double(features - 1))
      if low == high { high += 0.001 }
      return plain(base).enumerated().map { i, f in
        let ramp = min(max((Double(i) - low) / (high - low), 0), 1)
        return Float(Double(f) / factor * ramp + Double(f) * (1 - ramp))
      }
    case .long(let short, let long, let original):
      let factors = length > original ? long : short
      return plain(base).enumerated().map { i, f in f / Float(factors[i]) }
    }
  }

  /// The cosines and sines of some positions: [rows, 1, time, features/2].
  func turns(_ positions: [[Int]]) -> Turns {
    let longest = positions.reduce(0) { max($0, ($1.max() ?? -1) + 1) }
    let frequencies = frequencies(length: longest)
    var (cosines, sines): ([Float], [Float]) = ([], [])
    let time = positions.first?.count ?? 0
    cosines.reserveCapacity(positions.count * time * frequencies.count)
    sines.reserveCapacity(positions.count * time * frequencies.count)
    for row in positions {
      for position in row {
        for f in frequencies {
          let angle = Double(Float(position) * f)
          cosines.append(Float(Foundation.cos(angle) * magnitude))
          sines.append(Float(Foundation.sin(angle) * magnitude))
        }
      }
    }
    let shape: Shape = [positions.count, 1, time, frequencies.count]
    return Turns(cosines: Tensor(cosines, shape: shape), sines: Tensor(sines, shape: shape), features: features)
  }

  /// The cosines and sines of a call's positions, which all layers share.
  struct Turns {
    let cosines: Tensor
    let sines: Tensor
    let features: Int

    /// x [batch, heads, time, size], turned: feature i and the one `features`/2 further on are a pair.
    func callAsFunction(_ x: Tensor) -> Tensor {
      let size = x.shape[-1]
      if features == 0 { return x }
      let parts = x.split(sizes: [features / 2, features / 2, size - features], axis: -1)
      let (a, b) = (parts[0], parts[1])
      let turned = [a * cosines - b * sines, b * cosines + a * sines]
      return concatenate(size == features ? turned : turned + [parts[2]], axis: -1)
    }
  }
}

extension Configuration {
  /// The rotary positions that rope_parameters, or rope_theta and rope_scaling, describe; `layerType` where they differ by layers.
  mutating func rotary(
    headSize: Int, layerType: String? = nil, defaultBase: Double = 10_000, renaming: [String: String] = [:]
  ) throws -> RotaryScaling {
    let longest = try count("max_position_embeddings", in: 1...Int(Int32.max), default: 2048)
    let originalOutside = try optionalCount("original_max_position_embeddings", in: 1...Int(Int32.max))
    let outerBase = try optionalNumber("rope_theta")
    let outerPart = try optionalNumber("partial_rotary_factor")
    let name = has("rope_parameters") ? "rope_parameters" : "rope_scaling"
    ignore("rope_scaling", "rope_parameters")
    guard var rope = try part(name) else {
      return try RotaryScaling(
        base: outerBase ?? defaultBase, features: features(outerPart ?? 1, of: headSize, "partial_rotary_factor")
      ).checked(self, "rope_theta")
    }
    if let layerType, let nested = try? rope.part(layerType) { rope = nested }
    let base = try rope.optionalNumber("rope_theta") ?? outerBase ?? defaultBase
    let part = try rope.optionalNumber("partial_rotary_factor") ?? outerPart ?? 1
    let features = try rope.features(part, of: headSize, "partial_rotary_factor")
    let written = try rope.text("rope_type", default: rope.text("type", default: "default"))
    rope.ignore("type")
    let type = renaming[written] ?? written
    let original = try rope.optionalCount("original_max_position_embeddings", in: 1...Int(Int32.max))
    var magnitude = 1.0
    let kind: RotaryScaling.Kind
    switch type {
    case "default", "mrope": kind = .none
    case "linear": kind = .linear(factor: try rope.factor())
    case "dynamic": kind = .dynamic(factor: try rope.factor(), longest: longest)
    case "llama3":
      let (low, high) = (try rope.number("low_freq_factor"), try rope.number("high_freq_factor"))
      guard low > 0, high > low else {
        throw rope.error("high_freq_factor", "\(high) with a low_freq_factor of \(low); one above it would fit")
      }
      kind = .llama3(factor: try rope.factor(), low: low, high: high, original: originalOutside ?? original ?? longest)
    case "yarn":
      let original = originalOutside ?? original ?? longest
      let factor = rope.has("factor") ? try rope.factor() : Double(longest) / Double(original)
      func scale(_ m: Double) -> Double { factor <= 1 ? 1 : 0.1 * m * log(factor) + 1 }
      let (m, all) = (try rope.optionalNumber("mscale") ?? 0, try rope.optionalNumber("mscale_all_dim") ?? 0)
      magnitude = try rope.optionalNumber("attention_factor") ?? (m != 0 && all != 0 ? scale(m) / scale(all) : scale(1))
      let (fast, slow) = (try rope.optionalNumber("beta_fast") ?? 32, try rope.optionalNumber("beta_slow") ?? 1)
      guard fast > 0, slow > 0 else { throw rope.error("beta_fast", "\(fast) with a beta_slow of \(slow); positive numbers would fit") }
      kind = .yarn(
        factor: factor, fast: fast == 0 ? 32 : fast, slow: slow == 0 ? 1 : slow, original: original,
        truncates: try rope.flag("truncate", default: true))
    case "longrope":
      let original = originalOutside ?? original ?? longest
      let factor = rope.has("factor") ? try rope.factor() : Double(longest) / Double(original)
      let standard = factor <= 1 || original <= 1 ? 1 : (1 + log(factor) / log(Double(original))).squareRoot()
      magnitude = try rope.optionalNumber("attention_factor") ?? standard
      func factors(_ key: String) throws -> [Double] {
        guard let list = try rope.numbers(key) else { throw rope.error(key, "is missing; \(features / 2) numbers would fit") }
        guard list.count == features / 2, list.allSatisfy({ $0 > 0 && $0.isFinite }) else {
          throw rope.error(key, "\(list.count) numbers; \(features / 2) positive ones would fit")
        }
        return list
      }
      kind = .long(short: try factors("short_factor"), long: try factors("long_factor"), original: original)
    default:
      throw rope.error("rope_type", "\(type); default, linear, dynamic, llama3, yarn and longrope are there")
    }
    if kind == .none { rope.ignore("factor", "mrope_section", "attention_factor") }
    rope.ignore("low_freq_factor", "high_freq_factor", "finetuned", "short_mscale", "long_mscale")
    // Parts of other layer types are theirs.
    for key in rope.unknown where key != "full_attention" && key != "sliding_attention" {
      throw rope.error(key, "is no field of rotary positions of type \(type) here, and it might change the result")
    }
    return try RotaryScaling(base: base, features: features, kind: kind, magnitude: magnitude).checked(rope, "rope_theta")
  }

  private mutating func factor() throws -> Double {
    let factor = try number("factor")
    guard factor >= 1 || factor > 0 else { throw error("factor", "\(factor); a positive number would fit") }
    return factor
  }

  private func features(_ part: Double, of headSize: Int, _ key: String) throws -> Int {
    guard (0...1).contains(part) else { throw error(key, "\(part); 0 to 1 would fit") }
    let features = Int(Double(headSize) * part)
    guard features % 2 == 0 else { throw error(key, "turns \(features) of \(headSize) numbers; an even number would fit") }
    return features
  }
}

extension RotaryScaling {
  fileprivate func checked(_ config: Configuration, _ key: String) throws -> RotaryScaling {
    guard base > 0, base.isFinite else { throw config.error(key, "\(base); a positive number would fit") }
    return self
  }
}
