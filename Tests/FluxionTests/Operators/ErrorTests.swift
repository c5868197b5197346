import Autodiff
import Foundation
import Tensors
import Testing

/// Mistakes are one sentence, thrown by `checked` and else the end of the program, and change nothing.
@Suite struct ErrorTests {
  @Test(arguments: ErrorTable.rows) func sentence(_ row: ErrorRow) {
    #expect { try checked { row.call() } } throws: { error in
      #expect("\(error)" == row.sentence)
      return error is TensorError
    }
    // The scope is left behind: the next operator runs.
    #expect((Tensor([1.0], .float64) + 1).item() == 2)
  }

  /// A change that fails leaves its tensor as it was, alone or shared, in the scope that threw.
  struct Change: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var dtype = DType.float32
    var change: @Sendable (inout Tensor) -> Void
  }

  static let changes = [
    Change(testDescription: "+= of a wrong shape") { $0 += Tensor.zeros([4]) },
    Change(testDescription: "-= of a larger shape") { $0 -= Tensor.zeros([2, 2, 3]) },
    Change(testDescription: "*= of another dtype") { $0 *= Tensor.zeros([2, 3], .int32) },
    Change(testDescription: "/= of bools", dtype: .bool) { $0 /= Tensor.ones([2, 3], .bool) },
    Change(testDescription: "a subscript out of bounds") { $0[5] = Tensor.zeros([3]) },
    Change(testDescription: "a value of a wrong shape") { $0[0] = Tensor.zeros([2]) },
    Change(testDescription: "a value of a wrong dtype") { $0[0] = Tensor.zeros([3], .float64) },
    Change(testDescription: "a value that is a mistake") { $0[0] = Tensor.zeros([3]) + Tensor.zeros([4]) },
    Change(testDescription: "an index out of bounds") { $0[Tensor([0, 2], .int64)] = Tensor.zeros([3]) },
    Change(testDescription: "an index and a value of a wrong dtype") { $0[Tensor([0, 1], .int64)] = Tensor.zeros([3], .int64) },
    Change(testDescription: "a mask of a wrong shape") { $0[Tensor.ones([3], .bool)] = Tensor.zeros([3]) },
    Change(testDescription: "a part that is changed by a mistake") { $0[0] += Tensor.zeros([7]) },
    Change(testDescription: "right changes after a mistake") {
      _ = Tensor.zeros([2]) + Tensor.zeros([3])
      $0[0] = Tensor.zeros([3])
      $0 += Tensor.ones([2, 3])
    },
  ]

  @Test(arguments: changes, [false, true]) func nothingChanges(_ change: Change, isShared: Bool) {
    let before = Grid([2, 3], [1, 0, 1, 1, 0, 0])
    var x = before.tensor(change.dtype)
    let other = isShared ? x : before.tensor(change.dtype)
    #expect(throws: TensorError.self) { try checked { change.change(&x) } }
    #expect(Grid(x) == before)
    #expect(throws: TensorError.self) { try checked(&x) { change.change(&$0) } }
    #expect(Grid(x) == before)
    #expect(Grid(other) == before)
    #expect(throws: TensorError.self) {
      try checked(&x) { x in
        x = gradient(at: x.cast(to: .float32)) { x in
          var x = x
          change.change(&x)
          return x.sum()
        }
      }
    }
    #expect(Grid(x) == before)
  }

  /// `checked(&x)` takes back what was changed before the mistake too.
  @Test func wholeScopesAreTakenBack() throws {
    var x = Tensor([1.0, 2.0], .float64)
    #expect(throws: TensorError.self) {
      try checked(&x) { x in
        x += 1
        x[0] = x[1]
        x = x.reshaped([3])
      }
    }
    #expect(Grid(x) == Grid([1, 2]))
    try checked(&x) { $0 += 1 }
    #expect(Grid(x) == Grid([2, 3]))
  }

  @Test func theFirstMistakeIsKept() {
    let mistakes = {
      let x = exp(Tensor.zeros([2], .int32))
      #expect(x.isPlaceholder || x.elementCount == 1)
      _ = x + matmul(Tensor.zeros([5]), Tensor.zeros([7]))
      _ = x[9]
    }
    #expect { try checked { mistakes() } } throws: { "\($0)".hasPrefix("exp:") }
  }

  @Test func scopesNest() throws {
    let y = try checked {
      let inner = try? checked { Tensor.zeros([2]) + Tensor.zeros([3]) }
      #expect(inner == nil)
      return Tensor([1.0], .float64) * 3
    }
    #expect(y.item() == 3)
  }

  struct Other: Error, Equatable {}

  @Test func otherErrorsPass() {
    #expect(throws: Other()) { try checked { throw Other() } }
    // The mistake came first, and is the reason.
    #expect(throws: TensorError.self) {
      try checked {
        _ = Tensor.zeros([2]).item()
        throw Other()
      }
    }
  }

  @Test func thePartIsNamed() {
    #expect {
      try checked {
        withPart("layers", 1, of: Int.self) { withPart("inner", of: String.self) { _ = Tensor.zeros([2]) + Tensor.zeros([3]) } }
      }
    } throws: { "\($0)".hasSuffix(", equal sizes or 1 would fit, in layers.1.inner (String)") }
    // And not after it was left.
    #expect { try checked { _ = Tensor.zeros([2]).item() } } throws: { "\($0)".hasSuffix("item() is for one") }
  }

  /// In a dry run the same mistakes are found, but for those that only elements tell.
  @Test func dryRunsFindMistakes() {
    #expect { try checked { dryRun { Tensor.zeros([32, 10]) • Tensor.zeros([12, 5]) } } } throws: {
      "\($0)".hasPrefix("matmul: [32, 10] • [12, 5]")
    }
  }
}

/// Outside `checked` a mistake stops the program, with its sentence.
@Suite struct ExitTests {
  private func stops(_ result: ExitTest.Result?, with sentence: String) {
    let text = result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } ?? ""
    #expect(text.contains(sentence))
  }

  @Test func aWrongShape() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = matmul(Tensor.zeros([32, 10]), Tensor.zeros([12, 5]))
    }
    stops(result, with: "matmul: [32, 10] • [12, 5]: inner dimensions 10 and 12 differ")
  }

  @Test func aWrongAxis() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { _ = Tensor.zeros([2, 3]).sum(axis: 2) }
    stops(result, with: "sum: axis 2 of [2, 3]; -2 to 1 would fit")
  }

  @Test func aWrongDType() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2]) + Tensor.zeros([2], .float64)
    }
    stops(result, with: "+: operands of dtypes float32 and float64; convert one with .cast(to: .float32) or .cast(to: .float64)")
  }

  @Test func aWrongIndex() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { _ = Tensor.zeros([2, 3])[0, 3] }
    stops(result, with: "subscript: index 3 for axis 1 of [2, 3]; -3 to 2 would fit")
  }

  @Test func aMistakeInAGradient() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = gradient(at: Tensor([1.0, 2.0], .float64)) { x in withPart("layers", 2, of: Int.self) { x.reshaped([3]) }.sum() }
    }
    stops(result, with: "reshaped: [2] to [3]: 2 elements do not fit 3, in layers.2 (Int)")
  }

  /// What was printed before is not lost, and the trace is short and names the caller's line.
  @Test func outputIsWrittenAndTheTraceIsShort() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardOutputContent, \.standardErrorContent]) {
      unsetenv("SWIFT_BACKTRACE")
      print("epoch 1 of 3")
      _ = Tensor.zeros([2, 3]).sum(axis: 2)
    }
    guard let result else { return }
    #expect(String(decoding: result.standardOutputContent, as: UTF8.self).contains("epoch 1 of 3"))
    let lines = String(decoding: result.standardErrorContent, as: UTF8.self).split(separator: "\n")
    #expect(lines.first == "Fatal error: sum: axis 2 of [2, 3]; -2 to 1 would fit")
    // The closure of an exit test is in a file of the macro's.
    #expect(lines.dropFirst().first?.contains("outputIsWrittenAndTheTraceIsShort") == true, "\(lines)")
    #expect(lines.dropFirst().first?.contains(".swift:") == true, "\(lines)")
    #expect(lines.count <= 6, "\(lines)")
  }
}
