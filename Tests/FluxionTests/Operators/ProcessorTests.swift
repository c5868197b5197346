import Foundation
import Testing

@testable import Tensors

/// How many processors a process may use, and how much memory: files of control groups as Linux writes them.
@Suite struct ProcessorTests {
  private static func groups(_ files: [String: String]) -> ControlGroups { ControlGroups { files[$0] } }

  @Test func quotasOfBothVersionsAreRead() {
    let unified = [
      "/proc/self/cgroup": "0::/a/b\n", "/proc/self/mountinfo": "30 23 0:26 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw\n",
      "/sys/fs/cgroup/a/b/cpu.max": "max 100000\n", "/sys/fs/cgroup/a/cpu.max": "150000 100000\n",
      "/sys/fs/cgroup/a/b/memory.max": "max\n", "/sys/fs/cgroup/a/memory.max": "1073741824\n",
      "/sys/fs/cgroup/a/memory.current": "536870912\n", "/sys/fs/cgroup/a/memory.stat": "anon 1\ninactive_file 104857600\nslab 3\n",
    ]
    #expect(Self.groups(unified).processors == 1.5)
    #expect(Self.groups(unified).memoryLimit == 1 << 30)
    #expect(Self.groups(unified).memoryAvailable == 1 << 29 + 100 << 20)
    // A container sees its own group as the root.
    var container = unified
    container["/proc/self/cgroup"] = "0::/\n"
    container["/sys/fs/cgroup/cpu.max"] = "50000 100000\n"
    #expect(Self.groups(container).processors == 0.5)
    #expect(Self.groups(container).memoryLimit == nil)

    let old = [
      "/proc/self/cgroup": "5:memory:/docker/12\n4:cpu,cpuacct:/docker/12\n0::/\n",
      "/proc/self/mountinfo": """
      31 23 0:28 /docker/12 /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct
      35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
      """,
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "200000\n", "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
      "/sys/fs/cgroup/memory/docker/12/memory.limit_in_bytes": "9223372036854771712\n",
      "/sys/fs/cgroup/memory/docker/memory.limit_in_bytes": "2147483648\n",
      "/sys/fs/cgroup/memory/docker/memory.usage_in_bytes": "147483648\n",
    ]
    #expect(Self.groups(old).processors == 2)
    #expect(Self.groups(old).memoryLimit == 2_147_483_648)
    #expect(Self.groups(old).memoryAvailable == 2_000_000_000)
    var unlimited = old
    unlimited["/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us"] = "-1\n"
    #expect(Self.groups(unlimited).processors == nil)
    for garbage in ["", "x", "5:cpu", "0::", "a b c - cgroup2"] {
      let files = ["/proc/self/cgroup": garbage, "/proc/self/mountinfo": garbage]
      #expect(Self.groups(files).processors == nil && Self.groups(files).memoryLimit == nil)
    }
    #expect(Self.groups([:]).processors == nil)
  }

  @Test func threadsFollowAffinityAndQuota() {
    let cases: [(Int, Double?, Int)] = [(8, nil, 8), (8, 1, 1), (8, 1.5, 2), (8, 0.1, 1), (2, 64, 2), (1, nil, 1), (4, 1e300, 4)]
    for (affinity, quota, count) in cases { #expect(Processors.count(affinity: affinity, quota: quota) == count) }
  }

  @Test(arguments: ["0", "-1", "x", "1.5", "9223372036854775807", "99999999999999999999999", "-9223372036854775808", "4097", " 2"])
  func aSettingThatCannotBeIsRemarkedUpon(_ text: String) {
    let (count, remark) = Processors.setting(text, default: 3)
    #expect(count == 3)
    #expect(remark == "FLUXION_NUM_THREADS: '\(text)' is no number of threads; a whole number from 1 to 4096 would fit, 3 are used\n")
  }

  @Test func aSettingCounts() {
    #expect(Processors.setting("7", default: 3) == (7, nil))
    #expect(Processors.setting(nil, default: 3) == (3, nil))
    #expect(Processors.setting("", default: 3) == (3, nil))
  }

  #if os(Linux)
    @Test(
      arguments: [(["-c", "0"], nil, "1"), (["-c", "0"], "3", "3"), (["-c", "0"], "9223372036854775807", "1")]
        as [([String], String?, String)])
    func aProcessOnOneProcessorHasOneThread(_ affinity: [String], _ setting: String?, _ count: String) throws {
      guard FileManager.default.isExecutableFile(atPath: "/usr/bin/taskset") else { return }
      let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("trainee")
      let (process, output) = (Process(), Pipe())
      process.executableURL = URL(fileURLWithPath: "/usr/bin/taskset")
      process.arguments = affinity + [program.path, "threads"]
      process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "FLUXION_NUM_THREADS" }
      if let setting { process.environment?["FLUXION_NUM_THREADS"] = setting }
      process.standardOutput = output
      process.standardError = Pipe()
      try process.run()
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
      #expect(text == "\(count)\n")
    }
  #endif
}
