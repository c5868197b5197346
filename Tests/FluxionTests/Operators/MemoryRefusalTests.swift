import Fluxion
import Foundation
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
        // These rows make more operands from the operand's shape, or ask for a certain part of those that a shape tells of.
        let others = ["ctc", "split size", "unstacked"]
        for row in OperatorTable.rows where !others.contains(row.name) && !row.name.hasPrefix("gather along") {
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
          if !"\(error)".contains("out of memory") { wrong = "\(error)" }
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
      var (next, count, failures) = (0, 0, [String]())
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
