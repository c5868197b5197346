import Foundation

extension Profile {
  /// Writes the course of events as a Chrome trace: open it at https://ui.perfetto.dev or in chrome://tracing.
  ///
  /// Phases, model parts and operators stand in one another, and the bytes of all live tensors are a curve below. Throws where the file
  /// cannot be written.
  public func writeTrace(to path: String) throws { try Data(trace.utf8).write(to: URL(filePath: path)) }

  /// The trace: JSON, an event a line.
  package var trace: String {
    var lines: [String] = []
    /// The spans that are open: their names from the outermost on.
    var open: [String] = []
    var end: UInt64 = 0
    func close(to depth: Int) {
      while open.count > depth {
        lines.append("{\"ph\":\"E\",\"ts\":\(time(end)),\"pid\":1,\"tid\":1,\"name\":\(quoted(open.removeLast()))}")
      }
    }
    func begin(_ name: String, _ category: String, _ start: UInt64) {
      lines.append("{\"ph\":\"B\",\"ts\":\(time(start)),\"pid\":1,\"tid\":1,\"cat\":\"\(category)\",\"name\":\(quoted(name))}")
    }
    for event in events {
      let row = rows[event.row]
      let wanted = [row.phase.rawValue] + (row.part.isEmpty ? [] : [row.part])
      // What goes on stays open; the rest ends where its last operator ended.
      var same = 0
      while same < min(open.count, wanted.count), open[same] == wanted[same] { same += 1 }
      close(to: same)
      for name in wanted[same...] {
        begin(name, open.isEmpty ? "phase" : "part", event.start)
        open.append(name)
      }
      begin(row.operation, "operator", event.start)
      end = event.end
      open.append(row.operation)
      close(to: open.count - 1)
      lines.append("{\"ph\":\"C\",\"ts\":\(time(end)),\"pid\":1,\"tid\":1,\"name\":\"live bytes\",\"args\":{\"bytes\":\(event.liveBytes)}}")
    }
    close(to: 0)
    return "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n" + lines.joined(separator: ",\n") + "\n]}\n"
  }

  /// Microseconds, as traces have them.
  private func time(_ nanoseconds: UInt64) -> String {
    let digits = "\(nanoseconds % 1000)"
    return "\(nanoseconds / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
  }

  private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case _ where scalar.value < 32: result += "\\u" + (String(scalar.value + 0x10000, radix: 16).dropFirst())
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
