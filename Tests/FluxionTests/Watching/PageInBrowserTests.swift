import Fluxion
import Foundation
import Testing

@testable import Training

/// The page of a run, opened in Chromium while the run goes on: `make browser` installs it.
///
/// Pictures of it, light and dark, are left in .build/pages.
@Suite struct PageInBrowserTests {
  @Test(.enabled("Chromium is not installed; make browser installs it") { Browser.program != nil })
  func thePageLoadsItselfAnew() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fluxion-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let events = MadeRun(batches: 50, epochs: 8).events()
    let run = WatchedRun(directory: folder + "/digits", interval: .zero)
    func write(_ events: some Sequence<TrainingEvent>) throws {
      for event in events { try run.write(event, remarks: { ["a remark"] }, model: { "Chain {\n  Dense(784, 10)\n}" }) }
    }
    let page = folder + "/digits/index.html"
    try write(events.prefix(250))
    let pictures = Browser.pictures
    try FileManager.default.createDirectory(atPath: pictures, withIntermediateDirectories: true)
    for (name, scheme) in [("light", 1), ("dark", 0)] {
      let picture = "\(pictures)/\(name).png"
      try? FileManager.default.removeItem(atPath: picture)
      _ = try Python.call(
        try #require(Browser.program),
        Browser.options(folder + "/shot") + [
          "--screenshot=\(picture)", "--window-size=1040,1500", "--hide-scrollbars", "--blink-settings=preferredColorScheme=\(scheme)",
          "file://\(page)",
        ])
      #expect(try sizeOfFile(picture) > 20_000, "a picture of the page")
    }

    let browser = try Browser(profile: folder + "/profile", page: page)
    defer { browser.close() }
    #expect(await browser.title { $0 == "digits · running" })
    try write(events.dropFirst(250))
    // By its own clock, within two seconds.
    #expect(await browser.title { $0 == "digits · finished" })
  }
}

private func sizeOfFile(_ path: String) throws -> Int { try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0 }

/// Chromium with one page open, asked through its debugging port.
private final class Browser {
  static let program = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }
  static let pictures = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent(".build/pages").path

  private let process = Process()
  private let profile: String

  init(profile: String, page: String) throws {
    self.profile = profile
    process.executableURL = URL(fileURLWithPath: try #require(Self.program))
    process.arguments = Self.options(profile) + ["--remote-debugging-port=0", "file://\(page)"]
    (process.standardInput, process.standardOutput, process.standardError) = (
      FileHandle.nullDevice, FileHandle.nullDevice, FileHandle.nullDevice
    )
    try process.run()
  }

  static func options(_ profile: String) -> [String] {
    ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir=\(profile)"]
  }

  /// Whether the page's title becomes what is wanted within half a minute.
  func title(_ isWanted: (String) -> Bool) async -> Bool {
    struct Target: Decodable {
      let title: String
      let url: String
    }
    for _ in 0..<150 {
      if let port = try? String(contentsOfFile: profile + "/DevToolsActivePort", encoding: .utf8).split(separator: "\n").first,
        // Foundation's own client refuses the headers that Chromium sends.
        let answer = try? Python.call("/usr/bin/curl", ["--silent", "http://127.0.0.1:\(port)/json/list"]),
        let targets = try? JSONDecoder().decode([Target].self, from: Data(answer.output.utf8)),
        targets.contains(where: { $0.url.hasPrefix("file:") && isWanted($0.title) })
      {
        return true
      }
      try? await Task.sleep(for: .milliseconds(200))
    }
    return false
  }

  func close() {
    process.terminate()
    process.waitUntilExit()
  }
}
