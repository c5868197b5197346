import Fluxion
import Foundation
import Synchronization

/// Where a reader on a queue's thread meets the thread that goes on: at any moment of the reading, as the delay is drawn from the time that it takes.
private final class Meeting: Sendable {
  private let begun = Atomic<Int>(0)
  private let done = Atomic<Int>(0)
  /// Nanoseconds that the reading took, on average of late.
  private let duration = Atomic<Int>(20_000)

  /// Reads on the other thread.
  func read(_ body: @escaping @Sendable () -> Void) {
    DispatchQueue.global().async { [self] in
      begun.add(1, ordering: .releasing)
      let start = DispatchTime.now().uptimeNanoseconds
      body()
      let took = Int(DispatchTime.now().uptimeNanoseconds - start)
      // A thread that was interrupted says nothing of the time.
      duration.store((duration.load(ordering: .relaxed) * 15 + min(took, 400_000)) / 16, ordering: .relaxed)
      done.add(1, ordering: .releasing)
    }
  }

  /// Waits until `number` readings have begun, and for a part of the time that one takes.
  func meet(_ number: Int) {
    Self.wait { begun.load(ordering: .acquiring) >= number }
    let delay = UInt64.random(in: 0...UInt64(duration.load(ordering: .relaxed) * 5 / 4))
    let end = DispatchTime.now().uptimeNanoseconds + delay
    while DispatchTime.now().uptimeNanoseconds < end {}
  }

  func finish(_ number: Int) { Self.wait { done.load(ordering: .acquiring) >= number } }

  private static func wait(_ isOver: () -> Bool) {
    var looks = 0
    while !isOver() {
      looks += 1
      if looks > 2000 { sched_yield() }
    }
  }
}

private final class Numbers: @unchecked Sendable {
  var value: [Double] = []
}

/// Another thread looks at numbers of a result that waits, while this one sums it up.
private func reader(_ name: String, _ count: Int, _ read: @escaping @Sendable (Tensor) -> [Double]) -> Form {
  Form(name: "\(name) of \(count)") { _ in
    let x = withSeed(9) { Tensor.normal([count]) }
    let expected = gradient(at: x) { x in exp(x * 0.5).sum() }
    let numbers = read(exp(x * 0.5))
    let (meeting, found) = (Meeting(), Numbers())
    var number = 0
    return { _ in
      number += 1
      let slope = gradient(at: x) { x in
        let y = exp(x * 0.5)
        meeting.read { found.value = read(y) }
        meeting.meet(number)
        return y.sum()
      }
      meeting.finish(number)
      if found.value != numbers { return "what was read differs from what one thread gives" }
      return (slope .== expected).all().item() != 0 ? nil : "the gradient differs from what one thread gives"
    }
  }
}

let readers = [
  reader("item", 32_768) { [$0[5].item()] },
  reader("item", 50_000) { [$0[5].item()] },
  reader("item", 131_072) { [$0[5].item()] },
  reader("scalars", 32_768) { $0[0..<64].scalars(Float.self).map(Double.init) },
  reader("description", 32_768) { [Double("\($0)".hashValue)] },
]
