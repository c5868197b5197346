import Fluxion
import Foundation
import Psalms
import Testing

/// The text that the language models' examples learn.
@Suite struct PsalmsTests {
  @Test func textIsSplitAtAVerse() throws {
    let psalms = try Psalms()
    #expect(psalms.text.count == 223_732)
    #expect(psalms.vocabulary.count == 63)
    #expect(psalms.train.count + psalms.validation.count == psalms.text.count)
    #expect(abs(Double(psalms.train.count) / Double(psalms.text.count) - 0.9) < 0.01)
    #expect(psalms.vocabulary.text(of: psalms.train.ids).last == "\n")
    #expect(psalms.vocabulary.text(of: psalms.train.ids + psalms.validation.ids) == psalms.text)
  }

  @Test func targetsAreTheFollowingCharacters() throws {
    let sequence = CharacterSequence(Array(0..<100))
    let random = try sequence.windows(length: 7)
    #expect(random.count == 93)
    for (x, y) in DataLoader(random, batchSize: 5, shuffle: true, seed: 3) {
      #expect(x.shape == [x.shape[0], 7] && x.dtype == .int64)
      #expect((x + 1).scalars(Int.self) == y.scalars(Int.self))
    }
    // Each character once, but for what does not fill a window.
    #expect(try sequence.windows(length: 10, step: 10).starts == Array(stride(from: 0, to: 90, by: 10)))
  }

  @Test func streamsContinueFromBatchToBatch() throws {
    let windows = try CharacterSequence(Array(0..<100)).streams(4, length: 6)
    var last: [Int]?
    var batches = 0
    for (x, y) in DataLoader(windows, batchSize: 4) {
      #expect(x.shape == [4, 6])
      if let last { #expect(x[.all, 0].scalars(Int.self) == last) }
      last = y[.all, -1].scalars(Int.self)
      batches += 1
    }
    #expect(batches == 4)
  }

  @Test func whatDoesNotFitIsNamed() throws {
    let psalms = try Psalms(text: String(repeating: "abc\n", count: 30))
    func sentence(_ body: () throws -> Void) -> String {
      do { try body() } catch { return "\(error)" }
      return "nothing"
    }
    #expect(
      sentence { _ = try psalms.vocabulary.ids(of: "ab%", name: "--prompt") }
        == "--prompt: character at offset 2: “%” is none of the 4 characters that are known")
    #expect(sentence { _ = try psalms.train.windows(length: 108) } == "text: no window of 108 characters in 108; 1 to 107 would fit")
    #expect(sentence { _ = try psalms.train.windows(length: 8, step: 0) } == "text: windows 0 characters apart; 1 or more would fit")
    #expect(
      sentence { _ = try psalms.train.streams(30, length: 4) }
        == "text: no 30 streams of 4 characters at a time in 108; fewer, or shorter ones would fit")
    #expect(sentence { _ = try Psalms(text: "abc") } == "text: 3 characters are too few to train on; 20 or more would fit")
    #expect(sentence { _ = try Psalms(file: "/nowhere/psalms.txt") } == "/nowhere/psalms.txt: cannot be read")
  }
}
