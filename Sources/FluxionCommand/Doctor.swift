import ArgumentParser
import Tensors

/// `fluxion doctor`: what the library found on this machine.
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tells what the library found on this machine: processor, instruction set, caches, threads, memory, BLAS.",
    discussion: """
      A sentence at the end says where the library of matrix products runs kernels that are below the processor's, and what to set. FLUXION_CPU \
      (baseline, avx2, avx512, neon) limits the instruction set, FLUXION_NUM_THREADS sets the number of threads.
      """)

  func run() throws { print(Self.report(.current), terminator: "") }

  /// A line for each thing, and the remark if there is one.
  static func report(_ machine: Machine) -> String {
    let lines = [
      ("processor", "\(machine.processor), \(machine.processors) \(machine.processors == 1 ? "core" : "cores") to use"),
      ("kernels", "\(machine.level), of \(machine.levels.joined(separator: ", "))"),
      ("caches", machine.caches.isEmpty ? "unknown" : machine.caches.map(size).joined(separator: ", ")),
      ("threads", "\(machine.threads)"),
      ("memory", "\(size(machine.memory.bytes)), \(machine.memory.name)"),
      ("BLAS", machine.blas + (machine.core.map { ", running kernels of \($0)" } ?? "")),
    ]
    let text = lines.map { name, value in name + String(repeating: " ", count: 11 - name.count) + value + "\n" }.joined()
    return text + (machine.remark.map { "\n\($0).\n" } ?? "")
  }

  private static func size(_ bytes: Int) -> String {
    let (unit, name) = bytes >= 1 << 30 ? (1 << 30, "GiB") : bytes >= 1 << 20 ? (1 << 20, "MiB") : (1 << 10, "KiB")
    return bytes % unit == 0 ? "\(bytes / unit) \(name)" : "\(NumberText.fixed(Double(bytes) / Double(unit), 1)) \(name)"
  }
}
