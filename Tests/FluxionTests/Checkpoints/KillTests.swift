import Fluxion
import Foundation
import Testing

/// A process that trains and saves is killed again and again; every restart goes on from a whole checkpoint, and the weights come out as those
/// of a run that nothing disturbed.
@Suite struct KillTests {
  /// The program beside the tests: see `Tests/Trainee`.
  private static func trainee(_ directory: String, _ weights: String, _ steps: Int) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("trainee")
    process.arguments = [directory, weights, String(steps)]
    try process.run()
    return process
  }

  private static func end(_ process: Process) -> Int32 {
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : -1
  }

  /// 50 kills, or as many as the environment's `FLUXION_KILLS` says.
  @Test func killsChangeNothing() throws {
    let count = ProcessInfo.processInfo.environment["FLUXION_KILLS"].flatMap { Int($0) } ?? 50
    try IDXFixture.withFolder { (folder) throws in
      let expected = folder + "/expected.safetensors"
      #expect(try Self.end(Self.trainee(folder + "/undisturbed", expected, 1000)) == 0)
      let wanted = try Data(contentsOf: URL(fileURLWithPath: expected))

      var (kills, runs) = (0, 0)
      var random = RandomStream(seed: 1)
      while kills < count && runs < count {
        runs += 1
        let (directory, weights) = ("\(folder)/run\(runs)", "\(folder)/run\(runs).safetensors")
        while kills < count {
          let process = try Self.trainee(directory, weights, 1)
          usleep(UInt32.random(in: 5_000..<120_000, using: &random))
          kill(process.processIdentifier, SIGKILL)
          let status = Self.end(process)
          if status == 0 { break }
          try #require(status == -1, "a restart failed")
          kills += 1
          // What is there is whole, at every moment.
          for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] where name.hasSuffix(".safetensors") {
            #expect(throws: Never.self) { try SafetensorsFile("\(directory)/\(name)") }
          }
        }
        #expect(try Self.end(Self.trainee(directory, weights, 1)) == 0)
        #expect(try Data(contentsOf: URL(fileURLWithPath: weights)) == wanted, "after \(kills) kills")
        // Nothing is left of the files that were being written.
        let names = try FileManager.default.contentsOfDirectory(atPath: directory)
        #expect(names.allSatisfy { $0.hasSuffix(".safetensors") } && names.count <= 6, "\(names)")
      }
      #expect(kills == count)
    }
  }
}
