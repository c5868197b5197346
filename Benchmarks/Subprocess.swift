import ArgumentParser

#if canImport(Glibc)
  @preconcurrency import Glibc
#elseif canImport(Musl)
  @preconcurrency import Musl
#elseif canImport(Darwin)
  @preconcurrency import Darwin
#endif

/// Other runs of programs: this one again, and `swift`.
enum Subprocess {
  /// The path of the running program.
  static let ownPath: String = {
    #if os(Linux)
      var path = [CChar](repeating: 0, count: 4096)
      let count = readlink("/proc/self/exe", &path, path.count)
      if count > 0 { return String(decoding: path.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) }
    #endif
    return CommandLine.arguments[0]
  }()

  /// Starts this program once more; the seconds until it writes its first byte.
  static func secondsToFirstByte(of arguments: [String]) -> Double {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { fatalError("pipe: \(String(cString: strerror(errno)))") }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
    posix_spawn_file_actions_addclose(&actions, ends[0])
    defer { posix_spawn_file_actions_destroy(&actions) }
    return withArguments([ownPath] + arguments) { arguments in
      let start = ContinuousClock.now
      var process = pid_t()
      let status = posix_spawn(&process, ownPath, &actions, nil, arguments, environ)
      guard status == 0 else { fatalError("\(ownPath): \(String(cString: strerror(status)))") }
      close(ends[1])
      var byte: UInt8 = 0
      let count = read(ends[0], &byte, 1)
      let seconds = Timer.seconds(since: start)
      close(ends[0])
      var end: Int32 = 0
      waitpid(process, &end, 0)
      guard count == 1, end == 0 else { fatalError("\(ownPath) did not take its first step") }
      return seconds
    }
  }

  /// Tells the process that started this one that it is ready.
  static func sendByte() {
    var byte: UInt8 = 1
    write(STDOUT_FILENO, &byte, 1)
  }

  /// Starts this program once more, with the same standard output, and waits for its end; whether it ended well.
  static func run(_ arguments: [String]) -> Bool {
    withArguments([ownPath] + arguments) { arguments in
      var process = pid_t()
      let status = posix_spawn(&process, ownPath, nil, nil, arguments, environ)
      guard status == 0 else { fatalError("\(ownPath): \(String(cString: strerror(status)))") }
      var end: Int32 = 0
      waitpid(process, &end, 0)
      return end == 0
    }
  }

  /// Bytes of memory that this process has, and the most that it has had; nil where the system does not tell as Linux does.
  static func residentBytes() -> (now: Int, peak: Int)? {
    guard let file = fopen("/proc/self/status", "r") else { return nil }
    defer { fclose(file) }
    var figures: [Substring: Int] = [:]
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        .split { $0 == ":" || $0.isWhitespace }
      if words.count == 3, words[2] == "kB", let figure = Int(words[1]) { figures[words[0]] = figure << 10 }
    }
    guard let now = figures["VmRSS"], let peak = figures["VmHWM"] else { return nil }
    return (now, peak)
  }

  /// Ends the program with a line on standard error.
  static func stop(_ message: String) throws -> Never {
    complain("error: \(message)")
    throw ExitCode.failure
  }

  /// Becomes another program, found as a shell finds it; returns only if there is none.
  static func become(_ command: [String]) {
    withArguments(command) { arguments in _ = execvp(command[0], arguments) }
  }

  /// Writes a line to standard error.
  static func complain(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    write(STDERR_FILENO, bytes, bytes.count)
  }

  private static func withArguments<R>(_ arguments: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R) -> R {
    let copies = arguments.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
  }
}
