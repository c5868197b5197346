import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the library found on this machine: `fluxion doctor` and `bench` print it.
package struct Machine: Sendable {
  /// The processor's name, as it tells it.
  package var processor: String
  /// The instruction set that the kernels use, and those that the processor has.
  package var level: String
  package var levels: [String]
  /// The data caches that the first processor uses, from the first level on, in bytes.
  package var caches: [Int]
  /// Threads, and processors that the process may use.
  package var threads: Int
  package var processors: Int
  /// The memory that the process may have, in bytes, and what that follows from.
  package var memory: (bytes: Int, name: String)
  /// The library of matrix products as it was built, and the core type whose kernels it runs.
  package var blas: String
  package var core: String?
  /// The core type that it had chosen itself, where another was chosen for it at the start.
  package var coreBefore: String?
  /// The core type that would fit, where the one that it runs is below the processor.
  package var fittingCore: String?

  package init(
    processor: String, level: String, levels: [String], caches: [Int], threads: Int, processors: Int, memory: (bytes: Int, name: String),
    blas: String, core: String? = nil, coreBefore: String? = nil, fittingCore: String? = nil
  ) {
    (self.processor, self.level, self.levels, self.caches) = (processor, level, levels, caches)
    (self.threads, self.processors, self.memory) = (threads, processors, memory)
    (self.blas, self.core, self.coreBefore, self.fittingCore) = (blas, core, coreBefore, fittingCore)
  }

  /// This machine.
  package static var current: Machine {
    func text(_ name: UnsafePointer<CChar>?) -> String? { name.map { String(cString: $0) } }
    #if canImport(Darwin)
      let library = "Accelerate"
    #else
      let library = "a library with the interface of CBLAS"
    #endif
    return Machine(
      processor: processorName, level: text(fx_level_name(fx_current_level())) ?? "baseline",
      levels: (0..<4).compactMap { text(fx_level_name($0)) }, caches: cacheSizes, threads: Threads.count,
      processors: Processors.available, memory: SystemMemory.limit, blas: text(fx_blas_config()) ?? library, core: text(fx_blas_core()),
      coreBefore: text(fx_blas_core_before()), fittingCore: text(fx_blas_fitting_core()))
  }

  /// A sentence where the matrix products' library did not choose what the processor has.
  package var remark: String? {
    if let fittingCore, let core {
      return "OpenBLAS runs the kernels of \(core), which are below this processor's instruction set; "
        + "OPENBLAS_CORETYPE=\(fittingCore) in the environment makes it run those that fit"
    }
    if let core, let coreBefore {
      return
        "OpenBLAS, which does not know this processor, took it for \(coreBefore); the kernels of \(core) were chosen for it at the start"
    }
    return nil
  }

  private static var processorName: String {
    #if canImport(Darwin)
      var name = [CChar](repeating: 0, count: 256)
      var size = name.count
      guard sysctlbyname("machdep.cpu.brand_string", &name, &size, nil, 0) == 0 else { return "unknown" }
      return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    #else
      for line in (textOfFile("/proc/cpuinfo") ?? "").split(separator: "\n") where line.hasPrefix("model name") {
        let words = line.split(separator: ":", maxSplits: 1)
        if words.count == 2 { return String(words[1].drop { $0 == " " }) }
      }
      return "unknown"
    #endif
  }

  private static var cacheSizes: [Int] {
    #if canImport(Darwin)
      return ["hw.l1dcachesize", "hw.l2cachesize", "hw.l3cachesize"].compactMap { name in
        var bytes: Int64 = 0
        var size = MemoryLayout<Int64>.size
        return sysctlbyname(name, &bytes, &size, nil, 0) == 0 && bytes > 0 ? Int(bytes) : nil
      }
    #else
      var sizes: [Int: Int] = [:]
      for index in 0..<8 {
        func field(_ name: String) -> Substring? {
          textOfFile("/sys/devices/system/cpu/cpu0/cache/index\(index)/\(name)")?.split(separator: "\n").first
        }
        guard let level = field("level").flatMap({ Int($0) }), let kind = field("type"), kind != "Instruction", let size = field("size")
        else {
          continue
        }
        let unit = size.hasSuffix("M") ? 1 << 20 : size.hasSuffix("K") ? 1 << 10 : 1
        if let number = Int(size.prefix { $0.isNumber }) { sizes[level] = number * unit }
      }
      return sizes.keys.sorted().map { sizes[$0]! }
    #endif
  }
}
