import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The processors that this process may use, which can be fewer than the machine has.
enum Processors {
  /// Those that it may run on (`taskset`, containers' sets of processors), or as many as the control groups' quotas give it the time of, whichever
  /// is less: threads beyond them only take turns.
  static let available = count(affinity: affinity, quota: ControlGroups.ofProcess.processors)

  /// A quota of one and a half is worth two threads.
  static func count(affinity: Int, quota: Double?) -> Int {
    let most = quota.map { $0 < Double(Int32.max) ? Int($0.rounded(.up)) : .max } ?? .max
    return max(1, min(affinity, most))
  }

  /// How many threads a setting asks for, and what is wrong with it if it says nothing that can be done.
  static func setting(_ text: String?, default count: Int) -> (count: Int, remark: String?) {
    guard let text, !text.isEmpty else { return (count, nil) }
    if let wanted = Int(text), (1...most).contains(wanted) { return (wanted, nil) }
    return (
      count, "FLUXION_NUM_THREADS: '\(text)' is no number of threads; a whole number from 1 to \(most) would fit, \(count) are used\n"
    )
  }
  /// More threads than any machine has processors.
  private static let most = 4096

  private static var affinity: Int {
    let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    #if os(Linux)
      let count = Int(fx_processors())
      return count > 0 ? count : cores
    #else
      return cores
    #endif
  }
}
