import ArgumentParser
import Fluxion
import FluxionMPI
import Foundation
import Psalms

/// Learns to write psalms, character by character, and writes some.
@main
struct GPT: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gpt", abstract: "Learns to write psalms, character by character, and writes some.",
    discussion:
      "Without --text it learns nine tenths of the psalms, which come with the program, and is tested on the rest. Built with --traits MPI, "
      + "several processes train together: mpirun -n 2 gpt.")

  @Option(help: "How many batches are learned from.")
  var steps = 4000
  @Option(help: "How many windows of the text are in a batch.")
  var batchSize = 16
  @Option(help: "How many characters a window has: what the model can look back on.")
  var context = 64
  @Option(help: "How many blocks follow one another.")
  var blocks = 4
  @Option(help: "How many numbers stand for a character.")
  var width = 128
  @Option(help: "How many heads attention has; they divide the width.")
  var heads = 4
  @Option(help: "How likely numbers are dropped while training.")
  var dropout = 0.1
  @Option(help: "The size of AdamW's steps at most: it rises at first and falls along a cosine.")
  var learningRate = 2e-3
  @Option(help: "What weights, batches and samples follow from.")
  var seed: UInt64 = 1
  @Option(help: ArgumentHelp("A text to learn instead, in UTF-8.", valueName: "file"))
  var text: String?
  @Option(help: ArgumentHelp("Where the run is kept at its end.", valueName: "directory"))
  var checkpoints: String?
  @Option(help: "What the samples begin with.")
  var prompt = "The LORD "
  @Option(help: "How many characters a sample has.")
  var length = 400
  @Option(help: "How many samples are written.")
  var samples = 2
  @Option(help: "How freely characters are chosen: 0 takes the likeliest each time, 1 draws by their probabilities.")
  var temperature = 0.8
  @Option(help: "From how many of the likeliest characters one is drawn.")
  var topK = 20

  func validate() throws {
    let counts = [
      ("steps", steps), ("batch-size", batchSize), ("context", context), ("blocks", blocks), ("width", width), ("heads", heads),
      ("top-k", topK),
    ]
    for (name, value) in counts where value < 1 { throw ValidationError("--\(name) \(value): 1 or more would fit") }
    for (name, value) in [("length", length), ("samples", samples)] where value < 0 {
      throw ValidationError("--\(name) \(value): 0 or more would fit")
    }
    if width % heads != 0 { throw ValidationError("--heads \(heads): a divisor of the width, \(width), would fit") }
    if !(0..<1).contains(dropout) { throw ValidationError("--dropout \(dropout): 0 or more and less than 1 would fit") }
    if !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate \(learningRate): a positive number would fit")
    }
    if !(temperature >= 0 && temperature.isFinite) { throw ValidationError("--temperature \(temperature): 0 or more would fit") }
    if prompt.isEmpty { throw ValidationError("--prompt: one character or more would fit") }
  }

  func run() throws {
    let psalms = try Psalms(file: text)
    let beginning = try psalms.vocabulary.ids(of: prompt, name: "--prompt")
    let training = try psalms.train.windows(length: context)
    let validation = try psalms.validation.windows(length: context, step: context)
    var model = withSeed(seed) {
      LanguageModel(
        characters: psalms.vocabulary.count, context: context, width: width, blocks: blocks, heads: heads, dropout: dropout)
    }
    let world = try World.ofLauncher()
    let isFirst = world?.rank ?? 0 == 0
    if isFirst {
      print(
        "\(psalms.train.count) characters to learn from, \(psalms.validation.count) to be tested on; "
          + "\(psalms.vocabulary.count) different ones; \(model.parameterCount) parameters")
    }

    try withSeed(seed) { try train(&model, on: training, across: world) }
    // The others have the same.
    if !isFirst { return }
    let loss = model.evaluate(validation, loss: crossEntropy).loss
    write(model, beginning, psalms.vocabulary)
    print("validation loss \(String(format: "%.3f", loss))")
  }

  /// Steps of AdamW on windows at random places; with other processes, each batch in shards that they share.
  private func train(_ model: inout LanguageModel, on windows: Windows, across world: World?) throws {
    let start = ContinuousClock.now
    var run = TrainingState(model, AdamW(learningRate: learningRate, weightDecay: 0.1), seed: seed)
    let loader = DataLoader(windows, batchSize: batchSize, shuffle: true, seed: seed)
    var batches = loader.makeIterator()
    var (sum, count) = (0.0, 0)
    for step in 1...steps {
      var batch = batches.next()
      if batch == nil {
        // Each window was there once: another pass.
        run.endEpoch()
        batches = loader.makeIterator()
        batch = batches.next()
      }
      guard let (x, y) = batch else { return }
      run.optimizer.learningRate = rate(at: step)
      let loss = makeStep(&run, x, y, across: world)
      run.advance(loss: loss)
      sum += loss
      count += 1
      if step % max(1, min(100, steps / 10)) == 0 || step == steps {
        let seconds = start.duration(to: .now) / .seconds(1)
        if world?.rank ?? 0 == 0 {
          print("step \(step) of \(steps), loss \(String(format: "%.3f, %.0f s", sum / Double(count), seconds))")
        }
        // Written to a file or a pipe, a line would otherwise stay in a buffer until the end.
        fflush(nil)
        if !sum.isFinite { throw TrainingError.nonFiniteLoss(sum, epoch: 1, step: step) }
        (sum, count) = (0, 0)
      }
    }
    if let checkpoints, world?.rank ?? 0 == 0 {
      try FileManager.default.createDirectory(atPath: checkpoints, withIntermediateDirectories: true)
      try run.save(to: checkpoints + "/last.safetensors")
    }
    model = run.model
  }

  /// The loss of a batch, and a step along its gradient.
  private func makeStep(_ run: inout TrainingState<LanguageModel, AdamW>, _ x: Tensor, _ y: Tensor, across world: World?) -> Double {
    let (loss, gradient) =
      if let world {
        valueAndGradient(at: &run.model, across: world, examples: x.shape[0]) { model, range in crossEntropy(model(x[range]), y[range]) }
      } else {
        valueAndGradient(at: &run.model) { model in crossEntropy(model(x), y) }
      }
    run.optimizer.update(&run.model, along: gradient)
    return loss.item()
  }

  /// Rises over the first steps, then falls along a cosine to a tenth.
  private func rate(at step: Int) -> Double {
    let rising = max(1, min(100, steps / 10))
    if step < rising { return learningRate * Double(step) / Double(rising) }
    let progress = Double(step - rising) / Double(max(1, steps - rising))
    return learningRate * (0.55 + 0.45 * cos(Double.pi * progress))
  }

  private func write(_ model: LanguageModel, _ prompt: [Int], _ vocabulary: Vocabulary) {
    var writer = Writer(model, context: context, seed: seed)
    for _ in 0..<samples {
      let start = ContinuousClock.now
      let ids = writer.write(length, after: prompt, temperature: temperature, topK: topK)
      let seconds = start.duration(to: .now) / .seconds(1)
      print("\n\(vocabulary.text(of: prompt + ids))\n")
      print(String(format: "(%.0f characters a second)\n", Double(length) / seconds))
    }
  }
}
