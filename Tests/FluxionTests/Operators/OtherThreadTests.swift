import Autodiff
import Foundation
import Testing

@testable import Tensors

/// What another thread computes of a tensor that is being differentiated: free to look at, a mistake to use, as its gradient would be missing.
@Suite struct OtherThreadTests {
  /// What `body` gives on a thread of its own.
  static func elsewhere<R>(_ body: @escaping () -> R) -> R {
    nonisolated(unsafe) let body = body
    nonisolated(unsafe) var result: R?
    let done = DispatchSemaphore(value: 0)
    Thread {
      result = body()
      done.signal()
    }.start()
    done.wait()
    return result!
  }

  struct Use: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let f: @Sendable (_ x: Tensor) -> Tensor
    init(_ name: String, _ f: @escaping @Sendable (Tensor) -> Tensor) { (testDescription, self.f) = (name, f) }
  }
  static let three: Tensor = [1, 2, 3]
  static let matrix = Tensor.ones([3, 3])
  static let uses = [
    Use("a sum") { ($0 * $0).sum() },
    Use("a product of two") { $0 * Self.three },
    Use("with numbers") { 3 * $0 + 1 },
    Use("a function") { exp($0) },
    Use("a view") { $0[0..<2] },
    Use("a reshaped view") { $0.reshaped([3, 1]) },
    Use("a matrix product") { $0.reshaped([1, 3]) • Self.matrix },
    Use("linear") { linear($0.reshaped([1, 3]), weight: Self.matrix, bias: Tensor.zeros([3])) },
    Use("softmax") { $0.softmax() },
    Use("a list") { concatenate([Tensor.ones([3]), $0]) },
    Use("in place") { x in
      var y = Tensor.ones([3])
      y += x
      return y
    },
    Use("written to") { x in
      var y = Tensor.ones([3])
      y[1] = x[2]
      return y
    },
    Use("large ones, written over") { x in exp(x.expanded([20_000, 3]) * 2 + 1).sum() },
    Use("a gradient") { x in gradient(at: x) { x in (x * x * x).sum() } },
    Use("a gradient of something else") { x in gradient(at: Self.three) { y in (y * y * x).sum() } },
    Use("a value of a gradient call") { x in valueAndGradient(at: Self.three) { y in (y * x).sum() }.value },
    Use("from a third thread") { x in elsewhere { x * 2 } + 1 },
  ]

  @Test(arguments: uses) func usesAreMistakes(_ use: Use) throws {
    let x = Self.three
    for isWhole in [false, true] {
      let error = #expect(throws: TensorError.self) {
        try checked {
          gradient(at: x) { x in
            let part = Self.elsewhere { use.f(x) }
            return isWhole ? (part.elementCount == 1 ? part : Self.elsewhere { part.sum() }) : (x * 3).sum() + part.sum()
          }
        }
      }
      #expect(error?.message.contains("was computed on another thread than its gradient") ?? false, "\(String(describing: error))")
    }
    // As a constant it is free to use.
    let slope = gradient(at: x) { x in (x * 3).sum() + Self.elsewhere { use.f(x) }.detached.sum() }
    #expect(slope.scalars(Float.self) == [3, 3, 3])
    // To look at it changes nothing.
    let looked = gradient(at: x) { x in
      #expect(Self.elsewhere { use.f(x).sum().item() }.isFinite)
      return (x * x).sum()
    }
    #expect(looked.scalars(Float.self) == [2, 4, 6])
    // Once the call has ended it is a constant as any other.
    var kept: Tensor?
    _ = gradient(at: x) { x in
      kept = Self.elsewhere { use.f(x) }
      return x.sum()
    }
    #expect(gradient(at: x) { x in (x * 2).sum() + kept!.sum() }.scalars(Float.self) == [2, 2, 2])
  }

  /// A tensor that another thread hands back as it is, or integers made of it, have nothing to lose.
  @Test func whatIsNoPartOfTheGradient() {
    let x = Self.three
    let slope = gradient(at: x) { x in
      let same = Self.elsewhere { x.reshaped([3]) }
      let best = Self.elsewhere { x.argmax() }
      return (x * x).sum() + x.take(best.reshaped([1])).sum() + same.detached.sum()
    }
    #expect(slope.scalars(Float.self) == [2, 4, 7])
  }

  /// Gradients that are taken on several threads at a time have nothing to do with each other.
  @Test func gradientsOnManyThreads() {
    let x = Tensor.arange(64).cast(to: .float64)
    DispatchQueue.concurrentPerform(iterations: 16) { i in
      for _ in 0..<50 {
        let slope = gradient(at: x) { y in (y * y * x).sum() * Double(i) }
        #expect(slope.isClose(to: x * x * Double(2 * i)))
      }
    }
  }
}
