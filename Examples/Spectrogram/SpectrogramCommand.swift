import ArgumentParser
import Fluxion
import Foundation

/// Learns to tell synthesised sounds apart by their spectrograms, and shows how well it does.
@main
struct SpectrogramCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "spectrogram",
    abstract: "Learns to tell synthesised sounds apart by their spectrograms, and shows how well it does.",
    discussion: "Tones, rising and falling ones, warbles, clicks and bands of noise, half a second each, in white noise.")

  @Option(help: "How often the training data is gone through.")
  var epochs = 12
  @Option(help: "How many sounds of each kind it learns from.")
  var count = 500
  @Option(help: "How many sounds are learned from at once.")
  var batchSize = 64
  @Option(help: "The largest of AdamW's steps.")
  var learningRate = 3e-3
  @Option(help: "What weights and sounds follow from.")
  var seed: UInt64 = 1
  @Option(help: ArgumentHelp("Where the picture of spectrograms goes.", valueName: "file"))
  var picture = "spectrograms.png"

  func validate() throws {
    for (name, value) in [("--epochs", epochs), ("--count", count), ("--batch-size", batchSize)] where value < 1 {
      throw ValidationError("\(name) \(value): 1 or more would fit")
    }
    if count > 100_000 { throw ValidationError("--count \(count): at most 100000 would fit") }
    if !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate \(learningRate): a positive number would fit")
    }
  }

  func run() throws {
    var random = RandomStream(seed: seed)
    let (train, test) = (Sound.dataset(count, using: &random), Sound.dataset(100, using: &random))
    var model = withSeed(seed) { listener() }
    print("\(train.count) sounds to learn from, \(test.count) others to be tested on; \(model.parameterCount) parameters")
    try model.fit(
      train, validation: test, loss: crossEntropy, optimizer: AdamW(), epochs: epochs, batchSize: batchSize, seed: seed,
      schedule: .oneCycle(peak: learningRate))

    let answers = model.predict(over: test.inputs)
    let counts = confusionMatrix(answers.argmax(axis: -1), test.targets, classes: Sound.allCases.count).scalars(Int.self)
    print("\nHow often each kind (row) was heard as each (column):\n")
    func cell(_ text: String) -> String { String(repeating: " ", count: max(0, 9 - text.count)) + text }
    print(cell("") + Sound.allCases.map { cell("\($0)") }.joined())
    for kind in Sound.allCases {
      let row = counts[kind.rawValue * Sound.allCases.count..<(kind.rawValue + 1) * Sound.allCases.count]
      print(cell("\(kind)") + row.map { cell($0 == 0 ? "·" : "\($0)") }.joined())
    }

    // The first of each kind.
    let columns = 6
    let shown = concatenate(Sound.allCases.map { test.inputs[$0.rawValue * 100..<$0.rawValue * 100 + columns] })
    try colored(spectrogram(shown), columns: columns).writeImage(to: picture)
    print("\nSpectrograms are in \(picture): a row for each kind")
    print("test accuracy \(String(format: "%.3f", accuracy(answers, test.targets)))")
  }
}
