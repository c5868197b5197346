import Fluxion
import Foundation
import LayerRows
import Testing

@testable import Tensors

#if DEBUG && os(Linux)
  /// Whichever request for memory is refused, the mistake is thrown, nothing is lost, and what is given stays as it was.
  ///
  /// Everything is run again and again, all requests refused, all but the first, but the first two, … until none is: in kernels, in what they work
  /// in, in gradient rules and in optimizers. Small tensors take memory from the pool here as large ones do.
  @Suite struct MemoryRefusalTests {
    @Test func operators() async {
      let result = await #expect(processExitsWith: .success, observing: [\.exitStatus, \.standardErrorContent]) {
        let check = RefusalCheck()
        for row in OperatorTable.rows {
          for shapes in [row.cases[0]] + row.cases.filter({ OperatorRow.isLarge($0) }).prefix(1) {
            let dtype = row.dtypes[0]
            let grids = row.operands(shapes, dtype)
            let x = grids.map { $0.tensor(dtype) }
            check("\(row.name) of \(shapes)", refusals: OperatorRow.isLarge(shapes) ? 12 : 60) {
              row.apply(x, dtype)
            } isUnchanged: {
              zip(x, grids).allSatisfy { Grid($0).mismatch($1, tolerance: 0) == nil }
            }
          }
        }
        check.finish(least: 3000)
      }
      showEnd(result)
    }

    @Test func gradients() async {
      let result = await #expect(processExitsWith: .success, observing: [\.exitStatus, \.standardErrorContent]) {
        let check = RefusalCheck()
        for row in OperatorTable.sloped {
          let x = row.operands(row.cases[0], row.dtypes[0]).map { $0.tensor(row.dtypes[0]) }
          check("the gradient of \(row.name)", refusals: 60) { gradient(at: x) { row.apply($0, row.dtypes[0]).sum() } }
        }
        check.finish()
      }
      showEnd(result)
    }

    private struct Rows: Dataset {
      let x = withSeed(1) { Tensor.normal([20, 30]) }
      var count: Int { 20 }
      func batch(_ indices: [Int]) throws -> (Tensor, Tensor) {
        let rows = x.take(Tensor(indices))
        return (rows * 2 + Tensor.normal([indices.count, 30]), rows.sum(axis: 1))
      }
    }

    /// Loaders in order, shuffled, with samplers and workers; folders of images; tables.
    @Test func data() async {
      let result = await #expect(processExitsWith: .success, observing: [\.exitStatus, \.standardErrorContent]) {
        try IDXFixture.withFolder { folder in
          let check = RefusalCheck()
          for name in ["a", "b"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
            for i in 0..<2 {
              try withSeed(UInt64(i)) { Tensor.uniform([3, 9, 7 + i]) }.writeImage(to: "\(folder)/\(name)/\(i).png")
              try withSeed(UInt64(i)) { Tensor.uniform([3, 12, 10]) }.writeImage(to: "\(folder)/\(name)/\(i + 2).jpg")
            }
          }
          let images = try ImageFolder(folder, size: [6, 6])
          let csv = Array("a,b,c\n1,x,2.5\n,y,1\n3,x,\n4,z,0\n".utf8)
          check.passes("rows", Rows()) { $0.0.sum() + $0.1.sum() }
          check.passes("a data set of tensors", TensorDataset(.ones([20, 30]), .ones([20, 4]))) { $0.0.sum() + $0.1.sum() }
          check.passes("a subset", Rows().subset([1, 5, 7, 9])) { $0.0.sum() }
          check.passes("images", images) { $0.0.sum() }
          check.here("a folder's targets", refusals: 10) { try ImageFolder(folder, size: [6, 6]).targets }
          check.here("an image read", refusals: 20) { try Tensor(imageAt: folder + "/a/0.png") }
          check.here("an image written", refusals: 20) { try Tensor.ones([3, 20, 20]).writeImage(to: folder + "/out.png") }
          check.here("a grid of images", refusals: 40) { Tensor.ones([5, 3, 8, 8]).imageGrid(columns: 3) }
          let table = try Table(bytes: csv)
          let encoder = TableEncoder(fitting: table, numbers: ["a", "c"], categories: ["b"], missing: .mean, addsMasks: true)
          check.here("a table's numbers", refusals: 40) { encoder.numbers(table) }
          check.here("a table's ids", refusals: 40) { encoder.ids(table) }
          check.here("a table's features", refusals: 60) { encoder.features(table) }
          check.here("a row's features", refusals: 60) { encoder.features(["a": 1, "b": "x", "c": .missing]) }
          check.here("a column", refusals: 20) { table["c"].tensor() }
          check.here("a table's tensor", refusals: 40) { table.select(["a", "c"]).tensor() }
          check.here("a table's parts", refusals: 20) {
            table.split(into: [0.5, 0.5], stratifiedBy: "b", seed: 1).map { $0["a"].tensor() }
          }
          check.here("numbers of a CSV file", refusals: 20) { try CSVFile(bytes: Array("1,2\n3,4\n5,6\n7,8\n".utf8)).tensor }
          check.finish(least: 300)
        }
      }
      showEnd(result)
    }

    @Test func layersAndOptimizers() async {
      let result = await #expect(processExitsWith: .success, observing: [\.exitStatus, \.standardErrorContent]) {
        let check = RefusalCheck()
        for row in layerList {
          var layer = row.layer()
          let x = row.sample()
          check(row.name, refusals: 40) { try checked(&layer) { layer in run(&layer, x) } }
          if row.dtype != .int64 && !layer.parameters.isEmpty { check("the gradient of \(row.name)", refusals: 40) { step(layer, x, nil) } }
        }
        let dense = Chain {
          Dense(8, 40, activation: tanh); Dense(40, 3)
        }
        let x = Tensor.normal([4, 8])
        for row in OptimizerRow.ungrouped {
          check(row.description, refusals: 80) { step(dense, x, row.make()) }
        }
        check.finish()
      }
      showEnd(result)
    }
  }

  /// After a mistake in a `checked` scope operators, gradients and layers go on with placeholders, which have no axes, up to the scope's end.
  @Suite struct AfterMistakeTests {
    @Test func operatorsAndGradients() async {
      let result = await #expect(processExitsWith: .success, observing: [\.exitStatus, \.standardErrorContent]) {
        let check = RefusalCheck()
        // These rows make more operands from the operand's shape.
        for row in OperatorTable.rows where row.name != "ctc" && !row.name.hasPrefix("gather along") {
          let dtype = row.dtypes[0]
          let x = row.operands(row.cases[0], dtype).map { $0.tensor(dtype) }
          check.isolated("\(row.name) after a mistake") {
            // All operands of the operator that failed, then each one.
            for which in -1..<x.count {
              let wrong = afterMistake { placeholder in
                let operands = x.indices.map { which == -1 || $0 == which ? placeholder : x[$0] }
                use(row.apply(operands, dtype))
                _ = gradient(at: operands) { row.apply($0, dtype).sum() }
              }
              if let wrong { return (0, wrong) }
            }
            return (x.count + 1, "")
          }
        }
        check.finish(least: 500)
      }
      showEnd(result)
    }

    @Test func layers() async {
      let result = await #expect(processExitsWith: .success, observing: [\.exitStatus, \.standardErrorContent]) {
        let check = RefusalCheck()
        for row in layerList {
          var layer = row.layer()
          check.isolated("\(row.name) after a mistake") {
            let wrong = afterMistake { placeholder in
              use(run(&layer, placeholder))
              _ = step(layer, placeholder, nil)
            }
            return (1, wrong ?? "")
          }
        }
        check.finish()
      }
      showEnd(result)
    }

    /// Lists are as long as asked for, so that a program finds the part that it goes on with.
    @Test func lists() async {
      let result = await #expect(processExitsWith: .success, observing: [\.exitStatus, \.standardErrorContent]) {
        let check = RefusalCheck()
        let x = Tensor.ones([4, 6])
        /// How many results a function gives, what it is on a tensor, and what it does with arguments that do not fit.
        let lists: [(name: String, count: Int, of: (Tensor) -> [Tensor], mistakes: [() -> [Tensor]])] = [
          (
            "split(sizes:)", 3, { $0.split(sizes: [1, 2, 3], axis: 1) },
            [{ x.split(sizes: [1, 2, 4]) }, { x.split(sizes: [1, 2, 1], axis: 3) }]
          ),
          (
            "split(size:)", 3, { $0.split(size: 2, axis: 1) },
            [{ x.split(size: 2, axis: 4) }, { x.split(size: 0) }, { x.split(size: .min) }]
          ),
          ("chunk", 3, { $0.chunk(3, axis: 1) }, [{ x.chunk(3, axis: -3) }]),
          ("split(at:)", 3, { $0.split(at: [1, 2], axis: 1) }, [{ x.split(at: [1, 2], axis: .max) }]),
          ("split(parts:)", 3, { $0.split(parts: 3, axis: 1) }, [{ x.split(parts: 3, axis: 9) }, { x.split(parts: 1 << 40) }]),
          ("unstacked", 6, { $0.unstacked(axis: 1) }, [{ x.unstacked(axis: 2) }]),
          ("nonzero", 2, { $0.nonzero() }, []),
          ("meshgrid", 2, { meshgrid([$0, $0]) }, [{ meshgrid([x, x]) }]),
          (
            "Branch", 2,
            {
              var heads = Branch {
                Dense(6, 2); Dense(6, 3)
              }
              return heads($0)
            },
            [
              {
                var heads = Branch {
                  Dense(5, 2); Dense(5, 3)
                }
                return heads(x)
              }
            ]
          ),
          ("gradient", 2, { gradient(at: [$0, $0]) { $0[0].sum() + $0[1].sum() } }, [{ gradient(at: [x, x]) { $0[0] } }]),
          (
            "valueAndPullback", 2, { valueAndPullback(at: [$0, $0]) { $0[0] * $0[1] }.pullback(x) },
            [{ valueAndPullback(at: [x, x]) { $0[0] * $0[1] }.pullback(Tensor.ones([5])) }]
          ),
        ]
        for list in lists {
          check.isolated("\(list.name) after a mistake") {
            func wrong(_ parts: [Tensor]) -> String? {
              if parts.count < list.count { return "\(parts.count) results" }
              use(parts[list.count - 1])
              return nil
            }
            var short: String?
            if let wrong = afterMistake({ short = wrong(list.of($0)) }) ?? short { return (0, wrong) }
            for mistake in list.mistakes {
              do {
                try checked { short = wrong(mistake()) }
                return (0, "nothing was thrown")
              } catch {}
              if let short { return (0, short) }
            }
            return (1 + list.mistakes.count, "")
          }
        }
        check.finish(least: 23)
      }
      showEnd(result)
    }

    /// The same of parts of data sets and tables, which are then empty.
    @Test func partsOfData() async {
      let result = await #expect(processExitsWith: .success, observing: [\.exitStatus, \.standardErrorContent]) {
        let check = RefusalCheck()
        let data = TensorDataset(.ones([6, 2]), Tensor([0, 1, 0, 1, 0, 1], .int64))
        let table = Table([.init("a", numbers: [1, 2, 3, 4]), .init("b", texts: ["x", "y", "x", "y"])])
        let ids = Tensor([0, 1], .int64)
        let parts: [(name: String, count: Int, mistake: () -> [Int])] = [
          ("Splits.random", 2, { Splits.random(6, into: [0.5, 0.6]).map(\.count) }),
          ("Splits.stratified", 2, { Splits.stratified(by: [0, 1], into: [-1, 2]).map(\.count) }),
          ("Splits.grouped", 2, { Splits.grouped(by: [0, 1], into: [.nan, 1]).map(\.count) }),
          ("Splits.folds", 7, { Splits.folds(7, of: 6).map(\.train.count) }),
          ("Splits.stratifiedFolds", 3, { Splits.stratifiedFolds(3, by: [0, 1]).map(\.validation.count) }),
          ("Splits.groupedFolds", 3, { Splits.groupedFolds(3, by: [0, 0, 1]).map(\.train.count) }),
          ("Dataset.split(into:)", 2, { data.split(into: [1, 1]).map(\.count) }),
          ("Dataset.split(into:stratifiedBy:)", 2, { data.split(into: [0.5, 0.5], stratifiedBy: ids).map(\.count) }),
          ("Dataset.split(into:groupedBy:)", 2, { data.split(into: [0.5, 0.5], groupedBy: ids).map(\.count) }),
          ("Dataset.folds", 9, { data.folds(9).map(\.train.count) }),
          ("Dataset.folds(stratifiedBy:)", 3, { data.folds(3, stratifiedBy: ids).map(\.train.count) }),
          ("Dataset.folds(groupedBy:)", 3, { data.folds(3, groupedBy: ids).map(\.validation.count) }),
          ("Table.split(into:)", 2, { table.split(into: [1, 1]).map(\.rowCount) }),
          ("Table.split(into:stratifiedBy:)", 2, { table.split(into: [0.5, 0.5], stratifiedBy: "c").map(\.rowCount) }),
          ("Table.folds", 5, { table.folds(5).map(\.train.rowCount) }),
          ("Table.folds(stratifiedBy:)", 3, { table.folds(3, stratifiedBy: "c").map(\.validation.rowCount) }),
        ]
        for part in parts {
          check.isolated("\(part.name) after a mistake") {
            var counts: [Int] = []
            do {
              try checked { counts = part.mistake() }
              return (0, "nothing was thrown")
            } catch {}
            return (1, counts.count == part.count ? "" : "\(counts.count) parts")
          }
        }
        check.finish(least: 16)
      }
      showEnd(result)
    }
  }

  /// What else than the mistake came of running `body` on an operator's result after it; nil if nothing did.
  private func afterMistake(_ body: (Tensor) -> Void) -> String? {
    do {
      try checked { body(Tensor.zeros([2]) + Tensor.zeros([3])) }
      return "nothing was thrown"
    } catch {
      return "\(error)".contains("[2] and [3]") ? nil : "\(error)"
    }
  }

  /// What a program may do with a result.
  private func use(_ y: Tensor) {
    _ = (y.shape[-1], y.shape[0], Array(y.shape[1...]), Array(y.shape[..<2]), y.item(), y.cast(to: .float64).scalars(Double.self))
    _ = (y[0], y[-1, .ellipsis], y[.ellipsis, 1...2], y.transposed(), y.reshaped([2, -1]), "\(y)", y .== y, y.elementCount, y.dtype)
  }

  /// That the process was content, and what it said otherwise.
  private func showEnd(_ result: ExitTest.Result?) {
    guard let result else { return }
    let text = String(decoding: result.standardErrorContent, as: UTF8.self)
    if !text.contains(", 0 failures") { Issue.record("\(text)") }
  }

  private func run<M: Model<Tensor, Tensor>>(_ model: inout M, _ x: Tensor) -> Tensor { model(x) }

  private func step(_ model: any Model<Tensor, Tensor>, _ x: Tensor, _ optimizer: (any Optimizer)?) -> Tensor {
    func step<M: Model<Tensor, Tensor>>(_ model: M) -> Tensor {
      var model = model
      let slopes = gradient(at: &model) { model in (model(x) * model(x)).sum() }
      var optimizer = optimizer
      for _ in 0..<2 { optimizer?.update(&model, along: slopes) }
      return slopes.parameters.first?.value ?? x
    }
    return step(model)
  }

  /// Runs things with one request for memory refused after the other, in a process beside this one, so that one that stops does not hide what the
  /// others do.
  private final class RefusalCheck {
    private var checks: [(name: String, body: () -> (Int, String))] = []
    private var (count, failures) = (0, [String]())

    init() {
      Threads.count = 1
      // Without one each refusal looks for the system's.
      Memory.limit = 1 << 42
      MemoryPool.smallest = 16
    }

    func callAsFunction<R>(
      _ name: String, refusals: Int, _ body: @escaping () throws -> R, isUnchanged: @escaping () -> Bool = { true }
    ) {
      isolated(name) { [self] in
        let (made, wrong) = run(refusals, body)
        return (made, wrong.isEmpty && !isUnchanged() ? "an operand changed" : wrong)
      }
    }

    /// In this process, for what needs its threads.
    func here<R>(_ name: String, refusals: Int, _ body: () throws -> R) {
      let (made, wrong) = run(refusals, body)
      count += made
      if !wrong.isEmpty { failures.append("\(name): \(wrong)") }
    }

    /// Passes over a data set, by one worker and by three; `use` makes a tensor of a batch.
    func passes<D: Dataset>(_ name: String, _ data: D, _ use: @escaping (D.Element) -> Tensor) {
      func loaders(_ workers: Int) -> [(String, DataLoader<D>)] {
        [
          ("in order", DataLoader(data, batchSize: 3, workers: workers)),
          ("shuffled", DataLoader(data, batchSize: 3, shuffle: true, seed: 1, workers: workers)),
          ("without prefetch", DataLoader(data, batchSize: 3, seed: 1, prefetch: false, workers: workers)),
          ("sampled", DataLoader(data, batchSize: 3, sampler: WeightedSampler((0..<data.count).map { Double($0 + 1) }), seed: 1)),
        ]
      }
      for workers in [1, 3] {
        for (kind, loader) in loaders(workers) {
          // In this process: a copy of it would have none of its threads.
          here("\(name) \(kind), \(workers) workers", refusals: 60) {
            var sum = Tensor.zeros([])
            for batch in loader.pass(0) { sum = sum + use(batch) }
            return sum
          }
        }
      }
    }

    /// `body` tells how much it tried, and what is wrong.
    func isolated(_ name: String, _ body: @escaping () -> (Int, String)) { checks.append((name, body)) }

    /// How many requests were refused, and what is wrong.
    private func run<R>(_ refusals: Int, _ body: () throws -> R) -> (Int, String) {
      // What is made once, and kept, is made.
      _ = try? withSeed(1) { try checked(body) }
      let live = Memory.liveBytes
      for k in 0..<refusals {
        MemoryPool.requestsUntilRefusal.store(k, ordering: .relaxed)
        var wrong: String?
        do {
          _ = try withSeed(1) { try checked(body) }
          if MemoryPool.requestsUntilRefusal.load(ordering: .relaxed) < 0 { wrong = "nothing was thrown" }
        } catch {
          if !"\(error)".contains("memory") { wrong = "\(error)" }
        }
        let isOver = MemoryPool.requestsUntilRefusal.load(ordering: .relaxed) >= 0
        MemoryPool.requestsUntilRefusal.store(.max, ordering: .relaxed)
        if Memory.liveBytes != live && wrong == nil { wrong = "\(Memory.liveBytes - live) bytes are left" }
        if let wrong { return (k, "request \(k): \(wrong)") }
        if isOver { return (k, "") }
      }
      return (refusals, "")
    }

    /// Runs all, and says what is wrong to whoever reads the error stream, whose pipe holds little.
    func finish(least: Int = 1) {
      var next = 0
      while next < checks.count {
        let (text, status) = output { [self] in
          for check in checks[next...] {
            let (made, wrong) = check.body()
            write("\n\(mark)\(made) \(wrong.split(separator: "\n").joined(separator: " "))\n")
          }
        }
        let lines = text.split(separator: "\n")
        for line in lines where line.hasPrefix(mark) {
          let parts = line.dropFirst(mark.count).split(separator: " ", maxSplits: 1)
          count += Int(parts[0]) ?? 0
          if parts.count > 1 { failures.append("\(checks[next].name): \(parts[1])") }
          next += 1
        }
        // It ended in the midst of the next one, which is left out.
        if next < checks.count {
          let last = lines.lastIndex { $0.hasPrefix(mark) }.map { $0 + 1 } ?? 0
          failures.append("\(checks[next].name): ends with status \(status): \(lines[last...].prefix(4).joined(separator: " "))")
          next += 1
        }
      }
      if count < least { failures.append("only \(count) were tried") }
      write("\(count) tried, \(failures.count) failures\n" + failures.map { $0.prefix(400) }.joined(separator: "\n").prefix(50_000))
    }

    private let mark = "result: "

    private func write(_ text: String) { _ = text.withCString { Glibc.write(STDERR_FILENO, $0, strlen($0)) } }

    /// What a copy of the process says on its error stream while it runs `body`, and how it ends.
    private func output(_ body: () -> Void) -> (String, Int32) {
      fflush(nil)
      var ends: [Int32] = [0, 0]
      guard pipe(&ends) == 0 else { return ("no pipe", -1) }
      let child = fork()
      if child == 0 {
        dup2(ends[1], STDERR_FILENO)
        body()
        _exit(0)
      }
      close(ends[1])
      var (text, status, buffer) = ([UInt8](), Int32(0), [UInt8](repeating: 0, count: 4096))
      while case let length = read(ends[0], &buffer, buffer.count), length > 0 { text += buffer.prefix(length) }
      close(ends[0])
      waitpid(child, &status, 0)
      return (String(decoding: text, as: UTF8.self), status)
    }
  }
#endif
