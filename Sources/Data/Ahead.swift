import Dispatch
import Synchronization
import Tensors

/// A value that is being made on another thread until it is asked for.
///
/// Whoever gets to it first makes it. So the one who asks never waits for a thread that has not begun yet, and a machine whose threads are
/// all taken is no deadlock.
final class Ahead<Value: Sendable>: Sendable {
  private enum State: Sendable {
    case waiting(@Sendable () -> Value)
    case running
    case done(Value)
    case over
  }
  private let state: Lock<State>
  private let finished = DispatchSemaphore(value: 0)

  init(inBackground: Bool, _ make: @escaping @Sendable () -> Value) {
    state = Lock(.waiting(make))
    if inBackground { DispatchQueue.global(qos: .userInitiated).async { self.run() } }
  }

  private func run() {
    guard makeValue() else { return }
    finished.signal()
  }

  // A function of its own: what the closure holds is let go of before anybody hears that it has finished.
  private func makeValue() -> Bool {
    guard let make = claim() else { return false }
    let value = make()
    state.withLock { $0 = .done(value) }
    return true
  }

  /// The making, for the first who asks for it.
  private func claim() -> (@Sendable () -> Value)? {
    state.withLock { state in
      guard case .waiting(let make) = state else { return nil }
      state = .running
      return make
    }
  }

  /// The value, made here if nobody has begun; for once only.
  func take() -> Value? {
    if let make = claim() {
      state.withLock { $0 = .over }
      return make()
    }
    return settle()
  }

  /// Gives the value up; nothing of it is left when this returns.
  func discard() {
    if claim() == nil { _ = settle() }
  }

  private func settle() -> Value? {
    if state.withLock({ if case .over = $0 { true } else { false } }) { return nil }
    finished.wait()
    return state.withLock { state in
      defer { state = .over }
      if case .done(let value) = state { return value }
      return nil
    }
  }
}
