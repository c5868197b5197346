#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The memory that this process may have.
///
/// Linux gives out more than there is, and ends a process later, when it is written to: what cannot be had must be known before it is asked for.
enum SystemMemory {
  /// The bytes that this process may have, and what they follow from.
  ///
  /// The least of the machine's memory, the control group's limit and the limits of the process (`ulimit -v`, `ulimit -d`).
  static let limit: (bytes: Int, name: String) = {
    let physical = Swift.max(1 << 30, sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)))
    var limit = (bytes: physical, name: "the machine's memory")
    if let bytes = ControlGroups.ofProcess.memoryLimit, bytes < limit.bytes { limit = (bytes, "the control group's limit") }
    if let bytes = addressLimit, bytes < limit.bytes { limit = (bytes, "the process's limit (ulimit)") }
    return limit
  }()

  /// The least of the limits on what the process maps, as it is now; nil without one.
  static var addressLimit: Int? {
    #if canImport(Glibc)
      let resources = [Int32(RLIMIT_AS.rawValue), Int32(RLIMIT_DATA.rawValue)]
    #else
      let resources = [Int32(RLIMIT_AS), Int32(RLIMIT_DATA)]
    #endif
    var least: Int?
    for resource in resources {
      var value = rlimit()
      #if canImport(Glibc)
        let status = getrlimit(__rlimit_resource_t(UInt32(resource)), &value)
      #else
        let status = getrlimit(resource, &value)
      #endif
      if status == 0, let bytes = Int(exactly: value.rlim_cur), bytes < least ?? (1 << 60) { least = bytes }
    }
    return least
  }

  /// How many bytes can be written to before the system, or the control group, has none left; nil where that is not known.
  static var available: Int? {
    var available = ControlGroups.ofProcess.memoryAvailable
    if let text = textOfFile("/proc/meminfo") {
      var free: Int?
      for line in text.split(separator: "\n") where line.hasPrefix("MemAvailable:") || line.hasPrefix("SwapFree:") {
        let words = line.split(separator: " ")
        if words.count > 1, let kilobytes = Int(words[1]) { free = (free ?? 0) + kilobytes << 10 }
      }
      if let free { available = Swift.min(available ?? free, free) }
    }
    return available
  }

  /// Blocks from this size on are mapped for themselves, on whole huge pages, and go back to the system when they are freed.
  static let mapped = 4 << 20
  /// From this size on a block is asked for only if there is as much memory: finding out takes some 50 µs, touching the pages 500 times as long.
  private static let doubtful = 64 << 20
  /// What is left to the rest of the process: where a limit is near, small allocations of the language's would end it.
  private static let reserve = 16 << 20

  /// Fresh memory, nil where it cannot be had.
  static func allocate(_ capacity: Int) -> UnsafeMutableRawPointer? {
    if capacity >= doubtful, let available, capacity > available - available / 64 { return nil }
    guard let memory = capacity >= mapped ? map(capacity) : plain(capacity) else { return nil }
    // Where the addresses are limited, some must be left for the rest.
    if addressLimit != nil {
      let rest = mmap(nil, reserve, PROT_NONE, flags, -1, 0)
      if rest == MAP_FAILED {
        free(memory, capacity)
        return nil
      }
      munmap(rest, reserve)
    }
    return memory
  }

  /// Gives back what ``allocate(_:)`` gave for this capacity.
  static func free(_ memory: UnsafeMutableRawPointer, _ capacity: Int) {
    if capacity >= mapped { munmap(memory, capacity.rounded(to: page)) } else { freeMemory(memory) }
  }

  private static let page = Int(sysconf(Int32(_SC_PAGESIZE)))
  private static let flags = MAP_PRIVATE | MAP_ANON

  private static func plain(_ capacity: Int) -> UnsafeMutableRawPointer? {
    var memory: UnsafeMutableRawPointer?
    return posix_memalign(&memory, 64, capacity) == 0 ? memory : nil
  }

  /// Whole huge pages: 512 times fewer page faults on the first touch.
  private static func map(_ capacity: Int) -> UnsafeMutableRawPointer? {
    let (length, huge) = (capacity.rounded(to: page), 2 << 20)
    let mapping = mmap(nil, length + huge, PROT_READ | PROT_WRITE, flags, -1, 0)
    guard mapping != MAP_FAILED, let mapping else { return nil }
    let before = (huge - Int(bitPattern: mapping) & (huge - 1)) & (huge - 1)
    let memory = mapping + before
    if before > 0 { munmap(mapping, before) }
    if huge > before { munmap(memory + length, huge - before) }
    #if os(Linux)
      madvise(memory, length, 14)  // MADV_HUGEPAGE, a macro that Swift does not see.
    #endif
    return memory
  }
}

private func freeMemory(_ memory: UnsafeMutableRawPointer) { free(memory) }
