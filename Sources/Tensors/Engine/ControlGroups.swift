#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What Linux's control groups, version 1 or 2, allow this process: how containers and services are kept within processors and memory.
///
/// A group is bound by its own limits and by those of each group around it; the least counts.
struct ControlGroups: Sendable {
  /// Gives a file's text, or nil where there is none.
  let read: @Sendable (String) -> String?

  init(read: @escaping @Sendable (String) -> String?) { self.read = read }

  /// Those of this process.
  static let ofProcess = ControlGroups(read: textOfFile)

  /// How many processors' time the quotas allow; nil without one.
  var processors: Double? {
    let unified = groups("").compactMap { group -> Double? in
      let words = read(group + "/cpu.max").map(ControlGroups.words) ?? []
      return words.count == 2 ? ratio(words[0], words[1]) : nil
    }
    let old = groups("cpu").compactMap { group -> Double? in
      guard let quota = read(group + "/cpu.cfs_quota_us"), let period = read(group + "/cpu.cfs_period_us") else { return nil }
      return ratio(ControlGroups.words(quota).first ?? "", ControlGroups.words(period).first ?? "")
    }
    return (unified + old).min()
  }

  /// The bytes of memory they allow; nil without a limit.
  var memoryLimit: Int? { memory.map(\.limit).min() }

  /// How many bytes are left of them, with what the system can take back of files that it keeps; nil without a limit.
  var memoryAvailable: Int? {
    memory.compactMap { group in
      guard let used = read(group.usage).flatMap(ControlGroups.bytes) else { return nil }
      var reclaimable = 0
      for line in (read(group.folder + "/memory.stat") ?? "").split(separator: "\n") where line.hasPrefix(group.reclaimable + " ") {
        reclaimable = Int(line.dropFirst(group.reclaimable.count + 1)) ?? 0
      }
      return Swift.max(0, group.limit - Swift.max(0, used - reclaimable))
    }.min()
  }

  private struct MemoryGroup {
    var folder: String
    var limit: Int
    var usage: String
    var reclaimable: String
  }

  private var memory: [MemoryGroup] {
    func found(_ controller: String, _ limit: String, _ usage: String, _ reclaimable: String) -> [MemoryGroup] {
      groups(controller).compactMap { folder in
        // Version 1 writes "no limit" as a number beyond any memory.
        guard let bytes = read(folder + "/" + limit).flatMap(ControlGroups.bytes), bytes < 1 << 60 else { return nil }
        return MemoryGroup(folder: folder, limit: bytes, usage: folder + "/" + usage, reclaimable: reclaimable)
      }
    }
    return found("", "memory.max", "memory.current", "inactive_file")
      + found("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
  }

  /// The folders of the process's group and of those around it, for a controller of version 1, or by "" for version 2.
  private func groups(_ controller: String) -> [String] {
    guard let own = path(controller), let (root, point) = mount(controller) else { return [] }
    // Inside of a container the group that it sees as its root is bound there, whatever its path says.
    let isBelow = root == "/" || own == root || own.hasPrefix(root + "/")
    var parts = (isBelow && root != "/" ? own.dropFirst(root.count) : isBelow ? own[...] : "").split(separator: "/")
    var folders: [String] = []
    while !parts.isEmpty {
      folders.append(point + "/" + parts.joined(separator: "/"))
      parts.removeLast()
    }
    return folders + [point]
  }

  /// The group's path, of `/proc/self/cgroup`: `4:memory:/a/b`, or `0::/a/b` for version 2.
  private func path(_ controller: String) -> Substring? {
    for line in (read("/proc/self/cgroup") ?? "").split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let controllers = fields[1].split(separator: ",")
      if controller.isEmpty ? fields[1].isEmpty : controllers.contains(Substring(controller)) { return fields[2] }
    }
    return nil
  }

  /// Which group is mounted where, of `/proc/self/mountinfo`.
  private func mount(_ controller: String) -> (root: String, point: String)? {
    for line in (read("/proc/self/mountinfo") ?? "").split(separator: "\n") {
      let words = line.split(separator: " ")
      guard let dash = words.firstIndex(of: "-"), dash > 5, words.count > dash + 3 else { continue }
      let isFitting =
        controller.isEmpty
        ? words[dash + 1] == "cgroup2"
        : words[dash + 1] == "cgroup" && words[dash + 3].split(separator: ",").contains(Substring(controller))
      if isFitting { return (String(words[3]), String(words[4])) }
    }
    return nil
  }

  private func ratio(_ quota: Substring, _ period: Substring) -> Double? {
    guard let quota = Double(quota), let period = Double(period), quota > 0, period > 0 else { return nil }
    return quota / period
  }

  private static func words(_ text: String) -> [Substring] { text.split { $0 == " " || $0 == "\n" } }
  private static func bytes(_ text: String) -> Int? { words(text).first.flatMap { Int($0) } }
}

/// The text of a small file such as the system's own, nil where it cannot be read.
func textOfFile(_ path: String) -> String? {
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return nil }
  defer { close(file) }
  var bytes: [UInt8] = []
  let got = withUnsafeTemporaryAllocation(byteCount: 8192, alignment: 16) { buffer in
    var count = 0
    repeat {
      count = readBytes(file, buffer)
      if count > 0 { bytes.append(contentsOf: buffer[..<count]) }
    } while count > 0 && bytes.count < 1 << 20
    return count
  }
  return got < 0 ? nil : String(decoding: bytes, as: UTF8.self)
}

private func readBytes(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int { read(file, buffer.baseAddress, buffer.count) }
