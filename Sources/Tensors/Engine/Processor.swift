import CKernels

/// The processor that this process runs on.
public enum Processor {
  /// An instruction set that the kernels are compiled for.
  public enum Level: Int, Sendable, Comparable, CaseIterable, CustomStringConvertible {
    /// What every processor of the kind has: SSE2 on x86-64.
    case baseline
    /// 64-bit Arm's vectors of 128 bits.
    case neon
    /// x86-64-v3: AVX2 with fused multiply-add, vectors of 256 bits.
    case avx2
    /// x86-64-v4: vectors of 512 bits.
    case avx512

    /// The best that the processor and the operating system have.
    public static let best = allCases.last { fx_level_name(Int32($0.rawValue)) != nil } ?? .baseline
    /// The one in use: the best, or what the environment's `FLUXION_CPU` names (`baseline`, `avx2`, `avx512`, `neon`), chosen once.
    public static let current = Level(rawValue: Int(fx_current_level())) ?? .baseline

    /// Whether the second has what the first has and more, or other instructions.
    public static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
    /// Its name, as `FLUXION_CPU` takes it.
    public var description: String {
      switch self {
      case .baseline: "baseline"
      case .neon: "neon"
      case .avx2: "avx2"
      case .avx512: "avx512"
      }
    }

    /// The bytes of a vector.
    var vectorBytes: Int {
      switch self {
      case .baseline, .neon: 16
      case .avx2: 32
      case .avx512: 64
      }
    }
  }

  /// The instruction set that the kernels use.
  ///
  /// Results are the same for every number of threads; from level to level they may differ in the last digits.
  public static var level: Level { Level.current }

  /// The data caches of one processor, in bytes; what is not known is taken for what most have.
  struct Caches: Equatable, Sendable {
    var first = 32 << 10
    var second = 512 << 10
    /// Shared with others.
    var third = 8 << 20
  }
  static let caches: Caches = {
    var caches = Caches()
    let sizes = (1...3).map { Int(fx_cache_size(Int32($0))) }
    if sizes[0] > 0 { caches.first = sizes[0] }
    if sizes[1] > 0 { caches.second = sizes[1] }
    if sizes[2] > 0 { caches.third = sizes[2] }
    return caches
  }()
}
