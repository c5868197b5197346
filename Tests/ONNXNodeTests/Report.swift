import Foundation
import Tensors

/// What came of many node tests, as text.
public struct NodeTestReport: Sendable {
  /// The tests in order.
  public private(set) var outcomes: [(name: String, outcome: NodeTest.Outcome)] = []

  /// Runs tests in order.
  public init(_ tests: [NodeTest], progress: (String, NodeTest.Outcome) -> Void = { _, _ in }) {
    for test in tests {
      let outcome = test.run()
      outcomes.append((test.name, outcome))
      progress(test.name, outcome)
    }
  }

  /// How many passed.
  public var passed: Int { outcomes.count { $0.outcome == .passed } }
  /// How many draw random numbers, and have the right shape and type.
  public var random: Int { outcomes.count { $0.outcome == .random } }
  /// How many have element types that Fluxion has no dtype for.
  public var refused: Int { outcomes.count { if case .refused = $0.outcome { true } else { false } } }
  /// How many failed.
  public var failed: Int { outcomes.count - passed - random - refused }
  /// Those that pass of those whose element types exist here; what is drawn at random counts as not passed.
  public var share: Double { outcomes.count == refused ? 1 : Double(passed) / Double(outcomes.count - refused) }

  /// One line a test that did not pass, and the sums.
  public var text: String {
    var lines: [String] = []
    for (name, outcome) in outcomes {
      switch outcome {
      case .passed: continue
      case .random: lines.append("random   \(name): shape and type are right; the elements are drawn")
      case .refused(let reason): lines.append("refused  \(name): \(reason)")
      case .failed(let reason): lines.append("FAILED   \(name): \(reason)")
      }
    }
    let percent = (share * 1000).rounded(.down) / 10
    lines.append(
      "\(outcomes.count) cases: \(passed) passed, \(failed) failed, \(random) drawn at random, \(refused) refused for their element types; "
        + "\(percent) % of those whose types exist here")
    return lines.joined(separator: "\n")
  }
}
