import Data
import Fluxion
import Foundation
import Testing

@Suite struct AtomicFileTests {
  private func contents(_ path: String) throws -> [UInt8] { try Array(Data(contentsOf: URL(fileURLWithPath: path))) }
  private func names(_ folder: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }
  private func expectEmpty(_ folder: String) throws { #expect(try names(folder) == []) }
  private func mode(_ path: String) throws -> Int {
    try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
  }

  @Test func writesPiecesOfEverySizeInOrder() throws {
    try IDXFixture.withFolder { folder in
      var expected: [UInt8] = []
      try AtomicFile.write(to: folder + "/file") { (file) throws(DataError) in
        for (i, count) in [1, 0, 300_000, 5, 262_143, 2, 262_144, 1, 700_000].enumerated() {
          let piece = Array(repeating: UInt8(i), count: count)
          try file.write(piece)
          expected += piece
          #expect(file.offset == expected.count && file.path == folder + "/file")
        }
        try file.write("end é")
      }
      #expect(try contents(folder + "/file") == expected + Array("end é".utf8))
      #expect(try names(folder) == ["file"])
    }
  }

  @Test func whatFailsLeavesTheOldFile() throws {
    try IDXFixture.withFolder { folder in
      let path = folder + "/file"
      let mistake = DataError(file: path, message: "enough")
      for old in [nil, [1, 2, 3]] as [[UInt8]?] {
        if let old { try IDXFixture.write(old, path) }
        #expect(throws: mistake) {
          try AtomicFile.write(to: path) { (file) throws(DataError) in
            try file.write(Array(repeating: 0, count: 1_000_000))
            #expect(try! names(folder).count == (old == nil ? 1 : 2))
            throw mistake
          }
        }
        #expect(try names(folder) == (old == nil ? [] : ["file"]))
        if let old { #expect(try contents(path) == old) }
      }
    }
  }

  @Test func permissionsAndLinksStay() throws {
    try IDXFixture.withFolder { folder in
      let (path, link) = (folder + "/file", folder + "/link")
      try IDXFixture.write([1], path)
      chmod(path, 0o600)
      try AtomicFile.write(to: path) { (file) throws(DataError) in try file.write([2]) }
      #expect(try mode(path) == 0o600)
      symlink("file", link)
      try AtomicFile.write(to: link) { (file) throws(DataError) in try file.write([3]) }
      #expect(try contents(path) == [3])
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "file")
      #expect(try names(folder) == ["file", "link"])
    }
  }

  /// What a link leads to is written where it leads, whether or not it was there.
  @Test func linksToNothingAreFollowed() throws {
    try IDXFixture.withFolder { folder in
      try FileManager.default.createDirectory(atPath: folder + "/far", withIntermediateDirectories: true)
      let write = { (name: String) throws(DataError) in
        try AtomicFile.write(to: "\(folder)/\(name)") { (file) throws(DataError) in try file.write(Array(name.utf8)) }
      }
      symlink("far/file", folder + "/relative")
      symlink(folder + "/far/other", folder + "/absolute")
      symlink("../chained", folder + "/far/second")
      symlink("far/second", folder + "/first")
      symlink("far/none/file", folder + "/nowhere")
      symlink("loop", folder + "/loop")
      for (link, target) in [("relative", "far/file"), ("absolute", "far/other"), ("first", "chained"), ("relative", "far/file")] {
        try write(link)
        #expect(try contents("\(folder)/\(target)") == Array(link.utf8))
        #expect(throws: Never.self) { try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(link)") }
      }
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/far/second") == "../chained")
      for (link, reason) in [("nowhere", "No such file or directory"), ("loop", "Too many levels of symbolic links")] {
        #expect(throws: DataError(file: "\(folder)/\(link)", message: "cannot be written: \(reason)")) { try write(link) }
        #expect(throws: Never.self) { try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(link)") }
      }
      #expect(try names(folder) == ["absolute", "chained", "far", "first", "loop", "nowhere", "relative"])
      #expect(try names(folder + "/far") == ["file", "other", "second"])
    }
  }

  /// A path without a folder is one in the folder that the process works in.
  @Test func thePathMayBeRelative() throws {
    let name = "fluxion-\(UUID().uuidString)"
    defer { unlink(name) }
    try AtomicFile.write(to: name) { (file) throws(DataError) in try file.write([1]) }
    #expect(try contents(name) == [1])
  }

  @Test func theNextWriterRemovesWhatAKilledOneLeft() throws {
    try IDXFixture.withFolder { folder in
      let (abandoned, written) = (folder + "/.fluxion-1.tmp", folder + "/.fluxion-2.tmp")
      try IDXFixture.write([1], abandoned)
      let writer = open(written, O_WRONLY | O_CREAT, 0o600)
      defer { close(writer) }
      #expect(flock(writer, LOCK_EX) == 0)
      try IDXFixture.write([1], folder + "/.fluxion-3.other")
      try AtomicFile.write(to: folder + "/file") { (_) throws(DataError) in }
      #expect(try names(folder) == [".fluxion-2.tmp", ".fluxion-3.other", "file"])
    }
  }

  @Test func manyWritersOfOnePathLeaveOneWholeFile() throws {
    try IDXFixture.withFolder { folder in
      let path = folder + "/file"
      DispatchQueue.concurrentPerform(iterations: 32) { i in
        let bytes = Array(repeating: UInt8(i), count: 10_000)
        do throws(DataError) {
          try AtomicFile.write(to: path) { (file) throws(DataError) in try file.write(bytes) }
        } catch {
          Issue.record(error)
        }
      }
      let bytes = try contents(path)
      #expect(bytes.count == 10_000 && Set(bytes).count == 1)
      #expect(try names(folder) == ["file"])
    }
  }

  @Test func whatCannotBeWrittenThrowsPathAndReason() throws {
    try IDXFixture.withFolder { folder in
      let rows = [
        (folder, "Is a directory"), (folder + "/", "Is a directory"), ("/dev/null", "it is no regular file"),
        (folder + "/none/file", "No such file or directory"), ("", "No such file or directory"),
        (folder + "/" + String(repeating: "n", count: 300), "File name too long"),
      ]
      for (path, reason) in rows {
        #expect(throws: DataError(file: path, message: "cannot be written: \(reason)")) {
          try SafetensorsFile.write([("x", Tensor.ones([3]))], to: path)
        }
      }
      try expectEmpty(folder)
    }
  }

  @Test func aFolderThatIsNotOursThrows() async {
    await #expect(processExitsWith: .success) {
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fluxion-\(UUID().uuidString)").path
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      chmod(folder, 0o555)
      // A superuser may write everywhere; nobody may not.
      let user = geteuid()
      if user == 0 { #expect(seteuid(65534) == 0) }
      #expect(throws: DataError(file: folder + "/file", message: "cannot be written: Permission denied")) {
        try SafetensorsFile.write([("x", Tensor.ones([3]))], to: folder + "/file")
      }
      if user == 0 { seteuid(0) }
      try FileManager.default.removeItem(atPath: folder)
    }
  }

  /// As on a full disk, the system refuses to write on; the limit is the process's own.
  @Test func whatDoesNotFitThrowsAndLeavesNothing() async {
    await #expect(processExitsWith: .success) {
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 100_000, rlim_max: 100_000)
      #if canImport(Glibc)
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      #else
        setrlimit(RLIMIT_FSIZE, &limit)
      #endif
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fluxion-\(UUID().uuidString)").path
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let path = folder + "/file"
      try SafetensorsFile.write([("x", Tensor.ones([3]))], to: path)
      for count in [30_000, 1_000_000] {
        #expect(throws: DataError(file: path, message: "cannot be written: File too large")) {
          try SafetensorsFile.write([("x", Tensor.ones([count]))], to: path)
        }
      }
      #expect(try SafetensorsFile(path).tensor("x").shape == [3])
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file"])
    }
  }

  @Test func wrongNamesAreRefusedBeforeAnythingIsWritten() throws {
    try IDXFixture.withFolder { folder in
      let (path, x) = (folder + "/file", Tensor.ones([3]))
      let rows: [(names: [String], field: String, reason: String)] = [
        (["a", "b", "a"], "a", "two tensors have this name; nothing was written"),
        (["__metadata__"], "__metadata__", "the format keeps this name for texts; nothing was written"),
      ]
      for row in rows {
        #expect(throws: DataError(file: path, field: row.field, message: row.reason)) {
          try SafetensorsFile.write(row.names.map { ($0, x) }, to: path)
        }
      }
      #expect(throws: TensorError.self) {
        try checked { try SafetensorsFile.write([("x", dryRun { x + 1 })], to: path) }
      }
      try expectEmpty(folder)
    }
  }
}
