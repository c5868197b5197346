import Foundation
import Testing

@testable import Data
@testable import Tensors

/// What is written, and read, has a point in numbers whatever the program's locale is.
@Suite struct LocaleTests {
  @Test func numbersAreWrittenAsCDoes() {
    #expect(NumberText.fixed(-1234.5678, 2) == "-1234.57")
    #expect(NumberText.fixed(0.5, 0) == "0")
    #expect(NumberText.scientific(12345.678, 3) == "1.235e+04")
    #expect(NumberText.significant(0.50, 5) == "0.5")
    #expect(NumberText.fixed(.greatestFiniteMagnitude, 9).utf8.count == 319)
    #expect(NumberText.fixed(.nan, 2) == "nan")
  }

  #if os(Linux)
    /// A locale with a comma is made where the system has its description; without one there is nothing to be tested.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/usr/share/i18n/locales/de_DE")))
    func aCommaInTheLocaleIsNotWritten() async {
      await #expect(processExitsWith: .success) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("locale\(getpid())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/localedef")
        process.arguments = ["--no-archive", "-i", "de_DE", "-f", "UTF-8", folder.path + "/de_DE.UTF-8"]
        try process.run()
        process.waitUntilExit()
        setenv("LOCPATH", folder.path, 1)
        try #require(setlocale(LC_ALL, "de_DE.UTF-8") != nil)
        // The locale is in force.
        #expect(String(format: "%.1f", 1.5) == "1,5")
        #expect("\(Tensor([1.5, 2.25], .float64))".contains("1.5") && !"\(Tensor([1.5, 2.25], .float64))".contains("1,5"))
        #expect(NumberText.fixed(1.5, 1) == "1.5")
        let digits = Array("1.5000000000000000000000000000000001e-300".utf8)
        #expect(digits.withUnsafeBufferPointer { CSVNumber($0)?.double } == 1.5e-300)
      }
    }
  #endif
}
