#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
#if canImport(Runtime)
  import Runtime
#endif

/// Ends the program with a sentence on standard error and the places in the user's code that led to it.
///
/// What was printed is not lost: buffers are written out first, which a trap does not do. The trace is short, and has lines where the program
/// was built with debug information. With `SWIFT_BACKTRACE` set the runtime's own trace follows, registers and all.
@inline(never)
package func stop(_ sentence: String) -> Never {
  fflush(nil)
  var text = "Fatal error: \(sentence)\n"
  for place in userFrames(atMost: 4) { text += "  at \(place)\n" }
  let wantsWholeTrace = getenv("SWIFT_BACKTRACE") != nil
  if !wantsWholeTrace { text += "  (SWIFT_BACKTRACE=enable=yes shows the whole trace)\n" }
  _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) }
  // The runtime prints its trace from the signal's handler.
  if !wantsWholeTrace { signal(SIGABRT, SIG_DFL) }
  abort()
}

/// The innermost calls outside of the library, as `train() at main.swift:12`.
private func userFrames(atMost count: Int) -> [String] {
  #if canImport(Runtime)
    guard let trace = try? Backtrace.capture(limit: 64), let symbolicated = trace.symbolicated() else { return [] }
    let frames = symbolicated.frames.compactMap(\.symbol).filter { !isOfLibrary($0.rawName) && $0.name != "<unknown>" }
    return frames.prefix(count).map { symbol in
      guard let location = symbol.sourceLocation else { return symbol.name }
      let file = location.path.split(separator: "/").last.map(String.init) ?? location.path
      return "\(symbol.name) in \(file):\(location.line)"
    }
  #else
    return []
  #endif
}

/// Whether a mangled name belongs to the library, to Swift or to the system.
private func isOfLibrary(_ name: String) -> Bool {
  let modules = ["Tensors", "Autodiff", "Models", "Optimizers", "Data", "Training", "Fluxion", "Runtime"]
  guard name.hasPrefix("$s") else { return name != "main" }
  // A module's name stands behind its length; `s` and `S…` are the standard library's, and specialisations stand in front of both.
  if name.hasPrefix("$ss") || name.hasPrefix("$sS") { return true }
  return modules.contains { name.hasPrefix("$s\($0.utf8.count)\($0)") }
}
