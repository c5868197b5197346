import ArgumentParser
import Fluxion
import Foundation

/// Learns to translate written dates to ISO dates, and shows how well it does.
@main
struct TranslationCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "translation",
    abstract: "Learns to translate written dates to ISO dates, and shows how well it does.",
    discussion: "\"Thursday, 3 May 1984\" becomes \"1984-05-03\". The dates of the test are none of those that it learns from.")

  @Option(help: "How many batches it learns from.")
  var steps = 2000
  @Option(help: "How many dates are learned from at once.")
  var batchSize = 64
  @Option(help: "The size of hidden values.")
  var size = 64
  @Option(help: "The size of Adam's steps at first; it falls to 0.")
  var learningRate = 4e-3
  @Option(help: "What weights and dates follow from.")
  var seed: UInt64 = 1
  @Option(parsing: .upToNextOption, help: "Dates to translate after the training; the first one's attention is shown.")
  var translate: [String] = []
  @Option(help: ArgumentHelp("Where the picture of the attention goes.", valueName: "file"))
  var picture = "attention.svg"

  func validate() throws {
    for (name, value) in [("--steps", steps), ("--batch-size", batchSize), ("--size", size)] where value < 1 {
      throw ValidationError("\(name) \(value): 1 or more would fit")
    }
    if !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate \(learningRate): a positive number would fit")
    }
    for text in translate {
      if let character = text.first(where: { Alphabet.written[$0] == nil || $0 == Alphabet.filler }) {
        throw ValidationError("--translate \"\(text)\": \(character) is none of the characters that dates are written with")
      }
      if text.isEmpty { throw ValidationError("--translate \"\": a date would fit") }
    }
  }

  func run() throws {
    var random = RandomStream(seed: seed)
    // Every day of one set is none of the other's, in whatever way it is written.
    let days = Day.all.shuffled(using: &random)
    let test = days[..<4000].map { WrittenDate($0, using: &random) }
    let train = Array(days[4000...])
    var model = withSeed(seed) { Translator(size: size) }
    print("\(train.count) days to learn from, \(test.count) others to be tested on; \(model.parameterCount) parameters")
    try learn(&model, train, &random)

    print("\nSome dates of the test:\n")
    for translation in model.translate(test.prefix(8).map(\.text)) + (translate.isEmpty ? [] : model.translate(translate)) {
      print("  \(translation.text.padding(toLength: 40, withPad: " ", startingAt: 0)) \(translation.result)")
    }
    if let shown = model.translate([translate.first ?? "Thursday, 3 May 1984"]).first {
      print("\nWhere each character came from:\n")
      print(AttentionPicture(shown).text)
      try write(AttentionPicture(shown).svg)
      print("The same as a picture is in \(picture)")
    }
    let results = stride(from: 0, to: test.count, by: 500).flatMap { model.translate(test[$0..<$0 + 500].map(\.text)) }
    let right = zip(results, test).count { $0.result == $1.day.iso }
    for (result, date) in zip(results, test).filter({ $0.result != $1.day.iso }).prefix(5) {
      print("wrong: \(date.text) became \(result.result) instead of \(date.day.iso)")
    }
    print("test accuracy \(String(format: "%.3f", Double(right) / Double(test.count)))")
  }

  private func learn(_ model: inout Translator, _ days: [Day], _ random: inout RandomStream) throws {
    var optimizer = Adam(learningRate: learningRate)
    let start = ContinuousClock.now
    var mean = 0.0
    let every = max(1, steps / 10)
    for step in 1...steps {
      let dates = (0..<batchSize).map { _ in WrittenDate(days[Int.random(in: 0..<days.count, using: &random)], using: &random) }
      let (source, target) = (Source(dates.map(\.text)), Target(dates.map(\.day)))
      // A few steps to warm up, then down to 0 on a cosine.
      let done = Double(step - 1) / Double(steps)
      optimizer.learningRate = learningRate * min(1, Double(step) / 50) * 0.5 * (1 + cos(.pi * done))
      let (loss, gradient) = valueAndGradient(at: &model) { model in crossEntropy(model((source, target)), target.wanted) }
      optimizer.update(&model, along: gradient)
      mean += loss.item() / Double(every)
      if step % every == 0 {
        let seconds = Double((ContinuousClock.now - start).components.seconds)
        print(String(format: "step %5d  loss %.4f  %4.0f s", step, mean, seconds))
        if !mean.isFinite { throw TrainingError.nonFiniteLoss(mean, epoch: 1, step: step) }
        mean = 0
      }
    }
  }

  private func write(_ svg: String) throws {
    do {
      try svg.write(toFile: picture, atomically: true, encoding: .utf8)
    } catch {
      throw DataError(file: picture, message: "the picture cannot be written there")
    }
  }
}
