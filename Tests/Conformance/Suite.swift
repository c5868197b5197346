import Fluxion
import Foundation

/// Files of cases, and what became of them.
public struct Suite: Sendable {
  /// Where they are.
  public let directory: URL
  /// The operators that there are files of, in order.
  public let names: [String]

  /// The cases that are part of the project: those of the operators that were chosen first, and those of all others, with further dtypes
  /// of both.
  public static func bundled() throws -> [Suite] {
    try ["Cases", "WideCases"].map { folder in
      guard let directory = Bundle.module.url(forResource: folder, withExtension: nil) else {
        throw CaseError("the bundled cases are missing")
      }
      return try Suite(directory)
    }
  }

  /// The cases of a folder.
  public init(_ directory: URL) throws {
    self.directory = directory
    let files: [URL]
    do {
      files = try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
    } catch {
      throw CaseError("\(directory.path): not a folder that can be read")
    }
    names = files.filter { $0.pathExtension == "json" }.map { $0.deletingPathExtension().lastPathComponent }.sorted()
    if names.isEmpty { throw CaseError("\(directory.path): no NAME.json with cases") }
  }

  /// What became of one operator's cases.
  public struct Report: Sendable {
    /// The operator.
    public let name: String
    /// How many cases there are.
    public var total = 0
    /// How many of them passed.
    public var passed = 0
    /// A line for each case that did not pass: its id and what is wrong.
    public var failures: [String] = []
    /// The largest error of a case, and of which one.
    public var worst: (error: Double, id: String) = (0, "")
    /// Cases that a rule of the table refuses, by reason.
    public var refused: [String: Int] = [:]

    /// How many of those differ only by PyTorch's rounding to 16 bits in between.
    public var rounded: Int { refused[Refusal.rounded.reason] ?? 0 }
    /// Whether all cases passed.
    public var isComplete: Bool { passed == total }
    /// Whether something is wrong beyond what the table refuses.
    public var hasFailed: Bool { passed + refused.values.reduce(0, +) < total }
  }

  /// Runs all cases of an operator.
  public func run(_ name: String) throws -> Report {
    var report = Report(name: name)
    let file = directory.appending(path: name + ".json")
    guard let json = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any],
      let list = json["cases"] as? [[String: Any]]
    else { throw CaseError("\(file.lastPathComponent): not a list of cases") }
    let tensors = try TensorFile(directory.appending(path: name + ".safetensors"))
    for json in list {
      report.total += 1
      let id = json["id"] as? String ?? "?"
      do {
        // What the case wants of dtypes comes before what there is of operators.
        let sample = try Case(json, tensors)
        guard let row = Table.byName[name] else { throw CaseError("not in the table") }
        let outcome = try sample.run(row)
        if outcome.error > report.worst.error { report.worst = (outcome.error, id) }
        if let differs = row.differs, outcome.failure != nil, outcome.error <= differs.within { throw Refusal(differs.reason) }
        if let failure = outcome.failure { report.failures.append("\(id): \(failure)") } else { report.passed += 1 }
      } catch let refusal as Refusal {
        report.refused[refusal.reason, default: 0] += 1
      } catch {
        report.failures.append("\(id): \(error)")
      }
    }
    return report
  }
}
