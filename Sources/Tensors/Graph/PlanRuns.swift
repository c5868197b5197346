import Synchronization

/// A plan with the memory of runs that wait for a call.
final class PlanRuns: @unchecked Sendable {
  let plan: Plan
  private let idle: Lock<[PlanRun]>

  init(_ plan: Plan, _ first: PlanRun) {
    self.plan = plan
    idle = Lock([first])
    first.home = self
  }

  fileprivate func take(_ state: FlatLeaves, _ input: UnsafeMutableRawPointer, _ context: Context) throws(TensorError) -> PlanRun? {
    if let run = idle.withLock({ $0.popLast() }) { return run }
    let run = try plan.anotherRun(state, input, context)
    run?.home = self
    return run
  }

  fileprivate func giveBack(_ run: PlanRun) { idle.withLock { $0.append(run) } }
}

/// The runs of a function's plans.
///
/// That of the last call is at hand: it is taken and given back without a lock, and without counting references.
final class RecentRuns: @unchecked Sendable {
  /// The address of the run at hand, which is held once by being here; 0 while a call has it.
  private let atHand = Atomic<UInt>(0)
  /// The plan that was used last.
  private let recent: Lock<PlanRuns?> = Lock(nil)

  deinit {
    if let pointer = UnsafeRawPointer(bitPattern: atHand.load(ordering: .acquiring)) { Unmanaged<PlanRun>.fromOpaque(pointer).release() }
  }

  /// Runs the last plan; nil if it is of another signature, and after a mistake, which then is the context's.
  ///
  /// - Parameter keepsState: Whether a plan that leaves another state will not do.
  func run(
    _ state: FlatLeaves, _ input: UnsafeMutableRawPointer, _ context: Context, keepsState: Bool
  ) -> Unmanaged<PlanRun>? {
    if let pointer = UnsafeRawPointer(bitPattern: atHand.exchange(0, ordering: .acquiringAndReleasing)) {
      let run = Unmanaged<PlanRun>.fromOpaque(pointer)
      let isDone = run._withUnsafeGuaranteedRef { run in
        run.plan.fits(state, context, keepsState: keepsState) && attempt(run, state, input, context)
      }
      if isDone { return run }
      giveBack(run)
      return nil
    }
    // Another thread has it.
    return recent.withLock { $0 }.flatMap { run($0, state, input, context, keepsState: keepsState) }
  }

  /// Runs a plan; nil if it is of another signature, and after a mistake, which then is the context's.
  func run(
    _ runs: PlanRuns, _ state: FlatLeaves, _ input: UnsafeMutableRawPointer, _ context: Context, keepsState: Bool
  ) -> Unmanaged<PlanRun>? {
    if !runs.plan.fits(state, context, keepsState: keepsState) { return nil }
    do throws(TensorError) {
      guard let run = try runs.take(state, input, context) else { return nil }
      if attempt(run, state, input, context) { return .passRetained(run) }
      runs.giveBack(run)
    } catch {
      fail(error)
    }
    return nil
  }

  @inline(__always)
  private func attempt(_ run: PlanRun, _ state: FlatLeaves, _ input: UnsafeMutableRawPointer, _ context: Context) -> Bool {
    do throws(TensorError) {
      return try run.plan.compute(run, state, input, context)
    } catch {
      // Outside of `checked` it stops the program.
      fail(error)
      return false
    }
  }

  /// Takes a run back whose output has been read.
  @inline(__always)
  func giveBack(_ run: Unmanaged<PlanRun>) {
    run._withUnsafeGuaranteedRef { $0.clear() }
    let displaced = atHand.exchange(UInt(bitPattern: run.toOpaque()), ordering: .acquiringAndReleasing)
    if displaced != 0 { putAway(displaced) }
  }

  @inline(never)
  private func putAway(_ address: UInt) {
    guard let pointer = UnsafeRawPointer(bitPattern: address) else { return }
    let run = Unmanaged<PlanRun>.fromOpaque(pointer).takeRetainedValue()
    run.home?.giveBack(run)
  }

  /// The plan of the last call from now on.
  func remember(_ runs: PlanRuns) { recent.withLock { $0 = runs } }
}
