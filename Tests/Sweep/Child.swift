import Foundation

/// A process that runs cases one after the other, and whose end, however it comes, is a fault of the case that it was in.
struct Child {
  /// Which case: a row's position in the table, and its attack's among the row's.
  struct Position: Equatable {
    var row: Int
    var attack: Int
  }

  /// Bytes of address space, seconds of a case, and seconds of processor time of a whole child.
  static let (memory, patience, processorTime) = (2 << 30, 5, 300)

  /// Runs cases from a position on up to a row, telling each one's beginning and end on the standard output.
  static func run(_ rows: [Row], from start: Position, to end: Int) throws {
    #if canImport(Glibc)
      func limit(_ resource: __rlimit_resource, _ most: Int) {
        var limit = rlimit(rlim_cur: rlim_t(most), rlim_max: rlim_t(most))
        setrlimit(__rlimit_resource_t(resource.rawValue), &limit)
      }
    #else
      func limit(_ resource: Int32, _ most: Int) {
        var limit = rlimit(rlim_cur: rlim_t(most), rlim_max: rlim_t(most))
        setrlimit(resource, &limit)
      }
    #endif
    limit(RLIMIT_AS, memory)
    limit(RLIMIT_CPU, processorTime)
    limit(RLIMIT_CORE, 0)
    // Each line at once: the last one that comes tells where a child ended.
    func tell(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }
    for i in start.row..<end {
      // A row whose own numbers are a mistake would test nothing.
      let attacks = try rows[i].attacks()
      for j in (i == start.row ? start.attack : 0)..<max(attacks.count, i == start.row ? start.attack : 0) {
        tell("begin\t\(i)\t\(j)\t\(attacks[j])")
        alarm(UInt32(patience))
        let result = rows[i].run(attacks[j])
        alarm(0)
        tell("end\t\(result.replacing("\n", with: " "))")
      }
    }
    tell("done")
  }
}

/// Runs the rows in children, and gathers what they say.
struct Sweep {
  let rows: [Row]
  let isVerbose: Bool
  private(set) var caseCount = 0
  private(set) var faults: [String] = []

  init(_ rows: [Row], isVerbose: Bool) {
    self.rows = rows
    self.isVerbose = isVerbose
  }

  mutating func run() throws {
    var position = Child.Position(row: 0, attack: 0)
    while position.row < rows.count { position = try runChild(from: position) }
  }

  /// Runs a child from a position on; gives the position behind the case that it ended in.
  private mutating func runChild(from start: Child.Position) throws -> Child.Position {
    let process = Process()
    #if os(Linux)
      process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    #else
      process.executableURL = Bundle.main.executableURL
    #endif
    process.arguments = ["--child", "\(start.row)", "\(start.attack)"]
    let (output, errors) = (Pipe(), FileManager.default.temporaryDirectory.appendingPathComponent("sweep-\(getpid())"))
    _ = FileManager.default.createFile(atPath: errors.path, contents: nil)
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: errors)
    // A crash is told by one sentence; a list of the calls would take a second to make.
    process.environment = ProcessInfo.processInfo.environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
    try process.run()

    var (now, attack, isInside, isDone) = (start, "", false, false)
    var rest = Data()
    func lines() -> [Substring]? {
      let data = output.fileHandleForReading.availableData
      if data.isEmpty { return nil }
      rest.append(data)
      guard let last = rest.lastIndex(of: 10) else { return [] }
      defer { rest = rest.suffix(from: rest.index(after: last)) }
      return String(decoding: rest[...last], as: UTF8.self).split(separator: "\n")
    }
    while let batch = lines() {
      for line in batch {
        let fields = line.split(separator: "\t", maxSplits: 3).map(String.init)
        if fields[0] == "begin" {
          (now, attack, isInside) = (Child.Position(row: Int(fields[1])!, attack: Int(fields[2])!), fields[3], true)
          caseCount += 1
        } else if fields[0] == "end" {
          isInside = false
          let result = fields.dropFirst().joined(separator: " ")
          if result.hasPrefix("FAULT") { faults.append("\(rows[now.row].title) \(attack): \(result)") }
          if isVerbose { print("\(rows[now.row].title)\t\(attack)\t\(result)") }
        } else if fields[0] == "done" {
          isDone = true
        }
      }
    }
    process.waitUntilExit()
    if isDone { return Child.Position(row: rows.count, attack: 0) }
    let text = (try? String(contentsOf: errors, encoding: .utf8)) ?? ""
    let lines = text.split(separator: "\n").map(String.init)
    let sentence = (lines.first { $0.contains("Fatal error") || $0.contains("rror:") } ?? lines.last ?? "no sentence").prefix(300)
    let how = process.terminationReason == .exit ? "exit \(process.terminationStatus)" : "signal \(process.terminationStatus)"
    let row = rows[now.row].title
    if isInside {
      let next = Child.Position(row: now.row, attack: now.attack + 1)
      faults.append("\(row) \(attack): \(process.terminationStatus == SIGALRM ? "took over \(Child.patience) s" : "\(how) \(sentence)")")
      if isVerbose { print("FAULT \(faults.last!)") }
      return next
    }
    // Between cases: the next row's own numbers.
    let next = start == now && !attack.isEmpty || !attack.isEmpty ? now.row + 1 : now.row
    faults.append("\(next < rows.count ? rows[next].title : row): the row's own numbers: \(how) \(sentence)")
    if isVerbose { print("FAULT \(faults.last!)") }
    return Child.Position(row: next + 1, attack: 0)
  }
}
