import Data
import Foundation

/// A directory of a run's checkpoints: `step-00001200.safetensors` and others, and two more names for some of them, `last.safetensors` and
/// `best.safetensors`.
struct CheckpointDirectory {
  let path: String
  /// How many of the numbered files stay, the best one not counted.
  let keep: Int

  /// Makes the directory if need be.
  init(_ path: String, keep: Int) throws(DataError) {
    self.path = path
    self.keep = keep
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      var isDirectory: ObjCBool = false
      let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
      throw DataError(
        file: path, message: isThere && !isDirectory.boolValue ? "is no directory, which checkpoints want" : "cannot be made a directory")
    }
  }

  /// The steps that there are checkpoints of, in order.
  func steps() throws(DataError) -> [Int] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
      throw DataError(file: path, message: "cannot be read as a directory")
    }
    return names.compactMap { name in
      guard name.hasPrefix("step-"), name.hasSuffix(".safetensors"), let step = Int(name.dropFirst(5).dropLast(12)) else { return nil }
      // Others that only look alike are not the run's.
      return file(step) == "\(path)/\(name)" ? step : nil
    }.sorted()
  }

  /// The file of a step.
  func file(_ step: Int) -> String {
    let digits = String(step)
    return "\(path)/step-\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits).safetensors"
  }

  /// Whether there are checkpoints of a run.
  func hasCheckpoints() throws(DataError) -> Bool {
    // The numbered ones may have been taken away, the last one left.
    try !steps().isEmpty || FileManager.default.fileExists(atPath: named("last"))
  }

  /// The checkpoint that the run was last at, of those that are whole, and what there is to say about the others; nil if there is none at all.
  ///
  /// A damaged one that is newer is renamed, so that it does not count any more. Where none is whole the newest one's error is thrown.
  func newestWhole() throws(DataError) -> (file: String, remarks: [String])? {
    var candidates = try steps().reversed().map { file($0) }
    if candidates.isEmpty && FileManager.default.fileExists(atPath: named("last")) { candidates = [named("last")] }
    var damaged: [(file: String, error: DataError)] = []
    for candidate in candidates {
      do throws(DataError) {
        try SafetensorsFile(candidate).verify()
      } catch {
        // What may not be read need not be damaged.
        if access(candidate, R_OK) != 0 { throw error }
        damaged.append((candidate, error))
        continue
      }
      let remarks = damaged.map { file, error in
        let isRenamed = rename(file, file + ".damaged") == 0
        return "\(error.description); the run goes on from \(candidate)\(isRenamed ? ", and the file is now \(file).damaged" : "")"
      }
      return (candidate, remarks)
    }
    if let newest = damaged.first { throw newest.error }
    return nil
  }

  /// Writes a checkpoint, then gives the last and the best their names, then removes what need not stay.
  ///
  /// Killed in between, names and removals are made good when the run goes on.
  func write<M, O>(_ run: TrainingState<M, O>) throws(DataError) {
    try run.save(to: file(run.step))
    try mark(run)
  }

  /// Gives the files their names, and removes those that are too old.
  func mark<M, O>(_ run: TrainingState<M, O>) throws(DataError) {
    for (step, name) in [(run.step, "last"), (run.bestStep, "best")] where name == "last" || run.best != nil {
      // Numbered files may have been taken away.
      if FileManager.default.fileExists(atPath: file(step)) { try AtomicFile.link(file(step), as: named(name)) }
    }
    for step in try steps().dropLast(keep) where step != run.bestStep || run.best == nil { unlink(file(step)) }
  }

  private func named(_ name: String) -> String { "\(path)/\(name).safetensors" }
}
