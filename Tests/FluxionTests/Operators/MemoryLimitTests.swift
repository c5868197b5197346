import Fluxion
import Foundation
import Testing

@testable import Tensors

/// Running out of memory is a mistake like others: thrown in a `checked` scope, one sentence outside of one.
///
/// Each test runs in a process of its own, whose memory is limited.
@Suite struct MemoryLimitTests {
  @Test func limitIsAMistakeThatNamesOperatorAndPart() async {
    await #expect(processExitsWith: .success) {
      Memory.limit = 8 << 20
      #expect(Memory.limit == 8 << 20)
      let x = Tensor.ones([2048, 8])
      let live = Memory.liveBytes
      let error = #expect(throws: TensorError.self) { try checked { x • x.transposed() } }
      let text = error.map { "\($0)" } ?? ""
      #expect(
        text.hasPrefix("matmul: 16.0 MiB for float32 [2048, 2048] is more than Memory.limit leaves: 7.9 MiB of 8.0 MiB, as "), "\(text)")
      let calls: [(String, () -> Tensor)] = [
        ("zeros", { .zeros([1 << 22]) }), ("full", { .full([1 << 22], 2) }), ("normal", { .normal([1 << 22]) }),
        ("permutation", { .permutation(1 << 21) }), ("arange", { .arange(1 << 21) }),
        ("Tensor", { Tensor([Float](repeating: 1, count: 1 << 22)) }),
        ("+", { x.reshaped([2048, 8, 1]).expanded([2048, 8, 512]) + x.reshaped([2048, 8, 1]) }),
        ("concatenate", { concatenate((0..<200).map { _ in x }) }), ("sorted", { x.expanded([256, 2048, 8]).sorted() }),
      ]
      for (name, call) in calls {
        let error = #expect(throws: TensorError.self, "\(name)") { try checked { call() } }
        #expect(
          error?.operation == name && error?.message.contains("Memory.limit leaves") == true, "\(name): \(error.map { "\($0)" } ?? "")")
      }
      // The process goes on, with nothing lost.
      #expect(Memory.liveBytes == live)
      #expect((x • Tensor.ones([8, 4])).sum().item() == 2048 * 4 * 8)
      var model = Chain {
        Dense(8, 8)
        Dense(8, 4096)
      }
      let place = #expect(throws: TensorError.self) { try checked { model(x) } }
      #expect(place?.location == "layers.1 (Dense)" && place?.operation == "linear", "\(place.map { "\($0)" } ?? "")")
      Memory.limit = nil
      #expect(Memory.limit == nil)
      #expect(model(x).shape == [2048, 4096])
    }
  }

  @Test func aShapeBeyondTheMachineIsRefused() async {
    await #expect(processExitsWith: .success) {
      for shape in [[1 << 34], [1 << 40], [1 << 31, 1 << 31], [1 << 62, 1 << 62, 4]] as [Shape] {
        #expect(throws: TensorError.self, "\(shape)") { try checked { Tensor.zeros(shape, .float64) } }
        #expect(throws: TensorError.self, "\(shape)") { () throws(TensorError) in try Tensor(uninitialized: shape, .float64) }
      }
      #expect(Tensor.ones([3]).sum().item() == 3)
    }
  }

  #if os(Linux)
    /// With addresses limited the pool gives back what it keeps before anything is refused.
    @Test func thePoolIsEmptiedFirst() async {
      await #expect(processExitsWith: .success) {
        _ = Tensor.ones([64]).sum()
        let pages = Int((try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ").first ?? "") ?? 0
        var limit = rlimit()
        limit.rlim_cur = rlim_t(pages * sysconf(Int32(_SC_PAGESIZE)) + 600 << 20)
        limit.rlim_max = limit.rlim_cur
        try #require(setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0)
        do {
          // What the pool keeps of 400 MiB is in buffers of another size.
          let parts = (0..<40).map { _ in Tensor.zeros([10 << 18]) }
          withExtendedLifetime(parts) {}
        }
        // As much as a quarter of what there is.
        #expect(Memory.cachedBytes >= 200 << 20)
        let large = try checked { Tensor.full([450 << 18], 2) }
        #expect(large[-1].item() == 2)
        #expect(Memory.cachedBytes < 100 << 20)
        let error = #expect(throws: TensorError.self) { try checked { large + 1 + Tensor.zeros([450 << 18]) } }
        #expect(error?.message.contains("MiB for float32") == true, "\(error.map { "\($0)" } ?? "")")
        #expect((large[0..<4] * 2).sum().item() == 16)
      }
    }

    private struct Many: Dataset {
      let count = 1 << 27
      func batch(_ indices: [Int]) -> Tensor { Tensor(indices) }
    }

    /// With addresses limited what readers and lists ask Swift for is asked of the system first: no claim and no size ends the process.
    @Test func listsAndFilesKeepToTheLimitOfAddresses() async {
      await #expect(processExitsWith: .success) {
        try IDXFixture.withFolder { folder in
          let (bomb, large, table, pipe) = (folder + "/bomb.npz", folder + "/large.npy", folder + "/table.csv", folder + "/pipe")
          try NPZFile.write([("x", .zeros([30_000_000]))], compressed: true, to: bomb)
          try NPYFile.write(Tensor.zeros([1]), to: large)
          // Its elements are holes, which take no room.
          let header = NPYFixture.file("{'descr': '<f4', 'fortran_order': False, 'shape': (50000000,), }")
          try IDXFixture.write(header, large)
          try #require(truncate(large, header.count + 200_000_000) == 0)
          try Foundation.Data(repeating: 10, count: 100 << 20).write(to: URL(filePath: table))
          Memory.emptyCache()
          let pages = Int((try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ").first ?? "") ?? 0
          var limit = rlimit()
          limit.rlim_cur = rlim_t(pages * sysconf(Int32(_SC_PAGESIZE)) + 60 << 20)
          limit.rlim_max = limit.rlim_cur
          try #require(setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0)
          let x = Tensor.ones([1 << 18])
          let refused: [(String, () throws -> Void)] = [
            ("unstacked", { _ = x.unstacked() }), ("split", { _ = x.split(size: 1) }),
            ("repeated", { _ = x.repeated(Tensor([1 << 24], .int64).expanded([1 << 18]), axis: 0) }),
            ("Splits", { _ = Splits.random(1 << 24, into: [0.5, 0.5]) }),
            ("DataLoader's order", { for _ in DataLoader(Many(), batchSize: 4, shuffle: true) { break } }),
            ("DataLoader's batch", { for _ in DataLoader(Many(), batchSize: .max) {} }),
            ("DataLoader's workers", { for _ in DataLoader(Many(), batchSize: .max, workers: 2) {} }),
            ("confusionMatrix", { _ = confusionMatrix(Tensor([0], .int64), Tensor([0], .int64), classes: 1 << 13) }),
            ("a compressed archive", { _ = try NPZFile(bomb).tensor("x") }), ("an array", { _ = try NPYFile(large) }),
            ("a table", { _ = try Table(contentsOf: table) }), ("numbers", { _ = try CSVFile(table, dtype: .float64) }),
            (
              "a pipe",
              {
                try #require(mkfifo(pipe, 0o600) == 0)
                let writer = Thread {
                  guard let file = FileHandle(forWritingAtPath: pipe) else { return }
                  signal(SIGPIPE, SIG_IGN)
                  try? file.write(contentsOf: header)
                  for _ in 0..<200 { try? file.write(contentsOf: Data(repeating: 0, count: 1_000_000)) }
                }
                writer.start()
                _ = try NPYFile(pipe)
              }
            ),
          ]
          for (name, body) in refused {
            #expect("\(name)") {
              try checked { try body() }
            } throws: {
              "\($0)".contains("memory") || "\($0)".contains("ulimit")
            }
          }
          // The process goes on.
          #expect((x * 2).sum().item() == 524_288)
        }
      }
    }
  #endif

  @Test func outsideOfAScopeOneSentenceEndsTheProgram() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Memory.limit = 1 << 20
      let product = Tensor.ones([1024, 4]) • Tensor.ones([4, 1024])
      withExtendedLifetime(product) {}
    }
    let text = result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } ?? ""
    #expect(text.contains("matmul: 4.0 MiB for float32 [1024, 1024] is more than Memory.limit leaves"), "\(text)")
  }
}
