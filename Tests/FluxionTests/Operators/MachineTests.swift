import Foundation
import Testing

@testable import FluxionCommand
@testable import Tensors

/// What the library finds on a machine, and what `fluxion doctor` says of it.
@Suite struct MachineTests {
  private func machine(core: String? = nil, before: String? = nil, fitting: String? = nil) -> Machine {
    Machine(
      processor: "Some Processor", level: "avx2", levels: ["baseline", "avx2"], caches: [32 << 10, 1 << 20, 33 << 20], threads: 2,
      processors: 4,
      memory: (3 << 29, "the machine's memory"), blas: "OpenBLAS 0.3.21 DYNAMIC_ARCH", core: core, coreBefore: before, fittingCore: fitting)
  }

  @Test func theReportHasALineForEachThing() {
    let lines = """
      processor  Some Processor, 4 cores to use
      kernels    avx2, of baseline, avx2
      caches     32 KiB, 1 MiB, 33 MiB
      threads    2
      memory     1.5 GiB, the machine's memory
      BLAS       OpenBLAS 0.3.21 DYNAMIC_ARCH, running kernels of Zen

      """
    #expect(Doctor.report(machine(core: "Zen")) == lines)
  }

  @Test func whatIsBelowTheProcessorIsTold() {
    #expect(machine(core: "Haswell").remark == nil)
    #expect(machine().remark == nil)
    let asleep = machine(core: "Prescott", fitting: "SkylakeX").remark
    #expect(
      asleep
        == "OpenBLAS runs the kernels of Prescott, which are below this processor's instruction set; OPENBLAS_CORETYPE=SkylakeX in the environment makes it run those that fit"
    )
    let chosen = machine(core: "SkylakeX", before: "Prescott").remark
    #expect(
      chosen
        == "OpenBLAS, which does not know this processor, took it for Prescott; the kernels of SkylakeX were chosen for it at the start")
    #expect(Doctor.report(machine(core: "SkylakeX", before: "Prescott")).hasSuffix("\n\n\(chosen ?? "").\n"))
  }

  /// Whatever OpenBLAS knows of the processor, it runs kernels that fit, unless a user chose others.
  @Test func thisMachineIsAsItShouldBe() {
    let machine = Machine.current
    #expect(machine.levels.contains(machine.level))
    #expect(machine.caches.allSatisfy { $0 > 0 } && machine.caches == machine.caches.sorted())
    if ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"] == nil { #expect(machine.fittingCore == nil) }
  }
}
