#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Says once, on standard error, that a debug build is slow: its kernels are not optimised, and nothing else would tell.
enum DebugNotice {
  /// Called by operators on many elements; nothing in an optimised build.
  @inline(__always)
  static func mention(_ elementCount: @autoclosure () -> Int) {
    if _isDebugAssertConfiguration() && elementCount() >= Blocks.grain { _ = isGiven }
  }

  private static let isGiven: Bool = {
    if getenv("FLUXION_QUIET") != nil { return false }
    let text =
      "fluxion: a debug build runs at least 7 times slower; -c release is for training and measuring (FLUXION_QUIET=1 silences this)\n"
    _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    return true
  }()
}
