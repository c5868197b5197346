import ArgumentParser

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Keeps figures of debug builds from being reported.
enum Release {
  /// Whether this is a debug build, whose kernels are slow.
  static var isDebugBuild: Bool {
    #if DEBUG
      true
    #else
      false
    #endif
  }

  /// Ends a debug build's run, after a release build has run in its place.
  static func require() throws {
    if !isDebugBuild { return }
    rerun()
    throw ExitCode.failure
  }

  /// Builds `bench` in release, in the same package and scratch directory, and becomes it; returns only if that cannot be.
  static func rerun() {
    guard let package = packageDirectory() else {
      return Subprocess.complain("error: this is a debug build, and the package it was built from is gone; build bench with -c release")
    }
    Subprocess.complain("bench: this is a debug build; running a release build instead")
    var command = ["swift", "run", "-c", "release", "--package-path", package]
    if let scratch = scratchDirectory() { command += ["--scratch-path", scratch] }
    command += ["bench"] + CommandLine.arguments.dropFirst()
    Subprocess.become(command)
    Subprocess.complain("error: swift was not found in PATH, and a debug build reports no figures; build bench with -c release")
  }

  /// Where Package.swift lies: above this file or, if the sources have moved, above the executable.
  private static func packageDirectory(file: String = #filePath) -> String? {
    ancestor(of: file, with: "Package.swift") ?? ancestor(of: Subprocess.ownPath, with: "Package.swift")
  }

  /// SwiftPM's scratch directory that the executable was built in: the one with SwiftPM's own state.
  private static func scratchDirectory() -> String? { ancestor(of: Subprocess.ownPath, with: "workspace-state.json") }

  private static func ancestor(of path: String, with file: String) -> String? {
    var parts = path.split(separator: "/")
    while parts.popLast() != nil {
      let directory = "/" + parts.joined(separator: "/")
      if access(directory + "/" + file, R_OK) == 0 { return directory }
    }
    return nil
  }
}
