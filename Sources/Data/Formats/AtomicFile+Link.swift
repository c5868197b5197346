#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension AtomicFile {
  /// Gives a file a second name in its directory, in place of what has that name; at every moment the name is the old file's or the new one's.
  ///
  /// Where the file system has no hard links it is copied. Throws the path and the reason if it cannot be done.
  package static func link(_ path: String, as name: String) throws(DataError) {
    let slash = name.lastIndex(of: "/").map { name.index(after: $0) } ?? name.startIndex
    while true {
      // It begins and ends as a file that is being written does, and is removed as one if the process is killed before it has its name.
      let temporary = "\(name[..<slash]).fluxion-\(String(UInt64.random(in: .min ... .max), radix: 16)).tmp"
      guard hardLink(path, temporary) else { return try copy(path, to: name) }
      // Of two names of one file, which rename leaves alone, one is left over.
      defer { unlink(temporary) }
      if rename(temporary, name) == 0 { return }
      // A writer in the same directory may have taken it for one that was left behind.
      guard errno == ENOENT else { throw DataError(file: name, message: "cannot be written: \(SystemCalls.lastError)") }
    }
  }

  private static func hardLink(_ path: String, _ name: String) -> Bool {
    #if canImport(Glibc)
      Glibc.link(path, name) == 0
    #elseif canImport(Musl)
      Musl.link(path, name) == 0
    #else
      Darwin.link(path, name) == 0
    #endif
  }

  private static func copy(_ path: String, to name: String) throws(DataError) {
    let source = try FileSource(path)
    try write(to: name) { (file) throws(DataError) in
      while true {
        let bytes = try source.bytes(1 << 20)
        if bytes.isEmpty { return }
        try file.write(bytes)
      }
    }
  }
}
