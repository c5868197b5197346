import ArgumentParser

/// How much a command reads of what does not show how long it is.
struct Limits: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The most bytes that a compressed file, or a pipe, may come to: 256 MiB, or 64 times the file's size where that is more, unless told.",
      valueName: "number"))
  var maximumBytes: Int?

  func validate() throws {
    if let maximumBytes, maximumBytes < 0 { throw ValidationError("a maximum of \(maximumBytes) bytes; 0 or more would fit") }
  }
}
