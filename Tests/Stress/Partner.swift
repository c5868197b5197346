import Foundation
import Synchronization

/// A second thread that does what it is handed, one thing after the other: quicker than a thread for each, so that millions are possible.
final class Partner: Sendable {
  private let handed = Atomic<Int>(0)
  private let done = Atomic<Int>(0)
  nonisolated(unsafe) private var work: (() -> Void)?

  init() {
    Thread { [self] in
      var number = 0
      while true {
        var looks = 0
        while handed.load(ordering: .acquiring) == number { Self.wait(&looks) }
        number += 1
        work!()
        // What the work holds is let go of before anybody hears that it is done.
        work = nil
        done.store(number, ordering: .releasing)
      }
    }.start()
  }

  /// Begins `body` on the other thread.
  func begin(_ body: @escaping @Sendable () -> Void) {
    work = body
    handed.add(1, ordering: .releasing)
  }

  /// Waits until that is done.
  func finish() {
    var looks = 0
    while done.load(ordering: .acquiring) != handed.load(ordering: .relaxed) { Self.wait(&looks) }
  }

  private static func wait(_ looks: inout Int) {
    looks += 1
    if looks > 500 { sched_yield() }
  }
}
