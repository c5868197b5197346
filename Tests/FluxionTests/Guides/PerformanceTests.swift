import Fluxion
import Foundation
import Testing

/// The code of Guides/Performance.md, compiled and run.
@Suite struct PerformanceGuideTests {
  @Test func profiles() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var model = Chain {
      Dense(4, 8, activation: relu); Dense(8, 2)
    }
    var optimizer = Adam()
    let (x, y) = (Tensor.ones([3, 4]), Tensor([0, 1, 1], .int64))
    func step() {
      let slopes = gradient(at: &model) { model in crossEntropy(model(x), y) }
      optimizer.update(&model, along: slopes)
    }
    let trace = folder.appending(path: "trace.json").path

    let (_, times) = profile { step() }
    print(times)  // tables by operator and by model part
    try times.writeTrace(to: trace)  // for ui.perfetto.dev or chrome://tracing
    let picture = times.svg(title: "A step")  // bars by operator and by model part
    #expect(FileManager.default.fileExists(atPath: trace) && picture.contains("By model part"))

    Memory.resetPeak()
    step()
    print(Memory.peakBytes, Memory.liveBytes, Memory.cachedBytes)
  }
}
