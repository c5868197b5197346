/// The order in which a plan's steps run: steps whose results only the caller reads, gradients of weights mostly, are put off where what their kernels
/// need for themselves does not fit beside what is kept for later steps.
struct StepOrder {
  /// The bytes in use at each step.
  private var profile: [Int]
  /// The steps that are put off, after the step that each follows.
  private var after: [Int: [Int]] = [:]
  private var isMoved: [Bool]

  init(_ pieces: [PlanPiece], stepCount: Int) {
    profile = Array(repeating: 0, count: stepCount)
    isMoved = Array(repeating: false, count: stepCount)
    for piece in pieces { add(piece.byteCount, piece.steps) }
  }

  private mutating func add(_ bytes: Int, _ steps: ClosedRange<Int>) {
    for step in steps where step < profile.count { profile[step] += bytes }
  }

  /// The steps as they run.
  var list: [Int] { profile.indices.flatMap { (isMoved[$0] ? [] : [$0]) + (after[$0] ?? []) } }

  /// Puts a step off to where the most bytes at any time become the fewest; false if they become no fewer, and it stays where it is.
  ///
  /// - Parameters:
  ///   - own: The pieces that it alone uses, while it runs.
  ///   - operands: Those that it reads, which are kept until then.
  mutating func putOff(_ step: Int, own: Set<Int>, operands: Set<Int>, _ pieces: inout [PlanPiece]) -> Bool {
    let need = own.reduce(0) { $0 + pieces[$1].byteCount }
    let most = profile.max() ?? 0
    guard need > 0, profile[step] == most else { return false }
    var rest = profile
    rest[step] -= need
    /// What is in use at most after a step, where nothing changes.
    var behind = Array(repeating: 0, count: rest.count + 1)
    for i in rest.indices.reversed() { behind[i] = Swift.max(rest[i], behind[i + 1]) }
    var (best, place) = (most, step)
    var until = rest[...step].max() ?? 0
    for next in rest.indices where next > step {
      let kept = operands.reduce(0) { $0 + (pieces[$1].steps.upperBound < next ? pieces[$1].byteCount : 0) }
      until = Swift.max(until, rest[next] + kept)
      let bytes = Swift.max(until, rest[next] + kept + need, behind[next + 1])
      if bytes < best { (best, place) = (bytes, next) }
    }
    if place == step { return false }
    profile = rest
    profile[place] += need
    for i in own { pieces[i].steps = place...place }
    for i in operands where pieces[i].steps.upperBound < place {
      add(pieces[i].byteCount, pieces[i].steps.upperBound + 1...place)
      pieces[i].steps = pieces[i].steps.lowerBound...place
    }
    isMoved[step] = true
    after[place, default: []].append(step)
    return true
  }
}

/// A piece of memory that steps work in: the result of one, or what its kernel needs meanwhile.
struct PlanPiece {
  var byteCount: Int
  /// The steps from which to which it is needed.
  var steps: ClosedRange<Int>
  var offset = 0
}
