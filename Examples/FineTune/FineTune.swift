import ArgumentParser
import Fluxion
import Foundation
import Pretrained

/// Teaches a small encoder to tell verses of praise from verses of need, by a head alone and with adapters of low rank.
@main
struct FineTune: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "finetune", abstract: "Sorts verses of the psalms with an encoder: by a head alone, and with adapters of low rank.",
    discussion: """
      Verses with words of praise are told from verses with words of need; the words themselves are masked. Without a folder a small encoder \
      with random weights and a vocabulary learnt from the psalms is tuned, so that nothing has to be downloaded.
      """)

  @Option(help: ArgumentHelp("A folder of BERT. (default: a small one with random weights)", valueName: "folder"))
  var encoder: String?
  @Option(help: "How often the verses are learnt.")
  var epochs = 8
  @Option(help: "The rank of the adapters.")
  var rank = 8
  @Option(help: "The share of verses that has to be sorted rightly, below which it fails.")
  var expected = 0.75
  @Option(help: "What weights and batches follow from.")
  var seed: UInt64 = 1

  func run() throws {
    let verses = try String(contentsOfFile: "Examples/Psalms/Resources/psalms.txt", encoding: .utf8).split(separator: "\n").map(String.init)
    let folder = try encoder ?? SmallEncoder.write(verses, seed: seed)
    let (texts, labels) = Self.labelled(verses)
    var tokenizer = try Tokenizer(from: folder)
    tokenizer.truncation = Truncation(length: 32)
    tokenizer.padding = Padding(length: 32)
    let ids = Tensor(try tokenizer.encode(texts).flatMap(\.ids), shape: [texts.count, 32])
    let data = TensorDataset(ids, Tensor(labels))
    let (train, test) = data.split(at: texts.count * 4 / 5)
    var tuned = try withSeed(seed) { try TextClassifier(try BERT(from: folder), labels: 2).lora(rank: rank, on: "…query", "…value") }
    // The head is new: it is trained whole.
    tuned.base.thaw(\.head)
    _ = try withSeed(seed) { try tuned.fit(train, loss: crossEntropy, optimizer: AdamW(learningRate: 3e-3), epochs: epochs, batchSize: 32) }
    let model = tuned.merged()
    let predicted = model.predict(test.inputs).argmax(axis: -1).cast(to: .int64).scalars(Int.self)
    let right = zip(predicted, test.targets.scalars(Int.self)).filter { $0 == $1 }.count
    let share = Double(right) / Double(max(1, predicted.count))
    print("\(right) of \(predicted.count) verses sorted rightly; \(tuned.adapters.count) adapters of rank \(rank)")
    if share < expected { throw ExitCode.failure }
  }

  /// Verses with words of one kind alone, without these words, and which kind it was.
  static func labelled(_ verses: [String]) -> (texts: [String], labels: [Int]) {
    let kinds = [["praise", "sing", "rejoice", "bless"], ["save", "deliver", "help", "trouble"]]
    var (texts, labels): ([String], [Int]) = ([], [])
    for verse in verses {
      let words = verse.lowercased().split(separator: " ")
      let found = kinds.map { kind in words.contains { word in kind.contains { word.hasPrefix($0) } } }
      guard found[0] != found[1] else { continue }
      texts.append(words.filter { word in !kinds.joined().contains { word.hasPrefix($0) } }.joined(separator: " "))
      labels.append(found[0] ? 0 : 1)
    }
    return (texts, labels)
  }
}
